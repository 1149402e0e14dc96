"""The nets: what they reach in how many seconds on one core, beside makemore's Transformer; how fast they write.

`python benchmarks/nets.py` does every job that benchmarks/nets.json has no record of, and writes nets.json, nets.md
and nets.png. Everything takes about forty minutes; `python benchmarks/nets.py transformer` does the jobs whose names
begin so, and --again does them anew. Each record keeps its day, its machine and its load, and the report shows them.
Seeds are 1, 2 and 3, and their mean counts; settings were chosen on training and validation items alone.

makemore is not part of this project. Its points in the picture were measured once, with its published defaults, on the
same split and on one core of the same kind of machine. `python benchmarks/nets.py generation --again --makemore FILE`
measures its `generate` beside ours; FILE is a copy of makemore.py of github.com/karpathy/makemore.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from benchmarks.report import Section
    from nextchar.data.splits import Split, SplitName
    from nextchar.models.neural.model import NeuralModel

HERE = Path(__file__).resolve().parent
RECORDS, REPORT, PICTURE = HERE / "nets.json", HERE / "nets.md", HERE / "nets.png"
MAKEMORE = ((32, 2.166), (63, 2.109), (123, 2.048), (221, 2.010), (405, 1.989))  # seconds, validation; best at last
SEEDS = (1, 2, 3)
NETS = ("transformer", "wavenet", "mlp", "lstm", "gru", "rnn", "bow")
WANTED_TEST = {"transformer": 1.930, "wavenet": 1.920, "mlp": 1.915, "lstm": 1.910, "gru": 1.930}
FEW_NAMES, MANY_NAMES, LONGEST_NAME = 1_000, 20_000, 15
MAKEMORE_BATCHES = {
    1_000: "in one batch",
    50: "in batches of 50, as its --sample-only does",
    10: "in batches of 10, as it does while it trains",
}
ROUNDS = 7


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training.

    Attributes:
        name: of the record.
        kind: of net.
        seconds: the budget.
        seed: of the training.
        split: what to hold out.
        preset: of the settings.
        settings: that differ from the preset's.
    """

    name: str
    kind: str
    seconds: float = 60.0
    seed: int = 1
    split: SplitName = "eurekalabs"
    preset: str = "default"
    settings: Mapping[str, Any] = field(default_factory=dict)


JOBS = [
    *(Job(name=f"{kind} 60 s, seed {seed}", kind=kind, seed=seed) for kind in NETS for seed in SEEDS),
    Job(name="transformer 40 s", kind="transformer", seconds=40),
    Job(name="mlp 30 s", kind="mlp", seconds=30),
    Job(name="transformer 480 s", kind="transformer", seconds=480, preset="large"),
    Job(name="lecture mlp", kind="mlp", split="lecture", preset="small"),
    Job(
        name="lecture wavenet",
        kind="wavenet",
        split="lecture",
        settings={"width": 40, "hidden": 120, "layers": 4, "dropout": 0.0},
    ),
]
GENERATION = "generation"


@click.command()
@click.argument("prefixes", nargs=-1)
@click.option("--again", is_flag=True, help="Also what is recorded already.")
@click.option(
    "--makemore", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A copy of makemore.py to measure."
)
def main(prefixes: tuple[str, ...], again: bool, makemore: Path | None) -> None:
    """Do the jobs whose names begin with one of PREFIXES (all by default), and write the report."""
    sys.path[0] = str(HERE.parent)
    from benchmarks import machine

    machine.use_one_thread()
    records: dict[str, Any] = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}

    def wanted(name: str) -> bool:
        return name.startswith(prefixes or ("",)) and (again or name not in records)

    jobs: list[tuple[str, Callable[[], Any]]] = [(job.name, lambda job=job: _trained(job)) for job in JOBS]  # type: ignore[misc]
    for name, run in [*jobs, (GENERATION, lambda: _generation(makemore))]:
        if wanted(name):
            click.echo(f"{name} ...", err=True)
            records[name] = {"date": date.today().isoformat(), "machine": machine.describe(), **run()}
            RECORDS.write_text(json.dumps(records, indent=1) + "\n")
            shown = {key: value for key, value in records[name].items() if key not in ("machine", "settings", "curve")}
            click.echo(json.dumps(shown), err=True)
    _report(records)


def _parts(name: SplitName) -> Split:
    import nextchar
    from nextchar.data.download import find

    path = find("makemore-names")
    if path is None:
        raise click.ClickException("needs makemore's names.txt: set NEXTCHAR_NAMES, or nextchar data fetch")
    return nextchar.split(nextchar.Corpus.from_file(path), name)


def _trained(job: Job) -> dict[str, Any]:
    model, parts, seconds, cpu_seconds = _fit(job)
    return {
        "settings": asdict(model.settings),
        "precision": model.metrics.precision,
        "parameters": model.parameters,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "steps": model.metrics.curve[-1].step,
        "stopped": model.metrics.stopped,
        "validation": model.evaluate(parts.validation).nats_per_symbol,
        "test": model.evaluate(parts.test).nats_per_symbol,
        "curve": [[point.seconds, point.validation_nats] for point in model.metrics.curve],
    }


def _fit(job: Job) -> tuple[NeuralModel, Split, float, float]:
    from nextchar.models.neural.families import NetSpec
    from nextchar.models.registry import spec_of

    parts = _parts(job.split)
    settings = {**job.settings, "seconds": job.seconds, "seed": job.seed}
    spec = cast(NetSpec, spec_of(job.kind, settings, preset=job.preset))
    wall, cpu = time.perf_counter(), time.process_time()
    model = spec.fit(parts.train, validation=parts.validation)
    return model, parts, time.perf_counter() - wall, time.process_time() - cpu


def _generation(makemore: Path | None) -> dict[str, Any]:
    """Symbols a second of the default Transformer; and 1,000 names by it, by reading everything anew, by makemore."""
    import torch

    import nextchar
    from benchmarks.measure import Side, take_turns
    from nextchar.core.plan import Plan

    model, *_ = _fit(Job(name=GENERATION, kind="transformer", seconds=20))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model.save(path)
        loaded = nextchar.load(path)
    loaded.draw(100, Plan(seed=1))
    torch.manual_seed(1)
    net = deepcopy(model.module).float()
    sides = [
        Side(name="many", run=lambda: loaded.draw(MANY_NAMES, Plan(seed=2)), amount=1),
        Side(name="few", run=lambda: loaded.sample(FEW_NAMES, seed=2), amount=1),
        Side(name="anew", run=lambda: _generate_anew(net, FEW_NAMES), amount=1),
    ]
    if makemore is not None:
        generate = _generate_of(makemore)
        sides += [Side(name=f"makemore, {n}", run=partial(generate, n), amount=1) for n in MAKEMORE_BATCHES]
    many, few, anew, *theirs = take_turns(sides, ROUNDS)
    return {
        "symbols_per_second": loaded.draw(MANY_NAMES, Plan(seed=2)).corpus.symbols / many.best,
        "seconds_for_1000": few.best,
        "seconds_for_1000_anew": anew.best,
        "seconds_for_1000_makemore": {str(batch): t.best for batch, t in zip(MAKEMORE_BATCHES, theirs, strict=False)},
        "median_seconds_for_1000": {timing.side.name: timing.median for timing in (few, anew, *theirs)},
    }


def _generate_anew(net: Any, n: int) -> None:
    """Every row of 15 symbols, the most that a name has, read from its beginning for each new symbol."""
    import torch
    import torch.nn.functional as F

    ids = torch.zeros(n, 1, dtype=torch.long)
    with torch.inference_mode():
        for _ in range(LONGEST_NAME):
            probs = F.softmax(net(ids)[:, -1], dim=-1)
            ids = torch.cat([ids, torch.multinomial(probs, num_samples=1)], dim=1)


def _generate_of(makemore: Path) -> Callable[[int], None]:
    """makemore's own default Transformer and `generate`, for 1,000 names in batches of some size.

    It always writes 15 symbols a row, whatever they are, so it takes the same time before its training as after it.
    """
    import torch

    spec = importlib.util.spec_from_file_location("makemore", makemore)
    assert spec is not None
    assert spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)
    sys.modules["makemore"] = theirs  # where its dataclasses look themselves up
    try:
        spec.loader.exec_module(theirs)
        with contextlib.redirect_stdout(sys.stderr):
            net = theirs.Transformer(theirs.ModelConfig(block_size=LONGEST_NAME + 1, vocab_size=27))
    except (ImportError, AttributeError, TypeError) as error:
        raise click.ClickException(f"{makemore}: cannot be used as makemore.py: {error}") from None

    def generate(batch: int) -> None:
        for _ in range(FEW_NAMES // batch):
            theirs.generate(net, torch.zeros(batch, 1, dtype=torch.long), LONGEST_NAME, do_sample=True)

    return generate


# -- the report ------------------------------------------------------------------------------------------------------


def _report(records: Mapping[str, Any]) -> None:
    from benchmarks import report

    needed = [*(job.name for job in JOBS if job.seed == 1), GENERATION]
    if missing := [name for name in needed if name not in records]:
        click.echo(f"without a record yet: {', '.join(missing)}; the report is written when all have one", err=True)
        return
    sections = [_after_a_minute(records), _curves(records), _lecture(records), _writing(records)]
    days = sorted({record["date"] for record in records.values()})
    text = report.markdown(" and ".join(days), "python benchmarks/nets.py", _machines(records), sections)
    REPORT.write_text(text.replace("# Benchmarks", "# The nets", 1) + "\n![Loss against seconds](nets.png)\n")
    _draw(records)
    click.echo(f"written: {REPORT.name}, {PICTURE.name}", err=True)


def _machines(records: Mapping[str, Any]) -> dict[str, str]:
    """What the records say of their machines; where they differ, all that they say."""
    found: dict[str, dict[str, None]] = {}
    for record in records.values():
        for name, value in record["machine"].items():
            found.setdefault(name, {})[value] = None
    load = "of the last minute before each run, in the notes; 0 is an idle machine"
    return {name: "; or ".join(values) for name, values in found.items()} | {"load": load}


def _made(*runs: Mapping[str, Any]) -> str:
    """How and when the runs of a row were made."""
    loads = sorted(float(run["machine"]["load"].split()[0]) for run in runs)
    load = f"{loads[0]:.1f}" if loads[0] == loads[-1] else f"{loads[0]:.1f} to {loads[-1]:.1f}"
    ways = sorted({run.get("precision", run.get("settings", {}).get("precision", "")) for run in runs} - {""})
    return "; ".join([*ways, f"load {load}", *sorted({run["date"] for run in runs})])


def _after_a_minute(records: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section, Target

    rows, targets = [], []
    for kind in NETS:
        runs = [records[name] for seed in SEEDS if (name := f"{kind} 60 s, seed {seed}") in records]
        tests = [run["test"] for run in runs]
        mean = statistics.mean(tests)
        cores = statistics.mean(run["cpu_seconds"] / run["seconds"] for run in runs)
        note = (
            f"mean {mean:.4f} of {len(runs)} seeds; seed 1 {tests[0]:.4f}; "
            f"spread {max(tests) - min(tests):.4f}; validation "
            f"{statistics.mean(run['validation'] for run in runs):.4f}; {runs[0]['parameters']:,} parameters; "
            f"{_made(*runs)}"
        )
        rows.append(Row(name=kind, value=round(mean, 4), unit="nats/symbol", ours=True, cores=cores, note=note))
        if kind in WANTED_TEST:
            wanted = WANTED_TEST[kind]
            targets.append(
                Target(wanted=f"{kind}: mean of the tests at most {wanted:.3f}", got=f"{mean:.4f}", met=mean <= wanted)
            )
    long = records["transformer 480 s"]
    note = f"{long['test']:.4f}; validation {long['validation']:.4f}; {long['parameters']:,} parameters; {_made(long)}"
    rows.append(
        Row(name="transformer, large, 480 s", value=round(long["test"], 4), unit="nats/symbol", ours=True, note=note)
    )
    targets.append(
        Target(wanted="transformer after 480 s: at most 1.890", got=f"{long['test']:.4f}", met=long["test"] <= 1.890)
    )
    return Section(
        title="After a minute",
        about="EurekaLabs split, test items: total nats over characters and ends; mean of the seeds; `--seconds 60`. "
        "Cores below 1: the core was shared with other work, which took its part of the seconds.",
        rows=rows,
        targets=targets,
    )


def _curves(records: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section, Target

    rows = [
        Row(name="makemore, default Transformer", value=seconds, unit="s", note=f"validation {nats:.3f}")
        for seconds, nats in MAKEMORE
    ]
    targets = []
    for name, most in (("transformer 40 s", 40), ("mlp 30 s", 30)):
        record = records[name]
        reached = [seconds for seconds, nats in record["curve"] if nats <= 1.989]
        note = f"validation {record['validation']:.4f} in the end; {_made(record)}"
        rows.append(
            Row(name=f"{name}: first at 1.989", value=min(reached, default=None), unit="s", ours=True, note=note)
        )
        met = bool(reached) and min(reached) <= most
        got = f"{min(reached):.1f} s" if reached else "not reached"
        targets.append(Target(wanted=f"{name.split()[0]}: validation 1.989 within {most} s", got=got, met=met))
    return Section(
        title="Seconds to makemore's best",
        about="EurekaLabs split, validation items; the whole curves are in the picture.",
        rows=rows,
        targets=targets,
    )


def _lecture(records: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section, Target

    rows, targets = [], []
    for name, theirs, loss, most in (
        ("lecture mlp", "lecture, MLP of 11,897 parameters", 2.105, 11_897),
        ("lecture wavenet", "lecture, WaveNet of 76,579 parameters", 1.993, 76_579),
    ):
        ours = records[name]
        rows.append(Row(name=theirs, value=loss, unit="nats/symbol", note=f"{loss:.3f}"))
        note = f"{ours['validation']:.4f}; {ours['parameters']:,} parameters; test {ours['test']:.4f}; {_made(ours)}"
        rows.append(
            Row(
                name=f"{name} of ours, 60 s",
                value=round(ours["validation"], 4),
                unit="nats/symbol",
                ours=True,
                note=note,
            )
        )
        targets.append(
            Target(
                wanted=f"{name}: validation below {min(loss, 2.10)}, no more parameters",
                got=f"{ours['validation']:.4f} with {ours['parameters']:,}",
                met=ours["validation"] < min(loss, 2.10) and ours["parameters"] <= most,
            )
        )
    return Section(
        title="The lecture's nets",
        about="Lecture split, validation items. The lecture's figures are those it prints.",
        rows=rows,
        targets=targets,
    )


def _writing(records: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section, Target

    got = records[GENERATION]
    ours, theirs = got["seconds_for_1000"], got.get("seconds_for_1000_makemore", {})
    anew = got["seconds_for_1000_anew"]
    made, median = _made(got), got.get("median_seconds_for_1000", {})
    rows = [
        Row(name="20,000 names", value=got["symbols_per_second"], unit="symbols a second", ours=True, note=made),
        Row(name="1,000 names", value=ours, unit="s", median=median.get("few"), ours=True, note=made),
        Row(
            name="1,000 names, our net, reading anew",
            value=anew,
            unit="s",
            median=median.get("anew"),
            ours_is=anew / ours,
            note=made,
        ),
    ]
    for batch, how in MAKEMORE_BATCHES.items():
        seconds = theirs.get(str(batch))
        note = "skipped: needs a copy of makemore.py, --makemore FILE" if seconds is None else made
        rows.append(
            Row(
                name=f"1,000 names, makemore's generate, {how}",
                value=seconds,
                unit="s",
                median=median.get(f"makemore, {batch}"),
                ours_is=None if seconds is None else seconds / ours,
                note=note,
            )
        )
    speed = got["symbols_per_second"]
    targets = [Target(wanted="50,000 symbols a second", got=f"{speed:,.0f}", met=speed >= 50_000)]
    if theirs:
        ratio = min(theirs.values()) / ours
        wanted = "20 times makemore's generate at its fastest"
        targets.append(Target(wanted=wanted, got=f"{ratio:.1f} times", met=ratio >= 20))
    return Section(
        title="Writing",
        about="Our default Transformer after 20 s of training. makemore's default Transformer and its `generate`, from "
        "its own file; it writes 15 symbols for every name, so its time does not depend on what it has learned. "
        "Reading anew: every symbol costs reading its name from the beginning, as in makemore, but with our net.",
        rows=rows,
        targets=targets,
    )


def _draw(records: Mapping[str, Any]) -> None:
    from nextchar.plots.canvas import INK, SECOND_INK, canvas, fit_layout, save, style

    lines: Sequence[tuple[str, Sequence[Sequence[float]], str, str]] = [
        ("makemore, default Transformer", MAKEMORE, "#6b6b6b", ":"),
        ("transformer, 40 s", records["transformer 40 s"]["curve"], INK, "-"),
        ("mlp, 30 s", records["mlp 30 s"]["curve"], SECOND_INK, "-"),
        ("transformer, large, 480 s", records["transformer 480 s"]["curve"], INK, "--"),
    ]
    with style():
        figure = canvas(7.5, 4.8)
        axes = figure.add_subplot()
        for label, points, colour, line in lines:
            axes.plot(*zip(*points, strict=True), label=label, color=colour, linestyle=line, marker=".", markersize=4)
        axes.axhline(1.989, color="#bbbbbb", linewidth=0.8)
        axes.set_xscale("log")
        axes.set_ylim(1.86, 2.4)
        axes.set_xlabel("seconds on one core")
        axes.set_ylabel("validation, nats per symbol")
        axes.set_title("Loss against seconds", pad=12)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        fit_layout(figure)
    save(figure, PICTURE)


if __name__ == "__main__":
    main()
