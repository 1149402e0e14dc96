"""From settings and items to a trained net: the loop with its checkpoints, its log and its reports."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Final, NamedTuple

import numpy as np
import torch

from nextchar.core.json_values import plain
from nextchar.core.metrics import Metrics, PartLoss
from nextchar.core.progress import Progress, ProgressReport
from nextchar.core.timed_scoring import evaluate_within, sample_note
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance, together
from nextchar.data.splits import beginning
from nextchar.errors import NextcharError, SettingsError
from nextchar.models.neural.model import NeuralModel, for_use
from nextchar.models.neural.nets.base import Net
from nextchar.models.neural.threads import threads_for
from nextchar.models.neural.training.beside import Beside
from nextchar.models.neural.training.checkpoints import Checkpointer, TrainingIdentity, data_fingerprint
from nextchar.models.neural.training.devices import device_of
from nextchar.models.neural.training.packing import is_text
from nextchar.models.neural.training.planning import Parts, set_aside
from nextchar.models.neural.training.processes import Processes
from nextchar.models.neural.training.settings import NetTraining, Run
from nextchar.models.neural.training.trainer import Trainer

__all__ = ["fit_net", "follow", "in_use", "new_net"]

BEAT_SECONDS: Final = 0.2  # between two reports
BYTES_A_WEIGHT: Final = 16  # the weight, its gradient and two moments, 32 bits each
LEAST_LEFT: Final = 0.03  # of the seconds, for measuring what was trained, even where training took them all
OF_TEXTS: Final = 50_000  # symbols measured after training
SAMPLED_POINTS: Final = 4  # every so many points the report has samples


def fit_net(
    settings: NetTraining,
    data: Corpus,
    validation: Corpus | None,
    progress: Progress | None,
    run: Run,
    *,
    initial: NeuralModel | None = None,
    beside: Beside | None = None,
) -> NeuralModel:
    """Train a net on a corpus, from new weights or from those of a net with the same shape.

    Ctrl-C ends training with the best weights so far, and metrics.stopped says so; where the run has a checkpoint,
    it is written and the interruption goes on to the caller.

    In an initialised group of torch.distributed every process calls this. They train one net together (see
    `processes`), all with the arguments of the first one, which alone reads and writes files and tells of progress;
    and each gets the model.

    Without validation items a part of the data is held out for them, as the settings say; see `planning.set_aside`.

    Args:
        settings: of the net and its training.
        data: the items to learn from.
        validation: the items to choose the best weights by.
        progress: is called periodically with how far it has come.
        run: device, checkpoint and log.
        initial: a net to go on from; the new one's alphabet has the characters of both.
        beside: what another model says of data and validation, which are given then: the net learns to add to that,
            and predicts well only together with it.

    Raises:
        SettingsError: no such device, or the checkpoint is of another training.
        ModelFileError: the checkpoint cannot be read, or cannot be written when Ctrl-C asks for it.
        ProcessError: another process has stopped, or the first one met one of these errors.
    """
    processes = Processes.here()
    order = processes.from_first(lambda: _Order(settings, data, validation, run, initial, beside))
    with processes.training():
        return _fitted(order, progress if processes.first else None, processes)


class _Order(NamedTuple):
    """A training, as the first process has it; see `fit_net`."""

    settings: NetTraining
    data: Corpus
    validation: Corpus | None
    run: Run
    initial: NeuralModel | None
    beside: Beside | None


def follow() -> int:
    """Take part in the trainings of the first process until it ends; gives its exit code.

    Raises:
        ProcessError: another process has ended.
        KeyboardInterrupt: this one was told to end, and the others were not.
    """
    processes = Processes.here()
    while not isinstance(order := processes.next_order(), int):
        try:
            with processes.training():
                _fitted(order, None, processes)
        except (NextcharError, KeyboardInterrupt):  # which the others have met, too
            if processes.in_training:
                raise
    return order


def _fitted(order: _Order, progress: Progress | None, processes: Processes) -> NeuralModel:
    settings, data, validation, run, initial, beside = order
    begun = time.perf_counter() if run.begun is None else run.begun
    if initial is not None:
        data = data.encoded_in(initial.alphabet.union(data.alphabet))
    spec = settings.fitted_to(data)
    device = processes.each(lambda: _place_for(spec, data.alphabet.size, run, processes))
    parts = set_aside(data, validation, spec.hold_out)
    net = new_net(spec, parts.train, said=beside is not None)
    if initial is not None:
        _take_over(net, initial, data.alphabet)
    digest = data_fingerprint(parts.train, parts.validation, initial=None if initial is None else initial.arrays())
    identity = TrainingIdentity(spec.kind, plain(asdict(spec)), digest)
    checkpointer = Checkpointer(run, identity, processes)
    trainer = Trainer(
        net,
        parts.train,
        parts.validation,
        spec,
        device,
        spent_seconds=time.perf_counter() - begun,
        further=initial is not None,
        processes=processes,
        beside=beside,
    )
    checkpointer.resume(trainer)
    provenance = Provenance.of(data)
    if initial is not None:
        provenance = together(initial.provenance, provenance)

    def model_now() -> NeuralModel:
        return in_use(spec, trainer, data.alphabet, provenance)

    with threads_for(trainer.products, processes.local_size):
        _learned(trainer, checkpointer, progress, model_now)
        model = model_now()
        left = None
        if spec.seconds is not None:
            left = max(begun + spec.seconds - time.perf_counter(), LEAST_LEFT * spec.seconds)
        return model.with_metrics(processes.from_first(lambda: _measured(model, parts, trainer, left, data.symbols)))


def new_net(spec: NetTraining, train: Corpus, *, said: bool = False) -> Net:
    """A new net, which predicts each symbol as often as the data has it; or adds nothing, where another model did."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        net = spec.net(train.alphabet.size)
    if not said:
        net.expect(_log_frequencies(train))
    return net


def in_use(spec: NetTraining, trainer: Trainer, alphabet: Alphabet, provenance: Provenance) -> NeuralModel:
    """The model of the weights that a training has now."""
    with torch.random.fork_rng(devices=[]):
        copy = spec.net(alphabet.size)
    copy.load_state_dict(trainer.learner.net.state_dict())
    made = spec if trainer.plan is None else replace(spec, dropout=trainer.plan.dropout, decay=trainer.plan.decay)
    return NeuralModel(settings=made, alphabet=alphabet, module=for_use(copy), provenance=provenance)


def _place_for(spec: NetTraining, V: int, run: Run, processes: Processes) -> torch.device:
    """The device, if the net can be trained in this process.

    Raises:
        SettingsError: there is no such device, or too little memory.
    """
    device = device_of(run.device, processes)
    _check_size(spec, V)
    return device


def _take_over(net: Net, initial: NeuralModel, alphabet: Alphabet) -> None:
    """Give a new net the weights of another over a part of its alphabet; what concerns new symbols stays as it is."""
    rows = torch.from_numpy(initial.alphabet.ids_in(alphabet).astype(np.int64))
    before = initial.module.state_dict()
    with torch.no_grad():
        for name, tensor in net.state_dict().items():  # shares its memory with the net
            other = before[name].to(tensor.dtype)
            wider = [dim for dim in range(tensor.ndim) if tensor.shape[dim] != other.shape[dim]]
            if wider:  # the one that is as long as the alphabet
                tensor.index_copy_(wider[0], rows, other)
            else:
                tensor.copy_(other)


def _log_frequencies(data: Corpus) -> torch.Tensor:
    """Of each symbol, (V,) nats, with one more of each than there is, so that none is impossible."""
    weights = None if data.weights is None else np.repeat(data.weights, data.lengths + 1).astype(np.float64)
    counts = np.bincount(data.ids, weights, minlength=data.alphabet.size) + 1.0
    return torch.from_numpy(np.log(counts / counts.sum()))


def _measured(model: NeuralModel, parts: Parts, trainer: Trainer, left: float | None, whole: int) -> Metrics:
    """What is known of the training; the losses of all items or, where `left` seconds do not suffice, of a sample.

    The training data has `whole` symbols, with those of the items held out from it. Of a long text its beginning is
    measured, which says as much and takes less time than the text's training.
    """
    notes = [parts.note] if parts.note else []
    if trainer.unchanged:
        notes.append("no weights predicted the items held out better than those that the net had, which are kept")
    losses = {}
    nats = None
    for name, part, share in (("train", parts.train, 0.5), ("validation", parts.validation, 0.4)):
        if part is None or (name == "validation" and parts.note is None):  # a caller's validation is the caller's
            continue
        measured = beginning(part, OF_TEXTS) if is_text(part) else part
        found = evaluate_within(model, measured, None if left is None else share * left)
        losses[name] = PartLoss.of(found)
        nats = found.nats if name == "train" else nats
        note = sample_note(found, part, "training data" if name == "train" else "items held out")
        notes += [] if note is None else [note]
    return Metrics(
        parameters=model.parameters,
        curve=tuple(trainer.curve),
        training_nats=nats if losses["train"].symbols == whole else None,
        device=str(trainer.learner.device),
        precision=trainer.learner.precision,
        stopped=trainer.stopped,
        notes=tuple(notes),
        losses=losses,
    )


def _check_size(spec: NetTraining, V: int) -> None:
    """See that training the net fits into the machine's memory, from its shapes alone.

    Raises:
        SettingsError: it does not.
    """
    try:
        with torch.device("meta"):
            weights = sum(parameter.numel() for parameter in spec.net(V).parameters())
    except (RuntimeError, TypeError, OverflowError):  # its sizes are no 64-bit numbers
        raise SettingsError(f"a net of {spec.summary} is too large for any machine; make it smaller") from None
    needed, there = weights * BYTES_A_WEIGHT, _memory_bytes()
    if needed > there:
        raise SettingsError(
            f"a net of {weights:,} weights needs {needed / 1e9:,.1f} GB to be trained, and this machine has "
            f"{there / 1e9:,.1f}; make it smaller"
        )


def _memory_bytes() -> float:
    """Of the machine; infinite where the system does not say."""
    names = getattr(os, "sysconf_names", {})
    if not {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= set(names):
        return math.inf
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _learned(
    trainer: Trainer, checkpointer: Checkpointer, progress: Progress | None, model_now: Callable[[], NeuralModel]
) -> None:
    """Train to the end, and tell of it."""
    beat = time.monotonic()
    samples = ""
    for point in checkpointer.steps(trainer):
        if progress is None or (point is None and time.monotonic() - beat < BEAT_SECONDS):
            continue
        beat = time.monotonic()
        if point is not None and len(trainer.curve) % SAMPLED_POINTS == 0:
            samples = "; " + " ".join(model_now().sample(3, seed=len(trainer.curve), max_length=20))
        progress(ProgressReport(trainer.schedule.share, (trainer.curve[-1].text if trainer.curve else "") + samples))
