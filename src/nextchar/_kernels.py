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

__all__ = [
    "add_byte_triples",
    "add_to_hash",
    "add_to_table",
    "draw_items",
    "filled_slots",
    "fingerprints",
    "gather_ngrams",
    "lift_ngrams",
    "mark_seen",
    "move_to_hash",
    "number_contexts",
    "radix_argsort",
    "strip_lines",
    "unpack_ngrams",
    "walk",
    "walk_links",
]

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


@njit(cache=True, nogil=True)
def add_to_hash(ids, own, bits, n, begin, key, table, used):  # type: ignore[no-untyped-def]
    """Count the n-grams of ids (S,), from `begin` on, into an open hash table until it is half full.

    Args:
        ids: (S,) of a corpus; before the first stands a boundary.
        own: (V,) the number that each id has in the table's keys; the boundary's is 0.
        bits: of one symbol in a key.
        n: the order; n * bits is at most 63.
        begin: where in ids to begin.
        key: the n - 1 symbols before it; 0 after a boundary.
        table: (2 * a power of 2,) pairs of key and count; the key of a free slot is 2^64 - 1.
        used: how many slots are not free.

    Returns:
        (where it ended, the key there, used).
    """
    free = U64(0xFFFFFFFFFFFFFFFF)
    slots = U64(table.size // 2)
    shift = U64(64)
    while slots > U64(1):
        slots >>= U64(1)
        shift -= U64(1)
    last = U64(table.size // 2 - 1)
    mask = (U64(1) << U64(bits * n)) - U64(1)
    width = U64(bits)
    gram = U64(key)
    for i in range(begin, ids.size):
        symbol = U64(own[ids[i]])
        gram = ((gram << width) | symbol) & mask
        slot = (gram * U64(0x9E3779B97F4A7C15)) >> shift
        while True:
            there = table[U64(2) * slot]
            if there == gram:
                table[U64(2) * slot + U64(1)] += U64(1)
                break
            if there == free:
                table[U64(2) * slot] = gram
                table[U64(2) * slot + U64(1)] = U64(1)
                used += 1
                break
            slot = (slot + U64(1)) & last
        if symbol == U64(0):
            gram = U64(0)
        if 4 * used > table.size:
            return i + 1, gram, used
    return ids.size, gram, used


@njit(cache=True, nogil=True)
def move_to_hash(keys, counts, table):  # type: ignore[no-untyped-def]
    """Put distinct keys and their counts into an empty table as `add_to_hash` has it."""
    free = U64(0xFFFFFFFFFFFFFFFF)
    slots = U64(table.size // 2)
    shift = U64(64)
    while slots > U64(1):
        slots >>= U64(1)
        shift -= U64(1)
    last = U64(table.size // 2 - 1)
    for i in range(keys.size):
        slot = (keys[i] * U64(0x9E3779B97F4A7C15)) >> shift
        while table[U64(2) * slot] != free:
            slot = (slot + U64(1)) & last
        table[U64(2) * slot] = keys[i]
        table[U64(2) * slot + U64(1)] = counts[i]


@njit(cache=True, nogil=True)
def lift_ngrams(states, own, parent, first, below, V):  # type: ignore[no-untyped-def]
    """`trie._lifted`: the n-grams of the contexts of one depth from those of the contexts longer by one.

    Args:
        states: how many contexts.
        own: (4, A) n-grams of contexts that are not lengthened: state, symbol, raw and adjusted count, sorted.
        parent: the context that each longer one lengthens; they increase.
        first: where the n-grams of each longer context begin in the next, and their number.
        below: (2, B) symbol and raw count of the longer contexts' n-grams.
        V: the size of the alphabet.

    Returns:
        (4, E) as own, and (B,) where each longer n-gram's shorter one is.
    """
    most = own.shape[1] + below.shape[1]
    result = np.empty((4, most), dtype=np.int64)
    place = np.empty(below.shape[1], dtype=np.int64)
    stamp = np.full(V, -1, dtype=np.int64)
    slot = np.empty(V, dtype=np.int64)
    filled = 0
    at = 0
    child = 0
    for state in range(states):
        begin = filled
        while at < own.shape[1] and own[0, at] == state:
            result[:, filled] = own[:, at]
            filled += 1
            at += 1
        first_child = child
        while child < parent.size and parent[child] == state:
            for entry in range(first[child], first[child + 1]):
                symbol = below[0, entry]
                if stamp[symbol] != state:
                    stamp[symbol] = state
                    slot[symbol] = filled
                    result[0, filled] = state
                    result[1, filled] = symbol
                    result[2, filled] = 0
                    result[3, filled] = 0
                    filled += 1
                result[2, slot[symbol]] += below[1, entry]
                result[3, slot[symbol]] += 1
            child += 1
        if child > first_child:
            order = begin + np.argsort(result[1, begin:filled])
            result[1:, begin:filled] = result[1:][:, order]
            for i in range(begin, filled):
                slot[result[1, i]] = i
            for entry in range(first[first_child], first[child]):
                place[entry] = slot[below[0, entry]]
    return result[:, :filled].copy(), place


@njit(cache=True, nogil=True)
def radix_argsort(keys, largest):  # type: ignore[no-untyped-def]
    """The stable order of 64-bit keys (M,) of which none exceeds `largest`, eleven bits at a time."""
    size = keys.size
    order, next_order = np.arange(size), np.empty(size, dtype=np.int64)
    sorted_keys, next_keys = keys.copy(), np.empty_like(keys)
    begins = np.empty(2048, dtype=np.int64)
    shift = U64(0)
    while shift < U64(64) and largest >> shift > U64(0):
        begins[:] = 0
        for i in range(size):
            begins[(sorted_keys[i] >> shift) & U64(2047)] += 1
        total = 0
        for digit in range(2048):
            here = begins[digit]
            begins[digit] = total
            total += here
        for i in range(size):
            key = sorted_keys[i]
            digit = (key >> shift) & U64(2047)
            place = begins[digit]
            begins[digit] = place + 1
            next_keys[place] = key
            next_order[place] = order[i]
        sorted_keys, next_keys = next_keys, sorted_keys
        order, next_order = next_order, order
        shift += U64(11)
    return order


@njit(cache=True, nogil=True)
def number_contexts(contexts, depths, link, oldest, state, depth_of_row):  # type: ignore[no-untyped-def]
    """`trie._numbered`: number the contexts of sorted rows depth by depth.

    Called twice: with empty `link` it counts the contexts of each depth into `depths`, from place 2 on; then, with
    `depths` summed up, it fills the rest.

    Args:
        contexts: (M, n - 1) sorted, the newest symbol first.
        depths: (n + 1,) the first state of each depth, and the number of all.
        link: (S,) result.
        oldest: (S,) result.
        state: (M,) result: of each row's longest context.
        depth_of_row: (M,) result: its depth.
    """
    longest = contexts.shape[1]
    following = depths.copy()  # the next number of each depth
    current = np.zeros(longest + 1, dtype=np.int64)  # the state of each depth in this row
    for i in range(contexts.shape[0]):
        shared = 0
        if i:
            while shared < longest and contexts[i, shared] == contexts[i - 1, shared]:
                shared += 1
        depth = 0
        while depth < longest and (depth == 0 or contexts[i, depth - 1] != 0):
            depth += 1
            if depth > shared:
                if link.size:
                    current[depth] = following[depth]
                    link[following[depth]] = current[depth - 1]
                    oldest[following[depth]] = contexts[i, depth - 1]
                    following[depth] += 1
                else:
                    depths[depth + 1] += 1
        if link.size:
            state[i] = current[depth]
            depth_of_row[i] = depth


@njit(cache=True, nogil=True)
def walk_links(ids, start, first, symbols, log_prob, target, link, price, nats):  # type: ignore[no-untyped-def]
    """As `walk`, for an automaton whose rows are not laid out: entries are searched, links followed.

    The stream `ids` (S,) follows a boundary; the result goes to `nats` (S,); the rest is as `Automaton` has it.
    """
    state = np.int64(start)
    for i in range(ids.size):
        symbol = ids[i]
        paid = 0.0
        while True:
            low = first[state]
            high = first[state + 1]
            end = high
            while low < high:
                middle = (low + high) >> 1
                if symbols[middle] < symbol:
                    low = middle + 1
                else:
                    high = middle
            if low < end and symbols[low] == symbol:
                break
            paid += price[state]
            state = np.int64(link[state])
        nats[i] = -(paid + log_prob[low])
        state = np.int64(target[low])


@njit(cache=True, nogil=True)
def filled_slots(table, used, numbers, bits, n):  # type: ignore[no-untyped-def]
    """The keys of a table of `add_to_hash`, each symbol renumbered by `numbers`, and their counts, (used,) each."""
    keys = np.empty(used, dtype=np.uint64)
    counts = np.empty(used, dtype=np.int64)
    width = U64(bits)
    mask = (U64(1) << width) - U64(1)
    filled = 0
    for slot in range(0, table.size, 2):
        key = table[slot]
        if key != U64(0xFFFFFFFFFFFFFFFF):
            packed = U64(0)
            for place in range(n):
                shift = U64(place) * width
                packed |= numbers[(key >> shift) & mask] << shift
            keys[filled] = packed
            counts[filled] = np.int64(table[slot + 1])
            filled += 1
    return keys, counts


@njit(cache=True, nogil=True)
def unpack_ngrams(keys, order, bits, ngrams):  # type: ignore[no-untyped-def]
    """The symbols of packed keys (M,), taken in an order, into ngrams (M, n)."""
    width = U64(bits)
    mask = (U64(1) << width) - U64(1)
    last = ngrams.shape[1] - 1
    for i in range(order.size):
        key = keys[order[i]]
        for place in range(last, -1, -1):
            ngrams[i, place] = key & mask
            key >>= width


@njit(cache=True, nogil=True)
def gather_ngrams(ngrams, counts, rows):  # type: ignore[no-untyped-def]
    """The rows of counts in an order: contexts (M, n - 1) with the newest symbol first, symbols (M,), counts (M,)."""
    longest = ngrams.shape[1] - 1
    contexts = np.empty((rows.size, longest), dtype=ngrams.dtype)
    symbols = np.empty(rows.size, dtype=np.int64)
    tally = np.empty(rows.size, dtype=np.int64)
    for i in range(rows.size):
        row = rows[i]
        for back in range(longest):
            contexts[i, back] = ngrams[row, longest - 1 - back]
        symbols[i] = ngrams[row, longest]
        tally[i] = counts[row]
    return contexts, symbols, tally


@njit(cache=True, nogil=True)
def strip_lines(codepoints, blanks):  # type: ignore[no-untyped-def]
    """Text without the blanks at both ends of every line, as code points (T,); `blanks[c]` says which c are blank."""
    kept = np.empty_like(codepoints)
    filled = 0
    begin = 0  # of the line, in what is kept
    end = 0  # after the last character of the line that is no blank
    for i in range(codepoints.size):
        c = codepoints[i]
        if c == 10:
            filled = end
            kept[filled] = c
            filled += 1
            begin = filled
            end = filled
        elif c < blanks.size and blanks[c]:
            if filled > begin:
                kept[filled] = c
                filled += 1
        else:
            kept[filled] = c
            filled += 1
            end = filled
    return kept[:end].copy()


@njit(cache=True, nogil=True)
def mark_seen(codepoints, seen):  # type: ignore[no-untyped-def]
    """Set seen[c] for every code point c."""
    for i in range(codepoints.size):
        seen[codepoints[i]] = True
