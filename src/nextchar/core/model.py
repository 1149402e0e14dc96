"""The verbs of a trained model, written once upon its one interface.

A model class gives rows of log-probabilities (see `protocol`); from this it gets sample, score, surprisal, evaluate
and save. Nothing here is overridden: a model with a faster way declares it (`corpus_scorer`, `drawer`), one without
says None. How items are drawn that meet a constraint is the affair of the automata, so `draw` has its two ways there:
`AutomatonModel` and `StepwiseModel`.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.core.constraint import Constraint
from nextchar.core.continued_scoring import ContinuedScorer
from nextchar.core.drawing import Drawing, Samples, sample
from nextchar.core.json_values import plain
from nextchar.core.metrics import Metrics
from nextchar.core.model_file import ModelFile, write_model_file
from nextchar.core.notebook import bigram_html
from nextchar.core.plan import Plan, Stream
from nextchar.core.protocol import CorpusScorer, Drawer, LogProbs, Settings, Step
from nextchar.core.ranking import Rank, Ranking
from nextchar.core.reader import StaticReader, TextReader
from nextchar.core.scoring import Evaluation, Score, evaluate, evaluate_parts, item_nats, score_corpus, symbol_nats
from nextchar.core.text_writing import TextWriter, seeded
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.arguments import need, need_whole
from nextchar.data.corpus import Corpus
from nextchar.data.display import line_of, shortened, table_html, thousands
from nextchar.data.provenance import Provenance
from nextchar.data.stable_items import as_read
from nextchar.data.training_items import surroundings
from nextchar.errors import BadValueError, SettingsError

__all__ = ["Model", "SavedModel"]

LEARNING_KIND: Final = "context-mixing"  # a test compares it with the table of models
QUICK_SYMBOLS: Final = 1 << 20  # of training data: the loss is computed for showing the model, where it is not known


class SavedModel(NamedTuple):
    """What a file holds of a model; each model class makes itself from it (`from_saved`).

    Attributes:
        settings: the fields of its settings.
        arrays: those of the model's `arrays`, and maybe others.
        alphabet: what its ids mean.
        provenance: what it remembers of its training data.
        metrics: what was measured when it was trained.
        members: what makes the models inside, in their order.
    """

    settings: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]]
    alphabet: Alphabet
    provenance: Provenance
    metrics: Metrics
    members: Sequence[Callable[[], Model]] = ()


class Model(ABC):
    """A trained model.

    Attributes:
        settings: the frozen dataclass that it was made from.
        alphabet: what its ids mean.
        provenance: what it remembers of its training data.
        metrics: what was measured when it was trained, or is known of its training.
        members: the models that it is made of; none for most.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava", "mia"])
        >>> model = nextchar.Ngram(order=2).fit(corpus)
        >>> isinstance(model, nextchar.Model), len(model.sample(5, seed=1))
        (True, 5)
        >>> model.evaluate(corpus).items
        3
    """

    settings: Settings
    alphabet: Alphabet
    provenance: Provenance
    metrics: Metrics
    members: Sequence[Model] = ()

    # -- at a prompt, in a notebook ----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        facts = [f"{self.kind}, {self.settings.summary}", f"alphabet of {self.alphabet.size}"]
        facts += [thousands(self.provenance.items, "item")] if self.provenance.items else []
        if losses := self._losses():
            facts.append("nats/symbol: " + ", ".join(f"{part} {nats:.4f}" for part, nats in losses))
        return line_of(self, *facts)

    def _repr_html_(self) -> str:
        seen = self.provenance
        facts = [
            ("settings", self.settings.summary),
            ("alphabet", f"{thousands(self.alphabet.size, 'symbol')}: {shortened(''.join(self.alphabet.names))}"),
            ("training data", f"{thousands(seen.items, 'item')}, {thousands(seen.symbols, 'symbol')}"),
        ]
        losses = [(f"loss, {part}", f"{nats:.4f} nats/symbol") for part, nats in self._losses()]
        return table_html(self.kind, facts + losses) + bigram_html(self)

    def _losses(self) -> list[tuple[str, float]]:
        """(part of the data, nats per symbol), as far as it is known or known at once."""
        if self.metrics.losses:
            return [(part, loss.nats_per_symbol) for part, loss in self.metrics.losses.items()]
        seen = self.provenance
        if seen.weight is not None or not 0 < seen.symbols <= QUICK_SYMBOLS:
            return []
        nats = self.training_nats()
        return [] if nats is None else [("train", nats / seen.symbols)]

    # -- what each model gives --------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def kind(self) -> str:
        """The name of the kind of model, as the table of models has it."""

    @property
    @abstractmethod
    def context_length(self) -> int | None:
        """How many symbols it looks back; None for all."""

    @abstractmethod
    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""

    @abstractmethod
    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item, ids (B,); the old state stays as it was."""

    @abstractmethod
    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items."""

    @abstractmethod
    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats: row t predicts what follows ids[:, : t + 1]."""

    @abstractmethod
    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer | None:
        """A fast way to draw about n items from left to right; None for the plain one."""

    @abstractmethod
    def draw(
        self,
        n: int,
        plan: Plan,
        constraint: Constraint | None = None,
        *,
        data: Corpus | None = None,
        look_ahead: Model | None = None,
    ) -> Samples:
        """As `sample`, from objects, and giving the items as a corpus: the way to draw millions.

        A finite automaton gives each item exactly as often as among all items that meet the constraint. Of any other
        model all items meet it, but how often each comes is approximate.
        """

    @abstractmethod
    def drawing(
        self,
        n: int,
        plan: Plan,
        constraint: Constraint | None = None,
        *,
        data: Corpus | None = None,
        look_ahead: Model | None = None,
    ) -> Drawing:
        """As `draw`, and the same items, one part after the other: the way to draw more than memory holds."""

    @abstractmethod
    def ranking(self, *, draws: int | None = None, seed: int = 0) -> Ranking:
        """What ranks are read off, made once for many items; see `rank`."""

    @abstractmethod
    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """What has to be stored beside the settings and the alphabet."""

    @property
    @abstractmethod
    def corpus_scorer(self) -> CorpusScorer | None:
        """A fast way to score a whole corpus in the model's alphabet; None where the rows are all there is."""

    @property
    @abstractmethod
    def batch_limit(self) -> int | None:
        """How many items may be read side by side, where its states are large; None for any number."""

    @property
    def memory_bytes(self) -> int | None:
        """What its tables take in memory; None where that is about the size of its file."""
        return None

    @abstractmethod
    def training_nats(self) -> float | None:
        """-log p of the training data, weights counted, from what the model remembers of it.

        None where it has none of its own, or does not know it.
        """

    @abstractmethod
    def with_metrics(self, metrics: Metrics) -> Model:
        """The same model with other metrics."""

    def own_reader(self, *, adaptive: bool) -> TextReader | None:  # noqa: ARG002 - an interface
        """A reader that this kind of model has for texts; None for the plain one, or where it cannot learn."""
        return None

    # -- what all models do -----------------------------------------------------------------------------------------

    def sample(
        self,
        n: int = 1,
        *,
        seed: int | None = None,
        stream: Stream = "nextchar",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        match: Sequence[str] = (),
        prefix: Sequence[str] = "",
        suffix: str = "",
        contains: Sequence[str] = (),
        allowed: str | None = None,
        not_in: Sequence[str] = (),
        min_length: int | None = None,
        max_length: int | None = None,
        distinct: bool = False,
        new: bool = False,
        min_distance: int = 0,
        data: Corpus | None = None,
        look_ahead: Model | None = None,
    ) -> list[str]:
        """Write n new items that meet all conditions; the same that the command `sample` writes.

        See `draw` for how they come about. The empty item is left out unless min_length is 0.

        Args:
            n: how many.
            seed: fixes the items; None takes a fresh one. `Plan` explains this and the other ways to draw: stream,
                temperature, top_k, top_p and distinct.
            stream: where the draws come from.
            temperature: below 1 more cautious, 0 always the most probable symbol.
            top_k: only the k most probable symbols.
            top_p: only the most probable symbols that together reach this probability.
            match: a regular expression that the whole item fits, or several. `Constraint` explains this and the other
                conditions.
            prefix: what every item starts with, or several texts of which it starts with any.
            suffix: what every item ends with.
            contains: a text that every item has somewhere, or several.
            allowed: the only characters that an item may have.
            not_in: items that are not wanted.
            min_length: the least number of characters; by default 1, and 0 for the streams of torch.
            max_length: the largest number of characters.
            distinct: no item twice.
            new: no item of the training data.
            min_distance: no item that is fewer edits than this from one of `not_in`, or, unless these alone are given,
                of the training data.
            data: the training data, for `new` of a model that has no fingerprints of it, or where hardly any item is
                new, and for `min_distance`, which cannot do without it, where it is no named data set on this machine.
            look_ahead: a count model of the same alphabet that guides a model which is no finite automaton.

        Warns:
            UserWarning: fewer than n items meet all conditions; those there are come back.

        Raises:
            ConflictError: two arguments do not go together.
            SettingsError: an argument is out of its range, or no item can meet all conditions.
            UnknownSymbolError: a condition needs a character that the model does not know.
        """
        plan = Plan(
            seed=seed,
            stream=stream,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            distinct=distinct,
            new=new,
            min_distance=min_distance,
        )
        constraint = Constraint(
            match=match,
            prefix=prefix,
            suffix=suffix,
            contains=contains,
            allowed=allowed,
            not_in=not_in,
            min_length=min_length,
            max_length=max_length,
        )
        samples = self.draw(n, plan, constraint, data=data, look_ahead=look_ahead)
        if samples.missing:
            warnings.warn(samples.explain_missing(), stacklevel=2)
        return list(samples.corpus)

    def draw_left_to_right(self, n: int, plan: Plan, constraint: Constraint | None = None) -> Samples:
        """Draw by rows alone, in a time that the constraint does not change; see `core.drawing`.

        The items are those of `draw` for the streams of torch, and for a constraint that asks for nothing but a prefix.
        Else they are others: what is longer than the largest length is cut there and not left out.
        """
        seen = self.provenance
        need(plan, Plan, "plan", "a Plan")
        near = surroundings(seen, self.alphabet, (), None, plan.new, plan.min_distance) if plan.min_distance else None
        return sample(self, n, plan, constraint, options=seen.options, known=seen.known, near=near)

    def write(
        self,
        prompt: str = "",
        *,
        length: int | None = None,
        until: str | None = None,
        seed: int | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        adaptive: bool = False,
    ) -> str:
        """Write a text that goes on after a prompt; the same that the command `sample` writes.

        Args:
            prompt: what is there already, of any length; it is not repeated.
            length: how many symbols to write: the end of the text is left out of the draws. By default it is written
                until the model ends it, 1,000 symbols at most.
            until: a text after which it ends, at most 10,000 symbols where no length is given.
            seed: fixes the text; None takes a fresh one. `Plan` explains this and temperature, top_k and top_p.
            temperature: below 1 more cautious, 0 always the most probable symbol.
            top_k: only the k most probable symbols.
            top_p: only the most probable symbols that together reach this probability.
            adaptive: whether it learns from the prompt and from what it writes; the model itself stays as it is.

        Raises:
            SettingsError: an argument is out of its range; or this kind of model cannot learn while it reads.
            UnknownSymbolError: the prompt, or `until`, has a character that the model does not know.

        Examples:
            >>> import nextchar
            >>> model = nextchar.Ngram(order=3, add=0).fit(nextchar.Corpus.from_documents(["abc" * 9]))
            >>> model.write("ab", length=7, seed=1)
            'cabcabc'
        """
        plan = Plan(seed=seed, temperature=temperature, top_k=top_k, top_p=top_p)
        return "".join(self.writing(prompt, plan, length=length, until=until, adaptive=adaptive))

    def writing(
        self,
        prompt: str | TextReader = "",
        plan: Plan | None = None,
        *,
        number: int = 0,
        length: int | None = None,
        until: str | None = None,
        adaptive: bool = False,
    ) -> TextWriter:
        """As `write`, symbol by symbol as they are drawn.

        Args:
            prompt: what is there already, or a reader that has read it; it is left as it is.
            plan: how to draw.
            number: which of the seed's texts, from 0; each has draws of its own.
            length: see `write`.
            until: see `write`.
            adaptive: see `write`; a reader learns, or not, as it was made to.

        Raises:
            ConflictError: the plan has something for items alone.
            SettingsError: an argument is out of its range; or this kind of model cannot learn while it reads.
            UnknownSymbolError: the prompt, or `until`, has a character that the model does not know.
        """
        plan = Plan() if plan is None else plan
        seed = seeded(plan)
        need_whole(number, "number")
        need(prompt, (str, TextReader), "prompt", "a text")
        if isinstance(prompt, TextReader):
            reader = prompt.fork()
        else:
            reader = self.reader(adaptive=adaptive)
            reader.skip(reader.encode(prompt, "the prompt"))
        return TextWriter(reader, plan, seed=seed, number=number, length=length, until=until)

    def score(
        self,
        items: Iterable[str] | Corpus,
        *,
        adaptive: bool = False,
        after: Corpus | Iterable[str] | str | None = None,
    ) -> list[Score]:
        """What each item costs in nats, symbol by symbol.

        Args:
            items: to score, in this order.
            adaptive: whether each symbol is learned after it was scored; the model itself stays as it is.
            after: what is read before; see `scorer`.

        Raises:
            CorpusError: an item is blank or holds a line end.
            SettingsError: this kind of model cannot learn while it reads.
            UnknownSymbolError: an item has a character that the model does not know.
        """
        return score_corpus(self, self._corpus_of(items), self.scorer(adaptive=adaptive, after=after))

    def scorer(self, *, adaptive: bool = False, after: Corpus | Iterable[str] | str | None = None) -> ContinuedScorer:
        """What scores one corpus after the other; see `ContinuedScorer`.

        Args:
            adaptive: whether it learns each symbol after it has scored it.
            after: what is read first, and learned where it is adaptive. A text of a model of texts is followed
                directly by what is scored, without a boundary.

        Raises:
            SettingsError: this kind of model cannot learn while it reads; or `after` is a list, and is not learned.
            UnknownSymbolError: `after` has a character that the model does not know.
        """
        options = self.provenance.options
        if isinstance(after, str) and not options.whole_files:
            raise BadValueError(f"give a list of items, for example [{shortened(after)!r}], not one text")
        if isinstance(after, str):
            after = Corpus.from_documents([after], options=options, alphabet=self.alphabet) if after else None
        elif after is not None:
            after = Corpus.of(as_read(after, options) if isinstance(after, Corpus) else after, options=options)
        return ContinuedScorer(self, self.reader(adaptive=True) if adaptive else None, after)

    def nats(self, items: Iterable[str] | Corpus) -> npt.NDArray[np.float64]:
        """-log p of each item, shape (n,): `score` for millions.

        Raises:
            CorpusError: an item is blank or holds a line end.
            UnknownSymbolError: an item has a character that the model does not know.
        """
        corpus = self._corpus_of(items)
        return item_nats(corpus, symbol_nats(self, corpus))

    def rank(self, items: Iterable[str] | Corpus, *, draws: int | None = None, seed: int = 0) -> list[Rank]:
        """How many items are at least as probable as each of these, itself counted: the guess number of passwords.

        The most probable half a million of a finite automaton are counted; beyond them, and for other models, the rank
        is estimated from items that the model draws, with a 95% interval (see `core.ranking`). The empty item, and what
        text options would change, are no items.

        Args:
            items: to rank.
            draws: how many items to draw; more make the interval narrower, four times as many by half.
            seed: of the draws.

        Raises:
            CorpusError: an item is blank or holds a line end.
            SettingsError: the number of draws is negative, or items do not end.
            UnknownSymbolError: an item has a character that the model does not know.

        Examples:
            >>> import nextchar
            >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
            >>> model.rank(["ab", "b"])  # p(ab) is 2/3, p(b) 1/3, and there are no others
            [Rank('ab', 1, exact), Rank('b', 2, exact)]
        """
        corpus = self._corpus_of(items)
        if not len(corpus):
            return []
        ranks = self.ranking(draws=draws, seed=seed).of(item_nats(corpus, symbol_nats(self, corpus)))
        columns = (column.tolist() for column in (ranks.rank, ranks.low, ranks.high, ranks.exact))
        return [Rank(item, *row) for item, *row in zip(corpus, *columns, strict=True)]

    def symbol_nats(self, corpus: Corpus) -> npt.NDArray[np.float64]:
        """-log p of every symbol of a corpus in the model's alphabet, shape (S,), nats."""
        need(corpus, Corpus, "corpus", "a corpus (Corpus.from_items, from_file)")
        return symbol_nats(self, corpus)

    def reader(self, *, adaptive: bool = False) -> TextReader:
        """A place in a text that is read from left to right: what comes next, what each symbol cost; see `TextReader`.

        Args:
            adaptive: whether it learns from what it reads, the model itself staying as it is. It then has tables of its
                own, which take as much memory again as the model's.

        Raises:
            SettingsError: this kind of model cannot learn while it reads.

        Examples:
            >>> import nextchar
            >>> reader = nextchar.Ngram(order=2, add=0).fit(["ab", "b"]).reader()
            >>> round(reader.push("a"), 4), round(reader.push("b"), 4)  # p(a) is 1/2, p(b | a) is 1
            (0.6931, 0.0)
        """
        own = self.own_reader(adaptive=adaptive)
        if own is not None:
            return own
        if adaptive:
            raise SettingsError(
                f"a model of kind {self.kind} stays as it was trained; to learn while it reads takes one of kind "
                f"{LEARNING_KIND}",
                argument="adaptive",
            )
        return StaticReader(self, self.provenance.options)

    def surprisal(self, item: str) -> list[tuple[str, float]]:
        """Each symbol of an item and -log p of it in nats; the end, shown as the boundary's sign, comes last."""
        score = self.score([item])[0]
        return list(zip([*self.alphabet.split(score.item), self.alphabet.boundary_sign], score.surprisal, strict=True))

    def evaluate(
        self,
        corpus: Corpus | Iterable[str],
        *,
        adaptive: bool = False,
        after: Corpus | Iterable[str] | str | None = None,
    ) -> Evaluation:
        """The loss on a corpus, its items read as the model reads text, or on items from memory.

        Args:
            corpus: what is scored.
            adaptive: whether each symbol is learned after it was scored; the model itself stays as it is.
            after: what is read before; see `scorer`.

        Raises:
            SettingsError: this kind of model cannot learn while it reads.
            UnknownSymbolError: a character is not in the model's alphabet.
        """
        options = self.provenance.options
        read = as_read(corpus, options) if isinstance(corpus, Corpus) else corpus
        if not adaptive and after is None:
            return evaluate(self, read)
        scorer = self.scorer(adaptive=adaptive, after=after)
        found = evaluate_parts(self, [Corpus.of(read, options=options, alphabet=self.alphabet)], scorer)
        return replace(found, adaptive=adaptive, read_before=scorer.read_before)

    def save(self, path: str | Path) -> None:
        """Write the model to one file, whole or not at all.

        Raises:
            ModelFileError: the file cannot be written there.
        """
        write_model_file(path, self.content())

    def content(self) -> ModelFile:
        """What its file holds; a member's arrays have names that begin with member0/, member1/ and so on."""
        arrays = dict(self.arrays())
        seen = self.provenance
        if seen.known is not None:
            arrays["known_items"] = seen.known
        document: dict[str, Any] = {
            "settings": asdict(self.settings),
            "alphabet": self.alphabet.document(),
            "text": seen.options.document(),
            "data": {
                "items": seen.items,
                "symbols": seen.symbols,
                "weight": seen.weight,
                "source": None if seen.source is None else seen.source.document(),
            },
            "metrics": plain(self.metrics.document()),
        }
        inner = [member.content() for member in self.members]
        if inner:
            document["members"] = [{"kind": part.kind, **part.document} for part in inner]
        for m, part in enumerate(inner):
            arrays |= {f"member{m}/{name}": array for name, array in part.arrays.items()}
        return ModelFile(self.kind, arrays, document)

    def _corpus_of(self, items: Iterable[str] | Corpus) -> Corpus:
        options = self.provenance.options
        if isinstance(items, Corpus):
            items = as_read(items, options)
        return Corpus.of(items, options=options, alphabet=self.alphabet, whole=True)
