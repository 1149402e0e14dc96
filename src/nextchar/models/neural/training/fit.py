"""From settings and items to a trained net: the loop with its checkpoints, its log and its reports."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import torch

from nextchar.core.json_values import plain
from nextchar.core.metrics import Metrics
from nextchar.core.progress import Progress, ProgressReport
from nextchar.core.scoring import evaluate
from nextchar.data.corpus import Corpus
from nextchar.data.provenance import Provenance
from nextchar.errors import SettingsError
from nextchar.models.neural.model import NeuralModel, for_use
from nextchar.models.neural.training.checkpoints import Checkpointer, TrainingIdentity, data_fingerprint
from nextchar.models.neural.training.settings import NetTraining, Run
from nextchar.models.neural.training.trainer import Trainer, device_of

__all__ = ["fit_net"]

BEAT_SECONDS: Final = 0.2  # between two reports
BYTES_A_WEIGHT: Final = 16  # the weight, its gradient and two moments, 32 bits each
SAMPLED_POINTS: Final = 4  # every so many points the report has samples


def fit_net(
    settings: NetTraining, data: Corpus, validation: Corpus | None, progress: Progress | None, run: Run
) -> NeuralModel:
    """Train a net on a corpus.

    Ctrl-C ends training with the best weights so far, and metrics.stopped says so; where the run has a checkpoint,
    it is written and the interruption goes on to the caller.

    Args:
        settings: of the net and its training.
        data: the items to learn from.
        validation: the items to choose the best weights by.
        progress: is called periodically with how far it has come.
        run: device, checkpoint and log.

    Raises:
        SettingsError: no such device, or the checkpoint is of another training.
        ModelFileError: the checkpoint cannot be read, or cannot be written when Ctrl-C asks for it.
    """
    device = device_of(run.device)
    spec = settings.fitted_to(data)
    validation = None if validation is None else validation.encoded_in(data.alphabet)
    _check_size(spec, data.alphabet.size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        net = spec.net(data.alphabet.size)
    trainer = Trainer(net, data, validation, spec, device)
    identity = TrainingIdentity(spec.kind, plain(asdict(spec)), data_fingerprint(data, validation))
    checkpointer = Checkpointer(run, identity)
    checkpointer.resume(trainer)
    provenance = Provenance.of(data)

    def in_use() -> NeuralModel:
        with torch.random.fork_rng(devices=[]):
            copy = spec.net(data.alphabet.size)
        copy.load_state_dict(trainer.net.state_dict())
        return NeuralModel(settings=spec, alphabet=data.alphabet, module=for_use(copy), provenance=provenance)

    _learned(trainer, checkpointer, progress, in_use)
    model = in_use()
    metrics = Metrics(
        parameters=model.parameters,
        curve=tuple(trainer.curve),
        training_nats=evaluate(model, data).nats,
        device=str(device),
        precision=trainer.precision,
        stopped=trainer.stopped,
    )
    return model.with_metrics(metrics)


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
    trainer: Trainer, checkpointer: Checkpointer, progress: Progress | None, in_use: Callable[[], NeuralModel]
) -> None:
    """Train to the end, and tell of it."""
    beat = time.monotonic()
    samples = ""
    for point in checkpointer.steps(trainer):
        if progress is None or (point is None and time.monotonic() - beat < BEAT_SECONDS):
            continue
        beat = time.monotonic()
        if point is not None and len(trainer.curve) % SAMPLED_POINTS == 0:
            samples = "; " + " ".join(in_use().sample(3, seed=len(trainer.curve), max_length=20))
        progress(ProgressReport(trainer.share, (trainer.curve[-1].text if trainer.curve else "") + samples))
