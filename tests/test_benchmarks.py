"""The benchmarks still run: each on little data, once. What they measure is not looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMALL = {
    "--rounds": 1,
    "--counting-mb": 2,
    "--memory-mb": 4,
    "--sample-items": 2_000,
    "--score-items": 2_000,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "which", ["counting", "sampling", "scoring", "streams", "exact", "compiling", "startup", "memory", "web"]
)
def test_a_benchmark_runs(which: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="benchmarks compare with torch: pip install 'nextchar[neural]'")
    options = [str(part) for pair in SMALL.items() for part in pair]
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), which, *options, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    document = json.loads(done.stdout)
    assert document
