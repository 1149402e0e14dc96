"""How a list is read that is given beside a model: as its training data was, where it is such a file.

A list of known names may be the very table that a model was trained on, or a plain list. So the model remembers how its
data was read: a file whose header has the same column is read by it, any other line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nextchar.data.corpus import Corpus, stream
from nextchar.data.datasets import meant_by
from nextchar.data.dialects import DELIMITERS, columns_called, header_of
from nextchar.data.encoding_guess import is_utf8, mark_of
from nextchar.data.files import is_table, open_binary
from nextchar.data.format import Format
from nextchar.data.provenance import Provenance
from nextchar.errors import CorpusError

__all__ = ["format_as_trained", "read_as_trained"]

_SAMPLE_BYTES: Final = 1 << 20


def read_as_trained(sources: Sequence[str], seen: Provenance, **given: Any) -> list[Corpus]:
    """The items of the sources, in alphabets of their own, with the model's text options.

    Args:
        sources: as for Corpus.from_file.
        seen: what a model remembers of its training data.
        given: what is said of how to read, as for `Format`; the rest is as the model was trained.

    Raises:
        CorpusError: a source cannot be read, or has no items; or something is said of a table, and no column is known.
    """
    return [part for one in sources for part in stream([one], format_as_trained(one, seen, **given), seen.options)]


def format_as_trained(source: str, seen: Provenance, **given: Any) -> Format:
    """How to read a source: as said, and as the model's training data was read in all else, if it is like that."""
    trained = Format() if seen.source is None else replace(seen.source.format, weight=None, errors="stop")
    plain = Format(encoding=trained.encoding)
    if "column" in given:
        return replace(plain, **{"encoding": _encoding(source, plain), **given})
    found = trained if trained.column is not None and _is_such_a_table(source, trained, seen) else plain
    if found is plain and (unused := {"delimiter", "header"} & given.keys()):
        what = "a delimiter is" if "delimiter" in unused else "that there is no header is said"
        raise CorpusError(f"{source}: {what} of tables, and which column to read is not known", argument="column")
    if found is plain:
        given = {name: value for name, value in given.items() if name in ("encoding", "errors")}
    return replace(found, **{"encoding": _encoding(source, found), **given})


def _is_such_a_table(source: str, trained: Format, seen: Provenance) -> bool:
    """Whether it has the column that the model was trained on, by its header; without one, whether its name says so."""
    names = () if seen.source is None else [Path(name).name for name in seen.source.names]
    sample = _sample(source)
    if sample is None or not trained.header:
        return is_table(source) or Path(source).name in names
    text = sample.decode(_encoding(source, trained), errors="replace").removeprefix("\ufeff")
    signs = [*DELIMITERS, *([trained.delimiter] if trained.delimiter else [])]
    if any(columns_called(header_of(text, sign), str(trained.column)) for sign in signs):
        return True
    return str(trained.column).isdecimal() and (is_table(source) or Path(source).name in names)


def _encoding(source: str, format_: Format) -> str:
    """UTF-8, or what a byte order mark says, where the file is in it, though the training data was in another one."""
    sample = None if format_.encoding == "utf-8" else _sample(source)
    if sample is None:
        return format_.encoding
    if (mark := mark_of(sample)) is not None:
        return mark.encoding
    return "utf-8" if is_utf8(sample) and b"\0" not in sample else format_.encoding


def _sample(source: str) -> bytes | None:
    """The first bytes of a file; None of what can be read once only."""
    if source == "-" or not ("://" in source or Path(source).is_file() or meant_by(source)):
        return None
    with open_binary(source) as handle:
        return handle.read(_SAMPLE_BYTES)
