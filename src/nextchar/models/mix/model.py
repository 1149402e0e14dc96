"""The mix: many n-gram experts of different kinds, weighed by a gate that was fitted on items they had not counted.

No single smoothing and no single context is best everywhere. Here every expert says its log-probabilities, a gate gives
each of them an exponent by where we are and how often the expert has been there, and the weighted sum is made to sum to
1 again. `experts` names the experts, `gate` says how the weights come about.

Letters: V alphabet, S symbols, B batch, T time, K kinds of context, E experts, C contexts, M cells.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple, cast, final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import PLACES, WHOLE_ROWS, WINDOW, state_words
from nextchar.automata.stepwise_model import StepwiseModel
from nextchar.core.constraint import Constraint
from nextchar.core.metrics import ExpertWorth, Metrics, PartLoss
from nextchar.core.model import SavedModel
from nextchar.core.plan import Plan
from nextchar.core.progress import Progress, ProgressReport
from nextchar.core.protocol import CorpusScorer, Drawer, LogProbs, Step
from nextchar.core.settings import check, setting
from nextchar.core.shared_prefixes import BranchingDrawer
from nextchar.core.spec import whole
from nextchar.core.timed_scoring import evaluate_within, sample_note
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.arguments import need_function, need_ids, need_whole
from nextchar.data.corpus import Corpus
from nextchar.data.display import amount, one_line
from nextchar.data.hashing import MASK
from nextchar.data.item_weights import importance
from nextchar.data.provenance import Provenance
from nextchar.errors import CorpusError
from nextchar.models.mix.expert_counts import Tables, count_experts, positions_of, sampled_items
from nextchar.models.mix.experts import EXPERTS, newest_symbols
from nextchar.models.mix.gate import fit_gate
from nextchar.models.mix.left_out import FIT_CELLS, fit_positions, leave_one_out
from nextchar.models.mix.stored_tables import EXPERTS_OF_A_KIND, Arrays, check_tables, stored_gate, stored_tables
from nextchar.models.mix.symbol_classes import symbol_classes
from nextchar.models.ngram.counts import count

if TYPE_CHECKING:
    from nextchar._kernels.mix.layout import Frozen, Gate
    from nextchar._kernels.mix.leave_one_out import Rows

__all__ = ["Mix", "MixAndRows", "MixModel"]

EPOCHS: Final = 14.0  # more gain nothing
COUNTING: Final = 0.5  # of the time: after that, no further kinds of context are counted
EFFECTIVE: Final = 2_500  # items that the fit rests on at least, where they have weights
FINISHING: Final = 0.1  # of the time: kept for what comes after the fit
LEAST_LEFT: Final = 0.02  # of the time, for measuring the loss on the training data
CELLS_A_SECOND: Final = 8_000_000  # of fit, all epochs together: how many can be fitted to in the time that is left
LEAVING_OUT: Final = 0.4  # of the time that is left after counting, where the alphabet is large
EXPLAINED: Final = 10_000  # positions on which each expert is silenced in turn
SHARED: Final = 64  # symbols of an item's beginning whose rows are kept while the next items share it
ROOM: Final = 1 << 22  # numbers in the rows that are kept


@dataclass(frozen=True, kw_only=True)
class Mix:
    """The settings of a mix: many kinds of context count, and a gate weighs what they say.

    Attributes:
        seconds: how long training may take once its loops are loaded, counting included; the number of experts, of
            positions that the gate is fitted to and of epochs follow from it. What fits is finished sooner.
        epochs: passes over these positions; then the clock plays no part, and the result is the same everywhere.
        seed: of the order of the positions.
        weights: what an item's weight says. By importance each item is counted once, and the gate is fitted to predict
            heavy items rather than light ones (see `data.item_weights.importance`): so new items are predicted best.
            As repeats an item counts as often as it weighs, as it would on so many lines: so items that have been seen
            are as probable as they were frequent.

    Raises:
        SettingsError: a setting is out of its range.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "emily", "ella", "amelia"])
        >>> model = nextchar.Mix(epochs=2).fit(corpus)  # a number of epochs gives the same model everywhere
        >>> model.sample(2, seed=1) == model.sample(2, seed=1)
        True
    """

    seconds: float = setting(
        60.0, help="Train for so long.", above=0, option="seconds", metavar="X", goes_with=("epochs", (None,))
    )
    epochs: float | None = setting(
        None,
        help="Train so many times through the positions, whatever the time.",
        above=0,
        at_most=10**9,
        default_text="as many as the seconds allow",
        option="epochs",
        metavar="X",
    )
    seed: int = setting(0, help="Of the order of the positions.", at_least=0, at_most=MASK)
    weights: Literal["importance", "repeats"] = setting(
        "importance", help="What items' weights say: how much each matters, or how often each is there."
    )

    __repr__ = one_line

    def __post_init__(self) -> None:
        check(self)

    @property
    def summary(self) -> str:
        """The settings that matter, for people."""
        return amount(self.seconds, "second") if self.epochs is None else amount(self.epochs, "epoch")

    @property
    def budget_seconds(self) -> float | None:
        """The seconds, where they are the budget."""
        return self.seconds if self.epochs is None else None

    def fit(
        self,
        data: Corpus | Iterable[str],
        *,
        validation: Corpus | Iterable[str] | None = None,  # noqa: ARG002 - a spec's interface
        progress: Progress | None = None,
    ) -> MixModel:
        """Count a corpus, or items from memory, fit the gate, and return the model.

        Ctrl-C while the gate is fitted ends the fit with the weights so far; metrics.stopped says so.

        Raises:
            CorpusError: no item has a weight above 0.
        """
        return self._fitted(data, progress, said=False).model

    def fit_and_say(self, data: Corpus | Iterable[str], *, progress: Progress | None = None) -> MixAndRows:
        """Fit, and say of every symbol of the data what the mix makes of it where its item had not been counted.

        Raises:
            CorpusError: no item has a weight above 0.
        """
        return self._fitted(data, progress, said=True)

    def _fitted(self, data: Corpus | Iterable[str], progress: Progress | None, *, said: bool) -> MixAndRows:
        need_function(progress, "progress")
        data = Corpus.of(data)
        provenance = Provenance.of(data)
        if data.weights is not None:
            data = data.take(np.flatnonzero(data.weights))
        if not len(data.checked()):
            raise CorpusError("no items: there are none, or all have weight 0")
        data = replace(data, ids=_read_only(data.ids))
        given, matters = data, None
        if given.weights is not None and self.weights == "importance":
            data, matters = replace(given, weights=None), importance(given.weights, EFFECTIVE)
        timed = self.epochs is None
        tell: Progress = progress or (lambda _at: None)
        if timed or progress is not None:
            tell(ProgressReport(0.0, "loading loops, which are compiled the first time"))
            _load_loops(data)
        begun = time.perf_counter()

        def go_on(share: float) -> bool:
            spent = time.perf_counter() - begun
            tell(ProgressReport(0.2 * share, "counting"))
            return not timed or spent < COUNTING * self.seconds

        bigrams = count(replace(data, weights=None), 2)
        items = sampled_items(data, fit_positions(data.alphabet.size), self.seed)
        tables = count_experts(data, EXPERTS, symbol_classes(bigrams), items, go_on)
        left = begun + (1 - FINISHING) * self.seconds - time.perf_counter()
        tell(ProgressReport(0.2, "leaving each item out"))
        cells = max(int(left * CELLS_A_SECOND), 1) if timed else FIT_CELLS
        within = LEAVING_OUT * max(left, 0) if timed else None
        rows = leave_one_out(data, tables, cells, within, importance=matters)
        fitted = fit_gate(
            tables,
            rows,
            epochs=EPOCHS if self.epochs is None else self.epochs,
            seed=self.seed,
            deadline=begun + (1 - FINISHING) * self.seconds if timed else None,
            progress=lambda at: tell(ProgressReport(0.3 + 0.7 * at.share, at.text)),
        )
        model = MixModel(
            settings=self,
            alphabet=data.alphabet,
            tables=stored_tables(tables, fitted.gate, data.alphabet),
            provenance=provenance,
            metrics=Metrics(
                curve=fitted.curve,
                fitted_positions=len(rows.target),
                experts=_explained(tables, rows, fitted.gate, self.seed),
                training_seconds=time.perf_counter() - begun,
                stopped=fitted.stopped,
            ),
        )
        log_probs = _said(data, tables, rows, fitted.gate) if said else None
        del rows, tables, fitted
        least = LEAST_LEFT * self.seconds
        found = evaluate_within(model, given, max(begun + self.seconds - time.perf_counter(), least) if timed else None)
        note = sample_note(found, given, "training data")
        metrics = replace(model.metrics, losses={"train": PartLoss.of(found)}, notes=() if note is None else (note,))
        total = np.array([np.nan if note else found.nats])
        return MixAndRows(replace(model, tables={**model.tables, "training_nats": total}, metrics=metrics), log_probs)


def _said(data: Corpus, tables: Tables, rows: Rows, gate: Gate) -> npt.NDArray[np.float32] | None:
    """What the gate makes of all rows, (S, V) nats, in the order of the data; None where they are not all there."""
    from nextchar._kernels.mix.gate import whole_rows

    V = data.alphabet.size
    if len(rows.target) < data.symbols or V > WHOLE_ROWS:
        return None
    out = np.empty((data.symbols, V), dtype=np.float32)
    whole_rows(rows, gate, np.log(tables.unigram), out)
    said = np.empty_like(out)
    said[positions_of(data, tables.items)] = out
    return said


def _load_loops(data: Corpus) -> None:
    """Have all loops loaded or, on a new installation, compiled, by a fit to one item: no part of a fit's seconds."""
    one = data.take([int(data.lengths.argmin())])
    whole(Mix(epochs=1).fit(one))


def _read_only(ids: Ids) -> Ids:
    """The same memory, not to be written to: numba compiles a loop once more for what it may write to."""
    ids = ids.view()
    ids.flags.writeable = False
    return ids


def _explained(tables: Tables, rows: Rows, gate: Gate, seed: int) -> tuple[ExpertWorth, ...]:
    """What each expert is worth: how many nats per symbol more it costs, on items left out, when it says nothing."""
    from nextchar._kernels.mix.gate import silence

    chosen = np.random.default_rng(seed).permutation(len(rows.target))
    row = len(tables.unigram) if not len(rows.candidates) else -(-int(rows.candidate_first[-1]) // len(chosen))
    chosen = chosen[: max(EXPLAINED * 32 // max(row, 32), 1)]
    worth, active = np.zeros(len(tables.experts)), np.zeros(len(tables.experts))
    silence(chosen, rows, gate, np.log(tables.unigram), worth, active)
    weight = float(rows.weight[chosen].sum())
    return tuple(
        ExpertWorth(name=expert.name, worth_nats=float(worth[e] / weight), active=float(active[e] / weight))
        for e, expert in enumerate(tables.experts)
    )


class MixAndRows(NamedTuple):
    """A mix, and what it says of what it was trained on.

    Attributes:
        model: the mix.
        log_probs: (S, V) nats, at each symbol of the training data what follows from the counts of all other items;
            None where the gate was fitted to a part of the items, or to a part of the alphabet.
    """

    model: MixModel
    log_probs: npt.NDArray[np.float32] | None


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MixModel(StepwiseModel):
    """A trained mix.

    Attributes:
        settings: how it was trained.
        alphabet: what its ids mean.
        tables: what its file holds: the experts' contexts and cells, and the gate; see `Frozen` and `Gate`.
        provenance: what it remembers of the training data.
        metrics: what was measured when it was trained, also what each expert is worth.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Mix(epochs=2).fit(nextchar.Corpus.from_items(["emma", "emily", "ella"]))
        >>> model.score(["emma"])[0].nats < model.score(["mmea"])[0].nats
        True
    """

    kind: ClassVar[str] = "mix"
    settings: Mix
    alphabet: Alphabet
    tables: Arrays
    provenance: Provenance
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen

    @property
    def context_length(self) -> None:
        """It looks back to the item's beginning."""
        return

    @cached_property
    def _frozen(self) -> Frozen:
        """The tables laid out for the loops, with hash tables for the contexts."""
        from nextchar._kernels.mix.layout import Frozen, is_dense, lay_out

        stored = self.tables
        kind, kind_contexts = stored["kind"], stored["kind_contexts"]
        sizes = np.diff(kind_contexts)
        slots = np.array([1 << max(2 * int(size) - 1, 1).bit_length() for size in sizes])
        row_first = np.concatenate([[0], np.cumsum(stored["row_lengths"], dtype=np.int64)])
        kind_cells = row_first[kind_contexts]
        cells = np.diff(kind_cells)
        experts = np.full((len(sizes), EXPERTS_OF_A_KIND), -1)
        for e, k in enumerate(kind):
            experts[k, int(experts[k, 0] >= 0)] = e
        lengths, V = stored["row_lengths"].astype(np.int64), self.alphabet.size
        width = np.repeat(1 + (experts >= 0).sum(axis=1), sizes)  # of a cell, of each context
        words = np.empty(int((1 + np.where(is_dense(lengths, V), V * width, lengths * (1 + width))).sum()), np.int32)
        frozen = Frozen(
            contexts=stored["contexts"],
            newest=newest_symbols(stored["contexts"]),
            classes=stored["classes"].astype(np.int64),
            slots=np.zeros((int(slots.sum()), 2), dtype=np.uint64),
            slot_first=np.concatenate([[0], np.cumsum(slots)]),
            words=words,
            numbers=words.view(np.float32),
            experts=experts,
            log_unigram=np.log(stored["unigram"]),
        )
        at = 0
        for k, first in enumerate(kind_contexts[:-1]):
            at = lay_out(
                k, stored["keys"][first : first + sizes[k]], first, row_first, stored["symbols"],
                _starts(sizes[kind]) - kind_contexts[kind], _starts(cells[kind]) - kind_cells[kind],
                stored["totals"], stored["gains"], stored["buckets"], self._gate, at, frozen,
            )  # fmt: skip
        return frozen

    @cached_property
    def _gate(self) -> Gate:
        return stored_gate(self.tables)

    @property
    def _words(self) -> int:
        """Of the state of one item."""
        return state_words(self.tables["contexts"], self.alphabet.size)

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        need_whole(batch, "batch")
        states = np.zeros((1, self._words), dtype=np.int64)
        return self._read(states, np.zeros(1, dtype=np.int64), np.zeros(batch, dtype=np.intp))

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item, ids (B,)."""
        return self._read(cast(npt.NDArray[np.int64], state), np.asarray(ids).astype(np.int64))

    def _read(
        self, states: npt.NDArray[np.int64], ids: npt.NDArray[np.int64], rows: npt.NDArray[np.intp] | None = None
    ) -> Step:
        from nextchar._kernels.mix.prediction import advance

        states = states.copy()
        out = np.empty((len(ids), self.alphabet.size))
        advance(states, ids, self._frozen, self._gate, self._room(), out)
        return Step(states, out) if rows is None else Step(states[rows], out[rows])

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items."""
        return cast(npt.NDArray[np.int64], state)[rows]

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats; ids[:, 0] is the boundary."""
        ids = need_ids(ids, self.alphabet.size, dimensions=2)
        step = self.start(len(ids))
        rows = [step.log_probs]
        for column in ids[:, 1:].T:
            step = self.advance(step.state, column)
            rows.append(step.log_probs)
        return np.stack(rows, axis=1)

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer:  # noqa: ARG002 - an interface
        """Each distinct beginning is read once, of as many items together as have rows of a few megabytes."""
        return BranchingDrawer(self, plan, constraint, together=max(ROOM // self.alphabet.size, 1))

    @property
    def corpus_scorer(self) -> CorpusScorer:
        """A compiled loop that keeps the rows of beginnings that items share."""
        return self._stream_nats

    @property
    def batch_limit(self) -> int | None:
        """As many as have rows of a few megabytes together; a state is a few numbers."""
        return None if self.alphabet.size <= WHOLE_ROWS else max(ROOM // self.alphabet.size, 1)

    def _stream_nats(self, corpus: Corpus) -> npt.NDArray[np.float64]:
        from nextchar._kernels.mix.prediction import stream_nats

        nats = np.empty(corpus.symbols)
        depth = max(min(SHARED, ROOM // self.alphabet.size), 1)
        rows, state = np.empty((depth + 1, self.alphabet.size)), np.zeros(self._words, dtype=np.int64)
        frozen, gate = self._frozen, self._gate
        stream_nats(
            _alike(corpus), corpus.offsets, _read_only(corpus.ids), frozen, gate, self._room(), rows, state, nats
        )
        return nats

    def _room(self) -> tuple[npt.NDArray[Any], ...]:
        """Room for the loops to work in; see `_kernels.mix.prediction.row_log_probs`."""
        K, V = len(self.tables["contexts"]), self.alphabet.size
        powers, (H, E) = np.empty(V), self._gate.hidden.shape
        return (
            np.empty(K + WINDOW + 1, dtype=np.uint64), np.empty(K, dtype=np.uint64), np.empty(K, dtype=np.int64),
            np.empty(PLACES, dtype=np.uint8), np.empty(H), np.empty(E),
            np.empty_like(powers), powers, powers.view(np.int64),
        )  # fmt: skip

    def training_nats(self) -> float | None:
        """-log p of the training data, weights counted, as measured after training; None if only a sample was."""
        nats = float(self.tables["training_nats"][0])
        return None if np.isnan(nats) else nats

    def with_metrics(self, metrics: Metrics) -> MixModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Arrays:
        """The experts' tables and the gate's weights."""
        return self.tables

    @classmethod
    def from_saved(cls, saved: SavedModel) -> MixModel:
        """The model that `arrays` came from.

        Raises:
            ModelFileError: the arrays do not make such a model.
            SettingsError: a setting is out of its range.
        """
        tables = {name: array for name, array in saved.arrays.items() if name != "known_items"}
        check_tables(tables, saved.alphabet)
        return cls(
            settings=Mix(**{"weights": "repeats", **saved.settings}),  # as 0.1.0 had them
            alphabet=saved.alphabet,
            tables=tables,
            provenance=saved.provenance,
            metrics=saved.metrics,
        )


def _starts(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each of several stretches begins that lie one after the other."""
    starts: npt.NDArray[np.int64] = np.cumsum(sizes) - sizes
    return starts


def _alike(corpus: Corpus) -> npt.NDArray[np.int64]:
    """An order of the items in which those with the same first symbols stand together, (n,)."""
    bits = max(int(corpus.alphabet.size - 1).bit_length(), 1)
    keys = np.zeros(len(corpus), dtype=np.uint64)
    for t in range(64 // bits):
        within = corpus.lengths >= t
        symbol = corpus.ids[np.where(within, corpus.offsets[:-1] + t, 0)].astype(np.uint64)
        keys = (keys << np.uint64(bits)) | np.where(within, symbol, np.uint64(0))
    return np.argsort(keys, kind="stable")
