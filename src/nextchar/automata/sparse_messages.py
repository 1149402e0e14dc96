"""What is still to come from every cell of a sparse product: the probability to meet the conditions, lengths, bounds.

Wide rows are summed for all states of the model at once, narrow pairs over what they list, and both in blocks of equal
rank, the last one first; a block that leads into itself is iterated. All numbers are logarithms.

Letters: N narrow pairs, X what they list, C cells.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.backoff_rows import log_sums
from nextchar.automata.fixed_points import settled_logs
from nextchar.automata.sparse_cells import RankBlock, SparseCells
from nextchar.automata.unlisted import LEAST_LEFT, unlisted_sums

__all__ = ["bounds_of", "lengths_of", "messages_of"]

F64 = npt.NDArray[np.float64]
GROWING: Final = 200  # rounds in which bounds in a loop come to rest,
SHRINKING: Final = 8  # or else so many from the messages down
ROUNDING: Final = 1e-10  # of the length distribution


def messages_of(cells: SparseCells) -> F64:
    """Log of the probability to meet the conditions from each cell, (C + 1,); the last one is no cell.

    Raises:
        SettingsError: it does not settle.
    """
    value = np.full(cells.none + 1, -np.inf)
    ends = cells.end_nats(np.arange(cells.none))
    certain = np.isfinite(cells.ends).all()
    for block in cells.blocks:
        if not block.loops:
            _round(cells, block, value, ends, value)
            continue
        if certain:  # states that always go on to accept are hardly below 1
            for row in block.rows:
                if row.is_state and row.default == row.key and cells.product.accepting(np.array([row.key]))[0]:
                    value[cells.cells_of[row.key][0]] = 0.0
        inside = cells.of_block(block)

        def advance(x: F64, block: RankBlock = block, inside: npt.NDArray[np.int64] = inside) -> F64:
            value[inside] = x
            _round(cells, block, value, ends, value)
            now: F64 = value[inside]
            return now

        value[inside] = settled_logs(value[inside], advance)
    return value


def lengths_of(cells: SparseCells, message: F64, most: int, least_mass: float) -> F64:
    """The probability of each length 0, 1, ..., until less than `least_mass` is left or `most` is reached.

    Args:
        cells: of the product.
        message: (C + 1,) logs.
        most: characters.
        least_mass: where the list ends.
    """
    value = np.append(cells.end_nats(np.arange(cells.none)), -np.inf)
    nothing = np.full(cells.none, -np.inf)
    shares: list[float] = []
    left = 1.0
    while len(shares) <= most and left > least_mass:
        shares.append(float(np.exp(value[cells.start] - message[cells.start])))
        left -= shares[-1]
        if left < ROUNDING and shares[-1] < least_mass * least_mass:
            break
        after = np.full(cells.none + 1, -np.inf)
        for block in cells.blocks:
            _round(cells, block, value, nothing, after)
        value = after
    return np.array(shares)


def bounds_of(cells: SparseCells, message: F64) -> F64:
    """At least the log-probability of the most probable way to the end from each cell, (C + 1,)."""
    value = message.copy()
    for block in cells.blocks:
        if not block.loops:
            _bound(cells, block, value, message)
        elif not _grown(cells, block, value, message):
            value[cells.of_block(block)] = message[cells.of_block(block)]
            for _ in range(SHRINKING):  # bounds all the same, whenever it ends
                _bound(cells, block, value, message)
    return value


def _grown(cells: SparseCells, block: RankBlock, value: F64, message: F64) -> bool:
    """Bounds in a loop as they grow from nothing, which are tight; whether they come to rest."""
    inside = cells.of_block(block)
    value[inside] = -np.inf
    for _ in range(GROWING):
        before = value[inside]
        _bound(cells, block, value, message)
        if np.array_equal(value[inside], before):
            return True
    return False


def _bound(cells: SparseCells, block: RankBlock, value: F64, message: F64) -> None:
    """One round: from the bounds of what follows to those of a block, none above its message."""
    narrow = cells.narrow
    for row in block.rows:
        most = cells.rows.bounds(cells.contributions(row, None, value))
        state, rest = cells.cells_of[row.key]
        if row.is_rest:
            value[rest] = np.minimum(message[rest], most)
        if row.is_state:
            end = cells.end_nats(np.arange(state.start, state.stop))
            value[state] = np.minimum(message[state], np.maximum(end, most))
    if block.begin < block.end:
        pairs = slice(block.begin, block.end)
        part = slice(narrow.first[block.begin], narrow.first[block.end])
        most = np.maximum(cells.end_nats(np.arange(block.begin, block.end)), value[cells.rest[pairs]])
        np.maximum.at(most, cells.owner[part] - block.begin, narrow.nats[part] + value[cells.child[part]])
        value[pairs] = np.minimum(message[pairs], most)


def _round(cells: SparseCells, block: RankBlock, value: F64, ends: F64, out: F64) -> None:
    """One substitution: from `value` to the block's cells of `out`, which may be the same array."""
    for row in block.rows:
        total = cells.rows.totals(cells.all_children(row), value)
        state, rest = cells.cells_of[row.key]
        if row.is_rest:
            out[rest] = total
        if row.is_state:
            out[state] = np.logaddexp(ends[state], total)
    if block.begin < block.end:
        narrow, pairs = cells.narrow, slice(block.begin, block.end)
        part = slice(narrow.first[block.begin], narrow.first[block.end])
        first = narrow.first[block.begin : block.end + 1] - part.start
        listed = log_sums(narrow.nats[part] + value[cells.child[part]], first)
        out[pairs] = np.logaddexp(np.logaddexp(ends[pairs], listed), _rest(cells, block, value, out))


def _rest(cells: SparseCells, block: RankBlock, value: F64, totals: F64) -> F64:
    """What the narrow pairs of a block have from their wide rows without what they list."""
    narrow, pairs = cells.narrow, slice(block.begin, block.end)
    part = slice(narrow.first[block.begin], narrow.first[block.end])
    first = narrow.first[block.begin : block.end + 1] - part.start
    whole = totals[cells.rest[pairs]]
    taken = log_sums(narrow.nats[part] + value[cells.shadow[part]], first)
    with np.errstate(invalid="ignore", divide="ignore"):
        left: F64 = np.nan_to_num(1 - np.exp(taken - whole), nan=0.0)
        rest: F64 = whole + np.log(np.maximum(left, 0.0))
    again = np.flatnonzero((left < LEAST_LEFT) & (whole > -np.inf))
    if len(again):
        rest[again] = unlisted_sums(cells, again + block.begin, value, totals)[0]
    return rest
