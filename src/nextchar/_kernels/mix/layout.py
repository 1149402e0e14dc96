"""How the tables of a mix lie in memory, for the loops that read them.

Letters: S symbols of a corpus, V size of the alphabet, K kinds of context, E experts, C contexts, M cells (a cell is a
context and a symbol that followed it), B batch, L columns for symbols,
H hidden units.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from nextchar._kernels.splitmix import mix64

__all__ = ["Frozen", "Gate", "is_dense", "lay_out"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U64 = np.uint64


DENSE = 3  # where a context has one of so many symbols, or more, its record has a place for each


class Frozen(NamedTuple):
    """What the experts know, laid out so that a context costs two waits for memory: its slot and its record.

    A record is a header, number of cells << 8 | bucket of the first expert's total << 4 | of the second one's, and for
    each cell the symbol, the gate's scores of all experts together, and each expert's gain. Where a third of all
    symbols have one it is, after the header, the scores of all symbols (V,), and each expert's gains (V,), 0 where
    there is no cell: several at a time are added to a row then.

    Attributes:
        contexts: (K, 5) from `experts.context_table`.
        newest: (K,) how many of the newest symbols each kind looks at without a gap.
        classes: (V,) of each symbol.
        slots: (N, 2) uint64, hash tables of all kinds, one after the other: a context's hash (0 where there is none)
            and where its record begins.
        slot_first: (K + 1,) where each kind's table begins; the sizes are powers of 2.
        words: int32, the records.
        numbers: the same memory as float32.
        experts: (K, 2) the one or two experts of each kind; -1 for none.
        log_unigram: (V,) nats.
    """

    contexts: I64
    newest: I64
    classes: I64
    slots: npt.NDArray[np.uint64]
    slot_first: I64
    words: npt.NDArray[np.int32]
    numbers: npt.NDArray[np.float32]
    experts: I64
    log_unigram: F64


class Gate(NamedTuple):
    """The fitted weights.

    Attributes:
        flat: all of them, which the next six are views of.
        exponents: (TOTAL_BUCKETS + POSITIONS + MATCHES + L, E + 1): each expert's exponent is the sum of four of them,
            and of what the hidden units say; the last column is the unigram's, which has no total.
        places: (POSITIONS + MATCHES + (RECENT + BEGINNING) * L, H) what each of the places adds to the hidden units.
        hidden: (H, E + 1) what these add to the exponents.
        by_symbol: (E, L) what is added to an expert's exponent for the cells of a symbol.
        tables: (E, TOTAL_BUCKETS * COUNT_BUCKETS) scores of a cell by how often its context and itself were seen.
        bias: (V,)
        slot_of_symbol: (V,) which of the L columns belongs to a symbol.
    """

    flat: F64
    exponents: F64
    places: F64
    hidden: F64
    by_symbol: F64
    tables: F64
    bias: F64
    slot_of_symbol: I64


@njit(cache=True, nogil=True)
def is_dense(length, V):  # type: ignore[no-untyped-def]
    """Whether a record of so many cells has a place for each symbol; of numbers, or arrays of them."""
    return DENSE * length >= V


@njit(cache=True, nogil=True)
def lay_out(  # type: ignore[no-untyped-def]
    k, keys, first_context, row_first, symbols, context_shift, cell_shift, totals, gains, buckets, gate, at, frozen,
):  # fmt: skip
    """Write the records of one kind of context, and its hash table (which is empty).

    Args:
        k: the kind.
        keys: (C,) of its contexts.
        first_context: the number of the first.
        row_first: (C in all + 1,) first cell of each context.
        symbols: (M,) of each cell.
        context_shift: (E,) what to add to a context's number for the place in totals.
        cell_shift: (E,) what to add to a cell's number for the place in gains and buckets.
        totals: as `models.mix.expert_counts.Tables` has them.
        gains: likewise.
        buckets: likewise.
        gate: `Gate`.
        at: where in the words to begin.
        frozen: `Frozen` to be filled.

    Returns:
        Where the words end.
    """
    first, second = frozen.experts[k]
    V = gate.bias.size
    slot_first = frozen.slot_first[k]
    mask = U64(frozen.slot_first[k + 1] - slot_first - 1)
    for i in range(keys.size):
        place = mix64(keys[i]) & mask
        while frozen.slots[U64(slot_first) + place, 0] != U64(0):
            place = (place + U64(1)) & mask
        frozen.slots[U64(slot_first) + place, 0] = keys[i]
        frozen.slots[U64(slot_first) + place, 1] = at
        c = first_context + i
        begin, end = row_first[c], row_first[c + 1]
        header = np.int64(end - begin) << 8 | np.int64(totals[c + context_shift[first]]) << 4
        if second >= 0:
            header |= np.int64(totals[c + context_shift[second]])
        frozen.words[at] = header
        at += 1
        dense = is_dense(end - begin, V)
        if dense:
            frozen.numbers[at : at + (3 if second >= 0 else 2) * V] = 0
        for cell in range(begin, end):
            own = cell + cell_shift[first]
            slot = gate.slot_of_symbol[symbols[cell]]
            gain = gains[own]
            score = gate.tables[first, buckets[own]] + gate.by_symbol[first, slot] * gain
            other = gain
            if second >= 0:
                own = cell + cell_shift[second]
                other = gains[own]
                score += gate.tables[second, buckets[own]] + gate.by_symbol[second, slot] * other
            if dense:
                place, step = at + np.int64(symbols[cell]), V
            else:
                frozen.words[at] = symbols[cell]
                place, step = at + 1, 1
                at += 4 if second >= 0 else 3
            frozen.numbers[place] = score
            frozen.numbers[place + step] = gain
            if second >= 0:
                frozen.numbers[place + 2 * step] = other
        if dense:
            at += (3 if second >= 0 else 2) * V
    return at
