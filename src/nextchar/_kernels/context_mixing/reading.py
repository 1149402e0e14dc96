"""Reading a text from left to right: what each symbol cost, and what there is to learn from it.

Letters: S symbols of a text.
"""

from __future__ import annotations

import math

import numpy as np

from nextchar._kernels.context_mixing.compiled import loop
from nextchar._kernels.context_mixing.contexts import follow_matches, hash_contexts, pass_symbol, remember
from nextchar._kernels.context_mixing.layout import LEVELS, MATCHES
from nextchar._kernels.context_mixing.lookup import find_lines, find_slots
from nextchar._kernels.context_mixing.prediction import expect, predict, shapes_of
from nextchar._kernels.context_mixing.update import learn_bit, learn_slots

__all__ = ["pass_text", "read_text", "replay"]


@loop
def read_text(  # type: ignore[no-untyped-def]
    ids, state, text, traits, tree, slots, maps, matches, mixers, apms, tables, work,
    predicts, learns, counts, remembers, nats,
):  # fmt: skip
    """Read symbols one by one, in place.

    Args:
        ids: (S,) what to read, boundaries included.
        state: where reading stands.
        text: what was read before; grows where it remembers.
        traits: of the symbols.
        tree: their code.
        slots: the counts.
        maps: what the counts mean.
        matches: what matches are worth.
        mixers: the weights.
        apms: the adaptive maps.
        tables: what does not change.
        work: room.
        predicts: say what each symbol costs.
        learns: weights, maps and matches learn.
        counts: the counts of the contexts learn.
        remembers: later matches may point here.
        nats: (S,) the result where it predicts.
    """
    for t in range(ids.size):
        symbol = np.int64(ids[t])
        hash_contexts(state, text, traits, work.context)
        expect(state, text, tree, work.path, work.length)
        shapes = shapes_of(state, traits)
        begin = tree.first[symbol]
        cost = 0.0
        steps = tree.first[symbol + 1] - begin
        for d in range(0, steps, LEVELS):  # the symbol is known: all lines are on their way before the first is used
            find_lines(work.context, slots, np.int64(tree.node[begin + d]), work.line[d // LEVELS])
        for d in range(steps):
            node, bit = np.int64(tree.node[begin + d]), np.int64(tree.bit[begin + d])
            mixers.at[0], mixers.at[1] = t, d
            find_slots(work.context, slots, work.line[d // LEVELS], node, counts, work.slot)
            if predicts:
                for j in range(MATCHES):
                    work.expected[j] = tree.bit[work.path[j] + d] if work.path[j] >= 0 else -1
                p = predict(state, shapes, node, tree, slots, maps, matches, mixers, apms, tables, work)
                one = np.float64(p)
                cost -= math.log(one if bit else 1.0 - one)
                if learns:
                    learn_bit(bit, node, tree, maps, matches, mixers, apms, tables, work)
                for j in range(MATCHES):
                    if work.expected[j] >= 0 and work.expected[j] != bit:
                        work.path[j] = -1
            if counts:
                learn_slots(slots.words, work.slot, bit, tables.slot_rate)
        if predicts:
            nats[t] = cost
        if remembers:
            remember(state, text, symbol)
        pass_symbol(state, symbol, traits)
        follow_matches(state, text, symbol, remembers)


@loop
def replay(ids, state, text, traits):  # type: ignore[no-untyped-def]
    """Remember a text that was learned before: what a model's file leaves out."""
    for t in range(ids.size):
        symbol = np.int64(ids[t])
        remember(state, text, symbol)
        pass_symbol(state, symbol, traits)
        follow_matches(state, text, symbol, True)


@loop
def pass_text(ids, state, text, traits):  # type: ignore[no-untyped-def]
    """Let a state read a text, in place; nothing is predicted and nothing learned."""
    for t in range(ids.size):
        symbol = np.int64(ids[t])
        pass_symbol(state, symbol, traits)
        follow_matches(state, text, symbol, False)
