"""A classifier as a model file: the counts of each label, the weights of the pool, and the settings.

Labels keep their type, and files of version 0.1.0 are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from nextchar.core.model_file import ModelFile
from nextchar.data.alphabet import Alphabet
from nextchar.data.text_options import TextOptions
from nextchar.errors import ModelFileError
from nextchar.models.ngram.counts import Counts
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of
from nextchar.tasks.fitted_labels import CountPairs, FittedLabels, highest_order
from nextchar.tasks.label_reader import PARTS, models_of
from nextchar.tasks.labels import labels_document, labels_from
from nextchar.tasks.typicality import Typicality

__all__ = ["KIND", "classifier_file", "fitted_from", "parameters_from"]

KIND: Final = "classifier"
MOST_WEIGHT: Final = 1e9  # of the pool: what is more was not fitted
WAYS: Final = ("forwards", "backwards")


def classifier_file(parameters: Mapping[str, Any], fitted: FittedLabels) -> ModelFile:
    """What is written: the parameters of the estimator, and what it has learned."""
    arrays: dict[str, npt.NDArray[Any]] = {"weights": fitted.weights, "biases": fitted.biases}
    for i, pair in enumerate(fitted.counts):
        for way, counts in zip(WAYS, pair, strict=True):
            arrays[f"{i}/{way}/ngrams"] = counts.ngrams
            arrays[f"{i}/{way}/counts"] = counts.counts
    if fitted.typicality is not None:
        arrays |= fitted.typicality.arrays()
    prior = parameters["prior"]
    if not isinstance(prior, str):
        prior = [prior.get(label) for label in fitted.classes.tolist()]
    document = {
        "settings": [asdict(spec) for spec in fitted.specs],
        **labels_document(fitted.classes),
        "prior": prior,
        "least": parameters["least"],
        "none_rate": parameters["none_rate"],
        "folds": parameters["folds"],
        "text": (parameters["options"] or TextOptions()).document(),
        "alphabet": fitted.alphabet.document(),
    }
    return ModelFile(KIND, arrays, document)


def parameters_from(document: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of the estimator; what version 0.1.0 did not write has the default that it had.

    Raises:
        LookupError, TypeError, ValueError: they are none.
    """
    prior = document.get("prior", "data")
    if not isinstance(prior, str):
        pairs = zip(labels_from(document).tolist(), prior, strict=True)
        prior = {label: float(share) for label, share in pairs if share is not None}
    return {
        "specs": [cast(Ngram, spec_of("ngram", settings)) for settings in document["settings"]],
        "prior": prior,
        "least": float(document["least"]),
        "folds": int(document["folds"]),
        "options": TextOptions(**document["text"]),
        "none_rate": float(document.get("none_rate", 0.0)),
    }


def fitted_from(content: ModelFile, specs: list[Ngram]) -> FittedLabels:
    """What was learned, checked against the settings.

    Raises:
        ModelFileError, LookupError, TypeError, ValueError: it does not fit them.
    """
    document, arrays = content.document, content.arrays
    classes = labels_from(document)
    C, F = len(classes), 2 * len(models_of(specs)) * PARTS
    alphabet, order = Alphabet(**document["alphabet"]), highest_order(specs)
    weights, biases = arrays["weights"], arrays["biases"]
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
    found = FittedLabels(
        tuple(specs),
        classes[sort],
        weights,
        biases[sort],
        [counts[i] for i in sort],
        Typicality.from_arrays(arrays, C),
    )
    found.pools  # noqa: B018 - counts that are none show here
    return found
