"""Reading a text from left to right: what each symbol cost, and learning from it.

Where counts learn, a symbol is predicted as a whole, and then learned: what it costs is what the row (see `rows`) said
of it, as nothing changes between its bits, neither a weight nor a slot. So a text can be coded symbol by symbol with
rows, and decoded from the code alone. Where only weights learn, they learn from each bit at once.

The text is known, so the memory is asked for the lines of the next symbol while this one is worked on.

Letters: S symbols of a text, K contexts, D depths of the code tree.
"""

from __future__ import annotations

import math

import numpy as np

from nextchar._kernels.context_mixing.compiled import loop, part
from nextchar._kernels.context_mixing.contexts import (
    ask_heads,
    follow_matches,
    hash_contexts,
    pass_recent,
    pass_symbol,
    point_heads,
    remember,
)
from nextchar._kernels.context_mixing.journal import note_bit, note_head, note_symbol
from nextchar._kernels.context_mixing.layout import LEVELS, MATCHES, Scratch
from nextchar._kernels.context_mixing.lookup import find_lines, find_slots, place_slots
from nextchar._kernels.context_mixing.prediction import expect, predict, shapes_of
from nextchar._kernels.context_mixing.update import learn_bit, learn_slots

__all__ = ["pass_text", "read_text", "replay"]


@loop
def read_text(  # type: ignore[no-untyped-def]
    ids, state, text, traits, tree, slots, maps, matches, mixers, apms, tables, work,
    predicts, learns, counts, remembers, nats, noted, notes, words,
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
        work: room for each depth, all arrays (D, ...); see `Scratch`.
        predicts: say what each symbol costs.
        learns: weights, maps and matches learn; it predicts, then.
        counts: the counts of the contexts learn.
        remembers: later matches may point here.
        nats: (S,) the result where it predicts.
        noted: note what changes, so that it can be undone; it learns everything, then.
        notes: room for that; see `journal`.
        words: the tables, as words.
    """
    before, path, length = work.before[0], work.path[0], work.length[0]
    shapes, none = 0, np.uint64(slots.words.size - 1)
    if ids.size:
        hash_contexts(state, text, traits, slots.first.size, work.context[0, 0])
        _ask(tree, slots, work, 0, np.int64(ids[0]))
    for t in range(ids.size):
        symbol, now, ahead = np.int64(ids[t]), t & 1, 1 - (t & 1)
        begin = tree.first[symbol]
        depths = tree.first[symbol + 1] - begin
        for i in range(before.size):
            before[i] = state[i]
        if predicts:
            expect(state, text, tree, path, length)
            shapes = shapes_of(state, traits)
        if noted:
            note_symbol(notes, words, state, text)
        if remembers:
            remember(state, text, symbol)
        pass_symbol(state, symbol, traits)
        if noted and symbol:
            note_head(notes, words, state, text)
        ask_heads(state, text)
        if t + 1 < ids.size:
            hash_contexts(state, text, traits, slots.first.size, work.context[0, ahead])
            _ask(tree, slots, work, ahead, np.int64(ids[t + 1]))
        context, line = work.context[0, now], work.line[0, now]
        cost = 0.0
        for d in range(depths):
            here = _at(work, d)
            if predicts:
                node, bit = np.int64(tree.node[begin + d]), np.int64(tree.bit[begin + d])
                mixers.at[0], mixers.at[1] = t, d
                known = find_slots(context, slots, line[d // LEVELS], node, here.slot, here.word, here.present)
                for j in range(MATCHES):
                    here.expected[j] = tree.bit[path[j] + d] if path[j] >= 0 else -1
                p = predict(before, shapes, node, known, tree, maps, matches, mixers, apms, tables, here)
                one = np.float64(p)
                cost -= math.log(one if bit else 1.0 - one)
                for j in range(MATCHES):
                    if here.expected[j] >= 0 and here.expected[j] != bit:
                        path[j] = -1
            else:
                here.slot[:] = none
            if counts:  # all bits after the last one was predicted
                learned, end = 0, d + 1 if d + 1 == depths else 0
            else:  # each bit: no row is asked for in between
                learned, end = d, d + 1 if learns else 0
            for e in range(learned, end):
                node, bit = np.int64(tree.node[begin + e]), np.int64(tree.bit[begin + e])
                mixers.at[1], there = e, _at(work, e)
                if noted:
                    note_bit(notes, words, context, line[e // LEVELS], slots, mixers, apms, tables, node, there)
                if learns:
                    learn_bit(bit, node, tree, maps, matches, mixers, apms, tables, there)
                if counts:
                    place_slots(context, slots, line[e // LEVELS], node, there.slot, there.word)
                    learn_slots(slots.words, there.slot, there.word, bit, tables.slot_rate)
        if predicts:
            nats[t] = cost
        follow_matches(state, text, symbol, remembers)


@part
def _ask(tree, slots, work, which, symbol):  # type: ignore[no-untyped-def]
    """Find the lines of a symbol's path, and ask the memory for all of them at once."""
    first = tree.first[symbol]
    for d in range(0, tree.first[symbol + 1] - first, LEVELS):
        find_lines(work.context[0, which], slots, np.int64(tree.node[first + d]), work.line[0, which, d // LEVELS])


@part
def _at(work, d):  # type: ignore[no-untyped-def]
    """The room of a depth; what belongs to the symbol as a whole, or to a line of slots, is shared."""
    return Scratch(
        before=work.before[0],
        context=work.context[0],
        line=work.line[0],
        slot=work.slot[d],
        word=work.word[0],
        present=work.present[d],
        cell=work.cell[d],
        quick=work.quick[d],
        learned=work.learned[0],
        inputs=work.inputs[d],
        chunk=work.chunk[d],
        row=work.row[d],
        dots=work.dots[d],
        steps=work.steps[d],
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


@loop
def replay(ids, state, text):  # type: ignore[no-untyped-def]
    """Remember a text that was learned before: what a model's file leaves out."""
    for t in range(ids.size):
        symbol = np.int64(ids[t])
        remember(state, text, symbol)
        pass_recent(state, symbol)
        if symbol:
            point_heads(state, text)


@loop
def pass_text(ids, state, text, traits):  # type: ignore[no-untyped-def]
    """Let a state read a text, in place; nothing is predicted and nothing learned."""
    for t in range(ids.size):
        symbol = np.int64(ids[t])
        pass_symbol(state, symbol, traits)
        follow_matches(state, text, symbol, False)
