"""What `score --by` does: texts are read from left to right, and each word, line or symbol gets a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from nextchar.cli._options import scorer_from
from nextchar.cli._output import note
from nextchar.cli._rows import Cells
from nextchar.cli._scored import Scored
from nextchar.core.reader import StaticReader, TextReader
from nextchar.core.text_units import TextUnits, Unit, Units
from nextchar.data.corpus import parts_of
from nextchar.data.display import shortened, thousands, visible
from nextchar.data.lines import SHOWN, lines_of_items, read_lines

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.data.alphabet import Alphabet, Ids
    from nextchar.data.format import Format
    from nextchar.data.lines import LineBlock
    from nextchar.data.text_options import TextOptions

__all__ = ["UnitScores"]

TOGETHER: Final = 1 << 18  # symbols, whose rows are made at once
_END: Final = "(end)"  # of a text, in the table for people
_BLANK: Final = "\N{OPEN BOX}"


class UnitScores(NamedTuple):
    """How units are scored.

    Attributes:
        model: whose surprisal it is.
        unit: symbol, word or line.
        adaptive: whether it learns from what it reads.
        after: a file that is read first; None for none.
        format_: how files are read.
        options: how their text is.
        people: whether rows are for people, who see blanks and the end as signs.
    """

    model: Model
    unit: Unit
    adaptive: bool
    after: str | None
    format_: Format
    options: TextOptions
    people: bool

    def of_files(self, files: Sequence[str]) -> Iterator[Scored]:
        """The units of files, each of which is a text, or has texts between separators."""
        if not self.options.whole_files or self.format_.column is not None:
            alphabet = self.model.alphabet
            yield from self._of_blocks(
                block for file in files for block in read_lines(file, self.format_, self.options, alphabet)
            )
            return
        reader = self._reader()
        units = TextUnits(self.model.alphabet, self.unit)
        for file in files:
            begins = True
            for piece in self._pieces(file, reader):
                nats = reader.read(piece)
                for at in range(0, len(piece), TOGETHER):
                    part = slice(at, at + TOGETHER)
                    yield self._scored(units.add(piece[part], nats[part], line=1 if begins else None))
                    begins = False

    def of_texts(self, texts: Sequence[str]) -> Iterator[Scored]:
        """The units of texts from the command line."""
        yield from self._of_blocks(lines_of_items(texts, self.options, self.model.alphabet, self.format_.errors))

    def _reader(self) -> TextReader:
        """A reader that has read the file of --after."""
        reader = self.model.reader(adaptive=self.adaptive)
        read = 0
        if self.after is not None:
            for piece in self._pieces(self.after, reader):
                before = piece[:-1] if piece[-1] == 0 else piece
                reader.skip(before)
                read += len(before)
        self._tell(read)
        return reader

    def _tell(self, read: int) -> None:
        if read:
            note(f"Note: {self.after} was read first, {thousands(read, 'symbol')}.")

    def _pieces(self, file: str, reader: TextReader) -> Iterator[Ids]:
        """The ids of a text, its end included; at once where the model looks back to the beginning."""
        parts = parts_of(file, self.format_, self.options, self.model.alphabet, pieces=True)
        if isinstance(reader, StaticReader) and self.model.context_length is None:
            found = [part.ids for part in parts]
            yield from [np.concatenate(found)] if found else []
        else:
            yield from (part.ids for part in parts)

    def _of_blocks(self, blocks: Iterable[LineBlock]) -> Iterator[Scored]:
        """The units of items that begin anew each."""
        scorer = scorer_from(self.model, self.adaptive, self.after, self.format_, self.options)
        self._tell(scorer.read_before)
        units = TextUnits(self.model.alphabet, self.unit)
        for block in blocks:
            corpus = block.corpus
            if corpus is None:
                continue
            nats = scorer(corpus)
            for item, place in enumerate(block.places.tolist()):
                part = slice(int(corpus.offsets[item]), int(corpus.offsets[item + 1]))
                yield self._scored(units.add(corpus.ids[part], nats[part], line=int(block.numbers[place])))

    def _scored(self, units: Units) -> Scored:
        ends = np.cumsum(units.sizes)
        n = len(units.sizes)
        return Scored(
            numbers=units.lines,
            items=_cells(units, self.model.alphabet, self.people, blanks=self.unit == "line"),
            places=np.arange(n),
            nats=np.add.reduceat(units.nats, ends - units.sizes) if n else np.empty(0),
            symbols=units.sizes,
            surprisal=units.nats,
            flagged=None,
            refused={},
        )


def _cells(units: Units, alphabet: Alphabet, people: bool, *, blanks: bool) -> Cells:
    """The text of each unit; for people with signs for what cannot be seen, but blanks if they are not, and short."""
    names = ["", *alphabet.symbols[1:]]
    shown = [_END, *(visible(name) for name in names[1:])] if people else names
    if people and not blanks:
        shown = [_BLANK if name == " " else name for name in shown]
    coded = [name.encode() for name in shown]
    sizes = np.array([len(code) for code in coded], dtype=np.int64)[units.ids]
    text = b"".join([coded[symbol] for symbol in units.ids.tolist()])
    ends = np.cumsum(sizes)[np.cumsum(units.sizes) - 1] if len(units.sizes) else np.empty(0, dtype=np.int64)
    begins = np.concatenate([[0], ends]).astype(np.int64)[:-1]
    cells = Cells(np.frombuffer(text, dtype=np.uint8), begins, ends)
    if not people or int((ends - begins).max(initial=0)) <= SHOWN:
        return cells
    from nextchar.cli._rows import texts

    return texts([shortened(cell.decode(), SHOWN).encode() for cell in cells.to_list()])
