"""Writing as many new items as are wanted: part after part, each checked against what items have to be.

However many are wanted, only a part of them is in memory at a time, unless all are asked for at once; the first part
is small, so that it comes soon. Which items come does not depend on how they are parted.

Letters: B items in a batch, V size of the alphabet.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.prefixes import possible_prefixes
from nextchar.core.protocol import Drawer, Draws, LanguageModel
from nextchar.core.random_streams import TORCH_STREAMS, Choose
from nextchar.core.sampling import allowed, check_endless, draw_plainly
from nextchar.core.settings import Setting
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.arguments import need
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, shortened, thousands
from nextchar.data.edit_distance import Surroundings
from nextchar.data.fingerprints import Fingerprints, FingerprintSet
from nextchar.data.stable_items import stable_items
from nextchar.data.text_options import TextOptions
from nextchar.data.training_items import unknown_items
from nextchar.errors import BadValueError, SettingsError

__all__ = ["Drawing", "Samples", "drawing", "sample"]

FIRST: Final = 1 << 12  # items that are drawn first; then four times as many each time, up to
BATCH: Final = 1 << 17  # items, and
BATCH_CELLS: Final = 1 << 24  # numbers in their rows: 128 MB
IN_SEQUENCE: Final = 1 << 10  # items drawn at a time where one has to come after the other
ITEMS: Final = Setting(name="the number of items", argument="n", type=int)
BARREN: Final = 50_000  # draws without a single item that meets all conditions, after which no more are tried
MOST_DISTINCT: Final = 50_000_000  # items that can be told apart: 8 bytes for each, and twice that at times


@dataclass(frozen=True)
class Samples:
    """What was drawn.

    Attributes:
        corpus: the items; possibly none.
        wanted: how many were asked for.
        drawn: how many had to be drawn for it, items that were left out included.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> samples = model.draw(5, nextchar.Plan(seed=1, distinct=True))
        >>> len(samples.corpus), samples.missing
        (5, 0)
    """

    corpus: Corpus
    wanted: int
    drawn: int

    def __repr__(self) -> str:
        first = [shortened(repr(self.corpus[i][:21]), 20) for i in range(min(len(self.corpus), 3))]
        more = ["..."] if len(self.corpus) > 3 else []
        return line_of(self, f"{len(self.corpus):,} of {thousands(self.wanted, 'item')}", *first, *more)

    @property
    def missing(self) -> int:
        """How many of the wanted items could not be had."""
        return self.wanted - len(self.corpus)

    def explain_missing(self) -> str:
        """One sentence for people on why there are fewer items than wanted."""
        return _too_few(len(self.corpus), self.wanted, self.drawn)


def _too_few(got: int, wanted: int, drawn: int) -> str:
    return (
        f"only {got:,} of {thousands(wanted, 'item')}: {thousands(drawn, 'draw')} gave no more that meet all "
        "conditions (new, distinct, min-distance, lengths)"
    )


class _Drawn(NamedTuple):
    """A part: how many items were drawn, and those of them that are wanted."""

    draws: int
    corpus: Corpus


@dataclass(eq=False)
class Drawing(Iterator[Corpus]):
    """Items as they are drawn, one part after the other; each part has at least one.

    Attributes:
        alphabet: of the items.
        wanted: how many are asked for.
        parts: where they come from.
        got: how many have come.
        drawn: how many had to be drawn for these, items that were left out included.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> drawing = model.drawing(10**12, nextchar.Plan(seed=1))
        >>> list(next(drawing))[:5] == model.sample(5, seed=1)
        True
    """

    alphabet: Alphabet
    wanted: int
    parts: Iterator[_Drawn]
    got: int = 0
    drawn: int = 0
    _ahead: list[Corpus] = field(default_factory=list)

    def __next__(self) -> Corpus:
        if self._ahead:
            return self._ahead.pop()
        for draws, corpus in self.parts:
            self.drawn += draws
            self.got += len(corpus)
            if len(corpus):
                return corpus
        raise StopIteration

    def begins(self) -> bool:
        """Whether there is an item, which stays the first that comes."""
        if not self._ahead and (part := next(self, None)) is not None:
            self._ahead.append(part)
        return bool(self._ahead)

    def all(self) -> Samples:
        """Those that are still to come, at once."""
        parts = list(self)
        corpus = Corpus.concatenate(parts) if parts else Corpus(self.alphabet, np.empty(0, dtype=self.alphabet.dtype))
        return Samples(corpus, self.wanted, self.drawn)

    @property
    def missing(self) -> int:
        """At the end: how many of the wanted items could not be had."""
        return self.wanted - self.got

    def explain_missing(self) -> str:
        """One sentence for people on why there are fewer items than wanted."""
        return _too_few(self.got, self.wanted, self.drawn)


def sample(
    model: LanguageModel,
    n: int,
    plan: Plan,
    constraint: Constraint | None = None,
    *,
    options: TextOptions | None = None,
    known: Fingerprints | None = None,
    near: Surroundings | None = None,
) -> Samples:
    """As `drawing`, all items at once."""
    return drawing(model, n, plan, constraint, options=options, known=known, near=near).all()


def drawing(
    model: LanguageModel,
    n: int,
    plan: Plan,
    constraint: Constraint | None = None,
    *,
    options: TextOptions | None = None,
    known: Fingerprints | None = None,
    near: Surroundings | None = None,
) -> Drawing:
    """Draw n items from a model, symbol by symbol from left to right.

    The end is not allowed before the least length and is forced at the largest one; so an item of the largest length
    need not be one that the model would end there. A constraint that asks for more than a prefix and lengths cannot be
    met in this way; `Model.draw` can meet it.

    The prefix is taken as it is, and only what follows it is drawn: temperature and the like do not touch it. What the
    text options would change is no item of the model (see `data.stable_items`), and another is drawn in its place.

    Args:
        model: any language model.
        n: how many items.
        plan: how.
        constraint: prefix and lengths; none of the items is empty where it says nothing of the least length, except
            for the streams of torch.
        options: what the model does to text; done to the prefix, and items are left as they are by it.
        known: fingerprints of the training items, for plan.new.
        near: what is too near to what is known, for plan.min_distance.

    Raises:
        SettingsError: n is negative, the prefix is longer than max_length or no item begins so, the constraint asks for
            more than prefix and lengths, plan.new without known items, plan.min_distance without knowing from what; or,
            when they are drawn, items do not end, all are too near, or there are too many distinct ones.
        UnknownSymbolError: the prefix has a character that the model does not know.
    """
    n = ITEMS.check(n)
    need(constraint, Constraint, "constraint", "a Constraint", optional=True)
    if n < 0:
        raise BadValueError(f"the number of items is at least 0, not {n}", argument="n")
    if plan.new and known is None:
        raise unknown_items()
    if plan.min_distance and near is None:
        raise SettingsError("min-distance needs the items that it is measured from", argument="data")
    constraint = (constraint or Constraint()).of_at_least(plan.least)
    if constraint.looks_ahead:
        raise SettingsError("from left to right, items can be held to a prefix and to lengths alone")
    options = options or TextOptions(strip=False)
    prefix = (*possible_prefixes(model, constraint, options), model.alphabet.encode(""))[0]
    seed = secrets.randbits(63) if plan.seed is None else plan.seed
    source = (
        _sequential(model, plan, constraint, seed, prefix)
        if plan.one_sequence
        else _batched(model, plan, constraint, n, seed, prefix)
    )
    wanted = _Wanted(plan, options, known, near)
    return Drawing(model.alphabet, n, _parts(source, n, wanted, model.alphabet, in_sequence=plan.one_sequence))


def _parts(
    source: Callable[[int], Draws], n: int, wanted: _Wanted, alphabet: Alphabet, *, in_sequence: bool
) -> Iterator[_Drawn]:
    """What is drawn, until n items are there or no more come."""
    wide = max(BATCH_CELLS // alphabet.size, 1)
    most = IN_SEQUENCE if in_sequence else min(FIRST, wide)
    got = drawn = barren = 0
    while got < n and barren < BARREN:
        count = n - got
        if not in_sequence:  # expect the share of good items seen so far
            count = count * drawn // max(got, 1) + 1 if drawn else count
        count = min(count, most)
        if not in_sequence:
            most = min(4 * most, BATCH, wide)
        batch = wanted.of(Corpus(alphabet, source(count).ids))
        if len(batch) > n - got:
            batch = batch.take(np.arange(n - got))
        drawn += count
        barren = 0 if len(batch) else barren + count
        got += len(batch)
        yield _Drawn(count, batch)
    if wanted.near is not None and n and not got:
        raise SettingsError(
            f"of {thousands(drawn, 'draw')} none is at least {thousands(wanted.near.least, 'edit')} away from all "
            f"{thousands(len(wanted.near.items), 'known item')} and meets all other conditions; ask for fewer edits",
            argument="min_distance",
        )


class _Wanted:
    """Which of the items drawn are wanted."""

    def __init__(self, plan: Plan, options: TextOptions, known: Fingerprints | None, near: Surroundings | None) -> None:
        self.near = near
        self._options = options
        self._known = FingerprintSet.of(known) if plan.new and known is not None else None
        self._seen = FingerprintSet() if plan.distinct else None

    def of(self, batch: Corpus) -> Corpus:
        """Those that text options leave as they are, and that are far, new and distinct as far as asked for."""
        if not (stable := stable_items(batch, self._options)).all():
            batch = batch.take(np.flatnonzero(stable))
        if self.near is not None and len(batch):
            batch = batch.take(np.flatnonzero(self.near.outside([batch.alphabet.written(item) for item in batch])))
        if (self._known is None and self._seen is None) or not len(batch):
            return batch
        prints = batch.fingerprints()
        good = np.ones(len(prints), dtype=np.bool_)
        if self._known is not None:
            good &= ~self._known.has(prints)
        if self._seen is not None:
            good &= ~self._seen.has(prints)
            first = np.zeros(len(prints), dtype=np.bool_)
            first[np.unique(prints, return_index=True)[1]] = True
            good &= first
            self._seen.add(prints[good])
            if len(self._seen) > MOST_DISTINCT:
                raise SettingsError(
                    f"of distinct items there are {MOST_DISTINCT:,} at most, all of which have to be remembered; ask "
                    "for fewer",
                    argument="distinct",
                )
        return batch.take(np.flatnonzero(good))


def _batched(
    model: LanguageModel, plan: Plan, constraint: Constraint, n: int, seed: int, prefix: Ids
) -> Callable[[int], Draws]:
    """Gives the next so many items at each call."""
    drawer: Drawer = model.drawer(plan, constraint, n) or partial(draw_plainly, model, plan, constraint)
    first = 0

    def draw(count: int) -> Draws:
        nonlocal first
        first += count
        return drawer(seed, prefix, first - count, count)

    return draw


def _sequential(
    model: LanguageModel, plan: Plan, constraint: Constraint, seed: int, prefix: Ids
) -> Callable[[int], Draws]:
    """As `_batched`, with one sequence of random numbers for all draws."""
    choose = TORCH_STREAMS[plan.stream](seed)

    def draw(count: int) -> Draws:
        drawn = (_one_item(model, plan, constraint, choose, prefix) for _ in range(count))
        items = [item for item in drawn if item is not None]
        offsets = np.cumsum([0, *(len(item) for item in items)])
        return Draws(np.array([i for item in items for i in item], dtype=model.alphabet.dtype), offsets)

    return draw


def _one_item(
    model: LanguageModel, plan: Plan, constraint: Constraint, choose: Choose, prefix: Ids
) -> list[int] | None:
    """The next item with its closing boundary, or None at a dead end."""
    step = model.start(1)
    item = [int(symbol) for symbol in prefix]
    for symbol in prefix:
        step = model.advance(step.state, np.full(1, symbol))
    while len(item) != constraint.max_length:
        check_endless(constraint.max_length, len(item))
        probs = np.exp(allowed(step.log_probs, model.alphabet, plan, constraint.shortest, len(item)))[0]
        if not probs.any():
            return None
        symbol = choose(probs)
        if symbol == BOUNDARY:
            break
        item.append(symbol)
        step = model.advance(step.state, np.full(1, symbol))
    return [*item, BOUNDARY]
