"""Lines a second through `score -` and `classify -` from a pipe, the first answer's wait, and the memory.

Whole processes, from the first line that is written to the last answer that is read: a million names are written by
another process, and what comes out is counted by this one. How the figures grow with the length of lines and the number
of labels is measured in the same way.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import nextchar
from benchmarks.data import Settings, drawn_names
from benchmarks.processes import nextchar_command
from benchmarks.report import Row, Section, Target

__all__ = ["run"]

ANSWERS = 30  # lines on an idle pipe
PAUSE = 0.05  # seconds between them
OLD = {"score": 225_000, "classify": 57_000}  # lines a second before rows were written by compiled loops
WANTED = {"score": 2_000_000, "classify": 400_000}
LONG = 100  # characters of a long line
MANY = 10  # labels


def run(settings: Settings) -> list[Section]:
    """Speed, memory and waiting."""
    names = drawn_names(settings.names, settings.score_items)
    folder = settings.folder
    (folder / "lines.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    short = folder / "lines.txt"
    long = _long_lines(folder / "long.txt", names)
    score, classify, many = _score_model(settings), _classifier(settings, 2), _classifier(settings, MANY)
    runs: list[tuple[str, Sequence[str | Path], Path]] = [
        ("score", ["score", score, "-"], short),
        ("score --tsv", ["score", score, "-", "--tsv"], short),
        ("score --json --no-surprisal", ["score", score, "-", "--json", "--no-surprisal"], short),
        ("score --json", ["score", score, "-", "--json"], short),
        (f"score, {LONG} characters a line", ["score", score, "-"], long),
        ("classify", ["classify", classify, "-"], short),
        ("classify --tsv", ["classify", classify, "-", "--tsv"], short),
        ("classify --json", ["classify", classify, "-", "--json"], short),
        (f"classify, {MANY} labels", ["classify", many, "-"], short),
        (f"classify, {LONG} characters a line", ["classify", classify, "-"], long),
    ]
    rows, targets = [], []
    speed: dict[str, float] = {}
    for name, command, lines in runs:
        empty = min(_through(command, Path(os.devnull))[0] for _ in range(3))
        seconds, peak = min(_through(command, lines) for _ in range(3))
        n = _lines_of(lines)
        speed[name] = n / (seconds - empty)
        old = f"; {OLD[name]:,} before" if name in OLD else ""
        note = f"{seconds:.2f} s in all, {empty:.2f} s of them with no line; at most {peak:.0f} MB{old}"
        rows.append(Row(name=name, value=speed[name], unit="lines/s", ours=True, note=note))
    for name, wanted in WANTED.items():
        got = speed[name]
        targets.append(Target(wanted=f"`{name} -`: {wanted:,} lines/s", got=f"{got:,.0f}", met=got >= wanted))
    small, large = (_through(["score", score, "-"], lines)[1] for lines in (short, _ten_times(short)))
    targets.append(
        Target(
            wanted="memory flat: ten times the lines in the memory of one time, and a tenth more at the most",
            got=f"{small:.0f} MB, then {large:.0f} MB",
            met=large <= 1.1 * small,
        )
    )
    waits = {name: _waits([name, model, "-", "--tsv"]) for name, model in (("score", score), ("classify", classify))}
    for name, values in waits.items():
        median, worst = statistics.median(values[1:]), max(values[1:])
        rows.append(
            Row(
                name=f"{name}, answer on an idle pipe",
                value=1000 * median,
                unit="ms",
                ours=True,
                note=f"slowest {1000 * worst:.1f}; the first of all, the start of the process included, "
                f"{1000 * values[0]:.0f}",
            )
        )
        targets.append(
            Target(
                wanted=f"`{name} -`: each line on an idle pipe is answered within 50 ms",
                got=f"{1000 * worst:.1f} ms",
                met=worst < 0.05,
            )
        )
    about = (
        f"{len(names):,} names through a pipe, a model of order 4 and a classifier with {MANY} or 2 labels: lines a "
        "second, the time for no line taken off; the fastest of 3."
    )
    return [Section(title="Streams", about=about, rows=rows, targets=targets)]


def _score_model(settings: Settings) -> Path:
    path = settings.folder / "order4.safetensors"
    nextchar.Ngram(order=4, smoothing="witten-bell").fit(nextchar.Corpus.from_items(settings.names)).save(path)
    return path


def _classifier(settings: Settings, labels: int) -> Path:
    """Labels by the last letter, which is not what one would classify, but takes as long."""
    path = settings.folder / f"labels{labels}.safetensors"
    texts = settings.names[:10_000]
    nextchar.Classifier(folds=2).fit(texts, [ord(text[-1]) % labels for text in texts]).save(path)
    return path


def _long_lines(path: Path, names: Sequence[str]) -> Path:
    text = "".join(names[:200_000])
    path.write_text("".join(text[at : at + LONG] + "\n" for at in range(0, len(text), LONG)), encoding="utf-8")
    return path


def _ten_times(path: Path) -> Path:
    other = path.with_suffix(".ten")
    content = path.read_bytes()
    with other.open("wb") as handle:
        for _ in range(10):
            handle.write(content)
    return other


def _lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def _through(command: Sequence[str | Path], lines: Path) -> tuple[float, float]:
    """Seconds, and the largest memory in MB, of a process that a file is piped into."""
    begun = time.perf_counter()
    with subprocess.Popen(["cat", str(lines)], stdout=subprocess.PIPE) as cat, Path(os.devnull).open("wb") as nowhere:
        child = subprocess.Popen(nextchar_command(*map(str, command)), stdin=cat.stdout, stdout=nowhere)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"nextchar {command[0]} ended with {child.returncode}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def _waits(command: Sequence[str | Path]) -> list[float]:
    """Seconds from each line on an idle pipe to its answer; the first includes the start of the process."""
    begun = time.perf_counter()
    with subprocess.Popen(nextchar_command(*map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
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
