"""Rebuild src/nextchar/data/us-names.txt from names-2018.csv: each name once, without what stands for no name.

python tools/build_us_names.py
"""

from __future__ import annotations

from nextchar.data.datasets import PLACEHOLDERS, shipped_names, shipped_path


def us_names() -> list[str]:
    """The different names in the order of names-2018, without placeholders."""
    return [name for name in dict.fromkeys(shipped_names()) if name.lower() not in PLACEHOLDERS]


if __name__ == "__main__":
    shipped_path("us-names").write_text("".join(f"{name}\n" for name in us_names()), encoding="utf-8", newline="\n")
