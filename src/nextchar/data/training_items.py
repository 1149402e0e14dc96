"""The items that a model was trained on, where they can be had again.

A model remembers fingerprints of its items and the hash of its file, not the items themselves. They come back from
data that is given again, or from a named data set on this machine that has the same hash.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import NAMED
from nextchar.data.display import thousands
from nextchar.data.edit_distance import Surroundings
from nextchar.data.fingerprints import Fingerprints
from nextchar.data.provenance import Provenance
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, InputWarning, SettingsError

__all__ = ["known_file", "surroundings", "training_items", "unknown_items"]


def training_items(seen: Provenance, alphabet: Alphabet, data: Corpus) -> Corpus:
    """The distinct items that a model was trained on, in its alphabet.

    Args:
        seen: what the model remembers of its training data.
        alphabet: of the model.
        data: its training data. It may hold more (the held-out part, say), but no fewer.

    Raises:
        SettingsError: `data` does not hold all training items.
    """
    if seen.known is None:
        items = data.distinct()
        if seen.items and seen.items < len(items):  # a model made elsewhere may remember nothing at all
            raise SettingsError(
                f"the model was trained on {thousands(seen.items, 'item')}, and the data given has "
                f"{len(items):,} distinct ones; give the training data alone"
            )
    else:
        items = _among(data, seen.known)
        if len(items) < len(seen.known):
            raise SettingsError(
                f"the data given has {len(items):,} of the {len(seen.known):,} distinct items that the model was "
                "trained on; give all of its training data"
            )
    plain = set(alphabet.characters)  # an item with other characters is not one that the model gives
    texts = [item for item in items if plain.issuperset(alphabet.written(item))]
    return Corpus.from_items(
        texts, options=TextOptions(strip=False, documents=seen.options.documents), alphabet=alphabet
    )


def known_file(seen: Provenance) -> Corpus | None:
    """The file that a model was trained on, if it is a named data set and on this machine; the network is not used.

    It is read as the model remembers: the column, the encoding, the text options. None where it does not hold all
    items that the model remembers.

    Raises:
        DataSetError: the environment variable of the data set points to something else.
    """
    from nextchar.data.download import find  # and with it the network, which few need

    named = [one for one in NAMED.values() if seen.source is not None and one.sha256 == seen.source.sha256]
    path = find(named[0].name) if named else None
    if seen.source is None or path is None:
        return None
    how = replace(seen.source.format, weight=None, label=None)
    ways = [how]
    if how.column is None and named[0].column is not None:  # which its name stands for, but not the name of its file
        ways.insert(0, replace(how, column=named[0].column))
    for way in ways:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InputWarning)  # which training has told
                data = Corpus.read([path], way, options=seen.options)
        except CorpusError:
            continue
        if seen.known is None or len(_among(data, seen.known)) == len(seen.known):
            return data
    return None


def surroundings(
    seen: Provenance, alphabet: Alphabet, listed: Sequence[str], data: Corpus | None, new: bool, least: int
) -> Surroundings:
    """All that is fewer than `least` edits from an item that is known.

    Known are the items listed, and, unless these alone are given, the training items: those of `data`, which is the
    training data and may hold more, or of a named data set on this machine.

    Args:
        seen: what a model remembers of its training data.
        alphabet: of the model.
        listed: items, as they come; text is treated as the model treats it.
        data: its training data, if that is given.
        new: whether the training data counts in any case.
        least: edits.

    Raises:
        SettingsError: the training items are wanted and cannot be had, or `data` does not hold all of them.
    """
    items = {seen.options.apply(item) for item in listed}
    if data is not None or new or not items:
        whole = known_file(seen) if data is None else data
        if whole is None:
            raise SettingsError(
                "how far an item is from the training items cannot be told without them, and the model has kept "
                "fingerprints alone; give the training data",
                argument="data",
            )
        known = training_items(seen, alphabet, whole)
        items.update(known if data is None else data)
    return Surroundings.of(map(alphabet.written, items), least)


def unknown_items() -> SettingsError:
    """The error where new items are wanted and nothing is known of the training items."""
    return SettingsError(
        "this model has not kept its training items, so it cannot tell which items are new; give the training data",
        argument="data",
    )


def _among(data: Corpus, known: Fingerprints) -> Corpus:
    return data.take(np.flatnonzero(np.isin(data.fingerprints(), known))).distinct()
