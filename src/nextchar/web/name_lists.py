"""The lists of the workbench, examples that ship and visitors' own, each under a number made of its items.

As a list's identity follows from what is in it, two tabs and a restarted server never mix lists: a request names the
list that it means, and where that is gone the answer says so.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from nextchar.core.model import Model
from nextchar.core.spec import Spec
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import NAMED, shipped_path
from nextchar.web.dataset import Dataset
from nextchar.web.request_errors import RequestError

__all__ = ["EXAMPLES", "NameLists", "NameModel"]

EXAMPLES: Final[tuple[str, ...]] = ("us-names", "creatures", "cities", "chinese-given-names")
MOST_BYTES: Final = 128 << 20  # of all own lists together
MOST_LISTS: Final = 200
ID_CHARACTERS: Final = 16


@dataclass(frozen=True, eq=False)
class NameModel:
    """A model of a list.

    Attributes:
        name: as a request has it.
        kind: as the table of models has it.
        spec: its settings.
        model: the model.
        guide: a count model of the list, which says how many names qualify; the same one for count models.
    """

    name: str
    kind: str
    spec: Spec
    model: Model
    guide: Model

    @property
    def exact(self) -> bool:
        """Whether all that is said of it is exact."""
        return self.guide is self.model


class NameLists:
    """Lists by their identity. Safe to use from several threads.

    Args:
        on_drop: is given each own list that had to make room for others.
    """

    def __init__(self, on_drop: Callable[[Dataset], None]) -> None:
        self._on_drop = on_drop
        self._examples: dict[str, Dataset] = {}
        self._own: OrderedDict[str, Dataset] = OrderedDict()
        self._trained: dict[tuple[int, str], NameModel] = {}
        self._lock = threading.Lock()

    def find(self, identity: str) -> Dataset:
        """The list that is meant.

        Raises:
            RequestError: it is not there, or no longer.
        """
        with self._lock:
            if identity in EXAMPLES:
                if identity not in self._examples:
                    self._examples[identity] = _example(identity)
                return self._examples[identity]
            if identity not in self._own:
                raise RequestError(410, "list-gone")
            self._own.move_to_end(identity)
            return self._own[identity]

    def add(self, corpus: Corpus) -> Dataset:
        """Keep a list of a visitor; its name is its identity."""
        corpus = corpus.distinct()
        identity = f"own-{_digest(corpus)}"
        with self._lock:
            if identity not in self._own:
                self._own[identity] = Dataset(identity, True, corpus)
            self._own.move_to_end(identity)
            while len(self._own) > 1 and (len(self._own) > MOST_LISTS or _bytes(self._own) > MOST_BYTES):
                self._drop(self._own.popitem(last=False)[1])
            return self._own[identity]

    def trained(self, data: Dataset, name: str) -> NameModel | None:
        """A model that was trained on a list; None where none was."""
        with self._lock:
            return self._trained.get((data.number, name))

    def keep_trained(self, data: Dataset, model: NameModel) -> None:
        """Keep a model for as long as its list is there."""
        with self._lock:
            self._trained[data.number, model.name] = model

    def _drop(self, data: Dataset) -> None:
        for place in [place for place in self._trained if place[0] == data.number]:
            del self._trained[place]
        self._on_drop(data)


def _example(name: str) -> Dataset:
    corpus = Corpus.from_file(shipped_path(name), column=NAMED[name].column)
    return Dataset(name, False, corpus.distinct())


def _digest(items: Iterable[str]) -> str:
    text = "".join(f"{item}\n" for item in items)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_CHARACTERS]


def _bytes(lists: Mapping[str, Dataset]) -> int:
    return sum(data.size_bytes for data in lists.values())
