"""An ensemble that is trained as a whole: its members one after the other on the same items, then their weights.

The weights are fitted to items that no member learned from, those of a validation part, or else a tenth of the data
that is held out first. So a mix takes nets as further experts: `mix_with_nets` divides the time between them.

Nets that come behind a mix learn beside it: a share of what it says of an item that it has not counted is added to
their logits, so that they learn rather what it lacks. Then the weights are fitted as for any models.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import numpy as np

from nextchar.core.metrics import Metrics
from nextchar.core.model import Model
from nextchar.core.progress import Progress, ProgressReport, Report
from nextchar.core.settings import LARGEST_SEED, check, setting
from nextchar.core.spec import Spec
from nextchar.data.corpus import Corpus, training_pair
from nextchar.data.display import amount, are, thousands, were
from nextchar.data.hashing import checked_seed
from nextchar.data.splits import beginning, hold_out
from nextchar.errors import SettingsError
from nextchar.extras import need_torch
from nextchar.models.ensemble.model import EnsembleModel, pool_weights, pooled, symbol_rows
from nextchar.models.ensemble.seat import Seat
from nextchar.models.mix.model import Mix, MixAndRows
from nextchar.models.neural.families import NetRun, NetSpec
from nextchar.models.neural.training.beside import Beside
from nextchar.models.neural.training.planning import MEASURED_SYMBOLS
from nextchar.models.neural.training.settings import Run
from nextchar.models.registry import nets as nets_of_table
from nextchar.models.registry import spec_of

__all__ = ["SECONDS", "EnsembleOf", "Member", "MixWithNets", "mix_with_nets"]

SECONDS: Final = 600.0  # of the whole, where nothing else is said
MIX_SECONDS: Final = 60.0  # more gains the mix nothing on lists of names
MEASURING_SECONDS: Final = 20.0  # at most a quarter of the time: for the weights, and for measuring what was trained
LEAST: Final = 1.0  # seconds for each member
SHARE: Final = 0.4  # of what a mix says, for nets to add to; see docs/design/mixing.md


class Member(NamedTuple):
    """One model of an ensemble that is to be trained.

    Attributes:
        kind: for people.
        spec: its settings.
        share: of the work, for telling how far it has come; the shares sum to 1.
    """

    kind: str
    spec: Spec
    share: float


@dataclass(frozen=True, kw_only=True)
class EnsembleOf:
    """The settings of models that are trained on the same items and then made one; a `Spec`.

    Attributes:
        members: in the order in which they are trained.
        budget_seconds: for everything, or None for as long as it takes.

    Raises:
        SettingsError: fewer than two members.
    """

    members: tuple[Member, ...]
    budget_seconds: float | None = None

    def __post_init__(self) -> None:
        if len(self.members) < 2:
            raise SettingsError(f"an ensemble that is to be trained has at least two members, not {len(self.members)}")

    @property
    def summary(self) -> str:
        """The members' settings, for people."""
        return "; ".join(f"{member.kind}: {member.spec.summary}" for member in self.members)

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> EnsembleModel:
        """Train the members, and fit their weights to items that none of them learned from.

        Args:
            data: the items to learn from.
            validation: the items for the weights, by which nets also choose among their own weights along the way; by
                default a tenth of the different items of `data`, with all their repeats, is held out for this, and
                metrics.notes says so.
            progress: is told how far all of it has come.

        Raises:
            SettingsError: nothing can be held out of so few items, or a member cannot be trained.
            KeyboardInterrupt: Ctrl-C, where a member does not end with what it has so far.
        """
        data, validation = training_pair(data, validation)
        notes: tuple[str, ...] = ()
        if validation is None:
            everything = len(data)
            data, validation = hold_out(data)
            held = f"{len(validation):,} of the {thousands(everything, 'item')} {were(len(validation))}"
            if data.whole_texts:
                held = f"the last {thousands(validation.symbols, 'symbol')} of the text were"
            notes = (f"{held} held out of the training, for the weights of the ensemble",)
        made: list[Model] = []
        stopped: list[str] = []
        done = 0.0
        beside: Beside | None = None
        for member in self.members:
            tell = None if progress is None else _within(progress, member, done)
            spec = member.spec
            if isinstance(spec, Mix):
                left_out = spec.fit_and_say(data, progress=tell)
                beside = _beside(left_out, data, validation)
                made.append(left_out.model)
            elif beside is not None and isinstance(spec, NetSpec | NetRun):
                made.append(spec.fit(data, validation=validation, progress=tell, beside=beside))
            else:
                made.append(spec.fit(data, validation=validation, progress=tell))
            done += member.share
            if reason := made[-1].metrics.stopped:
                stopped.append(f"{member.kind}: {reason}")
        if progress is not None:
            progress(ProgressReport(1.0, "the weights of the ensemble"))
        weights = pool_weights(made, validation)
        notes += tuple(
            f"the weight of {member.kind} is 0: it adds nothing to the others, and is left out"
            for member, weight in zip(self.members, weights, strict=True)
            if weight == 0
        )
        return pooled(made, weights).with_metrics(Metrics(notes=notes, stopped="; ".join(stopped) or None))


def _beside(left_out: MixAndRows, data: Corpus, validation: Corpus) -> Beside | None:
    """What nets add to, or None where the mix does not say it of all items."""
    if left_out.log_probs is None or len(left_out.log_probs) != data.symbols:
        return None
    measured = symbol_rows(
        Seat.of(left_out.model, data.alphabet), beginning(validation.encoded_in(data.alphabet), MEASURED_SYMBOLS)
    )
    return Beside(*((SHARE * rows).astype(np.float32) for rows in (left_out.log_probs, measured)))


def _within(progress: Progress, member: Member, done: float) -> Progress:
    """Tells of a member's training as a part of the whole."""

    def tell(at: Report) -> None:
        progress(ProgressReport(done + member.share * at.share, f"{member.kind}: {at.text}"))

    return tell


def mix_with_nets(
    nets: Sequence[str],
    *,
    seconds: float = SECONDS,
    seed: int = 0,
    runs: Sequence[Run] = (),
) -> EnsembleOf:
    """A mix and nets together, trained within a time.

    The mix takes up to 60 seconds, at most the share of one member; 20 seconds, at most a quarter, are kept for fitting
    the weights and for measuring; the nets have equal parts of the rest. The mix comes first, for the nets learn beside
    it; they have checkpoints: after an interruption the mix, and a minute of a net, are all that is to be done again.

    Args:
        nets: their kinds, each with a preset if it is not the default one: "mlp", "lstm:large".
        seconds: for everything.
        seed: of the mix and of the first net; the next ones have the next seeds, so that two of a kind differ.
        runs: how the training of each net runs; by default as `NetSpec.fit` has it.

    Raises:
        SettingsError: no nets, no such net or preset, or too little time.
        MissingExtraError: torch is not installed.

    Examples:
        >>> import nextchar
        >>> settings = nextchar.mix_with_nets(["transformer:small"], seconds=60)
        >>> [member.kind for member in settings.members]  # settings.fit(corpus) trains them
        ['mix', 'transformer']
    """
    need_torch("a mix with nets")
    if not nets:
        raise SettingsError("a mix with nets needs at least one net")
    checked_seed(seed)
    least = LEAST * (len(nets) + 1)
    if not (math.isfinite(seconds) and seconds >= least):
        raise SettingsError(
            f"{amount(seconds, 'second')} {are(seconds)} too few for {len(nets) + 1} models; give at least {least:g}, "
            "better some minutes"
        )
    for_mix = min(MIX_SECONDS, seconds / (len(nets) + 1))
    for_net = (seconds - for_mix - min(MEASURING_SECONDS, seconds / 4)) / len(nets)
    whole = for_mix + len(nets) * for_net
    members = [Member("mix", Mix(seconds=for_mix, seed=seed), for_mix / whole)]
    for number, (name, run) in enumerate(zip(nets, runs or [Run()] * len(nets), strict=True)):
        kind, _, preset = name.partition(":")
        if kind not in nets_of_table():
            raise SettingsError(
                f"there is no net {kind!r}; choose one of {', '.join(nets_of_table())}", argument="with"
            )
        settings = {"seconds": for_net, "seed": seed + number}
        spec = cast(NetSpec, spec_of(kind, settings, preset=preset or "default"))
        members.append(Member(kind, NetRun(spec, run), for_net / whole))
    return EnsembleOf(members=tuple(members), budget_seconds=seconds)


@dataclass(frozen=True, kw_only=True)
class MixWithNets:
    """The settings of `mix_with_nets`, as a table of options has them.

    Attributes:
        nets: their kinds, each with a preset if it is not the default one.
        seconds: for everything.
        seed: of the mix and of the first net.

    Raises:
        SettingsError: a setting is out of its range.
    """

    nets: tuple[str, ...] = setting(
        (),
        help="Train this net too, lstm:large say, and make one model of all; repeatable.",
        option="with",
        metavar="NET[:PRESET]",
    )
    seconds: float = setting(SECONDS, help="Train for so long, all together.", above=0, option="seconds", metavar="X")
    seed: int = setting(0, help="Of the mix and of the first net.", at_least=0, at_most=LARGEST_SEED)

    def __post_init__(self) -> None:
        check(self)

    @property
    def trainings(self) -> int:
        """How many nets are trained."""
        return len(self.nets)

    @property
    def summary(self) -> str:
        """The nets and the time, for people."""
        return f"mix with {', '.join(self.nets)}, {amount(self.seconds, 'second')}"

    @property
    def budget_seconds(self) -> float | None:
        """The seconds."""
        return self.seconds

    def running(self, runs: Sequence[Run]) -> EnsembleOf:
        """The models to train, each net bound to how its training runs; see `mix_with_nets` for what it raises."""
        return mix_with_nets(self.nets, seconds=self.seconds, seed=self.seed, runs=runs)

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,
        progress: Progress | None = None,
    ) -> EnsembleModel:
        """Train; see `EnsembleOf.fit`."""
        return self.running([Run()] * self.trainings).fit(data, validation=validation, progress=progress)
