"""Counting the bigrams of a big file: from a path to the 27 x 27 table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

import nextchar
from benchmarks import rivals
from benchmarks.data import Settings, first_bytes
from benchmarks.measure import Side, take_turns
from benchmarks.report import Row, Section, Target, rows_of_speeds
from nextchar._kernels.counting import add_byte_triples

__all__ = ["run"]

I64 = npt.NDArray[np.int64]
Rival = tuple[str, Callable[[Path, str], I64], int]  # name, way, most bytes that it is given

BLOCK = 1 << 20


def run(settings: Settings) -> list[Section]:
    """Whole files against the rivals; then the kernel on bytes in memory."""
    return [_files(settings), _kernel(settings)]


def _files(settings: Settings) -> Section:
    whole = settings.counting_bytes + 1_000_000
    candidates: list[Rival] = [
        ("numpy: table + bincount, in chunks", rivals.count_with_numpy, whole),
        ("numpy: table + bincount, whole file at once", rivals.count_with_numpy_at_once, whole),
        ("numpy: bytes.translate + bincount, in chunks", rivals.count_with_translate, whole),
        ("numpy: bincount over 16-bit words", rivals.count_with_numpy_words, whole),
        ("Counter over zip", rivals.count_with_counter, 10_000_000),
        ("documents' dictionary loop", rivals.count_with_dict, 5_000_000),
    ]
    notes = {}
    if find_spec("torch"):
        candidates += [
            ("torch.bincount, in chunks", rivals.count_with_torch, whole),
            ("documents' torch loop, N[i, j] += 1", rivals.count_with_torch_loop, 100_000),
        ]
    path = settings.big_file
    characters = nextchar.count_files(path, order=2, threads=1).alphabet.characters
    sides = [_ours(path, 1), _ours(path, 2)]
    for name, way, most in candidates:
        part = path
        if most < path.stat().st_size:
            part = first_bytes(path, most, settings.folder / f"names-{most}.txt")
            notes[name] = f"on {part.stat().st_size / 1e6:.3g} MB"
        _check_equal(name, part, way(part, characters))
        sides.append(Side(name=name, run=partial(way, part, characters), amount=part.stat().st_size))
    timings = take_turns(sides, settings.rounds)
    rows = rows_of_speeds(timings, "MB/s", 1e6, notes=notes)
    if not find_spec("torch"):
        rows.append(Row(name="torch", value=None, unit="", note="skipped: torch is not installed"))
    by_name = {timing.side.name: timing for timing in timings}
    ours = timings[0]
    chunks, at_once = by_name[candidates[0][0]], by_name[candidates[1][0]]
    best_numpy = max(chunks.rate, at_once.rate)
    tricks = max(by_name[candidates[2][0]].rate, by_name[candidates[3][0]].rate)
    against_loop = ours.rate / by_name["documents' dictionary loop"].rate
    return Section(
        title="Counting the bigrams of a file",
        about=f"A file of {path.stat().st_size / 1e6:.0f} MB of names in the page cache, from its path to the table of "
        f"counts ({len(characters) + 1} x {len(characters) + 1}). All sides gave equal counts.",
        rows=rows,
        targets=[
            Target(
                wanted="at least 5 x numpy's table + bincount (the better of the two)",
                got=f"{ours.rate / best_numpy:.1f} x (the tricks below them: {ours.rate / tricks:.1f} x)",
                met=ours.rate >= 5 * best_numpy,
            ),
            Target(wanted="at least 200 x the dictionary loop", got=f"{against_loop:.0f} x", met=against_loop >= 200),
        ],
    )


def _ours(path: Path, threads: int) -> Side:
    name = f"nextchar.count_files, {threads} thread" + "s" * (threads > 1)
    work = partial(nextchar.count_files, path, order=2, threads=threads)
    return Side(name=name, run=work, amount=path.stat().st_size, ours=True)


def _check_equal(name: str, path: Path, counts: I64) -> None:
    """Refuse to time a side that counts something else."""
    for threads in (1, 2):
        ours = nextchar.count_files(path, order=2, threads=threads).table()
        if not np.array_equal(counts, ours):
            raise AssertionError(f"{name} does not count what nextchar counts: {counts.sum()} and {ours.sum()} bigrams")


def _kernel(settings: Settings) -> Section:
    text = np.fromfile(settings.big_file, dtype=np.uint8)
    words = text[: text.size // 8 * 8].view(np.uint64)
    buffer = bytearray(BLOCK)

    def read_file() -> None:
        with settings_file.open("rb", buffering=0) as handle:
            while handle.readinto(buffer):
                pass

    settings_file = settings.big_file
    timings = take_turns(
        [
            Side(name="nextchar's kernel, in blocks of 1 MiB", run=lambda: _count(text), amount=text.size, ours=True),
            Side(name="numpy: sum of 64-bit words in memory", run=words.sum, amount=text.size, rival=False),
            Side(name="read() from the page cache, buffer of 1 MiB", run=read_file, amount=text.size, rival=False),
        ],
        settings.rounds,
    )
    rows = rows_of_speeds(timings, "GB/s", 1e9, notes={})
    return Section(
        title="The counting kernel alone",
        about="The same bytes already in memory; below, what it costs to only look at them.",
        rows=rows,
        targets=[
            Target(
                wanted="at least 1.2 GB/s",
                got=f"{timings[0].rate / 1e9:.2f} GB/s",
                met=timings[0].rate >= 1.2e9,
            )
        ],
    )


def _count(text: npt.NDArray[np.uint8]) -> None:
    triples = np.zeros(1 << 21, dtype=np.uint32)
    pairs = np.zeros((128, 128), dtype=np.int64)
    previous = 10
    for begin in range(0, text.size, BLOCK):
        block = text[begin : begin + BLOCK]
        assert add_byte_triples(block, previous, triples, pairs)
        previous = int(block[-1])
