"""The running text that the lesson reads, and its parts: to learn from, to choose by, and to measure on."""

from __future__ import annotations

from functools import cache
from typing import Final

from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_path
from nextchar.data.splits import Split, split
from nextchar.data.text_options import TextOptions
from nextchar.errors import DataSetError

__all__ = ["TEXT", "divided_text", "lead_in", "lesson_text", "text_parts"]

TEXT: Final = "genesis"
TAIL: Final = "tail:0.1,0.1"
LEAD: Final = 300  # characters, at most


@cache
def lesson_text() -> Corpus:
    """Genesis, as one item whose line ends are symbols.

    Raises:
        DataSetError: the file is missing, so the package is not whole.
    """
    path = shipped_path(TEXT)
    if not path.is_file():
        raise DataSetError(f"{path} is missing, though it ships with nextchar; install nextchar again")
    return Corpus.from_file(path, options=TextOptions(documents=True))


def divided_text(text: Corpus) -> Split:
    """A text: its first eight tenths to learn from, the ninth to choose by, the last to measure on."""
    return split(text, TAIL)


def lead_in(train: Corpus) -> str:
    """The end of what was learned, to its last line end where one is near: what is typed is read behind it.

    A net has seldom seen the beginning of a text, and the same letters say more to it after others.
    """
    end = "".join(train)[-LEAD:]
    line_end = end.rfind("\n") + 1
    return end[:line_end] if line_end > LEAD // 2 else end


@cache
def text_parts() -> Split:
    """The lesson's text, divided so."""
    return divided_text(lesson_text())
