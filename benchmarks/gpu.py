"""Nets on a graphics card beside one core of the processor: `python -m benchmarks.gpu [PART]...`.

Four parts, all by default. Where there is no card, small sizes show that they work.

- steps (4 minutes): for each net and batch, symbols learned a second on the core and on the card, there in float32, in
  bf16, with torch.compile, and with forward and backward as one CUDA graph, and the seconds before the first step.
- resumed (half a minute): a training that begins on the card, goes on on the processor and ends on the card, beside one
  on the processor alone.
- names (5 minutes): on makemore's names, the seconds until the loss of the validation part is the best of makemore's
  Transformer, and the loss of the test part after a minute.
- text (4 minutes): nanoGPT's configuration shakespeare_char, 6 layers of width 384 with a context of 256, on the first
  nine tenths of tiny Shakespeare; the seconds until the loss on the rest is nanoGPT's 1.4697, the least loss on the
  way, and in the end that of the whole rest with full context.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import click
import torch
import torch.nn.functional as F

from nextchar.core.progress import Report
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_path
from nextchar.data.download import find, locate
from nextchar.data.splits import beginning, split
from nextchar.models.neural.families import NetSpec
from nextchar.models.neural.nets.noise import Places
from nextchar.models.neural.training.devices import device_of
from nextchar.models.neural.training.packing import IGNORED, PackedRows
from nextchar.models.neural.training.settings import Run
from nextchar.models.neural.training.trainer import Trainer
from nextchar.models.registry import spec_of

__all__ = ["main"]

CARD: Final = torch.cuda.is_available()
MAKEMORE: Final = 1.989  # nats, the best validation loss of its Transformer: see nets.py
NANOGPT: Final = 1.4697  # nats, after three minutes of an A100, of its own measure
TEXT_SETTINGS: Final[dict[str, Any]] = {"steps": 5000, "precision": "bf16", "rate": 0.01, "patience": 0}
SECONDS: Final = 3.0 if CARD else 0.5  # of each measurement
SIZES: Final[tuple[dict[str, Any], ...]] = (
    ({"batch": 1024}, {"batch": 32_768}, {"batch": 32_768, "width": 256}) if CARD else ({"batch": 256, "width": 16},)
)


NAMES: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("transformer", "default", {}),
    ("transformer", "large", {"batch": 8192}),
    ("lstm", "large", {"batch": 8192}),
    ("wavenet", "large", {"batch": 8192}),
)


class Way(NamedTuple):
    """How steps are done.

    Attributes:
        name: for the table.
        device: cpu or cuda.
        precision: of the matrix products.
        prepare: is done to the trainer before the first step.
    """

    name: str
    device: str
    precision: str = "float32"
    prepare: Callable[[Trainer], None] | None = None


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(["steps", "resumed", "names", "text"]))
def main(parts: tuple[str, ...]) -> None:
    """Measure PARTS."""
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name() if CARD else 'no GPU here'}")
    print(f"--device auto takes {device_of('auto')}")
    assert (device_of("auto").type == "cuda") == CARD
    for part, measure in (("steps", _steps), ("resumed", _resumed), ("names", _names), ("text", _text)):
        if part in (parts or (part,)):
            measure()


def _steps() -> None:
    data = Corpus.from_file(shipped_path(), column="name")
    for kind in ("transformer", "wavenet"):
        for size in SIZES:
            title = f"{kind}, " + ", ".join(f"{name} {value:,}" for name, value in size.items())
            for way in _ways():
                print(f"{title:42} {way.name:28} {_tried(kind, size, way, data)}", flush=True)


def _ways() -> Iterator[Way]:
    yield Way("one core", "cpu")
    if CARD:
        yield Way("card", "cuda")
        yield Way("card, bf16", "cuda", "bf16")
        yield Way("card, torch.compile", "cuda", prepare=lambda trainer: trainer.learner.net.compile())
        yield Way("card, compile, reduce-overhead", "cuda", prepare=_with_less_overhead)
        yield Way("card, CUDA graph", "cuda", prepare=_as_graph)
        yield Way("card, bf16, CUDA graph", "cuda", "bf16", prepare=_as_graph)


def _tried(kind: str, size: dict[str, Any], way: Way, data: Corpus) -> str:
    """What was measured, or why it could not be."""
    settings = {"steps": 10**6, "dropout": 0.0, "seed": 1, "precision": way.precision, **size}
    spec = cast(NetSpec, spec_of(kind, settings)).fitted_to(data)
    try:
        torch.manual_seed(1)
        trainer = Trainer(spec.net(data.alphabet.size), data, None, spec, device_of(way.device))
        begun = time.perf_counter()
        if way.prepare is not None:
            way.prepare(trainer)
        steps = trainer.run()
        next(steps)
        first = time.perf_counter() - begun
        next(steps)
        _finish(way)
        begun, number = time.perf_counter(), 0
        while time.perf_counter() - begun < SECONDS:
            next(steps)
            number += 1
        _finish(way)
        rate = number * spec.batch / (time.perf_counter() - begun)
    except Exception as error:  # one way that fails is a finding, and the others are still measured
        return f"failed: {type(error).__name__}: {str(error).splitlines()[0]}"
    return f"{rate:12,.0f} symbols/s, {first:6.1f} s to the first step"


def _finish(way: Way) -> None:
    if way.device == "cuda":
        torch.cuda.synchronize()


def _with_less_overhead(trainer: Trainer) -> None:
    trainer.learner.net.compile(mode="reduce-overhead")


def _as_graph(trainer: Trainer) -> None:
    """Forward and backward of a batch of the usual size, recorded once and replayed; the update stays as it is."""
    learner, rows = trainer.learner, trainer._B
    first = trainer._epochs.epoch(0).part(0, rows)
    ids, targets = (torch.from_numpy(part).to(learner.device) for part in (first.ids, first.targets))
    symbols = (targets != IGNORED).sum()

    def compute() -> torch.Tensor:
        learner._optimiser.zero()
        with torch.autocast("cuda", torch.bfloat16, enabled=learner.precision == "bf16", cache_enabled=False):
            logits = learner.net(ids)
        nats = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum")
        (nats / symbols).backward()  # type: ignore[no-untyped-call]
        return nats

    learner.net.reads(Places(0, 0, ids, ids.flatten()))  # of no consequence where nothing is left out
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    with torch.cuda.stream(aside):
        for _ in range(3):
            compute()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        nats = compute()

    def learn(batch: PackedRows, step: int, pace: float, *, carried: bool = False) -> float:  # noqa: ARG001 - its shape
        if len(batch.ids) == rows:  # the last one of an epoch is left out here
            ids.copy_(torch.from_numpy(batch.ids))
            targets.copy_(torch.from_numpy(batch.targets))
            symbols.copy_((targets != IGNORED).sum())
            graph.replay()
            learner.update(pace)
        return nats.item()

    learner.learn = learn  # type: ignore[method-assign]


def _text() -> None:
    """nanoGPT's shakespeare_char through the usual loop; where there is no card, two steps of something small."""
    parts = split(Corpus.from_documents([locate("tiny-shakespeare").read_text(encoding="utf-8")]), "tail:0.1")
    preset, settings = ("nanogpt", TEXT_SETTINGS) if CARD else ("nanogpt-cpu", {"steps": 2, "batch": 256})
    spec = cast(NetSpec, spec_of("transformer", settings, preset=preset))
    held = parts.validation if CARD else beginning(parts.validation, 2000)
    begun = time.perf_counter()
    model = spec.fit(parts.train, validation=held, progress=_told)
    seconds = time.perf_counter() - begun
    curve = [(point.validation_nats or float("inf"), point.seconds) for point in model.metrics.curve]
    reached = next((f"{at:.0f} s" for nats, at in curve if nats <= NANOGPT), "not reached")
    print(f"{spec.summary}, device {model.metrics.device}, {model.metrics.precision}: {seconds:.0f} s in all")
    print(f"nanoGPT's {NANOGPT} on a sample of the rest: {reached}; the least on the way {min(curve)[0]:.4f}")
    print(f"{held.symbols:,} symbols with full context: {model.evaluate(held).nats_per_symbol:.4f} nats/symbol")


def _told(report: Report) -> None:
    print(f"{report.share:5.0%} {report.text.splitlines()[0] if report.text else ''}", flush=True)


def _names() -> None:
    """Trainings of a minute each, or of two seconds where there is no card."""
    path = find("makemore-names")
    if path is None:
        print("names: skipped, needs makemore's names.txt: set NEXTCHAR_NAMES, or nextchar data fetch")
        return
    parts = split(Corpus.from_file(path), "eurekalabs")
    for kind, preset, settings in NAMES if CARD else NAMES[:1]:
        budget = {"seconds": 60.0 if CARD else 2.0, "seed": 1}
        spec = cast(NetSpec, spec_of(kind, {**settings, **budget}, preset=preset))
        model = spec.fit(parts.train, validation=parts.validation)
        curve = [(point.seconds, point.validation_nats or float("inf")) for point in model.metrics.curve]
        reached = next((f"{at:.1f} s" for at, nats in curve if nats <= MAKEMORE), "not reached")
        print(
            f"{kind}, {preset}, {settings}, device {model.metrics.device}: {MAKEMORE} on validation: {reached}; after "
            f"{curve[-1][0]:.0f} s {min(nats for _, nats in curve):.4f}, test "
            f"{model.evaluate(parts.test).nats_per_symbol:.4f}",
            flush=True,
        )


def _resumed() -> None:
    """A training in three parts on two devices, beside one on the processor."""
    some = Corpus.from_file(shipped_path(), column="name").take(range(2000))
    spec = cast(NetSpec, spec_of("transformer", {"steps": 200, "seed": 1, "dropout": 0.2}, preset="small"))
    alone = spec.fit(some, run=Run(device="cpu")).metrics.curve
    other = "cuda" if CARD else "cpu"
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "checkpoint"
        for share, device in ((0.3, other), (0.6, "cpu"), (2.0, other)):
            try:
                model = spec.fit(
                    some, run=Run(device=device, checkpoint=checkpoint, resume=True), progress=_stop_at(share)
                )
            except KeyboardInterrupt:
                continue
    pairs = zip(model.metrics.curve, alone, strict=True)
    off = max(abs((mine.validation_nats or 0.0) - (its.validation_nats or 0.0)) for mine, its in pairs)
    print(f"{other} to cpu to {other}, {len(alone)} points: validation losses differ by {off:.1e} nats at most")


def _stop_at(share: float) -> Callable[[Report], None]:
    def progress(report: Report) -> None:
        if report.share >= share:
            os.kill(os.getpid(), signal.SIGINT)

    return progress


if __name__ == "__main__":
    main()
