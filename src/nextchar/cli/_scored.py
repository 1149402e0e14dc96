"""What `score` says of lines, as columns: in a table for people, in tab-separated values, in lines of JSON.

Letters: n lines, k of them scored, S symbols of these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.cli._rows import (
    Cells,
    choices,
    constant,
    escaped,
    fixed,
    join_rows,
    json_lists,
    json_numbers,
    refusals,
    spread,
    texts,
    whole_numbers,
)
from nextchar.core.ranking import Ranks

__all__ = ["Best", "Scored", "table_header"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
TSV_DECIMALS: Final = 6
_BLANK_NUMBER: Final = b"          -"  # in a table, of a line that has no result


@dataclass(frozen=True, eq=False)
class Scored:
    """Lines and what was found of those that are items.

    Attributes:
        numbers: (n,) of the lines, from 1.
        items: n cells, the lines as they came in.
        places: (k,) which lines have a result.
        nats: (k,) -log p of each item.
        symbols: (k,) characters plus one for the end.
        surprisal: (S,) nats of each symbol.
        flagged: (k,) whether each is flagged, or None where none was asked to be.
        refused: why other lines cannot be used, by their place; the rest are blank.
        ranks: of the k items, or None where they were not asked for.
    """

    numbers: I64
    items: Cells
    places: npt.NDArray[np.intp]
    nats: F64
    symbols: I64
    surprisal: F64
    flagged: npt.NDArray[np.bool_] | None
    refused: Mapping[int, str]
    ranks: Ranks | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def nats_per_symbol(self) -> F64:
        """Mean surprisal of each item, (k,); never -0."""
        return self.nats / self.symbols + 0.0

    def take(self, chosen: npt.NDArray[np.intp]) -> Scored:
        """Only these results, of the k, in this order; no line without one."""
        lines = self.places[chosen]
        ends = np.cumsum(self.symbols)
        sizes = self.symbols[chosen]
        first = np.repeat(ends[chosen] - sizes - (np.cumsum(sizes) - sizes), sizes)
        return Scored(
            numbers=self.numbers[lines],
            items=self.items.take(lines),
            places=np.arange(len(chosen)),
            nats=self.nats[chosen],
            symbols=sizes,
            surprisal=self.surprisal[first + np.arange(len(first))],
            flagged=None if self.flagged is None else self.flagged[chosen],
            refused={},
            ranks=None if self.ranks is None else self.ranks.take(chosen),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Scored]) -> Scored:
        """The results of all parts, which have no lines without one; at least one part."""
        flagged = [part.flagged for part in parts if part.flagged is not None]
        ranks = [part.ranks for part in parts if part.ranks is not None]
        return cls(
            numbers=np.concatenate([part.numbers for part in parts]),
            items=Cells.concatenate([part.items for part in parts]),
            places=np.arange(sum(len(part) for part in parts)),
            nats=np.concatenate([part.nats for part in parts]),
            symbols=np.concatenate([part.symbols for part in parts]),
            surprisal=np.concatenate([part.surprisal for part in parts]),
            flagged=np.concatenate(flagged) if flagged else None,
            refused={},
            ranks=Ranks.concatenate(ranks) if ranks else None,
        )

    # -- as text --------------------------------------------------------------------------------------------------

    def _all(self, cells: Cells, empty: bytes = b"") -> Cells:
        return spread(cells, self.places, len(self), empty)

    def _flags(self, yes: bytes, no: bytes) -> Cells | None:
        return None if self.flagged is None else choices([no, yes], self.flagged.astype(np.intp))

    def table(self, numbered: bool) -> bytes | memoryview:
        """Rows for people, under `table_header`."""
        marks = self._flags(b"! ", b"  ")
        parts: list[Cells | bytes] = []
        if numbered:
            parts += [texts([b"%8d" % number for number in self.numbers.tolist()]), b"  "]
        parts.append(self._all(fixed(self.nats_per_symbol, 4, 11), _BLANK_NUMBER))
        parts.append(self._all(fixed(self.nats + 0.0, 4, 11, b" ", b"  "), b" " + _BLANK_NUMBER + b"  "))
        if self.ranks is not None:
            signs = choices([b"~ ", b"  "], self.ranks.exact.astype(np.intp))
            parts.append(self._all(_whole(self.ranks.rank, 15), b"              -"))
            parts.append(self._all(signs, b"  "))
        if marks is not None:
            parts.append(self._all(marks, b"  "))
        return join_rows([*parts, escaped(self.items, "people"), b"\n"])

    def tsv(self) -> bytes | memoryview:
        """Tab-separated values; numbers of a line without a result are empty."""
        numbers = [self.nats + 0.0, self.nats_per_symbol, self.nats_per_symbol / math.log(2), self.perplexity]
        nats, *others = [self._all(fixed(values, TSV_DECIMALS)) for values in numbers]
        parts: list[Cells | bytes] = [whole_numbers(self.numbers), b"\t", escaped(self.items, "tsv"), b"\t", nats]
        parts += [b"\t", self._all(whole_numbers(self.symbols))]
        for cells in others:
            parts += [b"\t", cells]
        if (flags := self._flags(b"1", b"0")) is not None:
            parts += [b"\t", self._all(flags)]
        if self.ranks is not None:
            for values in (self.ranks.rank, self.ranks.low, self.ranks.high):
                parts += [b"\t", self._all(_whole(values))]
            parts += [b"\t", self._all(choices([b"0", b"1"], self.ranks.exact.astype(np.intp)))]
        return join_rows([*parts, b"\n"])

    @property
    def perplexity(self) -> F64:
        """exp(nats per symbol), (k,)."""
        with np.errstate(over="ignore"):
            return np.exp(self.nats_per_symbol)

    def json(self, surprisal: bool) -> bytes | memoryview:
        """A line of JSON each; what a line without a result has not is null."""
        columns = {
            "nats": json_numbers(self.nats + 0.0),
            "symbols": whole_numbers(self.symbols),
            "nats_per_symbol": json_numbers(self.nats_per_symbol),
            "bits_per_symbol": json_numbers(self.nats_per_symbol / math.log(2)),
            "perplexity": json_numbers(self.perplexity),
        }
        parts: list[Cells | bytes] = [b'{"line":', whole_numbers(self.numbers)]
        parts += [b',"item":"', escaped(self.items, "json"), b'"']
        for name, cells in columns.items():
            parts += [f',"{name}":'.encode(), self._all(cells, b"null")]
        if surprisal:
            k = len(self.places)
            parts += [b',"surprisal":', self._all(constant(b"[", k), b"null")]
            parts += [self._all(json_lists(self.surprisal + 0.0, self.symbols)), self._all(constant(b"]", k))]
        if (flags := self._flags(b"true", b"false")) is not None:
            parts += [b',"flagged":', self._all(flags, b"null")]
        if self.ranks is not None:
            numbers = {"rank": self.ranks.rank, "rank_low": self.ranks.low, "rank_high": self.ranks.high}
            for name, values in numbers.items():
                parts += [f',"{name}":'.encode(), self._all(json_numbers(values), b"null")]
            exact = choices([b"false", b"true"], self.ranks.exact.astype(np.intp))
            parts += [b',"rank_exact":', self._all(exact, b"null")]
        parts += refusals(self.refused, len(self))
        return join_rows([*parts, b"}\n"])


def _whole(values: F64, width: int = 0) -> Cells:
    """Numbers without decimals; infinite ones as inf."""
    return texts([b"%*.0f" % (width, value) for value in values.tolist()])


def table_header(flagged: bool, numbered: bool, ranked: bool = False) -> str:
    """The line above the rows of `Scored.table`."""
    return (
        ("    line  " if numbered else "")
        + "nats/symbol        nats  "
        + (" " * 11 + "rank  " if ranked else "")
        + ("  " if flagged else "")
        + "item"
    )


class Best:
    """The N results that are most, or least, surprising for each symbol; of equal ones the first."""

    def __init__(self, n: int, most: bool) -> None:
        self._n = n
        self._sign = -1 if most else 1
        self.found: Scored | None = None

    def add(self, scored: Scored) -> None:
        """Take in what comes next."""
        found = self._first(scored)
        self.found = found if self.found is None else self._first(Scored.concatenate([self.found, found]))

    def _first(self, scored: Scored) -> Scored:
        return scored.take(np.argsort(self._sign * scored.nats_per_symbol, kind="stable")[: self._n])
