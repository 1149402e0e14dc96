"""docs/design.md and its parts are held to the package: the tree lists its files, and a file that is named is there."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
PARTS = sorted((ROOT / "docs" / "design").glob("*.md"))


def test_the_tree_is_that_of_the_package() -> None:
    tools = runpy.run_path(str(ROOT / "tools" / "tree.py"))
    shown = PAGE.split(tools["BEGIN"])[1].split(tools["END"])[0]
    assert shown == tools["tree"](), "python tools/tree.py --write brings the tree up to date"


def test_every_file_that_the_pages_name_is_there() -> None:
    text = "".join([PAGE.split("<!-- end of the tree -->")[1], *(part.read_text(encoding="utf-8") for part in PARTS)])
    paths = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|toml|md|js))`", text))
    assert len(paths) > 20
    gone = [path for path in paths if not any((base / path).exists() for base in (ROOT, ROOT / "src" / "nextchar"))]
    assert not gone


def test_the_page_leads_to_all_its_parts() -> None:
    assert sorted(re.findall(r"\(design/(\w+)\.md\)", PAGE)) == [part.stem for part in PARTS] != []
