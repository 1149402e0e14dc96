"""The mix beside the n-gram models: tried on the same items held out, and kept as a finite automaton.

On lists of some hundred to some thousand items a mix mostly predicts better than any n-gram model, and what `distil`
makes of it still does, with exact answers. So it is one more candidate: always where it takes no more than a few
seconds, and on longer lists where the best model is worth the wait.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from nextchar.automata.distilling import distil
from nextchar.automata.stored_model import DerivedModel
from nextchar.core.metrics import CandidateLoss
from nextchar.core.progress import Progress, ProgressReport
from nextchar.core.scoring import evaluate
from nextchar.core.spec import Spec, whole
from nextchar.data.corpus import Corpus
from nextchar.data.display import thousands
from nextchar.models.mix.model import Mix
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.selection import Choice, held_out_parts

__all__ = [
    "BETTER",
    "MIX_BYTES",
    "MOST",
    "NONE",
    "QUICK",
    "BestChoice",
    "MixAutomaton",
    "Reach",
    "choose_with_mix",
    "suits_mix",
]


class Reach(NamedTuple):
    """Up to which lists something goes.

    Attributes:
        symbols: of the list, at most.
        cells: its symbols times the size of the alphabet, at most.
    """

    symbols: int
    cells: int


FEWEST_SYMBOLS: Final = 400  # of a list, below which n-gram models are mostly as good
NONE: Final = Reach(0, 0)
QUICK: Final = Reach(25_000, 1_000_000)  # the mix takes a few seconds
MOST: Final = Reach(100_000, 20_000_000)  # beyond, it is not tried: it would take a minute and more
BETTER: Final = Reach(4_000_000, 10**12)  # a mix of one minute has predicted better than the best n-gram model
MIX_BYTES: Final = 400_000_000  # of memory that a quick one takes, at most, the interpreter included
POSITIONS: Final = 30_000  # that the gate is fitted to, all passes together; no seconds: the same model everywhere
LEAST_EPOCHS: Final = 4.0  # more gain nothing where there are thousands of items,
MOST_EPOCHS: Final = 14.0  # and these nothing anywhere
JUDGED_SYMBOLS: Final = 4_000  # of the list, times how often the mix is trained to be judged,
TIMES: Final = 3  # at most
STATES: Final = 15_000  # of the automaton, and
STATES_A_SYMBOL: Final = 2.0  # of the training data: some 170 bytes each,
STATE_CELLS: Final = 16_000_000  # but with so many probabilities in all, at most
FITTING: Final = 0.7  # of the work, about


@dataclass(frozen=True, kw_only=True)
class MixAutomaton:
    """The settings of a mix that is made an automaton; there is nothing to set."""

    @property
    def summary(self) -> str:
        """What it is, for people."""
        return "a mix as an automaton"

    @property
    def budget_seconds(self) -> None:
        """None: as long as it takes."""
        return

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,  # noqa: ARG002 - a spec's interface
        progress: Progress | None = None,
    ) -> DerivedModel:
        """Fit a mix and distil it.

        Ctrl-C while its gate is fitted ends all.

        Raises:
            CorpusError: no item has a weight above 0.
        """
        data = Corpus.of(data)
        epochs = min(max(POSITIONS / max(data.symbols, 1), LEAST_EPOCHS), MOST_EPOCHS)
        mix = whole(Mix(epochs=epochs).fit(data, progress=_part(progress, 0.0, FITTING)))
        states = min(STATES + round(STATES_A_SYMBOL * data.symbols), max(STATE_CELLS // data.alphabet.size, 1))
        return distil(mix, states=states, progress=_part(progress, FITTING, 1.0))


@dataclass(frozen=True)
class BestChoice:
    """The best n-gram model, and the mix beside it.

    Attributes:
        choice: among the n-gram models.
        mix_nats: per symbol of items held out, of the mix as an automaton.
        ngram_nats: per symbol of the same items, of the best n-gram model.
        held_out: how many items they are.
    """

    choice: Choice
    mix_nats: float
    ngram_nats: float
    held_out: int

    @property
    def takes_mix(self) -> bool:
        """Whether the mix predicts better."""
        return self.mix_nats < self.ngram_nats

    @property
    def spec(self) -> Spec:
        """The best."""
        return MixAutomaton() if self.takes_mix else self.choice.spec

    @property
    def ngrams(self) -> Ngram:
        """The best n-gram model."""
        return self.choice.ngrams

    def explanation(self) -> str:
        """Why, in one sentence for people."""
        if not self.takes_mix:
            both = f"{MixAutomaton().summary}: {self.mix_nats:.4f}, against {self.ngram_nats:.4f}"
            return f"{self.choice.explanation()}; on {self.held_out:,} of them {both}"
        held = thousands(self.held_out, "item")
        return (
            f"chose {MixAutomaton().summary}: {self.mix_nats:.4f} nats per symbol on {held} held out; the best of "
            f"{thousands(len(self.choice.tried), 'n-gram model')}, {self.choice.spec.summary}: {self.ngram_nats:.4f}"
        )

    def in_short(self) -> str:
        """What was taken, in a few words, and what the others have."""
        ngram = f"{self.ngram_nats:.4f}"
        if not self.takes_mix:
            return f"{self.choice.in_short()}; {ngram} nats per symbol held out, a mix {self.mix_nats:.4f}"
        return f"{MixAutomaton().summary}, {self.mix_nats:.4f} nats per symbol held out, the best n-gram model {ngram}"

    @property
    def candidates(self) -> tuple[CandidateLoss, ...]:
        """For a model's metrics: the mix before the n-gram models where it is better, else behind them."""
        nats = self.mix_nats if math.isfinite(self.mix_nats) else None
        mix = CandidateLoss(model="mix", smoothing=None, order=None, nats_per_symbol=nats, weights="importance")
        return (mix, *self.choice.candidates) if self.takes_mix else (*self.choice.candidates, mix)


def suits_mix(choice: Choice, symbols: int, alphabet: int, reach: Reach = MOST) -> bool:
    """Whether the mix is worth trying: on a list that something could be held out of, neither short nor long.

    Args:
        choice: among the n-gram models.
        symbols: of the list.
        alphabet: its size.
        reach: up to which lists.
    """
    fits = FEWEST_SYMBOLS <= symbols <= reach.symbols and symbols * alphabet <= reach.cells
    return choice.held_out > 0 and not choice.texts and fits


def choose_with_mix(
    choice: Choice,
    data: Corpus,
    validation: Corpus | None = None,
    *,
    reach: Reach = MOST,
    progress: Progress | None = None,
) -> BestChoice | Choice:
    """The mix beside the best n-gram model, on the same items; that choice alone where the mix does not suit.

    Args:
        choice: among the n-gram models, by `choose` of the same data.
        data: the training data.
        validation: the items to judge by; by default some are held out, of a short list up to three times.
        reach: up to which lists the mix is tried.
        progress: is told how far it has come.
    """
    if not suits_mix(choice, data.symbols, data.alphabet.size, reach):
        return choice
    times = min(max(JUDGED_SYMBOLS // data.symbols, 1), TIMES)
    parts = held_out_parts(data, most=times) if validation is None else [(data, validation)]
    nats = {MixAutomaton(): 0.0, choice.spec: 0.0}
    weight = 0.0
    for number, (rest, held) in enumerate(parts):
        for spec in nats:
            fitting = _part(progress, number / len(parts), (number + 1) / len(parts))
            model = whole(spec.fit(rest, progress=fitting if isinstance(spec, MixAutomaton) else None))
            loss = evaluate(model, held)
            nats[spec] += loss.nats
        weight += loss.weight
    mix, ngram = (sum_ / weight for sum_ in nats.values())
    return BestChoice(choice, mix if math.isfinite(mix) else math.inf, ngram, sum(len(held) for _, held in parts))


def _part(progress: Progress | None, begin: float, end: float) -> Progress | None:
    """Progress of a part of the work, as that of all of it."""
    return None if progress is None else partial(_tell, progress, begin, end)


def _tell(progress: Progress, begin: float, end: float, at: ProgressReport) -> None:
    progress(ProgressReport(begin + (end - begin) * at.share, at.text))
