"""A count model as a finite automaton: every context is a state, every symbol leads to the next.

After fitting, nothing needs the counts any more. A state stands for the longest suffix of what was read that the
training data had as a context. It lists the symbols that it knows something of its own about, each with its
log-probability and the state it leads to; for any other symbol the state links to the one for the context without its
oldest symbol, at a price:

    log p(w | state) = log_prob[state, w]                    if the state lists w
                     = price[state] + log p(w | link[state])  if not

State 0, the empty context, lists all symbols. This is the backoff form of an n-gram model (Katz 1987); interpolated
models can be written so too. Where the whole table of S x V rows fits into the memory budget it is laid out, and a
step is one look-up; where it does not (thousands of characters, high orders) steps follow the links.

Letters: S states, E listed entries, V size of the alphabet, B batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.display import one_line
from nextchar.errors import ModelFileError

__all__ = ["ROOT", "Automaton", "States"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
States = npt.NDArray[np.int32]

ROOT: Final = 0
HIGHEST_PRICE: Final = 300.0  # nats; what a state passes on is weighed by no more, and its exponential is a number
_KEPT: Final = ("first", "symbols", "log_prob", "target", "link", "price")
ROUNDING: Final = 1e-6  # nats above a probability of 1, of numbers that are written with some digits
COMPILED_FROM: Final = 4_000_000  # symbols from which loading numba repays itself
COMPILED_FROM_LENGTH: Final = 20_000  # and of one item, since others are read side by side
CHECKED_AT_ONCE: Final = 1 << 20  # numbers of a file
TABLE_BYTES: Final = 512 << 20  # lay the rows out up to this much memory


@dataclass(frozen=True, eq=False)
class Automaton:
    """The automaton; states are sorted so that links lead to smaller numbers.

    Attributes:
        alphabet: what the symbols mean.
        start: the state that has read the boundary.
        first: (S + 1,) where each state's entries begin.
        symbols: (E,) ids, increasing within a state.
        log_prob: (E,) nats of the entries.
        target: (E,) the state that each entry leads to.
        link: (S,) the state of the context without its oldest symbol; the root links to itself.
        price: (S,) nats added on the way along the link.
    """

    alphabet: Alphabet
    start: int
    first: I64
    symbols: Ids
    log_prob: F64
    target: States
    link: States
    price: F64

    __repr__ = one_line

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that a file has to hold of it, beside the alphabet."""
        return {"start": np.array([self.start]), **{name: getattr(self, name) for name in _KEPT}}

    @classmethod
    def from_arrays(cls, alphabet: Alphabet, arrays: Mapping[str, npt.NDArray[Any]]) -> Automaton:
        """The automaton that `arrays` came from.

        Raises:
            ModelFileError: with them a walk would leave the arrays or never end, or a probability would be above 1.
        """
        _check(arrays, alphabet)
        made = cls(alphabet=alphabet, start=int(arrays["start"][0]), **{name: arrays[name] for name in _KEPT})
        if made.above_one() is not None:
            raise ModelFileError("its arrays give probabilities above 1")
        return made

    @classmethod
    def from_rows(cls, alphabet: Alphabet, start: int, log_prob: F64, target: npt.NDArray[Any]) -> Automaton:
        """The automaton whose states each list all symbols, so that no link is ever followed.

        Args:
            alphabet: of V symbols.
            start: the state that has read the boundary.
            log_prob: (S, V) nats of every symbol in every state.
            target: (S, V) the states that they lead to.
        """
        S, V = log_prob.shape
        return cls(
            alphabet=alphabet,
            start=start,
            first=np.arange(S + 1) * V,
            symbols=np.tile(np.arange(V).astype(alphabet.dtype), S),
            log_prob=log_prob.reshape(-1),
            target=target.reshape(-1).astype(np.int32),
            link=np.full(S, ROOT, dtype=np.int32),
            price=np.zeros(S),
        )

    def successors(self, states: States) -> States:
        """Where every symbol leads, (B,) states -> (B, V) states."""
        V = self.alphabet.size
        return self.step(np.repeat(states, V), np.tile(np.arange(V), len(states)))[1].reshape(-1, V)

    @property
    def size(self) -> int:
        """S, the number of states."""
        return len(self.link)

    @cached_property
    def table(self) -> tuple[F64, States] | None:
        """All rows: log-probabilities (S, V) and next states (S, V); None where they exceed the budget."""
        V = self.alphabet.size
        if self.size * V * 12 > TABLE_BYTES:
            return None
        log_prob = np.empty((self.size, V))
        target = np.empty((self.size, V), dtype=np.int32)
        owner = np.repeat(np.arange(self.size), np.diff(self.first))
        for begin, end in self._layers:
            states = slice(begin, end)
            if begin != ROOT:
                log_prob[states] = log_prob[self.link[states]] + self.price[states, None]
                target[states] = target[self.link[states]]
            entries = slice(self.first[begin], self.first[end])
            at = owner[entries], self.symbols[entries]
            log_prob[at] = self.log_prob[entries]
            target[at] = self.target[entries]
        return log_prob, target

    @cached_property
    def _layers(self) -> list[tuple[int, int]]:
        """Runs of states that link only to earlier runs: the root, contexts of one symbol, of two, ..."""
        layers, begin = [(0, 1)], 1
        while begin < self.size:
            end = begin + int(np.searchsorted(self.link[begin:], begin))
            layers.append((begin, end))
            begin = end
        return layers

    @cached_property
    def depth(self) -> I64:
        """How many links lead from each state to the root, (S,)."""
        sizes = [end - begin for begin, end in self._layers]
        return np.repeat(np.arange(len(sizes)), sizes)

    def above_one(self) -> int | None:
        """A state that gives a symbol a probability above 1, or None: there is none.

        Only a price above 0 can do it, as entries are at most 0; counts make no such prices.
        """
        paying = np.flatnonzero(self.price > 0)
        if not len(paying):
            return None
        # What a state gives at most, as if it passed on the most probable symbol of its link, clears nearly all.
        most = np.full(self.size, -np.inf)
        lists = np.flatnonzero(np.diff(self.first))
        most[lists] = np.maximum.reduceat(self.log_prob, self.first[lists])
        for begin, end in self._layers[1:]:
            layer = slice(begin, end)
            most[layer] = np.maximum(most[layer], self.price[layer] + most[self.link[layer]])
        doubtful = paying[most[paying] > ROUNDING]
        pieces = np.array_split(doubtful, 1 + len(doubtful) * self.alphabet.size // CHECKED_AT_ONCE)
        for states in pieces:
            above = self.rows_by_links(states.astype(np.int32)).max(axis=1, initial=-np.inf) > ROUNDING
            if above.any():
                return int(states[np.argmax(above)])
        return None

    def rows(self, states: States) -> F64:
        """Log-probabilities of the next symbol, (B,) states -> (B, V), nats."""
        if self.table is not None:
            rows: F64 = self.table[0][states]
            return rows
        return self.rows_by_links(states)

    def rows_by_links(self, states: States) -> F64:
        """As `rows`, without laying the table out."""
        log_probs = np.full((len(states), self.alphabet.size), np.nan)
        at, paid = states.astype(np.int64), np.zeros(len(states))
        while True:
            count = self.first[at + 1] - self.first[at]
            row = np.repeat(np.arange(len(at)), count)
            entry = np.arange(len(row)) + np.repeat(
                self.first[at] - np.concatenate([[0], np.cumsum(count)[:-1]]), count
            )
            symbol = self.symbols[entry]
            new = np.isnan(log_probs[row, symbol])
            log_probs[row[new], symbol[new]] = paid[row[new]] + self.log_prob[entry[new]]
            if (at == ROOT).all():
                return log_probs
            paid = paid + np.where(at == ROOT, 0.0, self.price[at])
            at = self.link[at].astype(np.int64)

    def step(self, states: States, ids: Ids) -> tuple[F64, States]:
        """One symbol for each state, (B,) and (B,) -> its log-probability (B,) in nats, and the next states (B,)."""
        if self.table is not None:
            return self.table[0][states, ids], self.table[1][states, ids]
        return self.step_by_links(states, ids)

    def step_by_links(self, states: States, ids: Ids) -> tuple[F64, States]:
        """As `step`, without laying the table out."""
        at, nats = states.astype(np.int64), np.zeros(len(states))
        wanted = ids.astype(np.int64)
        entry = self._find(at, wanted)
        while (missing := entry < 0).any():
            nats[missing] += self.price[at[missing]]
            at[missing] = self.link[at[missing]]
            entry[missing] = self._find(at[missing], wanted[missing])
        return nats + self.log_prob[entry], self.target[entry]

    def _find(self, states: I64, ids: I64) -> npt.NDArray[np.intp]:
        """The entry of each state for each symbol, or -1."""
        low, end = self.first[states], self.first[states + 1]
        low = np.where(states == ROOT, low + ids, low)  # which lists them all
        high = np.where(states == ROOT, low, end)
        while (open_ := low < high).any():
            middle = (low + high) >> 1
            before = open_ & (self.symbols[np.minimum(middle, len(self.symbols) - 1)] < ids)
            high = np.where(open_ & ~before, middle, high)
            low = np.where(before, middle + 1, low)
        there = (low < end) & (self.symbols[np.minimum(low, len(self.symbols) - 1)] == ids)
        return np.where(there, low, -1)

    def stream_nats(self, ids: Ids, *, compiled: bool | None = None) -> F64:
        """-log p of every symbol of a stream that follows a boundary, (T,) -> (T,) nats.

        Args:
            ids: the stream; it ends with a boundary.
            compiled: use the compiled loop; by default for a stream, or an item in it, long enough to repay loading it.
        """
        if compiled or (compiled is None and (len(ids) >= COMPILED_FROM or kernels_loaded())):
            return self._stream_nats_compiled(ids)
        begins = np.concatenate([[0], np.flatnonzero(ids == BOUNDARY)[:-1] + 1])
        lengths = np.diff(begins, append=len(ids))
        if compiled is None and lengths.max() >= COMPILED_FROM_LENGTH:
            return self._stream_nats_compiled(ids)
        # Items side by side, longest first: all first symbols, all second ones, and so on.
        order = np.argsort(-lengths, kind="stable")
        begins, lengths = begins[order], lengths[order]
        nats = np.empty(len(ids))
        states = np.full(len(begins), self.start, dtype=np.int32)
        for t in range(int(lengths[0])):
            at = begins[: np.searchsorted(-lengths, -t)] + t  # the items longer than t
            log_prob, states = self.step(states[: len(at)], ids[at])
            nats[at] = -log_prob
        return nats

    def _stream_nats_compiled(self, ids: Ids) -> F64:
        from nextchar._kernels.automaton import walk, walk_links

        nats = np.empty(len(ids))
        if self.table is None:
            walk_links(
                ids, self.start, self.first, self.symbols, self.log_prob, self.target, self.link, self.price, nats
            )
            return nats
        log_prob, target = self.table
        ends = np.flatnonzero(ids == BOUNDARY) + 1
        cuts = np.concatenate([[0], ends[np.searchsorted(ends, np.arange(1, 4) * len(ids) // 4)], [len(ids)]])
        walk(ids, cuts, log_prob.reshape(-1), target.reshape(-1), self.start, self.alphabet.size, nats)
        return nats


def _check(arrays: Mapping[str, npt.NDArray[Any]], alphabet: Alphabet) -> None:
    """Whatever would let a walk leave the arrays, or never end."""
    S, E = len(arrays["link"]), len(arrays["symbols"])
    kinds = {
        "start": ((1,), np.int64),
        "first": ((S + 1,), np.int64),
        "symbols": ((E,), alphabet.dtype),
        "log_prob": ((E,), np.float64),
        "target": ((E,), np.int32),
        "link": ((S,), np.int32),
        "price": ((S,), np.float64),
    }
    for name, (shape, dtype) in kinds.items():
        if arrays[name].shape != shape or arrays[name].dtype != dtype:
            raise ModelFileError(f"its array {name} has a wrong size or type")
    first, symbols, link = arrays["first"], arrays["symbols"], arrays["link"]
    if not S or first[0] != 0 or first[-1] != E or not _all(first, lambda _, part: part[1:] >= part[:-1], more=1):
        raise ModelFileError("its states do not fit its entries")

    def rising(at: int, part: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        rises = part[1:] > part[:-1]
        begins = first[np.searchsorted(first, at + 1) : np.searchsorted(first, at + len(part))]
        rises[begins - (at + 1)] = True
        return rises

    lists_all = first[1] == alphabet.size and np.array_equal(symbols[: first[1]], np.arange(alphabet.size))
    rows_in_order = _all(symbols, rising, more=1) and lists_all
    links_lead_down = (
        link[ROOT] == ROOT
        and _all(link, lambda at, part: part < np.maximum(np.arange(at, at + len(part)), 1))
        and _all(link, lambda _, part: part[1:] >= part[:-1], more=1)
    )
    inside = all(_all(arrays[name], lambda _, part: (part >= 0) & (part < S)) for name in ("start", "target", "link"))
    known = _all(symbols, lambda _, part: part < alphabet.size)
    numbers = _all(arrays["log_prob"], lambda _, part: part <= 1e-9) and _all(
        arrays["price"], lambda _, part: part <= HIGHEST_PRICE
    )
    if not (rows_in_order and links_lead_down and inside and known and numbers):
        raise ModelFileError("its arrays do not make an automaton")


def _all(
    array: npt.NDArray[Any], holds: Callable[[int, npt.NDArray[Any]], npt.NDArray[np.bool_]], more: int = 0
) -> bool:
    """Whether something holds of a whole array, looked at piece by piece, so that a large file needs little memory.

    Args:
        array: (N,).
        holds: of a piece that begins at this place.
        more: of the next piece's numbers that are given too, for what holds of neighbours.
    """
    steps = range(0, len(array), CHECKED_AT_ONCE)
    return all(bool(holds(at, array[at : at + steps.step + more]).all()) for at in steps)
