"""Which n-gram model suits the data: try some on items held out, and take the best.

Longer contexts predict better until the data is too small for them, and no smoothing method wins everywhere; held-out
items decide. Modified Kneser-Ney is tried at rising orders, up to six and until the loss has risen twice: where some
items weigh far more than others, orders 2 and 3 may be worse than both 1 and 6. Then the other methods are tried at the
best order and the two around it. The chosen one is trained anew on everything.

Where items have weights, all is tried with each item counted once, too: a heavy item says much of itself, but of new
items little more than a light one.

A tenth of a short list is too few items to choose by, so further tenths are held out in turn, each of a model trained
on the rest, as long as all of it is quick (cross-validation: Stone, "Cross-validatory choice and assessment of
statistical predictions", 1974). For what it gains see docs/design/counting.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Literal

import numpy as np

from nextchar.core.metrics import CandidateLoss
from nextchar.core.progress import Progress
from nextchar.core.scoring import evaluate
from nextchar.core.spec import Spec, whole
from nextchar.data.corpus import Corpus
from nextchar.data.display import thousands
from nextchar.data.splits import heads, hold_out, tenths
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram

__all__ = ["Choice", "choose", "held_out_parts"]

HIGHEST_ORDER: Final = 10
USUAL_ORDER: Final = 6  # up to which all are tried
FEWEST: Final = 20  # different items from which some are held out
SHORTEST: Final = 400  # characters of texts, from which their ends are held out
SECONDS: Final = 5.0  # of the processor, after which nothing more is tried: a busy machine chooses no worse
MOST_SYMBOLS: Final = 1 << 21  # that are looked at: of more data, items evenly spaced, of texts the beginnings
SAMPLING_SYMBOLS: Final = 60_000  # up to which pitman-yor is tried: it seats each as often as its item counts
TENTHS_SYMBOLS: Final = 60_000  # of the list, times the tenths that are held out
WEIGHED_SYMBOLS: Final = 600_000  # the same where weights count: a few heavy items are most of a tenth

_NAMES: Final = {"add": "add-k", "modified-kneser-ney": "modified Kneser-Ney"}  # others are the name of who found them


@dataclass(frozen=True)
class Choice:
    """What was tried, the best first.

    Attributes:
        tried: settings and nats per symbol of the items held out.
        held_out: how many items they are, or symbols of texts.
        texts: whether the ends of texts were held out, and not items.
        in_turn: whether a part of the items was held out after the other.
    """

    tried: tuple[tuple[Ngram, float], ...]
    held_out: int
    texts: bool = False
    in_turn: bool = False

    @property
    def ngrams(self) -> Ngram:
        """The best."""
        return self.tried[0][0]

    @property
    def spec(self) -> Spec:
        """The same, as the settings of any model."""
        return self.ngrams

    def explanation(self) -> str:
        """Why, in one sentence for people."""
        best, loss = self.tried[0]
        if not self.held_out:
            few = "too short a text to hold its end" if self.texts else "too few items to hold some"
            return f"took {best.summary}: {few} out and choose by {'it' if self.texts else 'them'}"
        rest = "".join(
            f"; {spec.summary}: {other:.4f}"
            for spec, other in _first_of_each(self.tried[1:])
            if spec.smoothing != best.smoothing
        )
        return (
            f"chose {best.summary}: {loss:.4f} nats per symbol on {thousands(self.held_out, self._unit)} held out"
            f"{' in turn' if self.in_turn else ''}, the least of {len(self.tried)} tried{rest}"
        )

    def in_short(self) -> str:
        """What was taken, in a few words: order 6, modified Kneser-Ney, best of 17."""
        best, _ = self.tried[0]
        what = f"order {best.order}, {_NAMES.get(best.smoothing, best.smoothing.title())}"
        few = "too short a text" if self.texts else "too few items"
        what += ", each item once" if best.weights == "ignored" else ""
        return f"{what}, best of {len(self.tried)}" if self.held_out else f"{what}; {few} to try others"

    @property
    def _unit(self) -> str:
        return "symbol" if self.texts else "item"

    @property
    def candidates(self) -> tuple[CandidateLoss, ...]:
        """For a model's metrics."""
        return tuple(
            CandidateLoss(
                smoothing=spec.smoothing,
                order=spec.order,
                nats_per_symbol=None if math.isnan(loss) else loss,
                weights=spec.weights,
            )
            for spec, loss in self.tried
        )


def _first_of_each(tried: tuple[tuple[Ngram, float], ...]) -> Iterator[tuple[Ngram, float]]:
    seen = set()
    for spec, loss in tried:
        if spec.smoothing not in seen:
            seen.add(spec.smoothing)
            yield spec, loss


def choose(data: Corpus, validation: Corpus | None = None, *, progress: Progress | None = None) -> Choice:
    """Try models and rank them; of fewer than 20 different items none are held out, and order 3 Witten-Bell is taken.

    Of texts the end of each is held out, of lists a tenth, of short ones further tenths in turn.

    Args:
        data: the training data, or a part of it.
        validation: the items to judge by; by default some of the data are held out.
        progress: is told how far pitman-yor has come.
    """
    begun = time.process_time()
    texts = data.whole_texts
    if validation is not None:
        parts = [(_thinned(data), _thinned(validation))]
    elif data.symbols < SHORTEST if texts else len(np.unique(data.fingerprints())) < FEWEST:
        few = Ngram(order=3, smoothing="witten-bell", weights="ignored" if _weighted(data) else "repeats")
        return Choice(((few, math.nan),), held_out=0, texts=texts)
    else:
        parts = held_out_parts(_thinned(data))
    tried: list[tuple[Ngram, float]] = []
    counts: dict[tuple[int, int, str], Counts] = {}

    def attempt(spec: Ngram) -> float:
        nats = weight = 0.0
        for number, (rest, held) in enumerate(parts):
            known = number, spec.order, spec.weights
            if known not in counts:
                counts[known] = count(spec.counted(rest), spec.order)
            model = whole(spec.from_counts(counts[known], progress=progress if len(parts) == 1 else None))
            loss = evaluate(model, held)
            nats, weight = nats + loss.nats, weight + loss.weight
        tried.append((spec, nats / weight))
        return tried[-1][1]

    going: list[Literal["repeats", "ignored"]] = ["repeats", "ignored"] if _weighted(data) else ["repeats"]
    best: dict[str, tuple[float, int]] = {}
    for order in range(1, HIGHEST_ORDER + 1):
        for weights in going:
            loss = attempt(Ngram(order=order, smoothing="modified-kneser-ney", weights=weights))
            best[weights] = min(best.get(weights, (loss, order)), (loss, order))
        going = [weights for weights in going if order < max(best[weights][1] + 2, USUAL_ORDER)]
        if not going or time.process_time() - begun > SECONDS:
            break
    first = min(tried, key=lambda pair: pair[1])[0]
    highest = max(spec.order for spec, _ in tried if spec.weights == first.weights)
    around = [order for order in (first.order, first.order - 1, first.order + 1) if 1 <= order <= highest]
    others: list[Ngram] = []
    others += [replace(first, order=order, smoothing="witten-bell") for order in around]
    others += [replace(first, order=order, smoothing="kneser-ney") for order in around]
    others += [replace(first, order=order, smoothing="add", tune="leave-one-out") for order in around]
    if first.counted(data).weighted_symbols <= SAMPLING_SYMBOLS:
        others.append(replace(first, smoothing="pitman-yor"))
    for spec in others:
        if time.process_time() - begun > SECONDS:
            break
        attempt(spec)
    judges = sum(held.symbols if texts else len(held) for _, held in parts)
    return Choice(tuple(sorted(tried, key=lambda pair: pair[1])), judges, texts, in_turn=len(parts) > 1)


def held_out_parts(data: Corpus, *, most: int = 10) -> list[tuple[Corpus, Corpus]]:
    """What models are chosen by: the rest and what is held out, of short lists several times.

    Args:
        data: of which something can be held out.
        most: parts, at most 10.
    """
    if data.whole_texts:
        return [hold_out(data)]
    if data.weights is None or data.weighted_symbols <= SAMPLING_SYMBOLS:
        quick = TENTHS_SYMBOLS // data.weighted_symbols
    else:
        quick = WEIGHED_SYMBOLS // data.symbols
    return list(islice(tenths(data), max(min(quick, most), 1)))


def _weighted(data: Corpus) -> bool:
    return data.weights is not None and bool((data.weights > 1).any())


def _thinned(data: Corpus) -> Corpus:
    return heads(data, 1 / -(-data.symbols // MOST_SYMBOLS))
