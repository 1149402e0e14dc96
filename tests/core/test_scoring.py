from __future__ import annotations

import math

import pytest

from nextchar.core.scoring import evaluate, evaluate_parts
from nextchar.data.corpus import Corpus
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items(["ab", "ab", "b"])
MODEL = Ngram(order=2, add=0).fit(CORPUS)  # p(a|.) 2/3, p(b|.) 1/3, p(b|a) 1, p(.|b) 1


def test_nats_are_summed_and_divided_once() -> None:
    result = evaluate(MODEL, CORPUS)
    # two times -ln(2/3) and once -ln(1/3), over 3 + 3 + 2 symbols
    nats = -2 * math.log(2 / 3) - math.log(1 / 3)
    assert (result.items, result.symbols) == (3, 8)
    assert result.nats_per_symbol == pytest.approx(nats / 8)
    assert result.bits_per_symbol == pytest.approx(nats / 8 / math.log(2))
    assert result.perplexity == pytest.approx(math.exp(nats / 8))


def test_weights_count_like_repeats() -> None:
    weighted = evaluate(MODEL, Corpus.from_items(["ab", "b"], [2, 1]))
    assert weighted.nats_per_symbol == pytest.approx(evaluate(MODEL, CORPUS).nats_per_symbol)
    assert weighted.symbols == 5


def test_scores_of_items() -> None:
    scores = MODEL.score(["b", "ab"])
    assert [score.item for score in scores] == ["b", "ab"]
    assert scores[0].surprisal == pytest.approx((-math.log(1 / 3), 0))
    assert scores[1].nats == pytest.approx(-math.log(2 / 3))
    assert scores[1].nats_per_symbol == pytest.approx(-math.log(2 / 3) / 3)
    assert MODEL.nats(["b", "ab"]).tolist() == pytest.approx([s.nats for s in scores])


def test_items_of_the_training_data_can_be_left_out() -> None:
    mixed = Corpus.from_items(["b", "ab", "bb"], alphabet=CORPUS.alphabet)
    smoothed = Ngram(order=2, add=1).fit(CORPUS)
    new = evaluate(smoothed, mixed, without=smoothed.provenance.known)
    assert new.items == 1
    assert new.nats == pytest.approx(smoothed.score(["bb"])[0].nats)


def test_nothing_to_evaluate() -> None:
    assert math.isnan(evaluate(MODEL, CORPUS.take([])).nats_per_symbol)


def test_the_mean_over_many_lengths() -> None:
    # long and short items in one corpus go through several batches of the plain path
    texts = ["ab" * n for n in range(1, 60)] * 3 + ["b"] * 500
    model = Ngram(order=3, add=0.5).fit(Corpus.from_items(texts))
    corpus = Corpus.from_items(texts)
    by_item = sum(sum(score.surprisal) for score in model.score(texts))
    assert evaluate(model, corpus).nats == pytest.approx(by_item)


def test_parts_of_a_corpus_are_summed_as_a_whole_one() -> None:
    items = ["ab", "b", "bb", "abab", "aab"] * 7
    smoothed = Ngram(order=2, add=1).fit(CORPUS)
    whole = evaluate(smoothed, items)
    # each part in an alphabet of its own; one has no item
    cut = [Corpus.from_items(items[at : at + 4]) for at in range(0, len(items), 4)]
    found = evaluate_parts(smoothed, [cut[0], cut[0].take([]), *cut[1:]])
    assert (found.items, found.symbols, found.weight) == (35, whole.symbols, whole.weight)
    assert found.nats == pytest.approx(whole.nats, rel=1e-14)
    # with weights 2 and 3 the items count as 2 and 3 of them
    weighed = evaluate_parts(smoothed, [Corpus.from_items(["ab"], [2]), Corpus.from_items(["bb", "b"], [3, 0])])
    assert weighed.nats == pytest.approx(evaluate(smoothed, ["ab"] * 2 + ["bb"] * 3).nats)
    assert weighed.weight == 2 * 3 + 3 * 3


def test_an_impossible_item_of_a_later_part_has_its_number_in_all() -> None:
    parts = [Corpus.from_items(["ab", "b"]), Corpus.from_items(["ab", "ba"]), Corpus.from_items(["aa"])]
    found = evaluate_parts(MODEL, parts)
    assert found.nats == math.inf
    assert found.impossible is not None
    assert "in item 4, 'ba'" in found.impossible
    assert found.impossible == evaluate(MODEL, ["ab", "b", "ab", "ba", "aa"]).impossible
