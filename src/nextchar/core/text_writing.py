"""Writing a text that goes on after a prompt, symbol by symbol, as it is drawn.

A draw is that of items (see `sampling`): text i of a seed has its own sequence of uniforms, and its t-th symbol, the
prompt's counted, takes the t-th of them. So a text that was broken off goes on, with what there is as its prompt, as it
would have gone on.

Where a length is asked for the end of the text is left out of each row, so that as many symbols come as were asked for.
Else a text ends where the model ends it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from nextchar.core.plan import Plan
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.reader import TextReader
from nextchar.core.sampling import ENDLESS, allowed, cumulate, draw_symbols
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.data.arguments import need, need_whole
from nextchar.data.hashing import GOLDEN
from nextchar.errors import BadValueError, ConflictError, SettingsError

__all__ = ["USUAL_LENGTH", "Ended", "TextWriter", "seeded"]

F64 = npt.NDArray[np.float64]
TOGETHER: Final = 256  # uniforms made at once
USUAL_LENGTH: Final = 1_000  # symbols, where neither a length nor an end is asked for
Ended = Literal["length", "until", "end"]


def seeded(plan: Plan) -> int:
    """The seed of a plan for texts, a fresh one where it has none.

    Raises:
        ConflictError: the plan has something for items alone.
    """
    need(plan, Plan, "plan", "a Plan")
    of_items = {
        "stream": plan.one_sequence,
        "distinct": plan.distinct,
        "new": plan.new,
        "min_distance": plan.min_distance > 0,
    }
    for name, given in of_items.items():
        if given:
            raise ConflictError(f"{name.replace('_', '-')} is for items, and has no meaning for a text", argument=name)
    return secrets.randbits(63) if plan.seed is None else plan.seed


class TextWriter:
    """One text, to be iterated over: each symbol as it is drawn, as a text.

    Args:
        reader: has read the prompt; it goes on with what is written.
        plan: how to draw.
        seed: of all texts.
        number: of this one, from 0.
        length: how many symbols to write; None to write until the model ends the text, 1,000 at most.
        until: a text, after which it ends; at most 10,000 symbols then, where no length is given.

    Attributes:
        symbols: how many have been written.
        nats: -log p of them under the model as it is.
        ended: why no more came: as many as there may be, what it was to end with, or its end.

    Raises:
        BadValueError: the length is no whole number of at least 1, or `until` is empty.
        UnknownSymbolError: `until` has a character that the model does not know.
    """

    def __init__(
        self,
        reader: TextReader,
        plan: Plan,
        *,
        seed: int,
        number: int = 0,
        length: int | None = None,
        until: str | None = None,
    ) -> None:
        if length is not None:
            need_whole(length, "length", at_least=1)
        need(until, str, "until", "a text", optional=True)
        if until == "":
            raise BadValueError("until is the text that ends what is written, and not empty", argument="until")
        self._reader = reader
        self._plan = plan
        self._key = item_keys(seed, number, 1)
        self._uniforms: tuple[int, F64] = (0, np.empty(0))
        self._open = length is None
        self._most = length if length is not None else USUAL_LENGTH if until is None else ENDLESS
        self._until = (
            reader.encode(until, "what it ends with") if until is not None else np.empty(0, dtype=reader.alphabet.dtype)
        )
        self._last: Ids = self._until[:0]
        self.symbols = 0
        self.nats = 0.0
        self.ended: Ended | None = None

    def __iter__(self) -> Iterator[str]:
        """The symbols, as texts.

        Raises:
            SettingsError: the model holds all impossible that could come first.
        """
        while self.ended is None:
            symbol = self._draw()
            if symbol is None:
                return
            yield self._reader.alphabet.decode([symbol])

    def _draw(self) -> int | None:
        """Write a symbol; None where the text has come to its end."""
        reader, t = self._reader, self._reader.place
        row = allowed(reader.log_probs[None], reader.alphabet, self._plan, 0 if self._open else t + 1, t)
        cumulative = cumulate(row)
        if not cumulative[0, -1] > 0:
            if not self.symbols:
                raise SettingsError("this model holds all impossible that could come after the prompt")
            self.ended = "end"
            return None
        symbol = int(draw_symbols(cumulative, self._uniform(t))[0][0])
        if symbol == BOUNDARY:
            self.ended = "end"
            return None
        self.nats += reader.take(symbol)
        self.symbols += 1
        if len(self._until):
            self._last = np.append(self._last, self._until.dtype.type(symbol))[-len(self._until) :]
            if np.array_equal(self._last, self._until):
                self.ended = "until"
        if self.ended is None and self.symbols == self._most:
            self.ended = "length"
        return symbol

    def _uniform(self, t: int) -> F64:
        """The t-th uniform of the text, (1,)."""
        first, values = self._uniforms
        if not first <= t < first + len(values):
            steps = np.arange(TOGETHER, dtype=np.uint64) * np.uint64(GOLDEN)
            first, values = t, uniforms(self._key + steps, t)
            self._uniforms = first, values
        return values[t - first : t - first + 1]
