"""The page of public names, docs/python.md: a line for each, the first of its docstring.

`python tools/names.py` prints it, and with `--write` puts it in its place.
"""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path

import nextchar

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "python.md"
HEADINGS = {
    "data": "Text in",
    "models": "Models",
    "core": "What all models do",
    "automata": "Exact answers, and models made from models",
    "tasks": "Whole jobs",
    "errors": "Errors",
}
HEAD = """\
# In Python

<!-- made by tools/names.py -->

Everything here is imported from `nextchar` itself. `help(nextchar.Corpus)`, say, has the arguments with their units,
the errors and an example.

"""


def page() -> str:
    """The page, as Markdown."""
    homes: dict[str, list[str]] = {heading: [] for heading in HEADINGS}
    for name in nextchar.__all__:
        if name != "__version__":
            homes[nextchar._HOME[name].split(".")[0]].append(name)
    return HEAD + "\n".join(_section(HEADINGS[home], names) for home, names in homes.items() if names)


def _section(heading: str, names: list[str]) -> str:
    rows = [f"| `{name}` | {_first_line(name)} |" for name in names]
    return "\n".join([f"## {heading}", "", "| name | what it is |", "|---|---|", *rows, ""])


def _first_line(name: str) -> str:
    doc = inspect.getdoc(getattr(nextchar, name))
    assert doc, f"{name} has no docstring"
    return doc.split("\n", 1)[0].replace("|", "\\|")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the page instead of printing it")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page(), end="")
