"""What a file is that holds no text: recognised by its first bytes, and what to do with it then."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Final

__all__ = ["no_list", "no_text"]

_SHEET: Final = "save it as CSV UTF-8 in a spreadsheet program and give that file and the column"
_LIST: Final = "save the texts as a plain text file, one a line"
_UNPACK: Final = "unpack it and give the text file inside"
_KINDS: Final = {  # how files begin that are often given by mistake; in a way that no list does
    b"\x1f\x8b": "it is gzip data; give its name the ending .gz",
    b"\xfd7zXZ\0": "it is xz data; give its name the ending .xz",
    b"\x28\xb5\x2f\xfd": "it is zstandard data; give its name the ending .zst",
    b"\x04\x22\x4d\x18": f"it is lz4 data; {_UNPACK}",
    b"7z\xbc\xaf\x27\x1c": f"it is a 7z archive; {_UNPACK}",
    b"Rar!\x1a\x07": f"it is a RAR archive; {_UNPACK}",
    b"\x89PNG": "it is a PNG picture, not text",
    b"\xff\xd8\xff": "it is a JPEG picture, not text",
    b"II*\0": "it is a TIFF picture, not text",
    b"MM\0*": "it is a TIFF picture, not text",
    b"\x89HDF\r\n": f"it is an HDF5 file; {_LIST}",
    b"\x93NUMPY": f"it is a numpy array (.npy); {_LIST}",
    b"SQLite format 3\0": "it is an SQLite database; export the table as CSV and give that file and the column",
    b"%PDF-": "it is a PDF document; save its text to a text file",
    b"{\\rtf1": "it is an RTF document; save it as plain text",
    b"\x7fELF": "it is a program, not text",
}
_BEGINNINGS: Final = {  # of letters and signs that a text could begin with too, if hardly; asked where decoding fails
    b"BZh": "it is bzip2 data; give its name the ending .bz2",
    b"GIF8": "it is a GIF picture, not text",
    b"RIFF": "it is a picture or a sound (RIFF), not text",
    b"MZ": "it is a program, not text",
    b"PAR1": "it is a Parquet file; export the table as CSV and give that file and the column",
    b"ARROW1": "it is an Arrow file; export the table as CSV and give that file and the column",
    b"FEA1": "it is a Feather file; export the table as CSV and give that file and the column",
}
_BEGIN: Final = 1 << 10  # characters that show it
_PAGES: Final = ("<!doctype html", "<html")
_JSON: Final = re.compile(r'\[\s*["{\[]|\{\s*\n\s*"')  # one value over lines; lines that are one each are a list
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_SHEETS: Final = {".xls", ".xlt", ".xla"}
_ZIPPED: Final = (  # a part of the name of an entry, or of the first bytes
    ("xl/", f"it is an Excel workbook (.xlsx); {_SHEET}"),
    ("opendocument.spreadsheet", f"it is an OpenDocument spreadsheet (.ods); {_SHEET}"),
    ("Index/Tables", f"it is a Numbers spreadsheet; {_SHEET}"),
    ("word/", "it is a Word document (.docx); save it as plain text"),
    ("opendocument.text", "it is an OpenDocument text (.odt); save it as plain text"),
    ("ppt/", "it is a PowerPoint presentation; save its text to a text file"),
    ("data.pkl", f"it is a file of PyTorch; {_LIST}"),
    (".npy", f"it is a file of numpy arrays (.npz); {_LIST}"),
)
_PICKLE_PROTOCOLS: Final = (2, 3, 4, 5)
_PICKLE_FRAME: Final = b"\x95"  # which opens protocols 4 and 5
_MOST_HEADER: Final = 1 << 32  # of a safetensors file, in bytes


def no_text(source: str, first: bytes, *, failed: bool = False) -> str | None:
    """What a file is instead of text, by its first bytes, and what to do; None where it may be text.

    Args:
        source: its name, to look into an archive.
        first: its first bytes, some hundred if there are so many.
        failed: whether it is known to be no text in its encoding: then a likely kind is named too.
    """
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(source, first)
    if first.startswith(_OLE):
        if Path(source).suffix.lower() in _OLD_SHEETS or b"W\0o\0r\0k\0b\0o\0o\0k" in first:
            return f"it is an Excel workbook (.xls); {_SHEET}"
        return "it is an old Office document (.xls, .doc); save a sheet as CSV UTF-8, a document as plain text"
    if first[257:262] == b"ustar":
        return f"it is a tar archive; {_UNPACK}"
    if (
        first[:1] == b"\x80"
        and first[1:2]
        and first[1] in _PICKLE_PROTOCOLS
        and (first[1] < 4 or first[2:3] == _PICKLE_FRAME)
    ):
        return f"it is a Python pickle, which is never loaded here; {_LIST}"
    if first[8:10] == b'{"' and 0 < int.from_bytes(first[:8], "little") < _MOST_HEADER:
        return "it is a safetensors file, perhaps a model; give the text file in its place"
    kinds = _KINDS | _BEGINNINGS if failed else _KINDS
    return next((kind for begin, kind in kinds.items() if first.startswith(begin)), None)


def _zipped(source: str, first: bytes) -> str:
    names = first.decode("latin-1")
    if Path(source).is_file():
        try:
            with zipfile.ZipFile(source) as archive:
                names += " ".join(archive.namelist())
        except (OSError, zipfile.BadZipFile):
            pass
    kinds = (kind for part, kind in _ZIPPED if part in names)
    return next(kinds, f"it is a zip archive; {_UNPACK}")


def no_list(text: str) -> str | None:
    """What a text is that most likely is no list of items, by how it begins; None for any other."""
    begin = text[:_BEGIN].lstrip("\ufeff \t\r\n")
    if begin.lower().startswith(_PAGES):
        return "it begins as an HTML page does; if it is one, give the text file itself (on GitHub: Raw)"
    if _JSON.match(begin):
        return f"it begins as JSON does, and is read line by line; if it is no list of items, {_LIST}"
    return None
