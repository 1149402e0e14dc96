r"""From a source to text: blocks of whole lines, or of one column of a table.

Everything above this floor sees text with `\n` line ends only. A block is a few megabytes, so that a file of any
size is read in bounded memory (unless a single line is longer than that).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nextchar.data.datasets import meant_by
from nextchar.data.decoding import MARK, REPLACEMENT, Decoder, Digest, line_ends, with_replacements
from nextchar.data.documents import TEXT_END, separated_blocks, whole_blocks
from nextchar.data.files import ending_of, open_binary
from nextchar.data.format import Block, Format, Tally
from nextchar.data.remarks import remark
from nextchar.data.tables import table_blocks
from nextchar.data.text_options import TextOptions

__all__ = ["line_blocks", "name_of", "raw_blocks", "read_blocks"]


def name_of(source: str) -> str:
    """How messages call a source."""
    return "standard input" if source == "-" else source


_LINES = TextOptions()


def read_blocks(
    source: str,
    format_: Format,
    digest: Digest | None = None,
    tally: Tally | None = None,
    options: TextOptions = _LINES,
) -> Iterator[Block]:
    """The lines of a source that can be used, in order, in blocks of a few megabytes.

    What `format_.errors` has left out is counted in the tally, which the caller then lets tell of it; without one, a
    warning comes at the end of the source.

    Raises:
        CorpusError: it cannot be read, or lacks a column; or a line cannot be decoded, or holds a NUL character, or is
            no row of the table, and the policy is to stop (with line and byte).
    """
    own = Tally(format_.errors) if tally is None else tally
    for block in raw_blocks(source, format_, digest, tally=own, options=options):
        settled = own.settle(block)
        yield settled.without(settled.refused)
    if tally is None:
        own.tell()


def raw_blocks(
    source: str,
    format_: Format,
    digest: Digest | None = None,
    *,
    at_once: bool = False,
    tally: Tally | None = None,
    options: TextOptions = _LINES,
) -> Iterator[Block]:
    """All lines of a source, those too that cannot be used, which the blocks say; or the texts that are its items.

    Args:
        source: as for `open_binary`.
        format_: how to read it.
        digest: takes in what is read.
        at_once: a block is what has come so far, instead of some megabytes: for input that pauses.
        tally: counts what is replaced in a text that is the whole source; in others that is refused at first.
        options: whether items are texts, and what is between them.

    Raises:
        CorpusError: it cannot be read, or lacks a column.
    """
    name = name_of(source)
    if format_.column is None and (data_set := meant_by(source)) is not None and data_set.column is not None:
        format_ = replace(format_, column=data_set.column)
    with open_binary(source) as handle:
        decoder = Decoder(name, handle, format_.encoding, digest, at_once=at_once)
        said = options.documents and format_.column is None
        if format_.column is not None:
            closer = TEXT_END if options.documents else "\n"
            yield from table_blocks(name, ending_of(source), decoder, format_, closer)
        elif options.separator is not None:
            yield from separated_blocks(decoder, options.separator)
        elif options.documents:
            yield from whole_blocks(decoder, format_.errors, tally or Tally(format_.errors), options)
        else:
            yield from line_blocks(decoder)
        if said and (ends := decoder.other_line_ends):
            remark(f"{name}: its line ends, {ends}, are read as line feeds")


def line_blocks(decoder: Decoder, first_line: int = 1) -> Iterator[Block]:
    """Cut pieces of text at line ends; the first line has this number."""
    held: list[str] = []
    for text in decoder:
        cut = text.rfind("\n") + 1
        if not cut:
            held.append(text)
            continue
        block = "".join([*held, text[:cut]])
        held = [text[cut:]]
        yield _checked(block, first_line, decoder)
        first_line += line_ends(block)
    if rest := "".join(held):
        yield _checked(rest + "\n", first_line, decoder)


def _checked(text: str, first_line: int, decoder: Decoder) -> Block:
    """The block with what is wrong with its lines."""
    if MARK not in text and "\0" not in text:
        return Block(text, first_line)
    refused = {
        place: decoder.refusal(line, first_line + place)
        for place, line in enumerate(text.split("\n")[:-1])
        if MARK in line or "\0" in line
    }
    return Block(with_replacements(text).replace("\0", REPLACEMENT), first_line, refused=refused)
