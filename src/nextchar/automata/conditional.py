"""Exact answers: the items of a count model that meet a condition, and all that can be said of them without drawing.

A count model is a finite automaton, a condition is one too, and so are the two together (see `models.product`). From
that one automaton come the probability of the condition, items drawn from exactly those that meet it, their lengths
and entropy, and the most probable ones in order.

    >>> import nextchar
    >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
    >>> round(nextchar.given(model, prefix="a").probability, 4)
    0.6667

Letters: P states of the two together, V size of the alphabet.
"""

from __future__ import annotations

import heapq
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton_model import AutomatonModel
from nextchar.automata.constraints import Condition
from nextchar.automata.dfa import Dfa, nothing_of
from nextchar.automata.product import Chain, Product
from nextchar.automata.regex import Repeat, compile_node
from nextchar.automata.stored_model import Derived, DerivedModel
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.sampling import Samples, adjust, sample
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus, Fingerprints, TextOptions
from nextchar.data.display import line_of, one_line, thousands
from nextchar.errors import SettingsError

__all__ = [
    "Conditional",
    "Item",
    "automaton_model",
    "conditional",
    "gaps_pattern",
    "given",
    "next_symbols",
    "training_items",
]

F64 = npt.NDArray[np.float64]
LONGEST: Final = 10_000  # the lengths that a length distribution goes to
TAIL: Final = 1e-12  # of the length distribution


@dataclass(frozen=True)
class Item:
    """An item with its probability.

    Attributes:
        text: the item.
        nats: -log p under the model.
        share: its probability among the items that meet the condition.
    """

    text: str
    nats: float
    share: float

    __repr__ = one_line

    @property
    def probability(self) -> float:
        """Under the model."""
        return math.exp(-self.nats)


@dataclass(frozen=True, eq=False)
class Conditional:
    """The items of a model that meet a condition.

    Attributes:
        source: the model.
        chain: the items, as a Markov chain.
        log_probability: of the condition, nats.
        known: fingerprints of items that are to be left out besides, where the items themselves are not at hand;
            drawing and enumerating leave them out, and nothing else can be said.

    Example:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
        >>> found = nextchar.given(model, prefix="a")
        >>> found.mean_length, [item.text for item in found.top()]
        (2.0, ['ab'])
    """

    source: AutomatonModel
    chain: Chain
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
        """That an item of the model meets the condition.

        Raises:
            SettingsError: which items are new is known by fingerprints alone.
        """
        self._need_all()
        return min(math.exp(self.log_probability), 1.0)  # 1 + 2e-16 comes of rounding

    @cached_property
    def mean_length(self) -> float:
        """Characters of an item, on average."""
        self._need_all()
        return float(self.chain.expected(np.ones(self.chain.size))[self.chain.start]) - 1

    @cached_property
    def entropy(self) -> float:
        """Of the items, nats an item."""
        self._need_all()
        log_prob = self.chain.log_prob
        finite = np.where(np.isfinite(log_prob), log_prob, 0.0)
        of_steps = np.maximum(-(np.exp(log_prob) * finite).sum(axis=1), 0.0)  # -1e-16 comes of rounding
        return float(self.chain.expected(of_steps)[self.chain.start])

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

    def draw(self, n: int, *, seed: int | None = None, distinct: bool = False) -> Samples:
        """Draw n items that meet the condition, each as often as its share says; nothing is drawn in vain.

        Args:
            n: how many.
            seed: fixes them.
            distinct: no item twice; fewer may come than n.

        Raises:
            SettingsError: n is negative, or items do not end.
        """
        plan = Plan(seed=seed, min_length=0, distinct=distinct, new=self.known is not None)
        return sample(self.model, n, plan, options=TextOptions(strip=False), known=self.known)

    def sample(self, n: int = 1, *, seed: int | None = None, distinct: bool = False) -> list[str]:
        """As `draw`, as a list of texts."""
        return list(self.draw(n, seed=seed, distinct=distinct).corpus)

    def top(self, k: int | None = None) -> Iterator[Item]:
        """The items from the most probable on, one after the other, none twice; all of them for k=None.

        Best first: what is still to come of an item is known exactly from the most probable way to its end, so every
        item is found as it is due and nothing is looked at in vain.
        """
        found = (item for item in self._best_first() if not self._is_known(item.text))
        return itertools.islice(found, k)

    def _best_first(self) -> Iterator[Item]:
        chain, decode = self.chain, self.source.alphabet.decode
        best = np.append(chain.best(), -np.inf)
        successors: dict[int, list[tuple[float, float, int, int]]] = {}

        def ranked(state: int) -> list[tuple[float, float, int, int]]:
            """The steps from a state, best first: nats to the end of the item, nats of the step, symbol, next state."""
            if state not in successors:
                step = chain.log_prob[state]
                whole = step + best[chain.child[state]]
                whole[BOUNDARY] = step[BOUNDARY]
                order = np.argsort(-whole, kind="stable")[: int(np.isfinite(whole).sum())]
                columns = (-whole[order], -step[order], order, chain.child[state][order])
                successors[state] = list(zip(*(column.tolist() for column in columns), strict=True))
            return successors[state]

        # A candidate: (nats of its best item, tie breaker, nats so far, symbols so far, state, which of its steps).
        tie = itertools.count()
        heap: list[tuple[float, int, float, Any, int, int]] = [
            (float(-best[chain.start]), next(tie), 0.0, None, chain.start, 0)
        ]
        while heap:
            _, _, nats, path, state, which = heapq.heappop(heap)
            while True:
                steps = ranked(state)
                if which + 1 < len(steps):
                    bound = nats + steps[which + 1][0]
                    heapq.heappush(heap, (bound, next(tie), nats, path, state, which + 1))
                _, cost, symbol, state = steps[which]
                nats += cost
                if symbol == BOUNDARY:
                    break
                path, which = (path, symbol), 0
            ids = []
            while path is not None:
                path, symbol = path
                ids.append(symbol)
            yield Item(decode(ids[::-1]) if ids else "", nats - self.log_probability, math.exp(-nats))

    def _is_known(self, text: str) -> bool:
        if self.known is None or not text:
            return False
        prints = Corpus.from_items([text], options=TextOptions(strip=False)).fingerprints()
        return bool(np.isin(prints, self.known)[0])

    def _need_all(self) -> None:
        if self.known is not None:
            raise SettingsError(
                "the model knows its training items only by their fingerprints, so that how probable new ones are "
                "cannot be computed; give the training data with --data (in Python: data=)"
            )


def given(
    model: Model, *, new: bool = False, data: Corpus | None = None, not_in: Sequence[str] = (), **wishes: Any
) -> Conditional:
    """The items of a model that meet all wishes: `conditional` with the wishes as arguments.

    Args:
        model: a count model, or another one that is a finite automaton.
        new: only items that are not in the training data.
        data: the training data, for `new`.
        not_in: items to leave out.
        **wishes: match, prefix, suffix, contains, allowed, min_length, max_length; see `Condition`.

    Raises:
        SettingsError: see `conditional`.
        UnknownSymbolError: a wish needs a character that the model does not know.

    Example:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
        >>> round(nextchar.given(model, prefix="a").probability, 4)
        0.6667
    """
    for name in ("match", "contains"):
        if isinstance(wishes.get(name), str):
            wishes[name] = (wishes[name],)
    return conditional(model, Condition(not_in=tuple(not_in), **wishes), new=new, data=data)


def conditional(
    model: Model,
    condition: Condition,
    *,
    new: bool = False,
    data: Corpus | None = None,
    writable: bool = False,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Conditional:
    """The items of a model that meet a condition.

    Args:
        model: one that is a finite automaton.
        condition: what items are wanted.
        new: only items that are not in the training data. They are left out exactly where the training items are at
            hand: given as `data`, or from a file that is known by its hash; else drawing and enumerating go by
            fingerprints, and probabilities cannot be had.
        data: the training data, or a larger file that holds it.
        writable: without items that have the unknown symbol.
        temperature: reshapes the model first, symbol by symbol, as do top_k and top_p; see `decoding.adjust`.
        top_k: likewise.
        top_p: likewise.

    Raises:
        SettingsError: the model is no finite automaton, or too large; no item meets the condition; a pattern cannot
            be read; `data` is not the training data.
        UnknownSymbolError: a wish needs a character that the model does not know.
    """
    source = automaton_model(model)
    alphabet = source.alphabet
    automata = condition.automata(alphabet, source.provenance.options)
    if writable and alphabet.unknown is not None:
        known_ids = frozenset(range(1, alphabet.unknown))
        automata.append(compile_node(Repeat(known_ids, 0, None), alphabet, "the known characters"))
    items = training_items(source, data) if new else None
    if items is not None:
        automata.append(_all_but(items, automata))
    reshape = None
    if temperature != 1 or top_k is not None or top_p is not None:
        reshape = partial(adjust, temperature=temperature, top_k=top_k, top_p=top_p)
    log_probability, chain = Product.of(source.automaton, automata, reshape).conditional()
    known = source.provenance.known if new and items is None else None
    if new and items is None and known is None:
        raise SettingsError(
            "this model has not kept its training items, so it cannot tell which items are new; give them with --data "
            "(in Python: data=)"
        )
    return Conditional(source, chain, log_probability, known)


def automaton_model(model: Model) -> AutomatonModel:
    """The model, if it is a finite automaton.

    Raises:
        SettingsError: it is none.
    """
    if not isinstance(model, AutomatonModel):
        raise SettingsError(
            f"a model of kind {model.kind} is no finite automaton; exact answers need one, such as ngram, "
            f"or what this makes of it: nextchar compile"
        )
    return model


def _all_but(items: Corpus, others: Sequence[Dfa]) -> Dfa:
    """Everything but the items; those that another condition leaves out anyway are not looked at."""
    for dfa in others:
        if len(items):
            items = items.take(np.flatnonzero(dfa.accepts(items)))
    return nothing_of(items)


def training_items(model: Model, data: Corpus | None) -> Corpus | None:
    """The distinct items that a model was trained on, in its alphabet; None where they cannot be had.

    The model keeps their fingerprints. `data` may hold more than them (the held-out part, say), but no fewer. Without
    it, the files that nextchar knows by their hash are tried.

    Raises:
        SettingsError: `data` does not hold all training items.
    """
    seen = model.provenance
    if data is None:
        data = _known_file(model)
        if data is None or (seen.known is not None and len(_among(data, seen.known)) < len(seen.known)):
            return None
    if seen.known is None:
        items = data.distinct()
        if seen.items < len(items):
            raise SettingsError(
                f"the model was trained on {seen.items:,} items, and the data given has {len(items):,} distinct ones; "
                "give the training data alone"
            )
    else:
        items = _among(data, seen.known)
        if len(items) < len(seen.known):
            raise SettingsError(
                f"the data given has {len(items):,} of the {len(seen.known):,} distinct items that the model was "
                "trained on; give all of its training data"
            )
    plain = set(model.alphabet.characters)  # an item with other characters is not one that the model gives
    texts = [item for item in items if plain.issuperset(item)]
    return Corpus.from_items(texts, options=TextOptions(strip=False), alphabet=model.alphabet)


def _among(data: Corpus, known: Fingerprints) -> Corpus:
    return data.take(np.flatnonzero(np.isin(data.fingerprints(), known))).distinct()


def _known_file(model: Model) -> Corpus | None:
    """The file that the model was trained on, if it is one that nextchar knows."""
    from nextchar.data.datasets import NAMED, shipped_names
    from nextchar.data.download import find

    source = model.provenance.source
    for data_set in NAMED.values() if source is not None else ():
        if source is not None and source.sha256 == data_set.sha256:
            if data_set.url is None:
                return Corpus.from_items(shipped_names(), options=model.provenance.options)
            path = find(data_set.name)
            return None if path is None else Corpus.from_file(path, options=model.provenance.options)
    return None


def next_symbols(found: Conditional, prefix: str) -> list[tuple[str, float]]:
    """What may follow a prefix among the items found, most probable first; the end as the boundary's sign.

    Raises:
        UnknownSymbolError: the prefix has a character that the model does not know.
    """
    source, chain = found.source, found.chain
    text = replace(source.provenance.options, strip=False).apply(prefix)
    state = chain.start
    for symbol in source.alphabet.encode(text):
        state = int(chain.child[state, symbol])
        if state == chain.size:
            return []
    shares = np.exp(chain.log_prob[state])
    order = np.argsort(-shares, kind="stable")[: int((shares > 0).sum())]
    return [(source.alphabet.symbols[i], float(shares[i])) for i in order]


def gaps_pattern(text: str, gap: str = "_") -> str:
    """The regular expression of a text in which `gap` stands for one missing character."""
    return "".join("." if character == gap else re.escape(character) for character in text)
