"""What has been computed from the data in use, each thing once: counts, models, curves.

Everything here is the library's; this file only remembers it. The data that are there from the start are shared by all
visitors, and so is what follows from them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from nextchar.automata.automaton_model import rows_of
from nextchar.data.corpus import Corpus
from nextchar.data.splits import Split, split
from nextchar.lesson.data_facts import DataSummary, data_summary, facts
from nextchar.lesson.tables import Ids, Rows, Table, shown_ids
from nextchar.models.neural.bigram.model import BigramNet, BigramNetModel
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram, NgramModel
from nextchar.web.cache import SingleFlightCache
from nextchar.web.dataset import Dataset, default_dataset, shipped_dataset
from nextchar.web.name_lists import NameLists

__all__ = ["ModelCache"]

Made = TypeVar("Made")

FEWEST: Final = 20  # different items, below which none are held out


class ModelCache:
    """The default data, and for any data the counts, models and curves that the page shows.

    Args:
        path: of the default data, as for `default_dataset`.

    Attributes:
        lists: those of the workbench.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._made = SingleFlightCache()
        self.lists = NameLists(self.forget)
        self._path = path
        self._default: Dataset | None = None
        self._lock = threading.Lock()

    @property
    def default(self) -> Dataset:
        """The list that is in use at first."""
        with self._lock:
            if self._default is None:
                self._default = default_dataset(self._path)
            return self._default

    def keep(self, data: Dataset, key: Hashable, make: Callable[[], Made], size_bytes: int = 1 << 16) -> Made:
        """The thing of these data with this key; made now if it is not there."""
        return self._made.get(data, key, size_bytes, make)

    def doing(self, data: Dataset) -> list[tuple[str, float]]:
        """The kinds of things that are being made of these data, and for how many seconds; the latest first."""
        return [(str(key[0] if isinstance(key, tuple) else key), seconds) for key, seconds in self._made.doing(data)]

    def forget(self, data: Dataset) -> None:
        """Drop all that follows from these data."""
        self._made.forget(data)

    def counts(self, data: Dataset, order: int = 2) -> Counts:
        """The n-grams of the data."""
        size = 16 * data.corpus.symbols
        return self.keep(data, ("counts", order), lambda: count(data.corpus, order), size)

    def table(self, data: Dataset) -> Table:
        """N, (V, V)."""
        return self.keep(data, "table", lambda: self.counts(data).table(), 8 * data.corpus.alphabet.size**2)

    def rows(self, data: Dataset, add: float = 0.0) -> Rows:
        """P of the bigram model, (V, V)."""
        size = 8 * data.corpus.alphabet.size**2
        return self.keep(data, ("rows", add), lambda: rows_of(self.ngram(data, 2, add)), size)

    def shown_ids(self, data: Dataset) -> Ids:
        """The ids that tables show, (K,)."""
        return self.keep(data, "shown", lambda: shown_ids(data.corpus))

    def distinct(self, data: Dataset) -> Corpus:
        """The different items."""
        return self.keep(data, "distinct", data.corpus.distinct, data.size_bytes)

    def summary(self, data: Dataset) -> DataSummary:
        """The data at a glance."""
        return self.keep(data, "summary", lambda: data_summary(data.corpus), 1 << 17)

    def facts(self, data: Dataset) -> Mapping[str, Any]:
        """The numbers of the data that the lesson's texts name."""
        return self.keep(data, "facts", lambda: facts(data.corpus, self.counts(data), self.loss(data)))

    def ngram(self, data: Dataset, order: int = 2, add: float = 0.0) -> NgramModel:
        """The count model of the data; order and k are the visitor's."""
        return self.fitted(data, Ngram(order=order, add=add))

    def fitted(self, data: Dataset, spec: Ngram) -> NgramModel:
        """A count model of the data with any settings."""
        V = data.corpus.alphabet.size
        contexts = min(V, data.corpus.symbols) if spec.order <= 2 else data.corpus.symbols
        size = min(12 * V * contexts, 512 << 20) + 64 * data.corpus.symbols
        return self.keep(data, ("ngram", spec), lambda: spec.fit(data.corpus), size)

    def loss(self, data: Dataset, order: int = 2, add: float = 0.0) -> float:
        """The loss of that model on the data themselves, nats per symbol."""
        return self.keep(
            data,
            ("loss", order, add),
            lambda: self.ngram(data, order, add).evaluate(data.corpus).nats_per_symbol,
        )

    def optimum(self, data: Dataset, l2: float) -> BigramNetModel:
        """The best net of the data under this l2."""
        counts = self.counts(data)
        size = 24 * counts.alphabet.size**2
        return self.keep(data, ("optimum", l2), lambda: BigramNet(l2=l2).from_counts(counts), size)

    def parts(self, data: Dataset) -> Split:
        """Training, validation and test items, no item twice."""
        return self.keep(data, "parts", lambda: split(data.corpus, "distinct"), 2 * data.size_bytes)

    def held_out_parts(self, data: Dataset) -> Split | None:
        """The same; None where there are too few different items to hold some out."""
        return None if len(self.distinct(data)) < FEWEST else self.parts(data)

    def plain_words(self) -> tuple[str, list[str]]:
        """For the pitfall lab: a name and a list of the letters a to z, the default data where they are such."""
        data = self.default
        words = self.keep(data, "words", lambda: list(data.corpus), 80 * len(data.corpus))
        if all(word.isascii() and word.isalpha() and word.islower() for word in words):
            return data.name, words
        return self.keep(data, "shipped words", lambda: ("names-2018", list(shipped_dataset().corpus)), 1 << 22)
