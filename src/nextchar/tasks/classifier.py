"""Which label fits a text: one set of models for each label, and what they say weighed against each other.

Each label's training texts make their own n-gram models: of every order from 2 to the given one, reading forwards and
backwards. By Bayes' rule the one in whose models a text is more probable is the more probable label,

    log p(label | text) = log prior(label) + log p(text | label) + constant,

but models are surer of themselves than they should be, and their errors have much in common. So the log-probabilities
are pooled with weights (a log-linear pool, Genest and Zidek 1986), the text's total and its parts (the first symbol,
the last two, the end) each with its own. With one model and no parts that is the temperature of Guo et al. (2017);
the weights and a constant for each label are fitted to what models say of texts that they have not seen: each fold of
the data is judged by models of the other folds. So the probabilities that come out are calibrated.

The class follows scikit-learn's interface (fit, predict, predict_proba, get_params, clone, ...) and does not need it.

Letters: n texts, C labels, F features of a text and a label, S symbols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, Self, cast

import numpy as np
import numpy.typing as npt

from nextchar.core.model import Model
from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.core.numerics import normalised
from nextchar.data.alphabet import Alphabet
from nextchar.data.blocks import read_blocks
from nextchar.data.corpus import Corpus, TextOptions
from nextchar.data.display import line_of, shortened, table_html, thousands
from nextchar.data.format import Format
from nextchar.errors import CorpusError, ModelFileError, SettingsError
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of
from nextchar.tasks.log_linear_pool import PARTS, features_of, fitted_pool, reversed_items

__all__ = ["Classifier", "read_labelled"]

F64 = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]

KIND: Final = "classifier"
DEFAULT: Final = (Ngram(order=6, add=0.3), Ngram(order=6, add=3), Ngram(order=6, smoothing="modified-kneser-ney"))
FITTED_ON: Final = 50_000  # texts that the weights are fitted to, at most
CHUNK: Final = 1 << 16  # texts judged at a time


class Classifier:
    """Tells which label fits a text, and how probable that is; an estimator like scikit-learn's.

    Attributes:
        classes_: (C,) the labels, sorted.
        weights_: (F,) of the pool.
        biases_: (C,) constants of the labels, those of the prior among them.
        temperature_: the inverse of the sum of the weights of whole texts: above 1 where models are too sure.

    Example:
        >>> import nextchar
        >>> words = ["gehen", "sehen", "stehen", "ziehen", "going", "seeing", "standing", "drawing"]
        >>> labels = ["de"] * 4 + ["en"] * 4
        >>> model = nextchar.Classifier(folds=2).fit(words, labels)
        >>> model.predict(["drehen", "flying"]).tolist()
        ['de', 'en']
    """

    def __init__(
        self,
        specs: Sequence[Ngram] = DEFAULT,
        *,
        prior: str | Mapping[Any, float] = "data",
        least: float = 0.0,
        folds: int = 5,
        options: TextOptions | None = None,
    ) -> None:
        """Only stores its arguments, as an estimator has to.

        Args:
            specs: the settings of the models with the highest order, one or more; lower orders have the same but for
                that.
            prior: "data" for the labels' shares in the training data, "uniform", or label -> probability.
            least: below this probability of the best label `predict` says None: don't know.
            folds: how many parts the data is cut into to fit the weights.
            options: what is done to the text; by default blanks at the ends are stripped.
        """
        self.specs = specs
        self.prior = prior
        self.least = least
        self.folds = folds
        self.options = options

    # -- scikit-learn's interface -----------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn's interface
        """The arguments that it was made with."""
        return {name: getattr(self, name) for name in ("specs", "prior", "least", "folds", "options")}

    def set_params(self, **params: Any) -> Self:
        """Change arguments; they take effect at the next fit.

        Raises:
            SettingsError: there is no such argument.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise SettingsError(f"a classifier has no parameter {name!r}; it has {', '.join(self.get_params())}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        highest = max((spec.order for spec in self.specs), default=0)
        kinds = f"{thousands(len(self.specs), 'kind')} of n-gram models up to order {highest}"
        fitted = thousands(len(self.classes_), "label") if hasattr(self, "classes_") else "not fitted"
        return line_of(self, kinds, fitted)

    def _repr_html_(self) -> str:
        rows = [("models", "; ".join(spec.summary for spec in self.specs)), ("folds", str(self.folds))]
        if hasattr(self, "classes_"):
            rows.append(("labels", shortened(", ".join(map(str, self.classes_[:20])))))
            rows.append(("alphabet", f"{self._alphabet.size}: {shortened(self._alphabet.characters)}"))
        return table_html("classifier" if hasattr(self, "classes_") else "classifier, not fitted", rows)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of an estimator; only called by it."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True, one_d_labels=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(string=True, two_d_array=False, one_d_array=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def fit(self, X: Sequence[str], y: Sequence[Any]) -> Self:
        """Learn from texts and their labels.

        Raises:
            SettingsError: fewer than two labels, a label with fewer texts than folds, or a setting out of its range.
            CorpusError: a text is blank.
        """
        corpus, labels = self._checked(X, y)
        classes, which = np.unique(labels, return_inverse=True)
        sizes = np.bincount(which)
        if len(classes) < 2:
            raise SettingsError(f"a classifier needs at least two labels; there is {classes.tolist()}")
        if sizes.min() < self.folds:
            few = classes.tolist()[sizes.argmin()]
            raise SettingsError(f"the label {few!r} has {sizes.min()} texts; {self.folds} folds need as many at least")
        prior = self._prior(classes, sizes)
        # Equal texts fall into the same fold, so that none is judged by a model that has seen it.
        fold = (corpus.fingerprints() % np.uint64(self.folds)).astype(np.int64)
        every = -(-len(corpus) // FITTED_ON)
        features, targets = [], []
        for k in range(self.folds):
            judged = np.flatnonzero(fold == k)[::every]
            rest = np.flatnonzero(fold != k)
            if not len(judged) or len(np.unique(which[rest])) < len(classes):
                continue
            models = _models(self.specs, _by_label(corpus, which, len(classes), rest))
            features.append(features_of(models, corpus.take(judged)))
            targets.append(which[judged])
        if not features:
            raise SettingsError("the texts are too few, or too much alike, to fit the weights to")
        shares = np.log(sizes / sizes.sum())
        weights, biases = fitted_pool(np.concatenate(features), np.concatenate(targets), shares)
        self.classes_: Labels = classes
        self.weights_: F64 = weights
        self.biases_: F64 = biases - shares + np.log(prior)
        self._counts = _label_counts(_order(self.specs), _by_label(corpus, which, len(classes), np.arange(len(corpus))))
        self._made = _models_of_counts(self.specs, self._counts)
        return self

    def predict_log_proba(self, X: Sequence[str]) -> F64:
        """Log p(label | text), (n, C), nats.

        Raises:
            SettingsError: it is not fitted.
            CorpusError: a text is blank.
        """
        corpus = self._corpus(X, self._alphabet)
        parts = []
        for begin in range(0, len(corpus), CHUNK):
            part = corpus.take(np.arange(begin, min(begin + CHUNK, len(corpus))))
            parts.append(features_of(self._made, part) @ self.weights_ + self.biases_)
        return normalised(np.concatenate(parts)) if parts else np.empty((0, len(self.classes_)))

    def predict_proba(self, X: Sequence[str]) -> F64:
        """p(label | text), (n, C); the columns in the order of classes_."""
        probabilities: F64 = np.exp(self.predict_log_proba(X))
        return probabilities

    def predict(self, X: Sequence[str]) -> Labels:
        """The most probable label of each text, (n,); None where it is less probable than `least`."""
        probabilities = self.predict_proba(X)
        best: Labels = self.classes_[probabilities.argmax(axis=1)] if len(probabilities) else self.classes_[:0]
        if self.least > 0:
            best = best.astype(object)
            best[probabilities.max(axis=1, initial=0) < self.least] = None
        return best

    def score(self, X: Sequence[str], y: Sequence[Any]) -> float:
        """The share of texts whose label is predicted."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    @property
    def temperature_(self) -> float:
        """What the models' total log-probabilities are divided by, all together."""
        return 1 / max(float(self.weights_[::PARTS].sum()), 1e-9)

    # -- in files ---------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write it to one file, whole or not at all; labels are kept as texts.

        Raises:
            SettingsError: it is not fitted.
            ModelFileError: the file cannot be written there.
        """
        alphabet = self._alphabet
        arrays: dict[str, npt.NDArray[Any]] = {"weights": self.weights_, "biases": self.biases_}
        for i, pair in enumerate(self._counts):
            for way, counts in zip(("forwards", "backwards"), pair, strict=True):
                arrays[f"{i}/{way}/ngrams"] = counts.ngrams
                arrays[f"{i}/{way}/counts"] = counts.counts
        document = {
            "settings": [asdict(spec) for spec in self.specs],
            "labels": [str(label) for label in self.classes_],
            "least": self.least,
            "folds": self.folds,
            "text": asdict(self.options or TextOptions()),
            "alphabet": {"characters": alphabet.characters, "has_unknown": alphabet.has_unknown},
        }
        write_model_file(path, ModelFile(KIND, arrays, document))

    @classmethod
    def load(cls, path: str | Path) -> Classifier:
        """Read one from its file.

        Raises:
            ModelFileError: the file is none, or damaged.
        """
        content = read_model_file(path)
        if content.kind != KIND:
            raise ModelFileError(
                f"{path}: is a model of kind {content.kind}, not a classifier; train one on items with labels",
                argument="labels",
            )
        try:
            document, arrays = content.document, content.arrays
            found = cls(
                [cast(Ngram, spec_of("ngram", settings)) for settings in document["settings"]],
                least=float(document["least"]),
                folds=int(document["folds"]),
                options=TextOptions(**document["text"]),
            )
            alphabet = Alphabet(**document["alphabet"])
            found.classes_ = np.array(document["labels"])
            found.weights_, found.biases_ = arrays["weights"], arrays["biases"]
            found._counts = [
                tuple(
                    Counts.from_arrays(
                        alphabet, _order(found.specs), arrays[f"{i}/{way}/ngrams"], arrays[f"{i}/{way}/counts"]
                    )
                    for way in ("forwards", "backwards")
                )
                for i in range(len(found.classes_))
            ]
            found._made = _models_of_counts(found.specs, found._counts)
            F = len(found._made[0]) * PARTS
            if found.weights_.shape != (F,) or found.biases_.shape != (len(found.classes_),):
                raise ModelFileError("its weights do not fit its models")
        except (LookupError, ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise ModelFileError(f"{path}: is not a usable classifier: {error}") from None
        return found

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _alphabet(self) -> Alphabet:
        if not hasattr(self, "classes_"):
            raise SettingsError("the classifier is not fitted; call fit first")
        return self._counts[0][0].alphabet

    def _checked(self, X: Sequence[str], y: Sequence[Any]) -> tuple[Corpus, Labels]:
        if not 0 <= self.least <= 1:
            raise SettingsError(f"least is a probability, not {self.least}")
        if self.folds < 2:
            raise SettingsError(f"the weights need at least 2 folds, not {self.folds}")
        if not self.specs or min(spec.order for spec in self.specs) < 2:
            raise SettingsError("a classifier takes models of order 2 and more, one at least")
        labels = np.asarray(y)
        if labels.ndim != 1 or len(labels) != len(X):
            raise SettingsError(f"{len(X)} texts, but labels of shape {labels.shape}")
        corpus = self._corpus(X, None)
        return corpus.encoded_in(Alphabet(corpus.alphabet.characters, has_unknown=True)), labels

    def _corpus(self, X: Sequence[str], alphabet: Alphabet | None) -> Corpus:
        if isinstance(X, str):
            raise SettingsError(f"give a list of texts, for example [{X!r}], not one text")
        texts = [str(text) for text in X]
        options = self.options or TextOptions()
        if not texts:
            if alphabet is None:
                raise SettingsError("there are no texts to learn from")
            return Corpus(alphabet, np.empty(0, dtype=alphabet.dtype), np.zeros(1, dtype=np.int64))
        corpus = Corpus.from_items(texts, options=options, alphabet=alphabet)
        if len(corpus) != len(texts):
            blank = next(i for i, text in enumerate(texts) if not options.apply(text))
            raise CorpusError(f"text {blank + 1} is blank; a blank text has no label")
        return corpus

    def _prior(self, classes: Labels, sizes: npt.NDArray[np.intp]) -> F64:
        if isinstance(self.prior, str):
            if self.prior not in ("data", "uniform"):
                raise SettingsError(f"the prior is data, uniform or label -> probability, not {self.prior!r}")
            return sizes / sizes.sum() if self.prior == "data" else np.full(len(classes), 1 / len(classes))
        values = np.array([self.prior.get(label, 0.0) for label in classes.tolist()], dtype=np.float64)
        if (values <= 0).any():
            raise SettingsError(f"the prior needs a probability above 0 for each label: {classes.tolist()}")
        normalised: F64 = values / values.sum()
        return normalised


# -- the models ---------------------------------------------------------------------------------------------------


def _by_label(corpus: Corpus, which: npt.NDArray[np.intp], C: int, wanted: npt.NDArray[np.intp]) -> list[Corpus]:
    return [corpus.take(wanted[which[wanted] == label]) for label in range(C)]


CountPairs = list[tuple[Counts, ...]]


def _label_counts(order: int, parts: Sequence[Corpus]) -> CountPairs:
    return [(count(part, order), count(reversed_items(part), order)) for part in parts]


def _order(specs: Sequence[Ngram]) -> int:
    return max(spec.order for spec in specs)


def _models(specs: Sequence[Ngram], parts: Sequence[Corpus]) -> list[list[Model]]:
    return _models_of_counts(specs, _label_counts(_order(specs), parts))


def _models_of_counts(specs: Sequence[Ngram], counts: CountPairs) -> list[list[Model]]:
    """For each label the models of all orders, each forwards and backwards."""
    return [
        [
            replace(spec, order=order).from_counts(highest.of_order(order))
            for spec in specs
            for order in range(2, spec.order + 1)
            for highest in pair
        ]
        for pair in counts
    ]


# -- how good it is -----------------------------------------------------------------------------------------------


def read_labelled(source: str, format_: Format) -> tuple[list[str], list[str]]:
    """The texts and labels of a table, by its columns; rows without text or without label are left out.

    Raises:
        CorpusError: it cannot be read, or lacks a column.
    """
    rows = (
        row for block in read_blocks(source, format_) for row in zip(block.lines(), block.labels or (), strict=True)
    )
    pairs = [(text, mark) for text, mark in rows if text.strip() and mark.strip()]
    if not pairs:
        raise CorpusError(f"{source}: no row has both {format_.column} and {format_.label}")
    return [text for text, _ in pairs], [mark.strip() for _, mark in pairs]
