"""Reading a text from left to right: what comes next, and what each symbol cost, of any model.

A reader stands at a place of a text. It says what may come next, is told what came, and may be forked to try what
follows. A static reader changes nothing by reading; one that is adaptive learns each symbol after it has said how
probable it was, and says of the next one something better. The model stays as it is in both cases.

Letters: S symbols of a text, V size of the alphabet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Final, Self, final

import numpy as np
import numpy.typing as npt

from nextchar.core.protocol import LanguageModel, LogProbs, Step
from nextchar.core.scoring import symbol_nats
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.arguments import need_ids
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, thousands
from nextchar.data.text_options import TextOptions
from nextchar.data.text_pieces import encode_piece

__all__ = ["ReadBlock", "StaticReader", "TextReader"]

BLOCK: Final = 256  # symbols read at once
TOGETHER: Final = 64  # symbols, from which on a model's way to score whole texts is worth its beginning
F64 = npt.NDArray[np.float64]
ReadBlock = Callable[[object, Ids], tuple[LogProbs, Step]]


class TextReader(ABC):
    """A place in a text that is read from left to right; it begins behind a boundary.

    Attributes:
        alphabet: what the ids mean.
        adaptive: whether it learns from what it reads.
        symbols: how many were pushed or read.
        nats: -log p of all of them, each given those before it.
        place: how many symbols of the text there are before it, those skipped counted.

    Examples:
        >>> import nextchar
        >>> model = nextchar.ContextMixing(contexts=9).fit(["abab" * 50])
        >>> reader = model.reader(adaptive=True)
        >>> first, second = reader.push("cab"[1:]), reader.push("ab")
        >>> reader.symbols, round(reader.nats, 9) == round(first + second, 9)
        (4, True)
        >>> other = reader.fork()
        >>> other.push("b") > reader.push("a")
        True
    """

    def __init__(self, alphabet: Alphabet, options: TextOptions, *, adaptive: bool) -> None:
        self.alphabet = alphabet
        self.adaptive = adaptive
        self.symbols = 0
        self.nats = 0.0
        self.place = 0
        self._options = options

    def __repr__(self) -> str:
        how = "adaptive" if self.adaptive else "static"
        return line_of(self, how, f"{thousands(self.symbols, 'symbol')} read", f"{self.nats:.4f} nats")

    @property
    @abstractmethod
    def log_probs(self) -> LogProbs:
        """What comes next, (V,) nats; the boundary, which is the end of the text, has the id 0."""

    @abstractmethod
    def fork(self) -> Self:
        """Another reader at the same place; what one of them reads does not change the other."""

    @abstractmethod
    def _read(self, ids: Ids) -> F64:
        """Read on; -log p of each symbol."""

    def _skip(self, ids: Ids) -> None:
        """Read on without saying what it costs."""
        self._read(ids)

    def push(self, text: str | npt.ArrayLike) -> float:
        """Read on.

        Args:
            text: a text, or ids, in which boundaries end a text and begin the next.

        Returns:
            What it cost, nats.

        Raises:
            BadValueError: ids that the alphabet does not have.
            UnknownSymbolError: the text has a character that the model does not know.
        """
        return float(self.read(text).sum())

    def read(self, text: str | npt.ArrayLike) -> F64:
        """As `push`, saying what each symbol cost, (S,) nats: the way to read much at once."""
        ids = self.encode(text)
        nats = self._read(ids) if len(ids) else np.empty(0)
        self._pass(ids)
        self.symbols += len(ids)
        self.nats += float(nats.sum())
        return nats

    def take(self, symbol: int) -> float:
        """As `push`, of a single id whose row was asked for: the way to go on with what was drawn."""
        cost = -float(self.log_probs[symbol]) + 0.0
        self._skip(np.array([symbol], dtype=self.alphabet.dtype))
        self.symbols += 1
        self.nats += cost
        self.place = 0 if symbol == BOUNDARY else self.place + 1
        return cost

    def skip(self, text: str | npt.ArrayLike) -> None:
        """Read on without counting what it costs: a prompt, or a text that only goes before."""
        ids = self.encode(text)
        if len(ids):
            self._skip(ids)
        self._pass(ids)

    def _pass(self, ids: Ids) -> None:
        ends = np.flatnonzero(ids == BOUNDARY)
        self.place = len(ids) - int(ends[-1]) - 1 if len(ends) else self.place + len(ids)

    def end(self) -> float:
        """Read the end of the text; the next one begins. Returns what it cost, nats."""
        return self.push(np.array([BOUNDARY]))

    def encode(self, text: str | npt.ArrayLike, name: str = "the text") -> Ids:
        """The ids of a piece of text, which messages call by a name, as the model reads it; of ids themselves."""
        if isinstance(text, str):
            return encode_piece(text, self.alphabet, self._options, name)
        return need_ids(text, self.alphabet.size, "text", dimensions=1).astype(self.alphabet.dtype)


@final
class StaticReader(TextReader):
    """A reader for any model, by its pure interface: states go in, and new states come out.

    Much at once is scored as the model scores whole texts, and its state then follows when it is asked for; or both at
    once, block by block, where the model can.

    Args:
        model: any.
        options: what it does to text.
        block: reads symbols (B, T) on from a state: what follows each (B, T, V), nats, and the step after them.
    """

    def __init__(self, model: LanguageModel, options: TextOptions, block: ReadBlock | None = None) -> None:
        super().__init__(model.alphabet, options, adaptive=False)
        self._model = model
        self._block = block
        self._step = model.start(1)
        self._before = np.empty(0, dtype=model.alphabet.dtype)  # of this text, as far back as the model looks
        self._ahead = self._before  # those of them that the state has not read

    @property
    def log_probs(self) -> LogProbs:
        """What comes next, (V,) nats."""
        if self._block is not None and len(self._ahead) > 1:
            for first in range(0, len(self._ahead), BLOCK):
                self._step = self._block(self._step.state, self._ahead[None, first : first + BLOCK])[1]
        else:
            for symbol in self._ahead:
                self._step = self._model.advance(self._step.state, np.array([symbol], dtype=self.alphabet.dtype))
        self._ahead = self._ahead[:0]
        row: LogProbs = self._step.log_probs[0]
        return row

    def fork(self) -> Self:
        """Another reader at the same place: states are never changed in place, so nothing is copied."""
        return copy(self)

    def _read(self, ids: Ids) -> F64:
        if self._block is not None and len(ids) > 1 and BOUNDARY not in ids:
            return self._read_blocks(self._block, ids)
        if len(ids) >= max(TOGETHER, len(self._before)):
            joined = np.concatenate([self._before, ids, np.zeros(1, dtype=ids.dtype)])
            before = len(self._before)
            nats = symbol_nats(self._model, Corpus(self.alphabet, joined))[before : before + len(ids)]
            self._skip(ids)
            return nats
        nats = np.empty(len(ids))
        for t in range(len(ids)):
            nats[t] = -self.log_probs[int(ids[t])]
            self._skip(ids[t : t + 1])
        return nats + 0.0

    def _read_blocks(self, block: ReadBlock, ids: Ids) -> F64:
        nats = np.empty(len(ids))
        for first in range(0, len(ids), BLOCK):
            part = ids[first : first + BLOCK]
            before = self.log_probs
            rows, self._step = block(self._step.state, part[None])
            rows = np.concatenate([before[None], rows[0, :-1]])
            nats[first : first + BLOCK] = -rows[np.arange(len(part)), part.astype(np.intp)]
        self._remember(ids)
        return nats + 0.0

    def _skip(self, ids: Ids) -> None:
        if BOUNDARY in ids:
            ends = np.flatnonzero(ids == BOUNDARY)
            ids = ids[int(ends[-1]) + 1 :]
            self._step, self._before, self._ahead = self._model.start(1), self._before[:0], self._before[:0]
        self._ahead = np.concatenate([self._ahead, ids])
        reach = self._model.context_length
        if reach is not None and len(self._ahead) > reach:  # what the state has read is out of its sight
            self._step, self._ahead = self._model.start(1), self._ahead[len(self._ahead) - reach :]
        self._remember(ids)

    def _remember(self, ids: Ids) -> None:
        self._before = np.concatenate([self._before, ids])
        if (reach := self._model.context_length) is not None:
            self._before = self._before[max(len(self._before) - reach, 0) :]
