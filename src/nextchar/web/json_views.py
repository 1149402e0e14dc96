"""From the library's objects to the JSON of the page: shaping, and nothing computed.

Letters: V size of the alphabet, K symbols shown.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nextchar.data.alphabet import Alphabet
from nextchar.lesson.data_facts import DataSummary
from nextchar.lesson.tables import Cell, Excerpt, Ids, WordPairs

__all__ = ["cell_view", "data_view", "excerpt_view", "labels", "symbols_view", "word_view"]


def labels(alphabet: Alphabet, ids: Ids) -> list[str]:
    """The symbols of some ids as shown to people."""
    return [alphabet.symbols[i] for i in ids]


def symbols_view(alphabet: Alphabet, ids: Ids) -> dict[str, Any]:
    """What goes with every table: labels, ids, and whether there are more symbols than shown."""
    return {
        "labels": labels(alphabet, ids),
        "ids": ids.tolist(),
        "truncated": len(ids) < alphabet.size,
        "alphabet_size": alphabet.size,
    }


def excerpt_view(excerpt: Excerpt) -> dict[str, Any]:
    """A table and the sums of its rows and columns."""
    return {
        "table": excerpt.values.tolist(),
        "row_sums": excerpt.row_sums.tolist(),
        "column_sums": excerpt.column_sums.tolist(),
    }


def data_view(summary: DataSummary, name: str, own: bool) -> dict[str, Any]:
    """The data in use."""
    return {"name": name, "own": own, **asdict(summary)}


def word_view(word: WordPairs) -> dict[str, Any]:
    """A word as symbols, ids and pairs; the id of a character that the data do not have is None."""
    return {
        "symbols": list(word.symbols),
        "ids": list(word.ids),
        "bigrams": [{"pair": pair, "first": first, "second": second} for pair, first, second in word.pairs],
        "naive": list(word.naive),
        "unknown": list(word.unknown),
    }


def cell_view(cell: Cell) -> dict[str, Any]:
    """One cell of the bigram table."""
    return asdict(cell)
