"""A net, or any model, as a finite automaton: its rows for the contexts that occur, kept in a table.

A net that looks back k symbols says the same wherever the last k symbols are the same. Of the contexts that there could
be, few occur: names.txt has some 60,000 beginnings of names. For each context of given items the net is asked once, and
from then on a step is one look-up. What is exact only for automata (`prob`, `top`, constraints) is then had for the net
too.

Where writing or scoring leaves these contexts, the longest suffix takes over that is known, as in a count model that
backs off. A net cannot be asked about a suffix alone. Its row is the mean of the rows of all contexts that end so, each
with the weight of its occurrences: what the net would say knowing only this much of an item, if contexts come as in the
items.

Most suffixes need no state of their own: where a suffix occurs in one way only, continued by the same older symbols
each time, it is the same as the longer context. What is left are the contexts and the inner nodes of their
path-compressed trie, newest symbol first, fewer than two states a context (Weiner 1973; Blumer et al. 1985).

Letters: S symbols of the items, k symbols of a context, L contexts, N states, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import TABLE_BYTES, Automaton, States
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.automata.stored_model import Derived, DerivedModel
from nextchar.core.model import Model
from nextchar.core.progress import Progress, ProgressReport
from nextchar.core.settings import Setting
from nextchar.core.shared_prefixes import beginnings
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.data.arguments import need, need_function, need_whole
from nextchar.data.corpus import Corpus
from nextchar.data.display import thousands
from nextchar.data.row_order import sorted_rows
from nextchar.errors import SettingsError

__all__ = ["ContextTrie", "Tabulation", "tabulate"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
CELL_BYTES: Final = 12  # of the automaton's table: a log-probability and a state
LONGEST: Final = 64  # symbols of a context
CONTEXT: Final = Setting(
    name="the context of an automaton", type=int, noun="number of symbols", optional=True, at_least=1, at_most=LONGEST
)


@dataclass(frozen=True)
class Tabulation:
    """A model as an automaton.

    Attributes:
        model: the automaton.
        context: how many symbols a state remembers.
        contexts: L.
        exact: whether each of these contexts has the model's own row, because the model looks back no further.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "emily", "ella"])
        >>> nextchar.tabulate(nextchar.Mix(epochs=1).fit(corpus), corpus, context=1)
        Tabulation(8 states, 7 contexts of up to 1 symbol, approximate)
    """

    model: DerivedModel
    context: int
    contexts: int
    exact: bool

    def __repr__(self) -> str:
        contexts = f"{thousands(self.contexts, 'context')} of up to {thousands(self.context, 'symbol')}"
        return f"Tabulation({thousands(self.states, 'state')}, {contexts}, {'exact' if self.exact else 'approximate'})"

    @property
    def states(self) -> int:
        """N."""
        return self.model.machine.size


def tabulate(
    model: Model,
    items: Corpus | Iterable[str],
    *,
    context: int | None = None,
    most_bytes: int = TABLE_BYTES,
    progress: Progress | None = None,
) -> Tabulation:
    """A model as a table: an automaton whose states are the contexts that occur in some items.

    For items whose contexts all occur it is the model, if that looks back no further than `context`. Elsewhere it is
    near it. It is a proper model everywhere: each row sums to 1, and each symbol leads to a state.

    Args:
        model: a net that looks back a fixed number of symbols; with `context`, any model.
        items: whose contexts are wanted: the training items say, or also a million that the model itself has written.
        context: how many symbols a state remembers; by default, and at most, as many as the model looks back. Where
            the model looks back further, a state's row is the mean of its rows there, as for a suffix.
        most_bytes: of the table of all rows.
        progress: is told how far it has come.

    Raises:
        SettingsError: the model is an automaton already, it looks back to the beginning and no context is given, the
            context is out of its range, there are no items, or the table would be too large.
        UnknownSymbolError: the items have a character that the model does not know.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "emily", "ella"])
        >>> mix = nextchar.Mix(epochs=1).fit(corpus)  # no automaton: its state is the whole item so far
        >>> table = nextchar.tabulate(mix, corpus, context=3)
        >>> nextchar.given(table.model, prefix="em").probability > 0
        True
    """
    need(model, Model, "model", "a model (Ngram().fit(...), load(...))")
    need_whole(most_bytes, "most_bytes")
    need_function(progress, "progress")
    if isinstance(model, AutomatonModel):
        raise SettingsError(f"a model of kind {model.kind} is a finite automaton already; there is nothing to tabulate")
    items = Corpus.of(items, options=model.provenance.options)
    window = model.context_length
    if context is None and window is None:
        raise SettingsError(
            f"a model of kind {model.kind} looks back to the beginning of an item, not a fixed number of symbols; mlp "
            "and wavenet do. Give the context that a state is to remember, 8 symbols say; then it is an approximation",
            argument="context",
        )
    asked = CONTEXT.check(context)
    k = min(number for number in (asked, window) if number is not None)
    if k > LONGEST:
        raise SettingsError(f"{CONTEXT.name} is {CONTEXT.values}, and this model looks back {k}", argument="context")
    items = items.encoded_in(model.alphabet)
    if items.weights is not None:
        items = items.take(np.flatnonzero(items.weights))
    if not len(items):
        raise SettingsError("the contexts that a model is tabulated for come from items; there are none")
    trie = ContextTrie(items, k)
    needed = trie.states * model.alphabet.size * CELL_BYTES
    if needed > most_bytes:
        raise SettingsError(
            f"the {trie.contexts:,} contexts of up to {k} symbols make {trie.states:,} states, whose rows take "
            f"{needed / 2**20:,.0f} MB, more than the {most_bytes / 2**20:,.0f} MB that there may be; tabulate for "
            "fewer items, or with a context of fewer symbols",
            argument="context",
        )
    log_prob, target = trie.rows(model, progress), trie.targets()
    machine = Automaton.from_rows(model.alphabet, trie.start, log_prob, target)
    exact = window is not None and k == window
    how = f"{model.kind}, {'' if exact else 'nearly, '}for {trie.contexts:,} contexts of up to {k} symbols"
    made = DerivedModel(settings=Derived(how=how), machine=machine, provenance=model.provenance)
    return Tabulation(made, k, trie.contexts, exact)


class ContextTrie:
    """The contexts of items, each its k newest symbols with the newest first, and the suffixes where they part.

    A context that reaches back to its item's beginning ends in boundaries. States are numbered by the length of their
    suffix: the root, where all contexts begin, then the other inner nodes, then the contexts themselves.

    Attributes:
        contexts: L.
        states: N.
        start: the state that has read the boundary.

    Args:
        items: at least one.
        k: symbols of a context.
    """

    def __init__(self, items: Corpus, k: int) -> None:
        self._items = items
        columns = _contexts(items, k)
        order = sorted_rows(columns, items.alphabet.size)
        shared = np.full(items.symbols, k)  # newest symbols that each context has in common with the one before it
        for depth in range(k - 1, -1, -1):
            column = columns[depth][order]
            shared[1:][column[1:] != column[:-1]] = depth
        shared[0] = -1
        shared = shared[(opens := shared < k)]  # (L,) of the distinct ones
        leaf = np.empty(items.symbols, dtype=np.int64)
        leaf[order] = np.cumsum(opens) - 1

        # Inner nodes, depth by depth: contexts that share d symbols part there if some of them share no more.
        self._nodes: list[I64] = []  # for each depth d: (L,) the node with d symbols that a context is below, or -1
        links: list[I64] = []
        above = np.zeros(len(shared), dtype=np.int64)
        begins = [0]  # of the states of each depth
        for depth in range(k):
            group = np.cumsum(shared < depth) - 1 if depth else np.zeros(len(shared), dtype=np.int64)
            parts = np.zeros(group[-1] + 1, dtype=np.bool_)
            parts[group[shared == depth]] = True
            node = np.where(parts, np.cumsum(parts) - 1 + begins[-1], -1)[group]
            firsts = np.flatnonzero((shared < depth) & (node >= 0))
            links.append(above[firsts])
            above = np.where(node >= 0, node, above)
            self._nodes.append(node)
            begins.append(begins[-1] + len(firsts))
        self.contexts, self.states = len(shared), begins[-1] + len(shared)
        self._link = np.concatenate([*links, above])  # (N,) the next shorter suffix that is a state
        self._layers = [slice(*pair) for pair in pairwise([*begins, self.states])]
        self._leaf = leaf + begins[-1]  # (S,) the state before each symbol
        self.start = int(self._leaf[0])

    def rows(self, model: Model, progress: Progress | None = None) -> F64:
        """What the model says in each state, (N, V) nats; where in several ways, their mean, by occurrences."""
        items = self._items
        sums = np.zeros((self.states, items.alphabet.size))
        weights = np.repeat(items.weights_or_ones, items.lengths + 1).astype(np.float64)
        read = 0
        for log_probs, row, at in beginnings(model, items):
            read += len(at)
            if progress is not None:
                progress(ProgressReport(read / items.symbols, f"{read:,} of {items.symbols:,} symbols"))
            branch, first = np.unique(row, return_index=True)
            occurred = np.bincount(row, weights[at])[branch]
            np.add.at(sums, self._leaf[at[first]], np.exp(log_probs[branch]) * occurred[:, None])
        for layer in self._layers[:0:-1]:
            np.add.at(sums, self._link[layer], sums[layer])
        with np.errstate(divide="ignore"):
            rows: F64 = np.log(sums / sums.sum(axis=1, keepdims=True))
        return rows

    def targets(self) -> States:
        """Where each symbol leads, (N, V): the state of the longest suffix that occurs."""
        ids, V = self._items.ids.astype(np.int64), self._items.alphabet.size
        inside = np.flatnonzero(ids != BOUNDARY)
        begin = self._layers[-1].start
        _, steps = np.unique((self._leaf[inside] - begin) * V + ids[inside], return_index=True)
        context, symbol = self._leaf[inside[steps]] - begin, ids[inside[steps]]
        after = self._leaf[inside[steps] + 1] - begin
        # A suffix of d symbols leads to the one of d + 1 symbols that begins with the symbol read.
        longer = np.arange(self.contexts) + begin  # (L,) the state for the newest d + 1 symbols of each context
        found = [(context + begin, symbol, longer[after])]
        for node in reversed(self._nodes):
            here = np.flatnonzero(node[context] >= 0)
            found.append((node[context[here]], symbol[here], longer[after[here]]))
            longer = np.where(node >= 0, node, longer)
        target = np.zeros((self.states, V), dtype=np.int32)
        for layer, (state, read, to) in zip(self._layers, reversed(found), strict=True):
            target[layer] = target[self._link[layer]]  # for what does not occur there, as the shorter suffix
            target[state, read] = to
        target[:, BOUNDARY] = self.start
        return target


def _contexts(items: Corpus, k: int) -> list[Ids]:
    """The symbols before each symbol of its item, the newest first, boundaries before the item: k arrays (S,)."""
    columns = [np.concatenate([items.ids[-1:], items.ids[:-1]])]
    for back in range(2, k + 1):
        older = np.concatenate([np.zeros(back, items.ids.dtype), items.ids])[: items.symbols]
        columns.append(np.where(columns[-1] == BOUNDARY, 0, older).astype(items.ids.dtype))
    return columns
