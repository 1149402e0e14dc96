"""Honest bits: a text is coded with the rows of a model that learns, and comes back from the code and the model alone.

A row that depended on what comes after, or on the encoder's side of the reading, would come out wrong when decoding;
nats that were not those of the rows would not be the length of the code.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar import ContextMixing, Corpus, Ngram
from nextchar.core.model import Model

constriction = pytest.importorskip("constriction")


def distribution(row: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Any:
    """The symbols' probabilities as the coder takes them; the boundary is one of them."""
    return constriction.stream.model.Categorical(np.exp(row), perfect=False)


def encoded(model: Model, text: str, adaptive: bool) -> tuple[Any, float]:
    """The code of a text, 32-bit words, and what its rows cost, nats."""
    coder, reader = constriction.stream.queue.RangeEncoder(), model.reader(adaptive=adaptive)
    for symbol in model.alphabet.encode(text).tolist():
        coder.encode(symbol, distribution(reader.log_probs))
        reader.take(symbol)
    return coder.get_compressed(), reader.nats


def decoded(model: Model, code: Any, length: int, adaptive: bool) -> str:
    coder, reader = constriction.stream.queue.RangeDecoder(code), model.reader(adaptive=adaptive)
    found = []
    for _ in range(length):
        found.append(coder.decode(distribution(reader.log_probs)))
        reader.take(found[-1])
    return model.alphabet.decode(found)


def check(model: Model, path: Path, text: str, *, adaptive: bool) -> float:
    """Encode and decode, the latter with the model from its file; the nats that the model reports."""
    model.save(path)
    code, nats = encoded(model, text, adaptive)
    assert decoded(nextchar.load(path), code, len(text), adaptive) == text
    reported = model.reader(adaptive=adaptive).push(text)
    assert nats == pytest.approx(reported, rel=1e-9)
    bits = 32 * len(code)
    # the last word is not used up, and rounding costs next to nothing
    assert abs(bits - reported / math.log(2)) <= 0.001 * reported / math.log(2) + 64
    return reported


@pytest.mark.parametrize("adaptive", [False, True])
def test_a_text_comes_back_from_its_code(tmp_path: Path, adaptive: bool) -> None:
    rng = np.random.default_rng(1)
    words = ["rome", "Caesar", "and", "the", "people", "of", "a", "sword", "is", "\n"]
    text = " ".join(rng.choice(words, size=900))
    model = ContextMixing(contexts=25, learning="adaptive").fit(Corpus.from_documents([text[:2500]]))
    learned = check(model, tmp_path / "m", text[2500:4500], adaptive=adaptive)
    # ten words with equal probability: ln 10 nats a word, and the model is near it
    assert learned < 1.4 * math.log(10) * len(text[2500:4500].split(" "))


def test_other_models_code_too(tmp_path: Path) -> None:
    text = "the cat sat on the mat\n" * 20
    check(
        Ngram(order=4).fit(Corpus.from_documents([text])), tmp_path / "m", "the mat sat on a cat\n" * 5, adaptive=False
    )


@pytest.mark.slow
def test_tiny_shakespeare_comes_back_from_its_code(tmp_path: Path, shakespeare: str) -> None:
    cut = len(shakespeare) * 9 // 10
    train, validation = shakespeare[:cut], shakespeare[cut:]
    model = ContextMixing(learning="adaptive").fit(Corpus.from_documents([train]))
    nats = check(model, tmp_path / "m", validation, adaptive=True)
    assert len(validation) == 111_540
    assert nats / len(validation) < 1.30  # PPMd 1.404, zpaq 1.311
