"""The loss of a model within a time: of everything or, where that takes too long, of a sample."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from nextchar.core.protocol import LanguageModel
from nextchar.core.scoring import Evaluation, evaluate, symbol_nats
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus

__all__ = ["evaluate_within", "sample_note"]

FIRST_SYMBOLS: Final = 500  # are measured, whatever the time, and tell how fast it goes
GROWTH: Final = 4  # of a group of items, at most, over the one before
SAFE: Final = 0.7  # of the time left is planned with
LONGEST: Final = 512  # symbols of an item that are read where there is little time: longer ones are read in part,
# and further where time is left when all have been read so far
FURTHER: Final = 16  # times as far, at most
SEED: Final = 0  # of which items are measured first


def evaluate_within(model: LanguageModel, corpus: Corpus, seconds: float | None) -> Evaluation:
    """As `evaluate`; where the time does not suffice, on some items of chance, of long ones the first symbols.

    The result's `symbols` says how many were measured.

    Args:
        model: any language model.
        corpus: in any alphabet that the model's includes.
        seconds: about so long; None for as long as it takes.

    Raises:
        UnknownSymbolError: the corpus has a character that the model does not know.
    """
    if seconds is None or not len(corpus):
        return evaluate(model, corpus)
    begun = time.perf_counter()
    corpus = corpus.encoded_in(model.alphabet)
    order = np.random.default_rng(SEED).permutation(len(corpus))
    ends = np.cumsum(np.minimum(corpus.lengths[order] + 1, LONGEST))  # symbols read after each item
    done, allowed = 0, float(FIRST_SYMBOLS)
    found: list[Evaluation] = []
    long: list[int] = []  # those of which the beginning was read
    begun_long: list[Evaluation] = []
    while done < len(order):
        before = int(ends[done - 1]) if done else 0
        until = max(int(np.searchsorted(ends, before + allowed, side="right")), done + (not done))
        if until == done:
            break
        group = order[done:until]
        started = time.perf_counter()
        cut = corpus.lengths[group] >= LONGEST
        begun_long += [_beginning(model, corpus, int(item)) for item in group[cut]]
        long += group[cut].tolist()
        if not cut.all():
            found.append(evaluate(model, corpus.take(group[~cut])))
        now = time.perf_counter()
        read = int(ends[until - 1]) - before
        speed = read / max(now - started, 1e-9)
        allowed = min(max(GROWTH * read, 2 * LONGEST), SAFE * (seconds - (now - begun)) * speed)
        done = until
    if done == len(order) and long:
        speed = int(ends[-1]) / max(time.perf_counter() - begun, 1e-9)
        begun_long = _further(model, corpus, long, begun_long, speed, begun + seconds)
    found += begun_long
    return Evaluation(
        items=sum(part.items for part in found),
        symbols=sum(part.symbols for part in found),
        nats=sum(part.nats for part in found),
        weight=sum(part.weight for part in found),
        impossible=next((part.impossible for part in found if part.impossible), None),
    )


def sample_note(found: Evaluation, corpus: Corpus, what: str) -> str | None:
    """For people: that a loss is that of a sample; None where it is that of the whole corpus."""
    if found.symbols == corpus.symbols:
        return None
    return f"the loss on the {what} is that of a sample of {found.symbols:,} of {corpus.symbols:,} symbols"


def _further(
    model: LanguageModel,
    corpus: Corpus,
    items: Sequence[int],
    found: list[Evaluation],
    speed: float,
    until: float,
) -> list[Evaluation]:
    """Longer beginnings of long items, as long as the time allows; in the end the items as a whole.

    Each round reads them anew from where they begin, several times as far as the one before.

    Args:
        model: any.
        corpus: in its alphabet.
        items: their numbers.
        found: what was found of their first symbols.
        speed: symbols a second, so far.
        until: when the time is over, by `time.perf_counter`.
    """
    sizes = corpus.lengths[list(items)] + 1
    length, longest = LONGEST, int(sizes.max())
    while length < longest:
        allowed = SAFE * (until - time.perf_counter()) * speed
        further = min(FURTHER * length, longest)
        while further > length and np.minimum(sizes, further).sum() > allowed:
            further //= 2
        if further < min(2 * length, longest):
            break
        started = time.perf_counter()
        found = [_read_until(model, corpus, item, further) for item in items]
        speed = float(np.minimum(sizes, further).sum()) / max(time.perf_counter() - started, 1e-9)
        length = further
    return found


def _read_until(model: LanguageModel, corpus: Corpus, item: int, length: int) -> Evaluation:
    """The loss on an item, or on so many symbols at its beginning."""
    whole = corpus.take([item])
    if whole.symbols <= length:
        return evaluate(model, whole)
    ids = whole.ids[: length + 1].copy()
    ids[-1] = BOUNDARY
    weight = int(whole.weights_or_ones[0])
    nats = float(symbol_nats(model, replace(whole, ids=ids))[:-1].sum())
    return Evaluation(items=1, symbols=length, nats=weight * nats, weight=weight * length)


def _beginning(model: LanguageModel, corpus: Corpus, item: int) -> Evaluation:
    """The loss on the first symbols of a long item."""
    first = corpus.offsets[item]
    targets = corpus.ids[first : first + LONGEST]
    ids = np.concatenate([np.full(1, BOUNDARY, dtype=targets.dtype), targets[:-1]])
    rows = model.log_probs(ids[None])[0]  # (T, V)
    weight = int(corpus.weights_or_ones[item])
    nats = -float(rows[np.arange(len(targets)), targets].sum())
    return Evaluation(items=1, symbols=len(targets), nats=weight * nats, weight=weight * len(targets))
