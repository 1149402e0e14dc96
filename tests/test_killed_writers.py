"""Whatever is killed while it writes, the file is the old one or the new one, and the next write leaves nothing else.

`NEXTCHAR_KILLS=100 pytest -m slow tests/test_killed_writers.py` kills as many as that, of all kinds together.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

KILLS = int(os.environ.get("NEXTCHAR_KILLS", "10000"))
SCRIPT = Path(__file__).parent / "kills.py"


def script_kinds() -> Sequence[str]:
    """All kinds that the script knows."""
    spec = importlib.util.spec_from_file_location("kills", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = script
    spec.loader.exec_module(script)
    return tuple(script.KINDS)


KINDS = script_kinds()


def kill(folder: Path, kills: int, *kinds: str) -> list[int]:
    """Kill so many; how many of each kind there were."""
    command = [sys.executable, str(SCRIPT), str(folder), str(kills), "1", *kinds]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^([\w.-]+):", done.stdout, re.MULTILINE) == list(kinds)
    return [int(number) for number in re.findall(r": (\d+) killed", done.stdout)]


def test_of_the_common_kinds(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'nextchar[counts]'")
    kinds = ("ngram", "classifier", "mapped", "arpa.gz", "export.html", "counts", "merge", "train-memory", "score")
    assert sum(kill(tmp_path, 99, *kinds)) == 99


def test_all_kinds_of_models_are_killed() -> None:
    models = {path.stem for path in (Path(__file__).parent / "fixtures" / "models").glob("*.safetensors")}
    assert models <= {*KINDS, "ngram-add"}  # which is the other of each pair


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_of_one_kind(kind: str, tmp_path: Path) -> None:
    for module in ("torch", "pyarrow"):
        pytest.importorskip(module, reason="needs torch and pyarrow: pip install 'nextchar[neural,counts]'")
    kills = -(-KILLS // len(KINDS))
    assert kill(tmp_path, kills, kind) == [kills]
