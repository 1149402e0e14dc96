"""What one worker of a cluster does: stretches counted apart, with whatever memory, are the whole together."""

from __future__ import annotations

import gzip
import random
import warnings
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.core.cluster_files import stretches
from nextchar.data.format import Format
from nextchar.data.spans import Span, size_if_cut
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, NextcharError
from nextchar.models.ngram import stretch_counts
from nextchar.models.ngram.counts import Counts, sum_counts
from nextchar.models.ngram.stretch_counts import How, ItemFacts, Part, count_stretch, seen_in_its_place

TEXTS = {
    "latin": "abcdefghij klmno",
    "scripts": "aéßжя中文字ひ😀 ",
    "thousands": "".join(map(chr, range(0x4E00, 0x5600))),
}
VERSION = nextchar.__version__


def write(path: Path, characters: str, n: int, seed: int = 1) -> Path:
    chance = random.Random(seed)
    lines = ["".join(chance.choices(characters, k=chance.randint(0, 9))) for _ in range(n)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def counted(paths: list[Path], how: How, size: int) -> list[Part]:
    """All stretches, and all that is left of them, counted one by one."""
    spans = [Span(str(path), 0, size_if_cut(str(path), how.format)) for path in paths]
    waiting, found = list(stretches(spans, size)), []
    while waiting:
        part = count_stretch(waiting.pop(0), how)
        found.append(part)
        waiting += [part.report.rest] if part.report.rest else []
    return found


def sums(parts: list[Part]) -> tuple[Counts, ItemFacts]:
    facts: list[ItemFacts] = [part.facts for part in parts if part.facts is not None]
    return sum_counts(part.counts for part in parts if part.counts is not None), reduce(add, facts)


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize(("size", "memory"), [(10**9, 10**9), (3_000, 10**9), (5_000, 1), (10**9, 1)])
def test_the_parts_are_the_whole(
    kind: str, size: int, memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a memory of one byte each part ends as soon as it may: after a piece, or a few."""
    monkeypatch.setattr(stretch_counts, "BLOCK", 1_000)
    monkeypatch.setattr("nextchar.models.ngram.spilling.SLICE_SYMBOLS", 300)
    paths = [write(tmp_path / f"{i}.txt", TEXTS[kind], n, seed=i) for i, n in enumerate([1, 400, 0, 30, 500])]
    paths.append(tmp_path / "b.txt.gz")
    paths[-1].write_bytes(gzip.compress(paths[1].read_bytes()))
    monkeypatch.setattr("nextchar.models.ngram.spilling.LEAST_SLOTS", 2_000)
    how = How(Format(), TextOptions(), 6, memory, VERSION)
    parts = counted(paths, how, size)
    counts, facts = sums(parts)
    corpus = nextchar.Corpus.from_file(*paths)
    assert counts == nextchar.count(corpus, 6)
    assert facts.provenance.items == len(corpus)
    assert facts.provenance.symbols == corpus.symbols
    np.testing.assert_array_equal(facts.provenance.known, np.unique(corpus.fingerprints()))
    assert sum(part.report.total for part in parts) == corpus.symbols
    assert len(parts) >= (5 if memory == 1 else 3 if size < 10**9 else 2)


HOW: dict[str, dict[str, Any]] = {
    "a table with weights": {"format_": Format(column="name", weight="n")},
    "another encoding": {"format_": Format(encoding="latin-1")},
    "lower case, whole lines": {"options": TextOptions(lower=True, strip=False)},
    "clusters": {"options": TextOptions(graphemes=True)},
    "skip": {"format_": Format(errors="skip")},
    "replace": {"format_": Format(errors="replace")},
}


@pytest.mark.parametrize("name", HOW)
def test_each_way_of_reading(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts, facts and warnings are those of one process."""
    monkeypatch.setattr(stretch_counts, "BLOCK", 500)
    chance = random.Random(2)
    lines = [" ".join(chance.choices(["Ab", "é", "e\u0301", "🇩🇪", "x "], k=4)) for _ in range(300)]
    path = tmp_path / "a.txt"
    if "table" in name:
        path.write_text("name,n\n" + "".join(f'"{line}",{chance.randint(0, 9)}\n' for line in lines), encoding="utf-8")
    else:
        content = "\n".join(lines).encode()
        path.write_bytes(content.replace(b"x", b"\xff\0", 7) if name in ("skip", "replace") else content)
    how = {"format_": Format(), "options": TextOptions(), **HOW[name]}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        wanted = nextchar.Corpus.read([str(path)], how["format_"], options=how["options"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        setup = How(how["format_"], how["options"], 3, 10**9, VERSION)
        parts = counted([path], setup, 900)
    counts, facts = sums(parts)
    assert counts == nextchar.count(wanted, 3)
    assert facts.provenance.weight == (None if wanted.weights is None else int(wanted.weights.sum()))
    seen = [one for part in parts for one in part.report.seen]
    if name in ("skip", "replace"):
        first = seen_in_its_place(seen[0].at, seen[0].done, setup)
        [warning] = [str(one.message) for one in told if "the first" in str(one.message)]
        assert warning == str(
            type(first)(sum(one.lines.lines for one in seen), first.number, first.message).warning(seen[0].done)
        )
    else:
        assert not seen


def test_an_error_has_the_number_of_its_line_in_the_file(tmp_path: Path) -> None:
    """As in one process, though the worker has not seen the lines before."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"emma\n" * 1_000 + b"caf\xe9\n" + b"ava\n" * 1_000)
    with pytest.raises(NextcharError) as wanted:
        nextchar.count(nextchar.Corpus.from_file(path), 2)
    with pytest.raises(NextcharError) as found:
        count_stretch((Span(str(path), 3_000, 9_000),), How(Format(), TextOptions(), 2, 10**9, VERSION))
    assert str(found.value).startswith(str(wanted.value))
    assert "line 1001, byte 5004" in str(found.value)


def test_another_version(tmp_path: Path) -> None:
    with pytest.raises(NextcharError, match="the program that asks"):
        count_stretch((), How(Format(), TextOptions(), 2, 10**9, "0.0.1"))


@pytest.mark.parametrize(
    "options",
    [TextOptions(documents=True), TextOptions(documents=True, graphemes=True, lower=True), TextOptions(separator="%")],
)
@pytest.mark.parametrize(("size", "memory"), [(10**9, 10**9), (300, 10**9), (700, 1)])
def test_texts_are_cut_inside(
    options: TextOptions, size: int, memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts are the whole, also where lines are shorter than the context, and where a line is very long."""
    monkeypatch.setattr(stretch_counts, "BLOCK", 100)
    monkeypatch.setattr(stretch_counts, "LEAST_BEFORE", 2)
    monkeypatch.setattr("nextchar.models.ngram.spilling.SLICE_SYMBOLS", 60)
    monkeypatch.setattr("nextchar.models.ngram.spilling.LEAST_SLOTS", 300)
    chance = random.Random(3)
    kinds = ["", "a", "\n", "e\u0301ΑΣ\r\n", "%\n", "to be\n", "x" * 150, "🇩🇪"]
    contents = ["".join(chance.choices(kinds, k=k)) for k in (200, 40, 3)] + ["one line", "", "\n\n"]
    paths = [tmp_path / f"{i}.txt" for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content.encode())
    order = 5
    how = How(Format(), options, order, memory, VERSION)
    corpus = nextchar.Corpus.from_file(*paths, options=options)
    spans = [Span(str(path), 0, size_if_cut(str(path), how.format, options)) for path in paths]
    assert (spans[0].end is None) == (options.separator is not None)
    waiting, parts = list(stretches(spans, size)), []
    while waiting:
        parts.append(count_stretch(waiting.pop(0), how))
        waiting += [parts[-1].report.rest] if parts[-1].report.rest else []
    assert sum_counts(part.counts for part in parts if part.counts is not None) == nextchar.count(corpus, order)
    if options.separator is None:
        facts = reduce(add, (stretch_counts.facts_of_text(str(path), how) for path in paths))
        assert len(parts) >= (4 if size < 10**9 else 1)
    else:
        facts = sums(parts)[1]
    assert facts.provenance.items == len(corpus)
    assert facts.provenance.symbols == corpus.symbols
    np.testing.assert_array_equal(facts.provenance.known, np.unique(corpus.fingerprints()))


def test_what_is_wrong_with_a_text_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch_counts, "BLOCK", 20)
    path = tmp_path / "a.txt"
    path.write_bytes(b"to be\n" * 30 + b"caf\xe9\n" + b"or not\n" * 3)
    spans = (Span(str(path), 0, path.stat().st_size),)
    with pytest.raises(CorpusError, match="line 31, byte 184 of the file"):
        count_stretch(spans, How(Format(), TextOptions(documents=True), 3, 10**9, VERSION))
    part = count_stretch(spans, How(Format(errors="replace"), TextOptions(documents=True), 3, 10**9, VERSION))
    assert [(one.done, one.lines.lines) for one in part.report.seen] == [("read with characters replaced", 1)]
    assert part.report.total == 30 * 6 + 5 + 21 + 1
