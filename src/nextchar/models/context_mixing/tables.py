"""The tables that learn, before they have learned anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.layout import Apms, Fixed, Maps, Matches, Mixers, Slots, Text, Traits, Tree

__all__ = [
    "BIN_MIDDLES",
    "LEAST_APM",
    "MOST_APM",
    "START_WEIGHT",
    "Learned",
    "copied",
    "fixed_tables",
    "lines_of_contexts",
    "new_learned",
    "new_text",
    "opened",
    "rows_of_apm",
    "with_room",
]

SLOT_BYTES: Final = 8
FILLED: Final = 0.08  # of a context's slots, where there is room: those of one context and three levels share a line
LEAST_LINES: Final = 64
LINE: Final = 64  # bytes that the memory moves at once
_HALF: Final = (23, 24, 36)  # contexts that are given half the most: they are worth less; see `hash_contexts`
START_WEIGHT: Final = 0.1
RATES: Final = {
    False: (0.0001, 0.02, 3e-5, 0.0002),
    True: (0.0007, 0.019, 1e-5, 0.001),
}  # adaptive? See `Fixed`
_BIN_STARTS: Final = (1, 2, 3, 4, 5, 7, 10, 15, 25, 50, 110)  # of the counts in a bin; the first has 0 alone
BIN_MIDDLES: Final = (0, 1, 2, 3, 4, 5.5, 8, 12, 19, 36, 75, 150)
LEAST_APM: Final = 1 << 8
MOST_APM: Final = 1 << 16  # rows of a map


class Learned(NamedTuple):
    """All that learns, as the loops take it."""

    text: Text
    traits: Traits
    tree: Tree
    slots: Slots
    maps: Maps
    matches: Matches
    mixers: Mixers
    apms: Apms
    tables: Fixed

    @property
    def nets(self) -> int:
        """How many are inside."""
        return int(self.mixers.hints.shape[1])


def lines_of_contexts(
    symbols: int, nodes: float, wanted: npt.NDArray[np.float64], memory: int
) -> npt.NDArray[np.int64]:
    """How many lines of 8 slots each context has, (K,), powers of two.

    Args:
        symbols: of the text.
        nodes: on the path of a symbol, on average.
        wanted: (K,) slots that each context would fill; see `slots_of_contexts`.
        memory: bytes for all.
    """
    K = len(wanted)
    slots = symbols * nodes / 2  # many contexts come again; what came once only is not worth more
    most = max(1 << int(np.log2(max(slots / 8, 1)) + 1), LEAST_LINES)
    few = np.minimum(wanted / (8 * FILLED), [most / (2 if k in _HALF else 1) for k in range(K)])
    lines = np.array([1 << int(np.ceil(np.log2(max(number, LEAST_LINES)))) for number in few], dtype=np.int64)
    while lines.sum() * 8 * SLOT_BYTES > memory and lines.max() > LEAST_LINES:
        lines[np.flatnonzero(lines == lines.max())[-1]] //= 2
    return lines


def rows_of_apm(symbols: int) -> int:
    """How many rows an adaptive probability map has for so many symbols of text, a power of two."""
    return 1 << int(np.clip(np.ceil(np.log2(symbols / 4 + 1)), np.log2(LEAST_APM), np.log2(MOST_APM)))


def fixed_tables(*, adaptive: bool) -> Fixed:
    """The numbers that do not change.

    Quick counts, a second layer that learns fast, and slots that forget say what came a moment ago: they help what
    learns as it reads, and mislead what meets a text that is far from the one it learned.
    """
    from nextchar._kernels.context_mixing.layout import CONTEXTS, Fixed

    p = (np.arange(4096) + 0.5) / 4096
    x = np.arange(24 * 128 + 2) / 128 - 12
    seen = np.arange(1001)
    number = np.arange(CONTEXTS + 2)
    return Fixed(
        stretch=np.log(p / (1 - p)).astype(np.float32),
        squash=(1 / (1 + np.exp(-x))).astype(np.float32),
        shares=np.minimum(number[:, None] * 8 // np.maximum(number, 1), 8),
        rate=np.array(RATES[adaptive]),
        quick=np.array([adaptive], dtype=np.float32),
        slot_rate=(1 / np.minimum(seen[:512] + 1.6, 30 if adaptive else 250)).astype(np.float32),
        map_rate=(1 / (seen + 1.5)).astype(np.float32),
        apm_rate=(1 / np.where((seen[:251] == 250) & (not adaptive), 1000, seen[:251] + 6)).astype(np.float32),
    )


def new_text(capacity: int) -> Text:
    """An empty text with room for so many symbols."""
    from nextchar._kernels.context_mixing.layout import FOLLOWERS, MATCHES, Text

    heads = 1 << int(np.clip(np.ceil(np.log2(max(capacity, 2))), 10, 22))
    return Text(
        ids=np.zeros(max(capacity, 1), dtype=np.int32),
        size=np.zeros(1, dtype=np.int64),
        heads=np.zeros((MATCHES, heads), dtype=np.int32),
        followers=np.zeros(FOLLOWERS, dtype=np.uint64),
    )


def new_learned(
    tree: Tree,
    traits: Traits,
    lines: npt.NDArray[np.int64],
    capacity: int,
    rows: int,
    *,
    adaptive: bool,
    nets: int = 0,
) -> Learned:
    """Everything as it is before the first symbol.

    Args:
        tree: the code of the symbols.
        traits: of the symbols.
        lines: (K,) of slots, of each context.
        capacity: how many symbols the text may come to have.
        rows: of an adaptive probability map, a power of two.
        adaptive: whether for reading that learns; see `fixed_tables`.
        nets: whose hints are mixed in.
    """
    from nextchar._kernels.context_mixing.layout import (
        APM_BINS,
        APM_TABLES,
        LENGTHS,
        MATCHES,
        Apms,
        Maps,
        Matches,
        Mixers,
        Slots,
        numbers_of_inputs,
        sizes_of_final,
        sizes_of_mixers,
    )

    K, V = len(lines), len(traits.fold)
    units = int(tree.unit.max()) + 1
    sizes = np.array(sizes_of_mixers(units, V), dtype=np.int64)
    final = np.array(sizes_of_final(units)[: None if adaptive else 1], dtype=np.int64)
    words = _lines_of_slots(int(lines.sum()))
    middle = np.array(BIN_MIDDLES)
    cell = _cells(np.repeat((middle + 0.4)[None, :] / (middle[:, None] + middle[None, :] + 0.8), 4))
    curve = _cells(1 / (1 + np.exp(-(np.arange(APM_BINS) / 2 - 8))))
    number = np.arange(16) + 0.4
    quick = _cells(np.repeat(number[:, None] / (number[:, None] + number), 4))  # the counts of 1 are the high ones
    hits = np.broadcast_to((0.75 + 0.01 * np.arange(LENGTHS))[None, :, None], (MATCHES, LENGTHS, 3))
    weights = _rows_of_weights(int(sizes.sum()), numbers_of_inputs(K, nets))
    weights[:] = START_WEIGHT
    second = np.zeros((int(final.sum()), len(sizes) + nets), dtype=np.float32)
    second[:, : len(sizes)] = 1 / len(sizes)
    return Learned(
        text=new_text(capacity),
        traits=traits,
        tree=tree,
        slots=Slots(words, np.cumsum(lines) - lines, (lines - 1).astype(np.uint64), np.empty(0, dtype=np.uint32)),
        maps=Maps(
            np.tile(cell, K),
            np.tile(quick, K),
            np.searchsorted(_BIN_STARTS, np.arange(256), side="right").astype(np.uint8),
        ),
        matches=Matches(hits.astype(np.float32), np.zeros(hits.shape, dtype=np.int16)),
        mixers=Mixers(
            weights=weights,
            first=np.cumsum(sizes) - sizes,
            second=second,
            begin=np.cumsum(final) - final,
            steps=np.zeros(1 + bool(nets)),
            hints=np.zeros((1, nets, int(tree.depth.max()) + 1), dtype=np.float32),
            at=np.zeros(2, dtype=np.int64),
        ),
        apms=Apms(np.tile(curve, (APM_TABLES, rows, 1))),
        tables=fixed_tables(adaptive=adaptive),
    )


def _lines_of_slots(lines: int) -> npt.NDArray[np.uint64]:
    """Empty slots, a little more than these lines have; a line begins where the memory's does."""
    from nextchar._kernels.context_mixing.layout import LINE_OF_SLOTS

    words = np.zeros((lines + 1) * LINE_OF_SLOTS, dtype=np.uint64)
    return words[_to_a_line(words) :]


def _rows_of_weights(R: int, inputs: int) -> npt.NDArray[np.float32]:
    """Zeros (R, I), also from where a line of the memory begins on."""
    numbers = np.zeros(R * inputs + LINE // 4, dtype=np.float32)
    return numbers[_to_a_line(numbers) :][: R * inputs].reshape(R, inputs)


def _to_a_line(array: npt.NDArray[Any]) -> int:
    """How many of its numbers come before a line of the memory begins."""
    return (-array.ctypes.data % LINE) // array.itemsize


def copied(learned: Learned) -> Learned:
    """The same once more, to go on learning apart; what never changes is shared."""

    def again(tables: Any) -> Any:
        return type(tables)(*(array.copy() for array in tables))

    weights = _rows_of_weights(*learned.mixers.weights.shape)
    weights[:] = learned.mixers.weights
    return learned._replace(
        text=again(learned.text),
        slots=opened(learned.slots),
        maps=learned.maps._replace(cells=learned.maps.cells.copy(), quick=learned.maps.quick.copy()),
        matches=again(learned.matches),
        mixers=again(learned.mixers)._replace(weights=weights),
        apms=again(learned.apms),
    )


def opened(slots: Slots) -> Slots:
    """The same slots once more, with room in each line."""
    from nextchar._kernels.context_mixing.layout import LINE_OF_SLOTS
    from nextchar._kernels.context_mixing.packing import open_lines

    L = int((slots.mask + np.uint64(1)).sum())
    words = _lines_of_slots(L)
    if slots.begin.size:
        open_lines(slots.words, slots.begin, words)
    else:
        words[: L * LINE_OF_SLOTS] = slots.words[: L * LINE_OF_SLOTS]
    return slots._replace(words=words, begin=slots.begin[:0])


def with_room(learned: Learned, more: int) -> Learned:
    """The same with room for more symbols of text, for twice as many where there was too little."""
    text = learned.text
    size = int(text.size[0])
    if size + more < len(text.ids):
        return learned
    ids = np.zeros(2 * (size + more) + 1, dtype=text.ids.dtype)
    ids[:size] = text.ids[:size]
    return learned._replace(text=text._replace(ids=ids))


def _cells(p: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    """Cells of maps (see `Maps`) that were never seen, with such probabilities."""
    return (p * (1 << 22)).astype(np.uint32) << np.uint32(10)
