"""Writing new items: from rows of log-probabilities to characters.

A draw takes the first symbol whose cumulative probability exceeds u times the row's total, with u uniform in [0, 1),
in float64. Item i of a seed has its own sequence of uniforms (see `random_streams`), so it comes out the same alone or
among a million, by the plain path here or by a model's fast one.

Letters: B items in a batch, V size of the alphabet, t characters already written.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.core.constraint import Constraint
from nextchar.core.numerics import normalised
from nextchar.core.plan import Plan
from nextchar.core.prefixes import possible_prefixes
from nextchar.core.protocol import Drawer, Draws, LanguageModel, LogProbs
from nextchar.core.random_streams import TORCH_STREAMS, Choose, item_keys, uniforms
from nextchar.core.settings import Setting
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, shortened, thousands
from nextchar.data.edit_distance import Surroundings
from nextchar.data.fingerprints import Fingerprints
from nextchar.data.stable_items import stable_items, stable_symbols
from nextchar.data.text_options import TextOptions
from nextchar.data.training_items import unknown_items
from nextchar.errors import BadValueError, SettingsError

__all__ = [
    "DrawnSymbols",
    "Samples",
    "adjust",
    "allowed",
    "assemble",
    "check_endless",
    "cumulate",
    "draw_plainly",
    "draw_symbols",
    "sample",
]

F64 = npt.NDArray[np.float64]

ENDLESS: Final = 10_000  # symbols after which an item without a length limit is given up
BATCH: Final = 1 << 17  # items drawn at a time, and
ITEMS: Final = Setting(name="the number of items", type=int)
BATCH_CELLS: Final = 1 << 24  # numbers in their rows: 128 MB
TINY: Final = 1e-290  # temperatures below let log-probabilities overflow
BARREN: Final = 50_000  # draws without a single item that meets all conditions, after which no more are tried


@dataclass(frozen=True)
class Samples:
    """What was drawn.

    Attributes:
        corpus: the items; possibly none.
        wanted: how many were asked for.
        drawn: how many had to be drawn for it, items that were left out included.

    Example:
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
        return (
            f"only {len(self.corpus):,} of {self.wanted:,} items: {self.drawn:,} draws gave no more that meet all "
            "conditions (new, distinct, min-distance, lengths)"
        )


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
            more than prefix and lengths, plan.new without known items, plan.min_distance without knowing from what, or
            items do not end, or all that are drawn are too near.
        UnknownSymbolError: the prefix has a character that the model does not know.
    """
    n = ITEMS.check(n)
    if n < 0:
        raise BadValueError(f"the number of items is at least 0, not {n}")
    if plan.new and known is None:
        raise unknown_items()
    if plan.min_distance and near is None:
        raise SettingsError("min-distance needs the items that it is measured from", argument="data")
    constraint = (constraint or Constraint()).of_at_least(plan.least)
    if constraint.looks_ahead:
        raise SettingsError("from left to right, items can be held to a prefix and to lengths alone")
    options = options or TextOptions(strip=False)
    prefix = (*possible_prefixes(model, constraint, options), model.alphabet.encode(""))[0]
    all_stable = stable_symbols(model.alphabet, options).all_stable
    seed = secrets.randbits(63) if plan.seed is None else plan.seed
    source = (
        _sequential(model, plan, constraint, seed, prefix)
        if plan.one_sequence
        else _batched(model, plan, constraint, n, seed, prefix)
    )
    kept: list[Corpus] = []
    seen: Fingerprints = np.empty(0, dtype=np.uint64)
    got = drawn = barren = 0
    while got < n and barren < BARREN:
        count = n - got
        if not plan.one_sequence:  # expect the share of good items seen so far
            most = max(BATCH_CELLS // model.alphabet.size, 1)
            count = min(count * drawn // max(got, 1) + 1 if drawn else count, BATCH, most)
        draws = source(count)
        batch = Corpus(model.alphabet, draws.ids)
        if not all_stable:
            batch = batch.take(np.flatnonzero(stable_items(batch, options)))
        if plan.new or plan.distinct or near is not None:
            batch, seen = _wanted(batch, plan, known, near, seen)
        if len(batch) > n - got:
            batch = batch.take(np.arange(n - got))
        drawn += count
        barren = 0 if len(batch) else barren + count
        got += len(batch)
        kept.append(batch)
    if near is not None and n and not got:
        raise SettingsError(
            f"of {drawn:,} draws none is at least {near.least} edits away from all {len(near.items):,} known items and "
            "meets all other conditions; ask for fewer edits",
            argument="min_distance",
        )
    return Samples(_joined(model, kept), n, drawn)


def _wanted(
    batch: Corpus, plan: Plan, known: Fingerprints | None, near: Surroundings | None, seen: Fingerprints
) -> tuple[Corpus, Fingerprints]:
    """The items of a batch that are new, far and distinct as far as asked for, and all fingerprints kept so far."""
    if near is not None and len(batch):
        batch = batch.take(np.flatnonzero(near.outside([batch.alphabet.written(item) for item in batch])))
    prints = batch.fingerprints() if len(batch) else seen[:0]
    good = np.ones(len(prints), dtype=np.bool_)
    if plan.new and known is not None:
        good &= ~np.isin(prints, known)
    if plan.distinct:
        good &= ~np.isin(prints, seen)
        first = np.zeros(len(prints), dtype=np.bool_)
        first[np.unique(prints, return_index=True)[1]] = True
        good &= first
        seen = np.union1d(seen, prints[good])
    return batch.take(np.flatnonzero(good)), seen


def _joined(model: LanguageModel, parts: list[Corpus]) -> Corpus:
    filled = [part for part in parts if len(part)]
    if filled:
        return Corpus.concatenate(filled)
    return Corpus(model.alphabet, np.empty(0, dtype=model.alphabet.dtype))


# -- from a row of log-probabilities to a symbol ------------------------------------------------------------------


def adjust(
    log_probs: LogProbs, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> LogProbs:
    """Reshape rows: temperature first, then top_k, then top_p; (B, V) -> (B, V) nats, each row again summing to 1.

    Temperature 0 leaves the most probable symbol alone (the smallest id among equals), and one so small that dividing
    by it leaves the range of numbers all that are equally probable. Ties at the edge of top_k and top_p go to the
    smaller id.
    """
    if temperature == 0:
        top_k, temperature = 1, 1.0
    if temperature < TINY:  # dividing overflows, except where the best are at 0
        top = log_probs.max(axis=-1, keepdims=True)
        log_probs = np.where((log_probs == top) & np.isfinite(top), 0.0, -np.inf)
    if temperature != 1:
        log_probs = normalised(log_probs / temperature)
    V = log_probs.shape[-1]
    if (top_k is not None and top_k < V) or top_p is not None:
        order = np.argsort(-log_probs, axis=-1, kind="stable")
        sorted_probs = np.exp(np.take_along_axis(log_probs, order, axis=-1))
        rank = np.arange(V)
        keep = np.broadcast_to(rank < (V if top_k is None else top_k), log_probs.shape)
        if top_p is not None:
            sorted_probs = sorted_probs * keep
            sorted_probs /= sorted_probs.sum(axis=-1, keepdims=True)
            before = np.cumsum(sorted_probs, axis=-1) - sorted_probs
            keep = keep & ((before < top_p) | (rank == 0))
        kept = np.empty(log_probs.shape, dtype=np.bool_)
        np.put_along_axis(kept, order, keep, axis=-1)
        log_probs = normalised(np.where(kept, log_probs, -np.inf))
    return log_probs


def allowed(log_probs: LogProbs, alphabet: Alphabet, plan: Plan, shortest: int, t: int) -> LogProbs:
    """Rows (B, V) after t characters, adjusted; a dead end is -inf throughout.

    Before `shortest` characters the end is at -inf, and the unknown symbol always.
    """
    unknown = alphabet.unknown
    if t < shortest or unknown is not None:
        log_probs = log_probs.copy()
        if t < shortest:
            log_probs[:, BOUNDARY] = -np.inf
        if unknown is not None:
            log_probs[:, unknown] = -np.inf
    if not plan.adjusts:
        return log_probs
    dead = ~np.isfinite(log_probs).any(axis=-1)
    if dead.any():
        log_probs = log_probs.copy()
        log_probs[dead, BOUNDARY] = 0.0  # keeps the arithmetic below finite; undone right after
    adjusted = adjust(log_probs, temperature=plan.temperature, top_k=plan.top_k, top_p=plan.top_p)
    adjusted[dead] = -np.inf
    return adjusted


def cumulate(log_probs: LogProbs) -> F64:
    """Cumulative probabilities of rows, (B, V); the last column is the row's total, 0 at a dead end."""
    cumulative: F64 = np.cumsum(np.exp(log_probs), axis=-1)
    return cumulative


class DrawnSymbols(NamedTuple):
    """Which symbol of each row is drawn, and why.

    Attributes:
        ids: (B,) the symbols; meaningless where a row's total is 0.
        marks: (B,) where in the interval from 0 to the total the draw lands.
    """

    ids: npt.NDArray[np.intp]
    marks: F64


def draw_symbols(cumulative: F64, u: F64) -> DrawnSymbols:
    """The draw itself: the first symbol of each row (B, V) whose cumulative probability exceeds u (B,) of the total."""
    total = cumulative[:, -1]
    marks = np.minimum(u * total, np.nextafter(total, 0))
    return DrawnSymbols((cumulative <= marks[:, None]).sum(axis=-1), marks)


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


def draw_plainly(
    model: LanguageModel, plan: Plan, constraint: Constraint, seed: int, prefix: Ids, first: int, count: int
) -> Draws:
    """Items first .. first + count - 1 of the seed by the model's start and advance alone."""
    keys = item_keys(seed, first, count)
    step = model.start(count)
    for symbol in prefix:
        step = model.advance(step.state, np.full(count, symbol))
    alive = np.arange(count)
    written: list[tuple[npt.NDArray[np.intp], Ids]] = []
    dead: list[npt.NDArray[np.intp]] = []
    t = len(prefix)
    while len(alive) and t != constraint.max_length:
        check_endless(constraint.max_length, t)
        cumulative = cumulate(allowed(step.log_probs, model.alphabet, plan, constraint.shortest, t))
        total = cumulative[:, -1]
        ids, _ = draw_symbols(cumulative, uniforms(keys[alive], t))
        dead.append(alive[total == 0])
        going = (ids != BOUNDARY) & (total > 0)
        if not going.all():
            alive, ids = alive[going], ids[going]
            step = step._replace(state=model.select(step.state, np.flatnonzero(going)))
        written.append((alive, ids.astype(model.alphabet.dtype)))
        t += 1
        if len(alive) and t != constraint.max_length:
            step = model.advance(step.state, written[-1][1])
    return assemble(prefix, written, count, np.concatenate([*dead, np.empty(0, dtype=np.intp)]))


def check_endless(max_length: int | None, t: int) -> None:
    """Stop what would not stop by itself.

    Raises:
        SettingsError: no length limit, and an item of ENDLESS symbols.
    """
    if max_length is None and t >= ENDLESS:
        raise SettingsError(
            f"an item has not ended after {ENDLESS:,} characters, and with these settings may never; give a max-length",
            argument="max_length",
        )


def assemble(
    prefix: Ids, written: list[tuple[npt.NDArray[np.intp], Ids]], count: int, dead: npt.NDArray[np.intp]
) -> Draws:
    """Put together what was written character by character: for each time, (item numbers, ids)."""
    lengths = np.full(count, len(prefix), dtype=np.int64)
    for items, _ in written:
        lengths[items] += 1
    sizes = lengths + 1
    sizes[dead] = 0
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    ids = np.zeros(offsets[-1] + len(prefix) + len(written), dtype=prefix.dtype)
    begins = offsets[:-1]
    whole = np.ones(count, dtype=np.bool_)
    whole[dead] = False
    for t, symbol in enumerate(prefix):
        ids[begins[whole] + t] = symbol
    for t, (items, symbols) in enumerate(written, start=len(prefix)):
        if len(dead):
            items, symbols = items[whole[items]], symbols[whole[items]]
        ids[begins[items] + t] = symbols
    return Draws(ids[: offsets[-1]], np.concatenate([[0], offsets[1:][whole]]))


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
