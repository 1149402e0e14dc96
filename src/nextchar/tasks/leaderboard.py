"""A leaderboard: many models trained on the same items and measured on the same items held out.

The loss on held-out items that also occur in the training data says how well a model remembers, so it is given for
the new items by themselves too. Speed is that of scoring the held-out items, again and again for about half a second.

Of running texts the models learn the beginning, and are measured on the end. There some go on learning as they read,
which is said of each, and PPMd, a compressor of others, stands among them as a mark (`outside_mark`).
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from nextchar.core.model import Model
from nextchar.core.progress import Progress
from nextchar.core.scoring import evaluate, symbol_nats
from nextchar.core.spec import Spec, whole
from nextchar.data.arguments import need_all
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of
from nextchar.data.splits import Split
from nextchar.models.registry import MODELS, Kind, spec_of, trained_kind
from nextchar.tasks.outside_mark import ppmd_mark

__all__ = ["OUTSIDE", "Candidate", "Entry", "candidates", "compare", "outside_entry"]

SEATING: Final = "pitman-yor"
OUTSIDE: Final = "ppmd"
"""What the mark of others is called."""

MOST_SCORED: Final = 5_000_000  # symbols
SCORING_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Candidate:
    """A model to train and compare.

    Attributes:
        kind: as the table of models (`registry`) has it.
        spec: its settings.
        adaptive: whether it is measured as it learns from what it reads.
    """

    kind: str
    spec: Spec
    adaptive: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the leaderboard: how a candidate did.

    Attributes:
        model: the kind.
        settings: in a few words.
        nats_per_symbol: on the held-out items.
        bits_per_symbol: the same in bits.
        new_nats_per_symbol: on those that do not occur in the training data; None where all do.
        size_bytes: of the model's file.
        seconds: of training.
        symbols_per_second: scored.
        adaptive: whether it learned from what it read while it was measured.
        outside: whether it is a mark of others, and no model of ours.
    """

    model: str
    settings: str
    nats_per_symbol: float
    bits_per_symbol: float
    new_nats_per_symbol: float | None
    size_bytes: int
    seconds: float
    symbols_per_second: float
    adaptive: bool = False
    outside: bool = False

    def __repr__(self) -> str:
        return line_of(self, self.name, f"{self.nats_per_symbol:.4f} nats/symbol", f"{self.seconds:.1f} seconds")

    @property
    def name(self) -> str:
        """For people: the settings, after the kind where they do not say it."""
        return self.settings if self.model == "ngram" else f"{self.model}: {self.settings}"

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def candidates(
    seconds: float | None = None, models: Sequence[str] = (), *, texts: bool = False, weighted: bool = False
) -> list[Candidate]:
    """The models to compare, with the settings that the table of models gives them.

    Args:
        seconds: let models that learn step by step (mix, nets) take part, each with so much time.
        models: only these kinds; by default all.
        texts: those for running texts.
        weighted: whether items of a list have weights: what can ignore them takes part with and without them;
            pitman-yor only without, as it seats each item as often as it weighs.

    Raises:
        SettingsError: there is no such kind, or it is not trained, or the time is out of its range.
        MissingExtraError: a model that would take part needs an extra that is not installed.

    Examples:
        >>> import nextchar
        >>> {candidate.kind for candidate in nextchar.candidates(models=["ngram"])}
        {'ngram'}
    """
    for name in need_all(models, str, "models", "a list of names of models"):
        trained_kind(name)
    found = []
    for row in MODELS.values():
        if (models and row.name not in models) or (row.timed and seconds is None):
            continue
        budget = {"seconds": seconds} if row.timed else {}
        chosen = row.text_candidates if texts else row.candidates
        if weighted and not texts:
            chosen = tuple(_with_and_without_weights(row))
        for settings in chosen:
            adaptive = settings.get("learning") == "adaptive"
            found.append(Candidate(row.name, spec_of(row, {**settings, **budget}), adaptive))
        if chosen:
            row.need()
    return found


def _with_and_without_weights(row: Kind) -> Iterator[Mapping[str, Any]]:
    ignores = bool(row.candidates) and any("ignored" in entry.choices for entry in row.offered())
    for settings in row.candidates:
        if not (ignores and settings.get("smoothing") == SEATING):
            yield settings
        if ignores:
            yield {**settings, "weights": "ignored"}


def compare(
    field: Sequence[Candidate], split: Split, *, part: str = "test", progress: Progress | None = None
) -> Iterator[Entry]:
    """Train models on the same items, measure them on the same items held out, and give each line as it is known.

    Args:
        field: what to train.
        split: the training items, the validation items that some models tune on, and those to measure by.
        part: which items to measure by: test or validation.
        progress: is told how the training of each goes.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items([a + b + c for a in "ab" for b in "cde" for c in "fghi"])
        >>> field = nextchar.candidates(models=["ngram"])[:2]
        >>> entries = nextchar.compare(field, nextchar.split(corpus))
        >>> best = min(entries, key=lambda entry: entry.nats_per_symbol)
        >>> best.model
        'ngram'
    """
    held_out: Corpus = getattr(split, part)
    judges = split.validation if len(split.validation) else None
    for candidate in field:
        begun = time.perf_counter()
        model = whole(candidate.spec.fit(split.train, validation=judges, progress=progress))
        trained = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            model.save(path)
            size = path.stat().st_size
        if candidate.adaptive:
            yield _adaptive(candidate, model, held_out, size, trained - begun)
            continue
        every = evaluate(model, held_out)
        new = evaluate(model, held_out, without=model.provenance.known)
        yield Entry(
            model=candidate.kind,
            settings=candidate.spec.summary,
            nats_per_symbol=every.nats_per_symbol,
            bits_per_symbol=every.bits_per_symbol,
            new_nats_per_symbol=new.nats_per_symbol if new.items else None,
            size_bytes=size,
            seconds=trained - begun,
            symbols_per_second=_speed(model, held_out),
        )


def _adaptive(candidate: Candidate, model: Model, held_out: Corpus, size: int, seconds: float) -> Entry:
    """The line of a model that learns from the held-out texts, once, as it reads them."""
    begun = time.perf_counter()
    nats = model.reader(adaptive=True).push(held_out.ids) / held_out.symbols
    return Entry(
        model=candidate.kind,
        settings=candidate.spec.summary,
        nats_per_symbol=nats,
        bits_per_symbol=nats / math.log(2),
        new_nats_per_symbol=None,
        size_bytes=size,
        seconds=seconds,
        symbols_per_second=held_out.symbols / (time.perf_counter() - begun),
        adaptive=True,
    )


def outside_entry(split: Split, *, part: str = "test") -> Entry:
    """The line of PPMd, a compressor of others, on the held-out texts.

    Args:
        split: of documents.
        part: which of them to measure by: test or validation.

    Raises:
        MissingExtraError: the package pyppmd is not installed.
        SettingsError: a part has no text.
    """
    mark = ppmd_mark(split.train, getattr(split, part))
    return Entry(
        model=OUTSIDE,
        settings=f"order {mark.order}, not ours",
        nats_per_symbol=mark.nats_per_symbol,
        bits_per_symbol=mark.nats_per_symbol / math.log(2),
        new_nats_per_symbol=None,
        size_bytes=mark.size_bytes,
        seconds=mark.seconds,
        symbols_per_second=mark.symbols_per_second,
        adaptive=True,
        outside=True,
    )


def _speed(model: Model, items: Corpus) -> float:
    """Symbols scored a second, the model being ready for it."""
    while True:
        begun = time.perf_counter()
        symbol_nats(model, items)
        seconds = time.perf_counter() - begun
        if seconds > SCORING_SECONDS / 4 or items.symbols >= MOST_SCORED:
            break
        items = Corpus.concatenate([items] * min(-(-MOST_SCORED // items.symbols), 10))
    begun = time.perf_counter()
    symbol_nats(model, items)
    return items.symbols / min(seconds, time.perf_counter() - begun)
