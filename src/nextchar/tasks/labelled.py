"""From tables with texts and labels to a trained and measured classifier: what `train --label` does.

A table has a column of texts, one of labels, and perhaps one of weights. Rows without a text, without a label, or of
the weight 0 are left out. A repeat is a row with the text and the label of an earlier one; equal texts never stand on
both sides of the split `distinct`, whatever their labels.

Letters: n texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nextchar.data.blocks import read_blocks
from nextchar.data.corpus import Corpus
from nextchar.data.display import one_line
from nextchar.data.format import Format
from nextchar.data.splits import SplitName, split
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.classifier import DEFAULT, Classifier
from nextchar.tasks.labels import label_places

__all__ = ["LabelledTexts", "Quality", "TrainedClassifier", "read_labelled", "train_classifier"]

Division = SplitName | str


@dataclass(frozen=True, kw_only=True)
class LabelledTexts:
    """Texts with their labels.

    Attributes:
        texts: n of them.
        labels: one for each.
        weights: how often each counts, or None for once.
    """

    texts: list[str]
    labels: list[str]
    weights: list[int] | None = None

    __repr__ = one_line

    @classmethod
    def read(cls, sources: Sequence[str], format_: Format, options: TextOptions | None = None) -> LabelledTexts:
        """The rows of tables, by the columns that the format names; texts may have line ends if the options say so.

        Raises:
            CorpusError: one cannot be read, lacks a column, or has no row with both.
        """
        texts: list[str] = []
        labels: list[str] = []
        weights: list[int] = []
        for source in sources:
            before = len(texts)
            for block in read_blocks(source, format_, options=options or TextOptions()):
                lines = block.lines()
                counted = block.weights or (1,) * len(lines)
                for text, label, weight in zip(lines, block.labels or (), counted, strict=True):
                    if text.strip() and label.strip() and weight:
                        texts.append(text)
                        labels.append(label.strip())
                        weights.append(weight)
            if len(texts) == before:
                also = " and a weight above 0" if format_.weight is not None else ""
                raise CorpusError(f"{source}: no row has both {format_.column} and {format_.label}{also}")
        return cls(texts=texts, labels=labels, weights=weights if format_.weight is not None else None)

    def distinct(self, options: TextOptions) -> LabelledTexts:
        """Each text with each of its labels once, at its first place; weights of repeats are added up."""
        found: dict[tuple[str, str], int] = {}
        for i, (text, label) in enumerate(zip(self.texts, self.labels, strict=True)):
            key = (options.apply(text), label)
            found[key] = found.get(key, 0) + (1 if self.weights is None else self.weights[i])
        return LabelledTexts(
            texts=[text for text, _ in found],
            labels=[label for _, label in found],
            weights=None if self.weights is None else list(found.values()),
        )

    def take(self, indices: npt.NDArray[np.int64]) -> LabelledTexts:
        """Those with these numbers."""
        at = indices.tolist()
        return LabelledTexts(
            texts=[self.texts[i] for i in at],
            labels=[self.labels[i] for i in at],
            weights=None if self.weights is None else [self.weights[i] for i in at],
        )


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How good a classifier is on some texts.

    Attributes:
        items: how many there are.
        accuracy: the share whose label is the most probable one; weighted texts count as often as they weigh.
        log_loss_nats: -log p of the true label on average; infinite where one was not learned.
    """

    items: int
    accuracy: float
    log_loss_nats: float

    __repr__ = one_line


@dataclass(frozen=True, kw_only=True)
class TrainedClassifier:
    """What a training gave.

    Attributes:
        classifier: it.
        texts: how many it was trained on.
        sizes: the texts of each label among them.
        quality: on each part held out that has texts, by its name.
        repeats: rows that were left out because they occurred before.
        note: what to know about the split, or None.
    """

    classifier: Classifier
    texts: int
    sizes: dict[str, int]
    quality: dict[str, Quality]
    repeats: int
    note: str | None

    __repr__ = one_line


def read_labelled(source: str, format_: Format, options: TextOptions) -> tuple[list[str], list[str]]:
    """The texts and labels of a table, by its columns; rows without text or without label are left out.

    Where the options say that items are texts, they may have line ends.

    Raises:
        CorpusError: it cannot be read, or lacks a column.
    """
    found = LabelledTexts.read([source], format_, options)
    return found.texts, found.labels


def train_classifier(
    sources: Sequence[str],
    format_: Format,
    *,
    specs: Sequence[Ngram] = DEFAULT,
    options: TextOptions | None = None,
    distinct: bool = False,
    division: Division = "none",
    seed: int = 0,
) -> TrainedClassifier:
    """Read tables, hold texts out if asked to, train, and measure on those held out.

    Args:
        sources: the tables.
        format_: with the columns of the texts, the labels, and perhaps the weights.
        specs: of the classifier.
        options: what is done to the text; by default blanks at the ends are stripped.
        distinct: count repeated rows once.
        division: which texts to hold out; the split distinct also leaves out repeats.
        seed: of the split distinct.

    Raises:
        CorpusError: the data cannot be read.
        SettingsError: too few texts for the split, or what `Classifier.fit` raises.
    """
    options = options or TextOptions()
    data = LabelledTexts.read(sources, format_, options)
    rows = len(data.texts)
    if distinct or division == "distinct":
        data = data.distinct(options)
    repeats = rows - len(data.texts)
    parts, note = _divided(data.texts, options, division, seed)
    training = data.take(parts["train"])
    classifier = Classifier(specs, options=options).fit(training.texts, training.labels, training.weights)
    labels = np.array(training.labels)
    return TrainedClassifier(
        classifier=classifier,
        texts=len(labels),
        sizes={name: int((labels == name).sum()) for name in classifier.classes_.tolist()},
        quality={
            name: _quality(classifier, data.take(at)) for name, at in parts.items() if name != "train" and len(at)
        },
        repeats=repeats,
        note=note,
    )


def _divided(
    texts: list[str], options: TextOptions, division: Division, seed: int
) -> tuple[dict[str, npt.NDArray[np.int64]], str | None]:
    """The numbers of the texts of each part, and a note on the split."""
    if division == "none":
        return {"train": np.arange(len(texts))}, None
    corpus = Corpus.from_items(texts, options=options)
    # A text's number goes with it as its weight; of repeats, which `distinct` adds up, the text itself tells.
    pieces = split(replace(corpus, weights=np.arange(1, len(texts) + 1)), division, seed=seed)
    parts = {"train": pieces.train, "validation": pieces.validation, "test": pieces.test}
    if division == "distinct":
        prints = corpus.fingerprints()
        at = {name: np.flatnonzero(np.isin(prints, part.fingerprints())) for name, part in parts.items()}
    else:
        at = {name: part.weights_or_ones - 1 for name, part in parts.items()}
    return at, pieces.note


def _quality(classifier: Classifier, data: LabelledTexts) -> Quality:
    log_proba = classifier.predict_log_proba(data.texts)
    places = label_places(classifier.classes_, data.labels)
    true = np.where(places >= 0, log_proba[np.arange(len(places)), places], -np.inf)
    weights = np.ones(len(places)) if data.weights is None else np.array(data.weights, dtype=np.float64)
    return Quality(
        items=len(places),
        accuracy=float(np.average(log_proba.argmax(axis=1) == places, weights=weights)),
        log_loss_nats=-float(np.average(true, weights=weights)),
    )
