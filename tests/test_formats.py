"""The table of formats in the documentation: each of its commands reads the file that its row describes."""

from __future__ import annotations

import bz2
import gzip
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_names
from nextchar.models.registry import load

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "nextchar " in line]
COMMANDS = [found.group(1).replace("\\|", "|") for line in ROWS if (found := re.search(r"\| `([^`]*)` \|$", line))]
LIST = ["emma", "Zoë", "O'Neil, x"]
ENCODED = {
    "western.txt": ("cp1252", ["René", "Zoë", "it’s"]),
    "polish.txt": ("cp1250", ["Łukasz", "Świętosława"]),
    "russian.txt": ("cp1251", ["Иван", "Мария"]),
    "chinese.txt": ("gb18030", ["王伟", "李娜"]),
    "japanese.txt": ("shift_jis", ["田中", "さくら"]),
    "wide.txt": ("utf-16", LIST),
    "little.txt": ("utf-16-le", LIST),
}
TABLES = {  # the bytes of the file, and its items with their weights
    "table.csv": ('id,Name,births\n1,emma,3\n2,"Smith, J.",4\n', {"emma": 3, "Smith, J.": 4}),
    "bare.csv": ("emma,3\nava,4\n", {"emma": 3, "ava": 4}),
    "excel-utf8.csv": ("\ufeffName,Note\r\nÉlodie,x\r\nZoë,\r\n,\r\n", {"Élodie": 1, "Zoë": 1}),
    "excel.csv": ("Name;Anzahl\r\nÉlodie;1.069\r\nJosé;69,5\r\n", {"Élodie": 1069, "José": 70}),
    "unicode.txt": ("Name\tNote\r\nÉlodie\tx\r\nZoë\t\r\n", {"Élodie": 1, "Zoë": 1}),
    "sep.csv": ("sep=;\r\nName;n\r\nemma;1\r\n", {"emma": 1}),
    "table.tsv": ("n\tname\n1\temma, x\n2\tava\n", {"emma, x": 1, "ava": 1}),
    "pipes.txt": (" name | n\nemma|1\nava|2\n", {"emma": 1, "ava": 1}),
    "caret.txt": ("name^n\nemma,x^1\nava^2\n", {"emma,x": 1, "ava": 1}),
    "aligned.txt": ("EMMA       2.629  1\nAVA        1.073  2\n", {"EMMA": 1, "AVA": 1}),
    "blanks.csv": ('n, name\n1, "Smith, John"\n2, "Ava"\n', {"Smith, John": 1, "Ava": 1}),
    "quotes.csv": ('note,name\n"two\nlines","Smith, J."\nx,"O""Neil"\n', {"Smith, J.": 1, 'O"Neil': 1}),
    "lines.csv": ('name,n\n"em\nma",1\nava,2\n', {"em ma": 1, "ava": 1}),
    "rows.csv": ('name,n\nemma,1\nava\n"li"am,2\nmia,3\n', {"emma": 1, "mia": 1}),
}
TEXTS = {  # the bytes of the file, and its items
    "play.txt": (b"To be,\r\n  or not\r\n", ["To be,\n  or not\n"]),
    "fortunes.txt": (b"Be\nrich.\n%\nShort.\n", ["Be\nrich.", "Short."]),
    "stanzas.txt": (b"one\ntwo\n\n\nthree\n", ["one\ntwo", "three"]),
    "poems.csv": (b'n,poem\n1,"one\ntwo"\n2,three\n', ["one\ntwo", "three"]),
}
TABLE_ENCODINGS = {"excel.csv": "cp1252", "unicode.txt": "utf-16"}


def write_all(folder: Path) -> dict[str, dict[str, int]]:
    """All files of the page, and the items of each with their weights."""
    found = {}
    text = "\ufeff" + "\r\n".join(["", *LIST, ""])
    (folder / "list.txt").write_bytes(text.encode())
    (folder / "list.txt.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "list.txt.bz2").write_bytes(bz2.compress(text.encode()))
    (folder / "broken.txt").write_bytes(b"emma\nno\xebl\nmi\0a\nava\n")
    for name, (encoding, items) in ENCODED.items():
        (folder / name).write_bytes("\n".join(items).encode(encoding))
        found[name] = dict.fromkeys(items, 1)
    for name, (content, weights) in TABLES.items():
        (folder / name).write_bytes(content.encode(TABLE_ENCODINGS.get(name, "utf-8")))
        found[name] = weights
    for name, (raw, texts) in TEXTS.items():
        (folder / name).write_bytes(raw)
        found[name] = dict.fromkeys(texts, 1)
    cities = (ROOT / "tests" / "fixtures" / "cities.arpa").read_text(encoding="utf-8")
    (folder / "cities.arpa").write_text(cities, encoding="utf-8")
    spaces = re.sub(r"(?<=[\t ])a(?=[\t \n])", "<space>", cities)
    (folder / "spaces.arpa").write_text(spaces, encoding="utf-8")
    listed = dict.fromkeys(LIST, 1)
    broken = {"emma": 1, "ava": 1}
    shipped = dict.fromkeys(shipped_names(), 1)
    return found | {"list.txt": listed, "list.txt.gz": listed, "broken.txt": broken, "names-2018": shipped}


def test_every_row_has_a_command_and_no_command_is_twice() -> None:
    assert len(COMMANDS) == len(ROWS) == len(set(COMMANDS)) > 25


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_reads_the_items(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = write_all(tmp_path)
    piped, _, last = command.rpartition(" | ")
    arguments = shlex.split(last)[1:]
    name = piped.removeprefix("cat ") or arguments[1]
    stdin = (tmp_path / name).read_bytes() if piped else None
    result = CliRunner().invoke(main, arguments, input=stdin)
    assert result.exit_code == 0, result.output
    seen = load(tmp_path / "m.safetensors").provenance
    if arguments[0] == "import":
        characters = load(tmp_path / "m.safetensors").alphabet.characters
        assert ("a" in characters, " " in characters) == ((False, True) if name == "spaces.arpa" else (True, False))
        return
    weights = wanted[name]
    assert seen.known is not None
    np.testing.assert_array_equal(seen.known, np.sort(Corpus.from_items(weights, options=seen.options).fingerprints()))
    if "--weight" in arguments:
        assert seen.weight == sum(weights.values())
    if "--errors" in arguments:
        assert "the first: " in result.stderr


def test_the_page_names_every_delimiter_and_kind_that_is_found() -> None:
    from nextchar.data.files import COMPRESSIONS

    for ending in COMPRESSIONS:
        assert f"`{ending}`" in PAGE
