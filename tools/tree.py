"""The tree of the package in docs/design.md: a line for each file, what its first line of text says of it.

`python tools/tree.py` prints it, and with `--write` puts it into the page.
"""

from __future__ import annotations

import argparse
import ast
import re
from pathlib import Path

__all__ = ["BEGIN", "END", "PAGE", "tree"]

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "nextchar"
PAGE = ROOT / "docs" / "design.md"
BEGIN, END = "<!-- tree: made by tools/tree.py -->\n", "<!-- end of the tree -->\n"
WIDTH = 118


def tree() -> str:
    """All packages and their files, in the order in which they build on each other, as a block of Markdown."""
    order = re.search(r"^ {4}(errors.*)$", ast.get_docstring(_parsed(PACKAGE / "__init__.py")) or "", re.MULTILINE)
    assert order is not None
    first = {name: place for place, name in enumerate(re.split(r", | < ", order[1]))}
    lines = _lines(PACKAGE, 0, first)
    indent = max(len(name) for name, _ in lines) + 2
    return "```text\n" + "".join(f"{name:{indent}}{_cut(text, WIDTH - indent)}\n" for name, text in lines) + "```\n"


def _lines(folder: Path, depth: int, first: dict[str, int]) -> list[tuple[str, str]]:
    found = []
    children = [path for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    for path in sorted(children, key=lambda path: (first.get(path.stem, -1), path.is_dir(), path.name)):
        if path.name in ("__init__.py", "_version.py"):
            continue
        name = "  " * depth + path.name + ("/" if path.is_dir() else "")
        found.append((name, _about(path / "__init__.py" if path.is_dir() else path)))
        if path.is_dir():
            found += _lines(path, depth + 1, {})
    return found


def _about(path: Path) -> str:
    """The first sentence of a file's docstring, without its full stop."""
    text = (ast.get_docstring(_parsed(path)) or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<!al)\.(?: |$)", text)[0]


def _cut(text: str, width: int) -> str:
    """A text that fits, cut after a word where it is too long."""
    return text if len(text) <= width else text[: width - 1].rsplit(" ", 1)[0].rstrip(",:;") + " …"


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def main() -> None:
    """Print the tree, or write it."""
    parser = argparse.ArgumentParser(description="The tree of the package, a line for each file.")
    parser.add_argument("--write", action="store_true", help="put it into docs/design.md")
    if not parser.parse_args().write:
        print(tree(), end="")
        return
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + tree() + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
