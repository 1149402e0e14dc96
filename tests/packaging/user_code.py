"""A user's program, which a type checker reads; it is not run."""

from pathlib import Path
from typing import assert_type

import nextchar


def names(path: Path) -> list[str]:
    """New names after those of a list."""
    corpus = nextchar.Corpus.from_file(path)
    model = nextchar.Ngram(order=3, add=0.1).fit(corpus)
    assert_type(model, nextchar.NgramModel)
    model.save(path.with_suffix(".safetensors"))
    return model.sample(3, seed=1, new=True)


def loss(path: Path, items: list[str]) -> float:
    """Nats per symbol of a saved model."""
    model = nextchar.load(path)
    assert_type(model, nextchar.Model)
    return sum(nats for _, nats in model.surprisal(items[0]))


def net(corpus: nextchar.Corpus) -> list[str]:
    """The same with a net."""
    return nextchar.Transformer(width=16, heads=2, layers=1, steps=20).fit(corpus).sample(3, seed=1)


def safely(path: Path) -> nextchar.Model | None:
    """None where there is no model."""
    try:
        return nextchar.load(path)
    except nextchar.NextcharError:
        return None
