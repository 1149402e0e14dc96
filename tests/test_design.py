"""docs/design.md is held to the package: its tree lists the files that there are, and it names no file that is gone."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")


def test_the_tree_is_that_of_the_package() -> None:
    tools = runpy.run_path(str(ROOT / "tools" / "tree.py"))
    shown = PAGE.split(tools["BEGIN"])[1].split(tools["END"])[0]
    assert shown == tools["tree"](), "python tools/tree.py --write brings the tree up to date"


def test_every_file_that_the_page_names_is_there() -> None:
    text = PAGE.split("<!-- end of the tree -->")[1]
    paths = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|toml|md|js))`", text))
    assert len(paths) > 20
    gone = [path for path in paths if not any((base / path).exists() for base in (ROOT, ROOT / "src" / "nextchar"))]
    assert not gone
