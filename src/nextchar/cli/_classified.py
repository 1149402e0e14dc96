"""What `classify` says of lines, as columns: in a table for people, in tab-separated values, in lines of JSON.

Letters: n lines, k of them items, C labels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nextchar.cli._rows import (
    Cells,
    choices,
    constant,
    escaped,
    fixed,
    join_rows,
    json_numbers,
    line_numbers,
    lines,
    refusals,
    spread,
    texts,
    whole_numbers,
)

if TYPE_CHECKING:
    from nextchar.data.lines import LineBlock
    from nextchar.tasks.classifier import Judged

__all__ = ["Classified", "Labels"]

F64 = npt.NDArray[np.float64]


class Labels:
    """The labels as each form writes them; the last cell stands for none."""

    def __init__(self, names: Sequence[str]) -> None:
        self.table = [f"  {name:<12}  ".encode() for name in (*names, "?")]
        self.tsv = escaped(texts([name.encode() for name in (*names, "")]), "tsv").to_list()
        self.json = [json.dumps(name, ensure_ascii=False).encode() for name in names] + [b"null"]


@dataclass(frozen=True, eq=False)
class Classified:
    """Lines and the labels of those that are items.

    Attributes:
        numbers: (n,) of the lines, from 1.
        items: n cells, the lines as they came in.
        places: (k,) which lines have a result.
        labels: all of them.
        which: (k,) the label of each, C for none.
        proba: (k, C) p(label | item).
        typicality: (k,) how usual each is for the label that it suits best, or None where that is not known.
        refused: why other lines cannot be used, by their place; the rest are blank.
    """

    numbers: npt.NDArray[np.int64]
    items: Cells
    places: npt.NDArray[np.intp]
    labels: Labels
    which: npt.NDArray[np.intp]
    proba: F64
    typicality: F64 | None
    refused: Mapping[int, str]

    @classmethod
    def of(cls, block: LineBlock, labels: Labels, judged: Judged) -> Classified:
        """From the block and what the classifier says of its items."""
        C = len(labels.json) - 1
        return cls(
            numbers=line_numbers(block.numbers),
            items=lines(block.text, block.given),
            places=block.places,
            labels=labels,
            which=np.where(judged.best < 0, C, judged.best),
            proba=np.exp(judged.log_proba),
            typicality=judged.typicality,
            refused={place: str(error) for place, error in block.refused.items()},
        )

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def _best(self) -> F64:
        """The probability of the most probable label, (k,)."""
        best: F64 = self.proba.max(axis=1, initial=0.0)
        return best

    def _all(self, cells: Cells, empty: bytes = b"") -> Cells:
        return spread(cells, self.places, len(self), empty)

    def table(self) -> bytes | memoryview:
        """Rows for people."""
        probability = self._all(fixed(self._best, 4, 11), b"          -")
        label = self._all(choices(self.labels.table, self.which), b"  -             ")
        return join_rows([probability, label, escaped(self.items, "people"), b"\n"])

    def tsv(self) -> bytes | memoryview:
        """Tab-separated values."""
        label = self._all(choices(self.labels.tsv, self.which))
        probability = self._all(fixed(self._best, 6))
        items = escaped(self.items, "tsv")
        return join_rows([whole_numbers(self.numbers), b"\t", items, b"\t", label, b"\t", probability, b"\n"])

    def json(self) -> bytes | memoryview:
        """A line of JSON each; what a line without a result has not is null."""
        label = self._all(choices(self.labels.json, self.which), b"null")
        parts: list[Cells | bytes] = [b'{"line":', whole_numbers(self.numbers)]
        parts += [b',"item":"', escaped(self.items, "json"), b'","label":', label]
        parts += [b',"probability":', self._all(json_numbers(self._best), b"null"), b',"probabilities":']
        for c, name in enumerate(self.labels.json[:-1]):
            before = b"," if c else b"{"
            parts.append(self._all(constant(before + name + b":", len(self.places)), b"" if c else b"null"))
            parts.append(self._all(json_numbers(self.proba[:, c])))
        parts.append(self._all(constant(b"}", len(self.places))))
        if self.typicality is not None:
            parts += [b',"typicality":', self._all(json_numbers(self.typicality), b"null")]
        parts += refusals(self.refused, len(self))
        return join_rows([*parts, b"}\n"])
