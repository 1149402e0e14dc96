"""Items that meet a condition, from any model: exactly where the model is a finite automaton, nearly so elsewhere.

A net cannot say how probable it is that an item will meet a condition in the end. A count model of the same alphabet
can, and its answer guides the net: each symbol is drawn from the net's row times the count model's message of the
state that it leads to. So every item meets the condition, and no draw runs into a dead end. What the guide has bent is
weighed: the weight of an item is the net's probability over that of its draw, and of CANDIDATES such items one is
kept by weight (sampling importance resampling, Rubin 1987). The more candidates and the better the guide, the nearer
to the true shares; without a count model the guide holds all symbols alike.

Letters: B items in a batch, M candidates an item, V size of the alphabet, t characters already written.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.automata.conditional import automaton_model, conditional, training_items
from nextchar.automata.constraints import Condition
from nextchar.automata.dfa import Dfa, nothing_of
from nextchar.automata.product import Product
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.protocol import LanguageModel, LogProbs, Step
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.sampling import Draws, Samples, adjust, assemble, check_endless, cumulate, sample
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.corpus import Corpus, TextOptions
from nextchar.errors import SettingsError, TooLargeError

__all__ = ["CANDIDATES", "Guided", "draw_wanted"]

CANDIDATES: Final = 16
CHOICE: Final = 1 << 40  # the number of the uniform that chooses, beyond those that draw


def draw_wanted(
    model: Model,
    n: int,
    plan: Plan,
    condition: Condition,
    *,
    data: Corpus | None = None,
    guide: Model | None = None,
) -> Samples:
    """Draw n items that meet a condition.

    Args:
        model: any; the shares of the items are exact if it is a finite automaton that is not too large for it, and
            approximate else.
        n: how many.
        plan: seed, temperature, top_k, top_p, distinct, new; its prefix and lengths are the condition's affair.
        condition: what items are wanted.
        data: the training data, for plan.new; without it, new items are found by fingerprints.
        guide: a count model of the same alphabet that looks ahead for a model that is no finite automaton.

    Warns:
        UserWarning: the model is a finite automaton, but too large.

    Raises:
        SettingsError: as `exact.conditional`; or the guide has another alphabet.
        UnknownSymbolError: a wish needs a character that the model does not know.
    """
    rest = replace(plan, temperature=1.0, top_k=None, top_p=None, prefix="", min_length=0, max_length=None)
    plain = TextOptions(strip=False)
    if isinstance(model, AutomatonModel):
        try:
            found = conditional(
                model,
                condition,
                new=plan.new,
                data=data,
                writable=True,
                temperature=plan.temperature,
                top_k=plan.top_k,
                top_p=plan.top_p,
            )
        except TooLargeError:
            what = "the model is too large to meet wishes exactly: how often each item comes is approximate"
            warnings.warn(what, stacklevel=2)
        else:
            rest = replace(rest, new=found.known is not None)
            return sample(found.model, n, rest, options=plain, known=found.known)
    automata = condition.automata(model.alphabet, model.provenance.options)
    items = training_items(model, data) if plan.new else None
    if items is not None:
        automata.append(nothing_of(items))
        rest = replace(rest, new=False)
    guided = Guided.of(model, automata, plan, None if guide is None else automaton_model(guide))
    return sample(guided, n, rest, options=plain, known=model.provenance.known)


@dataclass(frozen=True, eq=False)
class Guided:
    """A model with a condition and a guide; a language model that draws in its own way.

    Attributes:
        model: whose items are wanted.
        plan: temperature and the like.
        product: the guide and the condition.
        ahead: (P + 1,) log of the guide's message from each state of the product, nats.
    """

    model: LanguageModel
    plan: Plan
    product: Product
    ahead: npt.NDArray[np.float64]

    @classmethod
    def of(cls, model: LanguageModel, automata: list[Dfa], plan: Plan, guide: AutomatonModel | None) -> Guided:
        """Prepare.

        Raises:
            SettingsError: the guide has another alphabet, or holds that no item can meet the condition.
        """
        if guide is not None and guide.alphabet != model.alphabet:
            raise SettingsError("the count model that looks ahead needs the very characters of the model")
        product = Product.of(_uniform(model.alphabet) if guide is None else guide.automaton, automata)
        ahead = np.append(product.messages(), -np.inf)
        if ahead[product.start] == -np.inf:
            raise SettingsError("no item meets all the wishes")
        return cls(model, plan, product, ahead)

    @property
    def alphabet(self) -> Alphabet:
        """What the ids mean."""
        return self.model.alphabet

    @property
    def context_length(self) -> int | None:
        """As of the model."""
        return self.model.context_length

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

    def drawer(self, plan: Plan, n: int) -> partial[Draws]:  # noqa: ARG002 - a sampler's interface
        """The way to draw."""
        return partial(self._draw)

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
            check_endless(self.plan, t)
            rows = self._rows(step.log_probs)
            child = self.product.child[at]
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

    def _rows(self, rows: LogProbs) -> LogProbs:
        if self.alphabet.unknown is not None:
            rows = rows.copy()
            rows[:, self.alphabet.unknown] = -np.inf
        if not self.plan.adjusts:
            return rows
        return adjust(rows, temperature=self.plan.temperature, top_k=self.plan.top_k, top_p=self.plan.top_p)

    def _chosen(self, draws: Draws, weight: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]) -> Draws:
        top = weight.max(axis=1)
        dead = top == -np.inf
        shares = cumulate(weight - np.where(dead, 0.0, top)[:, None])
        mark = np.minimum(uniforms(keys, CHOICE) * shares[:, -1], np.nextafter(shares[:, -1], 0))
        which = (shares <= mark[:, None]).sum(axis=1)
        items = Corpus(self.alphabet, draws.ids, draws.offsets)
        kept = np.flatnonzero(~dead)
        taken = items.take(kept * CANDIDATES + which[kept])
        return Draws(taken.ids, taken.offsets)


def _uniform(alphabet: Alphabet) -> Automaton:
    """One state that holds all symbols alike."""
    V = alphabet.size
    return Automaton.from_rows(alphabet, 0, np.full((1, V), -np.log(V)), np.zeros((1, V), dtype=np.int32))
