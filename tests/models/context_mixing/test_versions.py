"""Readers that share tables: each reads as if it were alone, whatever the others read in between."""

from __future__ import annotations

import random

from nextchar import ContextMixing, Corpus
from nextchar.models.context_mixing.reader import ContextMixingReader
from nextchar.models.context_mixing.versions import Version

rng = random.Random(2)
TEXT = "\n".join(" ".join(rng.choice(["the", "king", "of", "a", "sea", "is"]) for _ in range(7)) for _ in range(80))


def test_readers_that_take_turns_read_as_if_alone() -> None:
    model = ContextMixing(contexts=16, learning="adaptive").fit(Corpus.from_documents([TEXT]))
    first = model.reader(adaptive=True)
    first.push("the sea of")
    live = [(first, "the sea of")]
    for _ in range(150):
        k = rng.randrange(len(live))
        reader, read = live[k]
        act = rng.random()
        if act < 0.2 and len(live) < 5:
            live.append((reader.fork(), read))
        elif act < 0.3 and len(live) > 1:
            del live[k]
        else:
            begin = rng.randrange(len(TEXT) - 50)
            more = TEXT[begin : begin + rng.choice([1, 1, 2, 5, 40])]
            reader.push(more)
            live[k] = (reader, read + more)
    for reader, read in live:
        alone = model.reader(adaptive=True)
        alone.push(read)
        assert reader.log_probs.tolist() == alone.log_probs.tolist()


def test_who_goes_far_gets_tables_of_its_own_and_who_is_alone_notes_nothing() -> None:
    model = ContextMixing(contexts=9, learning="adaptive").fit(Corpus.from_documents([TEXT]))
    near = model.reader(adaptive=True)
    assert isinstance(near, ContextMixingReader)
    near.push("the ")
    far = near.fork()
    far.push("sea")
    assert far._tables is near._tables
    near.push("")
    far.push(TEXT)
    assert far._tables is not near._tables
    assert near._version.notes is None
    near.push("king")
    assert near._version.notes is None
    for reader, read in ((near, "the king"), (far, "the sea" + TEXT)):
        alone = model.reader(adaptive=True)
        alone.push(read)
        assert reader.log_probs.tolist() == alone.log_probs.tolist()


def test_versions_know_how_far_they_are() -> None:
    first = Version()
    second = Version(first)
    assert (first.generation, second.generation, Version(second).generation) == (0, 1, 2)
