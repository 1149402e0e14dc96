"""Reading a text and learning from it: each symbol is predicted as a whole, and then learned.

What a symbol costs is what the row (see `rows`) said of it: nothing changes between its bits, neither a weight nor a
slot. So a text can be coded symbol by symbol with rows, and decoded from the code alone.

Letters: S symbols of a text, K contexts, D depths of the code tree.
"""

from __future__ import annotations

import math

import numpy as np

from nextchar._kernels.context_mixing.compiled import loop, part
from nextchar._kernels.context_mixing.contexts import follow_matches, hash_contexts, pass_symbol, remember
from nextchar._kernels.context_mixing.journal import note_bit, note_head, note_symbol
from nextchar._kernels.context_mixing.layout import LEVELS, MATCHES, Scratch
from nextchar._kernels.context_mixing.lookup import find_lines, find_slots
from nextchar._kernels.context_mixing.prediction import expect, predict, shapes_of
from nextchar._kernels.context_mixing.update import learn_bit, learn_slots

__all__ = ["read_and_learn"]


@loop
def read_and_learn(  # type: ignore[no-untyped-def]
    ids, state, text, traits, tree, slots, maps, matches, mixers, apms, tables, work, nats, noted, notes, words
):  # fmt: skip
    """Read symbols one by one, in place, and learn each.

    Args:
        ids: (S,) what to read, boundaries included.
        state: where reading stands.
        text: what was read before; grows.
        traits: of the symbols.
        tree: their code.
        slots: the counts.
        maps: what the counts mean.
        matches: what matches are worth.
        mixers: the weights.
        apms: the adaptive maps.
        tables: what does not change.
        work: room for each depth, all arrays (D, ...); see `Scratch`.
        nats: (S,) the result.
        noted: note what changes, so that it can be undone.
        notes: room for that; see `journal`.
        words: the tables, as words.
    """
    context, path, length = work.context[0], work.path[0], work.length[0]
    for t in range(ids.size):
        symbol = np.int64(ids[t])
        hash_contexts(state, text, traits, context)
        expect(state, text, tree, path, length)
        shapes = shapes_of(state, traits)
        begin = tree.first[symbol]
        depths = tree.first[symbol + 1] - begin
        for d in range(0, depths, LEVELS):
            find_lines(context, slots, np.int64(tree.node[begin + d]), work.line[0, d // LEVELS])
        cost = 0.0
        for d in range(depths):
            node, bit = np.int64(tree.node[begin + d]), np.int64(tree.bit[begin + d])
            mixers.at[0], mixers.at[1] = t, d
            here = _at(work, d)
            find_slots(context, slots, work.line[0, d // LEVELS], node, False, here.slot)
            for j in range(MATCHES):
                here.expected[j] = tree.bit[path[j] + d] if path[j] >= 0 else -1
            p = predict(state, shapes, node, tree, slots, maps, matches, mixers, apms, tables, here)
            one = np.float64(p)
            cost -= math.log(one if bit else 1.0 - one)
            for j in range(MATCHES):
                if here.expected[j] >= 0 and here.expected[j] != bit:
                    path[j] = -1
        nats[t] = cost
        if noted:
            note_symbol(notes, words, state, text)
        for d in range(depths):
            node, bit = np.int64(tree.node[begin + d]), np.int64(tree.bit[begin + d])
            here = _at(work, d)
            if noted:
                note_bit(notes, words, context, work.line[0, d // LEVELS], slots, mixers, apms, tables, node, here)
            learn_bit(bit, node, tree, maps, matches, mixers, apms, tables, here)
            find_slots(context, slots, work.line[0, d // LEVELS], node, True, here.slot)
            learn_slots(slots.words, here.slot, bit, tables.slot_rate)
        remember(state, text, symbol)
        pass_symbol(state, symbol, traits)
        if noted and symbol:
            note_head(notes, words, state, text)
        follow_matches(state, text, symbol, True)


@part
def _at(work, d):  # type: ignore[no-untyped-def]
    """The room of a depth; what belongs to the symbol as a whole, or to a line of slots, is shared."""
    return Scratch(
        context=work.context[0],
        line=work.line[0],
        slot=work.slot[d],
        cell=work.cell[d],
        quick=work.quick[d],
        inputs=work.inputs[d],
        row=work.row[d],
        dots=work.dots[d],
        last=work.last[d],
        said=work.said[d],
        apm=work.apm[d],
        expected=work.expected[d],
        path=work.path[0],
        length=work.length[0],
        mixed=work.mixed[d],
        so_far=work.so_far[0],
        stack=work.stack[0],
    )
