"""Context mixing: hashed contexts say how probable the next bit of a symbol's code is, and learned weights mix them.

It is the method of the strongest text compressors. A symbol is a path in a code tree, some five bits. Each context (the
last n symbols, the word so far and the one before, the place in the line) keeps counts for each node, and says what
they mean; mixers, small logistic regressions whose weights are picked by the situation, make one probability of it. A
compressor learns as it reads. Here this is one of two ways: a model can also be used as it stands, like any other.

Sources: Mahoney (2005), "Adaptive weighing of context models for lossless data compression"; Knoll and de Freitas
(2012), "A machine learning perspective on predictive coding with PAQ8"; the programs paq8, lpaq and cmix.

Letters: V alphabet, S symbols, B batch, T time, K contexts, N nodes of the code tree.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple, cast, final

import numpy as np
import numpy.typing as npt

from nextchar.automata.stepwise_model import StepwiseModel
from nextchar.core.constraint import Constraint
from nextchar.core.metrics import INTERRUPTED, Metrics
from nextchar.core.model import SavedModel
from nextchar.core.plan import Plan
from nextchar.core.progress import Progress, ProgressReport
from nextchar.core.protocol import CorpusScorer, Drawer, LogProbs, Step
from nextchar.core.reader import TextReader
from nextchar.core.settings import check, setting
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.corpus import Corpus
from nextchar.data.display import amount, one_line, thousands
from nextchar.data.hashing import MASK
from nextchar.data.provenance import Provenance
from nextchar.errors import CorpusError, ModelFileError
from nextchar.models.context_mixing.budget import (
    CONTEXTS,
    LEAST_CONTEXTS,
    LONG,
    MOST_CONTEXTS,
    PASSES,
    Speed,
    affordable,
    usual_passes,
    warm_up,
)
from nextchar.models.context_mixing.code_tree import children, tree_of
from nextchar.models.context_mixing.hints import HintReader, Hints, NetsInside, with_hints
from nextchar.models.context_mixing.kneser_ney import (
    LEAST_SYMBOLS,
    NO_SHARES,
    KneserNey,
    checked_shares,
    fitted_shares,
    kneser_ney_of,
    seconds_of_counting,
)
from nextchar.models.context_mixing.loops import Loops
from nextchar.models.context_mixing.reader import ContextMixingReader
from nextchar.models.context_mixing.stored import ModelTables, StoredTables, round_learned
from nextchar.models.context_mixing.tables import Learned, lines_of_contexts, new_learned, rows_of_apm
from nextchar.models.context_mixing.training import BLOCK, learn, samples
from nextchar.models.context_mixing.traits import traits_of, vowels_of
from nextchar.models.context_mixing.variety import slots_of_contexts

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.layout import Traits, Tree
    from nextchar.models.neural.model import NeuralModel

__all__ = ["ContextMixing", "ContextMixingModel", "ReadTo"]

MOST_MEASURED: Final = 1 << 17  # symbols of the training data, whose loss is computed when it is asked for
OUT_OF_TIME: Final = "the time ended before all of the text was learned from; it was counted to its end"
BESIDE: Final = 0.3  # of the seconds, at most: for Kneser-Ney
LEARNING: Final = 0.9  # of the seconds: the rest is for packing the tables
MOST_TOGETHER: Final = 1 << 22  # numbers in the rows of a batch


@dataclass(frozen=True, kw_only=True)
class ContextMixing:
    """The settings of context mixing.

    Attributes:
        learning: static, for use as it stands; or adaptive, for reading that learns (see `ContextMixingModel`).
        seconds: within which training is to end, loading the compiled loops and writing the file aside; None for as
            long as it takes. Contexts and passes that are not given are as many as there is time for, judged by how
            fast the first symbols are read. A time too short even for the fewest is used as far as it goes; a text is
            counted once in any case.
        contexts: how many of the 37 kinds.
        passes: over the text, of static learning; two unless told otherwise, one where it has more than 8 million
            symbols. In all but the last one weights learn from the latter half.
        megabytes: at most, for the counts, of which 25 contexts take some 600 bytes a symbol of text. Beside them a
            model has some 20 bytes a symbol and 30 MB; an adaptive reader has all of it once more.
            A model that was read from a file has its tables from when it is first used.
        seed: of the order in which items are read.

    Raises:
        SettingsError: a setting is out of its range.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "emily", "ella", "amelia"] * 5)
        >>> model = nextchar.ContextMixing(contexts=12).fit(corpus)
        >>> model.score(["emma"])[0].nats < model.score(["mmea"])[0].nats
        True
    """

    learning: Literal["static", "adaptive"] = setting(
        "static", help="For use as it stands, or for reading that learns."
    )
    seconds: float | None = setting(
        None,
        help="Train for so long, at most.",
        above=0,
        option="seconds",
        metavar="X",
        default_text="as long as it takes",
    )
    contexts: int | None = setting(
        None,
        help="Kinds of context.",
        at_least=LEAST_CONTEXTS,
        at_most=MOST_CONTEXTS,
        default_text=f"{CONTEXTS}, or what the seconds allow",
    )
    passes: int | None = setting(
        None,
        help="Over the text, of static learning.",
        at_least=1,
        at_most=100,
        default_text=f"{PASSES}, of more than {LONG:,} symbols 1, or what the seconds allow",
    )
    megabytes: int = setting(1024, help="For the counts, at most.", at_least=1, at_most=1 << 20)
    seed: int = setting(0, help="Of the order of the items.", at_least=0, at_most=MASK)

    __repr__ = one_line

    def __post_init__(self) -> None:
        check(self)

    @property
    def summary(self) -> str:
        """The settings that matter, for people."""
        within = "" if self.seconds is None else f", {amount(self.seconds, 'second')}"
        contexts = CONTEXTS if self.contexts is None and self.seconds is None else self.contexts
        return self.learning + ("" if contexts is None else f", {thousands(contexts, 'context')}") + within

    @property
    def budget_seconds(self) -> float | None:
        """The seconds, where there are any."""
        return self.seconds

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,  # noqa: ARG002 - a spec's interface
        progress: Progress | None = None,
    ) -> ContextMixingModel:
        """Read a corpus, or items from memory, learn from it, and return the model.

        Ctrl-C ends the training with what was read so far; metrics.stopped says so.

        Raises:
            CorpusError: no items, or items with weights: a text is read in its order, once.
        """
        return self.fit_ordered(self.ordered(Corpus.of(data)), progress)

    def ordered(self, data: Corpus) -> Corpus:
        """The corpus as it is read: of several items the order is one of chance.

        Raises:
            CorpusError: no items, or items with weights.
        """
        if not len(data):
            raise CorpusError("no items")
        if data.weights is not None:
            raise CorpusError("context mixing reads its data item by item, and takes no weights; repeat items instead")
        return data if len(data) == 1 else data.take(np.random.default_rng(self.seed).permutation(len(data)))

    def fit_ordered(
        self, data: Corpus, progress: Progress | None = None, inside: NetsInside | None = None
    ) -> ContextMixingModel:
        """As `fit`, of a corpus in the order in which it is read.

        Args:
            data: see `ordered`.
            progress: is told how far it has come.
            inside: nets whose hints are mixed in, or None.
        """
        begun = time.perf_counter()
        nets = () if inside is None else inside.nets
        provenance = Provenance.of(data)
        vowel, child = vowels_of(data.alphabet, data.ids), children(data.ids, data.alphabet.size)
        tree, traits = tree_of(child), traits_of(data.alphabet, vowel)
        hinted = None if inside is None else inside.hinted(data, tree)
        most = self.contexts or (CONTEXTS if self.seconds is None else MOST_CONTEXTS)
        new = partial(self._new, data, tree, traits, slots_of_contexts(data.ids, tree, traits, most), len(nets))
        settings, deadline = self._within(data, new, begun)
        beside = self._has_beside(data.symbols) and inside is None
        learned = new(settings.contexts)
        costs = np.empty(sum(part.stop - part.start for part in samples(data.symbols)[1]))
        stopped: str | None = None
        nats: float | None = None
        tell: Progress = progress or (lambda _at: None)
        try:
            nats = learn(
                data.ids,
                learned,
                passes=settings.passes or usual_passes(data.symbols),
                delayed=self.learning == "static",
                tell=lambda at: tell(ProgressReport(at.share, f"{at.nats:.3f} nats/symbol")),
                hinted=hinted,
                deadline=deadline,
                costs=costs if beside else None,
            )
        except KeyboardInterrupt:
            read = int(learned.text.size[0])
            stopped = f"{INTERRUPTED} {read:,} of {len(data.ids):,} symbols"
        round_learned(learned)
        return ContextMixingModel(
            settings=settings,
            alphabet=data.alphabet,
            tables=ModelTables(learned),
            vowel=vowel,
            shares=fitted_shares(data.alphabet, data.ids, costs) if beside and nats is not None else NO_SHARES,
            members=nets,
            provenance=provenance,
            metrics=Metrics(
                training_seconds=time.perf_counter() - begun,
                training_nats=nats,
                stopped=stopped,
                notes=(OUT_OF_TIME,) if nats is None and stopped is None else (),
            ),
        )

    def _within(self, data: Corpus, new: Callable[[int | None], Learned], begun: float) -> tuple[ContextMixing, float]:
        """The settings with as many contexts and passes as there is time for; and until when there is any."""
        contexts = CONTEXTS if self.contexts is None else self.contexts
        if self.seconds is None:
            return replace(self, contexts=contexts, passes=self.passes or usual_passes(data.symbols)), math.inf
        delayed = self.learning == "static"
        begun -= time.perf_counter()
        warm_up(new(contexts))
        begun += time.perf_counter()
        speed = Speed.of(data.ids, new(contexts), delayed=delayed)
        seconds = self.seconds - (seconds_of_counting(data.symbols) if self._has_beside(data.symbols) else 0)
        left = begun + seconds - time.perf_counter()
        contexts, passes = affordable(left, data.symbols, speed, self.contexts, self.passes, delayed=delayed)
        return replace(self, contexts=contexts, passes=passes), begun + LEARNING * seconds

    def _has_beside(self, symbols: int) -> bool:
        """Whether Kneser-Ney stands beside it, if the text is long enough and is learned to its end."""
        within = math.inf if self.seconds is None else BESIDE * self.seconds
        return self.learning == "static" and symbols >= LEAST_SYMBOLS and seconds_of_counting(symbols) <= within

    def _new(
        self,
        data: Corpus,
        tree: Tree,
        traits: Traits,
        slots: npt.NDArray[np.float64],
        nets: int,
        contexts: int | None,
    ) -> Learned:
        nodes = float(np.diff(tree.first)[data.ids].mean())
        return new_learned(
            tree,
            traits,
            lines_of_contexts(data.symbols, nodes, slots[:contexts], self.megabytes << 20),
            data.symbols + 1,
            rows_of_apm(data.symbols),
            adaptive=self.learning == "adaptive",
            nets=nets,
        )


class ReadTo(NamedTuple):
    """Where items have been read to.

    Attributes:
        words: (B, words) uint64, as the loops have it; see `layout`.
        nets: the nets inside, having read the same.
        beside: (B,) the states of Kneser-Ney beside; zeros where there is none.
    """

    words: npt.NDArray[np.uint64]
    nets: tuple[Step, ...]
    beside: npt.NDArray[np.int32]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ContextMixingModel(StepwiseModel):
    """A trained model of context mixing.

    Its rows do not change by reading. For reading that learns see `reader`.

    Attributes:
        settings: how it was trained.
        alphabet: what its ids mean.
        tables: the text, the counts, and all that mixes them.
        vowel: (V,) which symbols count as vowels.
        shares: how much Kneser-Ney counts beside it; see `kneser_ney`. Empty where it does not.
        members: the nets inside, whose hints are mixed in; see `hints`.
        provenance: what it remembers of the training data.
        metrics: what was measured when it was trained.

    Examples:
        >>> import nextchar
        >>> model = nextchar.ContextMixing(contexts=9).fit(["emma", "emily", "ella"])
        >>> model.sample(3, seed=1) == model.sample(3, seed=1)
        True
    """

    kind: ClassVar[str] = "context-mixing"
    settings: ContextMixing
    alphabet: Alphabet
    tables: ModelTables
    vowel: npt.NDArray[np.bool_]
    shares: npt.NDArray[np.float64]
    members: tuple[NeuralModel, ...] = ()
    provenance: Provenance
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen

    @property
    def learned(self) -> Learned:
        """The tables."""
        return self.tables.learned

    @property
    def context_length(self) -> None:
        """It looks back to the item's beginning."""
        return

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        from nextchar._kernels.context_mixing.layout import STATE

        words = np.zeros((1, STATE), dtype=np.uint64)
        beside = np.zeros(1, dtype=np.int32) if self._beside is None else self._beside.start(1)
        step = self._read(ReadTo(words, self._hints.start(1), beside), np.full(1, -1, dtype=np.int64))
        rows = np.zeros(batch, dtype=np.intp)
        return Step(self.select(step.state, rows), step.log_probs[rows])

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item, ids (B,)."""
        words, steps, beside = cast(ReadTo, state)
        ids = np.asarray(ids)
        return self._read(ReadTo(words.copy(), self._hints.advance(steps, ids), beside.copy()), ids.astype(np.int64))

    @cached_property
    def _hints(self) -> Hints:
        return Hints.of(self.members, self.learned.tree)

    @cached_property
    def _beside(self) -> KneserNey | None:
        return kneser_ney_of(self.alphabet, self._text, self.shares) if self.shares.size else None

    @property
    def _text(self) -> Ids:
        """What it learned."""
        text = self.learned.text
        return text.ids[: int(text.size[0])].astype(self.alphabet.dtype)

    def _read(self, place: ReadTo, ids: npt.NDArray[np.int64]) -> Step:
        from nextchar._kernels.context_mixing.layout import Scratch
        from nextchar._kernels.context_mixing.rows import advance_states

        out = np.empty((len(ids), self.alphabet.size))
        tables = with_hints(self.learned, self._hints.of_steps(place.nets)) if self.members else self.learned
        work = Scratch.of(len(self.learned.slots.first), self.learned.tree, len(self.members))
        advance_states(place.words, ids, *tables, work, out)
        if self._beside is not None:
            self._beside.mix_rows(place.beside, ids, out)
        return Step(place, out)

    def own_reader(self, *, adaptive: bool) -> TextReader:
        """A reader by the compiled loop; one that learns does without Kneser-Ney, which does not."""
        hints = self._hints if self.members else None
        beside = None if adaptive else self._beside
        options = self.provenance.options
        return ContextMixingReader(self.tables, self.alphabet, options, hints, beside, adaptive=adaptive)

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items."""
        words, steps, beside = cast(ReadTo, state)
        return ReadTo(words[rows], self._hints.select(steps, rows), beside[rows])

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats; ids[:, 0] is the boundary."""
        step = self.start(len(ids))
        rows = [step.log_probs]
        for column in ids[:, 1:].T:
            step = self.advance(step.state, column)
            rows.append(step.log_probs)
        return np.stack(rows, axis=1)

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer | None:  # noqa: ARG002 - an interface
        """Each distinct beginning is read once."""
        from nextchar.core.shared_prefixes import BranchingDrawer

        return BranchingDrawer(self, plan, constraint)

    @property
    def corpus_scorer(self) -> CorpusScorer:
        """A compiled loop that follows each symbol's path alone."""
        return self._stream_nats

    def _stream_nats(self, corpus: Corpus) -> npt.NDArray[np.float64]:
        from nextchar._kernels.context_mixing.layout import STATE

        nats, loops = np.empty(corpus.symbols), Loops.of(self.learned)
        state = np.zeros(STATE, dtype=np.uint64)
        nets = HintReader(self._hints) if self.members else None
        for begin in range(0, len(nats), BLOCK):
            part = slice(begin, begin + BLOCK)
            ids = corpus.ids[part]
            tables = self.learned if nets is None else with_hints(self.learned, nets.read(ids))
            loops.read(ids, state, tables, nats[part])
        if self._beside is not None:
            self._beside.mix_text(corpus.ids, self._beside.start_state, nats)
        return nats

    @property
    def batch_limit(self) -> int | None:
        """As many as have rows of a few megabytes together."""
        return min([max(MOST_TOGETHER // self.alphabet.size, 1), *(net.batch_limit for net in self.members)])

    @property
    def memory_bytes(self) -> int:
        """Of all tables; its file leaves out what follows from the rest. An adaptive reader has as much of its own."""
        return sum(array.nbytes for part in self.learned for array in part)

    def training_nats(self) -> float | None:
        """-log p of the text that it was trained on.

        Of a long text, which would take as long as a pass, what it was in the last pass: of each stretch before it was
        learned, which is about what a text costs that is new. None where that pass was interrupted.
        """
        if int(self.learned.text.size[0]) > MOST_MEASURED:
            return self.metrics.training_nats
        return float(self._stream_nats(Corpus(self.alphabet, self._text)).sum())

    def with_metrics(self, metrics: Metrics) -> ContextMixingModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The text, the counts packed, and all that mixes them."""
        kept = self.tables.arrays(self.alphabet)
        return {**kept, "vowel": self.vowel.astype(np.uint8), "shares": self.shares}

    @classmethod
    def from_saved(cls, saved: SavedModel) -> ContextMixingModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make such a model.
            SettingsError: a setting is out of its range.
        """
        vowel = saved.arrays["vowel"].astype(np.bool_)
        settings = ContextMixing(**saved.settings)
        return cls(
            settings=settings,
            alphabet=saved.alphabet,
            tables=ModelTables(
                StoredTables(
                    saved.arrays,
                    saved.alphabet,
                    vowel,
                    adaptive=settings.learning == "adaptive",
                    nets=len(saved.members),
                )
            ),
            vowel=vowel,
            shares=checked_shares(saved.arrays.get("shares", NO_SHARES)),
            members=_nets(saved),
            provenance=saved.provenance,
            metrics=saved.metrics,
        )


def _nets(saved: SavedModel) -> tuple[NeuralModel, ...]:
    """The nets inside a saved model.

    Raises:
        ModelFileError: they are none, or over other symbols.
    """
    found: list[NeuralModel] = []
    if not saved.members:
        return ()  # without loading torch
    from nextchar.models.neural.model import NeuralModel

    for make in saved.members:
        net = make()
        if not isinstance(net, NeuralModel) or net.alphabet != saved.alphabet:
            raise ModelFileError(f"a {net.kind} is inside that is no net over its symbols")
        found.append(net)
    return tuple(found)
