"""Tables as programs write them: each gives its items, or an error that names the line and what to do."""

from __future__ import annotations

import codecs
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from nextchar.data.blocks import read_blocks
from nextchar.data.corpus import Corpus
from nextchar.data.format import Format
from nextchar.errors import CorpusError, InputWarning

ITEMS = ["Élodie", "José", "Smith, John", "a;b", 'O"Neil']


def write(path: Path, delimiter: str, *, encoding: str = "utf-8", ends: str = "\r\n", quotes: bool = False) -> Path:
    """A table of ITEMS as a spreadsheet writes it."""

    def field(text: str) -> str:
        needed = quotes or any(sign in text for sign in (delimiter, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if needed else text

    rows = [["Name", "Note"], *([item, "two\nlines" if i == 1 else "x"] for i, item in enumerate(ITEMS))]
    text = ends.join(delimiter.join(map(field, row)) for row in rows) + ends
    path.write_bytes(text.encode(encoding))
    return path


def items(path: Path, **how: Any) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        return [line for block in read_blocks(str(path), Format(**how)) for line in block.lines()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("quotes", [False, True])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_quoting_line_end_and_encoding(
    tmp_path: Path, delimiter: str, quotes: bool, ends: str, encoding: str
) -> None:
    path = write(tmp_path / "a.csv", delimiter, encoding=encoding, ends=ends, quotes=quotes)
    how = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    for column in ("Name", "name", " NAME ", "1"):
        assert items(path, column=column, **how) == ITEMS
    assert items(path, column="1", header=False, **how) == ["Name", *ITEMS]
    assert items(path, column="Name", delimiter=delimiter, **how) == ITEMS


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "pipe"), (",", None)])
def test_people_are_told_of_a_delimiter_that_was_found(tmp_path: Path, delimiter: str, name: str | None) -> None:
    path = write(tmp_path / "a.csv", delimiter)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        list(read_blocks(str(path), Format(column="name")))
        said = [str(warning.message) for warning in seen]
        assert said == ([] if name is None else [f"{path}: read with {name}s between the fields"])
        list(read_blocks(str(path), Format(column="name", delimiter=delimiter)))
        assert len(seen) == len(said), "nothing to tell where it was given"


def test_the_usual_delimiter_of_an_ending_is_not_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "\t")
    assert [line for block in read_blocks(str(path), Format(column="name")) for line in block.lines()] == ITEMS


@pytest.mark.parametrize(
    ("content", "column", "wanted"),
    [
        (b"name\nemma\nava\n", "name", ["emma", "ava"]),  # one column: nothing separates
        (b'name\n"Smith, John"\n"a;b"\n', "name", ["Smith, John", "a;b"]),
        (b'"first name";"last, name"\n"a";"b, c"\n', "last, name", ["b, c"]),
        (b"sep=;\r\nname;n\r\nemma;3\r\n", "name", ["emma"]),  # for Excel alone
        (b"sep=\t\r\nname\tn\r\nemma\t3\r\n", "name", ["emma"]),
        (b"name,n,\nemma,3,\nava,4,,,\n,,\n", "name", ["emma", "ava", ""]),  # cells that were emptied
        ("\u00a0Vor  name \u00a0;n\nemma;1\n".encode(), "vor name", ["emma"]),
        ("Stra\u00dfe,n\nemma,1\n".encode(), "STRASSE", ["emma"]),
        (b"a,A\nemma,ava\n", "A", ["ava"]),  # as it is written before any other
        (b"2018,2019\nemma,ava\n", "2019", ["ava"]),  # a name, though a number
        (b"2,1\nemma,ava\n", "2", ["emma"]),
        (codecs.BOM_UTF8 + b'"name","n"\r\nemma,1\r\n', "name", ["emma"]),
        (b"name ; share\nemma;1,5\nava;2,5\n", "1", ["emma", "ava"]),
        (b'n\tname\n1\tsay "hi"\n', "name", ['say "hi"']),  # a quote inside a field is a quote
        (b'n, name\n1, "a, b"\n2, "c"\n', "name", ["a, b", "c"]),  # a quote after a blank opens a field
        (b'"name", "n"\n"a ""b""",  "1"\n\n"c",  "2"\n', "name", ['a "b"', "", "c"]),
        (b'name, n\n "a" b,1\n', "name", [' "a" b']),  # but not where the row is none then
        (b"\n\n,,\n  \nname,n\na,1\n", "name", ["a"]),  # blank lines before the header
        (b"\n \n;\nname;n\na;1,5\n", "2", ["1,5"]),
    ],
)
def test_tables_as_they_come(tmp_path: Path, content: bytes, column: str, wanted: list[str]) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert items(tmp_path / "a.csv", column=column) == wanted


@pytest.mark.parametrize(
    ("content", "how", "says"),
    [
        (b"name,name\na,b\n", {"column": "name"}, "more than one column is named 'name'; give its number"),
        (b"Name,NAME\na,b\n", {"column": "name"}, "more than one column is named 'name'"),
        (b"name,n\na,1\n", {"column": "3"}, "no column '3'; there are: 'name', 'n'"),
        (b"name,n\na,1\n", {"column": "0"}, "no column '0'"),
        (b"a,1\nb,2\n", {"column": "3", "header": False}, "no column '3'; there are: numbers 1 to 2"),
        (b"a,1\nb\n", {"column": "1", "header": False}, "line 2: 1 field where the first line has 2"),
        (b'name,n\n"a" x,1\n', {"column": "name"}, "line 2: not well-formed CSV"),
        (b'name,n\n"a,1\nb,2\n', {"column": "name"}, "line 3: not well-formed CSV: .*; the row begins in line 2"),
        (b'name,n\na,1\n"em\nma",1\n', {"column": "name"}, r"line 3 \(its row ends in line 4\): the item .* line end"),
        ("name,n\nÉlodie,1\n".encode("cp1252"), {"column": "name"}, "line 2, byte 8 .*; .* probably cp1252"),
        ("név,n\nemma,1\n".encode("cp1252"), {"column": "1"}, "line 1, byte 2 .*; .* probably cp1252"),
        ("name\tn\nemma\t1\n".encode("utf-16-le"), {"column": "name"}, "line 1: holds a NUL .* probably utf-16-le"),
        (b"\n\n,\n", {"column": "name"}, "has only blank lines; a table starts with a header line"),
        (b"a,a,n\nx,y,1\n", {"column": "n", "weight": "a"}, "more than one column is named 'a'"),
        (b"name,n\nem\0ma,1\n", {"column": "name"}, "line 2: holds a NUL character, which no text has; it may be"),
        ("name\n".encode("utf-16-be"), {"column": "name", "encoding": "utf-16-le"}, "no column"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: bytes, how: dict[str, Any], says: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=f"a.csv: {says}"):
        items(tmp_path / "a.csv", **how)


BAD = b'name,n\nemma,1\nava\n"li" x,1\nolivia,many\nmia,2\nno\xebl,3\n"a\nb",4\n"open,1\nzoe,5\n'


@pytest.mark.parametrize(
    ("errors", "wanted", "says"),
    [
        ("skip", ["emma", "mia", "zoe"], "6 lines skipped"),
        # what is undecodable and the line end in an item are mended, the other four are not
        (
            "replace",
            ["emma", "mia", "no\ufffdl", "a b", "zoe"],
            "4 lines skipped",
        ),
    ],
)
def test_rows_that_cannot_be_used_cost_one_line_each(tmp_path: Path, errors: str, wanted: list[str], says: str) -> None:
    """One has too few fields, others bad quotes, a weight in words, another encoding, a line end, an open quote."""
    (tmp_path / "a.csv").write_bytes(BAD)
    how = Format(column="name", weight="n", errors=errors)  # type: ignore[arg-type]
    with pytest.warns(InputWarning) as seen:
        blocks = list(read_blocks(str(tmp_path / "a.csv"), how))
    assert [line for block in blocks for line in block.lines()] == wanted
    weights = {"emma": 1, "mia": 2, "no\ufffdl": 3, "a b": 4, "zoe": 5}
    assert [weight for block in blocks for weight in block.weights or ()] == [weights[item] for item in wanted]
    assert re.search(rf"{says}, the first: .*a\.csv: line 3: 1 field", str(seen[0].message))


def test_weights_of_a_german_spreadsheet(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("Name;Anzahl\r\nÉlodie;1.069\r\nJosé;69,5\r\nZoë;12\r\n".encode("cp1252"))
    with pytest.warns(InputWarning) as seen:
        corpus = Corpus.from_file(tmp_path / "a.csv", column="name", weight="anzahl", encoding="cp1252")
    assert dict(zip(corpus, corpus.weights_or_ones.tolist(), strict=True)) == {"Élodie": 1069, "José": 70, "Zoë": 12}
    assert ["semicolons" in str(one.message) or "69,5 to 70" in str(one.message) for one in seen] == [True, True]


def test_a_column_number_says_what_the_header_calls_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"emma,3\nava,4\n")
    with pytest.warns(InputWarning, match="column 1 is 'emma' in the header; if there is no header, say so"):
        assert list(Corpus.from_file(tmp_path / "a.csv", column="1")) == ["ava"]
    assert list(Corpus.from_file(tmp_path / "a.csv", column="1", header=False)) == ["emma", "ava"]


def test_labels_stand_beside_their_items(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'sex,name\nF,emma\n,ava\n"M, X",noah\n')
    (block,) = read_blocks(str(tmp_path / "a.csv"), Format(column="name", label="sex"))
    assert (block.lines(), block.labels) == (["emma", "ava", "noah"], ("F", "", "M, X"))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"delimiter": ";"}, "a delimiter needs the column"),
        ({"column": "a", "delimiter": ";;"}, "one character, not ';;'"),
        ({"column": "a", "delimiter": '"'}, "one character"),
        ({"header": False}, "without a header needs the column"),
        ({"column": "name", "header": False}, "given by its number, 1 for the first, not 'name'"),
        ({"column": "1", "weight": "n", "header": False}, "not 'n'"),
        ({"label": "x"}, "a label column"),
        ({"errors": "ignore"}, "stop, skip, replace"),
    ],
)
def test_formats_that_cannot_be(how: dict[str, Any], says: str) -> None:
    with pytest.raises(CorpusError, match=says):
        Format(**how)
