"""The time until something happens: help, the import, and the first call of compiled code in a new environment."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time

from benchmarks.data import Settings
from benchmarks.processes import nextchar_command, python_json, run_quietly
from benchmarks.report import Row, Section, Target

__all__ = ["run_compiling", "run_startup"]

RUNS = 10
HEAVY = ("torch", "numba", "matplotlib", "numpy")


def run_startup(settings: Settings) -> list[Section]:
    """Help and import."""
    del settings
    commands = {
        "nextchar --help": nextchar_command("--help"),
        "python -c 'import nextchar'": [sys.executable, "-c", "import nextchar"],
        "python -c pass, for comparison": [sys.executable, "-c", "pass"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for round_ in range(RUNS + 1):
        for name, command in commands.items():
            begun = time.perf_counter()
            run_quietly(command)
            if round_:  # the first one fills caches
                seconds[name].append(time.perf_counter() - begun)
    code = f"import json, sys, nextchar; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    loaded = python_json(["-c", code])
    median = {name: 1000 * statistics.median(values) for name, values in seconds.items()}
    rows = [
        Row(name=name, value=median[name], unit="ms", note=f"fastest {1000 * min(values):.0f}")
        for name, values in seconds.items()
    ]
    help_ms = median["nextchar --help"]
    return [
        Section(
            title="Starting",
            about=f"Whole processes, medians of {RUNS}.",
            rows=rows,
            targets=[
                Target(wanted="`nextchar --help` under 150 ms", got=f"{help_ms:.0f} ms", met=help_ms < 150),
                Target(
                    wanted=f"`import nextchar` loads none of {', '.join(HEAVY)}",
                    got=", ".join(loaded) or "none",
                    met=not loaded,
                ),
            ],
        )
    ]


def run_compiling(settings: Settings) -> list[Section]:
    """Two processes with one new, empty cache for compiled code."""
    with tempfile.TemporaryDirectory(dir=settings.folder) as cache:
        child = ["-m", "benchmarks.child", "compile", str(settings.model_path)]
        first = python_json(child, {"NUMBA_CACHE_DIR": cache})
        second = python_json(child, {"NUMBA_CACHE_DIR": cache})
    rows = []
    for name in first["first"]:
        again, elsewhere = _short(first["second"][name]), _short(second["first"][name])
        note = f"second call {again}; first call of the next process {elsewhere}"
        rows.append(Row(name=name, value=first["first"][name], unit="s", note=note))
    compiled, again, found = first["compiled"], second["compiled"], second["found"]
    total, cached = sum(first["first"].values()), sum(second["first"].values())
    rows.append(Row(name="all", value=total, unit="s", note=f"first calls of the next process {_short(cached)}"))
    return [
        Section(
            title="The first call of compiled code",
            about="In a process with an empty cache: seconds of each job's first call on a few names, which compiles "
            f"what it needs; importing numba comes before and takes {_short(first['import'])}. Then the second call, "
            "and the first call of another process, which finds the compiled code on disk (numba "
            "sets itself up in the first of them).",
            rows=rows,
            targets=[
                Target(
                    wanted="cached on disk: the next process compiles nothing",
                    got=f"{compiled} loops compiled, then {again}; {found} found on disk",
                    met=again == 0 and found == compiled,
                )
            ],
        )
    ]


def _short(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.2g} ms"
