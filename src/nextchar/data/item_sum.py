"""A number for all items of a corpus together, which adds up: that of two corpora is the sum of both.

So it tells whether the same items were read, whatever their order and however they were divided among files. It is the
sum of the items' fingerprints (see `Corpus.fingerprints`), each as often as its item counts, beside the sum of the same
fingerprints mixed anew; both modulo 2^64.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from nextchar.data.corpus import Corpus
from nextchar.data.fingerprints import Fingerprints
from nextchar.data.hashing import GOLDEN, MASK, mix

__all__ = ["ItemSum"]

_TEXT: Final = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class ItemSum:
    """The two sums, each of 64 bits; 0 for no items.

    Examples:
        >>> import nextchar
        >>> from nextchar.data.item_sum import ItemSum
        >>> a, b = nextchar.Corpus.from_items(["emma"]), nextchar.Corpus.from_items(["ava"])
        >>> both = nextchar.Corpus.from_items(["ava", "emma"])
        >>> ItemSum.of(a, a.fingerprints()) + ItemSum.of(b, b.fingerprints()) == ItemSum.of(both, both.fingerprints())
        True
    """

    plain: int = 0
    mixed: int = 0

    @classmethod
    def of(cls, corpus: Corpus, prints: Fingerprints) -> ItemSum:
        """That of a corpus, from the fingerprints of its items."""
        anew = mix(prints + np.uint64(GOLDEN))
        if corpus.weights is not None:
            times = corpus.weights.astype(np.uint64)
            prints, anew = prints * times, anew * times
        return cls(int(prints.sum(dtype=np.uint64)), int(anew.sum(dtype=np.uint64)))

    @classmethod
    def read(cls, text: str) -> ItemSum | None:
        """The sum that was shown so; None where it is none."""
        return cls(int(text[:16], 16), int(text[16:], 16)) if _TEXT.fullmatch(text) else None

    def __add__(self, other: ItemSum) -> ItemSum:
        return ItemSum((self.plain + other.plain) & MASK, (self.mixed + other.mixed) & MASK)

    def __str__(self) -> str:
        return f"{self.plain:016x}{self.mixed:016x}"
