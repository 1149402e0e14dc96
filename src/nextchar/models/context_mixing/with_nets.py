"""Context mixing with nets inside, trained within a time.

The mixers have to learn how far to trust a net on text that it does not know: of what it was trained on it says too
much. So a net is trained on the first nine tenths of the data, and its hints on the rest are what the mixers learn
from. Then it goes on with all of the data, for the use that follows, at lower rates.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, cast

import numpy as np

from nextchar.core.progress import Progress, ProgressReport, Report
from nextchar.core.settings import LARGEST_SEED, check, setting
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.data.display import amount, are, thousands
from nextchar.data.provenance import Provenance
from nextchar.data.splits import beginning
from nextchar.errors import SettingsError
from nextchar.extras import need_torch
from nextchar.models.context_mixing.budget import usual_passes
from nextchar.models.context_mixing.hints import NetsInside
from nextchar.models.context_mixing.model import ContextMixing, ContextMixingModel
from nextchar.models.neural.families import NetSpec
from nextchar.models.neural.training.settings import Run
from nextchar.models.registry import nets as nets_of_table
from nextchar.models.registry import spec_of

if TYPE_CHECKING:
    from nextchar.models.neural.model import NeuralModel

__all__ = ["SECONDS", "ContextMixingWithNets", "MixingWithNets"]

SECONDS: Final = 600.0  # of the whole, where nothing else is said
TAUGHT: Final = 0.9  # of the symbols, that a net is trained on before the mixers learn from its hints on the rest
MIXING_SHARE: Final = 0.2  # of the seconds, at most: for hints and mixing; the nets have the rest
BEGINNING: Final = 5.0  # seconds of hints and mixing, however short the text is;
A_PASS, HINTING = 45e-6, 20e-6  # for each symbol of the data: seconds of a pass, and of a net's hints on the last part
LEAST_MIXING: Final = 0.1  # the same, where the nets took longer; more where they were done sooner
FURTHER_SHARE: Final = 0.3  # of a net's seconds: for going on with all of the data,
AGAIN: Final = 3  # in which the last part stands so often once more: in the end all was read about equally often
VALIDATED: Final = 8192  # symbols of the last part, by which the best weights are chosen
NEAR: Final = 512  # symbols: the end of an item that is so near is where the data are cut
LEAST: Final = 1.0  # seconds for each training


@dataclass(frozen=True, kw_only=True)
class ContextMixingWithNets:
    """The settings of context mixing with nets inside, as a table of options has them.

    Attributes:
        nets: their kinds, each with a preset if it is not the default one.
        seconds: for everything.
        learning, contexts, passes, megabytes: of context mixing, which has what the nets leave of the seconds; see
            `ContextMixing`.
        seed: of the order of items, and of the first net; the next ones have the next seeds.

    Raises:
        SettingsError: a setting is out of its range.
    """

    nets: tuple[str, ...] = setting(
        (),
        help="Train this net too, transformer:text say, and mix in what it says; repeatable.",
        option="with",
        metavar="NET[:PRESET]",
    )
    seconds: float = setting(SECONDS, help="Train for so long, all together.", above=0, option="seconds", metavar="X")
    learning: Literal["static", "adaptive"] = setting(
        "static", help="For use as it stands, or for reading that learns."
    )
    contexts: int | None = setting(
        None, help="Kinds of context.", at_least=9, at_most=37, default_text="what the seconds allow"
    )
    passes: int | None = setting(
        None,
        help="Over the text, of static learning.",
        at_least=1,
        at_most=100,
        default_text="what the seconds allow",
    )
    megabytes: int = setting(1024, help="For the counts, at most.", at_least=1, at_most=1 << 20)
    seed: int = setting(0, help="Of the order of items, and of the first net.", at_least=0, at_most=LARGEST_SEED)

    def __post_init__(self) -> None:
        check(self)

    @property
    def trainings(self) -> int:
        """Of nets: each is trained on a part of the data, and then on all."""
        return 2 * len(self.nets)

    @property
    def summary(self) -> str:
        """The nets and the time, for people."""
        return f"context mixing with {', '.join(self.nets)}, {amount(self.seconds, 'second')}"

    @property
    def budget_seconds(self) -> float | None:
        """The seconds."""
        return self.seconds

    def running(self, runs: Sequence[Run]) -> MixingWithNets:
        """The models to train, each training of a net bound to how it runs.

        Raises:
            SettingsError: no such net or preset, or too little time.
            MissingExtraError: torch is not installed.
        """
        need_torch("context mixing with nets")
        if not self.nets:
            raise SettingsError("context mixing with nets needs at least one net")
        each = self.seconds * (1 - MIXING_SHARE) / len(self.nets)
        if not (math.isfinite(self.seconds) and each * FURTHER_SHARE >= LEAST):
            least = math.ceil(LEAST * len(self.nets) / (1 - MIXING_SHARE) / FURTHER_SHARE)
            raise SettingsError(
                f"{amount(self.seconds, 'second')} {are(self.seconds)} too few for "
                f"{thousands(len(self.nets), 'net')} and context mixing; give at least {least:g}, better some minutes",
                argument="seconds",
            )
        specs = []
        for number, name in enumerate(self.nets):
            kind, _, preset = name.partition(":")
            if kind not in nets_of_table():
                raise SettingsError(
                    f"there is no net {kind!r}; choose one of {', '.join(nets_of_table())}", argument="with"
                )
            settings = {"seconds": each * (1 - FURTHER_SHARE), "seed": self.seed + number}
            specs.append(cast(NetSpec, spec_of(kind, settings, preset=preset or "default")))
        mixing = ContextMixing(
            seconds=self.seconds * MIXING_SHARE,
            learning=self.learning,
            contexts=self.contexts,
            passes=self.passes,
            megabytes=self.megabytes,
            seed=self.seed,
        )
        return MixingWithNets(mixing, tuple(specs), tuple(runs), self.seconds)

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> ContextMixingModel:
        """Train; see `MixingWithNets.fit`."""
        return self.running([Run()] * self.trainings).fit(data, validation=validation, progress=progress)


@dataclass(frozen=True)
class MixingWithNets:
    """Context mixing, nets that are trained for it, and how their trainings run; a `Spec`."""

    mixing: ContextMixing
    nets: tuple[NetSpec, ...]
    runs: tuple[Run, ...]
    seconds: float

    @property
    def summary(self) -> str:
        """The settings of all, for people."""
        return "; ".join([self.mixing.summary, *(f"{net.kind}: {net.summary}" for net in self.nets)])

    @property
    def budget_seconds(self) -> float | None:
        """For everything."""
        return self.seconds

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,  # noqa: ARG002 - a spec's interface
        progress: Progress | None = None,
    ) -> ContextMixingModel:
        """Train the nets on the first part of the data, then on all of it; and let context mixing read it.

        Raises:
            CorpusError: no items, or items with weights.
            SettingsError: too little data to train on a part of it, or a net cannot be trained.
            KeyboardInterrupt: Ctrl-C in the training of a net that has a checkpoint.
        """
        begun = time.perf_counter()
        data = self.mixing.ordered(Corpus.of(data))
        begin = _cut(data)
        first, last = _parts(data, begin)
        mixing = self._mixing_share(data.symbols)
        share = (1 - mixing) / len(self.nets)
        done, nets, taught, stopped = 0.0, [], [], []
        for number, kind in enumerate(self.nets):
            one, two = self.runs[2 * number : 2 * number + 2]
            spec = replace(kind, seconds=self.seconds * share * (1 - FURTHER_SHARE))
            tell = _within(progress, done, share * (1 - FURTHER_SHARE), spec.kind)
            taught.append(spec.fit(first, validation=beginning(last, VALIDATED), progress=tell, run=one))
            done += share * (1 - FURTHER_SHARE)
            tell = _within(progress, done, share * FURTHER_SHARE, f"{spec.kind} on all")
            nets.append(_further(spec, self.seconds * share * FURTHER_SHARE, data, last, taught[-1], two, tell))
            done += share * FURTHER_SHARE
            stopped += [f"{spec.kind}: {net.metrics.stopped}" for net in (taught[-1], nets[-1]) if net.metrics.stopped]
        tell = _within(progress, done, mixing, "context mixing")
        left = max(begun + self.seconds - time.perf_counter(), LEAST_MIXING * self.seconds)
        model = replace(self.mixing, seconds=left).fit_ordered(
            data, tell, NetsInside(tuple(nets), tuple(taught), begin)
        )
        stopped += [model.metrics.stopped] if model.metrics.stopped else []
        return model.with_metrics(replace(model.metrics, stopped="; ".join(stopped) or None))

    def _mixing_share(self, symbols: int) -> float:
        """Of the seconds, for hints and mixing: what they take, about, of so many symbols.

        It depends on nothing measured: a training that goes on from a checkpoint has the same seconds for each net.
        """
        passes = (self.mixing.passes or usual_passes(symbols)) if self.mixing.learning == "static" else 1
        needed = BEGINNING + symbols * (A_PASS * passes + HINTING * len(self.nets))
        return min(needed / self.seconds, MIXING_SHARE)


def _further(
    spec: NetSpec,
    seconds: float,
    data: Corpus,
    last: Corpus,
    net: NeuralModel,
    run: Run,
    progress: Progress | None,
) -> NeuralModel:
    """A net that goes on with all of the data, to the end of its time, its last part more often than the rest."""
    from nextchar.models.neural.training.fit import fit_net

    settings = replace(cast(NetSpec, net.settings), steps=None, epochs=None, seconds=seconds, hold_out=0.0)
    settings = replace(settings, dropout=spec.dropout, decay=spec.decay)
    found = fit_net(settings, _evened(data, last), None, progress, run, initial=net)
    return replace(found, provenance=Provenance.of(data))  # the part that it learned first is in all of the data


def _evened(data: Corpus, last: Corpus) -> Corpus:
    """The data, and its last part once more as often as evens out that the first training left it out."""
    return replace(data, ids=np.concatenate([data.ids, *[last.ids] * AGAIN]))


def _cut(data: Corpus) -> int:
    """Where the last part of the data begins: at the end of an item, if one is near."""
    begin = int(TAUGHT * data.symbols)
    near = min(NEAR, (data.symbols - begin) // 2)
    ends = np.flatnonzero(data.ids[begin : begin + near] == BOUNDARY)
    if len(ends):
        begin += int(ends[0]) + 1
    if not 1 < begin < data.symbols - 1:
        raise SettingsError(
            f"{thousands(data.symbols, 'symbol')} are too few: a net is trained on the first nine tenths of the data, "
            "and what it says of the rest is what the mixers learn from"
        )
    return begin


def _parts(data: Corpus, begin: int) -> tuple[Corpus, Corpus]:
    """The data before a place and from there on; a text that goes on there ends in the first part."""
    first = data.ids[:begin]
    if first[-1] != BOUNDARY:
        first = np.append(first, np.array([BOUNDARY], dtype=first.dtype))
    return replace(data, ids=first), replace(data, ids=data.ids[begin:])


def _within(progress: Progress | None, done: float, share: float, what: str) -> Progress | None:
    """Tells of a training as a part of the whole."""
    if progress is None:
        return None

    def tell(at: Report) -> None:
        progress(ProgressReport(done + share * at.share, f"{what}: {at.text}"))

    return tell
