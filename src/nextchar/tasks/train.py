"""From files to a trained and measured model: what the command `train` does."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final, Literal

import numpy as np

from nextchar.core.metrics import PartLoss
from nextchar.core.model import Model
from nextchar.core.progress import Progress
from nextchar.core.scoring import Evaluation
from nextchar.core.spec import Spec
from nextchar.core.timed_scoring import evaluate_within
from nextchar.data.arguments import need, need_function, need_path
from nextchar.data.corpus import Corpus, stream
from nextchar.data.decoding import Digest, format_as_read
from nextchar.data.display import one_line
from nextchar.data.format import Format
from nextchar.data.part_files import new_part_folder
from nextchar.data.pieces import in_context
from nextchar.data.provenance import Provenance, ProvenanceRecorder
from nextchar.data.sequences import value_name
from nextchar.data.sizes import MEMORY, checked_memory
from nextchar.data.source import Source
from nextchar.data.splits import Split, SplitName, split, split_of_files
from nextchar.data.text_options import TextOptions
from nextchar.data.writing import writing_to
from nextchar.errors import BadValueError, CountsError, SettingsError
from nextchar.models.ngram.count_settings import CountSpec
from nextchar.models.ngram.counts import Counts
from nextchar.models.ngram.counts_folder import CountsFolder, need_pyarrow
from nextchar.models.ngram.model import Ngram, NgramModel
from nextchar.models.ngram.runs import SortedRun, gathered, lower_order_run, mapped, union_of
from nextchar.models.ngram.selection import Choice, choose
from nextchar.models.ngram.spilling import count_within
from nextchar.tasks.mix_automaton import BETTER, MIX_BYTES, MOST, NONE, QUICK, BestChoice, choose_with_mix, suits_mix

__all__ = ["Trained", "TrainingFiles", "held_out_losses", "train", "train_on_counts"]

NGRAM_BYTES: Final = 250  # of memory that a model takes while it is made, for each n-gram, about
MEASURING: Final = 0.02  # of the seconds, at least, for measuring each part
Reading = Callable[[int], None]  # is told how many bytes have been read


@dataclass(frozen=True, kw_only=True)
class TrainingFiles:
    """The files to train on, and how to read them.

    Attributes:
        sources: as for Corpus.from_file.
        format: how to read them.
        options: what to do to the text.
        distinct: count repeated items once.
        unknown: add one symbol that stands for every character not in the training data.

    Examples:
        >>> import nextchar
        >>> nextchar.TrainingFiles(sources=("names.txt",), options=nextchar.TextOptions(lower=True), distinct=True)
        TrainingFiles(sources=('names.txt',), options=TextOptions(lower=True), distinct=True)
    """

    sources: tuple[str, ...]
    format: Format = Format()  # noqa: RUF009 - frozen
    options: TextOptions = TextOptions()  # noqa: RUF009 - frozen
    distinct: bool = False
    unknown: bool = False

    __repr__ = one_line


@dataclass(frozen=True)
class Trained:
    """A model, and what a person wants to know about its training.

    Attributes:
        model: with what was measured in its metrics.
        blank: lines that were left out.
        repeats: items that were left out because they occurred before.
        note: on a published split, or None.
        choice: where the model was not said: what was tried.
        untried: how to have a mix tried, where only n-gram models were, as the list is long: with `best`, or as a model
            `mix`; None where it was tried, or promises nothing.
    """

    model: Model
    blank: int
    repeats: int
    note: str | None
    choice: Choice | BestChoice | None = None
    untried: Literal["best", "mix"] | None = None

    __repr__ = one_line


def train(
    spec: Spec | None,
    data: TrainingFiles,
    *,
    best: bool = False,
    division: SplitName | str = "none",
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    seed: int = 0,
    reading: Reading | None = None,
    learning: Progress | None = None,
    memory: int | str = MEMORY,
    scratch: Path | None = None,
) -> Trained:
    """Read the data, train, and measure the loss on every part.

    Without a split and with repeats kept, a model that needs no more than counts takes files of any size in bounded
    memory: what is too much for it is sorted on disk. Where the counts of all orders would not fit into it either, the
    loss is not computed, and the model's counts stay in a file until it is used.

    Args:
        spec: the settings of the model; None for the one that is best on items held out: of n-gram models (see
            `models.ngram.selection`; of a large file, its first few megabytes decide) and, on lists of up to 25,000
            symbols, a mix, which is kept as a finite automaton (see `tasks.mix_automaton`).
        data: what to train on.
        best: without settings: try the mix on lists of up to 100,000 symbols, which takes up to half a minute.
        division: which items to hold out: none, or a split (see `data.splits.split`).
        validation: instead of a split, files of items to choose settings by, read as the others are; a character that
            only these have is in the model's alphabet too.
        test: files of items to measure by, likewise.
        seed: of the split.
        reading: is told how many bytes have been read.
        learning: is told how far training has come.
        memory: that such a training may take, about: bytes, or a text such as 1GB; below 400 MB no mix is tried.
        scratch: the folder for what is sorted on disk; by default the system's for temporary files.

    Raises:
        CorpusError: the data cannot be read.
        CountsError: what has to be sorted on disk cannot be written there.
        SettingsError: too few items for the split; or a split and files beside it.

    Examples:
        >>> import nextchar
        >>> from pathlib import Path
        >>> _ = Path("names.txt").write_bytes(b"emma" + bytes([10]) + b"ava")
        >>> trained = nextchar.train(nextchar.Ngram(order=2), nextchar.TrainingFiles(sources=("names.txt",)))
        >>> trained.model.provenance.items, trained.repeats
        (2, 0)
    """
    begun = time.perf_counter()
    need(data, TrainingFiles, "data", "TrainingFiles")
    need(best, bool, "best", "True or False")
    if best and spec is not None:
        raise SettingsError("best goes without settings: it says that they are to be chosen", argument="best")
    _check_told(spec, reading, learning, scratch, optional=True)
    limit = checked_memory(memory)
    held_out = bool(validation or test)
    if held_out and division != "none":
        raise SettingsError(f"give a split ({division}), or files of items held out", argument="split")
    holding = held_out or division != "none"
    digest = Digest()
    parts = _watched(stream(data.sources, data.format, data.options, digest=digest, pieces=True), digest, reading)
    choice: Choice | BestChoice | None = None
    ngrams: Choice | None = None
    reach = MOST if best else QUICK if limit >= MIX_BYTES else NONE
    if spec is None and not holding and not data.distinct and not best:
        begun_with = _until(parts, reach.symbols)
        parts = chain(begun_with, parts)
        beginning = Corpus.concatenate(begun_with)
        ngrams = choose(beginning, progress=learning)
        if not suits_mix(ngrams, beginning.symbols, beginning.alphabet.size, reach):
            choice, spec = ngrams, ngrams.spec
    if not holding and not data.distinct and isinstance(spec, CountSpec) and spec.counts_suffice:
        recorder = ProvenanceRecorder()
        with _scratch(scratch) as folder:
            counted = map(spec.counted, recorder.watch(parts))
            runs = count_within(in_context(counted, spec.order - 1), spec.order, limit, folder)
            seen = recorder.result(_source(data, digest))
            model = _from_runs(spec, runs, seen, limit, folder, data.unknown, learning, begun, choice)
        untried = _untried(choice, seen.symbols, model.alphabet.size)
        return Trained(model=model, blank=recorder.blank, repeats=0, note=None, choice=choice, untried=untried)
    corpus = Corpus.concatenate(list(parts))
    corpus = replace(corpus, source=_source(data, digest))
    everything = len(corpus)
    if data.distinct:
        corpus = corpus.distinct()
    repeats = everything - len(corpus)
    if division == "none":
        pieces = split_of_files(corpus, data.format, validation, test)
    else:
        pieces = split(corpus, division, seed=seed)
        repeats += pieces.repeats
    training = pieces.train
    if data.unknown:
        training = training.encoded_in(training.alphabet.only(training.characters_used(), has_unknown=True))
    judges = pieces.validation if len(pieces.validation) else None
    if spec is None:
        ngrams = ngrams or choose(training, judges, progress=learning)
        choice = choose_with_mix(ngrams, training, judges, reach=reach, progress=learning)
        spec = choice.spec
    model = spec.fit(training, validation=judges, progress=learning)
    now = time.perf_counter()
    seconds, trained = now - begun, model.metrics.training_seconds
    timed = begun if trained is None else max(begun, now - trained)  # what was loaded and read before is no part of it
    measured = dict(model.metrics.losses)  # by a training that has looked at them already
    if "train" not in measured:
        measured["train"] = PartLoss.of(_on_training_data(model, training, _left(spec, timed)))
    losses: dict[str, PartLoss] = measured
    if holding:
        losses |= held_out_losses(model, pieces, seconds=_left(spec, timed))
    return Trained(
        model=_measured(
            model,
            seconds,
            losses,
            division="files" if held_out else division,
            seed=seed if division == "distinct" else None,
            distinct=data.distinct,
            repeats=repeats,
            choice=choice,
        ),
        blank=corpus.blank,
        repeats=repeats,
        note=pieces.note,
        choice=choice,
        untried=_untried(choice, training.symbols, training.alphabet.size),
    )


def train_on_counts(
    spec: Spec,
    folder: CountsFolder,
    *,
    unknown: bool = False,
    learning: Progress | None = None,
    memory: int | str = MEMORY,
    scratch: Path | None = None,
) -> Trained:
    """The model of data that has been counted: the same as `train` makes of the data itself.

    Args:
        spec: the settings of a model that needs no more than counts.
        folder: the counts, of its order or a higher one.
        unknown: add one symbol that stands for every character not in the data.
        learning: is told how far training has come.
        memory: as for `train`.
        scratch: as for `train`.

    Raises:
        CountsError: the counts cannot be read, or are damaged; or what has to lie on disk cannot be written.
        SettingsError: they do not suffice for the model, or are of a lower order.

    Examples:
        >>> import nextchar
        >>> from pathlib import Path
        >>> _ = Path("names.txt").write_bytes(b"emma" + bytes([10]) + b"ava")
        >>> folder = nextchar.count_to("counts", "names.txt", order=3)
        >>> trained = nextchar.train_on_counts(nextchar.Ngram(order=2), folder)
        >>> trained.model.provenance.items
        2
    """
    begun = time.perf_counter()
    _check_told(spec, None, learning, scratch)
    need(folder, CountsFolder, "folder", "a CountsFolder (count_to, CountsFolder.open)")
    if not isinstance(spec, CountSpec) or not spec.counts_suffice:
        raise SettingsError(
            f"a model with these settings ({spec.summary}) learns from the items, not from counts alone"
        )
    if spec.order > folder.order:
        raise SettingsError(
            f"the counts have order {folder.order}, and no model of order {spec.order} can be made of them; count with "
            "a higher order"
        )
    if isinstance(spec, Ngram) and spec.weights == "ignored" and folder.provenance.weight is not None:
        raise SettingsError("the counts have the items' weights in them; count without weights to ignore them")
    need_pyarrow()
    limit = checked_memory(memory)
    run = folder.run() if spec.order == folder.order else lower_order_run(folder.run(), spec.order)
    seen = replace(folder.provenance, known=folder.known)
    with _scratch(scratch) as place:
        model = _from_runs(spec, [run], seen, limit, place, unknown, learning, begun, None)
    return Trained(model=model, blank=0, repeats=0, note=None)


def held_out_losses(model: Model, pieces: Split, *, seconds: float | None = None) -> dict[str, PartLoss]:
    """The loss on the validation and the test part, where there are items, of all and of those new to the model.

    Args:
        model: trained on the training part.
        pieces: the split.
        seconds: where all of it takes longer, a sample is measured (see `core.timed_scoring`); None for all.
    """
    losses = {}
    known = model.provenance.known
    for name, part in (("validation", pieces.validation), ("test", pieces.test)):
        if not len(part):
            continue
        new = part if known is None else part.take(np.flatnonzero(~np.isin(part.fingerprints(), known)))
        share = None if seconds is None else seconds / (2 if len(new) == len(part) else 4)
        everything = evaluate_within(model, part, share)
        losses[name] = PartLoss.of(
            everything, everything if len(new) == len(part) else evaluate_within(model, new, share)
        )
    return losses


def _left(spec: Spec, begun: float) -> float | None:
    """Of the seconds that the settings allow, those that are left for measuring; None where there is no limit."""
    allowed = spec.budget_seconds
    return None if allowed is None else max(begun + allowed - time.perf_counter(), MEASURING * allowed)


@contextmanager
def _scratch(folder: str | Path | None) -> Iterator[Path]:
    """A folder for what is sorted on disk, which is removed at the end."""
    place = Path(tempfile.gettempdir()) if folder is None else Path(folder)
    with writing_to(place, CountsError), new_part_folder(place / "nextchar-counting", private=True) as made:
        yield made


def _from_runs(
    spec: CountSpec,
    runs: Sequence[SortedRun],
    seen: Provenance,
    memory: int,
    folder: Path,
    unknown: bool,
    learning: Progress | None,
    begun: float,
    choice: Choice | BestChoice | None,
) -> Model:
    """The model of counts, made and measured in memory where they fit into it."""
    alphabet = union_of(runs)
    if unknown:
        alphabet = alphabet.only(alphabet.names, has_unknown=True)
    if not isinstance(spec, Ngram) or sum(run.size for run in runs) * NGRAM_BYTES <= memory:
        counts = gathered(runs, memory // 2)
    else:
        counts, small = mapped(runs, alphabet, folder / "counts", memory // 2)
        if len(counts.counts) * NGRAM_BYTES > memory:
            model = spec.from_large_counts(counts, small, seen)
            return _measured(model, time.perf_counter() - begun, {}, choice=choice)
        counts = replace(counts, ngrams=np.array(counts.ngrams), counts=np.array(counts.counts))
    return _from_counts(spec, counts.encoded_in(alphabet), seen, learning, begun, choice)


def _from_counts(
    spec: CountSpec,
    counts: Counts,
    seen: Provenance,
    learning: Progress | None,
    begun: float,
    choice: Choice | BestChoice | None,
) -> Model:
    """The model of counts, measured on its training data."""
    model = spec.from_counts(counts, seen, progress=learning)
    seconds = time.perf_counter() - begun
    nats = model.nats_of_counts() if isinstance(model, NgramModel) else model.training_nats()
    assert nats is not None, "a model of counts knows its training data"
    loss = Evaluation(items=seen.items, symbols=seen.symbols, nats=nats, weight=counts.total)
    return _measured(
        model,
        seconds,
        {"train": PartLoss.of(loss)},
        choice=choice,
    )


def _untried(choice: Choice | BestChoice | None, symbols: int, alphabet: int) -> Literal["best", "mix"] | None:
    """How to have a mix tried on a list of so many symbols, where only n-gram models were."""
    if not isinstance(choice, Choice) or not suits_mix(choice, symbols, alphabet, BETTER):
        return None
    return "best" if suits_mix(choice, symbols, alphabet, MOST) else "mix"


def _until(parts: Iterator[Corpus], symbols: int) -> list[Corpus]:
    """The first parts, up to that with which they have more than so many symbols; all, where they have no more."""
    taken: list[Corpus] = []
    while sum(part.symbols for part in taken) <= symbols and (part := next(parts, None)) is not None:
        taken.append(part)
    return taken


def _watched(parts: Iterator[Corpus], digest: Digest, reading: Reading | None) -> Iterator[Corpus]:
    for part in parts:
        if reading is not None:
            reading(digest.size)
        yield part


def _on_training_data(model: Model, training: Corpus, seconds: float | None) -> Evaluation:
    """As `evaluate` has it, from what the model knows: most have measured it, and to read everything again takes long.

    Where the loss is infinite everything is read all the same, for the n-gram that is impossible.
    """
    nats = model.training_nats()
    if nats is None or not math.isfinite(nats):
        return evaluate_within(model, training, seconds)
    items, weight = len(training), training.weighted_symbols
    return Evaluation(items=items, symbols=training.symbols, nats=nats, weight=weight)


def _source(data: TrainingFiles, digest: Digest) -> Source:
    """The files by their names alone: where they lay is nobody's business but the user's."""
    short = tuple(name if "://" in name else Path(name).name for name in data.sources)
    return Source(
        names=short, size_bytes=digest.size, sha256=digest.hexdigest, format=format_as_read(data.format, digest)
    )


def _measured(
    model: Model,
    seconds: float,
    losses: Mapping[str, PartLoss],
    *,
    division: str = "none",
    seed: int | None = None,
    distinct: bool = False,
    repeats: int = 0,
    choice: Choice | BestChoice | None,
) -> Model:
    """The model with what was measured of its training as a whole."""
    metrics = replace(
        model.metrics,
        seconds=seconds,
        split=division,
        seed=seed,
        distinct=distinct,
        repeats=repeats,
        losses=losses,
        candidates=() if choice is None else choice.candidates,
        chosen=None if choice is None else choice.explanation(),
    )
    return model.with_metrics(metrics)


def _check_told(spec: object, reading: object, learning: object, scratch: object, *, optional: bool = False) -> None:
    """See that the arguments of a training are of their types."""
    if not (callable(getattr(spec, "fit", None)) or (optional and spec is None)):
        raise BadValueError(
            f"spec is the settings of a model, such as Ngram(order=3), not {value_name(spec)}", argument="spec"
        )
    need_function(reading, "reading")
    need_function(learning, "learning")
    if scratch is not None:
        need_path(scratch, "scratch")
