"""Answers line by line: as lines come, without losing one to Ctrl-C."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeVar

import click

from nextchar.cli._output import note, shows_all, write_text
from nextchar.cli._signals import Interrupts
from nextchar.data.writing import is_standard_output, write_atomically, writing_to
from nextchar.errors import NextcharError

if TYPE_CHECKING:
    from nextchar.data.lines import LineBlock

__all__ = ["FLAGGED", "line_blocks", "say_how_to_end", "tsv_option", "write_rows", "written_whole"]

Block = TypeVar("Block")

FLAGGED: Final = 3  # the exit code of --flagged-only where something was flagged
COMPILED_FROM: Final = 20_000  # lines, from which on loading the compiled loops pays

tsv_option = click.option("--tsv", "as_tsv", is_flag=True, help="Print tab-separated values for cut, join and awk.")


def line_blocks(blocks: Iterator[LineBlock], source: str) -> Iterator[LineBlock]:
    """The blocks as they come, and on a terminal a word on how to end them.

    Ctrl-C while a block is worked on counts when the next is asked for, so that what was computed is written; a second
    one counts at once. While there is nothing to read it counts at once too.
    """
    say_how_to_end(source)
    lines = 0
    with Interrupts() as interrupts:
        for block in interrupts.between(blocks):
            yield block
            lines += len(block.numbers)
            if lines >= COMPILED_FROM:  # many in all repay it too, however few come at a time
                import nextchar._kernels.rows  # noqa: F401


def say_how_to_end(source: str) -> None:
    """Where a person is about to type the input: that they are."""
    if source == "-" and sys.stdin.isatty():
        keys = "Ctrl-Z and Enter end" if sys.platform == "win32" else "Ctrl-D ends"
        note(f"Reading standard input; {keys}.")


def written_whole(blocks: Iterator[Block]) -> Iterator[Block]:
    """The blocks, each of which is written whole: Ctrl-C counts while one is made, and after one is written."""
    with Interrupts() as interrupts:
        yield from interrupts.between(blocks)


def write_rows(output: str, pieces: Iterator[bytes | memoryview], as_json: bool) -> None:
    """Write pieces of rows where -o says: to standard output each at once, to a file all of them, or none.

    Ctrl-C, or another signal that ends the command, ends them, and what has been made by then is written.
    """
    interrupted: KeyboardInterrupt | None = None
    interrupts = Interrupts()

    def until_interrupted() -> Iterator[bytes | memoryview]:
        nonlocal interrupted
        try:
            yield from interrupts.between(pieces)
        except KeyboardInterrupt as interrupt:
            interrupted = interrupt

    with interrupts:
        if not is_standard_output(output):
            with writing_to(output, NextcharError):
                write_atomically(output, until_interrupted())
        else:
            plain = shows_all()
            for piece in until_interrupted():
                if plain:
                    with writing_to(output, NextcharError):
                        write_atomically(output, [piece])
                else:
                    text = bytes(piece).decode("utf-8", "backslashreplace")
                    write_text(_OUTSIDE_ASCII.sub(_escaped, text) if as_json else text)
    if interrupted is not None:
        raise interrupted


_OUTSIDE_ASCII: Final = re.compile("[^\\x00-\\x7f]")


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
