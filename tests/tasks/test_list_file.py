"""Lists as people have them: encodings guessed, columns and headers found."""

from __future__ import annotations

import gzip

import pytest

from nextchar.errors import BadValueError, CorpusError
from nextchar.tasks.list_file import WHOLE_LINES, NoTextError, read_list

NAMES = ["Zoë", "Björn", "Müller", "Emma", "Åsa", "Jürgen", "Zoë"]
CHINESE = ["王秀英", "李伟", "张敏", "刘静", "陈丽", "杨强", "赵磊", "黄军"]
RUSSIAN = ["Анна", "Борис", "Мария", "Иван", "Ольга"]


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (NAMES, "utf-8"),
        (NAMES, "utf-8-sig"),
        (NAMES, "utf-16"),
        (NAMES, "cp1252"),
        (CHINESE, "gb18030"),
        (CHINESE, "utf-16"),
        (RUSSIAN, "cp1251"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_are_guessed(names: list[str], encoding: str, end: str) -> None:
    found = read_list("list.txt", end.join([*names, ""]).encode(encoding))
    assert list(found.items) == names
    assert found.columns == ()
    assert found.likely[0] == found.encoding


@pytest.mark.parametrize(
    ("text", "items", "columns", "column", "header"),
    [
        ("name,sex\nEmma,F\nBob,M\n", ["Emma", "Bob"], ("name", "sex"), 1, True),
        ("id;Name\n1;Emma\n2;Bob\n", ["Emma", "Bob"], ("id", "Name"), 2, True),
        ("姓名,性别\n王芳,女\n李伟,男\n", ["王芳", "李伟"], ("姓名", "性别"), 1, True),
        ("Emma,F\nBob,M\n", ["Emma", "Bob"], ("", ""), 1, False),
        ("Pet,Legs\nRex,4\nTweety,2\n", ["Rex", "Tweety"], ("Pet", "Legs"), 1, True),
        ('name,note\n"Smith, John",x\nBob,y\n', ["Smith, John", "Bob"], ("name", "note"), 1, True),
        ("name\tn\nEmma\t1\n", ["Emma"], ("name", "n"), 1, True),
    ],
)
def test_tables(text: str, items: list[str], columns: tuple[str, ...], column: int, header: bool) -> None:
    found = read_list("list.csv", text.encode())
    assert (list(found.items), found.columns, found.column, found.header) == (items, columns, column, header)


@pytest.mark.parametrize("name", ["list.txt", "list", "names.lst"])
@pytest.mark.parametrize(
    ("text", "items", "columns", "column", "header"),
    [
        ("name\tn\nEmma\t1\nBob\t2\n", ["Emma", "Bob"], ("name", "n"), 1, True),
        ("Emma\tF\nBob\tM\n", ["Emma", "Bob"], ("", ""), 1, False),
        ("id;Name\n1;Emma\n2;Bob\n", ["Emma", "Bob"], ("id", "Name"), 2, True),
        ("Emma,F,18688\nBob,M,12\n", ["Emma", "Bob"], ("", "", ""), 1, False),  # as the SSA has its lists
        ("name,sex\nEmma,F\nBob,M\n", ["Emma", "Bob"], ("name", "sex"), 1, True),
        ("Emma|F\r\nBob|M\r\n", ["Emma", "Bob"], ("", ""), 1, False),
        ("sep=;\nname;n\nEmma;1\nBob;2\n", ["Emma", "Bob"], ("name", "n"), 1, True),
        ("编号\t姓名\n1\t王芳\n2\t李伟\n", ["王芳", "李伟"], ("编号", "姓名"), 2, True),
    ],
)
def test_a_table_is_known_by_its_rows_whatever_it_is_called(
    name: str, text: str, items: list[str], columns: tuple[str, ...], column: int, header: bool
) -> None:
    found = read_list(name, text.encode())
    assert (list(found.items), found.columns, found.column, found.header) == (items, columns, column, header)
    lines = read_list(name, text.encode(), column=WHOLE_LINES)  # "it is lines"
    assert list(lines.items) == text.replace("\r", "").splitlines()
    assert (lines.columns, lines.column) == (columns, WHOLE_LINES)  # and there is a way back


def test_unicode_text_as_excel_saves_it() -> None:
    content = "\ufeffName\tOrt\r\nZoë\tKöln\r\nJürgen\tBonn\r\n".encode("utf-16-le")
    found = read_list("Mappe1.txt", content)
    assert (found.items, found.columns, found.column) == (("Zoë", "Jürgen"), ("Name", "Ort"), 1)


@pytest.mark.parametrize(
    "text",
    [
        "Smith, John\nDoe, Jane\n",  # commas of the names
        "Rio de Janeiro\nSão Paulo\n",
        "a;b\n",  # one line says nothing
        "emma\nbob;otto\nzoe\nava\n",  # one semicolon
        "Emma,Bob\nOtto,Zoe\n",  # no name of a column, no numbers
        "St. John's\nXi'an\n",
    ],
)
def test_lines_stay_lines(text: str) -> None:
    found = read_list("list.txt", text.encode())
    assert (list(found.items), found.columns, found.column) == (text.splitlines(), (), None)


def test_a_table_can_be_read_as_lines_too() -> None:
    found = read_list("list.csv", b"name,n\nEmma,1\n", column=WHOLE_LINES)
    assert (found.items, found.columns, found.column) == (("name,n", "Emma,1"), ("name", "n"), WHOLE_LINES)


def test_a_table_of_one_column_is_a_list() -> None:
    assert read_list("list.csv", b"emma\nbob\n").items == ("emma", "bob")
    assert read_list("list.csv", b"name\nemma\nbob\n").items == ("emma", "bob")


def test_what_was_guessed_can_be_said_otherwise() -> None:
    content = "name,city\nEmma,Köln\nBob,Münster\n".encode()
    assert read_list("list.csv", content, column=2).items == ("Köln", "Münster")
    assert read_list("list.csv", content, header=False).items == ("name", "Emma", "Bob")
    assert read_list("list.txt", "Zoë\n".encode("cp1252"), encoding="cp1251").items == ("Zoл",)
    with pytest.raises(BadValueError, match="2 columns"):
        read_list("list.csv", content, column=3)
    with pytest.raises(BadValueError, match="no encoding"):
        read_list("list.csv", content, encoding="klingon")


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n" + bytes(40), b"PK\x03\x04" + bytes(60), gzip.compress(b"emma\n"), b"\0\1\2\3" * 20],
    ids=["png", "zip", "gzip", "bytes"],
)
def test_what_is_no_text(content: bytes) -> None:
    with pytest.raises(NoTextError):
        read_list("list.txt", content)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_nothing(content: bytes) -> None:
    with pytest.raises(CorpusError):
        read_list("list.txt", content)
