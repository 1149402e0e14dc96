"""Rows of log-probabilities: the code tree walked from the root, a symbol's probability the product along its path."""

from __future__ import annotations

import math

import numpy as np

from nextchar._kernels.context_mixing.compiled import loop, part
from nextchar._kernels.context_mixing.contexts import follow_matches, hash_contexts, pass_symbol
from nextchar._kernels.context_mixing.layout import LEVELS, MATCHES
from nextchar._kernels.context_mixing.lookup import find_lines, find_slots
from nextchar._kernels.context_mixing.prediction import expect, predict, shapes_of

__all__ = ["advance_states", "write_row"]


@loop
def write_row(state, text, traits, tree, slots, maps, matches, mixers, apms, tables, work, out):  # type: ignore[no-untyped-def]
    """What a state says of all symbols, (V,) nats; nothing is learned.

    Args:
        state: what has been read.
        text: that was learned from.
        traits: of the symbols.
        tree: their code.
        slots: the counts.
        maps: what the counts mean.
        matches: what matches are worth.
        mixers: the weights.
        apms: the adaptive maps.
        tables: what does not change.
        work: room.
        out: (V,) the result.
    """
    context = work.context[0]
    hash_contexts(state, text, traits, slots.first.size, context)
    expect(state, text, tree, work.path, work.length)
    shapes = shapes_of(state, traits)
    so_far, stack = work.so_far, work.stack
    so_far[0], stack[0], top = 0.0, 0, 1
    while top:
        top -= 1
        node = stack[top]
        mixers.at[1] = node
        depth = tree.depth[node]
        line = work.line[0, depth // LEVELS]
        if depth % LEVELS == 0:
            find_lines(context, slots, node, line)
        elif depth % LEVELS == 1:
            _ask_below(context, slots, tree, node, work.line[1, 0])
        known = find_slots(context, slots, line, node, work.slot, work.word, work.present)
        for j in range(MATCHES):
            at = work.path[j] + depth
            agrees = work.path[j] >= 0 and at < tree.node.size and tree.node[at] == node
            work.expected[j] = tree.bit[at] if agrees else -1
        p = predict(state, shapes, node, known, tree, maps, matches, mixers, apms, tables, work)
        one = np.float64(p)
        for bit in range(2):
            nats = so_far[node] + math.log(one if bit else 1.0 - one)
            below = tree.child[node, bit]
            if below < 0:
                out[-1 - below] = nats
            else:
                so_far[below] = nats
                stack[top] = below
                top += 1


@part
def _ask_below(context, slots, tree, node, line):  # type: ignore[no-untyped-def]
    """Ask the memory for the lines of the nodes two levels below one, which are needed soon."""
    for first in range(2):
        child = tree.child[node, first]
        if child >= 0:
            for second in range(2):
                below = tree.child[child, second]
                if below >= 0:
                    find_lines(context, slots, below, line)


@loop
def advance_states(states, ids, text, traits, tree, slots, maps, matches, mixers, apms, tables, work, out):  # type: ignore[no-untyped-def]
    """Let states (B, words) read a symbol each, in place, and write the row of each, out (B, V) nats.

    A symbol of -1 is not read: the row is that of the state as it is.
    """
    for b in range(ids.size):
        state = states[b]
        mixers.at[0] = b
        if ids[b] >= 0:
            pass_symbol(state, ids[b], traits)
            follow_matches(state, text, ids[b], False)
        write_row(state, text, traits, tree, slots, maps, matches, mixers, apms, tables, work, out[b])
