"""The compiled loops. Each has a twin in numpy that gives the same numbers; a test holds the two together.

Importing this module loads numba (about half a second), so callers import it inside the branch that repays it.
Machine code is cached on disk beside the package, or in numba's own cache folder where that is read-only.

Letters: S symbols, V size of the alphabet, n order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["add_byte_triples", "add_to_table", "draw_items", "fingerprints", "walk"]

U64 = np.uint64


@njit(cache=True, nogil=True)
def add_to_table(ids: npt.NDArray[Any], n: int, V: int, table: npt.NDArray[np.int64]) -> None:
    """Count the n-grams of ids (S,), which follow a boundary, into table (V^n,)."""
    contexts = V ** (n - 1)
    context = 0
    for i in range(ids.size):
        symbol = np.int64(ids[i])
        key = context * V + symbol
        table[key] += 1
        context = 0 if symbol == 0 else key % contexts


@njit(cache=True, nogil=True)
def add_byte_triples(
    text: npt.NDArray[np.uint8], previous: int, triples: npt.NDArray[np.uint32], pairs: npt.NDArray[np.int64]
) -> bool:
    """Count byte triples at every second byte, so that each holds two byte pairs that no other one holds.

    A word of eight bytes makes four triples; one counter access for two pairs is what makes this twice as fast as
    counting pairs. The bytes after the last whole word are counted as pairs.

    Args:
        text: bytes.
        previous: the byte before the first.
        triples: (128^3,) at third << 14 | second << 7 | first.
        pairs: (128, 128) for the rest.

    Returns:
        False, with counters that are of no use, if any byte is not ASCII.
    """
    low = U64(0x007F007F007F007F)
    high = U64(0x7F007F007F007F00)
    lane = U64(0x3FFF)
    words = text[: text.size // 8 * 8].view(np.uint64)
    seen = U64(0)
    before = U64(previous)
    for i in range(words.size):
        word = words[i]
        seen |= word
        # four lanes of 16 bits, each with two bytes squeezed to 14 bits: first | second << 7
        two = (word & low) | ((word & high) >> U64(1))
        a = two & lane
        b = (two >> U64(16)) & lane
        c = (two >> U64(32)) & lane
        d = two >> U64(48)
        triples[before | (a << U64(7))] += np.uint32(1)
        triples[(a >> U64(7)) | (b << U64(7))] += np.uint32(1)
        triples[(b >> U64(7)) | (c << U64(7))] += np.uint32(1)
        triples[(c >> U64(7)) | (d << U64(7))] += np.uint32(1)
        before = d >> U64(7)
    last = np.int64(before)
    for i in range(words.size * 8, text.size):
        byte = np.int64(text[i])
        if byte > 127:
            return False
        pairs[last, byte] += 1
        last = byte
    return bool((seen & U64(0x8080808080808080)) == U64(0))


@njit(cache=True, nogil=True, inline="always")
def _mix(z: np.uint64) -> np.uint64:
    """`randomness.mix` for one number."""
    z = (z ^ (z >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U64(27))) * U64(0x94D049BB133111EB)
    return z ^ (z >> U64(31))


@njit(cache=True, nogil=True)
def fingerprints(ids: npt.NDArray[Any], codepoints: npt.NDArray[np.uint64], prints: npt.NDArray[np.uint64]) -> None:
    """`Corpus.fingerprints`: a number for each item of ids (S,), which end with a boundary.

    Args:
        ids: (S,) of the corpus.
        codepoints: (V,) of each id, in the upper half of the word.
        prints: (n,) the result.
    """
    total = position = U64(0)
    item = 0
    for i in range(ids.size):
        position += U64(1)
        total += _mix(codepoints[ids[i]] + position)
        if ids[i] == 0:
            prints[item] = _mix(total)
            item += 1
            total = position = U64(0)


@njit(cache=True, nogil=True)
def draw_items(  # type: ignore[no-untyped-def]
    cumulative, total, below, guide, target, V, G, early, late, shortest, longest,
    keys, begin, prefix, start, out, offsets, kept, used,
):  # fmt: skip
    """Draw items `begin`.. with these keys into `out` until all are drawn or the room does not suffice for one more.

    Indices are unsigned, which spares the test for negative ones.

    The tables are those of `models.drawing.Rows`; an item's states count from row `early` in them while it is shorter
    than `shortest`, and from row `late` after that.

    Returns:
        (items drawn in all, items kept in all, ids written to out, whether an item came to `longest`).
    """
    filled = 0
    endless = False
    for item in range(begin, keys.size):
        if filled + longest + 1 > out.size:
            return item, kept, filled, endless
        item_begin = filled
        for i in range(prefix.size):
            out[filled] = prefix[i]
            filled += 1
        t = prefix.size
        key = keys[item] + U64(t) * U64(0x9E3779B97F4A7C15)
        state = U64(start)
        while True:
            if t >= longest:
                endless = True
                break
            key += U64(0x9E3779B97F4A7C15)
            u = np.float64(_mix(key) >> U64(11)) * 2.0**-53
            row = state + (U64(early) if t < shortest else U64(late))
            mark = min(u * total[row], below[row])
            if mark < 0.0:  # a dead end: total is 0, and below it lies a negative number
                break
            first_cell = row * U64(V)
            cell = first_cell + U64(guide[row * U64(G) + U64(u * G)])
            while cumulative[cell] <= mark:
                cell += U64(1)
            symbol = cell - first_cell
            if symbol == U64(0):
                break
            out[filled] = symbol
            filled += 1
            state = U64(target[state * U64(V) + symbol])
            t += 1
        if t < longest and mark < 0.0:
            filled = item_begin
        else:
            out[filled] = 0
            filled += 1
            kept += 1
            offsets[kept] = used + filled
    return keys.size, kept, filled, endless


@njit(cache=True, nogil=True)
def walk(ids, cuts, log_prob, target, start, V, nats):  # type: ignore[no-untyped-def]
    """-log p of every symbol of a stream, in nats (S,), for an automaton's tables laid out flat.

    The stream is cut after boundaries into four parts that are read in turn, for a step waits on the memory of the
    one before; four waits overlap. Indices are unsigned, which spares the test for negative ones.

    Args:
        ids: (S,) the stream, which follows a boundary.
        cuts: (5,) where the parts begin, and S.
        log_prob: (states * V,) nats.
        target: (states * V,) next states.
        start: the state that has read the boundary.
        V: size of the alphabet.
        nats: (S,) the result.
    """
    width = U64(V)
    a = b = c = d = U64(start)
    at_a, at_b, at_c, at_d = cuts[0], cuts[1], cuts[2], cuts[3]
    together = min(min(cuts[1] - cuts[0], cuts[2] - cuts[1]), min(cuts[3] - cuts[2], cuts[4] - cuts[3]))
    for i in range(together):
        j = U64(at_a + i)
        cell = a * width + U64(ids[j])
        nats[j] = -log_prob[cell]
        a = U64(target[cell])
        j = U64(at_b + i)
        cell = b * width + U64(ids[j])
        nats[j] = -log_prob[cell]
        b = U64(target[cell])
        j = U64(at_c + i)
        cell = c * width + U64(ids[j])
        nats[j] = -log_prob[cell]
        c = U64(target[cell])
        j = U64(at_d + i)
        cell = d * width + U64(ids[j])
        nats[j] = -log_prob[cell]
        d = U64(target[cell])
    states = (a, b, c, d)
    for part in range(4):
        state = states[part]
        for i in range(cuts[part] + together, cuts[part + 1]):
            cell = state * width + U64(ids[i])
            nats[i] = -log_prob[cell]
            state = U64(target[cell])
