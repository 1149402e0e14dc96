"""The smoothing methods, one row each in one table.

All are interpolations. A state keeps a share of its probability for the symbols that it has seen, and passes the rest
to the context without its oldest symbol; below the empty context lies the uniform distribution over V symbols:

    p(w | s) = own(s, w) + rest(s) p(w | link(s)),        sum over w of own(s, w) = 1 - rest(s)

So every row sums to 1, for contexts that were seen and for those that were not. The methods differ in `own` alone.

    add                     c / (N + k V) in whole contexts; shorter ones are uniform (Lidstone; Laplace for k = 1)
    witten-bell             c / (N + T)                               Witten and Bell 1991
    absolute                (c - D) / N, one D an order               Ney, Essen and Kneser 1994
    kneser-ney              the same from adjusted counts             Kneser and Ney 1995
    modified-kneser-ney     D for counts of 1, 2, and 3 and more      Chen and Goodman 1999
    pitman-yor              see `pitman_yor`                          Teh 2006

with c the count of the symbol in the context, N the sum of all c there, T how many different symbols there are.

Discounts come from the counts of counts n_r of each order: D = n1 / (n1 + 2 n2), and for the modified method
D_j = j - (j + 1) D n_(j+1) / n_j. Where n1, n2 or n3 is 0, or a D_j falls outside 0 to j (as with the unigrams of
characters, all of them frequent), the formula has no answer; then D_j is 0.5, 1 and 1.5, as in KenLM with
--discount_fallback, or D = 0.5, and a note says so.

Letters: S states, E entries, V size of the alphabet (see `trie`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.core.metrics import SmoothingParameters
from nextchar.models.ngram.trie import Integers, NgramTrie

__all__ = [
    "FALLBACK",
    "METHODS",
    "Method",
    "Smoothed",
    "SmoothingMethod",
    "closed_form_discounts",
    "counts_of_counts",
    "discounted",
    "discounts_from",
    "discounts_of",
    "interpolated",
]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Method = Literal["add", "witten-bell", "absolute", "kneser-ney", "modified-kneser-ney", "pitman-yor"]
FALLBACK: Final = (0.5, 1.0, 1.5)


@dataclass(frozen=True, eq=False)
class Smoothed:
    """What a method makes of a trie.

    Attributes:
        own: (E,) the share that a state gives to each of its symbols from its own counts.
        rest: (S,) the share that it passes on.
        parameters: what was estimated, for people: discounts and the like.
        notes: what a person should know about the estimate.
    """

    own: F64
    rest: F64
    parameters: SmoothingParameters = SmoothingParameters()  # noqa: RUF009 - frozen
    notes: tuple[str, ...] = ()

    def probabilities(self, trie: NgramTrie) -> F64:
        """p(w | s) of every entry, (E,)."""
        p = self.own.copy()
        for depth, states, entries in trie.pieces():
            below = p[trie.below[entries]] if depth else 1.0 / trie.alphabet.size
            p[entries] += trie.spread(self.rest, states) * below
        return p


@dataclass(frozen=True, kw_only=True)
class SmoothingMethod:
    """A row of the table `METHODS`.

    Attributes:
        order: the n of a model that is told none.
        smooth: from the trie and k to what the method makes of them; None where discounts are taken off every count,
            and for pitman-yor, whose shares are inferred when the model is trained.
        discounts: how many an order has: one, or three for counts of 1, 2, 3 and more; 0 for a method without.
        adjusted: whether adjusted counts are looked at (see `trie`), and not the raw ones.
        untunable: why there is nothing to tune; empty where discounts or k can be tuned.
    """

    order: int = 6
    smooth: Callable[[NgramTrie, float], Smoothed] | None = None
    discounts: Literal[0, 1, 3] = 0
    adjusted: bool = False
    untunable: str = ""

    def counts(self, trie: NgramTrie) -> Integers:
        """The counts that it looks at, (E,)."""
        return trie.adjusted if self.adjusted else trie.raw


def interpolated(trie: NgramTrie, method: Method, *, k: float = 0.0, discounts: F64 | None = None) -> Smoothed:
    """Smooth by one of the methods that have a closed form.

    Args:
        trie: the counts.
        method: of `METHODS`, without pitman-yor.
        k: of add.
        discounts: (n, 3) for each order and counts of 1, 2, 3 and more; by default from the counts of counts.
    """
    row = METHODS[method]
    if row.smooth is not None:
        return row.smooth(trie, k)
    notes: tuple[str, ...] = ()
    if discounts is None:
        discounts, notes = discounts_of(trie, method)
    return Smoothed(*discounted(trie, row.counts(trie), discounts), notes=notes)


def _add(trie: NgramTrie, k: float) -> Smoothed:
    k = min(k, MOST_ADDED)
    V = trie.alphabet.size
    total = _sums(trie, trie.raw)
    whole = trie.whole
    with np.errstate(invalid="ignore"):  # no counts and k = 0: uniform, as the limit of small k
        rest = np.where(whole & (total > 0), k * V / (total + k * V), 1.0)
        own = np.where(trie.spread(whole), trie.raw / trie.spread(total + k * V), 0.0)
    return Smoothed(own, rest)


def _witten_bell(trie: NgramTrie, _k: float) -> Smoothed:
    total = _sums(trie, trie.raw)
    kinds = _sums(trie, trie.raw > 0)
    both = total + kinds
    return Smoothed(trie.raw / trie.spread(both), kinds / both)


MOST_ADDED: Final = 1e300  # what counts say beside it is lost in rounding; times V it is in the range of numbers
METHODS: Final[Mapping[Method, SmoothingMethod]] = {  # the same names as in `Method`, in the same order
    "add": SmoothingMethod(order=4, smooth=_add),
    "witten-bell": SmoothingMethod(smooth=_witten_bell, untunable="it has no parameters"),
    "absolute": SmoothingMethod(discounts=1),
    "kneser-ney": SmoothingMethod(discounts=1, adjusted=True),
    "modified-kneser-ney": SmoothingMethod(discounts=3, adjusted=True),
    "pitman-yor": SmoothingMethod(order=8, untunable="it infers its parameters by itself"),
}


def _sums(trie: NgramTrie, values: npt.NDArray[Any]) -> F64:
    """The sum of the entries of each state, (E,) -> (S,)."""
    sums: F64 = np.add.reduceat(values, trie.first[:-1], dtype=np.float64)
    return sums


def counts_of_counts(trie: NgramTrie, counts: Integers) -> I64:
    """How many n-grams of each order have the count r, for r = 0 to 4, shape (n, 5)."""
    return np.array([np.bincount(counts[layer][counts[layer] < 5], minlength=5) for layer in trie.layers])


def closed_form_discounts(n: npt.NDArray[Any], *, n4_needed: bool = False) -> F64 | None:
    """The modified method's discounts for counts of 1, 2, 3 and more, (3,), from counts of counts n[1] to n[4].

    D_j = j - (j + 1) D n_(j+1) / n_j with D = n1 / (n1 + 2 n2): Chen and Goodman (1999), equations 17 and 26. The paper
    takes all four to be there and says nothing of what to do else. A discount below 0 would add to a count and one
    above j take more than there is: then, and where n1, n2 or n3 is 0, there is no answer, and `FALLBACK` serves.

    Args:
        n: (5,) how many n-grams have the count r, n[r].
        n4_needed: no answer either where n4 is 0, which makes the third discount 3: an n-gram that was seen three
            times then counts as unseen, only because none was seen four times. lmplz takes the 3. The mix does not: it
            sees few contexts of some kinds, and 5,000 names cost it 0.001 nats per symbol.
    """
    if not (n[1] and n[2] and n[3]) or (n4_needed and not n[4]):
        return None
    j = np.arange(1, 4)
    found: F64 = j - (j + 1) * (n[1] / (n[1] + 2 * n[2])) * n[j + 1] / n[j]
    return found if ((found >= 0) & (found <= j)).all() else None


def discounts_of(trie: NgramTrie, method: Method) -> tuple[F64, tuple[str, ...]]:
    """The discounts of each order in closed form, (n, 3), and notes on where there is none."""
    return discounts_from(counts_of_counts(trie, METHODS[method].counts(trie)), method)


def discounts_from(small: I64, method: Method) -> tuple[F64, tuple[str, ...]]:
    """As `discounts_of`, from `counts_of_counts`."""
    row = METHODS[method]
    discounts = np.empty((len(small), 3))
    failed = []
    fallback = np.array(FALLBACK) if row.discounts == 3 else np.full(3, FALLBACK[0])
    for order, n in enumerate(small, start=1):
        found: F64 | None = None
        if row.discounts == 3:
            found = closed_form_discounts(n)
        elif n[1] and n[2]:
            found = np.full(3, n[1] / (n[1] + 2 * n[2]))
        if found is None:
            failed.append(order)
        discounts[order - 1] = fallback if found is None else found
    if not failed:
        return discounts, ()
    orders = ", ".join(map(str, failed))
    taken = ", ".join(f"{d:g}" for d in FALLBACK[: row.discounts])
    plural = "s" if len(failed) > 1 else ""
    return discounts, (f"order{plural} {orders}: too few small counts to estimate discounts; took {taken}",)


def discounted(trie: NgramTrie, counts: Integers, discounts: F64) -> tuple[F64, F64]:
    """`own` (E,) and `rest` (S,) where a discount is taken off every count, discounts (n, 3) by order and count."""
    own, rest = np.empty(len(counts)), np.empty(trie.size)
    taken = np.concatenate([np.zeros((trie.order, 1)), discounts], axis=1)  # (n, 4) off counts of 0, 1, 2, and more
    if kernels_loaded():
        from nextchar._kernels.trie import take_discounts

        take_discounts(np.array(trie.depths), trie.first, counts, taken, own, rest)
        return own, rest
    for depth, states, entries in trie.pieces():
        here = counts[entries].astype(np.float64)
        off = np.minimum(taken[depth][np.minimum(counts[entries], 3)], here)
        begins = trie.first[states] - entries.start
        total = np.add.reduceat(here, begins)
        rest[states] = np.add.reduceat(off, begins) / total
        own[entries] = (here - off) / np.repeat(total, np.diff(begins, append=len(here)))
    return own, rest
