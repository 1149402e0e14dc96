"""Arrays in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nextchar.data import mapped
from nextchar.data.mapped import mapped_array, pieces_of


def test_the_bytes_of_an_array_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "PIECE_BYTES", 5)
    numbers = np.arange(12, dtype="<u2").reshape(3, 4)
    (tmp_path / "a").write_bytes(numbers.tobytes())
    there = mapped_array(tmp_path / "a", np.dtype("<u2"), (3, 4))
    (tmp_path / "a").unlink()
    for array in (numbers, there, np.ascontiguousarray(there)):
        pieces = [bytes(piece) for piece in pieces_of(array)]
        assert [len(piece) for piece in pieces] == [5, 5, 5, 5, 4]
        assert b"".join(pieces) == numbers.tobytes()
    np.testing.assert_array_equal(there, numbers)  # and is read again


def test_nothing_and_one_number() -> None:
    assert b"".join(pieces_of(np.empty((0, 3)))) == b""
    assert b"".join(pieces_of(np.array(True))) == b"\x01"
