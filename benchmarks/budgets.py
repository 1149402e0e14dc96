"""More time is never worse: what the nets reach with budgets from 6 to 600 seconds, on short lists and long ones.

`python benchmarks/budgets.py` trains every net on 300, 3,000 and 30,000 different names of makemore's names.txt with
every budget, as `train` would with `--seconds`, and measures the loss on 2,000 names that were neither trained on nor
held out to choose weights by. So that the load of the machine does not matter, a second stands for 40,000 symbols,
which is about what a core does: 6 seconds of 300 names are some 130 times through them. budgets.json keeps what was
measured, budgets.md shows it; what is recorded is not measured again. `python benchmarks/budgets.py mlp/300` measures
what begins so.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, cast

import click

HERE = Path(__file__).resolve().parent
RECORDS, REPORT = HERE / "budgets.json", HERE / "budgets.md"
NETS = ("bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer")
SIZES = (300, 3_000, 30_000)
SECONDS = (6, 20, 60, 200, 600)
SYMBOLS_A_SECOND = 40_000
TEST = 2_000  # names
SEED = 7  # of which names are which


@click.command()
@click.argument("prefixes", nargs=-1)
def main(prefixes: tuple[str, ...]) -> None:
    """Measure what begins with one of PREFIXES (all by default) and is not recorded, and write the report."""
    sys.path[0] = str(HERE.parent)
    from benchmarks import machine

    machine.use_one_thread()
    records: dict[str, Any] = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    for seconds in SECONDS:
        for size in SIZES:
            for net in NETS:
                name = f"{net}/{size}/{seconds}"
                if name not in records and name.startswith(prefixes or ("",)):
                    record = _trained(net, size, seconds)
                    click.echo(f"{name}: {record}", err=True)
                    if RECORDS.exists():  # another run may have added to it
                        records |= json.loads(RECORDS.read_text())
                    records[name] = record
                    RECORDS.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n")
    REPORT.write_text(_report(records))


def _trained(net: str, size: int, seconds: int) -> dict[str, Any]:
    import numpy as np

    import nextchar
    from nextchar.data.download import find
    from nextchar.models.neural.families import NetSpec
    from nextchar.models.registry import spec_of

    path = find("makemore-names")
    if path is None:
        raise click.ClickException("needs makemore's names.txt: set NEXTCHAR_NAMES, or nextchar data fetch")
    names = nextchar.Corpus.from_file(path).distinct()
    order = np.random.default_rng(SEED).permutation(len(names))
    test, data = names.take(order[:TEST]), names.take(np.sort(order[TEST : TEST + size]))
    epochs = seconds * SYMBOLS_A_SECOND / data.symbols
    spec = cast(NetSpec, spec_of(net, {"epochs": epochs, "seed": 1}, preset="default"))
    begun = time.process_time()
    model = spec.fit(data)
    made = cast(NetSpec, model.settings)
    return {
        "names": len(data),
        "test": round(model.evaluate(test).nats_per_symbol, 4),
        "held_out": round(model.metrics.losses["validation"].nats_per_symbol, 4),
        "train": round(model.metrics.losses["train"].nats_per_symbol, 4),
        "epochs": round(model.metrics.curve[-1].epoch, 1),
        "of_epochs": round(epochs, 1),
        "dropout": round(made.dropout or 0.0, 3),
        "decay": round(made.decay or 0.0, 3),
        "cpu_seconds": round(time.process_time() - begun, 1),
    }


def _report(records: dict[str, Any]) -> str:
    lines = [
        "# Budgets",
        "",
        "Nats per symbol on 2,000 names that were neither trained on nor held out to choose weights by; written by",
        "`python benchmarks/budgets.py`, not by hand. A second stands for 40,000 symbols trained on. The last number",
        "is how often the names were read at most: training ends when more gains nothing. A dash: not measured yet.",
        "(makemore's names.txt has 29,494 different names; the 2,000 apart, the largest list has all of them.)",
    ]
    for size in SIZES:
        lines += ["", f"## {size:,} names", ""]
        lines += ["| | " + " | ".join(f"{seconds} s" for seconds in SECONDS) + " | epochs |"]
        lines += ["| --- |" + " ---: |" * (len(SECONDS) + 1)]
        for net in NETS:
            row = [records.get(f"{net}/{size}/{seconds}") for seconds in SECONDS]
            shown = [f"{record['test']:.3f}" if record else "-" for record in row]
            most = max((record["epochs"] for record in row if record), default=None)
            lines.append(f"| {net} | " + " | ".join(shown) + f" | {'-' if most is None else f'{most:.0f}'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
