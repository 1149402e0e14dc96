"""Pruning: an n-gram that was seen too seldom is left out, and the shorter context speaks for it.

As lmplz --prune and SRILM's -gtNmin have it: n-grams are left out by how often they occurred, order by order, after
the discounts have been estimated from all of them. What such a symbol had in its context goes to what the context
passes on, so every row still sums to 1. An n-gram occurs at least as often as the longer ones that hold it; so where
no order's threshold is below that of a lower order, all that a longer n-gram needs is there.

Letters: S states, E entries (see `trie`).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nextchar.errors import SettingsError
from nextchar.models.ngram.smoothing import Smoothed
from nextchar.models.ngram.trie import ROOT, NgramTrie

__all__ = ["check_thresholds", "kept_entries", "passed_on", "without"]

Bools = npt.NDArray[np.bool_]


def check_thresholds(min_count: Sequence[int]) -> None:
    """See that no order is pruned less than a lower one.

    Raises:
        SettingsError: one is.
    """
    if any(later < earlier for earlier, later in pairwise(min_count)):
        raise SettingsError(
            f"min_count is {', '.join(map(str, min_count))}: of the orders 1, 2, and so on, none may be below the one "
            "before it; an n-gram needs the shorter ones in it",
            argument="min_count",
        )


def kept_entries(trie: NgramTrie, min_count: Sequence[int]) -> Bools:
    """Which entries stay, (E,): all of order 1, and those that occurred often enough.

    Args:
        trie: the counts.
        min_count: of the orders 1, 2, and so on; the last holds for all higher ones too, and of one alone all but 1.
    """
    kept = np.ones(len(trie.raw), dtype=np.bool_)
    for depth, layer in enumerate(trie.layers[1:], start=1):
        kept[layer] = trie.raw[layer] >= min_count[min(depth, len(min_count) - 1)]
    return kept


def passed_on(smoothed: Smoothed, trie: NgramTrie, kept: Bools) -> Smoothed:
    """What smoothing made of all counts, with the shares of the entries that do not stay passed on."""
    gone = np.where(kept, 0.0, smoothed.own)
    rest = smoothed.rest + np.add.reduceat(gone, trie.first[:-1])
    return replace(smoothed, own=smoothed.own - gone, rest=np.minimum(rest, 1.0))


def without(trie: NgramTrie, kept: Bools) -> tuple[NgramTrie, Bools]:
    """The trie of the entries that stay, and which states stay, (S,): those that have some.

    A state that has none passes all on; it is the same as its link.
    """
    states = np.logical_or.reduceat(kept, trie.first[:-1])
    states[ROOT] = True
    number, place = np.cumsum(states) - 1, np.cumsum(kept) - 1
    smaller = copy(trie)
    for name, attribute in vars(NgramTrie).items():
        if isinstance(attribute, cached_property):
            smaller.__dict__.pop(name, None)
    smaller.depths = np.concatenate([[0], np.cumsum(states)])[trie.depths].tolist()
    smaller.oldest, smaller.link = trie.oldest[states], number[trie.link[states]]
    sizes = np.add.reduceat(kept.astype(np.int64), trie.first[:-1])[states]
    smaller.first = np.concatenate([[0], np.cumsum(sizes)])
    below = trie.below[kept]
    smaller.below = np.where(below < 0, -1, place[below]).astype(trie.below.dtype)
    smaller.symbols, smaller.raw, smaller.adjusted = trie.symbols[kept], trie.raw[kept], trie.adjusted[kept]
    return smaller, states
