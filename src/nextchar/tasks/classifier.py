"""Which label fits a text: one set of models for each label, and what they say weighed against each other.

Each label's training texts make their own n-gram models: of every order from 2 to the given one, reading forwards and
backwards. By Bayes' rule the one in whose models a text is more probable is the more probable label,

    log p(label | text) = log prior(label) + log p(text | label) + constant,

but models are surer of themselves than they should be, and their errors have much in common. So the log-probabilities
are pooled with weights (a log-linear pool, Genest and Zidek 1986), the text's total and its parts (the first symbol,
the last two, the end) each with its own. With one model and no parts that is the temperature of Guo et al. (2017);
the weights and a constant for each label are fitted to what models say of texts that they have not seen: each fold of
the data is judged by models of the other folds. So the probabilities that come out are calibrated. A character that no
label knows says nothing of the label.

A text may have none of the labels. How usual it is for the one that it suits best is measured on the same texts held
out (see `typicality`), so that "none of these" is said at a known rate of false alarms.

The class follows scikit-learn's interface (fit, predict, predict_proba, get_params, clone, ...) and does not need it.

Letters: n texts, C labels, F features of a text and a label, S symbols.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from nextchar.core.model_file import read_model_file, write_model_file
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.display import LONGEST, line_of, shortened, table_html, thousands
from nextchar.data.text_options import TextOptions
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.classifier_file import KIND, classifier_file, fitted_from, parameters_from
from nextchar.tasks.fitted_labels import FittedLabels
from nextchar.tasks.label_fitting import fitted_labels
from nextchar.tasks.label_reader import PARTS
from nextchar.tasks.labelled_texts import checked_classes, labelled_texts, prior_of, texts_corpus
from nextchar.tasks.labels import Labels, label_places, weights_of

__all__ = ["Classifier", "Judged"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

DEFAULT: Final = (Ngram(order=6, add=0.3), Ngram(order=6, add=3), Ngram(order=6, smoothing="modified-kneser-ney"))
PARAMETERS: Final = ("specs", "prior", "least", "folds", "options", "none_rate")


@dataclass(frozen=True, eq=False)
class Judged:
    """What a classifier says of n texts.

    Attributes:
        log_proba: (n, C) log p(label | text), nats.
        best: (n,) where the label stands in classes_; -1 for don't know and for none of these.
        typicality: (n,) the share of texts held out that are at least as odd; None where it was not asked for, or the
            classifier has not learned it (a file of version 0.1.0).
    """

    log_proba: F64
    best: npt.NDArray[np.intp]
    typicality: F64 | None


class Classifier:
    """Tells which label fits a text, and how probable that is; an estimator like scikit-learn's.

    Attributes:
        classes_: (C,) the labels, sorted, of the type that they had.
        weights_: (F,) of the pool.
        biases_: (C,) constants of the labels, those of the prior among them.
        temperature_: the inverse of the sum of the weights of whole texts: above 1 where models are too sure.

    Examples:
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
        none_rate: float = 0.0,
    ) -> None:
        """Only stores its arguments, as an estimator has to.

        Args:
            specs: the settings of the models with the highest order, one or more; lower orders have the same but for
                that.
            prior: "data" for the labels' shares in the training data, "uniform", or label -> probability.
            least: below this probability of the best label `predict` says None: don't know.
            folds: how many parts the data is cut into to fit the weights.
            options: what is done to the text; by default blanks at the ends are stripped.
            none_rate: `predict` says None of a text that is odder to every label than all but this share of the texts
                held out: none of these. So many texts that have one of the labels are turned away; 0 for none.
        """
        self.specs = specs
        self.prior = prior
        self.least = least
        self.folds = folds
        self.options = options
        self.none_rate = none_rate

    # -- scikit-learn's interface -----------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn's interface
        """The arguments that it was made with."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def set_params(self, **params: Any) -> Self:
        """Change arguments; `least` and `none_rate` take effect at once, the others at the next fit.

        Raises:
            SettingsError: there is no such argument.
        """
        for name, value in params.items():
            if name not in self.get_params():
                raise SettingsError(f"a classifier has no parameter {name!r}; it has {', '.join(self.get_params())}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        specs = self._usable_specs()
        highest = max((spec.order for spec in specs), default=0)
        kinds = f"{thousands(len(specs), 'kind')} of n-gram models up to order {highest}"
        fitted = thousands(len(self.classes_), "label") if hasattr(self, "classes_") else "not fitted"
        return line_of(self, kinds, fitted)

    def _repr_html_(self) -> str:
        rows = [("models", "; ".join(spec.summary for spec in self._usable_specs())), ("folds", str(self.folds))]
        if hasattr(self, "classes_"):
            rows.append(("labels", shortened(", ".join(map(str, self.classes_[:20])))))
            rows.append(("alphabet", f"{self.alphabet.size}: {shortened(''.join(self.alphabet.names))}"))
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

    def fit(self, X: Iterable[str], y: Iterable[Any], sample_weight: Iterable[float] | None = None) -> Self:
        """Learn from texts and their labels.

        Args:
            X: n texts, in any sequence: a list, an array, a column of a table, a generator.
            y: n labels of one kind: texts, numbers, or true and false.
            sample_weight: n weights; a text of weight 0 is left out. Whole numbers say how often each text counts. With
                others the median is what counts as once in the models, and the weights themselves count in the fit of
                the pool and in the labels' shares.

        Raises:
            SettingsError: fewer than two labels, a label with fewer texts than folds, labels that are missing or of
                several kinds, or a setting out of its range.
            CorpusError: a text is blank, or no text.
        """
        self._check_settings()
        corpus, labels, weights = labelled_texts(X, y, sample_weight, self.options)
        classes, which = checked_classes(labels, self.folds)
        sizes = np.bincount(which, weights=weights).astype(np.float64)
        prior = prior_of(self.prior, classes, sizes)
        self._learned(
            fitted_labels(
                self.specs, corpus, classes, which, sizes=sizes, prior=prior, weights=weights, folds=self.folds
            )
        )
        return self

    def judge(self, X: Iterable[str] | Corpus, *, typicality: bool = True) -> Judged:
        """All that there is to say of each text, at once; a corpus is taken as it was read, the fastest way.

        Args:
            X: the texts.
            typicality: whether to tell how usual each is; where `none_rate` asks for it, it is told in any case.

        Raises:
            SettingsError: it is not fitted; `none_rate` is smaller than the texts held out can tell, or the classifier
                has not learned what is usual.
            CorpusError: a text is blank, or no text.
        """
        self._check_settings()
        corpus = texts_corpus(X, self.options, self.alphabet)
        log_proba, known = self._fitted.judge(corpus, typicality=typicality or self.none_rate > 0)
        best = log_proba.argmax(axis=1)
        if self.least > 0:
            best[log_proba.max(axis=1, initial=-np.inf) < np.log(self.least)] = -1
        if self.none_rate > 0:
            best[self._checked_rate(known) < self.none_rate] = -1
        return Judged(log_proba, best, known)

    def predict_log_proba(self, X: Iterable[str] | Corpus) -> F64:
        """Log p(label | text), (n, C), nats.

        Raises:
            SettingsError: it is not fitted.
            CorpusError: a text is blank, or no text.
        """
        return self.judge(X, typicality=False).log_proba

    def predict_proba(self, X: Iterable[str] | Corpus) -> F64:
        """p(label | text), (n, C); the columns in the order of classes_."""
        probabilities: F64 = np.exp(self.predict_log_proba(X))
        return probabilities

    def predict(self, X: Iterable[str] | Corpus) -> Labels:
        """The most probable label of each text, (n,).

        None where it is less probable than `least`, or where the text is like those of no label (see `none_rate`).
        """
        best = self.judge(X, typicality=False).best
        labels: Labels = self.classes_[best]
        if self.least > 0 or self.none_rate > 0:
            labels = labels.astype(object)
            labels[best < 0] = None
        return labels

    def typicality(self, X: Iterable[str] | Corpus) -> F64:
        """How usual each text is for the label that it suits best, (n,).

        The share of the texts held out in training that are at least as odd: small for a text that has none of the
        labels. Below p lie p of the texts that have one.

        Raises:
            SettingsError: it is not fitted, or has not learned what is usual (a file of version 0.1.0).
        """
        return self._checked_rate(self.judge(X).typicality)

    def score(self, X: Iterable[str] | Corpus, y: Iterable[Any], sample_weight: Iterable[float] | None = None) -> float:
        """The share of texts whose label is predicted, each weighed; None is never right.

        Raises:
            SettingsError: not as many labels as texts, or labels of another kind than those that were learned.
        """
        best = self.judge(X, typicality=False).best
        places = label_places(self.classes_, y)
        if len(places) != len(best):
            raise SettingsError(f"{thousands(len(best), 'text')}, but {thousands(len(places), 'label')}")
        if not len(best):
            raise SettingsError("there are no texts to measure on")
        right = (best == places) & (best >= 0)
        return float(np.average(right, weights=weights_of(sample_weight, len(best))))

    @property
    def alphabet(self) -> Alphabet:
        """The characters of the training texts, and a symbol for all others.

        Raises:
            SettingsError: it is not fitted.
        """
        return self._fitted.alphabet

    @property
    def sizes_(self) -> I64:
        """(C,) the training texts of each label, each as often as it counts."""
        return np.array([pair[0].items for pair in self._fitted.counts])

    @property
    def alphabet_(self) -> Alphabet:
        """The characters that its models know."""
        return self.alphabet

    @property
    def temperature_(self) -> float:
        """What the models' total log-probabilities are divided by, all together."""
        return 1 / max(float(self.weights_[::PARTS].sum()), 1e-9)

    # -- in files ---------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write it to one file, whole or not at all; labels keep their type.

        Raises:
            SettingsError: it is not fitted.
            ModelFileError: the file cannot be written there.
        """
        write_model_file(path, classifier_file(self.get_params(), self._fitted))

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
            found = cls(**parameters_from(content.document))
            found._check_settings()
            found._learned(fitted_from(content, list(found.specs)))
        except (LookupError, ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise ModelFileError(f"{path}: is not a usable classifier: {shortened(str(error), LONGEST)}") from None
        return found

    # -- inside -----------------------------------------------------------------------------------------------------

    def _learned(self, fitted: FittedLabels) -> None:
        self._labels = fitted
        self.classes_, self.weights_, self.biases_ = fitted.classes, fitted.weights, fitted.biases

    @property
    def _fitted(self) -> FittedLabels:
        if not hasattr(self, "_labels"):
            raise SettingsError("the classifier is not fitted; call fit first")
        return self._labels

    def _check_settings(self) -> None:
        for name in ("least", "none_rate"):
            value = getattr(self, name)
            if not isinstance(value, int | float | np.floating) or not 0 <= value <= 1:
                raise SettingsError(f"{name} is a probability, not {value!r}")
        if not isinstance(self.folds, int | np.integer) or self.folds < 2:
            raise SettingsError(f"the weights need at least 2 folds, not {self.folds}")
        if not self._usable_specs():
            raise SettingsError(
                "a classifier takes a list of n-gram settings of order 2 and more, for example [Ngram(order=6)], not "
                f"{shortened(repr(self.specs))}"
            )
        if not (self.options is None or isinstance(self.options, TextOptions)):
            raise SettingsError(f"options are TextOptions or None, not {shortened(repr(self.options))}")

    def _usable_specs(self) -> tuple[Ngram, ...]:
        """The settings of the models; none where they are not what the argument has to be."""
        given = tuple(self.specs) if isinstance(self.specs, Sequence) else ()
        return given if all(isinstance(spec, Ngram) and spec.order >= 2 for spec in given) else ()

    def _checked_rate(self, typicality: F64 | None) -> F64:
        """The typicality, if it can be told, and told for `none_rate`."""
        if typicality is None or self._fitted.typicality is None:
            raise SettingsError(
                "the classifier has not learned what is usual for its labels, as version 0.1.0 did not; train it again"
            )
        if 0 < self.none_rate <= self._fitted.typicality.least_rate:
            raise SettingsError(
                f"one in {1 / self.none_rate:,.0f} is finer than the texts held out can tell; the share of false "
                f"alarms is above {self._fitted.typicality.least_rate:.2g} here, not {self.none_rate:g}",
                argument="none_rate",
            )
        return typicality
