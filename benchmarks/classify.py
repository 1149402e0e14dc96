"""Labels of texts, beside scikit-learn's n-gram logistic regression and naive Bayes, on the same splits.

The sex of a given name, from the names that ship with the package, and the language of a word, from five word lists of
Debian (apt-get install wamerican wngerman wfrench wspanish witalian, or a folder with their files in NEXTCHAR_WORDS).
Each split holds out a tenth to choose the rivals' strength by and a tenth to measure on, by a hash of the text; no
text is on two sides. nextchar's settings are its defaults, chosen on the validation part of the first split of names.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import nextchar
from benchmarks.data import Settings
from benchmarks.report import Row, Section, Target
from nextchar.data.datasets import shipped_path
from nextchar.tasks.calibration import log_loss, reliability
from nextchar.tasks.classifier import Classifier

__all__ = ["run"]

WORD_LISTS = {
    "English": "american-english",
    "German": "ngerman",
    "French": "french",
    "Spanish": "spanish",
    "Italian": "italian",
}
SPLITS = 3
WORDS = 10_000  # of each language
Fitted = tuple[Callable[[Sequence[str]], npt.NDArray[np.float64]], npt.NDArray[Any]]


def run(settings: Settings) -> list[Section]:  # noqa: ARG001 - a benchmark's interface
    """Both tasks."""
    sections = [_section("Sex of a given name", _names(), SPLITS)]
    words = _words()
    if words is None:
        about = "Skipped: the word lists are not there; install them or set NEXTCHAR_WORDS."
        return [*sections, Section(title="Language of a word", about=about, rows=[], targets=[])]
    return [*sections, _section("Language of a word", words, 1)]


def _names() -> dict[str, str]:
    """Distinct names, each with the sex of most of its births."""
    births: dict[str, dict[str, int]] = {}
    with shipped_path().open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            births.setdefault(row["name"].lower(), {"F": 0, "M": 0})[row["sex"]] += int(row["births"])
    return {name: "F" if b["F"] > b["M"] else "M" for name, b in births.items() if b["F"] != b["M"]}


def _words() -> dict[str, str] | None:
    """Lower-case words of letters that are in one language's list alone."""
    folder = Path(os.environ.get("NEXTCHAR_WORDS", "/usr/share/dict"))
    if not all((folder / name).exists() for name in WORD_LISTS.values()):
        return None
    lists = {
        language: {word for word in (folder / name).read_text(encoding="utf-8").split() if word.isalpha()}
        for language, name in WORD_LISTS.items()
    }
    chosen: dict[str, str] = {}
    for language, words in lists.items():
        others = set().union(*(other for name, other in lists.items() if name != language))
        own = sorted({word.lower() for word in words} - {word.lower() for word in others})
        picked = np.random.default_rng(0).choice(len(own), WORDS, replace=False)
        chosen |= {own[i]: language for i in sorted(picked.tolist())}
    return chosen


def _section(title: str, label_of: dict[str, str], splits: int) -> Section:
    corpus = nextchar.Corpus.from_items(list(label_of))
    figures: dict[str, list[tuple[float, float, float]]] = {}
    curve: list[tuple[float, float, int]] = []
    held_out = 0
    for seed in range(splits):
        parts = nextchar.split(corpus, "distinct", seed=seed)
        texts = [list(part) for part in (parts.train, parts.validation, parts.test)]
        labels = [np.array([label_of[text] for text in part]) for part in texts]
        for name, fit in (
            ("nextchar, Classifier()", _ours),
            ("scikit-learn, logistic regression of 1- to 6-grams", _logistic),
            ("scikit-learn, multinomial naive Bayes of 1- to 6-grams", _bayes),
        ):
            begun = time.perf_counter()
            log_proba, classes = fit(texts[0], labels[0], texts[1], labels[1])
            seconds = time.perf_counter() - begun
            rows = log_proba(texts[2])
            accuracy = float(np.mean(classes[rows.argmax(axis=1)] == labels[2]))
            figures.setdefault(name, []).append((accuracy, log_loss(rows, classes, labels[2].tolist()), seconds))
            if name.startswith("nextchar") and not curve:
                curve = reliability(np.exp(rows), classes, labels[2].tolist())
        held_out += len(texts[2])
    means = {name: np.mean(values, axis=0) for name, values in figures.items()}
    rows_ = [
        Row(
            name=name,
            value=float(mean[0]),
            unit="accuracy",
            ours=name.startswith("nextchar"),
            note=f"log loss {mean[1]:.4f} nats, {mean[2]:.1f} s to fit",
        )
        for name, mean in means.items()
    ]
    ours, *others = means.values()
    error = float(np.sqrt(ours[0] * (1 - ours[0]) / held_out))
    calibration = "; ".join(f"{said:.2f} said, {seen:.2f} seen ({n:,})" for said, seen, n in curve)
    return Section(
        title=title,
        about=f"{len(label_of):,} distinct texts; means over {splits} split{'s' * (splits > 1)}, {held_out:,} texts "
        f"held out in all, so that chance moves an accuracy by {error:.4f}. nextchar's calibration on the first: "
        f"{calibration}.",
        rows=rows_,
        targets=[
            Target(
                wanted="accuracy at least the better rival's",
                got=f"{ours[0]:.4f} to {max(other[0] for other in others):.4f}",
                met=bool(ours[0] >= max(other[0] for other in others)),
            ),
            Target(
                wanted="log loss at most the better rival's",
                got=f"{ours[1]:.4f} to {min(other[1] for other in others):.4f}",
                met=bool(ours[1] <= min(other[1] for other in others)),
            ),
        ],
    )


def _ours(X: list[str], y: Any, X_choose: list[str], y_choose: Any) -> Fitted:  # noqa: ARG001
    found = Classifier().fit(X, y)
    return found.predict_log_proba, found.classes_


def _logistic(X: list[str], y: Any, X_choose: list[str], y_choose: Any) -> Fitted:
    from sklearn.linear_model import LogisticRegression

    return _best_rival([LogisticRegression(C=C, max_iter=1000) for C in (0.1, 0.3, 1, 3)], X, y, X_choose, y_choose)


def _bayes(X: list[str], y: Any, X_choose: list[str], y_choose: Any) -> Fitted:
    from sklearn.naive_bayes import MultinomialNB

    return _best_rival([MultinomialNB(alpha=a) for a in (0.03, 0.1, 0.3, 1, 3)], X, y, X_choose, y_choose)


def _best_rival(candidates: list[Any], X: list[str], y: Any, X_choose: list[str], y_choose: Any) -> Fitted:
    """The one with the least log loss on the validation part."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.pipeline import make_pipeline

    vectorizer = CountVectorizer(analyzer="char", ngram_range=(1, 6), lowercase=False, binary=True)

    def marked(texts: Sequence[str]) -> list[str]:
        return [f"^{text}$" for text in texts]

    features = vectorizer.fit_transform(marked(X))
    held_out = vectorizer.transform(marked(X_choose))
    best = min(
        (candidate.fit(features, y) for candidate in candidates),
        key=lambda model: log_loss(model.predict_log_proba(held_out), model.classes_, y_choose),
    )
    pipeline = make_pipeline(vectorizer, best)
    return lambda texts: pipeline.predict_log_proba(marked(texts)), best.classes_
