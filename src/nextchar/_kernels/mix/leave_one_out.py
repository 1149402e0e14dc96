"""What the experts say: of all items, and of an item whose own counts are left out."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from nextchar._kernels.mix.sizes import COUNT_BUCKETS, DRAWS, MATCHES, NARROW, TOTAL_BUCKETS

__all__ = ["Rows", "count_bucket", "freeze", "leave_out_rows", "total_bucket"]

Symbols = npt.NDArray[Any]  # unsigned integers, of the alphabet's dtype


class Rows(NamedTuple):
    """What the experts say at some positions of a corpus whose item they have not counted.

    With an alphabet of thousands a row is not written whole. It has candidates: the symbol that follows, those that
    few symbols compete with in some context, and some that are drawn from a known distribution, which stand for all
    others; what is added to their scores makes the sum of exponentials right on average (importance sampling as in
    Bengio and Senécal 2008). Symbols of targets and cells are then numbers of candidates.

    Attributes:
        target: (S,) the symbol that follows.
        weight: (S,) how often the position counts.
        places: (S, PLACES) where it is: the position, the longest known suffix, and so on; see `write_places`.
        first: (S + 1,) where the cells begin.
        lengths: (S, E) how many cells each expert has.
        totals: (S, E) bucket of how often its context was seen.
        symbols: of each cell.
        gains: of each cell, nats.
        buckets: of each cell, the column of `Gate.tables`.
        candidate_first: (S + 1,) where the candidates begin; all 0 where rows have all symbols.
        candidates: symbols.
        offsets: of each candidate, what is added to its score, nats.
    """

    target: Symbols
    weight: npt.NDArray[np.float64]
    places: npt.NDArray[np.uint8]
    first: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
    totals: npt.NDArray[np.uint8]
    symbols: Symbols
    gains: npt.NDArray[np.float32]
    buckets: npt.NDArray[np.uint8]
    candidate_first: npt.NDArray[np.int64]
    candidates: Symbols
    offsets: npt.NDArray[np.float32]


@njit(cache=True, nogil=True)
def total_bucket(n):  # type: ignore[no-untyped-def]
    """The bucket of how often a context was seen, in units: 0, 1, 2, 3-4, 5-8, ..."""
    bucket, top = 0, 0.5
    while n > top and bucket < TOTAL_BUCKETS - 1:
        bucket += 1
        top = 1.0 if bucket == 1 else top * 2.0
    return bucket


@njit(cache=True, nogil=True)
def count_bucket(x):  # type: ignore[no-untyped-def]
    """The bucket of how often a symbol followed, in units."""
    if x <= 3.0:
        return max(math.ceil(x) - 1, 0)
    return 3 if x <= 5.0 else 4 if x <= 9.0 else 5 if x <= 19.0 else 6 if x <= 63.0 else 7


@njit(cache=True, nogil=True, inline="always")
def _discount(x, discounts):  # type: ignore[no-untyped-def]
    """What a count of x units gives away; below one unit in proportion."""
    if x < 1.0:
        return x * discounts[1]
    return discounts[1] if x < 2.0 else discounts[2] if x < 3.0 else discounts[3]


@njit(cache=True, nogil=True)
def freeze(counts, row_first, low, discounts, totals, gains, buckets):  # type: ignore[no-untyped-def]
    """What one expert says of the cells of one kind of context, from all that it counted.

    Args:
        counts: (M,) in units.
        row_first: (C + 1,)
        low: (M,) probability of each cell's symbol after the shorter suffix; replaced by that after this context.
        discounts: (4,) what a count of 1, 2, 3 and more gives away.
        totals: (C,) the result: `total_bucket` of each context.
        gains: (M,) the result, as in `Frozen`.
        buckets: (M,) the result, as in `Rows`.
    """
    for c in range(totals.size):
        n = given = 0.0
        for cell in range(row_first[c], row_first[c + 1]):
            n += counts[cell]
            given += _discount(counts[cell], discounts)
        totals[c] = total_bucket(n)
        for cell in range(row_first[c], row_first[c + 1]):
            kept = counts[cell] - _discount(counts[cell], discounts)
            gains[cell] = math.log1p(kept / (given * low[cell]))
            buckets[cell] = totals[c] * COUNT_BUCKETS + count_bucket(counts[cell])
            low[cell] = kept / n + given / n * low[cell]


@njit(cache=True, nogil=True)
def _choose(target, contexts, row_first, symbols, draws, log_weight, at, place, candidates, offsets):  # type: ignore[no-untyped-def]
    """Choose the candidates of a row: see `Rows`.

    Args:
        target: always the first; the boundary is the second.
        contexts: (K,) of the position, or -1.
        row_first: as in `Frozen`.
        symbols: as in `Frozen`.
        draws: (D,) symbols drawn at random; each row takes the next DRAWS.
        log_weight: (V,) nats, of a symbol that was drawn once.
        at: the number of the row.
        place: (V,) -1 throughout; the result: each candidate's number.
        candidates: the result.
        offsets: the result.

    Returns:
        How many.
    """
    n = 0
    for symbol in (np.int64(target), np.int64(0)):
        if place[symbol] < 0:
            place[symbol], candidates[n], n = n, symbol, n + 1
    for context in contexts:
        if context >= 0 and row_first[context + 1] - row_first[context] <= NARROW:
            for symbol in symbols[row_first[context] : row_first[context + 1]]:
                if place[symbol] < 0:
                    place[symbol], candidates[n], n = n, symbol, n + 1
    offsets[:n] = 0.0
    sure = n
    for i in range(DRAWS):
        symbol = draws[(at * DRAWS + i) % draws.size]
        if place[symbol] < 0:
            place[symbol], candidates[n], offsets[n], n = n, symbol, 0.0, n + 1
        if place[symbol] >= sure:
            offsets[place[symbol]] += 1.0
    for j in range(sure, n):
        offsets[j] = log_weight[candidates[j]] + math.log(offsets[j])
    return n


@njit(cache=True, nogil=True)
def leave_out_rows(  # type: ignore[no-untyped-def]
    offsets, items, ids, weights, unit, position_context, position_cell, kind, kn, chain, raw_chain, discounts,
    unigram, row_first, symbols, counts, continuations, shorter, whole, draws, log_weight, rows,
):  # fmt: skip
    """Take each item out of the counts, note what the experts say of its symbols, and put it back.

    Args:
        offsets: (n + 1,) of the corpus.
        items: the items to do; rows are written one after the other.
        ids: (S,) of the corpus.
        weights: (n,) of the items.
        unit: what counts as once.
        position_context: (R, K) context of each of the rows' positions, or -1.
        position_cell: (R, K) its cell.
        kind: (E,) as in `Frozen`; the experts stand in an order in which whatever falls back on a suffix comes after
            that suffix and before the next longer one.
        kn: (E,) whether it counts continuations.
        chain: (E,) whether its context is a suffix.
        raw_chain: (E,) whether it falls back on raw suffixes.
        discounts: (E, 4) what counts of 1, 2, 3 and more give away.
        unigram: (V,) probabilities.
        row_first: as in `Frozen`.
        symbols: as in `Frozen`.
        counts: (M,) weights, as they are afterwards.
        continuations: (M,) in how many longer contexts the symbol followed.
        shorter: (M,) the cell of the same symbol after the suffix one shorter, -1 where there is none.
        whole: (C,) whether the context begins with the item, so that its continuations are its counts.
        draws: see `_choose`; none where rows have all symbols.
        log_weight: likewise.
        rows: `Rows` to be filled; for rows of all symbols `symbols` must be room enough.

    Returns:
        How many rows were written; fewer than there are positions where candidates leave no room for more.
    """
    V, E, K = unigram.size, kind.size, position_cell.shape[1]
    low = np.empty((2, V))  # what suffixes predict, divided by scale, for both families
    scale, times, kept = np.empty(2), np.empty(V), np.empty(V)  # the latter two of the cells of a row
    place = np.arange(V)  # the number of each symbol in the row, -1 for none
    if draws.size:
        place[:] = -1
    fill = chosen = row = 0
    full = False
    for item in items:
        begin, end = offsets[item], offsets[item + 1]
        weight = weights[item]
        for at in range(row, row + end - begin):
            for k in range(K):
                cell = position_cell[at, k]
                if cell >= 0:
                    counts[cell] -= weight
                    if counts[cell] == 0 and shorter[cell] >= 0:
                        continuations[shorter[cell]] -= 1
        written = row
        for at in range(row, row + end - begin):
            target = ids[begin + at - row]
            if draws.size:
                if rows.candidates.size - chosen < V:
                    full = True
                    break
                n_row = _choose(
                    target, position_context[at], row_first, symbols, draws, log_weight, at, place,
                    rows.candidates[chosen:], rows.offsets[chosen:],
                )  # fmt: skip
                here = rows.candidates[chosen : chosen + n_row]
                full = rows.symbols.size - fill < E * n_row
                for j in range(n_row):
                    low[0, j] = low[1, j] = unigram[here[j]]
                    if full:
                        place[here[j]] = -1
                if full:
                    break
                rows.target[at] = 0
                chosen += n_row
            else:
                rows.target[at] = target
                for w in range(V):
                    low[0, w] = low[1, w] = unigram[w]
            rows.weight[at] = weight
            rows.first[at] = fill
            scale[:] = 1.0
            match = 0
            for e in range(E):
                context = position_context[at, kind[e]]
                if context < 0:
                    continue
                continued = kn[e] and not whole[context]
                per = 1.0 if continued else 1.0 / unit
                source = continuations if continued else counts
                n = given = 0.0
                seen = 0
                for cell in range(row_first[context], row_first[context + 1]):
                    if source[cell] > 0:
                        x = source[cell] * per
                        discount = _discount(x, discounts[e])
                        n += x
                        given += discount
                        number = place[symbols[cell]]
                        if number >= 0:
                            times[seen] = x
                            kept[seen] = x - discount
                            rows.symbols[fill + seen] = number
                            seen += 1
                if n == 0.0:
                    continue
                family = 1 if raw_chain[e] else 0
                total = total_bucket(n)
                rows.totals[at, e] = total
                rows.lengths[at, e] = seen
                if chain[e] and kn[e]:
                    match += 1
                gain = 1.0 / (given * scale[family])
                if chain[e]:  # p = kept / n + given / n x shorter; the factor of all symbols goes into scale
                    scale[family] *= given / n
                for i in range(seen):
                    symbol = rows.symbols[fill + i]
                    rows.gains[fill + i] = math.log(1.0 + kept[i] * gain / low[family, symbol])
                    rows.buckets[fill + i] = total * COUNT_BUCKETS + count_bucket(times[i])
                    if chain[e]:
                        low[family, symbol] += kept[i] / (n * scale[family])
                fill += seen
            rows.places[at, 1] = MATCHES - 1 if match == rows.places[at, 0] + 1 else match
            if draws.size:
                for symbol in rows.candidates[rows.candidate_first[at] : chosen]:
                    place[symbol] = -1
                rows.candidate_first[at + 1] = chosen
            written = at + 1
        for at in range(row, row + end - begin):
            for k in range(K):
                cell = position_cell[at, k]
                if cell >= 0:
                    if counts[cell] == 0 and shorter[cell] >= 0:
                        continuations[shorter[cell]] += 1
                    counts[cell] += weight
        row = written
        if full:
            break
    rows.first[row] = fill
    return row
