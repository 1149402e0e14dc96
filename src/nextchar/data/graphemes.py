"""What a reader sees as one character, as one symbol: extended grapheme clusters.

A flag, a family of emoji or a letter with two accents is several code points. Where a text is taken by clusters, each
cluster of several code points is one symbol; within the library a private code point stands for it, one for each
cluster of an alphabet, and everything that reads or shows text knows the way there and back.

Source: Unicode Standard Annex 29, section 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from nextchar.errors import SettingsError

__all__ = [
    "MOST_CLUSTERS",
    "PROBES_AFTER",
    "PROBES_BEFORE",
    "Graphemes",
    "clusters_of",
    "one_cluster",
    "split_graphemes",
]

FIRST: Final = 0xF0000  # from here on all code points are private
MOST_CLUSTERS: Final = 0x10000 - 2
# One of each kind that the rules for boundaries tell apart, as the end of what stands before and the begin of what
# follows: any other character, the jamo and syllables of Hangul, a regional indicator, an emoji with a joiner, an Indic
# consonant with a virama, a mark that is put before; and a combining mark, a joiner, a spacing mark, an emoji.
PROBES_BEFORE: Final = (
    "a", "\u1100", "\u1161", "\u11a8", "\uac00", "\uac01", "\U0001f1e6", "\U0001f469\u200d", "\u0915\u094d", "\u0600",
)  # fmt: skip
PROBES_AFTER: Final = (
    "a", "\u1100", "\u1161", "\u11a8", "\uac00", "\uac01", "\U0001f1e6", "\U0001f469", "\u0915", "\u0600", "\u0301",
    "\u200d", "\u0903",
)  # fmt: skip
_UNKNOWN: Final = "\U0010ffff"  # stands for a cluster that is not in the table, and for no character


def split_graphemes(text: str) -> list[str]:
    """The extended grapheme clusters of a text."""
    return list(text) if text.isascii() and "\r" not in text else _pattern().findall(text)


def one_cluster(before: str, after: str) -> bool:
    """Whether there is no boundary between the last cluster of a text and what follows it."""
    return split_graphemes(before + after[0])[-1] != after[0]


def clusters_of(text: str) -> tuple[str, ...]:
    """The clusters that need a private code point, sorted: those of several, and private code points themselves.

    Raises:
        SettingsError: they are too many.
    """
    return _checked(cluster for cluster in set(split_graphemes(text)) if _is_long(cluster))


@dataclass(frozen=True)
class Graphemes:
    """The clusters of an alphabet.

    Attributes:
        clusters: each of several code points, or a private one; sorted and distinct.

    Raises:
        SettingsError: they are not, or too many.
    """

    clusters: tuple[str, ...]

    def __post_init__(self) -> None:
        if _checked(self.clusters) != self.clusters or not all(
            isinstance(cluster, str) and _is_long(cluster) and split_graphemes(cluster) == [cluster]
            for cluster in self.clusters
        ):
            raise SettingsError("grapheme clusters of several code points are wanted, distinct and sorted")

    @property
    def signs(self) -> str:
        """The private code points, one for each cluster."""
        return "".join(chr(FIRST + i) for i in range(len(self.clusters)))

    @cached_property
    def _sign_of(self) -> Mapping[str, str]:
        return dict(zip(self.clusters, self.signs, strict=True))

    @cached_property
    def _cluster_of(self) -> Mapping[int, str]:
        return {ord(sign): cluster for cluster, sign in self._sign_of.items()}

    def written(self, text: str) -> str:
        """A text with one code point for each of its clusters; all that the table lacks have the same."""
        if text.isascii() and "\r" not in text:
            return text
        signs = self._sign_of
        return "".join(
            signs.get(cluster, _UNKNOWN) if _is_long(cluster) else cluster for cluster in split_graphemes(text)
        )

    def read(self, written: str) -> str:
        """The text again."""
        return written.translate(self._cluster_of)


def _checked(clusters: Iterable[str]) -> tuple[str, ...]:
    found = tuple(sorted(set(clusters)))
    if len(found) > MOST_CLUSTERS:
        raise SettingsError(f"{len(found):,} grapheme clusters of several code points; {MOST_CLUSTERS:,} are possible")
    return found


def _is_long(cluster: str) -> bool:
    return len(cluster) > 1 or ord(cluster) >= FIRST


def _pattern() -> Any:
    import regex

    return regex.compile(r"\X")  # which it keeps
