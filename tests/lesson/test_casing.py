"""A typed word in the letters of the list."""

from __future__ import annotations

import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.text_options import TextOptions
from nextchar.lesson.casing import as_listed, casing_of

LOWER = Corpus.from_items(["emma", "ava", "zoë"])
UPPER = Corpus.from_items(["EMMA", "AVA"])
TITLE = Corpus.from_items(["Emma", "Ava", "Mary Ann", "Jean-Pierre", "Eve"])
MIXED = Corpus.from_items(["eBay", "IBM", "emma", "Ava"])
OPTIONED = Corpus.from_items([" Emma ", "AVA"], options=TextOptions(lower=True))


@pytest.mark.parametrize(
    ("corpus", "typed", "read"),
    [
        (LOWER, "Emma", "emma"),
        (LOWER, "EMMA", "emma"),
        (LOWER, "ZOË", "zoë"),
        (LOWER, "Xava", "Xava"),  # the list has neither x nor X
        (UPPER, "Emma", "EMMA"),
        (TITLE, "emma", "Emma"),
        (TITLE, "EVE", "Eve"),
        (TITLE, "mary ann", "Mary Ann"),
        (TITLE, "jean-pierre", "Jean-Pierre"),
        (TITLE, "eMMa", "eMMa"),  # neither all small nor all capitals: somebody meant it
        (MIXED, "emma", "emma"),
        (MIXED, "EMMA", "eMMA"),  # the list has M and A, and no E
        (OPTIONED, "EMMA ", "emma"),
        (LOWER, "", ""),
    ],
)
def test_as_the_list_writes_it(corpus: Corpus, typed: str, read: str) -> None:
    assert as_listed(typed, corpus, casing_of(corpus)) == read
