"""What chapter 19 says of the four models of Genesis holds of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.lesson.lesson_nets import NETS, TEXT_NET, net_facts
from nextchar.lesson.names import lesson_names
from nextchar.lesson.running_text import text_parts
from nextchar.lesson.text_models import COUNTED, KnowsText, learned, shipped

WRITTEN = 2_000


@pytest.fixture(scope="module")
def models() -> Mapping[str, KnowsText]:
    pytest.importorskip("torch")
    parts = text_parts()
    return {**{name: learned(name, parts.train, parts.test) for name in COUNTED}, "transformer": shipped()}


def words_known(text: str) -> float:
    """The share of words of a text that Genesis has, without the last one, which may be cut off."""
    known = set(re.findall(r"[A-Za-z']+", "".join(text_parts().train)))
    written = re.findall(r"[A-Za-z']+", text)[:-1]
    return sum(word in known for word in written) / len(written)


def test_mixing_predicts_best_then_the_transformer_then_order_6_then_order_2(models: Mapping[str, KnowsText]) -> None:
    nats = {name: known.test_nats for name, known in models.items()}
    assert sorted(nats, key=nats.__getitem__) == ["mixing", "transformer", "order-6", "order-2"]
    assert nats["order-6"] < nats["transformer"] + 0.05  # "close behind it"
    assert nats["order-2"] > nats["order-6"] + 0.5  # "far back"


def test_order_2_makes_hardly_a_word_and_order_6_mostly_words(models: Mapping[str, KnowsText]) -> None:
    share = {
        name: words_known("".join(models[name].model.writing("And ", Plan(seed=1), length=WRITTEN))) for name in COUNTED
    }
    assert share["order-2"] < 0.5
    assert share["order-6"] > 0.75
    assert share["mixing"] > 0.75


def test_the_sizes_that_it_names(models: Mapping[str, KnowsText]) -> None:
    net, facts = NETS[TEXT_NET], net_facts()[TEXT_NET]
    assert (net.layers, net.context, net.epochs) == (3, 64, 14)  # type: ignore[attr-defined]
    assert 155_000 < facts.parameters < 165_000
    assert 120 < facts.seconds < 180  # "a little over two minutes"
    assert COUNTED["mixing"].contexts == 16
    assert models["order-2"].model.context_length == 1
    assert models["order-6"].model.context_length == 5
    names = sum(len(name) for name in lesson_names())
    assert text_parts().train.symbols - 1 < names  # "less than the names had"


def test_phrases_that_come_again_and_again() -> None:
    text = "".join(text_parts().train)
    assert text.lower().count("and it came to pass") > 40
    assert text.count("the land of Canaan") > 12


def test_five_characters_often_give_the_next_one_away(models: Mapping[str, KnowsText]) -> None:
    """Many letters are no surprise to order 6 that are one to order 2."""
    test = text_parts().test
    surprised = {name: models[name].model.symbol_nats(test) > 1 for name in ("order-2", "order-6")}
    assert (surprised["order-2"] & ~surprised["order-6"]).mean() > 0.3
    assert (surprised["order-6"] & ~surprised["order-2"]).mean() < 0.1


def test_more_text_does_little_for_order_2_and_much_for_order_6_and_mixing(models: Mapping[str, KnowsText]) -> None:
    """What each gains where the text that it learns from is twice as long."""
    parts = text_parts()
    [text] = parts.train
    characters = set(text[len(text) // 2 :])
    half = Corpus.from_documents([text[len(text) // 2 :]])
    test = Corpus.from_documents([*("".join(c for c in document if c in characters) for document in parts.test)])
    gains = {
        name: settings.fit(half).evaluate(test).nats_per_symbol - models[name].test_nats
        for name, settings in COUNTED.items()
    }
    assert gains["order-2"] < 0.02
    assert gains["order-6"] > 0.05
    assert gains["mixing"] > 0.04
