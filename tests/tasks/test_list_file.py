"""Lists as people have them: encodings guessed, columns and headers found."""

from __future__ import annotations

import gzip

import pytest

from nextchar.errors import BadValueError, CorpusError
from nextchar.tasks.list_file import NoTextError, read_list

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
