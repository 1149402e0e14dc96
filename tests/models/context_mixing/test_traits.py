"""What is learned of symbols: vowels, by who stands beside whom."""

from __future__ import annotations

import numpy as np
import pytest

from nextchar import Corpus
from nextchar.models.context_mixing.traits import vowels_of


@pytest.mark.parametrize(
    ("items", "vowels"),
    [
        (["banana", "Panama", "taken", "token", "pity", "Aron"], "aeioAyOEY"),
        # Arithmetic by hand: a stands beside b (3), c (1): a 4, b 3, c 1. a is one; b 3 - 6 < 0, c 1 - 2 < 0.
        (["bab", "ba", "ac"], "a"),
        (["мама", "папа", "Мила", "рама"], "аиА"),  # another script, capitals with the small
        (["12 34", "??"], ""),
        (["a"], ""),
    ],
)
def test_vowels(items: list[str], vowels: str) -> None:
    corpus = Corpus.from_items(items)
    vowel = vowels_of(corpus.alphabet, corpus.ids)
    found = {name for name, is_one in zip(corpus.alphabet.names, vowel[1:], strict=True) if is_one}
    assert found == {name for name in corpus.alphabet.names if name in vowels}


def test_a_text_of_many_letters() -> None:
    # 600 letters, more than are told apart: those of even numbers stand between the others.
    letters = [chr(0x4E00 + i) for i in range(600)]
    rng = np.random.default_rng(2)
    text = "".join(letters[2 * int(a)] + letters[2 * int(b) + 1] for a, b in rng.integers(0, 300, (5000, 2)))
    corpus = Corpus.from_items([text])
    assert len(vowels_of(corpus.alphabet, corpus.ids)) == corpus.alphabet.size
