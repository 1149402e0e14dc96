"""The four models that read a running text side by side, and what each says of a text that somebody types.

Three of them count and are made in seconds of any text; the Transformer takes minutes to train, so it ships, and knows
the lesson's text alone.

Letters: S symbols of what was typed, V size of the alphabet.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import compiled_before
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.lesson.lesson_nets import TEXT_NET, lesson_net, net_facts
from nextchar.lesson.running_text import lead_in, text_parts
from nextchar.models.context_mixing.model import ContextMixing
from nextchar.models.ngram.model import Ngram

__all__ = [
    "COUNTED",
    "NET",
    "TEXT_MODELS",
    "KnowsText",
    "NextSymbol",
    "Reading",
    "compile_mixing",
    "continued",
    "learned",
    "read_typed",
    "rehearse_mixing",
    "shipped",
]

F64 = npt.NDArray[np.float64]

NET: Final = "transformer"
COUNTED: Final[Mapping[str, Any]] = {
    "order-2": Ngram(order=2, add=0.1),
    "order-6": Ngram(order=6, smoothing="modified-kneser-ney"),
    "mixing": ContextMixing(contexts=16, megabytes=96),
}
"""The settings of those that are made of any text."""
TEXT_MODELS: Final = (*COUNTED, NET)


class KnowsText(NamedTuple):
    """A model that knows a text.

    Attributes:
        model: it.
        test_nats: on the last part of the text, which it has not learned from, nats per symbol.
        lead: the end of the part that it has learned, which it reads before what is typed.
    """

    model: Model
    test_nats: float
    lead: str


def learned(name: str, train: Corpus, test: Corpus) -> KnowsText:
    """One of those that count, made of the first part of a text and measured on its last."""
    model = COUNTED[name].fit(train)
    return KnowsText(model, model.evaluate(test).nats_per_symbol, lead_in(train))


def compile_mixing() -> None:
    """Have the loops of context mixing compiled where they never were, by a process of its own.

    That takes half a minute, once; and as a process compiles one thing at a time, whoever asks this one for another
    loop would wait that long too.
    """
    from nextchar._kernels.context_mixing.reading import read_text
    from nextchar._kernels.context_mixing.rows import write_row

    if compiled_before(read_text) and compiled_before(write_row):
        return
    quiet = subprocess.DEVNULL
    subprocess.run(
        [sys.executable, "-"],
        input=f"from {__name__} import rehearse_mixing; rehearse_mixing()".encode(),
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        stdout=quiet,
        stderr=quiet,
        check=False,  # what it has not compiled is compiled here
    )


def rehearse_mixing() -> None:
    """Make the model that mixes of a short text, and ask it what the page asks: all its loops are compiled then."""
    parts = text_parts()
    known = learned("mixing", parts.test, parts.validation)
    read_typed(known, "and", 1, 1)
    continued(known, "and", 1, 1)


def shipped() -> KnowsText:
    """The Transformer that ships.

    Raises:
        MissingExtraError: torch is not installed.
    """
    return KnowsText(lesson_net(TEXT_NET), net_facts()[TEXT_NET].test_nats, lead_in(text_parts().train))


class NextSymbol(NamedTuple):
    """What may come next.

    Attributes:
        symbol: a character; the boundary's sign for the end of the text.
        probability: of it.
    """

    symbol: str
    probability: float


class Reading(NamedTuple):
    """What a model says of a typed text.

    Attributes:
        nats: -log p of each symbol, given those before it, (S,).
        likely: the most probable symbols at the place that was asked about, the most probable first.
        rest: the probability of all others together.
        came: what came there, where something did.
    """

    nats: Sequence[float]
    likely: tuple[NextSymbol, ...]
    rest: float
    came: NextSymbol | None


def read_typed(known: KnowsText, text: str, at: int, most: int) -> Reading:
    """Read a typed text, behind the end of what was learned.

    Args:
        known: which model reads.
        text: what was typed.
        at: so many symbols are read where it is asked what comes next.
        most: so many symbols are told, at most.

    Raises:
        UnknownSymbolError: the text has a character that the model does not know.
    """
    alphabet, reader = known.model.alphabet, known.model.reader()
    ids = reader.encode(text)
    reader.skip(reader.encode(known.lead))
    nats = reader.read(ids[:at])
    row: F64 = np.exp(reader.log_probs)
    nats = np.concatenate([nats, reader.read(ids[at:])])
    best = np.argsort(-row, kind="stable")[:most]

    def seen(i: int) -> NextSymbol:
        return NextSymbol(alphabet.symbols[i], float(row[i]))

    return Reading(
        nats=nats.tolist(),
        likely=tuple(seen(int(i)) for i in best),
        rest=float(1 - row[best].sum()),
        came=seen(int(ids[at])) if at < len(ids) else None,
    )


def continued(known: KnowsText, text: str, length: int, seed: int) -> str:
    """What a model writes after a text, as its probabilities have it, so many symbols.

    Raises:
        UnknownSymbolError: the text has a character that the model does not know.
    """
    return "".join(known.model.writing(known.lead + text, Plan(seed=seed), length=length))
