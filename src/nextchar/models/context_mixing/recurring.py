"""Modified Kneser-Ney of a high order, counted fast: contexts that occurred once are not written down.

Of the contexts of 15 symbols and fewer that a text has, six in seven occurred once. What such a context says is known
without counting: of the symbol that followed, all but one discount; of all others, what the context without its oldest
symbol says, times that discount. So only the contexts that occurred more than once are listed, and from these a reader
walks along the text itself. The probabilities are those of `models.ngram`.

Source: Chen and Goodman (1999). That a suffix which occurred once needs no node of its own is the idea of suffix trees:
Weiner (1973), "Linear pattern matching algorithms".

Letters: T symbols, n order, V alphabet, S states, E entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.models.ngram.counts import key_layout
from nextchar.models.ngram.smoothing import discounts_from

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.beside import Machine

__all__ = ["machine_of_text"]

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
SMALL: Final = 5  # counts below it are counted


def machine_of_text(alphabet: Alphabet, ids: Ids, n: int) -> Machine:
    """The n-gram model of a text.

    Args:
        alphabet: of the symbols.
        ids: (T,) the text, which ends in a boundary.
        n: the order, at least 2.
    """
    from nextchar._kernels.context_mixing.beside import Machine
    from nextchar._kernels.context_mixing.recurring import add_what_is_passed_on, find_recurring, list_recurring
    from nextchar._kernels.trie import settle_entries, take_discounts

    V, T = alphabet.size, len(ids)
    positions = _sorted_positions(ids, V, n)
    agree, reach, known = np.empty(T + 1, dtype=np.uint8), np.empty(T, dtype=np.uint8), np.empty(T, dtype=np.uint8)
    find_recurring(ids, positions, n, agree, reach, known)

    def entries(E: int) -> tuple[Ids, Ids, I32, I32, I32, I32]:
        oldest, symbol = np.zeros(E, dtype=alphabet.dtype), np.zeros(E, dtype=alphabet.dtype)
        parent, raw, adjusted, place = (np.zeros(E, dtype=np.int32) for _ in range(4))
        return oldest, symbol, parent, raw, adjusted, place

    text = (ids, positions, agree, reach, known)
    sizes, once, last = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(T, dtype=np.int32)
    list_recurring(*text, sizes, once, *entries(0), last)
    sizes[0] = V
    begins = np.concatenate([[0], np.cumsum(sizes)])
    listed = oldest, symbol, parent, raw, adjusted, place = entries(int(begins[-1]))
    oldest[:V] = symbol[:V] = np.arange(V)
    list_recurring(*text, begins[:-1].copy(), once, *listed, last)

    # The contexts of d symbols are the n-grams of d symbols that occurred more than once, the entries of depth d - 1.
    shorter = int(begins[n - 1])
    is_context = raw[:shorter] > 1
    is_context[1:] &= symbol[1:shorter] != BOUNDARY
    state = np.concatenate([[1], 1 + np.cumsum(is_context)]).astype(np.int32)  # of each entry that is a context
    contexts = np.flatnonzero(is_context)
    S = 1 + len(contexts)
    link = np.zeros(S, dtype=np.int32)
    link[1:] = np.where(contexts < V, ROOT, state[parent[contexts]])
    depths = np.array([0, *state[begins[:n]]], dtype=np.int64)

    first, at, below = np.zeros(S + 1, dtype=np.int64), np.zeros_like(place), np.empty_like(place)
    symbols, counts, seen = np.empty_like(symbol), np.empty_like(adjusted), np.empty_like(raw)
    children = 1 + np.concatenate([[0], np.cumsum(np.bincount(link[1:], minlength=S))])
    of_state = np.concatenate([[0], oldest[contexts]])
    whole = settle_entries(
        V, children, of_state, oldest, symbol, parent, raw, adjusted, at, first, symbols, below, seen, counts
    )
    assert whole, "the contexts of what recurs recur"

    small = np.array([np.bincount(counts[slice(*first[depths[d : d + 2]])], minlength=SMALL)[:SMALL] for d in range(n)])
    small[:, 1] += once
    taken = np.concatenate([np.zeros((n, 1)), discounts_from(small, "modified-kneser-ney")[0]], axis=1)
    p, rest = np.empty(len(counts)), np.empty(S)
    take_discounts(depths, first, counts, taken, p, rest)
    add_what_is_passed_on(first, below, rest, p)

    start = int(state[BOUNDARY]) if is_context[BOUNDARY] else S + 1  # one symbol before the first
    depth = np.repeat(np.arange(n), sizes)
    target = np.where(raw > 1, np.append(state[:-1], place[shorter:]), S + (place + 1) * n + depth + 1)
    target[:V][raw[:V] == 0] = ROOT
    target[shorter:] = target[parent[shorter:]]  # of n symbols, n - 1 are a context
    target[symbol == BOUNDARY] = start
    settled = np.empty(len(target), dtype=np.int32)
    settled[at] = target
    longest = np.where(known > 0, state[last], ROOT).astype(np.int32)
    longest[0] = start if is_context[BOUNDARY] else ROOT
    with np.errstate(divide="ignore"):
        return Machine(
            first=first,
            symbols=symbols,
            log_prob=np.log(p),
            target=settled,
            link=link,
            price=np.log(rest),
            depth=np.repeat(np.arange(n), np.diff(depths)).astype(np.uint8),
            text=ids,
            known=longest,
            passed=np.concatenate([[0.0], np.cumsum(np.log(np.minimum(taken[1:, 1], 1)))]),
            start=np.array([start]),
        )


def _sorted_positions(ids: Ids, V: int, n: int) -> I64:
    """The positions of a text by the symbol that stands there, the one before it, and so on, up to n."""
    from nextchar._kernels.corpus import radix_sort
    from nextchar._kernels.counting import window_keys

    bits, words = key_layout(V, n)
    keys = np.empty((len(ids), words), dtype=np.uint64)
    window_keys(ids, n, bits, keys)
    positions = np.arange(len(ids))
    for word in range(words - 1, -1, -1):  # the one that weighs least first; equal ones stay as they were
        column = keys[positions, word]
        positions = radix_sort(column, positions, column.max())[1]
    return positions
