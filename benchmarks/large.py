"""A file that is larger than memory, counted within a limit: peak memory, time, and whether the counts are right.

    python -m benchmarks.large [--size 10GB] [--order 5] [--memory 1GB] [--lmplz PATH] [--lmplz-size 1GB]

The known answer is numpy's: every n-gram is a number in base V, and `bincount` adds them up, piece by piece. With the
path of KenLM's lmplz, its time on a file that it can finish stands beside ours on the same file, at the same memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil

from benchmarks.data import first_bytes, write_numbered
from benchmarks.processes import nextchar_command
from nextchar.data.sizes import checked_memory

__all__ = ["main"]

PIECE = 1 << 24  # bytes that the known answer reads at a time
LOOK = 0.1  # seconds between two looks at the memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", default="10GB", help="of the text: names, each with a running number")
    parser.add_argument("--order", type=int, default=5)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--lmplz", type=Path, help="KenLM's program, to be timed beside")
    parser.add_argument("--lmplz-size", default="1GB", help="of the text that both get")
    parser.add_argument("--folder", help="where the files may lie; twice the size")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        text = folder / "text.txt"
        write_numbered(text, checked_memory(given.size))
        print(f"load: {os.getloadavg()[0]:.1f}; text: {text.stat().st_size / 1e9:.2f} GB", flush=True)
        count = nextchar_command("count", str(text), "--order", str(given.order), "--memory", given.memory, "-o")
        report("nextchar count", [*count, str(folder / "counts")])
        right = equal(folder / "counts", text, given.order)
        print("the counts are the known ones" if right else "THE COUNTS ARE WRONG", flush=True)
        if given.lmplz is not None:
            part = first_bytes(text, checked_memory(given.lmplz_size), folder / "part.txt")
            beside_lmplz(given, part, folder)
    sys.exit(0 if right else 1)


def report(name: str, command: Sequence[str], **files: Path) -> None:
    """Run a command and print its time and the most memory that it and its children had at one time."""
    handles = {key: path.open("rb" if key == "stdin" else "wb") for key, path in files.items()}
    started, most = time.monotonic(), 0
    process = psutil.Popen(command, stderr=subprocess.DEVNULL, **handles)
    used = 0.0
    while process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            most = max(most, sum(one.memory_info().rss for one in family))
            used = max(used, sum(sum(one.cpu_times()[:2]) for one in family))
        except psutil.NoSuchProcess:
            pass
        time.sleep(LOOK)
    seconds = time.monotonic() - started
    for handle in handles.values():
        handle.close()
    if process.returncode:
        sys.exit(f"{name} failed")
    print(f"{name}: {seconds:.1f} s, {used:.1f} s of processor time, at most {most / 1e6:,.0f} MB", flush=True)


def equal(counts: Path, text: Path, order: int) -> bool:
    """Whether a folder of counts holds what numpy finds in the text."""
    letters = "\n 0123456789abcdefghijklmnopqrstuvwxyz"
    V = len(letters)
    number = np.full(256, 255, dtype=np.int64)
    number[np.frombuffer(letters.encode(), dtype=np.uint8)] = np.arange(V)
    known = np.zeros(V**order, dtype=np.int64)
    for ids in pieces(text, number, order):
        keys = np.zeros(len(ids) - order + 1, dtype=np.int64)
        for place in range(order):
            column = ids[place : place + len(keys)]
            keys = keys * V + column
            if place < order - 1:  # what stands before an item's first symbol are boundaries only
                keys[column == 0] = 0
        found = np.bincount(keys)
        known[: len(found)] += found
    return compare(counts, known, letters)


def pieces(text: Path, number: npt.NDArray[np.int64], order: int) -> Iterator[npt.NDArray[np.int64]]:
    """The text as numbers, each piece with the symbols before it that its n-grams need."""
    before = np.zeros(order - 1, dtype=np.int64)
    with text.open("rb") as file:
        while piece := file.read(PIECE):
            ids = np.concatenate((before, number[np.frombuffer(piece, dtype=np.uint8)]))
            before = ids[-(order - 1) :]
            yield ids


def compare(counts: Path, known: npt.NDArray[np.int64], letters: str) -> bool:
    import pyarrow.parquet

    number = {letter: place for place, letter in enumerate(letters)}
    V, seen = len(letters), 0
    for path in sorted(counts.glob("*.parquet")):
        table = pyarrow.parquet.read_table(path)
        for ngram, count in zip(table["ngram"].to_pylist(), table["count"].to_pylist(), strict=True):
            key = 0
            for letter in ngram:
                key = key * V + number[letter]
            if known[key] != count:
                print(f"{ngram!r}: {count} instead of {known[key]}")
                return False
            seen += 1
    print(f"{seen:,} different n-grams")
    return seen == int((known > 0).sum())


def beside_lmplz(given: argparse.Namespace, part: Path, folder: Path) -> None:
    """The same text, characters as words for lmplz, which also estimates; so ours trains too."""
    spaced = folder / "spaced.txt"
    with part.open() as lines, spaced.open("w") as out:
        for line in lines:
            out.write(" ".join("_" if letter == " " else letter for letter in line.rstrip("\n")) + "\n")
    order, memory = str(given.order), given.memory
    smoothing = ("--smoothing", "modified-kneser-ney")
    model = ("-o", str(folder / "m.safetensors"))
    ours = ["train", str(part), "--order", order, *smoothing, "--memory", memory, *model]
    print(f"both on {part.stat().st_size / 1e9:.2f} GB:", flush=True)
    report("nextchar train", nextchar_command(*ours))
    size = f"{checked_memory(memory) >> 20}M"
    theirs = [str(given.lmplz), "-o", order, "-S", size, "-T", str(folder), "--discount_fallback"]  # few letters
    report("lmplz", theirs, stdin=spaced, stdout=folder / "m.arpa")


if __name__ == "__main__":
    main()
