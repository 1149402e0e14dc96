"""Which items a model can have: those that its text options leave as they are.

A model trained without outer blanks, in lower case or in Unicode normal form C still gives some probability to " emma",
to "Emma" or to an "é" of two code points. Such a text is read as another item wherever it is scored, so it is no item
of the model: it is never sampled, never listed, and no part of any probability of items.

Letters: V size of the alphabet, n items.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY, Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.display import shortened
from nextchar.data.documents import divided
from nextchar.data.graphemes import PROBES_BEFORE, one_cluster
from nextchar.data.text_options import TextOptions, may_join
from nextchar.errors import CorpusError, SettingsError

__all__ = ["StableSymbols", "as_read", "check_ends", "separating_symbols", "stable_items", "stable_symbols"]

Flags = npt.NDArray[np.bool_]


class StableSymbols(NamedTuple):
    """What text options do to the symbols of an alphabet; all (V,).

    Attributes:
        banned: it changes alone, so that no item has it: an upper-case letter under `lower`.
        blank: no item begins or ends with it.
        joins: it may change together with what stands before it: under `nfc` a combining character; with graphemes a
            symbol that can be part of a longer cluster.
    """

    banned: Flags
    blank: Flags
    joins: Flags

    @property
    def all_stable(self) -> bool:
        """Whether the options leave every text over the alphabet as it is."""
        return not (self.banned.any() or self.blank.any() or self.joins.any())


@lru_cache(maxsize=64)
def stable_symbols(alphabet: Alphabet, options: TextOptions) -> StableSymbols:
    """What the options do to each symbol; the symbol for unknown characters stands for any, and is left alone."""
    banned, blank, joins = (np.zeros(alphabet.size, dtype=np.bool_) for _ in range(3))
    for i, symbol in enumerate(alphabet.names, start=1):
        changed = options.apply(symbol, strip=False)
        banned[i] = changed != symbol
        blank[i] = options.strip and (symbol[0].isspace() or symbol[-1].isspace())
        if alphabet.clusters is None:
            joins[i] = options.nfc and may_join(symbol)
        else:
            joins[i] = any(one_cluster(before, symbol) for before in PROBES_BEFORE)
    return StableSymbols(banned, blank, joins)


def separating_symbols(alphabet: Alphabet, options: TextOptions) -> tuple[int, ...] | None:
    """The ids of the line that divides items; none of blanks. None where no item can have such a line."""
    if options.separator is None:
        return None
    symbols = alphabet.split(options.separator)
    numbers = {name: i for i, name in enumerate(alphabet.names, start=1)}
    return tuple(numbers[symbol] for symbol in symbols) if numbers.keys() >= set(symbols) else None


def stable_items(items: Corpus, options: TextOptions) -> Flags:
    """Whether the options leave each item as it is, (n,)."""
    stable = np.ones(len(items), dtype=np.bool_)
    if options.separator is not None and separating_symbols(items.alphabet, options) is not None:
        stable[:] = [divided(item + "\n", options.separator) == [(item, 0)] for item in items]
    symbols = stable_symbols(items.alphabet, options)
    if symbols.all_stable or not len(items):
        return stable
    first, last = items.offsets[:-1], items.offsets[1:] - 2
    filled = items.lengths > 0
    stable[filled] &= ~(symbols.blank[items.ids[first[filled]]] | symbols.blank[items.ids[last[filled]]])
    stable &= ~np.logical_or.reduceat(symbols.banned[items.ids], first)
    if symbols.joins.any():
        for i in np.flatnonzero(stable & np.logical_or.reduceat(symbols.joins[items.ids], first)).tolist():
            text = items[i]
            if items.alphabet.clusters is None:
                stable[i] = unicodedata.is_normalized("NFC", text)
            else:
                written = [items.alphabet.symbols[s] for s in items.ids[first[i] : last[i] + 1]]
                stable[i] = options.apply(text) == text and items.alphabet.split(text) == written
    return stable


def as_read(items: Corpus, options: TextOptions) -> Corpus:
    """The items as a model with these options reads them: a corpus made with others may have items that they change.

    Raises:
        CorpusError: nothing is left of an item but blanks.
    """
    if items.options == options or stable_items(items, options).all():
        return items
    texts = [options.apply(text) for text in items]
    if "" in texts:
        raise CorpusError(f"item {texts.index('') + 1} is blank; leave it out")
    weights = None if items.weights is None else items.weights.tolist()
    return Corpus.from_items(texts, weights, options=options)


def check_ends(options: TextOptions, *, prefix: str = "", suffix: str = "") -> None:
    """See that items can begin and end so.

    Raises:
        SettingsError: they would have a blank at an end, where the options leave none.
    """
    if not options.strip:
        return
    for what, text, end, does in (("prefix", prefix, prefix[:1], "begins"), ("suffix", suffix, suffix[-1:], "ends")):
        if end.isspace():
            raise SettingsError(
                f"the {what} {shortened(repr(text))} {does} with a blank, which no item of this model does: it was "
                "trained on text without blanks at the ends",
                argument=what,
            )


assert BOUNDARY == 0  # whose flags are all False
