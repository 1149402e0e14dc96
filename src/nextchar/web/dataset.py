"""The lists that the page works on: the one that is there at first, shared by all visitors, and visitors' own."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from nextchar.data.corpus import Corpus
from nextchar.data.download import find
from nextchar.lesson.names import lesson_names

__all__ = ["Dataset", "default_dataset", "shipped_dataset"]

_NUMBERS = itertools.count()


@dataclass(frozen=True, eq=False)
class Dataset:
    """A list in use.

    Attributes:
        name: as shown to people.
        own: whether a visitor sent it.
        corpus: its items.
        number: no other list has it.
    """

    name: str
    own: bool
    corpus: Corpus
    number: int = field(default_factory=lambda: next(_NUMBERS))

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same items, in every process: 16 hexadecimal digits."""
        sum_ = hashlib.sha256(self.corpus.alphabet.characters.encode("utf-8", "surrogatepass"))
        sum_.update(self.corpus.ids.tobytes())
        return sum_.hexdigest()[:16]

    @property
    def size_bytes(self) -> int:
        """The memory of the items."""
        return self.corpus.ids.nbytes + self.corpus.offsets.nbytes


def default_dataset(path: Path | None = None) -> Dataset:
    """The list that is in use at first: the file given, else makemore's names, else the names that ship.

    Raises:
        CorpusError: the file cannot be read.
        DataSetError: NEXTCHAR_NAMES points to something else than makemore's names.
    """
    if path is not None:
        return Dataset(path.name, False, Corpus.from_file(path))
    names = find("makemore-names")
    return shipped_dataset() if names is None else Dataset("names.txt", False, Corpus.from_file(names))


def shipped_dataset() -> Dataset:
    """The names that ship with the package, as the lesson uses them."""
    return Dataset("names-2018", False, Corpus.from_items(lesson_names()))
