"""How a text may go on: the most probable continuations, by beam search.

The most probable symbol after each other one need not be the most probable text. So many beginnings are kept side by
side, each read on by its most probable symbols, and the best of all of these are kept again. What is found is nearly
always the best there is; that it is cannot be told without looking at all.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from nextchar.core.reader import TextReader
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.arguments import need_whole

__all__ = ["Continuation", "continuations", "next_shares"]

LEAST_WIDTH: Final = 20  # beginnings kept, at least


class Continuation(NamedTuple):
    """A text that may come next.

    Attributes:
        text: what comes.
        nats: -log p of it, given what came before.
        ended: whether the whole text ends with it, which is counted in the nats.
    """

    text: str
    nats: float
    ended: bool


class _Beginning(NamedTuple):
    nats: float
    ids: tuple[int, ...]
    reader: TextReader | None  # None where the text has ended


def next_shares(reader: TextReader) -> list[tuple[str, float]]:
    """What may come next, most probable first; the end as the boundary's sign, what is impossible left out."""
    shares = np.exp(reader.log_probs)
    order = np.argsort(-shares, kind="stable")[: int((shares > 0).sum())]
    return [(reader.alphabet.symbols[i], float(shares[i])) for i in order]


def continuations(reader: TextReader, n: int = 10, *, length: int = 20) -> list[Continuation]:
    """The most probable ways to go on by so many symbols, or to the end, most probable first.

    Args:
        reader: has read what comes before; it is left as it is.
        n: how many are wanted.
        length: symbols.

    Raises:
        BadValueError: n or the length is no whole number of at least 1.
    """
    need_whole(n, "n", at_least=1)
    need_whole(length, "length", at_least=1)
    width = max(2 * n, LEAST_WIDTH)
    kept = [_Beginning(0.0, (), reader)]
    for _ in range(length):
        if all(beginning.reader is None for beginning in kept):
            break
        found: list[tuple[float, int, int]] = []  # nats, which beginning, symbol; -1 for one that has ended
        for b, beginning in enumerate(kept):
            if beginning.reader is None:
                found.append((beginning.nats, b, -1))
                continue
            row = beginning.reader.log_probs
            best = np.argsort(-row, kind="stable")[:width]
            best = best[np.isfinite(row[best])]
            found += [
                (beginning.nats - nats, b, symbol)
                for nats, symbol in zip(row[best].tolist(), best.tolist(), strict=True)
            ]
        kept = [_next(kept[b], nats, symbol) for nats, b, symbol in sorted(found)[:width]]
    alphabet = reader.alphabet
    return [Continuation(alphabet.decode(one.ids), one.nats + 0.0, one.reader is None) for one in kept[:n]]


def _next(before: _Beginning, nats: float, symbol: int) -> _Beginning:
    if before.reader is None:
        return before
    if symbol == BOUNDARY:
        return _Beginning(nats, before.ids, None)
    reader = before.reader.fork()
    reader.take(symbol)
    return _Beginning(nats, (*before.ids, symbol), reader)
