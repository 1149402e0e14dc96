"""The one table of models: a row a kind, with where its code is, what it needs and what it can do.

A row names its classes by text, "package.module:Class", and loads them when they are used; so the table imports no
model, and every model may import the table. A new kind of model is its own files and one row here: the command line,
the leaderboard, the page and error messages read the rows, each time anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nextchar.core.settings import Setting, settings_of
from nextchar.core.spec import Spec
from nextchar.data.display import LONGEST, shortened
from nextchar.errors import BadValueError, MissingExtraError, ModelFileError, NotAModelError
from nextchar.extras import need_extra

if TYPE_CHECKING:
    from collections.abc import Callable

    from nextchar.core.model import Model
    from nextchar.core.model_file import ModelFile
    from nextchar.data.provenance import Provenance
    from nextchar.data.source import Source

__all__ = ["MODELS", "Kind", "files_of_models", "load", "nets", "spec_of", "trained", "trained_kind"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A row of the table: a kind of model, or of file.

    Attributes:
        name: of the kind, as its files have it.
        description: for people, one line.
        settings: where the class of its settings is; empty for a kind that is not trained.
        load: where that is which makes a model of a file's content; empty for a file that is no model.
        origin: of a kind that is not trained, where it comes from; of a file that is no model, what it is.
        extra: the optional dependencies that training needs, or None; see `extras`.
        timed: trains for as many seconds as the setting `seconds` says, and is compared only where these are given.
        counts_suffice: can be trained on counts alone, so on files of any size.
        automaton: is a finite automaton, so exact questions have exact answers.
        updated: can be taught more items later; see `models.updating`.
        has_members: the file holds the files of other models.
        mapped: its arrays are used as they lie in the file, so that a large file need not be read into memory.
        presets: names of ready settings, for the settings class's `preset`.
        run: where the class of what is told about a training's run is; see `core.spec.RunnableSpec`.
        fixed: settings that this row has decided; with `offers`, a name for a special case of another kind.
        offers: the only settings that can be given; empty for all.
        candidates: the settings with which it takes part in comparisons, each as far as they are not the defaults.
        text_candidates: the same, where running texts are compared.
        joint: the row for this model trained together with others, or None.
    """

    name: str
    description: str = ""
    settings: str = ""
    load: str = ""
    origin: str = ""
    extra: str | None = None
    timed: bool = False
    counts_suffice: bool = False
    automaton: bool = False
    updated: bool = False
    has_members: bool = False
    mapped: bool = False
    presets: tuple[str, ...] = ()
    run: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    offers: tuple[str, ...] = ()
    candidates: tuple[Mapping[str, Any], ...] = ()
    text_candidates: tuple[Mapping[str, Any], ...] = ()
    joint: Kind | None = None

    @property
    def settings_class(self) -> Callable[..., Spec]:
        """The class of its settings."""
        made: Callable[..., Spec] = _resolved(self.settings)
        return made

    @property
    def run_class(self) -> type:
        """The class of what is told about a training's run."""
        made: type = _resolved(self.run)
        return made

    def offered(self) -> tuple[Setting, ...]:
        """What can be set, in the order of the class's fields."""
        every = settings_of(_resolved(self.settings))
        return tuple(entry for entry in every if not self.offers or entry.name in self.offers)

    def need(self) -> None:
        """See that what training needs is there.

        Raises:
            MissingExtraError: an optional dependency is not installed.
        """
        if self.extra is not None:
            need_extra(self.extra, f"the model {self.name}")


def _resolved(reference: str) -> Any:
    module, _, path = reference.partition(":")
    return attrgetter(path)(import_module(module))


_RUN: Final = "nextchar.models.neural.training.settings:Run"


def _net(family: str, description: str, *more_presets: str) -> Kind:
    settings = f"nextchar.models.neural.families:{family}"
    return Kind(
        name=family.lower(),
        description=description,
        settings=settings,
        load=f"{settings}.from_saved",
        extra="neural",
        timed=True,
        presets=("small", "default", "large", *more_presets),
        run=_RUN,
        updated=True,
        candidates=({},),
        text_candidates=({},),
    )


_NGRAM: Final = "nextchar.models.ngram.model:Ngram"
_ROWS: Final = (
    Kind(
        name="bigram",
        description="Each symbol from the one before: ngram of order 2, add-k.",
        settings=_NGRAM,
        fixed={"order": 2, "smoothing": "add"},
        offers=("add", "tune"),
        counts_suffice=True,
        automaton=True,
    ),
    Kind(
        name="ngram",
        updated=True,
        description="Counts of the n - 1 symbols before, smoothed.",
        settings=_NGRAM,
        load="nextchar.models.ngram.model:NgramModel.from_saved",
        counts_suffice=True,
        automaton=True,
        candidates=(
            {"order": 2, "add": 1.0},
            {"order": 3},
            {"order": 4},
            {"order": 5, "smoothing": "witten-bell"},
            {"order": 6, "smoothing": "absolute"},
            {"order": 6, "smoothing": "kneser-ney"},
            *({"order": order, "smoothing": "modified-kneser-ney"} for order in (4, 5, 6, 7)),
            {"order": 6, "smoothing": "modified-kneser-ney", "tune": "held-out"},
            {"order": 8, "smoothing": "pitman-yor"},
        ),
        text_candidates=(
            {"order": 2},
            {"order": 3},
            {"order": 6, "smoothing": "witten-bell"},
            {"order": 7, "smoothing": "absolute"},
            {"order": 7, "smoothing": "kneser-ney"},
            *({"order": order, "smoothing": "modified-kneser-ney"} for order in (4, 5, 6, 7, 8, 10)),
        ),
    ),
    Kind(
        name="bigram-net",
        description="The bigram as a net of one linear layer.",
        settings="nextchar.models.neural.bigram.model:BigramNet",
        load="nextchar.models.neural.bigram.model:BigramNetModel.from_saved",
        extra="neural",
        counts_suffice=True,
        automaton=True,
    ),
    Kind(
        name="mix",
        description="Many n-gram experts, weighed by a gate.",
        settings="nextchar.models.mix.model:Mix",
        load="nextchar.models.mix.model:MixModel.from_saved",
        timed=True,
        candidates=({},),
        joint=Kind(
            name="mix with nets",
            description="A mix and nets, trained one after the other and made one model.",
            settings="nextchar.models.ensemble.training:MixWithNets",
            extra="neural",
            run=_RUN,
        ),
    ),
    Kind(
        name="context-mixing",
        description="Hashed contexts, mixed bit by bit.",
        settings="nextchar.models.context_mixing.model:ContextMixing",
        load="nextchar.models.context_mixing.model:ContextMixingModel.from_saved",
        text_candidates=({"learning": "static"}, {"learning": "adaptive"}),
        joint=Kind(
            name="context-mixing with nets",
            description="Context mixing that takes in what nets say, trained one after the other.",
            settings="nextchar.models.context_mixing.with_nets:ContextMixingWithNets",
            extra="neural",
            run=_RUN,
        ),
    ),
    _net("BoW", "Weighted mean of the symbols so far."),
    _net("MLP", "Layers over the last symbols' vectors.", "lecture"),
    _net("RNN", "Recurrent net.", "text"),
    _net("GRU", "Recurrent net with gates that update its state.", "text"),
    _net("LSTM", "Recurrent net with a memory behind gates.", "text"),
    _net("WaveNet", "Dilated convolutions, each over twice as many symbols."),
    _net("Transformer", "Causal self-attention.", "text", "nanogpt-cpu", "nanogpt"),
    Kind(
        name="backoff",
        description="An n-gram model from an ARPA file.",
        load="nextchar.models.ngram.backoff:BackoffModel.from_saved",
        origin="comes from an ARPA file",
        automaton=True,
        mapped=True,
    ),
    Kind(
        name="automaton",
        description="A finite automaton made from other models.",
        load="nextchar.automata.stored_model:DerivedModel.from_saved",
        origin="is made from other models",
        automaton=True,
        mapped=True,
    ),
    Kind(
        name="ensemble",
        description="Several models as one, with a weight each.",
        load="nextchar.models.ensemble.model:EnsembleModel.from_members",
        origin="is made of models that are trained already",
        has_members=True,
    ),
    Kind(name="classifier", origin="is a classifier, which tells labels, and no language model"),
    Kind(name="checkpoint", origin="is the checkpoint of an unfinished training"),
)
MODELS: Final[dict[str, Kind]] = {row.name: row for row in _ROWS}
"""All kinds by name, in the order in which they are shown. Read it when it is needed, and keep no copy."""


def trained() -> tuple[Kind, ...]:
    """The kinds that can be trained."""
    return tuple(row for row in MODELS.values() if row.settings)


def nets() -> tuple[str, ...]:
    """The names of the nets: kinds whose training is told how to run."""
    return tuple(row.name for row in trained() if row.run)


def files_of_models() -> tuple[str, ...]:
    """The kinds that a model file may have."""
    return tuple(row.name for row in MODELS.values() if row.load)


def trained_kind(name: str) -> Kind:
    """The row of a kind that can be trained.

    Raises:
        SettingsError: there is no such kind, or it is not trained.
    """
    row = MODELS.get(name)
    if row is None or not (row.settings or row.load):
        raise BadValueError(f"there is no model {name!r}; choose one of {', '.join(row.name for row in trained())}")
    if not row.settings:
        raise BadValueError(f"a model of kind {name} is not trained; it {row.origin}")
    return row


def spec_of(
    kind: str | Kind,
    settings: Mapping[str, Any] | None = None,
    *,
    preset: str | None = None,
    assignments: Sequence[str] = (),
) -> Spec:
    """The settings of a kind of model; those that are not given have their defaults.

    Args:
        kind: its name, or its row.
        settings: by name.
        preset: the name of ready settings, of which the others are replaced; for kinds that have some.
        assignments: more settings, as texts like width=64.

    Raises:
        SettingsError: there is no such kind, preset or setting, or a setting is out of its range.
    """
    row = trained_kind(kind) if isinstance(kind, str) else kind
    known = {entry.name: entry for entry in row.offered()}
    texts: dict[str, str] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise BadValueError(f"{assignment!r} is not NAME=VALUE; {_known(row, known)}")
        if name in texts:
            raise BadValueError(f"{name} is set twice, to {texts[name]!r} and to {text!r}; set it once")
        texts[name] = text
    if wrong := [name for name in [*(settings or ()), *texts] if name not in known]:
        raise BadValueError(f"the model {row.name} has no setting {wrong[0]!r}; {_known(row, known)}")
    given = {**(settings or {}), **{name: known[name].parse(text) for name, text in texts.items()}}
    make: Callable[..., Spec] = row.settings_class
    if preset is None:
        return make(**row.fixed, **given)
    if not row.presets:
        raise BadValueError(f"the model {row.name} has no presets")
    make = _resolved(f"{row.settings}.preset")
    return make(preset, **row.fixed, **given)


def _known(row: Kind, known: Mapping[str, Setting]) -> str:
    return f"the settings of {row.name} are {', '.join(known)}"


def load(path: str | Path) -> Model:
    """Read a model from its file.

    Args:
        path: a file that `save` wrote, in this version or an older one.

    Raises:
        ModelFileError: the file does not exist, is something else, is damaged, or comes from a newer version.
        MissingExtraError: the kind of model needs an extra that is not installed.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> model.save("names.safetensors")
        >>> nextchar.load("names.safetensors").sample(3, seed=1) == model.sample(3, seed=1)
        True
    """
    from nextchar.core.model_file import read_model_file

    content = read_model_file(path, mapped=[row.name for row in MODELS.values() if row.mapped])
    row = MODELS.get(content.kind)
    if row is not None and not row.load:
        raise NotAModelError(f"{path}: {row.origin}", kind=content.kind)
    try:
        return _made(content)
    except MissingExtraError:
        raise
    except (LookupError, ArithmeticError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: is not a usable model: {shortened(str(error), LONGEST)}") from None


def _made(content: ModelFile) -> Model:
    """The model that a file's content, or the part of it that is a member's, came from."""
    from nextchar.core.metrics import Metrics
    from nextchar.core.model import SavedModel
    from nextchar.data.alphabet import Alphabet

    document = content.document
    row = MODELS.get(content.kind)
    if row is None or not row.load:
        raise ModelFileError(f"this version knows no model {content.kind!r}; it has {', '.join(files_of_models())}")
    make: Callable[..., Model] = _resolved(row.load)
    inside = document.get("members", ())
    members = [partial(_made, _member(content, m, part)) for m, part in enumerate(inside)]
    if row.has_members:
        return make(document["settings"], members, Metrics.from_document(document["metrics"]))
    saved = SavedModel(
        settings=document["settings"],
        arrays=content.arrays,
        alphabet=Alphabet(**document["alphabet"]),
        provenance=_provenance(content),
        metrics=Metrics.from_document(document["metrics"]),
        members=members,
    )
    return make(saved)


def _member(content: ModelFile, m: int, document: Mapping[str, Any]) -> ModelFile:
    from nextchar.core.model_file import ModelFile

    prefix = f"member{m}/"
    arrays = {name.removeprefix(prefix): array for name, array in content.arrays.items() if name.startswith(prefix)}
    return ModelFile(document["kind"], arrays, document)


def _provenance(content: ModelFile) -> Provenance:
    from nextchar.data.provenance import Provenance
    from nextchar.data.text_options import TextOptions

    data = content.document["data"]
    source, text = data["source"], content.document["text"]
    sizes = [data["items"], data["symbols"], *([] if data["weight"] is None else [data["weight"]])]
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise ModelFileError(f"the size of its training data is not in whole numbers: {sizes}")
    try:
        options = TextOptions(**text)
    except (BadValueError, TypeError) as error:
        raise ModelFileError(f"its text options are none: {error}") from None
    known = content.arrays.get("known_items")
    if known is not None and (known.ndim != 1 or str(known.dtype) != "uint64"):
        raise ModelFileError("its known items are not 64-bit numbers")
    if known is not None and not (known[1:] > known[:-1]).all():  # they are searched in their order
        raise ModelFileError("its known items are not in order")
    return Provenance(
        options=options,
        items=data["items"],
        symbols=data["symbols"],
        weight=data["weight"],
        source=None if source is None else _source(source),
        known=known,
    )


def _source(document: Mapping[str, Any]) -> Source:
    from nextchar.data.format import Format
    from nextchar.data.source import Source

    how = document.get("format", {})
    if not all(isinstance(value, bool if name == "header" else str) for name, value in how.items()):
        raise ModelFileError(f"how its training data was read is not in words: {how}")
    return Source(**{**document, "names": tuple(document["names"]), "format": Format(**how)})
