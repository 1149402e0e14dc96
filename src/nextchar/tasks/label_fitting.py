"""Fitting the pool of a classifier: each fold of the texts is judged by models of the other folds.

Letters: n texts, C labels, F features of a text and a label, M models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.fitted_labels import FittedLabels, highest_order, label_counts, strangers
from nextchar.tasks.label_reader import PARTS, LabelReader, models_of, parts_of_texts, reversed_items
from nextchar.tasks.labels import Labels
from nextchar.tasks.log_linear_pool import fitted_pool
from nextchar.tasks.typicality import Typicality

__all__ = ["fitted_labels"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
FITTED_ON: Final = 50_000  # texts that the weights are fitted to, at most
FITTED_CELLS: Final = 1 << 26  # and numbers that the models say of these; 256 MB


def fitted_labels(
    specs: Sequence[Ngram],
    corpus: Corpus,
    classes: Labels,
    which: Places,
    *,
    sizes: F64,
    prior: F64,
    weights: F64 | None,
    folds: int,
) -> FittedLabels:
    """The models of each label, their weights in the pool, and what is usual.

    Args:
        specs: the settings of the models with the highest order.
        corpus: n texts.
        classes: (C,) the labels.
        which: (n,) the place of each text's label among the classes.
        sizes: (C,) how much the texts of each label count together.
        prior: (C,) the probability of each label before a text is read.
        weights: (n,) how much each text counts; None where all count the same.
        folds: how many parts the texts are cut into.

    Raises:
        SettingsError: no fold leaves texts of every label in the others.
    """
    models = models_of(specs)
    C, F = len(classes), 2 * len(models) * PARTS
    cut = _folds(corpus, which, C, folds, min(FITTED_ON, max(FITTED_CELLS // (C * F), 1)))
    judged = np.concatenate([part for part, _ in cut])
    features, nats = np.empty((len(judged), C, F), dtype=np.float32), np.empty((len(judged), C))
    strange = np.empty(len(judged), dtype=np.int64)
    begin = 0
    for part, rest in cut:
        at = slice(begin, begin + len(part))
        by_label = _by_label(corpus, which, C, rest)
        strange[at] = _judge_fold(models, by_label, corpus.take(part), features[at], nats[at])
        begin += len(part)
    shares = np.log(sizes / sizes.sum())
    pool = fitted_pool(features, which[judged], shares, None if weights is None else weights[judged])
    del features
    # Each text once: what is promised of new texts holds for those too that were never seen.
    once = np.unique(corpus.fingerprints()[judged], return_index=True)[1]
    usual = Typicality.of(nats[once], strange[once], corpus.lengths[judged[once]] + 1, which[judged[once]])
    counts = label_counts(highest_order(specs), _by_label(corpus, which, C, np.arange(len(corpus))))
    return FittedLabels(tuple(specs), classes, pool[0], pool[1] - shares + np.log(prior), counts, usual)


def _folds(corpus: Corpus, which: Places, C: int, folds: int, most: int) -> list[tuple[I64, I64]]:
    """The texts that are judged in each fold, at most so many in all, and those that they are judged by.

    Equal texts fall into the same fold, so that none is judged by a model that has seen it.
    """
    fold = (corpus.fingerprints() % np.uint64(folds)).astype(np.int64)
    every = -(-len(corpus) // most)
    cut = []
    for k in range(folds):
        judged, rest = np.flatnonzero(fold == k)[::every], np.flatnonzero(fold != k)
        if len(judged) and len(np.unique(which[rest])) == C:
            cut.append((judged, rest))
    if not cut:
        raise SettingsError("the texts are too few, or too much alike, to fit the weights to")
    return cut


def _by_label(corpus: Corpus, which: Places, C: int, wanted: I64) -> list[Corpus]:
    return [corpus.take(wanted[which[wanted] == label]) for label in range(C)]


def _judge_fold(
    models: Sequence[Ngram], parts: Sequence[Corpus], judged: Corpus, features: npt.NDArray[np.float32], nats: F64
) -> I64:
    """What models of the parts, one a label, say of each text: its features (n, C, F), and its nats (n, C).

    Only one label's models are there at a time. Characters that are in none of the parts say nothing of the label, and
    how many a text has is the result, (n,).
    """
    known = np.zeros(judged.alphabet.size, dtype=np.bool_)
    for part in parts:
        known[part.ids] = True
    views = (judged, reversed_items(judged))
    by_model = features.reshape(len(judged), len(parts), len(models), 2, PARTS)
    order = max(model.order for model in models)
    nats[:] = 0.0
    for label, part in enumerate(parts):
        for way, (view, own) in enumerate(zip(views, (part, reversed_items(part)), strict=True)):
            log_prob = LabelReader(count(own, order)).log_probs(models, view)
            log_prob[~known[view.ids]] = 0.0
            nats[:, label] -= np.add.reduceat(log_prob.mean(axis=1), view.offsets[:-1]) / 2
            by_model[:, label, :, way] = parts_of_texts(log_prob, view)
    return strangers(judged, known)
