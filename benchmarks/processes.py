"""Starting nextchar and Python in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "nextchar_command", "python_json", "run_quietly"]

ROOT = Path(__file__).resolve().parents[1]


def nextchar_command(*arguments: str) -> list[str]:
    """The installed command beside this Python, with arguments."""
    return [str(Path(sys.executable).with_name("nextchar")), *arguments]


def run_quietly(command: Sequence[str], out: Path | None = None) -> None:
    """Run to the end, with stdout into a file or nowhere.

    Raises:
        RuntimeError: it failed; with what it wrote to stderr.
    """
    with Path(out or os.devnull).open("wb") as handle:
        result = subprocess.run(command, stdout=handle, stderr=subprocess.PIPE, check=False)
    if result.returncode:
        raise RuntimeError(f"{command[0]} failed: {result.stderr.decode(errors='replace')}")


def python_json(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Any:
    """Run this Python in the project's folder and read the JSON that it prints as its last line.

    Raises:
        RuntimeError: it failed; with what it wrote to stderr.
    """
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"python {' '.join(arguments)[:200]} failed: {result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])
