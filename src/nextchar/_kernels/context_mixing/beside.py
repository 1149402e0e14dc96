"""Reading with an n-gram model beside context mixing: what it says of symbols, and rows that are mixed of both.

Contexts that occurred more than once are states in backoff form (see `automata.automaton`). Those that occurred once
are not written down, which most are: all that is known of one is the symbol that followed. It is a place in the text
and how many symbols before it the context has; d symbols before place p are state S + p n + d.

Letters: V alphabet, S states, E entries, n order, T symbols of the text that was counted, B batch.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy.typing as npt

from nextchar._kernels.backoff_search import follow_links
from nextchar._kernels.context_mixing.compiled import loop, part

__all__ = ["Machine", "mix_rows", "mix_text", "read_beside"]


class Machine(NamedTuple):
    """An n-gram model.

    Attributes:
        first: (S + 1,) where each state's entries begin; this and the next five as `Automaton` has them.
        symbols: (E,)
        log_prob: (E,) nats.
        target: (E,) also contexts that occurred once.
        link: (S,)
        price: (S,) nats.
        depth: (S,) the number of symbols of each context.
        text: (T,) what was counted.
        known: (T,) before each symbol, the longest context that occurred more than once.
        passed: (n,) nats: what a context of so many symbols that occurred once, and all shorter ones, pass on.
        start: (1,) the state that has read the boundary.
    """

    first: npt.NDArray[Any]
    symbols: npt.NDArray[Any]
    log_prob: npt.NDArray[Any]
    target: npt.NDArray[Any]
    link: npt.NDArray[Any]
    price: npt.NDArray[Any]
    depth: npt.NDArray[Any]
    text: npt.NDArray[Any]
    known: npt.NDArray[Any]
    passed: npt.NDArray[Any]
    start: npt.NDArray[Any]


@part
def _place(machine, state):  # type: ignore[no-untyped-def]
    """Of a context that occurred once: before which symbol of the text, and how many symbols it has."""
    once, n = state - machine.link.size, machine.passed.size
    return once // n, once % n


@part
def _kind(machine, state):  # type: ignore[no-untyped-def]
    """Where the share of a state stands."""
    S = machine.link.size
    return state if state < S else S + (state - S) % machine.passed.size


@part
def _step(machine, state, symbol):  # type: ignore[no-untyped-def]
    """Log p of a symbol, and the next state."""
    place, depth, passed, below = -1, 0, 0.0, state
    if state >= machine.link.size:
        place, depth = _place(machine, state)
        below = machine.known[place]
        passed = machine.passed[depth] - machine.passed[machine.depth[below]]
    entry, paid = follow_links(machine.first, machine.symbols, machine.link, machine.price, below, symbol)
    said, after = paid + machine.log_prob[entry], int(machine.target[entry])
    if place < 0:
        return said, after
    if machine.text[place] != symbol:
        return said + passed, after
    if symbol:
        n = machine.passed.size
        after, depth = int(machine.known[place + 1]), min(depth + 1, n - 1)
        if machine.depth[after] < depth:  # else its oldest symbol was what occurred once
            after = machine.link.size + (place + 1) * n + depth
    return _expected(said, passed), after


@part
def _expected(said, passed):  # type: ignore[no-untyped-def]
    """Log p of the symbol that followed: a context keeps what it does not pass on for it, and so do shorter ones."""
    return math.log1p(math.exp(passed) * math.expm1(said))


@part
def _mixed(one, other, share):  # type: ignore[no-untyped-def]
    """Log of the weighted mean of two probabilities, of which logs are given."""
    most = max(one, other)
    return most + math.log((1.0 - share) * math.exp(one - most) + share * math.exp(other - most))


@loop
def read_beside(ids, state, machine, log_probs, kinds):  # type: ignore[no-untyped-def]
    """Read symbols (T,): what is said of each, (T,) nats, and the kinds (T,) of the states that they were read in.

    Returns:
        The state after the last one.
    """
    for t in range(ids.size):
        kinds[t] = _kind(machine, state)
        log_probs[t], state = _step(machine, state, ids[t])
    return state


@loop
def mix_text(ids, state, machine, shares, nats):  # type: ignore[no-untyped-def]
    """Read symbols (T,), and let what they cost, nats (T,), be what they cost under both.

    Returns:
        The state after the last one.
    """
    for t in range(ids.size):
        share = shares[_kind(machine, state)]
        said, state = _step(machine, state, ids[t])
        nats[t] = -_mixed(-nats[t], said, share)
    return state


@loop
def mix_rows(states, ids, machine, shares, said, out):  # type: ignore[no-untyped-def]
    """Let states (B,) read a symbol each, in place, and rows (B, V) of log-probabilities be those of both.

    A symbol of -1 is not read.

    Args:
        states: of the n-gram model.
        ids: (B,) symbols.
        machine: the n-gram model.
        shares: (S + n,) of the n-gram model, from 0 to 1: of its states, and of contexts of each size that occurred
            once.
        said: (V,) room.
        out: (B, V) what context mixing says; written.
    """
    for b in range(states.size):
        if ids[b] >= 0:
            states[b] = _step(machine, int(states[b]), ids[b])[1]
        at = int(states[b])
        share, place, passed = shares[_kind(machine, at)], -1, 0.0
        if at >= machine.link.size:
            place, depth = _place(machine, at)
            at = int(machine.known[place])
            passed = machine.passed[depth] - machine.passed[machine.depth[at]]
        paid = 0.0
        said[:] = 1.0  # not said yet: no log-probability
        while True:
            for entry in range(machine.first[at], machine.first[at + 1]):
                if said[machine.symbols[entry]] > 0.0:
                    said[machine.symbols[entry]] = min(paid + machine.log_prob[entry], 0.0)
            if at == 0:
                break
            paid += machine.price[at]
            at = int(machine.link[at])
        for v in range(said.size):
            known = place >= 0 and v == machine.text[place]
            out[b, v] = _mixed(out[b, v], _expected(said[v], passed) if known else said[v] + passed, share)
