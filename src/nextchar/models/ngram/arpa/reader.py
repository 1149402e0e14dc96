"""From an ARPA file to an automaton.

The n-grams become the nodes of a tree: the parent of `a b c` is `a b`, node 0 is the empty one. Nodes are numbered
order by order, and within an order by parent and last word; so one sorted list of keys finds any child. A node that
has children, or a backoff weight, is a context and becomes a state. It links to its longest suffix that is one; in
pruned files that may be shorter by more than one symbol, and what lies between has the weight 1.

Letters: G nodes, M n-grams of one order, S states, E entries, V size of the alphabet; as a word, id V is `<s>`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.core.metrics import ImportedFile, Metrics
from nextchar.data.alphabet import BOUNDARY, Alphabet
from nextchar.data.arguments import need_path
from nextchar.data.blocks import read_blocks
from nextchar.data.decoding import Digest
from nextchar.data.format import Format
from nextchar.data.provenance import Provenance
from nextchar.data.text_options import TextOptions
from nextchar.errors import ModelFileError
from nextchar.models.ngram.arpa.parser import NgramSection, Place, sections
from nextchar.models.ngram.arpa.words import LOG_ZERO, NATS
from nextchar.models.ngram.backoff import Backoff, BackoffModel

__all__ = ["read_arpa"]

Bools = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

EMPTY: Final = 0
TOLERANCE: Final = 1e-3  # by how much the sum of a row may differ from 1; files have 4 to 7 digits
IMPROPER: Final = 0.1  # from which a file counts as damaged; what lies between is read as it is, with a warning
CHUNK: Final = 1 << 20


def read_arpa(source: str | Path, *, encoding: str = "utf-8", options: TextOptions | None = None) -> BackoffModel:
    """Make a model of an ARPA file whose words are characters, such as KenLM's lmplz writes.

    Args:
        source: a path (compressed if it ends in .gz, .bz2, .xz or .zst), `-` for standard input, or a URL.
        encoding: a Python codec name.
        options: what to do to all text that the model is given. With `graphemes` a word may be a cluster of code
            points.

    Raises:
        CorpusError: the file cannot be read, or is no text.
        ModelFileError: it is not an ARPA file of characters, is damaged, or holds no probabilities.

    Warns:
        UserWarning: the probabilities of a row do not quite sum to 1.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, smoothing="kneser-ney").fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> _ = nextchar.write_arpa(model, "names.arpa")
        >>> again = nextchar.read_arpa("names.arpa")
        >>> abs(again.score(["ava"])[0].nats - model.score(["ava"])[0].nats) < 1e-5
        True
    """
    digest = Digest()
    tree: _Tree | None = None
    options = TextOptions.of(options)
    need_path(source, "source")
    source = str(source)
    name = "standard input" if source == "-" else source
    blocks = read_blocks(source, Format(encoding=encoding), digest)
    for section in sections(name, blocks, by_clusters=options.graphemes):
        tree = (tree or _Tree.empty(section.alphabet)).longer_by(section, name)
    assert tree is not None
    if "\n" in tree.alphabet.characters:
        options = replace(options, documents=True)
    automaton = tree.automaton(name)
    short = name if "://" in name else Path(name).name
    return BackoffModel(
        settings=Backoff(order=tree.order),
        alphabet=tree.alphabet,
        states=automaton,
        provenance=Provenance(options=options, items=0, symbols=0),
        metrics=Metrics(
            imported=ImportedFile(
                name=short,
                size_bytes=digest.size,
                sha256=digest.hexdigest,
                ngrams=tuple(np.diff(tree.depths[1:]).tolist()),
            )
        ),
    )


@dataclass(frozen=True, eq=False)
class _Tree:
    """The n-grams; see the module.

    Attributes:
        alphabet: what the words mean.
        depths: the nodes of n-grams of n words are depths[n] .. depths[n + 1] - 1, for n from 0 to the order.
        parent: (G,) the n-gram without its last word.
        word: (G,) the last word.
        log_prob: (G,) nats.
        price: (G,) nats, the backoff weight.
    """

    alphabet: Alphabet
    depths: tuple[int, ...]
    parent: I64
    word: I64
    log_prob: F64
    price: F64

    @classmethod
    def empty(cls, alphabet: Alphabet) -> _Tree:
        none = np.zeros(1, dtype=np.int64)
        return cls(alphabet, (0, 1), none, none, np.zeros(1), np.zeros(1))

    @property
    def order(self) -> int:
        """The highest n."""
        return len(self.depths) - 2

    @cached_property
    def _keys(self) -> I64:
        return self.parent[1:] * (self.alphabet.size + 1) + self.word[1:]

    def child(self, nodes: I64, words: I64) -> I64:
        """The n-grams longer by one word, or -1; that of -1 is -1."""
        if not len(self._keys):
            return np.full(len(nodes), -1)
        wanted = nodes * (self.alphabet.size + 1) + words
        at = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where((self._keys[at] == wanted) & (nodes >= 0), at + 1, -1)

    def longer_by(self, section: NgramSection, name: str) -> _Tree:
        """With the n-grams of one more order.

        Raises:
            ModelFileError: an n-gram occurs twice, or lacks its context.
        """
        n = section.words.shape[1]
        parent = np.zeros(len(section.words), dtype=np.int64)
        for column in section.words[:, :-1].T:
            parent = self.child(parent, column)
        if (lost := parent < 0).any():
            place = Place(name, int(section.lines[np.argmax(lost)]))
            raise place.fault(f"the first {n - 1} of its {n} words are not among the {n - 1}-grams")
        keys = parent * (self.alphabet.size + 1) + section.words[:, -1]
        order = np.argsort(keys, kind="stable")
        if (again := np.diff(keys[order]) == 0).any():
            first, second = section.lines[order[np.argmax(again) :][:2]].tolist()
            raise Place(name, second).fault(f"the same {n}-gram as in line {first}")
        log_prob, price = (
            np.where(log10 == LOG_ZERO, -np.inf, log10 * NATS)[order]
            for log10 in (section.log10_prob, section.log10_weight)
        )
        return _Tree(
            self.alphabet,
            (*self.depths, self.depths[-1] + len(keys)),
            np.concatenate([self.parent, parent[order]]),
            np.concatenate([self.word, section.words[order, -1]]),
            np.concatenate([self.log_prob, log_prob]),
            np.concatenate([self.price, price]),
        )

    @cached_property
    def suffix(self) -> I64:
        """The longest n-gram that each one ends with, itself left out, (G,)."""
        suffix = np.zeros(len(self.parent), dtype=np.int64)
        for n in range(2, self.order + 1):
            layer = slice(self.depths[n], self.depths[n + 1])
            word = self.word[layer]
            at = suffix[self.parent[layer]]
            found = self.child(at, word)
            while (missing := found < 0).any():
                at[missing] = suffix[at[missing]]
                found[missing] = self.child(at[missing], word[missing])
            suffix[layer] = found
        return suffix

    def automaton(self, name: str) -> Automaton:
        """The same as states and entries.

        Raises:
            ModelFileError: a row does not sum to 1, or has a probability above it.
        """
        V = self.alphabet.size
        context = self.price != 0
        context[self.parent] = True
        context[self.word == BOUNDARY] = False
        context[(self.word == V) & (self.parent != EMPTY)] = (
            False  # after a symbol <s> is not read, but takes its share
        )
        context[EMPTY] = True
        nearest = np.arange(len(context))  # the longest suffix that is a context, the n-gram itself included
        level = np.zeros(len(context), dtype=np.int64)  # links that lead to the empty context
        for n in range(1, self.order + 1):
            layer = np.arange(self.depths[n], self.depths[n + 1])
            below = nearest[self.suffix[layer]]
            nearest[layer] = np.where(context[layer], layer, below)
            level[layer] = level[below] + 1

        # States are numbered so that links increase: level by level, and within one by the link.
        nodes = [np.zeros(1, dtype=np.int64)]
        state = np.zeros(len(context), dtype=np.int64)
        for depth in range(1, int(level[context].max()) + 1):
            members = np.flatnonzero(context & (level == depth))
            members = members[np.argsort(state[nearest[self.suffix[members]]], kind="stable")]
            state[members] = np.arange(len(members)) + sum(map(len, nodes))
            nodes.append(members)
        node = np.concatenate(nodes)

        start = state[nearest[self.child(np.zeros(1, dtype=np.int64), np.array([V]))[0]]]
        entries = np.flatnonzero(self.word[1:] != V) + 1
        owner, symbol = state[self.parent[entries]], self.word[entries]
        target = np.where(symbol == BOUNDARY, start, state[nearest[entries]])
        order = np.argsort(owner * V + symbol)
        automaton = Automaton(
            alphabet=self.alphabet,
            start=int(start),
            first=np.searchsorted(owner[order], np.arange(len(node) + 1)),
            symbols=symbol[order].astype(self.alphabet.dtype),
            log_prob=self.log_prob[entries][order],
            target=target[order].astype(np.int32),
            link=state[nearest[self.suffix[node]]].astype(np.int32),
            price=self.price[node],
        )
        begin = np.zeros(len(node))
        begins = np.flatnonzero(self.word == V)
        begin[state[self.parent[begins]]] = np.exp(self.log_prob[begins])
        worst, total = _worst_row(automaton, begin)
        if (above := automaton.above_one()) is not None:
            raise ModelFileError(
                f"{name}: after {self._shown(int(node[above]))} a character has a probability above 1, by a backoff "
                "weight; the file is damaged, or its numbers are no probabilities"
            )
        self._check_sum(name, int(node[worst]), total)
        return automaton

    def _check_sum(self, name: str, node: int, total: float) -> None:
        """That the probabilities of what may follow an n-gram sum to 1, or nearly."""
        if abs(total - 1) <= TOLERANCE:
            return
        what = f"{name}: what may follow {self._shown(node)} has probabilities that sum to {total:.6g}, not to 1"
        if not abs(total - 1) <= IMPROPER:
            raise ModelFileError(f"{what}; the file is damaged, or its numbers are no probabilities")
        warnings.warn(f"{what}; scores go by the file, draws by its rows scaled to 1", stacklevel=4)

    def _shown(self, node: int) -> str:
        """An n-gram for people."""
        words = []
        while node != EMPTY:
            words.append(int(self.word[node]) % self.alphabet.size)
            node = int(self.parent[node])
        return repr(self.alphabet.show(words[::-1])) if words else "the empty context"


def _worst_row(automaton: Automaton, begin: F64) -> tuple[int, float]:
    """The state whose row's sum differs most from 1, and that sum; taking the row of its link to sum to 1.

    Args:
        automaton: S states.
        begin: (S,) what a row says of `<s>` itself, and 0 where it does not. No item has it after its beginning, and
            some programs give it probability all the same; others write a number there that is none.
    """
    owner = np.repeat(np.arange(automaton.size), np.diff(automaton.first))
    listed, below = np.zeros(automaton.size), np.zeros(automaton.size)
    for start in range(0, len(owner), CHUNK):
        part = slice(start, start + CHUNK)
        listed += np.bincount(owner[part], np.exp(automaton.log_prob[part]), minlength=automaton.size)
        lower = automaton.step_by_links(automaton.link[owner[part]], automaton.symbols[part])[0]
        below += np.bincount(owner[part], np.exp(lower), minlength=automaton.size)
    below[ROOT] = 1.0
    if abs(listed[ROOT] - 1) <= TOLERANCE:
        begin[ROOT] = 0.0
    with_share = np.flatnonzero(begin > 0)
    lower_share, at = np.ones(len(with_share)), automaton.link[with_share].astype(np.int64)
    while (on := (begin[at] == 0) & (at != ROOT)).any():
        lower_share[on] *= np.exp(automaton.price[at[on]])
        at[on] = automaton.link[at[on]]
    below[with_share] += np.where(with_share == ROOT, 0.0, lower_share * begin[at])
    with np.errstate(over="ignore", invalid="ignore"):
        total = listed + begin + np.exp(automaton.price) * (1.0 - below)
    total[np.isnan(total)] = np.inf
    worst = int(np.argmax(np.abs(total - 1)))
    return worst, float(total[worst])
