"""Exact answers: the items of a count model that meet a constraint, and all that can be said of them without drawing.

A count model is a finite automaton, a constraint is one too, and so are the two together (see `product`). From that
one automaton come the probability of the constraint, items drawn from exactly those that meet it, their lengths
and entropy, and the most probable ones in order.

    >>> import nextchar
    >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
    >>> round(nextchar.given(model, prefix="a").probability, 4)
    0.6667

Letters: P states of the two together, V size of the alphabet.
"""

from __future__ import annotations

import itertools
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton_model import AutomatonModel
from nextchar.automata.automaton_reader import automaton_of
from nextchar.automata.conditioned import conditioned
from nextchar.automata.constraints import constraint_automata
from nextchar.automata.product import Chain
from nextchar.automata.sparse_chain import SparseChain
from nextchar.automata.stored_model import Derived, DerivedModel
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import Samples, sample
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.settings import Setting
from nextchar.data.arguments import need
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, one_line, thousands
from nextchar.data.edit_distance import Surroundings
from nextchar.data.fingerprints import Fingerprints
from nextchar.data.text_options import TextOptions
from nextchar.data.training_items import known_file
from nextchar.errors import ConflictError, SettingsError

__all__ = [
    "Conditional",
    "Conditions",
    "Item",
    "automaton_model",
    "conditional",
    "gaps_pattern",
    "given",
    "new_log_probability",
    "next_symbols",
]

F64 = npt.NDArray[np.float64]
LONGEST: Final = 10_000  # the lengths that a length distribution goes to
TAIL: Final = 1e-12  # of the length distribution
HOW_MANY: Final = Setting(name="the number of items", argument="k", type=int, at_least=0)
FIRST_LOOKED_UP: Final = 16  # items that are looked up at a time among those known,
MOST_KNOWN: Final = 1 - 1e-6  # beyond, a difference to 1 has few digits
MOST_LOOKED_UP: Final = 4096  # and twice as many each time up to here


@dataclass(frozen=True)
class Item:
    """An item with its probability.

    Attributes:
        text: the item.
        nats: -log p under the model.
        share: its probability among the items that meet the constraint.
    """

    text: str
    nats: float
    share: float

    __repr__ = one_line

    @property
    def probability(self) -> float:
        """Under the model."""
        return math.exp(-self.nats)


class Conditions(TypedDict, total=False):
    """The fields of a `Constraint`, as arguments."""

    match: Sequence[str]
    prefix: Sequence[str]
    suffix: str
    contains: Sequence[str]
    allowed: str | None
    not_in: Sequence[str]
    min_length: int | None
    max_length: int | None


@dataclass(frozen=True, eq=False)
class Conditional:
    """The items of a model that meet a constraint.

    Attributes:
        source: the model.
        chain: the items, as a Markov chain.
        log_probability: of the constraint, nats.
        known: sorted fingerprints of items that are to be left out besides, where the items themselves are not at hand;
            drawing and enumerating leave them out, and nothing else can be said.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
        >>> found = nextchar.given(model, prefix="a")
        >>> found.mean_length, [item.text for item in found.top()]
        (2.0, ['ab'])
    """

    source: AutomatonModel
    chain: Chain | SparseChain
    log_probability: float
    known: Fingerprints | None = None

    def __repr__(self) -> str:
        return line_of(
            self,
            f"items of a model ({self.source.kind})",
            f"probability {self.probability:.4g}" if self.known is None else f"without {len(self.known):,} known ones",
            thousands(self.chain.size, "state"),
        )

    @property
    def probability(self) -> float:
        """That an item of the model meets the constraint.

        Raises:
            SettingsError: which items are new is known by fingerprints alone.
        """
        self._need_all()
        return min(math.exp(self.log_probability), 1.0)  # 1 + 2e-16 comes of rounding

    @cached_property
    def mean_length(self) -> float:
        """Characters of an item, on average."""
        self._need_all()
        return self.chain.mean_length()

    @cached_property
    def entropy(self) -> float:
        """Of the items, nats an item."""
        self._need_all()
        return self.chain.entropy()

    @property
    def entropy_per_symbol(self) -> float:
        """Nats an item over symbols an item, the end counted: the least loss that any model can have on its items."""
        return self.entropy / (self.mean_length + 1)

    def lengths(self) -> F64:
        """The probability of 0, 1, 2, ... characters, up to a tail of 10^-12."""
        self._need_all()
        return self.chain.lengths(LONGEST, TAIL)

    @cached_property
    def model(self) -> DerivedModel:
        """The items as a model of their own, which gives nothing else: to save, to score with, to ask."""
        return DerivedModel(
            settings=Derived(how=f"items of a model ({self.source.kind}) that meet a condition"),
            machine=self.chain.automaton(self.source.automaton),
            provenance=self.source.provenance,
        )

    def draw(
        self, n: int, *, seed: int | None = None, distinct: bool = False, near: Surroundings | None = None
    ) -> Samples:
        """Draw n items that meet the constraint, each as often as its share says; nothing is drawn in vain.

        Args:
            n: how many.
            seed: fixes them.
            distinct: no item twice; fewer may come than n.
            near: surroundings in which no item is to be; here items are drawn in vain.

        Raises:
            SettingsError: n is negative, or items do not end, or all are in the surroundings.
        """
        need(near, Surroundings, "near", "Surroundings of known items", optional=True)
        plan = Plan(seed=seed, distinct=distinct, new=self.known is not None)
        items = self.chain.items(self.source.automaton)
        return sample(items, n, plan, Constraint(min_length=0), known=self.known, near=near)

    def sample(self, n: int = 1, *, seed: int | None = None, distinct: bool = False) -> list[str]:
        """As `draw`, as a list of texts."""
        return list(self.draw(n, seed=seed, distinct=distinct).corpus)

    def top(self, k: int | None = None) -> Iterator[Item]:
        """The k items that are most probable, in order, one after the other, none twice; all of them for k=None.

        Best first: what is still to come of an item is known exactly from the most probable way to its end, so every
        item is found as it is due and nothing is looked at in vain.
        """
        most = None if k is None else min(HOW_MANY.check(k), sys.maxsize)
        return itertools.islice(self._unknown(self._best_first()), most)

    def _best_first(self) -> Iterator[Item]:
        decode = self.source.alphabet.decode
        for ids, nats in self.chain.best_items():
            yield Item(decode(ids) if ids else "", nats - self.log_probability, math.exp(-nats))

    def _unknown(self, items: Iterator[Item]) -> Iterator[Item]:
        """Those that are not known, looked up a few at first and then more at a time."""
        known, size = self.known, FIRST_LOOKED_UP
        as_is = TextOptions(strip=False, graphemes=self.source.alphabet.clusters is not None)
        if known is None or not len(known):
            yield from items
            return
        while batch := list(itertools.islice(items, size)):
            texts = [item.text for item in batch if item.text]  # the empty item is never among the training items
            prints = Corpus.from_items(texts, options=as_is).fingerprints() if texts else known[:0]
            at = np.minimum(np.searchsorted(known, prints), len(known) - 1)  # they are sorted
            found = iter((known[at] == prints).tolist())
            yield from (item for item in batch if not item.text or not next(found))
            size = min(2 * size, MOST_LOOKED_UP)

    def _need_all(self) -> None:
        if self.known is not None:
            raise SettingsError(
                "the model knows its training items only by their fingerprints, so that how probable new ones are "
                "cannot be computed; give the training data",
                argument="data",
            )


def given(
    model: Model,
    constraint: Constraint | None = None,
    *,
    new: bool = False,
    data: Corpus | None = None,
    **conditions: Unpack[Conditions],
) -> Conditional:
    """The items of a model that meet a constraint: given as such, or its conditions as arguments.

    An item has at least one character unless `min_length` is 0, none that is unknown, and is as the text options of the
    model leave it: with stripped blanks it neither begins nor ends with one.

    Args:
        model: a count model, or another one that is a finite automaton.
        constraint: what items are wanted; none for all.
        new: only items that are not in the training data. They are left out exactly where the training items are at
            hand: given as `data`, or in a named data set on this machine; else drawing and enumerating go by
            fingerprints, and probabilities cannot be had.
        data: the training data, or a larger file that holds it.
        **conditions: match, prefix, suffix, contains, allowed, not_in, min_length, max_length, in addition to those of
            `constraint` or in their place; see `Constraint`.

    Raises:
        ConflictError: `data` without `new`.
        SettingsError: the model is no finite automaton, or too large; no item meets the constraint; a pattern cannot
            be read; `data` is not the training data.
        UnknownSymbolError: a condition needs a character that the model does not know.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
        >>> round(nextchar.given(model, prefix="a").probability, 4)
        0.6667
    """
    need(model, Model, "model", "a model (Ngram().fit(...), load(...))")
    need(constraint, Constraint, "constraint", "a Constraint", optional=True)
    if data is not None and not new:
        raise ConflictError("the training data goes with new items alone", argument="new")
    if new and data is None:
        data = known_file(model.provenance)
    wanted = replace(constraint or Constraint(), **conditions)
    return conditional(model, wanted, new=new, data=data)


def conditional(
    model: Model,
    constraint: Constraint,
    *,
    new: bool = False,
    data: Corpus | None = None,
    reshaped: Plan | None = None,
) -> Conditional:
    """The items of a model that meet a constraint, from what is given here alone; see `conditioned`.

    Raises:
        SettingsError: the model is no finite automaton; and as `conditioned`.
        UnknownSymbolError: a condition needs a character that the model does not know.
    """
    source = automaton_model(model)
    found = conditioned(source.automaton, source.provenance, constraint, new=new, data=data, reshaped=reshaped)
    return Conditional(source, found.chain, found.log_probability, found.known)


def automaton_model(model: Model) -> AutomatonModel:
    """The model, if it is a finite automaton.

    Raises:
        SettingsError: it is none.
    """
    automaton_of(model)
    assert isinstance(model, AutomatonModel)  # all models with an automaton are
    return model


def new_log_probability(found: Conditional, constraint: Constraint, items: Corpus) -> float:
    """The log-probability of a constraint and of being none of the items, nats; without an automaton of the items.

    It is a difference of two probabilities; nan where little is left of them.

    Args:
        found: the items that meet the constraint.
        constraint: the same again.
        items: different ones.
    """
    source = found.source
    for dfa in constraint_automata(constraint, source.alphabet, source.provenance.options):
        if len(items):
            items = items.take(np.flatnonzero(dfa.accepts(items)))
    known = np.exp(-source.nats(items) - found.log_probability).sum() if len(items) else 0.0
    return found.log_probability + math.log1p(-known) if known <= MOST_KNOWN else math.nan


def next_symbols(found: Conditional, prefix: str) -> list[tuple[str, float]]:
    """What may follow a prefix among the items found, most probable first; the end as the boundary's sign.

    Raises:
        UnknownSymbolError: the prefix has a character that the model does not know.
    """
    source, chain = found.source, found.chain
    text = replace(source.provenance.options, strip=False).apply(prefix)
    row = chain.row_after(source.alphabet.encode(text))
    if row is None:
        return []
    shares = np.exp(row)
    order = np.argsort(-shares, kind="stable")[: int((shares > 0).sum())]
    return [(source.alphabet.symbols[i], float(shares[i])) for i in order]


def gaps_pattern(text: str, gap: str = "_") -> str:
    """The regular expression of a text in which `gap` stands for one missing character."""
    return "".join("." if character == gap else re.escape(character) for character in text)
