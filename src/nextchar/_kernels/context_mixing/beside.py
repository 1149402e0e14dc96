"""Reading with an n-gram model beside context mixing: what it says of symbols, and rows that are mixed of both.

The n-gram model is an automaton in backoff form (see `automata.automaton`), `machine` here: its arrays first, symbols,
log_prob, target, link and price, and for each state how much the n-gram model counts there, share (S,), from 0 to 1.

Letters: V alphabet, S states, B batch.
"""

from __future__ import annotations

import math

from nextchar._kernels.context_mixing.compiled import loop, part

__all__ = ["mix_rows", "mix_text", "read_beside"]


@part
def _step(machine, state, symbol):  # type: ignore[no-untyped-def]
    """Log p of a symbol, and the next state."""
    first, symbols, log_prob, target, link, price, _ = machine
    paid = 0.0
    while True:
        low, end = first[state], first[state + 1]
        if state == 0:  # which lists all symbols
            low = first[0] + symbol
            break
        high = end
        while low < high:
            middle = (low + high) >> 1
            if symbols[middle] < symbol:
                low = middle + 1
            else:
                high = middle
        if low < end and symbols[low] == symbol:
            break
        paid += price[state]
        state = link[state]
    return paid + log_prob[low], target[low]


@part
def _mixed(one, other, share):  # type: ignore[no-untyped-def]
    """Log of the weighted mean of two probabilities, of which logs are given."""
    most = max(one, other)
    return most + math.log((1.0 - share) * math.exp(one - most) + share * math.exp(other - most))


@loop
def read_beside(ids, state, machine, log_probs, states):  # type: ignore[no-untyped-def]
    """Read symbols (T,): what is said of each, (T,) nats, and the states (T,) that they were read in.

    Returns:
        The state after the last one.
    """
    for t in range(ids.size):
        states[t] = state
        log_probs[t], state = _step(machine, state, ids[t])
    return state


@loop
def mix_text(ids, state, machine, nats):  # type: ignore[no-untyped-def]
    """Read symbols (T,), and let what they cost, nats (T,), be what they cost under both.

    Returns:
        The state after the last one.
    """
    for t in range(ids.size):
        share = machine[6][state]
        said, state = _step(machine, state, ids[t])
        nats[t] = -_mixed(-nats[t], said, share)
    return state


@loop
def mix_rows(states, ids, machine, said, out):  # type: ignore[no-untyped-def]
    """Let states (B,) read a symbol each, in place, and rows (B, V) of log-probabilities be those of both.

    A symbol of -1 is not read.

    Args:
        states: of the automaton.
        ids: (B,) symbols.
        machine: the automaton.
        said: (V,) room.
        out: (B, V) what context mixing says; written.
    """
    first, symbols, log_prob, _, link, price, shares = machine
    for b in range(states.size):
        if ids[b] >= 0:
            states[b] = _step(machine, states[b], ids[b])[1]
        at, paid, share = states[b], 0.0, shares[states[b]]
        said[:] = 1.0  # not said yet: no log-probability
        while True:
            for entry in range(first[at], first[at + 1]):
                if said[symbols[entry]] > 0.0:
                    said[symbols[entry]] = min(paid + log_prob[entry], 0.0)
            if at == 0:
                break
            paid += price[at]
            at = link[at]
        for v in range(said.size):
            out[b, v] = _mixed(out[b, v], said[v], share)
