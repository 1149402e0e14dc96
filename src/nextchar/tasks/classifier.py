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

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self, cast

import numpy as np
import numpy.typing as npt

from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.core.numerics import normalised
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, shortened, table_html, thousands
from nextchar.data.sequences import texts_of
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, ModelFileError, SettingsError
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of
from nextchar.tasks.label_reader import (
    PARTS,
    LabelReader,
    Pooled,
    models_of,
    parts_of_texts,
    reversed_items,
    worth_compiling,
)
from nextchar.tasks.labels import (
    Labels,
    label_places,
    labels_document,
    labels_from,
    labels_of,
    named_labels,
    weights_of,
)
from nextchar.tasks.log_linear_pool import fitted_pool
from nextchar.tasks.typicality import Typicality

__all__ = ["Classifier", "Judged"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
CountPairs = list[tuple[Counts, Counts]]  # of each label: forwards and backwards

KIND: Final = "classifier"
DEFAULT: Final = (Ngram(order=6, add=0.3), Ngram(order=6, add=3), Ngram(order=6, smoothing="modified-kneser-ney"))
FITTED_ON: Final = 50_000  # texts that the weights are fitted to, at most
FITTED_CELLS: Final = 1 << 26  # and numbers that the models say of these; 256 MB
CHUNK: Final = 1 << 19  # symbols judged at a time
MOST_WEIGHT: Final = 1e9  # of the pool: what is more was not fitted
WAYS: Final = ("forwards", "backwards")
PARAMETERS: Final = ("specs", "prior", "least", "folds", "options", "none_rate")


@dataclass(frozen=True, eq=False)
class Judged:
    """What a classifier says of n texts.

    Attributes:
        log_proba: (n, C) log p(label | text), nats.
        best: (n,) where the label stands in classes_; -1 for don't know and for none of these.
        typicality: (n,) the share of texts held out that are at least as odd; None where the classifier has not
            learned it (a file of version 0.1.0).
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
        highest = max((spec.order for spec in self.specs), default=0)
        kinds = f"{thousands(len(self.specs), 'kind')} of n-gram models up to order {highest}"
        fitted = thousands(len(self.classes_), "label") if hasattr(self, "classes_") else "not fitted"
        return line_of(self, kinds, fitted)

    def _repr_html_(self) -> str:
        rows = [("models", "; ".join(spec.summary for spec in self.specs)), ("folds", str(self.folds))]
        if hasattr(self, "classes_"):
            rows.append(("labels", shortened(", ".join(map(str, self.classes_[:20])))))
            rows.append(("alphabet", f"{self._alphabet.size}: {shortened(''.join(self._alphabet.names))}"))
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
        corpus, labels, weights = self._checked(X, y, sample_weight)
        classes, which = np.unique(labels, return_inverse=True)
        texts = np.bincount(which)
        if len(classes) < 2:
            only = f"; there is {named_labels(classes)} alone" if len(classes) else ""
            raise SettingsError(f"a classifier needs at least two labels{only}")
        if texts.min() < self.folds:
            few = classes.tolist()[texts.argmin()]
            raise SettingsError(
                f"the label {few!r} has {thousands(int(texts.min()), 'text')}; {self.folds} folds need as many at least"
            )
        sizes = np.bincount(which, weights=weights).astype(np.float64)
        prior = self._prior(classes, sizes)
        models = models_of(self.specs)
        C, F = len(classes), 2 * len(models) * PARTS
        folds = self._folds(corpus, which, C, min(FITTED_ON, max(FITTED_CELLS // (C * F), 1)))
        judged = np.concatenate([part for part, _ in folds])
        features, nats = np.empty((len(judged), C, F), dtype=np.float32), np.empty((len(judged), C))
        strange = np.empty(len(judged), dtype=np.int64)
        begin = 0
        for part, rest in folds:
            at = slice(begin, begin + len(part))
            by_label = _by_label(corpus, which, C, rest)
            strange[at] = _judge_fold(models, by_label, corpus.take(part), features[at], nats[at])
            begin += len(part)
        shares = np.log(sizes / sizes.sum())
        pool = fitted_pool(features, which[judged], shares, None if weights is None else weights[judged])
        del features
        self.classes_: Labels = classes
        self.weights_: F64 = pool[0]
        self.biases_: F64 = pool[1] - shares + np.log(prior)
        # Each text once: what is promised of new texts holds for those too that were never seen.
        once = np.unique(corpus.fingerprints()[judged], return_index=True)[1]
        usual = Typicality.of(nats[once], strange[once], corpus.lengths[judged[once]] + 1, which[judged[once]])
        self._typicality: Typicality | None = usual
        self._counts = _label_counts(_order(self.specs), _by_label(corpus, which, C, np.arange(len(corpus))))
        self.__dict__.pop("_pools", None)
        return self

    def judge(self, X: Iterable[str] | Corpus) -> Judged:
        """All that there is to say of each text, at once; a corpus is taken as it was read, the fastest way.

        Raises:
            SettingsError: it is not fitted; `none_rate` is smaller than the texts held out can tell, or the classifier
                has not learned what is usual.
            CorpusError: a text is blank, or no text.
        """
        self._check_settings()
        corpus = self._corpus(X, self._alphabet)
        n, C = len(corpus), len(self.classes_)
        scores, nats = np.empty((n, C)), np.empty((n, C))
        compiled = worth_compiling(2 * C * corpus.symbols)
        parts = list(corpus.slices(CHUNK))

        def read(label: int) -> None:
            begin = 0
            for part in parts:
                score, cost = np.full(len(part), self.biases_[label]), np.zeros(len(part))
                for backwards, pooled in enumerate(self._pools[label]):
                    pooled.add_to(score, cost, part, backwards=bool(backwards), compiled=compiled)
                scores[begin : begin + len(part), label], nats[begin : begin + len(part), label] = score, cost
                begin += len(part)

        if compiled:  # the loop lets other threads run
            self._pools  # noqa: B018 - made once, here
            with ThreadPoolExecutor(min(C, os.cpu_count() or 1)) as threads:
                list(threads.map(read, range(C)))
        else:
            for label in range(C):
                read(label)
        log_proba = normalised(scores)
        known = None
        if self._typicality is not None:
            known = self._typicality.typicality(nats, _strangers(corpus, self._known), corpus.lengths + 1)
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
        return self.judge(X).log_proba

    def predict_proba(self, X: Iterable[str] | Corpus) -> F64:
        """p(label | text), (n, C); the columns in the order of classes_."""
        probabilities: F64 = np.exp(self.predict_log_proba(X))
        return probabilities

    def predict(self, X: Iterable[str] | Corpus) -> Labels:
        """The most probable label of each text, (n,).

        None where it is less probable than `least`, or where the text is like those of no label (see `none_rate`).
        """
        best = self.judge(X).best
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
        best = self.judge(X).best
        places = label_places(self.classes_, y)
        if len(places) != len(best):
            raise SettingsError(f"{len(best):,} texts, but {thousands(len(places), 'label')}")
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
        return self._alphabet

    @property
    def sizes_(self) -> I64:
        """(C,) the training texts of each label, each as often as it counts."""
        return np.array([pair[0].items for pair in self._fitted_counts])

    @property
    def alphabet_(self) -> Alphabet:
        """The characters that its models know."""
        return self._alphabet

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
        alphabet = self._alphabet
        arrays: dict[str, npt.NDArray[Any]] = {"weights": self.weights_, "biases": self.biases_}
        for i, pair in enumerate(self._counts):
            for way, counts in zip(WAYS, pair, strict=True):
                arrays[f"{i}/{way}/ngrams"] = counts.ngrams
                arrays[f"{i}/{way}/counts"] = counts.counts
        if self._typicality is not None:
            arrays |= self._typicality.arrays()
        prior: str | list[float | None] = self.prior if isinstance(self.prior, str) else []
        if not isinstance(self.prior, str):
            prior = [self.prior.get(label) for label in self.classes_.tolist()]
        document = {
            "settings": [asdict(spec) for spec in self.specs],
            **labels_document(self.classes_),
            "prior": prior,
            "least": self.least,
            "none_rate": self.none_rate,
            "folds": self.folds,
            "text": (self.options or TextOptions()).document(),
            "alphabet": alphabet.document(),
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
            found = cls._from_file(content)
        except (LookupError, ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise ModelFileError(f"{path}: is not a usable classifier: {error}") from None
        return found

    @classmethod
    def _from_file(cls, content: ModelFile) -> Classifier:
        document, arrays = content.document, content.arrays
        classes = labels_from(document)
        C = len(classes)
        prior = document.get("prior", "data")
        if not isinstance(prior, str):
            pairs = zip(classes.tolist(), prior, strict=True)
            prior = {label: float(share) for label, share in pairs if share is not None}
        found = cls(
            [cast(Ngram, spec_of("ngram", settings)) for settings in document["settings"]],
            prior=prior,
            least=float(document["least"]),
            folds=int(document["folds"]),
            options=TextOptions(**document["text"]),
            none_rate=float(document.get("none_rate", 0.0)),
        )
        found._check_settings()
        alphabet, order = Alphabet(**document["alphabet"]), _order(found.specs)
        weights, biases = arrays["weights"], arrays["biases"]
        F = 2 * len(models_of(found.specs)) * PARTS
        for array, shape in ((weights, (F,)), (biases, (C,))):
            if array.shape != shape or array.dtype != np.float64 or not (abs(array) < MOST_WEIGHT).all():
                raise ModelFileError("its weights do not fit its models")
        if C < 2:
            raise ModelFileError("it has fewer than two labels")
        counts: CountPairs = []
        for i in range(C):
            forwards, backwards = (
                Counts.from_arrays(alphabet, order, arrays[f"{i}/{way}/ngrams"], arrays[f"{i}/{way}/counts"])
                for way in WAYS
            )
            counts.append((forwards, backwards))
        sort = np.argsort(classes)  # version 0.1.0 had 9 before 10
        found.classes_, found.weights_, found.biases_ = classes[sort], weights, biases[sort]
        found._counts = [counts[i] for i in sort]
        found._typicality = Typicality.from_arrays(arrays, C)
        found._pools  # noqa: B018 - counts that are none show here
        return found

    def __getstate__(self) -> dict[str, Any]:
        """What a file holds; the rest is made anew."""
        return {name: value for name, value in vars(self).items() if name != "_pools"}

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _fitted_counts(self) -> CountPairs:
        if not hasattr(self, "classes_"):
            raise SettingsError("the classifier is not fitted; call fit first")
        return self._counts

    @property
    def _alphabet(self) -> Alphabet:
        return self._fitted_counts[0][0].alphabet

    @property
    def _known(self) -> Bools:
        """Which symbols some label knows, (V,)."""
        known = np.ones(self._alphabet.size, dtype=np.bool_)
        if (unknown := self._alphabet.unknown) is not None:
            known[unknown] = False
        return known

    @cached_property
    def _pools(self) -> list[tuple[Pooled, Pooled]]:
        """The models of each label, forwards and backwards, weighed."""
        models = models_of(self.specs)
        usual = np.full(len(models), 1 / (2 * len(models)))
        weights = self.weights_.reshape(len(models), 2, PARTS)
        pools = []
        for pair in self._counts:
            forwards, backwards = (
                LabelReader(counts).pooled(models, weights[:, way], usual, self._known)
                for way, counts in enumerate(pair)
            )
            pools.append((forwards, backwards))
        return pools

    def _check_settings(self) -> None:
        for name in ("least", "none_rate"):
            value = getattr(self, name)
            if not isinstance(value, int | float | np.floating) or not 0 <= value <= 1:
                raise SettingsError(f"{name} is a probability, not {value!r}")
        if not isinstance(self.folds, int | np.integer) or self.folds < 2:
            raise SettingsError(f"the weights need at least 2 folds, not {self.folds}")
        if not self.specs or not all(isinstance(spec, Ngram) and spec.order >= 2 for spec in self.specs):
            raise SettingsError("a classifier takes models of order 2 and more, one at least")

    def _checked_rate(self, typicality: F64 | None) -> F64:
        """The typicality, if it can be told, and told for `none_rate`."""
        if typicality is None or self._typicality is None:
            raise SettingsError(
                "the classifier has not learned what is usual for its labels, as version 0.1.0 did not; train it again"
            )
        if 0 < self.none_rate <= self._typicality.least_rate:
            raise SettingsError(
                f"one in {1 / self.none_rate:,.0f} is finer than the texts held out can tell; the share of false "
                f"alarms is above {self._typicality.least_rate:.2g} here, not {self.none_rate:g}",
                argument="none_rate",
            )
        return typicality

    def _checked(
        self, X: Iterable[str], y: Iterable[Any], sample_weight: Iterable[float] | None
    ) -> tuple[Corpus, Labels, F64 | None]:
        """The texts in an alphabet with a symbol for unknown characters, the labels, and the weights."""
        self._check_settings()
        labels, texts = labels_of(y), texts_of(X)
        if len(labels) != len(texts):
            raise SettingsError(f"{len(texts):,} texts, but {thousands(len(labels), 'label')}")
        weights = weights_of(sample_weight, len(texts))
        corpus = self._corpus(texts, None)
        corpus = corpus.encoded_in(corpus.alphabet.only(corpus.alphabet.names, has_unknown=True))
        if weights is None:
            return corpus, labels, None
        used = np.flatnonzero(weights > 0)
        weights = weights[used]
        times = weights if (weights == np.floor(weights)).all() else np.maximum(weights / np.median(weights), 1)
        counted: I64 = np.minimum(times.round(), float(1 << 53)).astype(np.int64)
        return replace(corpus.take(used), weights=counted).checked(), labels[used], weights

    def _corpus(self, X: Iterable[str] | Corpus, alphabet: Alphabet | None) -> Corpus:
        if isinstance(X, Corpus):
            return X if alphabet is None else X.encoded_in(alphabet)
        texts, options = texts_of(X), self.options or TextOptions()
        if not texts:
            if alphabet is None:
                raise SettingsError("there are no texts to learn from")
            return Corpus(alphabet, np.empty(0, dtype=alphabet.dtype))
        corpus = Corpus.from_items(texts, options=options, alphabet=alphabet) if any(map(str.strip, texts)) else None
        if corpus is None or len(corpus) != len(texts):
            blank = next(i for i, text in enumerate(texts) if not options.apply(text))
            raise CorpusError(f"text {blank + 1} is blank; a blank text has no label")
        return corpus

    def _prior(self, classes: Labels, sizes: F64) -> F64:
        if isinstance(self.prior, str):
            if self.prior not in ("data", "uniform"):
                raise SettingsError(f"the prior is data, uniform or label -> probability, not {self.prior!r}")
            return sizes / sizes.sum() if self.prior == "data" else np.full(len(classes), 1 / len(classes))
        if not isinstance(self.prior, Mapping):
            raise SettingsError(f"the prior is data, uniform or label -> probability, not {self.prior!r}")
        if strange := [label for label in self.prior if label not in set(classes.tolist())]:
            raise SettingsError(f"the prior has {strange[0]!r}, which is none of the labels: {named_labels(classes)}")
        values = np.array([self.prior.get(label, 0.0) for label in classes.tolist()], dtype=np.float64)
        if not ((values > 0) & (values < np.inf)).all():
            raise SettingsError(f"the prior needs a probability above 0 for each label: {named_labels(classes)}")
        shares: F64 = values / values.sum()
        return shares

    def _folds(self, corpus: Corpus, which: npt.NDArray[np.intp], C: int, most: int) -> list[tuple[I64, I64]]:
        """The texts that are judged in each fold, at most so many in all, and those that they are judged by.

        Equal texts fall into the same fold, so that none is judged by a model that has seen it.
        """
        fold = (corpus.fingerprints() % np.uint64(self.folds)).astype(np.int64)
        every = -(-len(corpus) // most)
        folds = []
        for k in range(self.folds):
            judged, rest = np.flatnonzero(fold == k)[::every], np.flatnonzero(fold != k)
            if len(judged) and len(np.unique(which[rest])) == C:
                folds.append((judged, rest))
        if not folds:
            raise SettingsError("the texts are too few, or too much alike, to fit the weights to")
        return folds


# -- the models ---------------------------------------------------------------------------------------------------


def _by_label(corpus: Corpus, which: npt.NDArray[np.intp], C: int, wanted: I64) -> list[Corpus]:
    return [corpus.take(wanted[which[wanted] == label]) for label in range(C)]


def _label_counts(order: int, parts: Sequence[Corpus]) -> CountPairs:
    return [(count(part, order), count(reversed_items(part), order)) for part in parts]


def _order(specs: Sequence[Ngram]) -> int:
    return max(spec.order for spec in specs)


def _strangers(corpus: Corpus, known: Bools) -> I64:
    """How many characters of each text no label knows, (n,)."""
    strangers = ~known[corpus.ids]
    if not strangers.any():
        return np.zeros(len(corpus), dtype=np.int64)
    number: I64 = np.add.reduceat(strangers, corpus.offsets[:-1], dtype=np.int64)
    return number


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
    return _strangers(judged, known)
