"""Inputs that were found by fuzzing or thought of as attacks, kept; and more fuzzing, as long as it is given.

`tests/findings/READER/` has the inputs, as `fuzz.py` reads them, and `tests/findings/expected.json` what is to come of
each: `read`, or a part of the typed error's message. `NEXTCHAR_FUZZ=300 pytest -m slow tests/test_fuzz.py` fuzzes each
reader for so many seconds; what that finds is printed, to be mended and kept.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parent
FINDINGS = TESTS / "findings"
SECONDS = int(os.environ.get("NEXTCHAR_FUZZ", "20"))
READERS = ("text", "arpa", "model", "altered", "net", "counts", "facts", "checkpoint")
EXPECTED: dict[str, str] = json.loads((FINDINGS / "expected.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    script = importlib.import_module("tests.fuzz")
    assert tuple(script.READERS) == READERS
    return script


def test_every_finding_is_kept_with_what_is_expected() -> None:
    kept = [str(path.relative_to(FINDINGS)) for path in sorted(FINDINGS.glob("*/*"))]
    assert kept == sorted(EXPECTED)
    assert max(path.stat().st_size for path in FINDINGS.glob("*/*")) <= 1 << 17


@pytest.mark.parametrize("name", EXPECTED)
def test_a_finding_stays_mended(name: str, fuzz: ModuleType, tmp_path: Path) -> None:
    reader = name.split("/")[0]
    if reader in ("counts", "facts"):
        pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'nextchar[counts]'")
    if reader in ("net", "checkpoint"):
        pytest.importorskip("torch", reason="needs torch: pip install 'nextchar[neural]'")
    found = fuzz.attempt(reader, (FINDINGS / name).read_bytes(), tmp_path)
    assert EXPECTED[name] in found


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_fuzzing_finds_nothing(reader: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="needs atheris: pip install 'nextchar[fuzz]'")
    command = [sys.executable, "-m", "tests.fuzz", reader, str(SECONDS), str(tmp_path)]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    found = {path.name: path.read_bytes()[:2_000] for path in tmp_path.glob("*-*")}
    assert not found, f"{found}\n{done.stderr[-3_000:]}"
    assert done.returncode == 0, done.stderr[-3_000:]
