"""The delimiter that the first lines show, where no header names the column."""

from __future__ import annotations

from pathlib import Path

import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.dialects import Dialect, found_dialect
from nextchar.data.format import Format
from nextchar.errors import CorpusError


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("emma,3\nava,4\n", ","),
        ("emma;1,5\nava;2,5\n", ";"),  # decimal commas
        ("869;6,11;7,95\n471;2,49;8,58\n", ";"),
        ("emma|1,5\nava|2,5\n", "|"),
        ("emma\t1,5\nava\t2,5\n", "\t"),
        ("Smith, John;3\nDoe, Jane;4\n", ";"),
        ("1;a|b|c;3,11\n2;d|e|f;4,20\n", ";"),  # lists inside fields
        ("1,a|b|c,x\n2,d|e|f,y\n", ","),
        ('"Smith, John",3\n"Doe, Jane",4\n', ","),
        ('"a;b",3\n"c;d",4\n', ","),
        ("1, 2, 3\n4, 5, 6\n", ","),
        ("\n\nemma;1,5\n\nava;2,5\n", ";"),  # blank lines count for nothing
        ("emma;1\n" * 20 + "odd row\n", ";"),  # one row in ten may be another
        ("emma\nava\n", ","),  # one column
        ("emma;1\u2028x,y\nava;2\u2028z\n", ";"),  # a line ends at a line feed alone
    ],
)
def test_the_delimiter_is_what_cuts_the_rows_alike(sample: str, delimiter: str) -> None:
    for format_ in (Format(column="1", header=False), Format(column="1")):
        assert found_dialect(sample, ".csv", format_).delimiter == delimiter
        assert found_dialect(sample, ".csv", format_, announced="|").delimiter == "|"


@pytest.mark.parametrize(
    ("sample", "follows"),
    [
        ('a, "b"\nc, "d"\n', True),
        ('a, "b, c"\nd,"e"\n', True),
        ('a, "b\nc"\n', True),
        ('a, b\nc, "cut off\n', True),  # the sample may end inside a field
        ('a, b\nc, "d" e\n', False),  # no quote that closes the field
        ('a, "b, c"\nd, e, f\n', False),  # rows of several sizes
        ("a, b\nc, d\n", False),
        ('a,"b"\n', False),
    ],
)
def test_quotes_after_blanks(sample: str, follows: bool) -> None:
    assert found_dialect(sample, ".csv", Format(column="1", delimiter=",")) == Dialect(",", follows)


@pytest.mark.parametrize("content", ["emma   1  2.5\nava 12    0.5\n", "  emma 1 2\n ava   12 3  \n"])
def test_columns_aligned_by_blanks(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_text(content)
    how = {"column": "1", "weight": "2", "delimiter": " ", "header": False}
    corpus = Corpus.from_file(tmp_path / "a.txt", **how)  # type: ignore[arg-type]
    assert dict(zip(corpus, corpus.weights_or_ones.tolist(), strict=True)) == {"emma": 1, "ava": 12}


def test_decimal_commas_between_semicolons_are_no_delimiters(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("emma;1,5\nava;2,5\n")
    with pytest.warns(UserWarning, match="read with semicolons between the fields"):
        assert list(Corpus.from_file(tmp_path / "a.csv", column="1", header=False)) == ["emma", "ava"]


def test_what_may_be_one_or_a_thousand_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name;n\nemma;1,069\n")
    with pytest.raises(CorpusError, match="line 2: the weight '1,069' may be a fraction"):
        Corpus.from_file(tmp_path / "a.csv", column="name", weight="n", delimiter=";")
