"""Lines a second through `score -` and `classify -` from a pipe, the first answer's wait, and the memory.

Whole processes on one core, from the first line that is written to the last answer that is read; another process writes
the lines. `python benchmarks/streams.py` sends ten million names, beside another installation's command if --old names
one, and writes benchmarks/streams.md; `run.py streams` sends as many as are to be scored there. How the time goes with
the length of lines and the number of labels is measured in the same way.
"""

from __future__ import annotations

import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from benchmarks.data import Settings
    from benchmarks.report import Row, Section, Target

__all__ = ["run"]

REPORT = Path(__file__).resolve().with_suffix(".md")
ANSWERS: Final = 30  # lines on an idle pipe
PAUSE: Final = 0.05  # seconds between them
SOONEST: Final = 0.05  # and until each is answered, at most
WANTED: Final = {"score": 2_000_000, "classify": 400_000}
LENGTHS: Final = (8, 80, 800)  # characters of a line
LABELS: Final = (2, 10, 50)
LABELLED: Final = 10_000  # names that a classifier learns from
TIMES: Final = 3
COMPILED: Final = 50_000  # lines, with which the compiled loops are loaded
WAYS: Final[dict[str, list[str]]] = {
    "score": [],
    "score --tsv": ["--tsv"],
    "score --json --no-surprisal": ["--json", "--no-surprisal"],
    "score --json": ["--json"],
    "classify": [],
    "classify --tsv": ["--tsv"],
    "classify --json": ["--json"],
}


@click.command()
@click.option("--lines", default=10_000_000, show_default=True, help="Names to send.")
@click.option("--characters", default=16_000_000, show_default=True, help="Characters to send as lines of each length.")
@click.option(
    "--old",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The nextchar command of another installation, to measure beside; it trains its own models.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=REPORT, help="The report.")
def main(lines: int, characters: int, old: Path | None, out: Path) -> None:
    """Send names through pipes and write the report. Needs 10 bytes a line in the folder for temporary files."""
    sys.path[0] = str(REPORT.parents[1])
    from benchmarks import machine, report
    from benchmarks.data import names_from

    machine.use_one_thread()
    about = machine.describe()
    names, about["names"] = names_from(None)
    with tempfile.TemporaryDirectory(prefix="nextchar-streams-") as folder:
        sections = _sections(names, Path(folder), lines, characters, old)
    command = " ".join(
        ["python benchmarks/streams.py", *(Path(word).name if "/" in word else word for word in sys.argv[1:])]
    )
    out.write_text(report.markdown(date.today().isoformat(), command, about, sections), encoding="utf-8")
    click.echo(f"written to {out.name}", err=True)


def run(settings: Settings) -> list[Section]:
    """The same beside nothing, and with fewer characters; of a million lines, starting would be half of the time."""
    return _sections(settings.names, settings.folder, 10 * settings.score_items, settings.score_items, None)


def _sections(names: Sequence[str], folder: Path, lines: int, characters: int, old: Path | None) -> list[Section]:
    from benchmarks.processes import nextchar_command
    from benchmarks.report import Section

    [command] = nextchar_command()
    lots = _names_file(folder / "lines.txt", names, lines)
    few = _first_lines(folder / "few.txt", lots, max(lines // 10, 1))
    ours = _Models(folder / "ours", names, command)
    theirs = None if old is None else _Models(folder / "old", names, str(old))
    rows, targets = _speeds(ours, theirs, lots, few)
    more_rows, more_targets = _waiting(ours)
    speeds = Section(
        title="Names through a pipe",
        about=f"{lines:,} names through `score -`, {max(lines // 10, 1):,} through the others; a model of order 4, a "
        f"classifier of 2 labels learned from {LABELLED:,} names, and the terminal's form unless another is named. "
        f"Lines a second on one core, the time for one line taken off; the fastest of {TIMES}, of all lines and of an "
        "old installation one run.",
        rows=rows + more_rows,
        targets=targets + more_targets,
    )
    grown = Section(
        title="By the length of lines and the number of labels",
        about=f"{characters:,} characters as lines of each length, names one after the other in each; the fastest of "
        f"{TIMES}.",
        rows=list(_growth(ours, folder, names, characters)),
    )
    return [speeds, grown]


# -- what is measured ---------------------------------------------------------------------------------------------


def _speeds(ours: _Models, theirs: _Models | None, lots: Path, few: Path) -> tuple[list[Row], list[Target]]:
    from benchmarks.report import Row, Target

    rows, targets = [], []
    small = 0.0
    for way, options in WAYS.items():
        lines, times = (lots, 1) if way == "score" else (few, TIMES)
        mine = ours.through(way.split()[0], options, lines, times=times)
        before = None
        if theirs is not None and way in ("score", "classify"):
            before = theirs.through(way, [], lines, times=1)
            rows.append(Row(name=f"{way}, {theirs.version}", value=before.rate, unit="lines/s", note=before.note))
        ratio = "" if before is None else f"; {mine.rate / before.rate:.1f} times the old"
        rows.append(Row(name=way, value=mine.rate, unit="lines/s", ours=True, note=mine.note + ratio))
        if way in WANTED:
            wanted = f"`{way} -`: {WANTED[way]:,} lines/s"
            targets.append(Target(wanted=wanted, got=f"{mine.rate:,.0f}", met=mine.rate >= WANTED[way]))
        if way == "score":
            small, large = ours.through("score", [], few, times=1).peak, mine.peak
    flat = Target(
        wanted="memory flat: with ten times the lines a tenth more at the most",
        got=f"{small:.0f} MB, then {large:.0f} MB",
        met=large <= 1.1 * small,
    )
    return rows, [*targets, flat]


def _waiting(ours: _Models) -> tuple[list[Row], list[Target]]:
    from benchmarks.report import Row, Target

    rows, targets = [], []
    for verb in ("score", "classify"):
        first, *rest = _waits([ours.command, verb, str(ours.of(verb)), "-", "--tsv"])
        median, worst = 1000 * statistics.median(rest), 1000 * max(rest)
        note = f"slowest {worst:.1f}; the first of all, the start of the process included, {1000 * first:.0f}"
        rows.append(Row(name=f"{verb}, answer on an idle pipe", value=median, unit="ms", ours=True, note=note))
        wanted = f"`{verb} -`: each line on an idle pipe is answered within {1000 * SOONEST:.0f} ms"
        targets.append(Target(wanted=wanted, got=f"{worst:.1f} ms", met=worst < 1000 * SOONEST))
    return rows, targets


def _growth(ours: _Models, folder: Path, names: Sequence[str], characters: int) -> Iterator[Row]:
    from benchmarks.report import Row

    for length in LENGTHS:
        lines = _long_lines(folder / f"length{length}.txt", names, length, characters)
        for verb, labels in (("score", 0), *(("classify", labels) for labels in LABELS)):
            found = ours.through(verb, [], lines, labels=labels, times=TIMES)
            about = f", {labels} labels" if labels else ""
            each = 1e9 * found.seconds / (found.lines * (length + 1) * max(labels, 1))
            note = f"{each:.1f} ns a symbol{' and label' if labels else ''}; at most {found.peak:.0f} MB"
            name = f"{verb}{about}, {length} characters a line"
            yield Row(name=name, value=found.rate, unit="lines/s", ours=True, note=note)
        lines.unlink()


# -- how ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """What a process took.

    Attributes:
        lines: that were sent.
        seconds: for them, without what it takes for one.
        start: seconds for one line.
        peak: the largest memory, MB.
    """

    lines: int
    seconds: float
    start: float
    peak: float

    @property
    def rate(self) -> float:
        return self.lines / self.seconds

    @property
    def note(self) -> str:
        return f"{self.seconds:.2f} s, and {self.start:.2f} s for one line; at most {self.peak:.0f} MB"


@dataclass
class _Models:
    """What one installation has learned, and how fast it answers.

    Attributes:
        folder: for the models.
        names: what they are learned from.
        command: nextchar.
    """

    folder: Path
    names: Sequence[str]
    command: str

    @cached_property
    def version(self) -> str:
        """What the command says that it is."""
        found = subprocess.run([self.command, "--version"], capture_output=True, text=True, check=True)
        return f"old ({found.stdout.split()[-1]})"

    def of(self, verb: str, labels: int = 2) -> Path:
        """The model for a command, trained when it is first wanted; labels go by the first and last letters."""
        path = self.folder / f"{verb}{labels if verb == 'classify' else ''}.safetensors"
        if path.exists():
            return path
        self.folder.mkdir(exist_ok=True)
        table = self.folder / "table.csv"
        if verb == "score":
            table.write_text("".join(f"{name}\n" for name in self.names), encoding="utf-8")
            options = ["--order", "4", "--smoothing", "witten-bell"]
        else:
            with table.open("w", encoding="utf-8", newline="") as out:
                rows = csv.writer(out)
                rows.writerow(["text", "label"])
                rows.writerows((name, (31 * ord(name[0]) + ord(name[-1])) % labels) for name in self.names[:LABELLED])
            options = ["--column", "text", "--label", "label"]
        trained = subprocess.run(
            [self.command, "train", str(table), "-o", str(path), *options], capture_output=True, text=True, check=False
        )
        if trained.returncode:
            raise RuntimeError(f"{self.command} train failed: {trained.stderr}")
        return path

    def through(self, verb: str, options: Sequence[str], lines: Path, *, labels: int = 2, times: int) -> _Run:
        """The fastest of several runs."""
        command = [self.command, verb, str(self.of(verb, labels)), "-", *options]
        one, some = self.folder / "one.txt", self.folder / "some.txt"
        one.write_text("emma\n")
        _first_lines(some, lines, COMPILED)
        _through(command, some)  # what is compiled at first is not measured
        start = min(_through(command, one)[0] for _ in range(TIMES))
        seconds, peak = min(_through(command, lines) for _ in range(times))
        return _Run(_lines_of(lines), max(seconds - start, 1e-9), start, peak)


def _through(command: Sequence[str], lines: Path) -> tuple[float, float]:
    """Seconds, and the largest memory in MB, of a process on one core that a file is piped into."""
    begun = time.perf_counter()
    with subprocess.Popen(["cat", str(lines)], stdout=subprocess.PIPE) as cat, Path(os.devnull).open("wb") as nowhere:
        child = subprocess.Popen([*_one_core(), *command], stdin=cat.stdout, stdout=nowhere)
        assert cat.stdout is not None
        cat.stdout.close()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def _one_core() -> list[str]:
    """What goes before a command that is to have the last core alone, where the system can do that."""
    if shutil.which("taskset") is None or not hasattr(os, "sched_getaffinity"):
        return []
    return ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0)))]


def _waits(command: Sequence[str]) -> list[float]:
    """Seconds from each line on an idle pipe to its answer; the first includes the start of the process."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        watch = threading.Timer(120, child.kill)
        watch.start()
        assert child.stdin is not None
        assert child.stdout is not None
        found = []
        for _ in range(ANSWERS + 1):
            child.stdin.write(b"emma\n")
            child.stdin.flush()
            child.stdout.readline()
            found.append(time.perf_counter() - begun)
            time.sleep(PAUSE)
            begun = time.perf_counter()
        child.stdin.close()
        child.wait()
        watch.cancel()
    return found


def _names_file(path: Path, names: Sequence[str], lines: int) -> Path:
    from benchmarks.data import drawn_names, warm

    part = "".join(f"{name}\n" for name in drawn_names(tuple(names), min(lines, 1_000_000)))
    with path.open("w", encoding="utf-8") as out:
        for _ in range(max(lines // 1_000_000, 1)):
            out.write(part)
    return warm(path)


def _first_lines(path: Path, source: Path, lines: int) -> Path:
    with source.open("rb") as given, path.open("wb") as out:
        for _ in range(lines):
            out.write(given.readline())
    return path


def _long_lines(path: Path, names: Sequence[str], length: int, characters: int) -> Path:
    from benchmarks.data import drawn_names

    mean = sum(map(len, names)) / len(names)
    text = "".join(drawn_names(tuple(names), int(1.2 * characters / mean) + length))
    with path.open("w", encoding="utf-8") as out:
        for at in range(0, max(characters // length, 1) * length, length):
            out.write(text[at : at + length] + "\n")
    return path


def _lines_of(path: Path) -> int:
    with path.open("rb") as lines:
        return sum(piece.count(b"\n") for piece in iter(lambda: lines.read(1 << 20), b""))


if __name__ == "__main__":
    main()
