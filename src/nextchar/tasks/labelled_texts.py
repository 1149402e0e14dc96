"""What a classifier is given: texts, their labels, weights and prior, checked before anything is learned from them.

Letters: n texts, C labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.display import thousands
from nextchar.data.sequences import texts_of, value_name
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, SettingsError
from nextchar.tasks.labels import Labels, labels_of, named_labels, weights_of

__all__ = ["checked_classes", "labelled_texts", "prior_of", "texts_corpus"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def labelled_texts(
    X: Iterable[str], y: Iterable[Any], sample_weight: Iterable[float] | None, options: TextOptions | None
) -> tuple[Corpus, Labels, F64 | None]:
    """The texts in an alphabet with a symbol for unknown characters, the labels, and the weights.

    Raises:
        SettingsError: labels or weights are missing, of several kinds, or not one for each text.
        CorpusError: a text is blank, or no text.
    """
    labels, texts = labels_of(y), texts_of(X)
    if len(labels) != len(texts):
        raise SettingsError(f"{thousands(len(texts), 'text')}, but {thousands(len(labels), 'label')}")
    weights = weights_of(sample_weight, len(texts))
    corpus = texts_corpus(texts, options, None)
    corpus = corpus.encoded_in(corpus.alphabet.only(corpus.alphabet.names, has_unknown=True))
    if weights is None:
        return corpus, labels, None
    used = np.flatnonzero(weights > 0)
    weights = weights[used]
    times = weights if (weights == np.floor(weights)).all() else np.maximum(weights / np.median(weights), 1)
    counted: I64 = np.minimum(times.round(), float(1 << 53)).astype(np.int64)
    return replace(corpus.take(used), weights=counted).checked(), labels[used], weights


def checked_classes(labels: Labels, folds: int) -> tuple[Labels, npt.NDArray[np.intp]]:
    """The different labels, (C,), sorted, and the place of each text's among them, (n,).

    Raises:
        SettingsError: there are fewer than two, or one has fewer texts than folds.
    """
    classes, which = np.unique(labels, return_inverse=True)
    texts = np.bincount(which)
    if len(classes) < 2:
        only = f"; there is {named_labels(classes)} alone" if len(classes) else ""
        raise SettingsError(f"a classifier needs at least two labels{only}")
    if texts.min() < folds:
        few = classes.tolist()[texts.argmin()]
        raise SettingsError(
            f"the label {few!r} has {thousands(int(texts.min()), 'text')}; {folds} folds need as many at least"
        )
    return classes, which


def texts_corpus(X: Iterable[str] | Corpus, options: TextOptions | None, alphabet: Alphabet | None) -> Corpus:
    """The texts as a corpus, in an alphabet if it is given; what is a corpus is taken as it was read.

    Raises:
        SettingsError: there are none to learn from.
        CorpusError: a text is blank, or no text.
    """
    if isinstance(X, Corpus):
        return X if alphabet is None else X.encoded_in(alphabet)
    texts, options = texts_of(X), options or TextOptions()
    if not texts:
        if alphabet is None:
            raise SettingsError("there are no texts to learn from")
        return Corpus(alphabet, np.empty(0, dtype=alphabet.dtype))
    corpus = Corpus.from_items(texts, options=options, alphabet=alphabet) if any(map(str.strip, texts)) else None
    if corpus is None or len(corpus) != len(texts):
        blank = next(i for i, text in enumerate(texts) if not options.apply(text))
        raise CorpusError(f"text {blank + 1} is blank; a blank text has no label")
    return corpus


def prior_of(prior: str | Mapping[Any, float], classes: Labels, sizes: F64) -> F64:
    """The probability of each label before a text is read, (C,).

    Args:
        prior: data, for the labels' shares in the training data, uniform, or label -> probability.
        classes: (C,) the labels.
        sizes: (C,) how much the texts of each label count together.

    Raises:
        SettingsError: it is none of these, or not for these labels.
    """
    if isinstance(prior, str):
        if prior not in ("data", "uniform"):
            raise SettingsError(f"the prior is data, uniform or label -> probability, not {prior!r}")
        return sizes / sizes.sum() if prior == "data" else np.full(len(classes), 1 / len(classes))
    if not isinstance(prior, Mapping):
        raise SettingsError(f"the prior is data, uniform or label -> probability, not {prior!r}")
    if strange := [label for label in prior if label not in set(classes.tolist())]:
        raise SettingsError(f"the prior has {strange[0]!r}, which is none of the labels: {named_labels(classes)}")
    given = [prior.get(label, 0.0) for label in classes.tolist()]
    for label, value in zip(classes.tolist(), given, strict=True):
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real) or not 0 < value < np.inf:
            raise SettingsError(
                f"the prior needs a probability above 0 for each label: {named_labels(classes)}; that of {label!r} "
                f"is {value_name(value)}"
            )
    values = np.array(given, dtype=np.float64)
    shares: F64 = values / values.max()  # whose sum is no number too large
    shares /= shares.sum()
    if not shares.all():
        label = classes.tolist()[shares.argmin()]
        raise SettingsError(f"the prior of {label!r}, {float(prior[label]):g}, is nothing beside the others")
    return shares
