"""Drawing names from the bigram model: into a text in memory, and as a command."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

import nextchar
from benchmarks import rivals
from benchmarks.data import Settings
from benchmarks.measure import Side, take_turns
from benchmarks.processes import nextchar_command, run_quietly
from benchmarks.report import Row, Section, Target, rows_of_speeds

__all__ = ["run"]

Way = Callable[[npt.NDArray[np.float64], str, int], str]
COMMAND_ITEMS = 1_000_000


def run(settings: Settings) -> list[Section]:
    """In memory, then the command."""
    return [_in_memory(settings), _command(settings)]


def _in_memory(settings: Settings) -> Section:
    import numba  # noqa: F401 - the compiled path is taken once it is loaded

    model = nextchar.load(settings.model_path)
    ids = np.zeros((model.alphabet.size, 2), dtype=model.alphabet.dtype)
    ids[:, 1] = np.arange(model.alphabet.size)
    P = np.exp(model.log_probs(ids)[:, 1])  # (V, V): row i follows symbol i, the boundary's row first
    candidates: list[tuple[str, Way, int]] = [("numpy: searchsorted for a batch", rivals.draw_with_numpy, 500_000)]
    if find_spec("torch"):
        candidates += [
            ("torch.multinomial for a batch", rivals.draw_with_torch, 100_000),
            ("documents' loop, torch.multinomial", rivals.draw_with_torch_loop, 1_000),
        ]
    text = _ours(model, settings.sample_items)
    checks = [_loss(model, text)]
    sides = [
        Side(
            name="nextchar, model.draw(n, plan).corpus.text()",
            run=partial(_ours, model, settings.sample_items),
            amount=len(text),
            ours=True,
        )
    ]
    notes = {sides[0].name: f"{settings.sample_items:,} names"}
    for name, way, most in candidates:
        n = min(most, settings.sample_items)
        text = way(P, model.alphabet.characters, n)
        checks.append(_loss(model, text))
        sides.append(Side(name=name, run=partial(way, P, model.alphabet.characters, n), amount=len(text)))
        notes[name] = f"{n:,} names"
    _check_alike([side.name for side in sides], checks)
    timings = take_turns(sides, settings.rounds)
    rows = rows_of_speeds(timings, "million symbols/s", 1e6, notes=notes)
    if not find_spec("torch"):
        rows.append(Row(name="torch", value=None, unit="", note="skipped: torch is not installed"))
    return Section(
        title="Drawing from the bigram model",
        about="Names into one text in memory; a symbol is a character or the end of a name. The texts of all sides "
        "cost the model the same number of nats a symbol, within chance.",
        rows=rows,
        targets=[
            Target(
                wanted="at least 60 million symbols/s",
                got=f"{timings[0].rate / 1e6:.1f}",
                met=timings[0].rate >= 60e6,
            )
        ],
    )


def _ours(model: nextchar.Model, n: int) -> str:
    return model.draw(n, nextchar.Plan(seed=1)).corpus.text()


def _loss(model: nextchar.Model, text: str) -> tuple[float, float]:
    """Nats per symbol of a text, and the standard error of that."""
    corpus = nextchar.Corpus.from_lines([text], alphabet=model.alphabet)
    nats = model.nats(corpus)
    rate = float(nats.sum()) / corpus.symbols
    spread = float(np.std(nats - rate * (corpus.lengths + 1)))
    return rate, spread * math.sqrt(len(corpus)) / corpus.symbols


def _check_alike(names: list[str], losses: list[tuple[float, float]]) -> None:
    """Refuse to time a side that draws from something else."""
    for name, (loss, error) in zip(names, losses, strict=True):
        if abs(loss - losses[0][0]) > 5 * math.hypot(error, losses[0][1]):
            raise AssertionError(f"{name} draws from another model: {loss} and {losses[0][0]} nats per symbol")


def _command(settings: Settings) -> Section:
    command = nextchar_command("sample", str(settings.model_path), "-n", str(COMMAND_ITEMS), "--seed", "1")
    out = settings.folder / "sampled.txt"
    run_quietly(command, out)
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        run_quietly(command, out)
        seconds.append(time.perf_counter() - begun)
    median = statistics.median(seconds)
    return Section(
        title="The command `sample`",
        about="Whole processes that write to a file; compiled code, where it is used, lies on disk from before.",
        rows=[
            Row(
                name=f"nextchar sample MODEL -n {COMMAND_ITEMS}",
                value=median,
                unit="s",
                note=f"median of {len(seconds)}; fastest {min(seconds):.2f}",
            )
        ],
        targets=[Target(wanted="under 1 s", got=f"{median:.2f} s", met=median < 1)],
    )
