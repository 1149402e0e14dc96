"""Whether a loop was compiled before is seen from the disk."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from nextchar._kernels.loading import compiled_before

SOURCE = """
from numba import njit

@njit(cache=True)
def double(x):
    return 2 * x

@njit(cache=True)
def double_twice(x):
    return 4 * x
"""


def test_a_loop_is_compiled_at_its_first_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "two_loops.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    loops = import_module("two_loops")
    monkeypatch.delitem(sys.modules, "two_loops")
    assert not compiled_before(loops.double_twice)
    assert loops.double_twice(3) == 12
    assert compiled_before(loops.double_twice)
    assert not compiled_before(loops.double)
