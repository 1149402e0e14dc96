"""Machine code that is older than any source that it may have been made of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nextchar._kernels.stale import forget_stale

FILES = ("__init__.py", "shared.py", "a/__init__.py", "a/loops.py", "a/parts.py", "b/__init__.py", "b/loops.py")
INDEXES = ("__pycache__/shared.nbi", "a/__pycache__/loops.nbi", "b/__pycache__/loops.nbi")


def written(folder: Path, seconds: int, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (seconds, seconds))


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ([], INDEXES),
        (["a/parts.py"], (INDEXES[0], INDEXES[2])),  # which numba would not see in what a/loops.py became
        (["b/loops.py"], INDEXES[:2]),
        (["shared.py"], ()),
        (["a/parts.py", "b/__init__.py"], INDEXES[:1]),
    ],
)
def test_what_may_have_changed_is_compiled_again(changed: list[str], kept: tuple[str, ...], tmp_path: Path) -> None:
    written(tmp_path, 1_000, *FILES)
    written(tmp_path, 2_000, *INDEXES, "a/__pycache__/loops.1.nbc")
    written(tmp_path, 3_000, *changed)
    forget_stale(tmp_path)
    assert [name for name in INDEXES if (tmp_path / name).exists()] == list(kept)
    assert (tmp_path / "a/__pycache__/loops.1.nbc").exists()
