"""PPMd, a text compressor of others, as a mark to measure our models by.

PPM (Cleary and Witten 1984) predicts each byte from the longest context that it has met, and PPMd (Shkarin 2002, "PPM:
one step to practicality") is its best known form: variant I, the package pyppmd. Like all compressors it is adaptive:
it learns from what it reads. What it makes of a text that it reads after another is size(both) less size(the first).

Bytes are those of UTF-8. A NUL stands where a text ends, which our models have to predict too.
"""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import numpy as np

from nextchar.data.corpus import Corpus
from nextchar.errors import MissingExtraError, SettingsError

__all__ = ["EXTRA", "OutsideMark", "best_order", "ppmd_mark"]

EXTRA: Final = "pyppmd"
ORDERS: Final = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64)
FIRST: Final = 6  # the order that most programs take
MEMORY: Final = 1 << 28  # bytes, of which it takes what it needs
SEARCHED: Final = 8_000_000  # bytes, the last of the training part, on which the order is chosen
HELD_OUT: Final = 0.1  # of these, for choosing


class OutsideMark(NamedTuple):
    """How PPMd does on a text that it reads after another.

    Attributes:
        order: the best on the training part.
        nats_per_symbol: of the text, for each of our symbols.
        size_bytes: of the training part, compressed.
        seconds: of finding the order, and of compressing the training part.
        symbols_per_second: compressed.
    """

    order: int
    nats_per_symbol: float
    size_bytes: int
    seconds: float
    symbols_per_second: float


def ppmd_mark(train: Corpus, held_out: Corpus) -> OutsideMark:
    """What PPMd needs for a text, having read another; its order is chosen on the end of the training part alone.

    Args:
        train: documents.
        held_out: documents in the same alphabet.

    Raises:
        MissingExtraError: the package pyppmd is not installed.
        SettingsError: there is nothing to measure.
    """
    begun = time.perf_counter()
    first, second = _bytes(train), _bytes(held_out)
    if len(first) < 2 or not held_out.symbols:
        raise SettingsError("PPMd is measured on texts of at least one character, after a training part")
    order = best_order(first[-SEARCHED:])
    before = _size(first, order)
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    bits = 8 * (_size(first + second, order) - before)
    rate = (train.symbols + held_out.symbols) / (time.perf_counter() - begun)
    return OutsideMark(order, bits * float(np.log(2)) / held_out.symbols, before, seconds, rate)


def best_order(content: bytes) -> int:
    """The order with which the end of a text costs least after its beginning: from 6 on up or down while it falls."""
    beginning = content[: len(content) - max(int(HELD_OUT * len(content)), 1)]
    costs: dict[int, int] = {}

    def cost(at: int) -> int:
        if at not in costs:
            costs[at] = _size(content, ORDERS[at]) - _size(beginning, ORDERS[at])
        return costs[at]

    best = ORDERS.index(FIRST)
    for step in (1, -1):
        while 0 <= best + step < len(ORDERS) and cost(best + step) < cost(best):
            best += step
    return ORDERS[best]


def _size(content: bytes, order: int) -> int:
    """Of a text, compressed."""
    try:
        import pyppmd
    except ImportError:
        raise MissingExtraError("a comparison with PPMd", EXTRA) from None
    return len(pyppmd.compress(content, max_order=order, mem_size=MEMORY, variant="I"))


def _bytes(texts: Corpus) -> bytes:
    return b"".join(text.encode() + b"\0" for text in texts)
