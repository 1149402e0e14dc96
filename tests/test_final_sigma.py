"""The capital sigma, whose small letter depends on whether a word ends with it: part of an item may become either."""

from __future__ import annotations

import math

import pytest

import nextchar
from nextchar.data.text_options import TextOptions

ITEMS = ["οδος", "οδοσα", "οδοσης", "σοδα", "οδοιος"]
LOWER = TextOptions(lower=True)
MODEL = nextchar.Ngram(order=3, add=0).fit(nextchar.Corpus.from_items(ITEMS, options=LOWER))
ALL = {item.text for item in nextchar.given(MODEL).top()}


@pytest.mark.parametrize(
    ("condition", "meets"),
    [
        ({"prefix": "ΟΔΟΣ"}, lambda item: item.startswith(("οδος", "οδοσ"))),
        ({"prefix": ["ΣΟ", "ΟΔΟΣ"]}, lambda item: item.startswith(("σο", "οδος", "οδοσ"))),
        ({"suffix": "Σ"}, lambda item: item[-1] in "σς"),
        ({"suffix": "ΟΣ"}, lambda item: item.endswith("ος")),
        ({"contains": "ΟΣ"}, lambda item: "ος" in item or "οσ" in item),
        ({"contains": "Σ"}, lambda item: "ς" in item or "σ" in item),
        ({"allowed": "ΟΔΑΣ"}, lambda item: set(item) <= set("οδασς")),
        ({"match": "Ο.*Σ"}, lambda item: item[0] == "ο" and item[-1] in "σς"),
        ({"prefix": "οδος"}, lambda item: item.startswith("οδος")),  # as it is written
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_conditions(condition: dict[str, str], meets: object) -> None:
    assert callable(meets)
    wanted = {item for item in ALL if meets(item)}
    assert wanted
    found = nextchar.given(MODEL, **condition)  # type: ignore[arg-type]
    assert {item.text for item in found.top()} == wanted
    total = math.fsum(math.exp(-score.nats) for score in MODEL.score(sorted(wanted)))
    assert found.probability == pytest.approx(total)
    drawn = MODEL.sample(400, seed=1, **condition)  # type: ignore[arg-type]
    assert set(drawn) <= wanted
    assert len(set(drawn)) >= min(len(wanted), 2)


def test_a_model_that_knows_one_of_the_two() -> None:
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["οδοσα"], options=LOWER))
    assert all(item.startswith("οδοσ") for item in model.sample(20, seed=1, prefix="ΟΔΟΣ"))


def test_what_a_part_can_become() -> None:
    def of(text: str, *, before: bool = False, after: bool = False) -> set[str]:
        return set(LOWER.readings(text, before=before, after=after))

    assert of("ΟΔΟΣ") == {"οδος"}
    assert of("ΟΔΟΣ", after=True) == {"οδος", "οδοσ"}
    assert of("Σ") == {"σ"}
    assert of("Σ", before=True) == {"σ", "ς"}
    assert of("ΣΟ", before=True, after=True) == {"σο"}
    assert set(TextOptions().readings("ΟΔΟΣ", before=True, after=True)) == {"ΟΔΟΣ"}
