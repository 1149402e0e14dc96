"""Kneser-Ney with contexts that occurred once left out, beside the n-gram model that has them all."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar import Corpus, Ngram
from nextchar.automata.automaton import ROOT
from nextchar.models.context_mixing.kneser_ney import PASSED, ROUNDED, kneser_ney_of
from nextchar.models.context_mixing.recurring import machine_of_text

SAID = -40.0  # nats, of all symbols, by who stands beside


def documents(rng: np.random.Generator) -> list[str]:
    """Short texts of few letters, in which much recurs; the first has some."""
    kinds, number = int(rng.integers(1, 5)), int(rng.integers(1, 6))
    sizes = [int(rng.integers(1, 60)), *rng.integers(0, 60, number - 1).tolist()]
    return ["".join("abcd"[symbol] for symbol in rng.integers(0, kinds, size)) for size in sizes]


def what_to_read(rng: np.random.Generator, corpus: Corpus) -> np.ndarray:
    """Symbols of chance, and between them parts of the text."""
    ids = rng.integers(0, corpus.alphabet.size, 200)
    for at in range(0, 200, 40):
        begin = int(rng.integers(0, max(len(corpus.ids) - 30, 1)))
        part = corpus.ids[begin : begin + 30]
        ids[at : at + len(part)] = part
    return ids


@pytest.mark.parametrize("seed", range(40))
def test_it_says_what_the_whole_model_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corpus, n = Corpus.from_documents(documents(rng)), int(rng.integers(2, 9))
    whole = Ngram(order=n, smoothing="modified-kneser-ney").fit(corpus).automaton
    found = kneser_ney_of(corpus.alphabet, corpus.ids, np.full((n, len(PASSED) + 1), 0.25))
    ids, unread = what_to_read(rng, corpus), np.array([-1])
    for begin, there in ((whole.start, found.start(1)), (ROOT, np.array([ROOT], dtype=np.int32))):
        log_probs, kinds, _ = found.follow(ids.astype(corpus.alphabet.dtype), int(there[0]))
        state = np.array([begin], dtype=np.int32)
        for t, symbol in enumerate(ids):
            row = np.full((1, corpus.alphabet.size), SAID)
            found.mix_rows(there, unread, row)
            wanted = np.logaddexp(np.log(0.75) + SAID, np.log(0.25) + whole.rows(state)[0])
            np.testing.assert_allclose(row[0], wanted, atol=1e-9)
            passed = np.searchsorted(PASSED, np.exp(whole.price[state[0]]) - ROUNDED)
            assert kinds[t] == whole.depth[state[0]] * (len(PASSED) + 1) + passed
            said, state = whole.step(state, np.array([symbol]))
            assert log_probs[t] == pytest.approx(said[0], abs=1e-9)
            found.mix_rows(there, np.array([symbol]), row)


def test_contexts_that_occurred_once_are_no_states() -> None:
    # Of `abcabd` two contexts occurred twice: a, and ab, after which came c and d; b too. The empty one is the root.
    corpus = Corpus.from_documents(["abcabd"])
    found = machine_of_text(corpus.alphabet, corpus.ids, 4)
    assert found.depth.tolist() == [0, 1, 1, 2]
    V = corpus.alphabet.size
    listed = [found.symbols[begin:end].tolist() for begin, end in zip(found.first[1:-1], found.first[2:], strict=True)]
    a, b, c, d = corpus.alphabet.encode("abcd")
    assert listed == [[b], [c, d], [c, d]]
    assert found.first[1] == V
    # Before the first symbol stands a boundary, which occurred once; before the second a, which did not.
    assert found.known.tolist() == [0, 1, 3, 0, 1, 3, 0]
    assert a == 1
    assert found.start[0] == 4 + 1


def test_the_text_is_large_enough_for_several_words_of_a_key() -> None:
    # 40 symbols take 6 bits, ten of them a word: 16 symbols take two.
    rng = np.random.default_rng(1)
    text = "".join(chr(0x4E00 + symbol) for symbol in rng.zipf(1.3, 3_000) % 39)
    corpus = Corpus.from_documents([text, text[500:600] * 3])
    whole = Ngram(order=16, smoothing="modified-kneser-ney").fit(corpus).automaton
    found = kneser_ney_of(corpus.alphabet, corpus.ids, np.zeros((16, len(PASSED) + 1)))
    ids = corpus.ids[400:1_400]
    states, wanted = np.array([ROOT], dtype=np.int32), []
    for symbol in ids:
        said, states = whole.step(states, np.array([symbol]))
        wanted.append(said[0])
    assert found.follow(ids, ROOT)[0].tolist() == pytest.approx(wanted, abs=1e-9)
