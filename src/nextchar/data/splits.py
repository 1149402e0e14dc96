"""Training, validation and test data from one corpus.

The split `distinct` removes repeats first, so that no item stands on both sides; otherwise a model could look good by
remembering. The two published splits of makemore's names.txt keep the repeats, for only so can their figures be
compared; both go by Python's `random` with seed 42. A split by tails keeps the order: the end of each text is held out,
cut at a character, and of a list its last items.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, table_html, thousands
from nextchar.data.format import Format
from nextchar.data.hashing import GOLDEN, checked_seed, mix
from nextchar.errors import SettingsError

__all__ = [
    "SPLITS",
    "TAILS",
    "Split",
    "SplitName",
    "beginning",
    "heads",
    "hold_out",
    "is_split",
    "split",
    "split_of_files",
    "tenths",
]

SplitName = Literal["distinct", "eurekalabs", "lecture"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)

TAILS: Final = "tail:0.1,0.1"
"""How a split by tails is written: the shares of the validation and of the test part, the latter at the very end."""

_TAIL: Final = re.compile(r"tail:(0?\.\d{1,9})(?:,(0?\.\d{1,9}))?", re.ASCII)
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

    Examples:
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


def split(corpus: Corpus | Iterable[str], name: SplitName | str = "distinct", *, seed: int = 0) -> Split:
    """Divide a corpus into training, validation and test items.

    Args:
        corpus: all items, in the order of the file: a corpus, or from memory.
        name: "distinct": repeats removed, then 80/10/10 by a hash of each item and the seed, so that neither the
            order of the file nor what else is in it moves an item. "eurekalabs": 1,000 test and 1,000 validation
            items, the rest training. "lecture": 80/10/10, as makemore part 2 does. "tail:0.1": of each text the last
            tenth is the validation part, as nanoGPT does; "tail:0.1,0.1": and the tenth behind that the test part.
        seed: of "distinct"; the others have their own or none.

    Raises:
        SettingsError: too few items, or there is no such split.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items([f"item{i}" for i in range(10)] * 2)
        >>> nextchar.split(corpus, "distinct", seed=1)
        Split(train 8, validation 1, test 1, alphabet of 15, 10 repeats left out)
    """
    corpus = Corpus.of(corpus)
    if (shares := _shares(name)) is not None:
        return _tails(corpus, name, shares)
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
    raise SettingsError(
        f"there is no split {name!r}; choose one of {', '.join(SPLITS)}, or the shares of the end that are held out, "
        f"such as {TAILS}"
    )


def split_of_files(corpus: Corpus, format_: Format, validation: Sequence[str], test: Sequence[str]) -> Split:
    """A split whose held-out parts come from files of their own, over one alphabet; a part without files is empty.

    Args:
        corpus: the training part.
        format_: how to read the files.
        validation: files, read with the text options of the training part.
        test: likewise.

    Raises:
        CorpusError: a file cannot be read, or files have no items.
    """
    parts = [Corpus.read(names, format_, options=corpus.options) if names else None for names in (validation, test)]
    alphabet = corpus.alphabet
    for part in parts:
        alphabet = alphabet if part is None else alphabet.union(part.alphabet)
    train = corpus.encoded_in(alphabet)
    held = [train.take([]) if part is None else part.encoded_in(alphabet) for part in parts]
    return Split(train=train, validation=held[0], test=held[1])


def is_split(name: str) -> bool:
    """Whether there is a split of this name."""
    return name in SPLITS or _shares(name) is not None


def _shares(name: str) -> tuple[Fraction, Fraction] | None:
    """Of a split by tails, the shares of the validation and the test part; None where it is none."""
    found = _TAIL.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        return None
    validation, test = Fraction(found[1]), Fraction(found[2] or 0)
    good = validation > 0 and validation + test < 1 and (test > 0 or found[2] is None)
    return (validation, test) if good else None


def _tails(corpus: Corpus, name: str, shares: tuple[Fraction, Fraction]) -> Split:
    validation, test = shares
    parts = _cut(corpus, (1 - validation - test, 1 - test))
    if not all(len(part) for part, share in zip(parts, (1, validation, test), strict=True) if share):
        texts = corpus.whole_texts
        given = thousands(corpus.symbols - len(corpus), "character") if texts else thousands(len(corpus), "item")
        raise SettingsError(f"the split {name!r} leaves a part empty; it was given {given}")
    return Split(train=parts[0], validation=parts[1], test=parts[2])


def _cut(corpus: Corpus, shares: Sequence[Fraction]) -> list[Corpus]:
    """A corpus in its order, cut at shares of it: each text at a character, a list between items.

    A part of a text is closed by a boundary as a text is. Parts may be empty.
    """
    if not corpus.whole_texts:
        places = [0, *(int(len(corpus) * share) for share in shares), len(corpus)]
        return [corpus.take(np.arange(begin, end)) for begin, end in pairwise(places)]
    ids: list[list[npt.NDArray[Any]]] = [[] for _ in range(len(shares) + 1)]
    kept: list[list[int]] = [[] for _ in ids]
    boundary = np.array([BOUNDARY], dtype=corpus.ids.dtype)
    for item, (begin, size) in enumerate(zip(corpus.offsets.tolist(), corpus.lengths.tolist(), strict=False)):
        places = [begin, *(begin + int(size * share) for share in shares), begin + size]
        for part, (first, last) in enumerate(pairwise(places)):
            if first < last:
                ids[part] += [corpus.ids[first:last], boundary]
                kept[part].append(item)
    weights = corpus.weights
    return [
        replace(
            corpus,
            ids=np.concatenate(pieces) if pieces else corpus.ids[:0],
            weights=None if weights is None else weights[items],
            blank=0,
        )
        for pieces, items in zip(ids, kept, strict=True)
    ]


def beginning(corpus: Corpus, symbols: int) -> Corpus:
    """So many symbols of a corpus at most; an item that goes on behind them ends there."""
    if corpus.symbols <= symbols:
        return corpus
    ids = corpus.ids[:symbols].copy()
    ids[-1] = BOUNDARY
    items = int((ids == BOUNDARY).sum())
    weights = None if corpus.weights is None else corpus.weights[:items]
    return Corpus(corpus.alphabet, ids, weights=weights, options=corpus.options, source=corpus.source)


def heads(corpus: Corpus, share: float) -> Corpus:
    """About this share of a corpus: the beginning of each text, or of a list items at equal distances."""
    if share >= 1:
        return corpus
    if corpus.whole_texts:
        return _cut(corpus, (Fraction(share),))[0]
    return corpus.take(np.arange(0, len(corpus), round(1 / share)))


def hold_out(corpus: Corpus, share: float = 0.1, *, least: int = 1) -> tuple[Corpus, Corpus]:
    """Part of a corpus for choosing settings by: the rest, and the part, each in the order of the file.

    Of texts it is the end of each. Of items a hash decides, so that all repeats of an item fall on one side and nothing
    leaks.

    Args:
        corpus: all items.
        share: of the different items, about; of each text.
        least: how many different items the part has at least; where they are texts, that is as good as one.

    Raises:
        SettingsError: no more than `least` different items, or texts of one character.
    """
    if corpus.whole_texts:
        rest, end = _cut(corpus, (1 - Fraction(share),))
        if not (len(rest) and len(end)):
            raise SettingsError("to hold a part out, a text of more characters is needed")
        return rest, end
    hashes = _held_out_hashes(corpus)
    smallest = np.unique(hashes)[:least]
    limit = max(int(share * 2**64), int(smallest.max(initial=0)))
    out = hashes <= np.uint64(limit)
    if out.all() or not out.any():
        raise SettingsError("to hold items out, at least two different items are needed")
    return corpus.take(np.flatnonzero(~out)), corpus.take(np.flatnonzero(out))


def tenths(corpus: Corpus) -> Iterator[tuple[Corpus, Corpus]]:
    """A list ten times in two: a tenth of its different items, each time another, held out of the rest.

    A hash decides as for `hold_out`, and repeats of an item stay together. Of fewer than ten different items there are
    only as many parts.

    Args:
        corpus: items.

    Yields:
        The rest, and the part, each in the order of the file.

    Raises:
        SettingsError: fewer than two different items.
    """
    different, which = np.unique(_held_out_hashes(corpus), return_inverse=True)
    if len(different) < 2:
        raise SettingsError("to hold items out, at least two different items are needed")
    parts = min(10, len(different))
    part = which * parts // len(different)
    for number in range(parts):
        yield corpus.take(np.flatnonzero(part != number)), corpus.take(np.flatnonzero(part == number))


def _held_out_hashes(corpus: Corpus) -> npt.NDArray[np.uint64]:
    """By which items are held out, (n,)."""
    return mix(corpus.fingerprints() ^ mix(np.array([_HOLD_OUT_KEY], dtype=np.uint64)))


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
        texts = f"; {TAILS} cuts texts, and holds their ends out" if corpus.whole_texts else ""
        raise SettingsError(f"the split {name!r} needs at least {least:,} items; it was given {len(corpus):,}{texts}")
