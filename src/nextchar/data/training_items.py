"""The items that a model was trained on, where they can be had again.

A model remembers fingerprints of its items and the hash of its file, not the items themselves. They come back from
data that is given again, or from a named data set on this machine that has the same hash.
"""

from __future__ import annotations

import numpy as np

from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus, Fingerprints, TextOptions
from nextchar.data.provenance import Provenance
from nextchar.errors import SettingsError

__all__ = ["known_file", "training_items", "unknown_items"]


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
                f"the model was trained on {seen.items:,} items, and the data given has {len(items):,} distinct ones; "
                "give the training data alone"
            )
    else:
        items = _among(data, seen.known)
        if len(items) < len(seen.known):
            raise SettingsError(
                f"the data given has {len(items):,} of the {len(seen.known):,} distinct items that the model was "
                "trained on; give all of its training data"
            )
    plain = set(alphabet.characters)  # an item with other characters is not one that the model gives
    texts = [item for item in items if plain.issuperset(item)]
    return Corpus.from_items(texts, options=TextOptions(strip=False), alphabet=alphabet)


def known_file(seen: Provenance) -> Corpus | None:
    """The file that a model was trained on, if it is a named data set and on this machine; the network is not used.

    None also where the file, read in its usual way, does not hold all items that the model remembers: it was then
    trained on another column of it.

    Raises:
        DataSetError: the environment variable of the data set points to something else.
    """
    from nextchar.data.datasets import NAMED, shipped_names
    from nextchar.data.download import find  # and with it the network, which few need

    named = [one for one in NAMED.values() if seen.source is not None and one.sha256 == seen.source.sha256]
    if not named:
        return None
    if named[0].url is None:
        data = Corpus.from_items(shipped_names(), options=seen.options)
    else:
        path = find(named[0].name)
        if path is None:
            return None
        data = Corpus.from_file(path, options=seen.options)
    if seen.known is not None and len(_among(data, seen.known)) < len(seen.known):
        return None
    return data


def unknown_items() -> SettingsError:
    """The error where new items are wanted and nothing is known of the training items."""
    return SettingsError(
        "this model has not kept its training items, so it cannot tell which items are new; give the training data",
        argument="data",
    )


def _among(data: Corpus, known: Fingerprints) -> Corpus:
    return data.take(np.flatnonzero(np.isin(data.fingerprints(), known))).distinct()
