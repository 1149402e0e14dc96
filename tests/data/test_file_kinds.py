"""Files that hold no text are named as what they are, with what to do, whatever their names are."""

from __future__ import annotations

import io
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import nextchar
from nextchar.data.blocks import read_blocks
from nextchar.data.format import ErrorPolicy, Format
from nextchar.errors import CorpusError, InputWarning


def zipped(*names: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else "x")

    return make


def holding(content: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(content)

    return make


def database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table names (name text)")
    connection.close()


def tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("names.txt")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"emma\n"))


def arrays(path: Path) -> None:
    with path.open("wb") as stream:
        np.savez(stream, a=np.arange(3))


def array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.arange(3))


def model(path: Path) -> None:
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma"])).save(path)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
KINDS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "a.xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), ("Excel workbook (.xlsx)", "CSV UTF-8")),
    "a.ods": (zipped("mimetype", "content.xml"), ("OpenDocument spreadsheet (.ods)", "CSV UTF-8")),
    "a.xls": (holding(OLE), ("Excel workbook (.xls)", "CSV UTF-8")),
    "a.csv": (zipped("xl/workbook.xml"), ("Excel workbook (.xlsx)",)),
    "a.doc": (holding(OLE), ("old Office document", "plain text")),
    "a.docx": (zipped("word/document.xml"), ("Word document", "plain text")),
    "a.zip": (zipped("names.txt"), ("zip archive", "unpack")),
    "a.tar": (tar, ("tar archive", "unpack")),
    "a.7z": (holding(b"7z\xbc\xaf\x27\x1c\x00\x04"), ("7z archive", "unpack")),
    "a.pdf": (holding(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), ("PDF", "save its text")),
    "a.png": (holding(b"\x89PNG\r\n\x1a\n\0\0"), ("PNG picture",)),
    "a.jpg": (holding(b"\xff\xd8\xff\xe0\0\x10JFIF\0"), ("JPEG picture",)),
    "a.gif": (holding(b"GIF89a\1\0\1\0\x80\xff"), ("GIF picture",)),
    "a.parquet": (holding(b"PAR1\x15\x04\x15\x0c\x15\x0eL\x15\xc2\0"), ("Parquet", "as CSV")),
    "a.feather": (holding(b"ARROW1\0\0\xff\xff\xff\xff"), ("Arrow", "as CSV")),
    "a.db": (database, ("SQLite database", "as CSV")),
    "a.npz": (arrays, (".npz", "one a line")),
    "a.npy": (array, (".npy", "one a line")),
    "a.pkl": (holding(pickle.dumps(["emma"])), ("pickle", "never loaded")),
    "a.pt": (zipped("archive/data.pkl"), ("PyTorch",)),
    "a.safetensors": (model, ("safetensors", "perhaps a model")),
    "a.h5": (holding(b"\x89HDF\r\n\x1a\n\0"), ("HDF5",)),
    "a.rtf": (holding(b"{\\rtf1\\ansi \xe9}"), ("RTF", "plain text")),
}


@pytest.mark.parametrize("errors", ["stop", "skip", "replace"])
@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_no_text_is_named(name: str, errors: ErrorPolicy, tmp_path: Path) -> None:
    make, says = KINDS[name]
    path = tmp_path / name
    make(path)
    for column in (None, "name"):
        with pytest.raises(CorpusError) as caught:
            list(read_blocks(str(path), Format(column=column, errors=errors)))
        assert str(caught.value).startswith(f"{path}: ")
        for part in says:
            assert part in str(caught.value)


@pytest.mark.parametrize("content", [b"PK\n", b"%PDF\n", b"MZ\nRIFF\n", b"BZh\n", b"PAR1\n", b"GIF8\n", b"7z\n"])
def test_text_that_begins_like_one_is_text(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    assert "".join(block.text for block in read_blocks(str(tmp_path / "a.txt"), Format())) == content.decode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<!DOCTYPE html>\n<html>\n", "begins as an HTML page"),
        ("\n  <HTML lang=en><body>\n", "begins as an HTML page"),
        ('["emma", "ava"]\n', "begins as JSON"),
        ('[\n  {"name": "emma"}\n]\n', "begins as JSON"),
        ('{\n "names": ["emma"]\n}\n', "begins as JSON"),
    ],
)
def test_a_text_that_is_most_likely_no_list_is_read_with_a_note(content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(content)
    with pytest.warns(InputWarning, match=f"a.txt: it {says}"):
        assert "".join(block.text for block in read_blocks(str(tmp_path / "a.txt"), Format())) == content


@pytest.mark.parametrize(
    "content", ['{"name": "emma"}\n{"name": "ava"}\n', "[emma]\n", "<b>\n", "html\n", "{\n}\n", "[1]\n"]
)
@pytest.mark.filterwarnings("error")
def test_lists_of_such_items_are_lists(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(content)
    assert "".join(block.text for block in read_blocks(str(tmp_path / "a.txt"), Format())) == content
