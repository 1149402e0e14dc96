"""Ctrl-C in a training that is a part of something larger ends the whole, though some trainings keep what they have."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from nextchar.core.metrics import Metrics
from nextchar.core.model import Model
from nextchar.core.progress import Report
from nextchar.core.spec import Spec, whole
from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.models.context_mixing.model import ContextMixing
from nextchar.models.mix.model import Mix
from nextchar.models.neural.bigram.model import BigramNet
from nextchar.models.neural.families import GRU
from nextchar.models.ngram import pitman_yor
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.selection import Choice, choose
from nextchar.tasks.leaderboard import Candidate, compare
from nextchar.tasks.mix_automaton import choose_with_mix

NAMES = [a + b + c + d for a in "abcd" for b in "efg" for c in "hij" for d in "klmn"]
CORPUS = Corpus.from_items(NAMES)
SEATED = Ngram(order=3, smoothing="pitman-yor", sweeps=10)
KEEPING = [  # what they have so far, when they are interrupted; and when
    pytest.param(SEATED, lambda at: at.text == "sweep 8", id="pitman-yor"),
    pytest.param(Mix(epochs=4), lambda at: at.text.startswith("epoch"), id="mix"),
    pytest.param(GRU(steps=30, width=8, embedding=4), lambda at: at.share > 0, id="gru"),
    pytest.param(BigramNet(solver="gd", steps=50), lambda at: at.share > 0, id="bigram"),
]


def pressed(when: Callable[[Report], bool]) -> Callable[[Report], None]:
    """Progress that presses Ctrl-C, once."""
    done = False

    def tell(at: Report) -> None:
        nonlocal done
        if not done and when(at):
            done = True
            signal.raise_signal(signal.SIGINT)

    return tell


def is_torch(spec: Spec) -> bool:
    return isinstance(spec, GRU)


@pytest.mark.parametrize(("spec", "when"), KEEPING)
def test_what_was_cut_short_says_so(spec: Spec, when: Callable[[Report], bool]) -> None:
    if is_torch(spec):
        pytest.importorskip("torch")
    cut = spec.fit(CORPUS, progress=pressed(when))
    assert cut.metrics.interrupted
    with pytest.raises(KeyboardInterrupt):
        whole(cut)


@pytest.mark.parametrize(("spec", "when"), KEEPING)
def test_a_comparison_ends(spec: Spec, when: Callable[[Report], bool]) -> None:
    if is_torch(spec):
        pytest.importorskip("torch")
    field = [Candidate(kind="first", spec=Ngram(order=2)), Candidate(kind="cut", spec=spec)]
    entries = compare([*field, Candidate(kind="last", spec=Ngram(order=2))], split(CORPUS), progress=pressed(when))
    assert next(entries).model == "first"
    with pytest.raises(KeyboardInterrupt):
        next(entries)


def test_a_choice_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, number = pitman_yor._Restaurants.sweep, 0

    def pressed_once(restaurants: pitman_yor._Restaurants) -> None:
        nonlocal number
        number += 1
        if number == 25:
            raise KeyboardInterrupt
        sweep(restaurants)

    monkeypatch.setattr(pitman_yor._Restaurants, "sweep", pressed_once)
    with pytest.raises(KeyboardInterrupt):
        choose(CORPUS)
    number = 20  # of the first five sweeps of ten
    with pytest.raises(KeyboardInterrupt):
        choose_with_mix(Choice(((SEATED, 1.0),), held_out=14), CORPUS)


def test_what_ended_for_other_reasons_is_whole() -> None:
    model: Model = Ngram(order=2).fit(NAMES)
    assert whole(model) is model
    for metrics in (Metrics(stopped="no better on the validation items since step 2,498"), Metrics(notes=("a note",))):
        assert whole(model.with_metrics(metrics)).metrics is metrics
    both = replace(model.metrics, stopped="mix: interrupted after 2.0 epochs; the weights are those reached then")
    assert both.interrupted


def test_context_mixing_keeps_what_it_has_read() -> None:
    texts = Corpus.from_documents(["the cat sat on the mat. " * 400])
    cut = ContextMixing(seconds=20).fit(texts, progress=pressed(lambda at: 0 < at.share < 1))
    assert cut.metrics.interrupted
