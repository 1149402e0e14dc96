from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from nextchar.data.corpus import Corpus
from nextchar.data.download import find

# The nets of the tests are tiny: more threads than one only wait for each other. Set before torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("nextchar", deadline=None)  # a first call may compile
settings.load_profile("nextchar")


@pytest.fixture(scope="session")
def names_path() -> Path:
    """makemore's names.txt, which is not part of the project."""
    path = find("makemore-names")
    if path is None:
        pytest.skip("needs makemore's names.txt: set NEXTCHAR_NAMES, or run nextchar data fetch makemore-names")
    return path


@pytest.fixture(scope="session")
def names(names_path: Path) -> Corpus:
    return Corpus.from_file(names_path)
