"""Nets as experts of a mix, and nets as tables: what `train --with` and `compile` give.

`python benchmarks/experts.py` does every job that benchmarks/experts.json has no record of, and writes experts.json
and experts.md; all of it takes an hour on one core. `python benchmarks/experts.py german` does the jobs whose names
begin so, and --again does them anew. The seed of the models, fixed beforehand, is 1 for the EurekaLabs split and 0 for
the others; settings were chosen on validation items of the EurekaLabs split, and none was changed for another list.
German words are those of Debian's wngerman, or of the folder in NEXTCHAR_WORDS.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from benchmarks.report import Section

HERE = Path(__file__).resolve().parent
RECORDS, REPORT = HERE / "experts.json", HERE / "experts.md"
SEED = 1
MIX, WITH_NETS = (60, ()), (600, ("--with", "lstm:large", "--with", "lstm:large"))  # seconds, and arguments
MODELS = {"mix": MIX, "mix with nets": WITH_NETS}
LISTS: dict[str, tuple[str, ...]] = {  # the arguments of each, with the seed of the split and of the training
    "EurekaLabs split": ("--split", "eurekalabs", "--seed", str(SEED)),
    "distinct split": ("--split", "distinct", "--seed", "0"),
    "german words": ("--split", "distinct", "--seed", "0"),
    "names of 2018": ("--column", "name", "--weight", "births", "--split", "distinct", "--seed", "0"),
}
WORDS = 30_000  # German ones
RESAMPLES = 10_000
WANTED_TEST = {
    ("EurekaLabs split", "mix"): 1.822,
    ("distinct split", "mix"): 1.874,
    ("EurekaLabs split", "mix with nets"): 1.810,
    ("distinct split", "mix with nets"): 1.860,
}
WANTED_DISTILLED = 1.870
NETS = ("mlp", "wavenet")
NET_SECONDS = 60
NAMES = 20_000
ROUNDS = 7


@click.command()
@click.argument("prefixes", nargs=-1)
@click.option("--again", is_flag=True, help="Also what is recorded already.")
def main(prefixes: tuple[str, ...], again: bool) -> None:
    """Do the jobs whose names begin with one of PREFIXES (all by default), and write the report."""
    sys.path[0] = str(HERE.parent)
    from benchmarks import machine

    machine.use_one_thread()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    records: dict[str, Any] = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    jobs: dict[str, Callable[[], Any]] = {name: partial(_with_and_without_nets, name) for name in LISTS}
    jobs |= {f"compiled {kind}": lambda kind=kind: _compiled_net(kind) for kind in NETS}  # type: ignore[misc]
    jobs["distilled"] = _distilled
    for name, run in jobs.items():
        if name.startswith(prefixes or ("",)) and (again or name not in records):
            click.echo(f"{name} ...", err=True)
            records[name] = {"date": date.today().isoformat(), **run()}
            RECORDS.write_text(json.dumps(records, indent=1) + "\n")
            click.echo(json.dumps(records[name]), err=True)
    if missing := [name for name in jobs if name not in records]:
        click.echo(f"without a record yet: {', '.join(missing)}; the report is written when all have one", err=True)
        return
    from benchmarks import report

    sections = [_about_mixes(records), _about_distilling(records["distilled"]), _about_compiling(records)]
    text = report.markdown(records["distilled"]["date"], "python benchmarks/experts.py", machine.describe(), sections)
    REPORT.write_text(text.replace("# Benchmarks", "# Nets as experts and as tables", 1))
    click.echo(f"written: {REPORT.name}", err=True)


def _names() -> Path:
    from nextchar.data.download import find

    path = find("makemore-names")
    if path is None:
        raise click.ClickException("needs makemore's names.txt: set NEXTCHAR_NAMES, or nextchar data fetch")
    return path


def _list(name: str, folder: Path) -> Path:
    """The file of one of LISTS."""
    if name == "names of 2018":
        from nextchar.data.datasets import shipped_path

        return shipped_path()
    if name != "german words":
        return _names()
    import numpy as np

    place = Path(os.environ.get("NEXTCHAR_WORDS", "/usr/share/dict")) / "ngerman"
    if not place.exists():
        raise click.ClickException("needs German words: apt-get install wngerman, or NEXTCHAR_WORDS for a folder")
    words = sorted({word for word in place.read_text("utf-8").split() if word.isalpha()})
    chosen = np.random.default_rng(0).choice(len(words), WORDS, replace=False)
    path = folder / "words.txt"
    path.write_text("\n".join(words[i] for i in sorted(chosen.tolist())), "utf-8")
    return path


def _with_and_without_nets(name: str) -> dict[str, Any]:
    """A mix, a mix with nets, and how far apart they are on the test items."""

    records: dict[str, Any] = {}
    nats: dict[str, npt.NDArray[np.float64]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = _list(name, folder)
        for kind, (seconds, arguments) in MODELS.items():
            given = ("--model", "mix", *arguments, *LISTS[name], "--seconds", str(seconds))
            records[kind] = {"command": given, **_trained(path, given, folder / "m")}
            nats[kind], symbols, weights = _test_nats(name, path, folder / "m")
    interval = _paired_bootstrap(nats["mix"] - nats["mix with nets"], symbols, weights)
    return {"trained": records, "items": len(symbols), "interval": interval}


def _trained(path: Path, arguments: Sequence[str], model: Path) -> dict[str, Any]:
    """The command as a user gives it, the whole process timed."""
    command = [sys.executable, "-c", "from nextchar.cli import main; main()", "train", str(path), "-o", str(model)]
    begun = time.perf_counter()
    child = subprocess.Popen([*command, *arguments, "--json"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    document = json.loads(child.stdout.read())
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "settings": document["settings"],
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "bytes": model.stat().st_size,
        "validation": document["splits"]["validation"]["nats_per_symbol"],
        "test": document["splits"]["test"]["nats_per_symbol"],
    }


def _test_nats(
    name: str, path: Path, model: Path
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of every test item its nats, its symbols and its weight."""
    import numpy as np

    import nextchar

    told = dict(pairwise(LISTS[name]))
    corpus = nextchar.Corpus.from_file(path, column=told.get("--column"), weight=told.get("--weight"))
    test = nextchar.split(corpus, told["--split"], seed=int(told["--seed"])).test
    nats = nextchar.load(model).symbol_nats(test)
    weights = np.ones(len(test), dtype=np.int64) if test.weights is None else test.weights
    return np.add.reduceat(nats, test.offsets[:-1]), test.lengths + 1, weights


def _paired_bootstrap(
    difference: npt.NDArray[np.float64], symbols: npt.NDArray[np.int64], weights: npt.NDArray[np.int64]
) -> list[float]:
    """The middle 95% of the difference in nats per symbol when the items are drawn anew (Efron 1979)."""
    import numpy as np

    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(symbols), len(symbols)) for _ in range(RESAMPLES)]
    means = [(weights * difference)[at].sum() / (weights * symbols)[at].sum() for at in drawn]
    return [float(bound) for bound in np.quantile(means, (0.025, 0.975))]


def _compiled_net(kind: str) -> dict[str, Any]:
    """A net and its table: losses, and the seconds for the same work."""
    import numpy as np

    import nextchar
    from benchmarks.measure import Side, take_turns
    from nextchar.automata.tabulation import tabulate
    from nextchar.core.plan import Plan
    from nextchar.models.neural.families import NetSpec
    from nextchar.models.registry import spec_of

    parts = nextchar.split(nextchar.Corpus.from_file(_names()), "eurekalabs")
    spec = cast(NetSpec, spec_of(kind, {"seconds": NET_SECONDS, "seed": SEED}))
    net = spec.fit(parts.train, validation=parts.validation)
    begun = time.perf_counter()
    made = tabulate(net, parts.train)
    seconds = time.perf_counter() - begun
    table = made.model
    table.draw(NAMES, Plan(seed=1))
    amount = net.draw(NAMES, Plan(seed=1)).corpus.symbols
    held = {"validation": parts.validation, "test": parts.test}
    difference = float(np.abs(net.symbol_nats(parts.train) - table.symbol_nats(parts.train)).max())
    sides = [
        Side(name="score, net", run=lambda: net.symbol_nats(parts.train), amount=parts.train.symbols),
        Side(name="score, table", run=lambda: table.symbol_nats(parts.train), amount=parts.train.symbols),
        Side(name="write, net", run=lambda: net.draw(NAMES, Plan(seed=2)), amount=amount),
        Side(name="write, table", run=lambda: table.draw(NAMES, Plan(seed=2)), amount=amount),
    ]
    return {
        "context": made.context,
        "contexts": made.contexts,
        "states": made.states,
        "compile_seconds": seconds,
        "largest_difference": difference,
        "net": {name: net.evaluate(part).nats_per_symbol for name, part in held.items()},
        "table": {name: table.evaluate(part).nats_per_symbol for name, part in held.items()},
        "speeds": {timing.side.name: timing.rate for timing in take_turns(sides, ROUNDS)},
    }


def _distilled() -> dict[str, Any]:
    """A mix and the automaton that is made of it: losses, and the symbols a second that each scores."""
    import nextchar
    from benchmarks.measure import Side, take_turns
    from nextchar.models.mix.model import Mix

    parts = nextchar.split(nextchar.Corpus.from_file(_names()), "eurekalabs")
    mix = Mix(seconds=60, seed=SEED).fit(parts.train)
    begun = time.perf_counter()
    made = nextchar.distil(mix)
    seconds = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m")
        made.save(path)
        size = path.stat().st_size
        automaton = nextchar.load(path)
    held = {"validation": parts.validation, "test": parts.test}
    models: dict[str, nextchar.Model] = {"mix": mix, "automaton": automaton}
    sides = [
        Side(name=name, run=lambda model=model: model.symbol_nats(parts.train), amount=parts.train.symbols)  # type: ignore[misc]
        for name, model in models.items()
    ]
    return {
        "states": made.machine.size,
        "bytes": size,
        "seconds": seconds,
        "losses": {
            name: {part: model.evaluate(corpus).nats_per_symbol for part, corpus in held.items()}
            for name, model in models.items()
        },
        "speeds": {timing.side.name: timing.rate for timing in take_turns(sides, ROUNDS)},
    }


# -- the report ------------------------------------------------------------------------------------------------------


def _about_mixes(records: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section, Target

    rows, targets = [], []
    for name in LISTS:
        low, high = records[name]["interval"]
        for kind, record in records[name]["trained"].items():
            settings = record["settings"]
            weights = zip(settings["kinds"], settings["weights"], strict=True) if "kinds" in settings else ()
            note = [
                f"`{' '.join(record['command'])}`",
                f"test {record['test']:.4f}",
                f"validation {record['validation']:.4f}",
                *(f"weight of {member} {weight:.3f}" for member, weight in weights),
                f"{record['cpu_seconds']:.0f} of {record['seconds']:.0f} seconds on the processor",
                f"{record['bytes'] / 2**20:.0f} MB",
            ]
            if kind == "mix with nets":
                note.append(f"lower than the mix by {low:.4f} to {high:.4f}")
            value = round(record["test"], 4)
            rows.append(Row(name=f"{kind}, {name}", value=value, unit="nats/symbol", ours=True, note="; ".join(note)))
            seconds, _ = MODELS[kind]
            if (name, kind) in WANTED_TEST:
                wanted = WANTED_TEST[name, kind]
                met = record["test"] <= wanted and record["seconds"] <= seconds
                got = f"{record['test']:.4f} in {record['seconds']:.0f} s"
                what = f"{kind}, {name}: test at most {wanted:.3f} within {seconds} s"
                targets.append(Target(wanted=what, got=got, met=met))
        what = f"{name}: nets lower the loss of the mix"
        targets.append(Target(wanted=what, got=f"by {low:.4f} to {high:.4f}", met=low > 0))
    return Section(
        title="A mix, alone and with nets",
        about="`nextchar train` with these arguments, the whole process on one core, on makemore's names.txt (both "
        f"splits), {WORDS:,} German words, and the shipped names of 2018, weighted by births. Where the "
        "processor had fewer seconds than the clock, the core was shared with other work. By how much nets lower the "
        f"loss on test items: the middle 95% of {RESAMPLES:,} paired bootstrap samples of the items.",
        rows=rows,
        targets=targets,
    )


def _about_distilling(record: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section, Target

    rows = []
    for name, losses in record["losses"].items():
        note = f"test {losses['test']:.4f}; validation {losses['validation']:.4f}"
        ratio = None
        if name == "automaton":
            note += (
                f"; {record['states']:,} states, made in {record['seconds']:.1f} s; {record['bytes'] / 2**20:.0f} MB"
            )
        else:
            ratio = record["speeds"]["automaton"] / record["speeds"][name]
        speed = record["speeds"][name]
        rows.append(Row(name=name, value=speed, unit="symbols/s", ours=name == "automaton", ours_is=ratio, note=note))
    test, wanted = record["losses"]["automaton"]["test"], WANTED_DISTILLED
    return Section(
        title="A mix as an automaton",
        about="`nextchar compile MIX -o AUTOMATON`: exact answers, and the training items scored (EurekaLabs split).",
        rows=rows,
        targets=[Target(wanted=f"test at most {wanted:.3f}", got=f"{test:.4f}", met=test <= wanted)],
    )


def _about_compiling(records: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section

    rows = []
    for kind in NETS:
        record = records[f"compiled {kind}"]
        note = (
            f"{record['contexts']:,} contexts of up to {record['context']} symbols, {record['states']:,} states, "
            f"compiled in {record['compile_seconds']:.1f} s; test {record['net']['test']:.4f} as a net, "
            f"{record['table']['test']:.4f} as a table (validation {record['net']['validation']:.4f}, "
            f"{record['table']['validation']:.4f}); on the training items equal to {record['largest_difference']:.0e}"
        )
        for work, what in (("score", "training items scored"), ("write", f"{NAMES:,} names written")):
            net, table = record["speeds"][f"{work}, net"], record["speeds"][f"{work}, table"]
            rows.append(Row(name=f"{kind}, {what}, net", value=net, unit="symbols/s", ours_is=table / net))
            rows.append(Row(name=f"{kind}, {what}, table", value=table, unit="symbols/s", ours=True, note=note))
            note = ""
    return Section(
        title="Nets as tables",
        about=f"Default nets after {NET_SECONDS} s, compiled on the contexts of the training items (EurekaLabs split).",
        rows=rows,
    )


if __name__ == "__main__":
    main()
