"""The data in use and what has been computed from them, each thing once: counts, models, curves.

Everything here is the library's; this file only keeps it. The data that are there from the start are shared by all
visitors, and so is what follows from them.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_names
from nextchar.data.download import find
from nextchar.data.splits import Split, split
from nextchar.models.neural.bigram.model import BigramNet, BigramNetModel
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram, NgramModel

__all__ = ["Cache", "Data", "Stock", "default_data", "shipped_data"]

Made = TypeVar("Made")

BUDGET_BYTES: Final = 768 << 20
_NUMBERS = itertools.count()


@dataclass(frozen=True, eq=False)
class Data:
    """A list in use.

    Attributes:
        name: as shown to people.
        own: whether a visitor sent it.
        corpus: its items.
        number: no other list has it.
    """

    name: str
    own: bool
    corpus: Corpus
    number: int = field(default_factory=lambda: next(_NUMBERS))

    @property
    def size_bytes(self) -> int:
        """The memory of the items."""
        return self.corpus.ids.nbytes + self.corpus.offsets.nbytes


def default_data(path: Path | None = None) -> Data:
    """The list that is in use at first: the file given, else makemore's names, else the names that ship.

    Raises:
        CorpusError: the file cannot be read.
        DataSetError: NEXTCHAR_NAMES points to something else than makemore's names.
    """
    if path is not None:
        return Data(path.name, False, Corpus.from_file(path))
    names = find("makemore-names")
    return shipped_data() if names is None else Data("names.txt", False, Corpus.from_file(names))


def shipped_data() -> Data:
    """The names that ship with the package, in lower case."""
    return Data("names-2018", False, Corpus.from_items([name.lower() for name in shipped_names()]))


class Cache:
    """Keeps what was made, and makes each thing once even where several ask for it at the same time.

    Beyond the budget the thing not used for longest goes.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._made: OrderedDict[tuple[int, Hashable], tuple[Future[Any], int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, data: Data, key: Hashable, size_bytes: int, make: Callable[[], Made]) -> Made:
        """The thing of these data with this key; made now if it is not there.

        Args:
            data: what it follows from.
            key: which thing.
            size_bytes: about how much memory it takes.
            make: makes it.
        """
        place = (data.number, key)
        with self._lock:
            entry = self._made.get(place)
            if entry is not None:
                self._made.move_to_end(place)
            else:
                promise: Future[Any] = Future()
                self._made[place] = (promise, size_bytes)
                self._shrink()
        if entry is not None:
            kept: Made = entry[0].result()
            return kept
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                self._made.pop(place, None)
            promise.set_exception(error)
            raise
        promise.set_result(made)
        return made

    def forget(self, data: Data) -> None:
        """Drop all that follows from these data."""
        with self._lock:
            for place in [place for place in self._made if place[0] == data.number]:
                del self._made[place]

    def _shrink(self) -> None:
        total = sum(size for _, size in self._made.values())
        for place, (promise, size) in list(self._made.items()):
            if total <= self._budget:
                break
            if promise.done():
                del self._made[place]
                total -= size


class Stock:
    """What the server has: the default data, and for any data the things that the page shows.

    Attributes:
        cache: where they are kept.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.cache = Cache()
        self._path = path
        self._default: Data | None = None
        self._lock = threading.Lock()

    @property
    def default(self) -> Data:
        """The list that is in use at first."""
        with self._lock:
            if self._default is None:
                self._default = default_data(self._path)
            return self._default

    def keep(self, data: Data, key: Hashable, make: Callable[[], Made], size_bytes: int = 1 << 16) -> Made:
        """The thing of these data with this key; made now if it is not there."""
        return self.cache.get(data, key, size_bytes, make)

    def counts(self, data: Data, order: int = 2) -> Counts:
        """The n-grams of the data."""
        size = 16 * data.corpus.symbols
        return self.keep(data, ("counts", order), lambda: count(data.corpus, order), size)

    def ngram(self, data: Data, order: int = 2, add: float = 0.0) -> NgramModel:
        """The count model of the data; order and k are the visitor's."""
        V = data.corpus.alphabet.size
        contexts = min(V, data.corpus.symbols) if order <= 2 else data.corpus.symbols
        size = min(12 * V * contexts, 512 << 20) + 64 * data.corpus.symbols
        return self.keep(data, ("ngram", order, add), lambda: Ngram(order=order, add=add).fit(data.corpus), size)

    def loss(self, data: Data, order: int = 2, add: float = 0.0) -> float:
        """The loss of that model on the data themselves, nats per symbol."""
        return self.keep(
            data,
            ("loss", order, add),
            lambda: self.ngram(data, order, add).evaluate(data.corpus).nats_per_symbol,
        )

    def optimum(self, data: Data, l2: float) -> BigramNetModel:
        """The best net of the data under this l2."""
        counts = self.counts(data)
        size = 24 * counts.alphabet.size**2
        return self.keep(data, ("optimum", l2), lambda: BigramNet(l2=l2).from_counts(counts), size)

    def parts(self, data: Data) -> Split:
        """Training, validation and test items, no item twice."""
        return self.keep(data, "parts", lambda: split(data.corpus, "distinct"), 2 * data.size_bytes)

    def plain_words(self) -> tuple[str, list[str]]:
        """For the pitfall lab: a name and a list of the letters a to z, the default data where they are such."""
        data = self.default
        words = self.keep(data, "words", lambda: list(data.corpus), 80 * len(data.corpus))
        if all(word.isascii() and word.isalpha() and word.islower() for word in words):
            return data.name, words
        return self.keep(data, "shipped words", lambda: ("names-2018", list(shipped_data().corpus)), 1 << 22)
