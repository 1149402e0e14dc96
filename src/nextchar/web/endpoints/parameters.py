"""What several endpoints read from a call: k, the order, the seed, a word; each within limits."""

from __future__ import annotations

from typing import Final

from nextchar.lesson.casing import as_listed, casing_of
from nextchar.web.dispatcher import ApiCall

__all__ = [
    "LARGEST_ORDER",
    "LARGEST_SEED",
    "LONGEST_ITEM",
    "LONGEST_WORD",
    "add_of",
    "order_of",
    "seed_of",
    "typed_word",
]

LONGEST_WORD: Final = 200  # characters of what is typed
LONGEST_ITEM: Final = 200  # characters of what is drawn
LARGEST_ORDER: Final = 6
LARGEST_ADD: Final = 1e9
LARGEST_SEED: Final = 2**64 - 1


def add_of(call: ApiCall, default: float = 0.0) -> float:
    """The visitor's k."""
    return call.fields.number("add", default, low=0, high=LARGEST_ADD)


def order_of(call: ApiCall, default: int = 2) -> int:
    """The visitor's order."""
    return call.fields.whole("order", default, low=1, high=LARGEST_ORDER)


def seed_of(call: ApiCall, default: int = 1, *, largest: int = LARGEST_SEED) -> int:
    """The visitor's seed."""
    return call.fields.whole("seed", default, low=0, high=largest)


def typed_word(call: ApiCall, name: str = "text", default: str | None = None, *, longest: int = LONGEST_WORD) -> str:
    """What the visitor typed, treated as the items of the data were and in their capitals or small letters.

    Where that changes it, the answer says so as `read_as`.
    """
    text = call.fields.text(name, default, longest=longest)
    corpus = call.data.corpus
    casing = call.cache.keep(call.data, "casing", lambda: casing_of(corpus))
    read = as_listed(text, corpus, casing)
    if read != text.strip():
        call.read_as = read
    return read
