"""A list out of a picked file: encodings, tables, and what is no list."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from nextchar.data.file_lists import FileListError, file_list
from nextchar.errors import CorpusError

SURNAMES = ["王伟", "李娜", "张敏", "刘洋", "陈静", "杨强", "赵磊", "黄丽", "周杰", "吴芳", "徐秀英", "孙明", "胡军"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "gbk", "big5"])
def test_a_chinese_list_in_any_usual_encoding(encoding: str) -> None:
    items = SURNAMES if encoding != "big5" else ["王偉", "李娜", "張敏", "劉洋", "陳靜", "楊強", "趙磊", "黃麗", "周傑"]
    found = file_list("\r\n".join(items).encode(encoding), "names.txt")
    assert found.items == tuple(items)
    assert (found.columns, found.column) == ((), 0)


@pytest.mark.parametrize(
    ("items", "encoding"),
    [(["Zoë", "André", "Chloé", "Hélène", "Noël"], "cp1252"), (["Иван", "Мария", "Ольга", "Пётр"], "cp1251"),
     (["さくら", "ひろし", "はなこ", "たろう", "ゆうき"], "shift_jis")],
)  # fmt: skip
def test_other_scripts(items: list[str], encoding: str) -> None:
    assert file_list("\n".join(items).encode(encoding), "list").items == tuple(items)


@pytest.mark.parametrize(
    ("text", "name", "items", "column"),
    [
        ("id,name,count\n1,emma,5\n2,ava,7\n", "a.csv", ("emma", "ava"), 2),
        ("姓名;性别\n张伟;男\n李娜;女\n", "b.csv", ("张伟", "李娜"), 1),
        ("count\tNames\n5\temma\n7\tava\n", "c.tsv", ("emma", "ava"), 2),
        ("Emma,F,18688\nOlivia,F,17921\nAva,F,14924\n", "yob2018.txt", ("Emma", "Olivia", "Ava"), 1),  # no header
        ("emma,girl\nava,girl\n", "d.csv", ("emma", "ava"), 1),  # "girl" comes again: the first row is no header
        ('name,note\n"Smith, John","a ""b"""\n"Roe\nJane",c\n', "e.csv", ("Smith, John", "Roe Jane"), 1),
        ("sep=;\nid;city\n1;Ulm\n2;Bonn\n", "f.csv", ("Ulm", "Bonn"), 2),
        ("name\nemma\nava\n", "g.csv", ("emma", "ava"), 1),
        ("emma\nava\n", "h.csv", ("emma", "ava"), 1),
        ("Smith, John\nRoe, Jane\nDoe, Ann\n", "i.txt", ("Smith, John", "Roe, Jane", "Doe, Ann"), 0),
        (" emma \n\n\tava\n \n", "j.txt", ("emma", "ava"), 0),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value[:12] else "",
)
def test_the_column_of_names(text: str, name: str, items: tuple[str, ...], column: int) -> None:
    found = file_list(text.encode(), name)
    assert (found.items, found.column) == (items, column)


def test_another_column_can_be_taken() -> None:
    content = b"id,name,count\n1,emma,5\n2,ava,7\n"
    assert file_list(content, "a.csv", column=1).items == ("1", "2")
    assert file_list(content, "a.csv", column=0).items == ("id,name,count", "1,emma,5", "2,ava,7")
    columns = file_list(content, "a.csv").columns
    assert [(column.name, column.example) for column in columns] == [("id", "1"), ("name", "emma"), ("count", "5")]
    with pytest.raises(CorpusError, match="3 columns, and no column 4"):
        file_list(content, "a.csv", column=4)


def test_what_is_no_list() -> None:
    sheet = io.BytesIO()
    with zipfile.ZipFile(sheet, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    noise = np.random.default_rng(1).bytes(4_000)
    for content, fault in (
        (sheet.getvalue(), "sheet"),
        (b"\x89PNG\r\n\x1a\n" + noise, "not-text"),
        (b"\x1f\x8b\x08" + noise, "not-text"),
        (b"emma\0ava\0\x01\x02", "not-text"),
        (noise, "not-text"),
        (b"%PDF-1.7\n" + noise, "not-text"),
        (b'name,x\n"emma,1\nava,2\n', "table"),  # a quotation mark that nothing closes
    ):
        with pytest.raises(FileListError) as refused:
            file_list(content, "what.csv")
        assert refused.value.fault == fault
    assert file_list(b"", "empty.txt").items == ()
    assert file_list(b"", "empty.csv").items == ()
