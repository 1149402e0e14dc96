"""The small trained nets that ship with the lesson: how each was trained, and loading them without training.

They know the names of `lesson_names`, one of them the text of `lesson_text`: they were trained on the training part,
keep the weights that predict the validation part best, and are measured on the test part, as `split` divides it;
`tools/lesson_nets.py` makes the files again. So that none of them is large, they do not hold which items they were
trained on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nextchar.data.corpus import Corpus
from nextchar.data.splits import Split, split
from nextchar.errors import BadValueError, DataSetError
from nextchar.lesson.names import lesson_names
from nextchar.lesson.running_text import text_parts
from nextchar.models.neural.families import GRU, LSTM, MLP, RNN, NetSpec, Transformer, WaveNet
from nextchar.models.registry import load

if TYPE_CHECKING:
    from nextchar.models.neural.model import NeuralModel

__all__ = [
    "CONTEXTS",
    "LAYERS",
    "NETS",
    "TEXT_NET",
    "NetFacts",
    "facts_document",
    "facts_path",
    "lesson_net",
    "lesson_parts",
    "net_facts",
    "net_parts",
    "net_path",
    "trained_net",
]

CONTEXTS: Final = range(1, 9)  # symbols that the MLPs look back
LAYERS: Final = range(1, 5)  # of the WaveNets
TEXT_NET: Final = "text"  # the one that knows the text

NETS: Final[Mapping[str, NetSpec]] = {
    **{
        f"mlp{k}": MLP(
            context=k, embedding=2, width=64, layers=0, tanh=True, epochs=5, hold_out=0.0, precision="float32"
        )
        for k in CONTEXTS
    },
    "rnn": RNN(embedding=16, width=32, hold_out=0.0),
    "gru": GRU(embedding=16, width=48, hold_out=0.0),
    "lstm": LSTM(embedding=16, width=48, hold_out=0.0),
    **{f"wavenet{n}": WaveNet(width=24, hidden=48, layers=n, hold_out=0.0, precision="float32") for n in LAYERS},
    "transformer": Transformer(width=48, heads=4, layers=2, context=16, hold_out=0.0),
    TEXT_NET: Transformer(
        width=64, heads=4, layers=3, context=64, batch=2048, rate=0.03, adam_rate=0.015, epochs=14, hold_out=0.0
    ),
}
"""The settings of each, by name; the number behind a name is its context, or its layers."""


@dataclass(frozen=True, kw_only=True)
class NetFacts:
    """What is known of a net that ships.

    Attributes:
        parameters: how many numbers it has learned.
        seconds: of a processor, for its training.
        validation_nats: on the items that its best weights were chosen by, nats per symbol.
        test_nats: on items that nothing was chosen by.
        sha256: of its file.
    """

    parameters: int
    seconds: float
    validation_nats: float
    test_nats: float
    sha256: str


def _folder() -> Path:
    return Path(str(resources.files("nextchar.lesson").joinpath("nets")))


def net_path(name: str) -> Path:
    """The file of one of them."""
    return _folder() / f"{name}.safetensors"


def facts_path() -> Path:
    """The file of what is known of them all."""
    return _folder() / "facts.json"


@cache
def net_facts() -> Mapping[str, NetFacts]:
    """What is known of each, by name."""
    return {name: NetFacts(**facts) for name, facts in json.loads(facts_path().read_text("utf-8")).items()}


def lesson_parts() -> Split:
    """The names, divided as the nets were trained and measured."""
    return split(Corpus.from_items(lesson_names()), "distinct")


def net_parts(name: str) -> Split:
    """What a net was trained and measured on."""
    return text_parts() if name == TEXT_NET else lesson_parts()


@cache
def lesson_net(name: str) -> NeuralModel:
    """One of the nets, read from its file once.

    Raises:
        BadValueError: there is none of that name.
        MissingExtraError: torch is not installed.
        DataSetError: the file is missing, so the package is not whole.
    """
    if name not in NETS:
        raise BadValueError(f"there is no net {name!r}; choose one of {', '.join(NETS)}")
    if not net_path(name).is_file():
        raise DataSetError(f"{net_path(name)} is missing, though it ships with nextchar; install nextchar again")
    model: Any = load(net_path(name))
    found: NeuralModel = model
    return found


def trained_net(name: str, parts: Split) -> NeuralModel:
    """Train one of them anew; it does not hold which items it was trained on.

    Raises:
        MissingExtraError: torch is not installed.
    """
    model = NETS[name].fit(parts.train, validation=parts.validation)
    return replace(model, provenance=replace(model.provenance, known=None))


def facts_document(facts: Mapping[str, NetFacts]) -> str:
    """The facts as their file has them."""
    return json.dumps({name: asdict(facts[name]) for name in NETS if name in facts}, indent=1) + "\n"
