"""Numbers for the texts of items, the same in every alphabet and on every machine.

Letters: n items, S symbols.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.hashing import mix

__all__ = ["Begun", "FingerprintSet", "Fingerprints", "fingerprints_of", "symbol_prints"]

Fingerprints = npt.NDArray[np.uint64]
MIXED_CELLS: Final = 1 << 14  # of a table that fits into the cache


def _print_of(symbol: str) -> int:
    """Of a cluster, beyond those of all code points."""
    if len(symbol) == 1:
        return ord(symbol) << 32
    digest = hashlib.blake2b(symbol.encode(), digest_size=4).digest()
    return (int.from_bytes(digest, "little") | 1 << 31) << 32


class Begun(NamedTuple):
    """An item of which a part has been read.

    Attributes:
        total: the sum over its symbols.
        place: how many they are.
    """

    total: int = 0
    place: int = 0


def symbol_prints(alphabet: Alphabet) -> Fingerprints:
    """What each symbol brings into an item's fingerprint, beside its place there, (V,); the lower 32 bits are 0."""
    codepoints: Fingerprints = alphabet.codepoints.astype(np.uint64) << np.uint64(32)
    if alphabet.clusters:  # their private code points differ from alphabet to alphabet
        codepoints[1 : 1 + len(alphabet.names)] = [_print_of(name) for name in alphabet.names]
    return codepoints


def fingerprints_of(ids: Ids, alphabet: Alphabet, begun: Begun) -> tuple[Fingerprints, Begun]:
    """A 64-bit number for each item that ends in ids (S,): see `Corpus.fingerprints`.

    Args:
        ids: each item ends with a boundary; the last may go on.
        alphabet: of them.
        begun: what came before of the first.

    Returns:
        The numbers, and what has come of the last.
    """
    codepoints = symbol_prints(alphabet)
    ends = np.flatnonzero(ids == BOUNDARY) + 1
    if kernels_loaded():
        from nextchar._kernels.corpus import fingerprints

        prints = np.empty(len(ends), dtype=np.uint64)
        places = np.arange(1, 1 + max(1, min(64, MIXED_CELLS // alphabet.size)), dtype=np.uint64)
        total, place = fingerprints(
            *(ids, codepoints, mix(codepoints + places[:, None]), prints, np.uint64(begun.total), begun.place)
        )
        return prints, Begun(int(total), int(place))
    begins = np.concatenate([[0], ends])
    ends = np.append(ends, len(ids))
    position = np.arange(len(ids)) - np.repeat(begins, ends - begins)
    position[: ends[0]] += begun.place
    scattered = mix(codepoints[ids] + position.astype(np.uint64) + np.uint64(1))
    sums = np.add.reduceat(np.append(scattered, np.uint64(0)), begins)  # with a 0 for a last item of no symbols
    sums[:1] += np.array([begun.total], dtype=np.uint64)
    first = begun.place if len(begins) == 1 else 0
    return mix(sums[:-1]), Begun(int(sums[-1]), first + int(ends[-1] - begins[-1]))


@dataclass(eq=False)
class FingerprintSet:
    """Fingerprints that grow in number, in sorted runs, each more than twice as long as the next.

    So all of them are looked through in a few binary searches, and each is merged into a longer run a few times.

    Attributes:
        runs: sorted, the longest first; no fingerprint is in it twice.
    """

    runs: list[Fingerprints] = field(default_factory=list)

    @classmethod
    def of(cls, prints: Fingerprints) -> FingerprintSet:
        """Those given."""
        return cls([np.unique(prints)] if len(prints) else [])

    def __len__(self) -> int:
        return sum(map(len, self.runs))

    def has(self, prints: Fingerprints) -> npt.NDArray[np.bool_]:
        """Which of these are in it, (n,)."""
        found = np.zeros(len(prints), dtype=np.bool_)
        for run in self.runs:
            found |= run[np.minimum(np.searchsorted(run, prints), len(run) - 1)] == prints
        return found

    def add(self, prints: Fingerprints) -> None:
        """Take in some that are not in it yet, each once."""
        if not len(prints):
            return
        self.runs.append(np.sort(prints))
        while len(self.runs) > 1 and len(self.runs[-2]) <= 2 * len(self.runs[-1]):
            self.runs[-2:] = [np.sort(np.concatenate(self.runs[-2:]), kind="stable")]  # of two runs, in linear time
