"""Files to text: each compression by its ending, whole and cut off, and where it is told of."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from click.testing import CliRunner

from nextchar.cli import main
from nextchar.data.blocks import read_blocks
from nextchar.data.files import COMPRESSIONS, is_plain_local_file, is_table
from nextchar.data.format import Format
from nextchar.errors import CorpusError

ROOT = Path(__file__).parents[2]
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("ending", COMPRESSIONS)
def test_a_compressed_file_gives_its_content(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"names.txt{ending}"
    path.write_bytes(COMPRESS[ending](b"emma\r\nava"))
    assert "".join(block.text for block in read_blocks(str(path), Format())) == "emma\nava\n"
    assert not is_plain_local_file(str(path))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(CorpusError, match="cannot be read to its end"):
        list(read_blocks(str(path), Format()))


@pytest.mark.parametrize("ending", COMPRESSIONS)
def test_a_compressed_table_has_the_separator_of_the_table(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"names.tsv{ending.upper()}"
    path.write_bytes(COMPRESS[ending](b"name\tyear\nemma\t2018\n"))
    assert [block.text for block in read_blocks(str(path), Format(column="name"))] == ["emma\n"]
    assert is_table(str(path))
    assert not is_table(str(path.with_name(f"names.txt{ending}")))


@pytest.mark.parametrize("ending", COMPRESSIONS)
def test_people_are_told_of_every_compression(ending: str) -> None:
    assert ending in CliRunner().invoke(main, ["train", "--help"]).stdout
    assert ending in CliRunner().invoke(main, ["import", "--help"]).stdout
    for name in ("docs/command-line.md", "docs/zh/command-line.md"):
        assert f"`{ending}`" in (ROOT / name).read_text(encoding="utf-8")
