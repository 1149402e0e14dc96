"""Any model as a finite automaton of a wanted size, with the model's own rows where items mostly are.

A model that looks back to the beginning of an item has a state for every beginning. Those that it finds likely become
states of the automaton, each with the model's own row: a million of them hold most places of most items. Beyond them a
state is a context of the newest symbols, as long as the places that drawn items come to have it twice, and its row is
the mean of the model's rows there.

States are written as differences: a beginning lists the symbols that lead on to likely beginnings and those of which
its context says something else, and links to that context for all others. So it takes some 50 bytes, where its row has
a hundred numbers and more.

Letters: N beginnings, F contexts, M places of strays, S states, V size of the alphabet, k newest symbols, B batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, TABLE_BYTES, Automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.automata.likely_beginnings import LikelyBeginnings, Strays, explore
from nextchar.automata.stored_model import Derived, DerivedModel
from nextchar.core.model import Model
from nextchar.core.progress import Progress
from nextchar.core.settings import Setting
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.arguments import need, need_function
from nextchar.data.display import thousands
from nextchar.data.hashing import checked_seed
from nextchar.data.row_order import sorted_rows
from nextchar.errors import SettingsError

__all__ = ["STATES", "distil", "distilled_machine"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
STATES: Final = 500_000
MOST_STATES: Final = 1 << 24
NEWEST: Final = 8  # symbols of a context, at most
OFTEN: Final = 2  # places that a context needs
TRUST: Final = 3.0  # places that it borrows from the shorter one
DIFFERENCE: Final = 0.03  # in p log p, from which a symbol is listed; of a beginning, if it is as unlikely as any
CONTEXT_DIFFERENCE: Final = 0.003  # of a context
NOTHING: Final = 1e-9  # of probability: a state that has no more left lists all symbols
CHUNK: Final = 1 << 22  # numbers of rows that are compared at a time
WANTED: Final = Setting(
    name="the size of an automaton", type=int, noun="number of states", at_least=1, at_most=MOST_STATES
)


def distil(model: Model, *, states: int = STATES, seed: int = 0, progress: Progress | None = None) -> DerivedModel:
    """Any model as a finite automaton of about so many states, for exact answers and for speed.

    After the beginnings that the model finds most likely the automaton says what the model says; beyond them, what it
    says there on average. What is likely is read off the model alone: no items are needed. It is a proper model.

    Args:
        model: any that is no finite automaton already.
        states: how many beginnings have the model's own row. Beyond them, where the model draws items that go there,
            come some more for contexts.
        seed: of the items that are drawn.
        progress: is told how far it has come.

    Raises:
        SettingsError: the model is an automaton already, it was trained on whole texts, it gives no items, or the rows
            would take too much memory.

    Examples:
        >>> import nextchar
        >>> mix = nextchar.Mix(epochs=1).fit(nextchar.Corpus.from_items(["emma", "emily", "ella"]))
        >>> table = nextchar.distil(mix, states=1000)
        >>> bool(abs(table.nats(["emma"])[0] - mix.nats(["emma"])[0]) < 0.01)
        True
        >>> nextchar.given(table, prefix="em").probability > 0
        True
    """
    need(model, Model, "model", "a model (Ngram().fit(...), load(...))")
    need_function(progress, "progress")
    seed = checked_seed(seed)
    wanted = WANTED.check(states)
    if isinstance(model, AutomatonModel):
        raise SettingsError(f"a model of kind {model.kind} is a finite automaton already; there is nothing to distil")
    if model.provenance.options.whole_files:
        raise SettingsError(
            "the model was trained on whole texts, and no beginning of a text is likely; tabulate it for the contexts "
            "of a text (nextchar compile with a text; tabulate)"
        )
    most = TABLE_BYTES // (8 * model.alphabet.size)
    if wanted > most:
        raise SettingsError(
            f"the rows of {wanted:,} states have {model.alphabet.size:,} symbols each, which is more than fits into "
            f"{TABLE_BYTES >> 20:,} MB; take up to {most:,} states",
            argument="states",
        )
    beginnings, strays = explore(model, wanted, wanted, NEWEST, seed, progress)
    machine = distilled_machine(model.alphabet, beginnings, strays)
    how = f"{model.kind}, distilled into {thousands(machine.size, 'state')}"
    return DerivedModel(settings=Derived(how=how), machine=machine, provenance=model.provenance)


@dataclass(frozen=True, eq=False)
class _Contexts:
    """The contexts as a tree; those of a length stand together, the empty one first.

    Attributes:
        link: (F,) the context without its oldest symbol.
        length: (F,) symbols.
        oldest: (F,) symbol; of the empty context 0.
        rows: (F, V) nats.
    """

    link: I64
    length: I64
    oldest: I64
    rows: F64

    @cached_property
    def _keys(self) -> tuple[I64, I64]:
        """What identifies each context, sorted, and whose it is: the shorter context and the oldest symbol."""
        keys = self.link * self.rows.shape[1] + self.oldest
        keys[0] = -1
        order = np.argsort(keys)
        return keys[order], order

    def longer(self, contexts: I64, symbols: I64) -> I64:
        """The contexts with one older symbol, or -1."""
        keys, order = self._keys
        wanted = contexts * self.rows.shape[1] + symbols
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, order[at], -1)

    def longest(self, newest: Ids) -> I64:
        """The longest contexts that places with these newest symbols (n, k) are in."""
        found = np.zeros(len(newest), dtype=np.int64)
        going = np.arange(len(newest))
        for column in newest.T:
            after = self.longer(found[going], column[going].astype(np.int64))
            going, after = going[after >= 0], after[after >= 0]
            found[going] = after
        return found

    @cached_property
    def steps(self) -> I64:
        """Where each symbol leads, (F, V): the longest context of what the context and the symbol are together."""
        F, V = self.rows.shape
        steps = np.zeros((F, V), dtype=np.int64)
        every = np.arange(V)
        for length in range(int(self.length.max()) + 1):
            states = np.flatnonzero(self.length == length)
            if not length:
                steps[states] = np.maximum(self.longer(np.zeros(V, np.int64), every), 0)
                continue
            shorter = steps[self.link[states]]
            whole = self.length[shorter] == length  # what the shorter context knows leads to a context of all of it
            row, symbol = np.nonzero(whole)
            after = self.longer(shorter[row, symbol], self.oldest[states[row]])
            shorter[row, symbol] = np.where(after >= 0, after, shorter[row, symbol])
            steps[states] = shorter
        return steps


def _contexts_of(strays: Strays) -> _Contexts:
    """The contexts that strays are in often enough, and the mean rows there."""
    M, V = strays.rows.shape
    order = sorted_rows(list(strays.newest.T), V)
    newest, rows = strays.newest[order], np.exp(strays.rows[order].astype(np.float64))
    sums = rows.sum(axis=0, keepdims=True) + TRUST / V
    means = [sums / sums.sum()]
    link, length, oldest = ([np.zeros(1, dtype=np.int64)] for _ in range(3))
    within, size = np.zeros(M, dtype=np.int64), 1  # the context that each place is in, of the length before
    for depth in range(newest.shape[1]):
        if not len(within):
            break
        column = newest[:, depth].astype(np.int64)
        firsts = np.flatnonzero((np.diff(within, prepend=-1) != 0) | (np.diff(column, prepend=-1) != 0))
        places = np.diff(firsts, append=len(within))
        kept = places >= OFTEN
        shorter = within[firsts]
        borrowed = TRUST * means[-1][shorter - (size - len(means[-1]))]
        mean = (np.add.reduceat(rows, firsts, axis=0) + borrowed) / (places + TRUST)[:, None]
        means.append(mean[kept])
        link.append(shorter[kept])
        length.append(np.full(int(kept.sum()), depth + 1))
        oldest.append(column[firsts[kept]])
        inside = np.repeat(kept, places)
        within = np.repeat(np.cumsum(kept) - 1 + size, places)[inside]
        newest, rows, size = newest[inside], rows[inside], size + int(kept.sum())
    p = np.concatenate(means)
    return _Contexts(
        np.concatenate(link), np.concatenate(length), np.concatenate(oldest), np.log(p / p.sum(axis=1, keepdims=True))
    )


class _Listed(NamedTuple):
    """What some states list, and what they then say.

    Attributes:
        owner: of each entry, its state.
        symbol: of each entry.
        nats: of each entry.
        to: of each entry, where it leads.
        price: (B,) of each state, for what it does not list.
        said: (B, V) nats.
    """

    owner: I64
    symbol: I64
    nats: F64
    to: I64
    price: F64
    said: F64


def distilled_machine(alphabet: Alphabet, beginnings: LikelyBeginnings, strays: Strays) -> Automaton:
    """The automaton of likely beginnings, and of contexts beyond them; see `explore`."""
    V, N = alphabet.size, len(beginnings.parent)
    contexts = _contexts_of(strays)
    F = len(contexts.link)
    said = contexts.rows.copy()
    listed = []
    for length in range(int(contexts.length.max()) + 1):  # the shorter ones first: the longer ones differ from them
        states = np.flatnonzero(contexts.length == length)
        steps, up = contexts.steps[states], contexts.link[states]
        needed = steps != contexts.steps[up] if length else np.ones_like(steps, dtype=np.bool_)
        made = _differences(contexts.rows[states], said[up], needed, np.full(len(states), CONTEXT_DIFFERENCE), steps)
        said[states] = made.said
        listed.append(made._replace(owner=states[made.owner], said=made.said[:0]))
    link = contexts.longest(beginnings.newest)
    leads = np.full((N, V), -1, dtype=np.int32)
    leads[beginnings.parent[1:], beginnings.newest[1:, 0]] = np.arange(1, N) + F
    out = np.flatnonzero(strays.left >= 0)
    leads[strays.left[out], strays.newest[out, 0]] = contexts.longest(strays.newest[out])
    least = DIFFERENCE * np.exp(beginnings.log_prob.min() - beginnings.log_prob)
    for begin in range(0, N, max(CHUNK // V, 1)):
        part = slice(begin, begin + max(CHUNK // V, 1))
        rows = beginnings.rows[part].astype(np.float64)
        rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
        needed = leads[part] >= 0
        to = np.where(needed, leads[part], contexts.steps[link[part]])
        made = _differences(rows, said[link[part]], needed, least[part], to)
        listed.append(made._replace(owner=made.owner + F + begin, said=made.said[:0]))
    return _assembled(alphabet, listed, np.concatenate([contexts.link, link]), F)


def _differences(rows: F64, above: F64, needed: npt.NDArray[np.bool_], least: F64, to: I64) -> _Listed:
    """What states list so that the other symbols may be in the proportions of the row that they link to.

    Args:
        rows: (B, V) nats, wanted.
        above: (B, V) nats, of the links.
        needed: (B, V) what is listed in any case.
        least: (B,) from this difference in p log p on a symbol is listed.
        to: (B, V) where the symbols lead.
    """
    p, q = np.exp(rows), np.exp(above)
    kept = needed.copy()
    for last in (False, False, True):
        rest, other = np.where(kept, 0.0, p).sum(axis=1), np.where(kept, 0.0, q).sum(axis=1)
        whole = (rest < NOTHING) | (other < NOTHING)
        price = np.log(np.where(whole, 1.0, rest) / np.where(whole, 1.0, other))
        kept |= whole[:, None]
        if not last:
            kept |= p * np.abs(rows - above - price[:, None]) > least[:, None]
    owner, symbol = np.nonzero(kept)
    said = np.where(kept, rows, above + price[:, None])
    return _Listed(owner, symbol, rows[owner, symbol], to[owner, symbol], price, said)


def _assembled(alphabet: Alphabet, listed: list[_Listed], link: I64, start: int) -> Automaton:
    """The automaton, its states sorted by their links: first the root, then what links to it, and so on."""
    S = len(link)
    depth = np.append(0, np.ones(S - 1, dtype=np.int64))
    at = link
    while at.any():
        depth += at != ROOT
        at = link[at]
    number = np.zeros(S, dtype=np.int64)
    size = 1
    for layer in range(1, int(depth.max()) + 1):
        states = np.flatnonzero(depth == layer)
        states = states[np.argsort(number[link[states]], kind="stable")]
        number[states] = np.arange(len(states)) + size
        size += len(states)
    owner = number[np.concatenate([part.owner for part in listed])]
    symbol = np.concatenate([part.symbol for part in listed])
    to = np.where(symbol == BOUNDARY, start, np.concatenate([part.to for part in listed]))
    order = np.argsort(owner * alphabet.size + symbol)
    states = np.argsort(number)
    return Automaton(
        alphabet=alphabet,
        start=int(number[start]),
        first=np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=S))]),
        symbols=symbol[order].astype(alphabet.dtype),
        log_prob=np.minimum(np.concatenate([part.nats for part in listed])[order], 0.0),
        target=number[to[order]].astype(np.int32),
        link=number[link[states]].astype(np.int32),
        price=np.concatenate([part.price for part in listed])[states],
    )
