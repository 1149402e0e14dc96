"""Items that meet a constraint, from any model: exactly where the model is a finite automaton, nearly so elsewhere.

A net cannot say how probable it is that an item will meet a condition in the end. A count model of the same alphabet
can, and its answer guides the net: each symbol is drawn from the net's row times the count model's message of the
state that it leads to. So every item meets the condition, and no draw runs into a dead end. What the guide has bent is
weighed: the weight of an item is the net's probability over that of its draw, and of CANDIDATES such items one is
kept by weight (sampling importance resampling, Rubin 1987). The more candidates and the better the guide, the nearer
to the true shares; without a count model the guide holds all symbols alike.

Letters: B items in a batch, M candidates an item, V size of the alphabet, t characters already written.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton
from nextchar.automata.automaton_reader import AutomatonReader, Reader, automaton_of
from nextchar.automata.bounded_items import BoundedItems
from nextchar.automata.conditioned import conditioned
from nextchar.automata.constraints import constraint_automata
from nextchar.automata.dfa import Dfa, nothing_of
from nextchar.automata.product import Product
from nextchar.automata.reshaping import begun
from nextchar.core.constraint import Constraint
from nextchar.core.drawing import Drawing, drawing
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.prefixes import possible_prefixes, read_prefix
from nextchar.core.protocol import Drawer, Draws, LanguageModel, LogProbs, Step
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.sampling import allowed, assemble, check_endless, cumulate
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.arguments import need
from nextchar.data.corpus import Corpus
from nextchar.data.edit_distance import Surroundings
from nextchar.data.fingerprints import Fingerprints
from nextchar.data.training_items import known_file, surroundings, training_items
from nextchar.errors import ConflictError, SettingsError, TooLargeError

__all__ = ["CANDIDATES", "Guided", "draw_items"]

CANDIDATES: Final = 16
CHOICE: Final = 1 << 40  # the number of the uniform that chooses, beyond those that draw


def draw_items(
    model: Model,
    n: int,
    plan: Plan,
    constraint: Constraint | None = None,
    *,
    data: Corpus | None = None,
    look_ahead: Model | None = None,
) -> Drawing:
    """Draw n items that meet a constraint: the one place that decides how.

    - From left to right, by `core.drawing`, where nothing but a prefix is asked for; for a model that is no
      finite automaton also where lengths are; and always for the streams of torch.
    - Exactly, where the model is a finite automaton that is not too large for it.
    - By a guide, in every other case.

    New items are, in the first two ways, those that are drawn and not known, whether the training data is at hand or
    not, so that a seed gives the same everywhere. Only where nothing new comes of many draws are the training items
    left out beforehand, if they are at hand; and by a guide they always are, as a draw is dear.

    What is too near to known items (plan.min_distance) is left out of what is drawn in any of these ways, which changes
    nothing of how often the others come beside each other.

    Args:
        model: any.
        n: how many.
        plan: how to draw.
        constraint: what items are wanted; one that leaves the least length open gives no empty items, except for the
            streams of torch.
        data: the training data, for plan.new of a model that has no fingerprints of it, and for plan.min_distance.
        look_ahead: a count model of the same alphabet that guides a model that is no finite automaton.

    Warns:
        UserWarning: the model is a finite automaton, but too large.

    Raises:
        ConflictError: a stream of torch with more than a prefix and lengths; `data` without plan.new and
            plan.min_distance.
        SettingsError: n is negative; no item meets the constraint; a pattern cannot be read; `data` is not the
            training data; the training items are not known; the guide has another alphabet; or, when they are drawn,
            items do not end.
        UnknownSymbolError: a condition needs a character that the model does not know.
    """
    need(plan, Plan, "plan", "a Plan")
    need(constraint, Constraint, "constraint", "a Constraint", optional=True)
    need(look_ahead, Model, "look_ahead", "a count model", optional=True)
    constraint = (constraint or Constraint()).of_at_least(plan.least)
    if not plan.one_sequence:
        constraint = _read(constraint, model)
    if data is not None and not plan.new and not plan.min_distance:
        raise ConflictError(
            "the training data goes with new items alone, or with a least distance from known ones", argument="new"
        )
    if not (data is None or isinstance(data, Corpus)):
        raise SettingsError(f"the training data is a corpus (Corpus.from_items, from_file), not {type(data).__name__}")
    near = None
    if plan.min_distance:
        seen = model.provenance
        near = surroundings(seen, model.alphabet, constraint.not_in, data, plan.new, plan.min_distance)
        # which hold the known items themselves, so that nothing else has to leave them out
        plan, constraint, data = replace(plan, new=False), replace(constraint, not_in=()), None
    more = constraint.looks_ahead or look_ahead is not None
    if plan.one_sequence and more:
        raise ConflictError(
            f"the stream {plan.stream} goes symbol by symbol, with a prefix and lengths alone; the stream nextchar "
            "takes match, suffix, contains, allowed, not_in and a model that looks ahead"
        )
    known = _known(model, plan, data)
    exact = isinstance(model, AutomatonReader)
    if not more and (plan.one_sequence or not (exact and constraint.bounds_length)):
        seen = model.provenance
        drawn = drawing(model, n, plan, constraint, options=seen.options, known=known, near=near)
        told = data is not None or (exact and not plan.new)  # whether it can be told that there are none, or some
        if plan.one_sequence or not told or not n or drawn.begins():
            return drawn
    if exact:
        try:
            return _draw_exactly(model, n, plan, constraint, data, near, known)
        except TooLargeError:
            what = "the model is too large to meet the constraint exactly: how often each item comes is approximate"
            warnings.warn(what, stacklevel=3)  # at the caller of model.draw
    if plan.new and data is None:
        data = known_file(model.provenance)
    return _draw_guided(model, n, plan, constraint, data, look_ahead, near)


def _read(constraint: Constraint, model: Model) -> Constraint:
    """The same with the prefixes that text options make of the one, where these are several."""
    options = model.provenance.options
    readings = [read_prefix(prefix, model.alphabet, options) for prefix in constraint.prefixes]
    if all(len(texts) == 1 for texts in readings):
        return constraint
    return replace(constraint, prefix=tuple(itertools.chain.from_iterable(readings)))


def _known(model: Model, plan: Plan, data: Corpus | None) -> Fingerprints | None:
    """Of what new items are told from; the data is looked through, so that wrong data is an error in every case."""
    seen = model.provenance
    if not plan.new or data is None:
        return seen.known
    items = training_items(seen, model.alphabet, data)
    return items.fingerprints() if seen.known is None else seen.known


def _draw_exactly(
    model: Model,
    n: int,
    plan: Plan,
    constraint: Constraint,
    data: Corpus | None,
    near: Surroundings | None,
    known: Fingerprints | None,
) -> Drawing:
    automaton, seen = automaton_of(model), model.provenance
    rest = Plan(seed=plan.seed, distinct=plan.distinct, new=plan.new)
    told = not plan.new or known is not None
    if told and not constraint.looks_ahead:
        drawn = _draw_bounded(model, automaton, n, plan, constraint, near, known)
        if drawn is not None:
            return drawn
    if plan.new and data is None:
        data = known_file(seen)
    if told:
        chain = conditioned(automaton, seen, constraint, reshaped=plan).chain
        drawn = drawing(chain.items(automaton), n, rest, Constraint(min_length=0), known=known, near=near)
        if not plan.new or data is None or not n or drawn.begins():
            return drawn
    chain = conditioned(automaton, seen, constraint, new=True, data=data, reshaped=plan).chain
    return drawing(chain.items(automaton), n, replace(rest, new=False), Constraint(min_length=0), near=near)


def _draw_bounded(
    model: Model,
    automaton: Automaton,
    n: int,
    plan: Plan,
    constraint: Constraint,
    near: Surroundings | None,
    known: Fingerprints | None,
) -> Drawing | None:
    """Where nothing but lengths and a prefix is asked for; None where that has to be had in another way."""
    options = model.provenance.options
    prefixes = possible_prefixes(Reader(automaton), constraint, options)
    if plan.adjusts:
        automaton = begun(automaton, prefixes, constraint.shortest)
    items = BoundedItems.of(automaton, constraint, plan)
    if items is None or not all(map(items.can_begin, prefixes)):
        return None
    rest = Plan(seed=plan.seed, distinct=plan.distinct, new=plan.new)
    within = Constraint(prefix=constraint.prefix, min_length=0)
    drawn = drawing(items, n, rest, within, options=options, known=known, near=near)
    return drawn if drawn.begins() else None


def _draw_guided(
    model: Model,
    n: int,
    plan: Plan,
    constraint: Constraint,
    data: Corpus | None,
    look_ahead: Model | None,
    near: Surroundings | None,
) -> Drawing:
    seen = model.provenance
    automata = constraint_automata(constraint, model.alphabet, seen.options)
    prefixes = possible_prefixes(model, constraint, seen.options)
    if plan.new and data is not None:
        automata.append(nothing_of(training_items(seen, model.alphabet, data)))
    guide = None if look_ahead is None else automaton_of(look_ahead)
    rest = Plan(seed=plan.seed, distinct=plan.distinct, new=plan.new and data is None)
    least = min(map(len, prefixes), default=0)
    guided = Guided.of(model, automata, plan, guide, constraint.max_length, constraint.shortest, least)
    return drawing(guided, n, rest, Constraint(min_length=0), known=seen.known, near=near)


@dataclass(frozen=True, eq=False)
class Guided:
    """A model with a condition and a guide; a language model that draws in its own way.

    Attributes:
        model: whose items are wanted.
        plan: temperature and the like.
        product: the guide and the condition.
        ahead: (P + 1,) log of the guide's message from each state of the product, nats.
        max_length: of the items, where the condition has one.
        shortest: the least length.
        given: up to how many symbols the prefixes go that all items begin with.
    """

    model: LanguageModel
    plan: Plan
    product: Product
    ahead: npt.NDArray[np.float64]
    max_length: int | None = None
    shortest: int = 0
    given: int = 0

    @classmethod
    def of(
        cls,
        model: LanguageModel,
        automata: list[Dfa],
        plan: Plan,
        guide: Automaton | None,
        max_length: int | None = None,
        shortest: int = 0,
        given: int = 0,
    ) -> Guided:
        """Prepare.

        Raises:
            SettingsError: the guide has another alphabet, or holds that no item can meet the constraint.
        """
        if guide is not None and guide.alphabet != model.alphabet:
            raise SettingsError("the count model that looks ahead needs the very characters of the model")
        product = Product.of(_uniform(model.alphabet) if guide is None else guide, automata)
        ahead = np.append(product.messages(), -np.inf)
        if ahead[product.start] == -np.inf:
            raise SettingsError("no item meets all the conditions")
        return cls(model, plan, product, ahead, max_length, shortest, given)

    @property
    def alphabet(self) -> Alphabet:
        """What the ids mean."""
        return self.model.alphabet

    @property
    def context_length(self) -> int | None:
        """As of the model."""
        return self.model.context_length

    @property
    def corpus_scorer(self) -> None:
        """None: it draws, and the model scores."""
        return

    @property
    def batch_limit(self) -> int | None:
        """As of the model."""
        return self.model.batch_limit

    def start(self, batch: int) -> Step:
        """As of the model."""
        return self.model.start(batch)

    def advance(self, state: object, ids: Ids) -> Step:
        """As of the model."""
        return self.model.advance(state, ids)

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """As of the model."""
        return self.model.select(state, rows)

    def log_probs(self, ids: Ids) -> LogProbs:
        """As of the model."""
        return self.model.log_probs(ids)

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer:  # noqa: ARG002 - a sampler's interface
        """The way to draw."""
        return self._draw

    def _draw(self, seed: int, prefix: Ids, first: int, count: int) -> Draws:
        """Items first .. first + count - 1 of the seed, a few at a time."""
        step = max((1 << 22) // (CANDIDATES * self.alphabet.size), 1)
        parts = [self._some(seed, prefix, first + i, min(step, count - i)) for i in range(0, count, step)]
        ends = np.cumsum([0, *(int(part.offsets[-1]) for part in parts)])
        offsets = [part.offsets[1:] + begin for part, begin in zip(parts, ends, strict=False)]
        return Draws(
            np.concatenate([prefix[:0], *(part.ids for part in parts)]),
            np.concatenate([np.zeros(1, dtype=np.int64), *offsets]),
        )

    def _some(self, seed: int, prefix: Ids, first: int, count: int) -> Draws:
        """`count` items: all candidates side by side, and of each item's one chosen by weight."""
        total = count * CANDIDATES
        keys = item_keys(seed, first * CANDIDATES, total)
        alive = np.arange(total)
        weight = np.zeros(total)  # log p / q
        at = np.full(total, self.product.start)
        step = self.model.start(total)
        written: list[tuple[npt.NDArray[np.intp], Ids]] = []
        t = 0
        while len(alive):
            check_endless(self.max_length, t)
            child = self.product.child[at]
            rows = self._rows(step.log_probs, child, t)
            ahead = self.ahead[child]
            ahead[:, BOUNDARY] = np.where(np.isfinite(self.product.log_prob[at, BOUNDARY]), 0.0, -np.inf)
            with np.errstate(invalid="ignore"):
                drawn = np.nan_to_num(rows + ahead - self.ahead[at, None], nan=-np.inf)
            cumulative = cumulate(drawn)
            norm = cumulative[:, -1]
            mark = np.minimum(uniforms(keys[alive], t) * norm, np.nextafter(norm, 0))
            ids = (cumulative <= mark[:, None]).sum(axis=-1)
            stuck = norm == 0  # the model gives no probability to anything that is wanted
            weight[alive[stuck]] = -np.inf
            ids[stuck] = BOUNDARY
            ok = ~stuck
            with np.errstate(divide="ignore"):
                weight[alive[ok]] += np.log(norm[ok]) + self.ahead[at[ok]] - ahead[np.flatnonzero(ok), ids[ok]]
            going = np.flatnonzero(ids != BOUNDARY)
            at = child[going, ids[going]]
            alive, chosen = alive[going], ids[going].astype(prefix.dtype)
            written.append((alive, chosen))
            t += 1
            if len(alive):
                step = self.model.advance(self.model.select(step.state, going), chosen)
        draws = assemble(prefix, written, total, np.empty(0, dtype=np.intp))
        return self._chosen(draws, weight.reshape(count, CANDIDATES), item_keys(seed, first, count))

    def _rows(self, rows: LogProbs, child: npt.NDArray[np.int32], t: int) -> LogProbs:
        if t < self.given and self.plan.adjusts:  # of the prefixes, what the plan prefers, however improbable all are
            rows = np.where(child < self.product.size, rows, -np.inf)
        return allowed(rows, self.alphabet, self.plan, self.shortest, t)

    def _chosen(self, draws: Draws, weight: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]) -> Draws:
        top = weight.max(axis=1)
        dead = top == -np.inf
        shares = cumulate(weight - np.where(dead, 0.0, top)[:, None])
        mark = np.minimum(uniforms(keys, CHOICE) * shares[:, -1], np.nextafter(shares[:, -1], 0))
        which = (shares <= mark[:, None]).sum(axis=1)
        items = Corpus(self.alphabet, draws.ids)
        kept = np.flatnonzero(~dead)
        taken = items.take(kept * CANDIDATES + which[kept])
        return Draws(taken.ids, taken.offsets)


def _uniform(alphabet: Alphabet) -> Automaton:
    """One state that holds all symbols alike."""
    V = alphabet.size
    return Automaton.from_rows(alphabet, 0, np.full((1, V), -np.log(V)), np.zeros((1, V), dtype=np.int32))
