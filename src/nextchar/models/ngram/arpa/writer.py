"""From an automaton to an ARPA file.

The automaton is in backoff form already. An entry of a state is the n-gram of the state's context and the symbol; a
state's price is the backoff weight of its context. What is missing are the contexts' names. An entry leads to the
longest context that ends with its symbol, so it lengthens the name by one symbol at most; the shortest way from the
root to a state therefore spells its context.

Letters: S states, E entries (see `models.automaton`).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT, Automaton
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.automata.stored_model import DerivedModel
from nextchar.core.model import Model
from nextchar.core.progress import Progress, ProgressReport
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.arguments import need_function, need_model, need_path
from nextchar.data.display import thousands
from nextchar.data.files import COMPRESSIONS
from nextchar.data.writing import write_atomically, writing_to
from nextchar.errors import BadValueError, ModelFileError, SettingsError
from nextchar.models.ngram.arpa.words import BEGIN, LOG_ZERO, NATS, words_of

__all__ = ["ArpaSummary", "write_arpa"]

I64 = npt.NDArray[np.int64]
CHUNK: Final = 1 << 16  # n-grams that are turned to text at a time
LEFT_OUT: Final = "\t"  # a backoff weight that need not be written


@dataclass(frozen=True)
class ArpaSummary:
    """What was written.

    Attributes:
        ngrams: how many of each order, from 1 on.
        zeros: how many log-probabilities and backoff weights are those of 0, and stand there as -99.
    """

    ngrams: tuple[int, ...]
    zeros: int


def write_arpa(model: Model, path: str | Path, *, progress: Progress | None = None) -> ArpaSummary:
    """Write a model as an ARPA file, whole or not at all; compressed where the name ends in .gz.

    The text is made piece by piece, so that it needs no memory to speak of beside the model.

    Args:
        model: any n-gram model, the bigram net, or one that was read from an ARPA file.
        path: where to.
        progress: is called periodically with how far it has come.

    Raises:
        SettingsError: the model is not one of n-grams, or the name asks for another compression than gzip.
        ModelFileError: the file cannot be written there.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, smoothing="kneser-ney").fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> nextchar.write_arpa(model, "names.arpa").ngrams  # of order 1 and 2
        (6, 8)
    """
    need_model(model)
    need_path(path)
    need_function(progress, "progress")
    if not isinstance(model, AutomatonModel):
        raise SettingsError(f"a model of kind {model.kind} is not made of n-grams, and has no ARPA form")
    ending = Path(path).suffix.lower()
    if ending in COMPRESSIONS and ending != ".gz":
        raise BadValueError(f"{path}: ARPA files are compressed with gzip alone; end the name in .gz")
    automaton = model.automaton
    contexts = _Contexts.of(automaton)
    if isinstance(model, DerivedModel) and not contexts.are_ngrams(automaton):  # others are by the way they are made
        raise SettingsError(
            "the model is a finite automaton, but not one of n-grams, and has no ARPA form; train an n-gram model"
        )
    sizes = np.bincount(contexts.depth[contexts.owner])
    sizes[0] += 1  # <s>
    text = _text(automaton, contexts, sizes, progress)
    with writing_to(path, ModelFileError):
        write_atomically(path, _compressed(text) if ending == ".gz" else text)
    zeros = sum(int(np.count_nonzero(np.isneginf(nats))) for nats in (automaton.log_prob, automaton.price))
    return ArpaSummary(ngrams=tuple(sizes.tolist()), zeros=zeros)


@dataclass(frozen=True, eq=False)
class _Contexts:
    """The context that each state stands for, as the one without its newest symbol, and that symbol.

    Attributes:
        owner: (E,) the state of each entry.
        depth: (S,) how many symbols.
        shorter: (S,) the state of the context without its newest symbol; the root's is the root.
        newest: (S,) that symbol.
    """

    owner: I64
    depth: I64
    shorter: I64
    newest: I64

    @classmethod
    def of(cls, automaton: Automaton) -> _Contexts:
        S = automaton.size
        owner = np.repeat(np.arange(S), np.diff(automaton.first))
        depth = np.full(S, -1)
        depth[ROOT] = 0
        shorter, newest = np.zeros(S, dtype=np.int64), np.zeros(S, dtype=np.int64)
        found = 0
        while True:
            entries = np.flatnonzero(depth[owner] == found)
            entries = entries[depth[automaton.target[entries]] < 0]
            if not len(entries):
                break
            reached = automaton.target[entries]
            found += 1
            depth[reached], shorter[reached], newest[reached] = found, owner[entries], automaton.symbols[entries]
        return cls(owner, depth, shorter, newest)

    def are_ngrams(self, automaton: Automaton) -> bool:
        """Whether each state is a context of n-grams.

        It then backs off to its longest suffix, and each symbol leads to the longest suffix of context and symbol.
        """
        if (self.depth < 0).any():  # no n-gram leads there
            return False
        V, symbols, target = automaton.alphabet.size, automaton.symbols, automaton.target
        own = (self.shorter[target] == self.owner) & (self.newest[target] == symbols) & (target != ROOT)
        keys = self.shorter * V + self.newest
        keys[ROOT] = -1
        order = np.argsort(keys)
        keys = keys[order]
        suffix = np.zeros(automaton.size, dtype=np.int64)

        def longest(states: I64, after: I64) -> I64:
            """The context of these and a symbol more, or of a suffix of them."""
            found, states, going = np.zeros(len(states), dtype=np.int64), states.copy(), np.arange(len(states))
            while len(going):
                wanted = states[going] * V + after[going]
                at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
                known = keys[at] == wanted
                found[going[known]] = order[at[known]]
                going = going[~known & (states[going] != ROOT)]
                states[going] = suffix[states[going]]
            return found

        for depth in range(2, int(self.depth.max()) + 1):
            layer = np.flatnonzero(self.depth == depth)
            suffix[layer] = longest(suffix[self.shorter[layer]], self.newest[layer])
        backs_off = (np.diff(automaton.first) < V) & (automaton.price > -np.inf)
        shared = np.flatnonzero(~own & (symbols != BOUNDARY) & (self.owner != ROOT))
        led = longest(suffix[self.owner[shared]], symbols[shared].astype(np.int64))
        return bool((automaton.link[backs_off] == suffix[backs_off]).all() and (target[shared] == led).all())

    def names(self, states: I64, depth: int, words: list[str]) -> list[str]:
        """The contexts of some states of one depth, each ended by a blank."""
        columns: list[list[str]] = []
        for _ in range(depth):
            columns.append([words[symbol] for symbol in self.newest[states].tolist()])
            states = self.shorter[states]
        return [" ".join(name) + " " for name in zip(*reversed(columns), strict=True)] if depth else [""]


def _text(automaton: Automaton, contexts: _Contexts, sizes: I64, progress: Progress | None) -> Iterator[bytes]:
    predicted = words_of(automaton.alphabet)
    read = [BEGIN, *predicted[1:]]
    yield ("\\data\\\n" + "".join(f"ngram {n}={size}\n" for n, size in enumerate(sizes, start=1))).encode()
    done, wanted = 0, len(automaton.symbols)
    for depth in range(len(sizes)):
        yield f"\n\\{depth + 1}-grams:\n".encode()
        if depth == 0:
            weight = _log10([automaton.price[automaton.start]])[0] if automaton.start != ROOT else LEFT_OUT
            yield _line(_log10([-np.inf])[0], BEGIN, weight).encode()
        layer = np.flatnonzero(contexts.depth[contexts.owner] == depth)
        for begin in range(0, len(layer), CHUNK):
            entries = layer[begin : begin + CHUNK]
            owners, which = np.unique(contexts.owner[entries], return_inverse=True)
            names = contexts.names(owners, depth, read)
            symbols, target = automaton.symbols[entries], automaton.target[entries]
            own = (contexts.depth[target] == depth + 1) & (symbols != BOUNDARY)  # the n-gram is a context itself
            weights = iter(_log10(automaton.price[target[own]]))
            rows = zip(
                _log10(np.minimum(automaton.log_prob[entries], 0)),
                which.tolist(), symbols.tolist(), own.tolist(), strict=True,
            )  # fmt: skip
            yield "".join(
                _line(p, names[name] + predicted[symbol], next(weights) if is_context else LEFT_OUT)
                for p, name, symbol, is_context in rows
            ).encode()
            done += len(entries)
            if progress is not None:
                progress(ProgressReport(done / wanted, f"{thousands(done, 'n-gram')}"))
    yield b"\n\\end\\\n"


def _log10(nats: npt.ArrayLike) -> list[str]:
    """Log-probabilities in nats as the text of their log10."""
    values = np.round(np.asarray(nats) / NATS, 7).tolist()
    zero = f"{LOG_ZERO:.0f}"
    return ["0" if value == 0 else f"{value:.7f}" if value > -np.inf else zero for value in values]


def _line(p: str, ngram: str, weight: str) -> str:
    return f"{p}\t{ngram}\n" if weight is LEFT_OUT else f"{p}\t{ngram}\t{weight}\n"


def _compressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """As gzip, without name and time, so that equal models are equal files."""
    compressor = zlib.compressobj(wbits=31)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()
