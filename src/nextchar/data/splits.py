"""Training, validation and test data from one corpus.

The split `distinct` removes repeats first, so that no item stands on both sides; otherwise a model could look good by
remembering. The two published splits of makemore's names.txt keep the repeats, for only so can their figures be
compared; both go by Python's `random` with seed 42.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, table_html, thousands
from nextchar.data.hashing import GOLDEN, checked_seed, mix
from nextchar.errors import SettingsError

__all__ = ["SPLITS", "Split", "SplitName", "hold_out", "split"]

SplitName = Literal["distinct", "eurekalabs", "lecture"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)

_SHUFFLE_SEED = 42  # of both published splits
_EUREKALABS_HELD_OUT = 1000
_HOLD_OUT_KEY = 0x5DEECE66D  # any number, so that these hashes are not those of the splits


@dataclass(frozen=True, kw_only=True)
class Split:
    """The three parts of a corpus, over one alphabet.

    Attributes:
        train: to count or learn from.
        validation: to choose settings by.
        test: to look at once.
        repeats: items that were left out because they occurred before.
        note: what to know when comparing with published figures, or None.

    Example:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items([f"item{i}" for i in range(20)])
        >>> parts = nextchar.split(corpus)
        >>> len(parts.train), len(parts.validation), len(parts.test)
        (16, 2, 2)
    """

    train: Corpus
    validation: Corpus
    test: Corpus
    repeats: int = 0
    note: str | None = None

    def __repr__(self) -> str:
        parts = (("train", self.train), ("validation", self.validation), ("test", self.test))
        sizes = [f"{name} {len(part):,}" for name, part in parts]
        repeats = [f"{thousands(self.repeats, 'repeat')} left out"] if self.repeats else []
        return line_of(self, *sizes, f"alphabet of {self.train.alphabet.size}", *repeats)

    def _repr_html_(self) -> str:
        parts = (("train", self.train), ("validation", self.validation), ("test", self.test))
        rows = [(name, f"{len(part):,}", f"{part.symbols:,}") for name, part in parts]
        return table_html(f"split, alphabet of {self.train.alphabet.size}", rows, ("", "items", "symbols"))


def split(corpus: Corpus | Iterable[str], name: SplitName = "distinct", *, seed: int = 0) -> Split:
    """Divide a corpus into training, validation and test items.

    Args:
        corpus: all items, in the order of the file: a corpus, or from memory.
        name: "distinct": repeats removed, then 80/10/10 by a hash of each item and the seed, so that neither the
            order of the file nor what else is in it moves an item. "eurekalabs": 1,000 test and 1,000 validation
            items, the rest training. "lecture": 80/10/10, as makemore part 2 does.
        seed: of "distinct"; the other two have their own.

    Raises:
        SettingsError: too few items, or there is no such split.

    Example:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items([f"item{i}" for i in range(10)] * 2)
        >>> nextchar.split(corpus, "distinct", seed=1)
        Split(train 8, validation 1, test 1, alphabet of 15, 10 repeats left out)
    """
    corpus = Corpus.of(corpus)
    if name == "distinct":
        return _distinct(corpus, checked_seed(seed))
    order = np.array(_shuffled(len(corpus)))
    if name == "eurekalabs":
        held = _EUREKALABS_HELD_OUT
        _need(corpus, 2 * held + 1, name)
        return Split(
            test=corpus.take(order[:held]),
            validation=corpus.take(order[held : 2 * held]),
            train=corpus.take(order[2 * held :]),
            note=(
                "EurekaLabs' published training file runs two names together (zzyzxasani), since names.txt does not "
                "end with a line feed; here they are kept apart, 30,033 training names instead of 30,032"
            ),
        )
    if name == "lecture":
        _need(corpus, 10, name)
        first, second = int(0.8 * len(corpus)), int(0.9 * len(corpus))
        return Split(
            train=corpus.take(order[:first]),
            validation=corpus.take(order[first:second]),
            test=corpus.take(order[second:]),
        )
    raise SettingsError(f"there is no split {name!r}; choose one of {', '.join(SPLITS)}")


def hold_out(corpus: Corpus, share: float = 0.1, *, least: int = 1) -> tuple[Corpus, Corpus]:
    """Part of a corpus for choosing settings by: the rest, and the part, each in the order of the file.

    A hash of the item decides, so that all repeats of an item fall on one side and nothing leaks.

    Args:
        corpus: all items.
        share: of the different items, about.
        least: how many different items the part has at least.

    Raises:
        SettingsError: no more than `least` different items.
    """
    key = mix(np.array([_HOLD_OUT_KEY], dtype=np.uint64))
    hashes = mix(corpus.fingerprints() ^ key)
    smallest = np.unique(hashes)[:least]
    limit = max(int(share * 2**64), int(smallest.max(initial=0)))
    out = hashes <= np.uint64(limit)
    if out.all() or not out.any():
        raise SettingsError("to hold items out, at least two different items are needed")
    return corpus.take(np.flatnonzero(~out)), corpus.take(np.flatnonzero(out))


def _distinct(corpus: Corpus, seed: int) -> Split:
    once = corpus.distinct()
    _need(once, 10, "distinct")
    key = mix(np.array([seed * GOLDEN % 2**64], dtype=np.uint64))
    order = np.argsort(mix(once.fingerprints() ^ key), kind="stable")
    held = len(once) // 10
    return Split(
        test=once.take(order[:held]),
        validation=once.take(order[held : 2 * held]),
        train=once.take(np.sort(order[2 * held :])),
        repeats=len(corpus) - len(once),
    )


def _shuffled(n: int) -> list[int]:
    numbers = list(range(n))
    random.Random(_SHUFFLE_SEED).shuffle(numbers)
    return numbers


def _need(corpus: Corpus, least: int, name: str) -> None:
    if len(corpus) < least:
        raise SettingsError(f"the split {name!r} needs at least {least:,} items; it was given {len(corpus):,}")
