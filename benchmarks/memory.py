"""How much memory it takes to count files that are larger than it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.data import Settings, write_generated, write_repeated
from benchmarks.processes import python_json
from benchmarks.report import Row, Section, Target

__all__ = ["run"]

LIMIT = 200.0


def run(settings: Settings) -> list[Section]:
    """A file of names from the list, and one of names that are mostly distinct."""
    few = _few_names(settings)
    python_json(["-m", "benchmarks.child", "idle", few])  # compiles, if need be
    idle = {
        False: python_json(["-m", "benchmarks.child", "idle"])["resident"],
        True: python_json(["-m", "benchmarks.child", "idle", few])["resident"],
    }
    rows = []
    worst = dict.fromkeys(("count_files", "nextchar train"), 0.0)
    for label, path in _files(settings):
        for name, arguments in (
            ("count_files, order 2, 1 thread", ["count", str(path), "2", "1"]),
            ("count_files, order 2, 2 threads", ["count", str(path), "2", "2"]),
            ("count_files, order 4", ["count", str(path), "4", "1"]),
            ("nextchar train --model bigram", ["train", str(path), "-o", _model(settings), "--model", "bigram"]),
            ("nextchar train --order 4", ["train", str(path), "-o", _model(settings), "--order", "4"]),
        ):
            found = python_json(["-m", "benchmarks.child", *arguments])
            more = found["peak"] - idle[found["kernels"]]
            kind = next(kind for kind in worst if name.startswith(kind))
            worst[kind] = max(worst[kind], more)
            rows.append(Row(name=f"{name}, {label}", value=more, unit="MB", note=_note(found, idle)))
        path.unlink()
    return [
        Section(
            title="Memory",
            about=f"Files of {settings.memory_bytes / 1e6:,.0f} MB. The most resident memory of a process, less what "
            "an idle one has with nextchar's counts loaded, and with the kernels loaded where the job does so.",
            rows=rows,
            targets=[
                Target(wanted=f"{kind} under {LIMIT:.0f} MB", got=f"at most {most:.0f} MB", met=most < LIMIT)
                for kind, most in worst.items()
            ],
        )
    ]


def _files(settings: Settings) -> list[tuple[str, Path]]:
    repeated, distinct = settings.folder / "repeated.txt", settings.folder / "distinct.txt"
    write_repeated(repeated, settings.big_file, settings.memory_bytes)
    write_generated(distinct, settings.names, settings.memory_bytes)
    return [("names of the list", repeated), ("names mostly distinct", distinct)]


def _model(settings: Settings) -> str:
    return str(settings.folder / "trained.safetensors")


def _few_names(settings: Settings) -> str:
    path = settings.folder / "few.txt"
    path.write_text("\n".join(settings.names[:100]) + "\n")
    return str(path)


def _note(found: dict[str, Any], idle: dict[bool, float]) -> str:
    with_kernels = " with kernels" if found["kernels"] else ""
    return f"peak {found['peak']:.0f}, interpreter{with_kernels} {idle[found['kernels']]:.0f}; {found['seconds']:.1f} s"
