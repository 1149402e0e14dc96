"""The one table of models: from the name of a kind to its settings, and to the code that makes it again from a file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from nextchar.core.model import Kept, Model
from nextchar.core.model_file import ModelFile, read_model_file
from nextchar.core.settings import Spec
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Source, TextOptions
from nextchar.data.provenance import Provenance
from nextchar.errors import MissingExtraError, ModelFileError, SettingsError
from nextchar.extras import need_torch

__all__ = ["KINDS", "NETS", "Kind", "load", "spec_of"]

Loader = Callable[[Kept], Model]


class Kind(NamedTuple):
    """A kind of model: what makes its settings, and what makes a model from a file's content.

    Attributes:
        spec: None for a kind that is not trained here.
        load: see `Loader`.
    """

    spec: Callable[..., Spec] | None
    load: Loader


def _ngram() -> Kind:
    from nextchar.models.ngram.model import Ngram, NgramModel

    return Kind(Ngram, NgramModel.from_kept)


def _bigram_net() -> Kind:
    from nextchar.models.neural.bigram.model import BigramNet, BigramNetModel

    return Kind(BigramNet, BigramNetModel.from_kept)


def _backoff() -> Kind:
    from nextchar.models.ngram.backoff import BackoffModel

    return Kind(None, BackoffModel.from_kept)


def _mix() -> Kind:
    from nextchar.models.mix.model import Mix, MixModel

    return Kind(Mix, MixModel.from_kept)


def _net(kind: str) -> Kind:
    need_torch(f"the model {kind}")
    from nextchar.models.neural import families as net_specs
    from nextchar.models.neural.model import loader

    spec = getattr(net_specs, kind.capitalize())
    return Kind(spec, loader(spec))


NETS: Final = ("bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer")
KINDS: Mapping[str, Callable[[], Kind]] = {
    "ngram": _ngram,
    "bigram-net": _bigram_net,
    "backoff": _backoff,
    "mix": _mix,
    **{kind: partial(_net, kind) for kind in NETS},
}


def _derived() -> Loader:
    from nextchar.automata.stored_model import DerivedModel

    return DerivedModel.from_kept


MADE: Mapping[str, Callable[[], Loader]] = {"automaton": _derived}
"""Kinds that are made from other models and not trained."""
ENSEMBLE: Final = "ensemble"  # whose file holds others' files


def spec_of(kind: str, settings: Mapping[str, Any]) -> Spec:
    """The settings of a kind of model; those that are not given have their defaults.

    Raises:
        SettingsError: there is no such kind or setting, or a setting is out of its range.
    """
    if kind not in KINDS:
        raise SettingsError(f"there is no model {kind!r}; choose one of {', '.join(KINDS)}")
    make = KINDS[kind]().spec
    if make is None:
        raise SettingsError(f"a model of kind {kind} is not trained; it comes from: nextchar import FILE.arpa")
    known = list(inspect.signature(make).parameters)
    if wrong := [name for name in settings if name not in known]:
        raise SettingsError(f"the model {kind} has no setting {wrong[0]!r}; it has {', '.join(known)}")
    return make(**settings)


def load(path: str | Path) -> Model:
    """Read a model from its file.

    Args:
        path: a file that `save` wrote, in this version or an older one.

    Raises:
        ModelFileError: the file does not exist, is something else, is damaged, or comes from a newer version.
        MissingExtraError: the kind of model needs an extra that is not installed.

    Example:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> model.save("names.safetensors")
        >>> nextchar.load("names.safetensors").sample(3, seed=1) == model.sample(3, seed=1)
        True
    """
    content = read_model_file(path)
    if content.kind == "classifier":
        raise ModelFileError(f"{path}: is a classifier, which tells labels: nextchar classify {path} FILE")
    if content.kind == "checkpoint":
        raise ModelFileError(f"{path}: is the checkpoint of an unfinished training; go on with train ... --resume")
    try:
        return _made(content)
    except MissingExtraError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: is not a usable model: {error}") from None


def _made(content: ModelFile) -> Model:
    """The model that a file's content, or the part of it that is a member's, came from."""
    document = content.document
    if content.kind == ENSEMBLE:
        from nextchar.models.ensemble.model import EnsembleModel

        members = [_made(_member(content, m, part)) for m, part in enumerate(document["members"])]
        return EnsembleModel.from_members(document["settings"], members, document["metrics"])
    if content.kind not in KINDS and content.kind not in MADE:
        kinds = ", ".join((*KINDS, *MADE, ENSEMBLE))
        raise ModelFileError(f"this version knows no model {content.kind!r}; it has {kinds}")
    make = KINDS[content.kind]().load if content.kind in KINDS else MADE[content.kind]()
    kept = Kept(
        settings=document["settings"],
        arrays=content.arrays,
        alphabet=Alphabet(**document["alphabet"]),
        provenance=_provenance(content),
        metrics=document["metrics"],
    )
    return make(kept)


def _member(content: ModelFile, m: int, document: Mapping[str, Any]) -> ModelFile:
    prefix = f"member{m}/"
    arrays = {name.removeprefix(prefix): array for name, array in content.arrays.items() if name.startswith(prefix)}
    return ModelFile(document["kind"], arrays, document)


def _provenance(content: ModelFile) -> Provenance:
    data = content.document["data"]
    source = data["source"]
    known = content.arrays.get("known_items")
    if known is not None and (known.ndim != 1 or known.dtype != np.uint64):
        raise ModelFileError("its known items are not 64-bit numbers")
    return Provenance(
        options=TextOptions(**content.document["text"]),
        items=data["items"],
        symbols=data["symbols"],
        weight=data["weight"],
        source=None if source is None else Source(**{**source, "names": tuple(source["names"])}),
        known=known,
    )
