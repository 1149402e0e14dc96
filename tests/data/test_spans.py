"""Spans of a source: each line is in one, wherever it is cut, and reads as in the whole file."""

from __future__ import annotations

import gzip
import random
import warnings
from pathlib import Path

import pytest

from nextchar.data.format import Format
from nextchar.data.spans import Span, glance, lines_before, read_span, size_if_cut
from nextchar.errors import CorpusError

CONTENTS = {
    "plain": b"emma\nava\n\nmia",
    "line ends": b"a\r\nb\rc\r\n\r\nd\n\r\ne\n",
    "scripts": "é\n中文\n😀😀\n\ufeffx\n".encode(),
    "mark": b"\xef\xbb\xbfa\n\xef\xbb\xbfb\nc\n",
    "not utf-8": b"emma\n\xff\xe9a\nok\nb\xc3\nmia\n\xc3",
    "nul": b"emma\na\0b\nmia\n",
    "one line": b"emma",
    "long": b"a" * 5000 + b"\n" + b"b" * 300 + b"\n\n\n",
}


def lines_of(span: Span, format_: Format, first_line: int = 1) -> list[tuple[int, str, str | None]]:
    """Number, text, and what is wrong with each line."""
    found = []
    for block in read_span(span, format_, first_line):
        for place, line in enumerate(block.lines()):
            why = block.refused.get(place)
            found.append((block.number(place), line, None if why is None else str(why.error)))
    return found


def whole(path: Path, format_: Format) -> list[tuple[int, str, str | None]]:
    return lines_of(Span(str(path)), format_)


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "gb18030"])
def test_each_line_is_in_one_span(content: bytes, encoding: str, tmp_path: Path) -> None:
    """Cut at every place, into two and into pieces of one size; numbers of lines follow from the lines before."""
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    format_ = Format(encoding=encoding)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = whole(path, format_)
        spans = Span(str(path), 0, len(content))
        cuts = [[Span(str(path), 0, at), Span(str(path), at, len(content))] for at in range(1, min(len(content), 9))]
        for pieces in [
            *cuts,
            *(list(spans.pieces(size)) for size in ((1, 2, 3, 7) if len(content) < 99 else (400, 4999))),
        ]:
            found = [line for piece in pieces for line in lines_of(piece, format_, lines_before(piece) + 1)]
            assert [line[:2] for line in found] == [line[:2] for line in wanted]
            for one, other in zip(found, wanted, strict=True):
                assert (one[2] is None) == (other[2] is None)
        glances = [glance(piece, format_) for piece in spans.pieces(400)]
        assert sum(lines for lines, _ in glances) == len(wanted)
        assert all(sound for _, sound in glances) == all(f": not {encoding}" not in (line[2] or "") for line in wanted)
        first = next((line for line in wanted if line[2]), None)
        if first is not None:  # its message has the place of the byte, and is the same
            assert first in [line for piece in cuts[2] for line in lines_of(piece, format_, lines_before(piece) + 1)]


def test_random_texts(tmp_path: Path) -> None:
    chance = random.Random(1)
    path = tmp_path / "a.txt"
    for _ in range(50):
        content = b"".join(chance.choices([b"a", b"\n", b"\r", b"\r\n", "é".encode()], k=chance.randint(1, 200)))
        path.write_bytes(content)
        pieces = list(Span(str(path), 0, len(content)).pieces(chance.randint(1, 50)))
        lines = [line for piece in pieces for line in lines_of(piece, Format(), lines_before(piece) + 1)]
        assert lines == whole(path, Format())


def test_what_can_be_cut(tmp_path: Path) -> None:
    text = "name,n\nemma,1\n"

    def size(name: str, content: bytes, **how: str) -> int | None:
        (tmp_path / name).write_bytes(content)
        return size_if_cut(str(tmp_path / name), Format(**how))  # type: ignore[arg-type]

    assert size("a.txt", text.encode()) == 14
    assert size("empty.txt", b"") == 0
    for encoding in ("ascii", "latin-1", "cp1252", "gb18030", "big5", "shift_jis", "euc_jp", "koi8-r", "utf-8-sig"):
        assert size("a.txt", text.encode(), encoding=encoding) == 14
    assert size("a.csv", text.encode(), column="name") is None
    assert size("a.txt.gz", gzip.compress(text.encode())) is None
    for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-7", "cp037", "iso2022_jp", "hz"):
        assert size("a.txt", text.encode(encoding), encoding=encoding) is None
    assert size("marked.txt", text.encode("utf-16")) is None, "its byte order mark says so"


def test_a_file_that_became_shorter(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("emma\nava\n")
    with pytest.raises(CorpusError, match="shorter"):
        list(read_span(Span(str(tmp_path / "a.txt"), 5, 12), Format()))
    with pytest.raises(CorpusError, match="shorter"):
        list(read_span(Span(str(tmp_path / "a.txt"), 20, 30), Format()))
    (tmp_path / "a.txt").write_text("emma\nava")
    assert [block.text for block in read_span(Span(str(tmp_path / "a.txt"), 5, 8), Format())] == ["ava\n"]


def test_what_cannot_be_cut_is_read_as_ever(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('name\n"em\nma"\nava\n')
    format_ = Format(column="name")
    [block] = read_span(Span(str(tmp_path / "a.csv")), format_)
    assert (block.text, block.numbers, list(block.refused)) == ("em ma\nava\n", [2, 4], [0])
