"""Nets as experts of a mix, and nets as tables: what `train --with` and `compile` give.

`python benchmarks/experts.py` does every job that benchmarks/experts.json has no record of, and writes experts.json
and experts.md; all of it takes a quarter of an hour on one core. `python benchmarks/experts.py mix` does the jobs whose
names begin so, and --again does them anew. The seed, fixed beforehand, is 1; settings were chosen on validation items.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from benchmarks.report import Section

HERE = Path(__file__).resolve().parent
RECORDS, REPORT = HERE / "experts.json", HERE / "experts.md"
SEED = 1
WITH_NET, SECONDS, WANTED_TEST = "mix with transformer:large", 600, 1.820
ARGUMENTS = ("--model", "mix", "--with", "transformer:large", "--split", "eurekalabs", "--seed", str(SEED))
NETS = ("mlp", "wavenet")
NET_SECONDS = 60
CONTEXTS = (4, 6, 8, 10, 12, 16)  # for which the mix is compiled
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
    jobs: dict[str, Callable[[], Any]] = {WITH_NET: _with_net}
    jobs |= {f"compiled {kind}": lambda kind=kind: _compiled_net(kind) for kind in NETS}  # type: ignore[misc]
    jobs["compiled mix"] = _compiled_mix
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

    sections = [_about_the_mix(records[WITH_NET]), _about_compiling(records), _about_contexts(records["compiled mix"])]
    text = report.markdown(records[WITH_NET]["date"], "python benchmarks/experts.py", machine.describe(), sections)
    REPORT.write_text(text.replace("# Benchmarks", "# Nets as experts and as tables", 1))
    click.echo(f"written: {REPORT.name}", err=True)


def _names() -> Path:
    from nextchar.data.download import find

    path = find("makemore-names")
    if path is None:
        raise click.ClickException("needs makemore's names.txt: set NEXTCHAR_NAMES, or nextchar data fetch")
    return path


def _with_net() -> dict[str, Any]:
    """The command as a user gives it, the whole process timed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-c",
            "from nextchar.cli import main; main()",
            "train",
            str(_names()),
            "-o",
            f"{folder}/m",
            *ARGUMENTS,
        ]
        begun = time.perf_counter()
        child = subprocess.Popen([*command, "--seconds", str(SECONDS), "--json"], stdout=subprocess.PIPE)
        assert child.stdout is not None
        document = json.loads(child.stdout.read())
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begun
        size = Path(folder, "m").stat().st_size
    return {
        "settings": document["settings"],
        "seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "bytes": size,
        "validation": document["splits"]["validation"]["nats_per_symbol"],
        "test": document["splits"]["test"]["nats_per_symbol"],
    }


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


def _compiled_mix() -> dict[str, Any]:
    """What is left of a mix in tables of several contexts."""
    import nextchar
    from nextchar.automata.tabulation import tabulate
    from nextchar.models.mix.model import Mix

    parts = nextchar.split(nextchar.Corpus.from_file(_names()), "eurekalabs")
    mix = Mix(seconds=60, seed=SEED).fit(parts.train)
    tables = {}
    for context in CONTEXTS:
        made = tabulate(mix, parts.train, context=context)
        tables[str(context)] = {
            "states": made.states,
            "validation": made.model.evaluate(parts.validation).nats_per_symbol,
            "test": made.model.evaluate(parts.test).nats_per_symbol,
        }
    losses = {name: mix.evaluate(getattr(parts, name)).nats_per_symbol for name in ("validation", "test")}
    return {**losses, "tables": tables}


# -- the report ------------------------------------------------------------------------------------------------------


def _about_the_mix(record: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section, Target

    weights = dict(zip(record["settings"]["kinds"], record["settings"]["weights"], strict=True))
    note = (
        f"test {record['test']:.4f}; validation {record['validation']:.4f}; weights "
        + ", ".join(f"{kind} {weight:.3f}" for kind, weight in weights.items())
        + f"; {record['cpu_seconds']:.0f} of {record['seconds']:.0f} seconds on the processor; "
        f"{record['bytes'] / 2**20:.0f} MB"
    )
    met = record["test"] <= WANTED_TEST and record["seconds"] <= SECONDS
    got = f"{record['test']:.4f} in {record['seconds']:.0f} s"
    return Section(
        title="A mix with a Transformer",
        about=f"`nextchar train names.txt {' '.join(ARGUMENTS)} --seconds {SECONDS}`, the whole process. Where the "
        "processor had fewer seconds than the clock, the core was shared with other work.",
        rows=[Row(name=WITH_NET, value=round(record["test"], 3), unit="nats/symbol", ours=True, note=note)],
        targets=[Target(wanted=f"test at most {WANTED_TEST:.3f} within {SECONDS} s", got=got, met=met)],
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


def _about_contexts(record: Mapping[str, Any]) -> Section:
    from benchmarks.report import Row, Section

    note = f"test {record['test']:.4f}"
    rows = [Row(name="the mix itself", value=round(record["validation"], 4), unit="nats/symbol", note=note)]
    for context, table in record["tables"].items():
        note = f"test {table['test']:.4f}; {table['states']:,} states"
        value = round(table["validation"], 4)
        rows.append(Row(name=f"--context {context}", value=value, unit="nats/symbol", ours=True, note=note))
    return Section(
        title="A mix as a table",
        about="The mix looks back to the beginning of an item; compiled with --context N, contexts that agree in N "
        "symbols share a row. Validation items of the EurekaLabs split.",
        rows=rows,
    )


if __name__ == "__main__":
    main()
