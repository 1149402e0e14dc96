"""What the benchmarks work on: names drawn with a seed from a list, as many as wanted."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import nextchar
from nextchar.data.datasets import shipped_names

__all__ = [
    "Settings",
    "drawn_names",
    "first_bytes",
    "names_from",
    "warm",
    "write_generated",
    "write_names",
    "write_numbered",
    "write_repeated",
]

SEED = 20180101
_BATCH = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to run on.

    Attributes:
        names: the list, without blanks.
        folder: where big files may lie while the benchmarks run.
        rounds: how often the sides take turns.
        counting_bytes: size of the file to count.
        memory_bytes: size of the file to count in little memory.
        sample_items: how many names to draw.
        score_items: how many names to score.
    """

    names: tuple[str, ...]
    folder: Path
    rounds: int = 7
    counting_bytes: int = 200_000_000
    memory_bytes: int = 1_000_000_000
    sample_items: int = 2_000_000
    score_items: int = 1_000_000

    @property
    def model_path(self) -> Path:
        """Where the bigram model lies that the command-line benchmarks use."""
        path = self.folder / "bigram.safetensors"
        if not path.exists():
            nextchar.Ngram(order=2, add=0.1).fit(nextchar.Corpus.from_items(self.names)).save(path)
        return path

    @property
    def big_file(self) -> Path:
        """The file to count; made at the first call."""
        path = self.folder / "names.txt"
        if not path.exists():
            write_names(path, self.names, self.counting_bytes)
        return warm(path)


def names_from(path: Path | None) -> tuple[tuple[str, ...], str]:
    """The list to draw from, and what it is: the file, else that of NEXTCHAR_NAMES, else the shipped names.

    Raises:
        ValueError: a name is not ASCII, or has blanks inside; the rivals are written for letters.
    """
    if path is None and os.environ.get("NEXTCHAR_NAMES"):
        path = Path(os.environ["NEXTCHAR_NAMES"])
    if path is None:
        names, origin = tuple(name.lower() for name in shipped_names()), "the names that ship with nextchar, lower case"
    else:
        names = tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip())
        origin = f"{path.name}, {len(names):,} names"
    for name in names:
        if not name.isascii() or len(name.split()) != 1:
            raise ValueError(f"{name!r}: the rivals can only do names of ASCII letters")
    return names, origin


def drawn_names(names: tuple[str, ...], n: int) -> list[str]:
    """n names drawn with replacement."""
    return random.Random(SEED).choices(names, k=n)


def write_names(path: Path, names: tuple[str, ...], size: int) -> None:
    """A file of names drawn with replacement, one a line, of a little over `size` bytes."""
    source = random.Random(SEED)
    mean = sum(map(len, names)) / len(names) + 1
    with path.open("wb") as out:
        while (missing := size - out.tell()) > 0:
            batch = source.choices(names, k=min(_BATCH, int(missing / mean) + 1))
            out.write(("\n".join(batch) + "\n").encode())


def write_repeated(path: Path, part: Path, size: int) -> None:
    """A file of `size` bytes or a little more: another file again and again."""
    with path.open("wb") as out:
        while out.tell() < size:
            with part.open("rb") as lines:
                shutil.copyfileobj(lines, out, 1 << 20)


def write_generated(path: Path, names: tuple[str, ...], size: int) -> None:
    """A file of `size` bytes or a little more of names that are mostly distinct: written by a model of order 4."""
    model = nextchar.Ngram(order=4, add=0.001).fit(nextchar.Corpus.from_items(names))
    seed, cut = SEED, nextchar.Constraint(max_length=40)
    with path.open("wb") as out:
        while out.tell() < size:
            out.write(model.draw_left_to_right(_BATCH, nextchar.Plan(seed=seed), cut).corpus.text().encode())
            seed += 1


def write_numbered(path: Path, size: int) -> None:
    """A file of `size` bytes or a little more: names in small letters, each with a running number, so all distinct."""
    names, chance, written = [name.lower() for name in shipped_names()], random.Random(1), 0
    with path.open("w") as file:
        number = 0
        while written < size:
            lines = "".join(f"{name} {number + i}\n" for i, name in enumerate(chance.choices(names, k=50_000)))
            number, written = number + 50_000, written + file.write(lines)


def first_bytes(path: Path, size: int, to: Path) -> Path:
    """The first lines of a file, `size` bytes or a little more, as a file of their own."""
    with path.open("rb") as lines, to.open("wb") as out:
        out.write(lines.read(size) + lines.readline())
    return to


def warm(path: Path) -> Path:
    """Read a file once, so that it comes from the page cache afterwards."""
    with path.open("rb", buffering=0) as handle:
        while handle.read(1 << 22):
            pass
    return path
