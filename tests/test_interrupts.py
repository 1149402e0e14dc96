"""Commands that are told to end while they work: one line, the exit code, and nothing half-written or left over.

`NEXTCHAR_SIGNALS=200 pytest -m slow tests/test_interrupts.py` sends each command as many; by default 20.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

TIMES = int(os.environ.get("NEXTCHAR_SIGNALS", "20"))
SCRIPT = Path(__file__).parent / "interrupts.py"
COMMANDS = ("train", "train-net", "count", "merge", "sample", "score", "classify", "export")


def interrupt(folder: Path, times: int, *names: str) -> None:
    """Send each of the commands so many signals."""
    command = [sys.executable, str(SCRIPT), str(folder), str(times), "1", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    hits = re.findall(r"^([\w-]+): (\d+) of", done.stdout, re.MULTILINE)
    assert [name for name, _ in hits] == list(names)
    assert sum(int(hit) for _, hit in hits) > 0, done.stdout


def test_counting_is_interrupted(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'nextchar[counts]'")
    interrupt(tmp_path, 6, "train", "count")


@pytest.mark.slow
def test_commands_are_interrupted(tmp_path: Path) -> None:
    for module in ("torch", "pyarrow"):
        pytest.importorskip(module, reason="needs torch and pyarrow: pip install 'nextchar[neural,counts]'")
    interrupt(tmp_path, TIMES, *COMMANDS)
