"""All benchmarks by one command: `python benchmarks/run.py`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from benchmarks.data import Settings
    from benchmarks.report import Section

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.md"

BENCHMARKS = {
    "counting": ("benchmarks.counting", "run"),
    "sampling": ("benchmarks.sampling", "run"),
    "scoring": ("benchmarks.scoring", "run"),
    "streams": ("benchmarks.streams", "run"),
    "exact": ("benchmarks.exact", "run"),
    "classify": ("benchmarks.classify", "run"),
    "net": ("benchmarks.net", "run"),
    "compiling": ("benchmarks.startup", "run_compiling"),
    "startup": ("benchmarks.startup", "run_startup"),
    "memory": ("benchmarks.memory", "run"),
    "web": ("benchmarks.web", "run"),
}


@click.command()
@click.argument("which", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One name a line.  [default: the file that NEXTCHAR_NAMES names, else the shipped names, lower case]",
)
@click.option("--rounds", default=7, show_default=True, help="How often the sides take turns.")
@click.option("--counting-mb", default=200, show_default=True, help="Size of the file to count, MB.")
@click.option("--memory-mb", default=1000, show_default=True, help="Size of the files to count in little memory, MB.")
@click.option("--sample-items", default=2_000_000, show_default=True, help="Names to draw.")
@click.option("--score-items", default=1_000_000, show_default=True, help="Names to score.")
@click.option(
    "--site",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with more rivals: the site-packages of an environment that has nltk and kenlm.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the report there too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the report.")
def main(
    which: tuple[str, ...],
    data: Path | None,
    rounds: int,
    counting_mb: int,
    memory_mb: int,
    sample_items: int,
    score_items: int,
    site: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure WHICH of the benchmarks (all by default), each of nextchar's jobs beside its rivals.

    A run of everything is also written to benchmarks/results.md. Needs about 2.5 GB in the folder for temporary files
    while it runs, and 2 GB of memory.
    """
    sys.path[0] = str(HERE.parent)  # so that our modules are benchmarks.NAME, and NAME alone is nobody's
    if site is not None:
        sys.path.append(str(site))
    from benchmarks import machine, report

    machine.use_one_thread()
    about = machine.describe()
    for name, value in about.items():
        click.echo(f"{name}: {value}", err=True)

    from benchmarks.data import Settings, names_from

    try:
        names, origin = names_from(data)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    about["names"] = origin
    with tempfile.TemporaryDirectory(prefix="nextchar-benchmarks-") as folder:
        settings = Settings(
            names=names,
            folder=Path(folder),
            rounds=rounds,
            counting_bytes=counting_mb * 1_000_000,
            memory_bytes=memory_mb * 1_000_000,
            sample_items=sample_items,
            score_items=score_items,
        )
        sections = [section for name in which or BENCHMARKS for section in _run(name, settings)]
    text = report.markdown(date.today().isoformat(), _command(), about, sections)
    click.echo(json.dumps(report.document(about, sections), indent=2) if as_json else text)
    for path in [path for path in (out, None if which else RESULTS) if path is not None]:
        path.write_text(text, encoding="utf-8")
        click.echo(f"written to {path.name}", err=True)


def _run(name: str, settings: Settings) -> Sequence[Section]:
    module, function = BENCHMARKS[name]
    click.echo(f"{name} ...", err=True)
    benchmark: Callable[[Settings], Sequence[Section]] = getattr(import_module(module), function)
    return benchmark(settings)


def _command() -> str:
    """The command as it was given, paths shortened to their last part."""
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:]]
    return " ".join(["python benchmarks/run.py", *words])


if __name__ == "__main__":
    main()
