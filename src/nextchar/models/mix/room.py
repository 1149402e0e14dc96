"""Which kinds of context a mix can afford where the alphabet has thousands of symbols.

With thousands of symbols most contexts of three of them occur once in the data, and a list of all that was seen after
each kind of context takes a hundred times the room of the data and says little. So there a kind of context is left out
where it does not repeat itself (more cells than half of the data's symbols), where it lists so many symbols at a usual
position that the row takes longer than its alphabet, and where its file would be too large; and what remains forgets
the contexts that were met once. Suffixes are the exception: the others fall back on them, so they are all counted, and
only the model that is kept forgets the long ones that were met once.

Letters: S symbols of the corpus, C contexts, M cells, V alphabet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import WHOLE_ROWS
from nextchar.data.corpus import Corpus
from nextchar.models.mix.experts import Context, Expert

__all__ = ["Room"]

FILE_BYTES: Final = 52_000_000  # of a model's tables
SUFFIXES: Final = 0.6  # of them, at most, are for suffixes of SHORT and more symbols
SHORT: Final = 3  # suffixes of so many symbols and more forget contexts that were met once
LATE: Final = 2  # symbols of an item, after which its beginnings are many and rows are computed each for one item


def _bytes(cells: int, contexts: int, experts: int) -> int:
    """What a file takes for one kind of context: see `stored_tables`."""
    return cells * (2 + 5 * experts) + contexts * (8 + 4 + experts)


class Room:
    """What has been taken of it so far.

    Attributes:
        scarce: whether anything has to be left out at all.
    """

    def __init__(self, corpus: Corpus, experts: Sequence[Expert]) -> None:
        S, V = corpus.symbols, corpus.alphabet.size
        self._experts = {
            context: sum(e.context == context for e in experts) for context in {e.context for e in experts}
        }
        most = sum(_bytes(S, S, number) for number in self._experts.values())
        self.scarce = V > WHOLE_ROWS and most > FILE_BYTES
        self._S, self._row, self._left = S, float(V), float(FILE_BYTES)
        self._refused: list[Context] = []
        if self.scarce:
            begins = np.repeat(corpus.offsets[:-1], corpus.lengths + 1)
            self._late = np.arange(S) - begins >= LATE

    def hopeless(self, context: Context) -> bool:
        """Whether a kind of context need not even be counted, since it has more cells than one that has too many."""
        return any(context.is_finer_than(other) for other in self._refused)

    def takes(
        self,
        context: Context,
        row_first: npt.NDArray[np.int64],
        cell: npt.NDArray[np.int32],
        kept: npt.NDArray[np.bool_],
    ) -> bool:
        """Take a kind of context that is no suffix, or refuse it.

        Args:
            context: the kind.
            row_first: (C + 1,) the first cell of each context.
            cell: (S,) of each position.
            kept: (C,) which contexts are.
        """
        if not self.scarce:
            return True
        widths = np.diff(row_first)
        if 2 * row_first[-1] > self._S:
            self._refused.append(context)
            return False
        late = np.repeat(np.where(kept, widths, 0), widths)[cell[self._late]]
        row = float(late.mean()) if len(late) else 0.0
        size = _bytes(int(widths[kept].sum()), int(kept.sum()), self._experts[context])
        if row > self._row or size > self._left:
            return False
        self._row -= row
        self._left -= size
        return True

    def remembered(self, suffixes: Sequence[tuple[Context, npt.NDArray[np.int64], npt.NDArray[np.int64]]]) -> int:
        """How often a context of SHORT symbols or more has to be met so that it is kept.

        Args:
            suffixes: of each length the kind of context, the first cell of each context (C + 1,), and how often
                each was met (C,).
        """
        if not self.scarce:
            return 0
        allowed, least = SUFFIXES * FILE_BYTES, 2
        while (taken := self._taken(suffixes, least)) > allowed and least < self._S:
            least += 1 + least // 2
        self._left -= taken
        return least

    def _taken(
        self, suffixes: Sequence[tuple[Context, npt.NDArray[np.int64], npt.NDArray[np.int64]]], least: int
    ) -> int:
        taken = 0
        for context, row_first, met in suffixes:
            kept = met >= (least if context.chain >= SHORT else 0)
            taken += _bytes(int(np.diff(row_first)[kept].sum()), int(kept.sum()), self._experts[context])
        return taken
