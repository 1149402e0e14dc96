"""Kneser-Ney beside context mixing: for static use, a row is the weighted mean of what both say.

Context mixing codes a symbol bit by bit, and each bit has to decide anew how far what was seen is to be trusted. An
n-gram model decides it once, for the symbol as a whole. So each is right where the other errs, and their mean is better
than either. How much the n-gram model counts, its share, is found on samples of the text that neither has counted
yet: by how long the context is that it knows, and how much it passes on to shorter ones there.

Nothing of it is kept in a model's file but the shares: the counts are those of the text, which is there.

Source: Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling"; the shares are
found by expectation maximisation, Jelinek and Mercer (1980), "Interpolated estimation of Markov source parameters".

Letters: S states of the n-gram model, n order, P bins of what is passed on, T symbols, B batch, V alphabet.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import ROOT
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.errors import ModelFileError
from nextchar.models.context_mixing.recurring import machine_of_text
from nextchar.models.context_mixing.training import samples

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.beside import Machine

__all__ = [
    "LEAST_SYMBOLS",
    "NO_SHARES",
    "KneserNey",
    "checked_shares",
    "fitted_shares",
    "kneser_ney_of",
    "seconds_of_counting",
]

F64 = npt.NDArray[np.float64]
ORDER, MOST_ORDER = 16, 32
PASSED: Final = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7])  # bounds of what a state passes on
ROUNDED: Final = 1e-9  # discounts of exactly a half are common
NO_SHARES: Final = np.zeros((0, len(PASSED) + 1))
MOST_COUNTED: Final = 1 << 22  # symbols: of longer texts those at the end
A_SYMBOL: Final = 5e-6  # seconds: to count it twice
LEAST_SYMBOLS: Final = 3_000  # of a text that may have Kneser-Ney beside it
LEAST: Final = 1e-6  # of a share
LEAST_GAIN: Final = 0.003  # nats per symbol of the samples: a row takes longer, and counting a few seconds
DOUBT, USUAL = 0.5, 0.3  # another text may be unlike the samples: shares are drawn to what is good on most
STRENGTH: Final = 30.0  # symbols that the overall share is worth, for that of a kind of state
ROUNDS: Final = 30


@final
@dataclass(frozen=True, eq=False)
class KneserNey:
    """An n-gram model, and how much it counts.

    Attributes:
        machine: the n-gram model; see `_kernels.context_mixing.beside`.
        shares: (n, P) by the number of symbols that a state knows, and by what it passes on.
    """

    machine: Machine
    shares: F64

    @cached_property
    def kinds(self) -> npt.NDArray[np.intp]:
        """The kinds of all states, and of contexts of 0 to n - 1 symbols that occurred once, (S + n,)."""
        machine = self.machine
        passed = np.concatenate([machine.price, np.diff(machine.passed, prepend=0)])
        depth = np.concatenate([machine.depth, np.arange(len(machine.passed))])
        bins: npt.NDArray[np.intp] = np.searchsorted(PASSED, np.exp(passed) - ROUNDED)
        return depth.astype(np.intp) * (len(PASSED) + 1) + bins

    @cached_property
    def shares_of_kinds(self) -> F64:
        """The share of each of these kinds, (S + n,)."""
        return self.shares.reshape(-1)[self.kinds]

    @property
    def start_state(self) -> int:
        """The state that has read the boundary."""
        return int(self.machine.start[0])

    def start(self, batch: int) -> npt.NDArray[np.int32]:
        """The states of items of which nothing but the boundary was read."""
        return np.full(batch, self.start_state, dtype=np.int32)

    def mix_rows(self, states: npt.NDArray[np.int32], ids: npt.NDArray[np.int64], rows: F64) -> None:
        """Let states (B,) read a symbol each, -1 for none, and rows (B, V) be those of both, in place."""
        from nextchar._kernels.context_mixing.beside import mix_rows

        mix_rows(states, ids, self.machine, self.shares_of_kinds, np.empty(rows.shape[1]), rows)

    def mix_text(self, ids: Ids, state: int, nats: F64) -> int:
        """Let what symbols cost be what they cost under both, nats (T,), in place; the state after them."""
        from nextchar._kernels.context_mixing.beside import mix_text

        return int(mix_text(ids.astype(np.int64), state, self.machine, self.shares_of_kinds, nats))

    def follow(self, ids: Ids, state: int) -> tuple[F64, npt.NDArray[np.intp], int]:
        """What the n-gram model says: log-probabilities (T,), the kinds of state read off (T,), and the state after."""
        from nextchar._kernels.context_mixing.beside import read_beside

        log_probs, kinds = np.empty(len(ids)), np.empty(len(ids), dtype=np.int64)
        state = int(read_beside(ids.astype(np.int64), state, self.machine, log_probs, kinds))
        return log_probs, self.kinds[kinds], state


def kneser_ney_of(alphabet: Alphabet, ids: Ids, shares: F64) -> KneserNey:
    """Of a text as it was learned; one that was interrupted ends where it was."""
    ids = ids[-MOST_COUNTED:]
    if ids[-1] != BOUNDARY:
        ids = np.append(ids, np.array([BOUNDARY], dtype=ids.dtype))
    return KneserNey(machine_of_text(alphabet, ids, len(shares)), shares)


def seconds_of_counting(symbols: int) -> float:
    """How long it takes, about, to find the shares."""
    return A_SYMBOL * min(symbols, MOST_COUNTED)


def fitted_shares(alphabet: Alphabet, ids: Ids, nats: F64) -> F64:
    """The shares, (n, P), from the end of a text; none where the n-gram model gains too little.

    Args:
        alphabet: of the symbols.
        ids: (T,) the text.
        nats: what each symbol of its `samples` cost under context mixing that had read what Kneser-Ney counts here.
    """
    cut, parts = samples(len(ids))
    before = kneser_ney_of(alphabet, ids[:cut], np.zeros((ORDER, len(PASSED) + 1)))
    read = [before.follow(ids[part], before.follow(ids[part.start - ORDER : part.start], ROOT)[2]) for part in parts]
    log_probs = np.concatenate([said for said, _, _ in read])
    kind = np.concatenate([kinds for _, kinds, _ in read])
    gain = 0.0
    for part, other in ((slice(None, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(None, None, 2))):
        share = _shares(kind[part], -nats[part], log_probs[part]).reshape(-1)[kind[other]]
        both = np.logaddexp(np.log1p(-share) - nats[other], np.log(share) + log_probs[other])
        gain += float((both + nats[other]).sum())
    if gain < LEAST_GAIN * len(kind):
        return NO_SHARES
    return (1 - DOUBT) * _shares(kind, -nats, log_probs) + DOUBT * USUAL


def _shares(kind: npt.NDArray[np.intp], one: F64, other: F64) -> F64:
    """The shares of the other one by kind, such that the mean of both is most probable.

    Args:
        kind: (T,) of the states.
        one: (T,) log-probabilities of what came.
        other: (T,) the same.
    """
    ratio = np.exp(np.clip(one - other, -50, 50))
    overall = 0.5
    for _ in range(ROUNDS):
        overall = float((overall / (overall + (1 - overall) * ratio)).mean())
    kinds = ORDER * (len(PASSED) + 1)
    shares, seen = np.full(kinds, overall), np.bincount(kind, minlength=kinds)
    for _ in range(ROUNDS):
        here = shares[kind]
        own = np.bincount(kind, here / (here + (1 - here) * ratio), minlength=kinds)
        shares = (own + STRENGTH * overall) / (seen + STRENGTH)
    found: F64 = np.clip(shares, LEAST, 1 - LEAST).reshape(ORDER, -1)
    return found


def checked_shares(shares: npt.NDArray[Any]) -> F64:
    """The shares that a file holds.

    Raises:
        ModelFileError: they are none.
    """
    if not (
        shares.dtype == np.float64
        and shares.ndim == 2
        and shares.shape[1] == len(PASSED) + 1
        and (len(shares) == 0 or 2 <= len(shares) <= MOST_ORDER)
        and ((shares >= 0) & (shares <= 1)).all()
    ):
        raise ModelFileError("its shares of Kneser-Ney are none")
    return shares
