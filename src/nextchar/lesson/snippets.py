"""The code that the lesson shows, run as it is shown: in a process of its own, in a folder that holds the list in use.

Only the snippets that ship with nextchar are ever run, with every right that Python has; there is no way to hand in
other code. Importing this module loads neither torch nor numpy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["LIST_FILE", "SnippetRun", "run_code"]

LIST_FILE: Final = "names.txt"  # what the snippets call the list in use
CODE_FILE: Final = "snippet.py"
LONGEST_SECONDS: Final = 120.0
MOST_CHARACTERS: Final = 20_000  # of output
_NO_ERROR: Final = frozenset({"Traceback (most recent call last):", ""})


@dataclass(frozen=True, kw_only=True)
class SnippetRun:
    """What a snippet did.

    Attributes:
        output: what it printed, up to the error if there was one.
        error: the last line of what Python said, as in `ValueError: ...`; None where it ran to its end.
        timed_out: whether it was ended because it took too long.
        seconds: how long it took, from the start of Python on.
    """

    output: str
    error: str | None
    timed_out: bool
    seconds: float


def run_code(code: str, items: Iterable[str], *, longest_seconds: float = LONGEST_SECONDS) -> SnippetRun:
    """Run a snippet of the lesson beside a file of items, one a line, and return what it printed.

    Args:
        code: as it is shown.
        items: what its `names.txt` holds.
        longest_seconds: after which it is ended.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="nextchar-") as folder:
        Path(folder, CODE_FILE).write_text(code, encoding="utf-8", newline="\n")
        Path(folder, LIST_FILE).write_text("".join(f"{item}\n" for item in items), encoding="utf-8", newline="\n")
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONSAFEPATH": "1", "NO_COLOR": "1"}
        with subprocess.Popen(
            [sys.executable, CODE_FILE],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as process:
            timed_out = False
            try:
                output, said = process.communicate(timeout=longest_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                output, said = process.communicate()
                timed_out = True
        lines = [line for line in said.splitlines() if line.strip() not in _NO_ERROR]
        failed = process.returncode != 0 and not timed_out
        return SnippetRun(
            output=output[:MOST_CHARACTERS],
            error=(lines[-1] if lines else f"exit status {process.returncode}") if failed else None,
            timed_out=timed_out,
            seconds=time.perf_counter() - begin,
        )
