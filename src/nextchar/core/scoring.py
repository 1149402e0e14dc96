"""How well a model predicts: nats per symbol, and what surprised it.

Nats are summed and symbols counted over everything, and divided once; a mean of means would weigh short items more.
Every character and the end of every item is a symbol to predict, the same targets for every model.

Letters: n items, S symbols of a corpus, B batch, T time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from nextchar.core.protocol import CorpusScorer, LanguageModel
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.data.arguments import need_model
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, shortened, table_html, thousands
from nextchar.data.fingerprints import Fingerprints
from nextchar.data.provenance import Provenance

__all__ = [
    "Batch",
    "Evaluation",
    "Score",
    "evaluate",
    "evaluate_parts",
    "first_impossible",
    "item_nats",
    "read_batches",
    "score_corpus",
    "symbol_nats",
    "symbol_nats_after",
    "symbol_nats_plainly",
]

F64 = npt.NDArray[np.float64]
SHOWN_BEFORE: Final = 60  # symbols before one that is impossible, where all of them count
BATCH_CELLS: Final = 1 << 22  # B x T x V of one call of log_probs


@dataclass(frozen=True)
class Score:
    """How surprising an item is to a model: -log p of the whole, and of each symbol given the ones before it.

    Attributes:
        item: the text.
        nats: -log p of the whole item, its end included.
        surprisal: -log p of each symbol given the ones before it, nats; the last is the end.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "b"]))
        >>> model.score(["ab"])[0]  # p(a) p(b | a) p(end | b) = 1/2 x 1 x 1
        Score('ab', 0.6931 nats, 0.2310 nats/symbol)
    """

    item: str
    nats: float
    surprisal: tuple[float, ...]

    def __repr__(self) -> str:
        item = shortened(repr(self.item[:61]))
        return line_of(self, item, f"{self.nats:.4f} nats", f"{self.nats_per_symbol:.4f} nats/symbol")

    @property
    def symbols(self) -> int:
        """Characters plus one for the end."""
        return len(self.surprisal)

    @property
    def nats_per_symbol(self) -> float:
        """Mean surprisal."""
        return self.nats / self.symbols


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The loss of a model on a corpus: -log p of all its items, summed and per symbol.

    Attributes:
        items: how many.
        symbols: characters plus one boundary an item.
        nats: -log p of everything, weights counted.
        weight: of the symbols; `symbols` where the items have no weights.
        impossible: for people: the first n-gram that the model holds impossible, where `nats` is infinite.
        adaptive: whether the model learned each symbol after it was scored.
        read_before: how many symbols were read before the first.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["ab", "b"])
        >>> model = nextchar.Ngram(order=2, add=0).fit(corpus)
        >>> model.evaluate(corpus)  # two of five symbols cost log 2, the others nothing
        Evaluation(0.2773 nats/symbol, perplexity 1.32, 2 items, 5 symbols)
    """

    items: int
    symbols: int
    nats: float
    weight: int
    impossible: str | None = None
    adaptive: bool = False
    read_before: int = 0

    def __repr__(self) -> str:
        size = f"{thousands(self.items, 'item')}, {thousands(self.symbols, 'symbol')}"
        loss = f"{self.nats_per_symbol:.4f} nats/symbol, perplexity {self.perplexity:.4g}"
        how = ["adaptive"] if self.adaptive else []
        how += [f"after {thousands(self.read_before, 'symbol')}"] if self.read_before else []
        return line_of(self, loss, size, *how, *([f"impossible: {self.impossible}"] if self.impossible else []))

    def _repr_html_(self) -> str:
        rows = [
            ("nats/symbol", f"{self.nats_per_symbol:.4f}"),
            ("bits/symbol", f"{self.bits_per_symbol:.4f}"),
            ("perplexity", f"{self.perplexity:.4f}"),
            ("items", f"{self.items:,}"),
            ("symbols", f"{self.symbols:,}"),
        ]
        return table_html("evaluation", rows + ([("impossible", self.impossible)] if self.impossible else []))

    @property
    def nats_per_symbol(self) -> float:
        """The loss: mean negative log-likelihood of a symbol."""
        return self.nats / self.weight if self.weight else math.nan

    @property
    def bits_per_symbol(self) -> float:
        """The same in bits."""
        return self.nats_per_symbol / math.log(2)

    @property
    def perplexity(self) -> float:
        """Between how many equally likely symbols the model wavers: exp(nats per symbol)."""
        return math.exp(self.nats_per_symbol) if self.nats_per_symbol < 700 else math.inf

    def document(self) -> dict[str, Any]:
        """As the JSON of the command line has it."""
        return {
            "items": self.items,
            "symbols": self.symbols,
            "nats_per_symbol": self.nats_per_symbol,
            "bits_per_symbol": self.bits_per_symbol,
            "perplexity": self.perplexity,
            "adaptive": self.adaptive,
            "read_before": self.read_before,
            **({"impossible": self.impossible} if self.impossible else {}),
        }


def symbol_nats(model: LanguageModel, corpus: Corpus) -> F64:
    """-log p of every symbol of a corpus in the model's alphabet, shape (S,), nats."""
    if not corpus.symbols:
        return np.empty(0)
    scorer = model.corpus_scorer
    return symbol_nats_plainly(model, corpus) if scorer is None else scorer(corpus)


def symbol_nats_after(model: LanguageModel, corpus: Corpus) -> F64:
    """The same of a piece of a text, in the context of what it knows to come before, and open at its end."""
    if corpus.before is None and not corpus.open:
        return symbol_nats(model, corpus)
    before = corpus.symbols_before(0, len(corpus.before if corpus.before is not None else ()))
    joined = replace(corpus, ids=np.concatenate([before, corpus.ids]), before=None).closed()
    return symbol_nats(model, joined)[len(before) : len(before) + corpus.symbols]


def symbol_nats_plainly(model: LanguageModel, corpus: Corpus) -> F64:
    """The same by the model's rows alone: items of like length side by side, padded at their ends."""
    nats = np.empty(corpus.symbols)
    for batch in read_batches(corpus):
        log_probs = model.log_probs(batch.ids)
        targets = batch.targets[..., None].astype(np.intp)
        nats[batch.flat] = -np.take_along_axis(log_probs, targets, axis=-1)[..., 0][batch.inside]
    return nats


class Batch(NamedTuple):
    """Items side by side, padded at their ends.

    Attributes:
        ids: (B, T) what was read.
        targets: (B, T) what came next.
        inside: (B, T) where an item is, and no padding.
        flat: where the symbols inside stand in the corpus.
    """

    ids: Ids
    targets: Ids
    inside: npt.NDArray[np.bool_]
    flat: npt.NDArray[np.intp]


def read_batches(corpus: Corpus) -> Iterator[Batch]:
    """All items, those of like length together, in batches whose rows fit into memory."""
    order = np.argsort(corpus.lengths, kind="stable")
    begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and _cells(corpus, order[begin : end + 1], corpus.alphabet.size) <= BATCH_CELLS:
            end = min(2 * end - begin, len(order))
        rows = order[begin:end]
        sizes = corpus.lengths[rows] + 1
        ids = np.full((len(rows), int(sizes.max())), BOUNDARY, dtype=corpus.ids.dtype)  # (B, T): what was read
        targets = np.full_like(ids, BOUNDARY)
        inside = np.arange(ids.shape[1]) < sizes[:, None]
        flat = np.repeat(corpus.offsets[rows] - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        targets[inside] = corpus.ids[flat]
        ids[:, 1:] = targets[:, :-1]
        yield Batch(ids, targets, inside, flat)
        begin = end


def _cells(corpus: Corpus, rows: npt.NDArray[np.intp], V: int) -> int:
    return len(rows) * (int(corpus.lengths[rows[-1]]) + 1) * V


def item_nats(corpus: Corpus, nats: F64) -> F64:
    """Sum the nats of the symbols (S,) to those of the items (n,)."""
    sums: F64 = np.add.reduceat(nats, corpus.offsets[:-1])
    return sums


def score_corpus(model: LanguageModel, corpus: Corpus, scorer: CorpusScorer | None = None) -> list[Score]:
    """Score every item, with the model as it is or by what says how much each symbol costs."""
    if not len(corpus):
        return []
    nats = symbol_nats(model, corpus) if scorer is None else scorer(corpus)
    totals = item_nats(corpus, nats)
    offsets = corpus.offsets.tolist()
    values = nats.tolist()
    return [
        Score(item, total, tuple(values[begin:end]))
        for item, total, begin, end in zip(corpus, totals.tolist(), offsets, offsets[1:], strict=False)
    ]


@runtime_checkable
class _Trained(Protocol):
    """What remembers how its training data was treated."""

    @property
    def provenance(self) -> Provenance:
        """The training data."""
        ...


def evaluate(
    model: LanguageModel, corpus: Corpus | Iterable[str], *, without: Fingerprints | None = None
) -> Evaluation:
    """The loss of a model on a corpus; weighted items count as often as their weight says.

    Args:
        model: any language model.
        corpus: in any alphabet that the model's includes; or items from memory, with blank ones left out.
        without: leave out the items with these fingerprints (those of the training data).

    Raises:
        UnknownSymbolError: the corpus has a character that the model does not know.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> held_out = nextchar.Corpus.from_items(["ava", "mae"])
        >>> nextchar.evaluate(model, held_out).items
        2
        >>> nextchar.evaluate(model, held_out, without=model.provenance.known).items  # ava was in the training data
        1
    """
    need_model(model)
    options = model.provenance.options if isinstance(model, _Trained) else None
    corpus = Corpus.of(corpus, options=options, alphabet=model.alphabet)
    if without is not None:
        corpus = corpus.take(np.flatnonzero(~np.isin(corpus.fingerprints(), without)))
    return _evaluated(model, corpus)


def evaluate_parts(model: LanguageModel, parts: Iterable[Corpus], scorer: CorpusScorer | None = None) -> Evaluation:
    """As `evaluate`, for a corpus that comes in parts and need not be in memory as a whole.

    Args:
        model: any language model.
        parts: corpora in alphabets that the model's includes, whose items follow each other; of a model that looks back
            so many symbols also pieces of a text that know these (see `data.pieces`).
        scorer: says what each symbol costs; None for the model as it is.

    Raises:
        UnknownSymbolError: a part has a character that the model does not know.
    """
    items = symbols = weight = 0
    nats: list[float] = []
    impossible = None
    for part in parts:
        found = _evaluated(model, part.encoded_in(model.alphabet), items, scorer or partial(symbol_nats_after, model))
        items, symbols, weight = items + found.items, symbols + found.symbols, weight + found.weight
        nats.append(found.nats)
        impossible = impossible or found.impossible
    return Evaluation(items=items, symbols=symbols, nats=math.fsum(nats), weight=weight, impossible=impossible)


def _evaluated(model: LanguageModel, corpus: Corpus, before: int = 0, scorer: CorpusScorer | None = None) -> Evaluation:
    """The loss on a corpus in the model's alphabet, to which so many items belong that stand before it."""
    if not corpus.symbols:
        return Evaluation(items=0, symbols=0, nats=0.0, weight=0)
    nats = symbol_nats(model, corpus) if scorer is None else scorer(corpus)
    total = float(nats.sum()) if corpus.weights is None else float(item_nats(corpus, nats) @ corpus.weights)
    impossible = None
    if not math.isfinite(total):
        ngram, item = first_impossible(model, corpus.closed(), nats)
        impossible = f"{ngram} in item {before + item + 1}, {shortened(repr(corpus.closed()[item]))}"
    return Evaluation(
        items=len(corpus), symbols=corpus.symbols, nats=total, weight=corpus.weighted_symbols, impossible=impossible
    )


def first_impossible(model: LanguageModel, corpus: Corpus, nats: F64) -> tuple[str, int]:
    """The first n-gram that the model holds impossible, as shown to people, and which item it is in.

    Args:
        model: any.
        corpus: in its alphabet.
        nats: (S,) of the symbols, one of them infinite.
    """
    at = int(np.argmax(np.isinf(nats)))
    item = int(np.searchsorted(corpus.offsets, at, side="right")) - 1
    begin, end = corpus.offsets[item], corpus.offsets[item + 1]
    back = min(int(at - begin) + 1, SHOWN_BEFORE) if model.context_length is None else model.context_length
    padded = np.concatenate([np.zeros(back, dtype=corpus.ids.dtype), corpus.ids[begin:end]])
    ngram = corpus.alphabet.show(padded[at - begin : at - begin + back + 1])
    return repr(ngram), item
