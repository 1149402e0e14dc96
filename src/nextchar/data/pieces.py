"""Corpora that come one after the other, and may be pieces of a text that goes on from one to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from nextchar.data.corpus import Corpus

__all__ = ["in_context"]


def in_context(parts: Iterable[Corpus], context: int) -> Iterator[Corpus]:
    """The parts, each with so many symbols as come before it in the text that it goes on with.

    Args:
        parts: each with an alphabet of its own.
        context: symbols, at most: n - 1 for n-grams.
    """
    last: Corpus | None = None
    for part in parts:
        if last is not None:
            alphabet = last.alphabet.union(part.alphabet)
            part = replace(part.encoded_in(alphabet), before=last.encoded_in(alphabet).ids)
        yield part
        tail = part.symbols_before(part.symbols, context)
        last = replace(part, ids=tail, before=None) if part.open and len(tail) else None
