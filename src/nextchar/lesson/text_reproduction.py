"""What nanoGPT says of tiny Shakespeare, computed anew, and what counts say of it: claims, what comes out, verdicts.

nanoGPT (karpathy/nanoGPT, its README and data/shakespeare_char) cuts the text at nine tenths. Its CPU quick start, a
Transformer of 4 layers, 4 heads and width 128 that sees 64 characters, trained on 2,000 batches of 12 such stretches,
reaches a validation loss of 1.88 in some three minutes; its larger net reaches 1.4697 in three minutes of an A100. Our
net of the first sizes stands beside it, and so do our models of counts, which need no net. All validation losses here
are nats over all characters of the last tenth and its end, each predicted from all before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from nextchar.data.corpus import Corpus
from nextchar.data.datasets import NAMED
from nextchar.data.splits import Split, split
from nextchar.data.text_options import TextOptions
from nextchar.errors import DataSetError, MissingExtraError
from nextchar.extras import need_torch
from nextchar.lesson.reproduction import CheckedClaim, Verdict
from nextchar.models.context_mixing.model import ContextMixing
from nextchar.models.ngram.model import Ngram

__all__ = ["TEXT_CLAIMS", "TextClaim", "TextFacts", "reproduce_text"]

NET: Final = {"steps": 2000, "batch": 12 * 64, "dropout": 0.0}  # of the quick start, beside the sizes of its preset
CONTEXTS: Final = 37


class TextFacts:
    """What the claims are about, each computed when it is first asked for."""

    def __init__(self, text: Corpus) -> None:
        self.text = text

    @cached_property
    def parts(self) -> Split:
        """Nine tenths to train on, and the rest."""
        return split(self.text, "tail:0.1")

    def kneser_ney(self) -> float:
        """Validation nats per symbol of modified Kneser-Ney of order 7."""
        model = Ngram(order=7, smoothing="modified-kneser-ney").fit(self.parts.train)
        return model.evaluate(self.parts.validation).nats_per_symbol

    def static(self) -> float:
        """The same of context mixing that stays as it was trained."""
        model = ContextMixing(learning="static", contexts=CONTEXTS).fit(self.parts.train)
        return model.evaluate(self.parts.validation).nats_per_symbol

    def adaptive(self) -> float:
        """The same of context mixing that learns what it has read."""
        model = ContextMixing(learning="adaptive", contexts=CONTEXTS).fit(self.parts.train)
        return float(model.scorer(adaptive=True)(self.parts.validation).mean())

    def quick_start(self) -> float:
        """The same of a Transformer of the quick start's sizes, by our training."""
        need_torch("the net of nanoGPT's quick start")
        from nextchar.models.neural.families import Transformer

        net = Transformer.preset("nanogpt-cpu", **NET).fit(self.parts.train)
        return net.evaluate(self.parts.validation).nats_per_symbol


@dataclass(frozen=True, kw_only=True)
class TextClaim:
    """A claim on the text.

    Attributes:
        row: its number in the list of claims.
        text: what is claimed.
        source: who claims it.
        expected: in words or digits; of a loss the most that it may be.
        compute: gives what comes out, as text, or a loss in nats per symbol.
        most: of a loss, the most that it may be.
        note: what to know beside it.
    """

    row: int
    text: str
    source: str
    expected: str
    compute: Callable[[TextFacts], str | float]
    most: float | None = None
    note: str = ""

    def checked(self, facts: TextFacts) -> CheckedClaim:
        """Compute it."""
        try:
            value = self.compute(facts)
        except MissingExtraError as error:
            return self._as(got="-", verdict="not checked", note=str(error))
        if isinstance(value, str):
            return self._as(got=value, verdict="holds" if value == self.expected else "UNEXPECTED", note=self.note)
        assert self.most is not None, "a loss has a bound"
        got = f"{value:.4f} nats per symbol, {value / math.log(2):.4f} bits"
        return self._as(got=got, verdict="holds" if value <= self.most else "UNEXPECTED", note=self.note)

    def _as(self, *, got: str, verdict: Verdict, note: str) -> CheckedClaim:
        return CheckedClaim(
            row=self.row,
            claim=self.text,
            source=self.source,
            expected=self.expected,
            got=got,
            verdict=verdict,
            note=note,
        )


def reproduce_text(path: str | Path) -> Iterator[CheckedClaim]:
    """Check every claim on tiny Shakespeare; some minutes, most of them the net's.

    Raises:
        CorpusError: the file cannot be read.
        DataSetError: it is another file.
    """
    text = Corpus.from_file(path, options=TextOptions(documents=True))
    wanted = NAMED["tiny-shakespeare"].sha256
    if text.source is None or text.source.sha256 != wanted:
        raise DataSetError(
            f"{path}: is not tiny Shakespeare, which the claims are about: its SHA-256 should be {wanted}; "
            "get the file with: nextchar data fetch tiny-shakespeare"
        )
    facts = TextFacts(text)
    for claim in TEXT_CLAIMS:
        yield claim.checked(facts)


def _size(facts: TextFacts) -> str:
    return f"{facts.text.symbols - 1:,} characters, {len(facts.text.alphabet.characters)} different ones"


def _parts(facts: TextFacts) -> str:
    train, validation = (part.symbols - 1 for part in (facts.parts.train, facts.parts.validation))
    return f"{train:,} and {validation:,}"


_OURS: Final = "nextchar"
_NANOGPT: Final = "nanoGPT"

TEXT_CLAIMS: Final = (
    TextClaim(
        row=1,
        text="size of the text and of its alphabet",
        source=_NANOGPT,
        expected="1,115,394 characters, 65 different ones",
        compute=_size,
    ),
    TextClaim(
        row=2,
        text="characters to train on, and to validate by",
        source=_NANOGPT,
        expected="1,003,854 and 111,540",
        compute=_parts,
    ),
    TextClaim(
        row=3,
        text="validation loss of the CPU quick start: 1.88",
        source=_NANOGPT,
        expected="at most 1.88",
        compute=TextFacts.quick_start,
        most=1.88,
        note="a net of its sizes and as many steps, by our training; nanoGPT measures blocks of 64 characters",
    ),
    TextClaim(
        row=4,
        text="modified Kneser-Ney, order 7: counts alone",
        source=_OURS,
        expected="at most 1.52",
        compute=TextFacts.kneser_ney,
        most=1.52,
    ),
    TextClaim(
        row=5,
        text="context mixing, static, below nanoGPT's 1.4697 in 3 minutes of an A100",
        source=_OURS,
        expected="at most 1.41",
        compute=TextFacts.static,
        most=1.41,
        note="one core; nanoGPT measures blocks of 256 characters",
    ),
    TextClaim(
        row=6,
        text="context mixing, adaptive: learning what it has read",
        source=_OURS,
        expected="at most 1.265",
        compute=TextFacts.adaptive,
        most=1.265,
        note="no figure to set beside nanoGPT's, which does not learn as it reads",
    ),
)
"""Every claim, in the order of the table."""
