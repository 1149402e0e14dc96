"""Context mixing within a time: what there is time for, and what is done where there is too little."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar import ContextMixing, Corpus
from nextchar.errors import SettingsError
from nextchar.models.context_mixing.budget import Speed, affordable, usual_passes
from nextchar.models.context_mixing.model import OUT_OF_TIME

# 10 + 2 microseconds with 25 contexts: a million symbols take 12 s a pass, of 37 contexts 12 * (5 + 37) / (5 + 25) =
# 16.8 s, of 31 contexts 14.4 s, of 20 contexts 10 s, of 9 contexts 12 * 14 / 30 = 5.6 s. A pass before the last one
# learns from half of the symbols: two take 19 s, with 37 contexts 26.6 s. Three quarters of the time are planned with.
SPEED = Speed(learning=10e-6, counting=2e-6, contexts=25)
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("seconds", "found"),
    [(35.5, (37, 2)), (35.4, (37, 1)), (19.3, (31, 1)), (19.1, (20, 1)), (7.5, (9, 1)), (0.1, (9, 1)), (1e6, (37, 2))],
)
def test_as_much_as_there_is_time_for(seconds: float, found: tuple[int, int]) -> None:
    assert affordable(seconds, MILLION, SPEED, None, None, delayed=True) == found


def test_more_time_never_means_less() -> None:
    found = [affordable(seconds, MILLION, SPEED, None, None, delayed=True) for seconds in range(1, 100)]
    assert [K for K, _ in found] == sorted(K for K, _ in found)
    assert [P for _, P in found] == sorted(P for _, P in found)


def test_what_is_given_stays() -> None:
    assert affordable(0.1, MILLION, SPEED, 30, 4, delayed=True) == (30, 4)
    assert affordable(1000, MILLION, SPEED, 30, None, delayed=True) == (30, 2)
    assert affordable(30, MILLION, SPEED, None, 2, delayed=True) == (20, 2)  # 19 * 25 / 30 = 15.8 s of 22.5


def test_a_long_text_is_read_once() -> None:
    assert [usual_passes(symbols) for symbols in (1, MILLION, 8 * MILLION, 9 * MILLION)] == [2, 2, 2, 1]


def test_one_pass_where_reading_learns() -> None:
    # 10 s for 25 contexts, 14 s for 37
    assert affordable(18.7, MILLION, SPEED, None, None, delayed=False)[0] == 37
    assert affordable(18.6, MILLION, SPEED, None, None, delayed=False)[0] == 31


@pytest.mark.parametrize("learning", ["static", "adaptive"])
def test_with_time_enough_it_is_the_largest(learning: str) -> None:
    corpus = Corpus.from_items(["emma", "olivia", "ava", "amelia"] * 9)
    found = ContextMixing(learning=learning, seconds=600).fit(corpus)  # type: ignore[arg-type]
    largest = ContextMixing(learning=learning, contexts=37).fit(corpus)  # type: ignore[arg-type]
    assert found.settings.contexts == 37
    assert found.nats(["emma", "via"]).tolist() == largest.nats(["emma", "via"]).tolist()
    assert found.metrics.notes == ()


@pytest.mark.parametrize("learning", ["static", "adaptive"])
def test_without_time_the_text_is_counted_to_its_end(learning: str) -> None:
    words = np.random.default_rng(7).choice(["to", "be", "or", "not", "that"], 9_000)
    found = ContextMixing(learning=learning, contexts=9, seconds=1e-3).fit(  # type: ignore[arg-type]
        Corpus.from_documents([" ".join(words) + " xylophone"])
    )
    assert found.metrics.notes == (OUT_OF_TIME,)
    assert int(found.learned.text.size[0]) == found.provenance.symbols
    assert found.nats([" xylophone"])[0] < found.nats([" xotbnphone"])[0], "the end is known"


def test_a_time_is_above_zero() -> None:
    with pytest.raises(SettingsError, match="seconds is a number above 0, not 0"):
        ContextMixing(seconds=0)
