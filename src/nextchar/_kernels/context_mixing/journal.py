"""What was there before something was learned, so that learning can be undone, and done again.

The tables are looked at as words of 32 bits. Before a run of words changes it is noted: which table, where, and its
words. Undoing exchanges what is there with what was noted, from the last run to the first; the notes then hold what
was undone, and exchanging from the first to the last does it again.

Letters: H runs, W words, K contexts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar._kernels.context_mixing.compiled import loop, part
from nextchar._kernels.context_mixing.contexts import follower_of, head_of
from nextchar._kernels.context_mixing.layout import APM_TABLES, LINE_OF_SLOTS, MATCHES, MIXERS
from nextchar._kernels.context_mixing.lookup import line_begin, slot_of
from nextchar._kernels.context_mixing.prediction import apm_place

__all__ = ["Notes", "exchange", "note_bit", "note_head", "note_symbol", "table_words"]

_SLOTS, _MAPS, _HITS, _SEEN, _WEIGHTS, _SECOND, _STEPS, _APMS, _IDS, _SIZE, _HEADS, _FOLLOWERS, _QUICK = range(13)
_SHIFT = 48  # of the table's number, in where a run begins


class Notes(NamedTuple):
    """Runs of words, in the order in which they changed.

    Attributes:
        at: (H,) int64, the table and the word that the run begins with.
        run: (H,) int64, how many words it has.
        words: (W,) uint32, those that are not in the tables.
        used: (2,) int64, of H and of W.
    """

    at: npt.NDArray[np.int64]
    run: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint32]
    used: npt.NDArray[np.int64]


def table_words(learned: Any) -> tuple[npt.NDArray[np.uint32], ...]:
    """All that changes by learning, as words."""
    text, matches, mixers = learned.text, learned.matches, learned.mixers
    arrays = (
        *(learned.slots.words, learned.maps.cells, matches.p, matches.n),
        *(mixers.weights, mixers.second, mixers.steps, learned.apms.cells),
        *(text.ids, text.size, text.heads, text.followers, learned.maps.quick),
    )
    return tuple(array.reshape(-1).view(np.uint32) for array in arrays)


@part
def _note(notes, words, table, at, run):  # type: ignore[no-untyped-def]
    h, w = notes.used[0], notes.used[1]
    notes.at[h], notes.run[h] = np.int64(table) << _SHIFT | np.int64(at), run
    source = words[table]
    for i in range(run):
        notes.words[w + i] = source[np.int64(at) + i]
    notes.used[0], notes.used[1] = h + 1, w + run


@part
def note_symbol(notes, words, state, text):  # type: ignore[no-untyped-def]
    """Note what a symbol changes once: the end of the text, what followed, how often matches were right."""
    _note(notes, words, _SIZE, 0, 2)
    _note(notes, words, _IDS, text.size[0], 1)
    _note(notes, words, _FOLLOWERS, 2 * follower_of(state), 2)
    _note(notes, words, _STEPS, 0, words[_STEPS].size)
    _note(notes, words, _HITS, 0, words[_HITS].size)
    _note(notes, words, _SEEN, 0, words[_SEEN].size)


@part
def note_head(notes, words, state, text):  # type: ignore[no-untyped-def]
    """Note where matches are looked up from the last symbols of a state."""
    for j in range(MATCHES):
        head = head_of(state, text, j)
        if head >= 0:
            _note(notes, words, _HEADS, j * text.heads.shape[1] + head, 1)


@part
def note_bit(notes, words, context, line, slots, mixers, apms, tables, node, work):  # type: ignore[no-untyped-def]
    """Note what a bit changes; the slots of the node are looked for again, as others may have taken their place."""
    none = np.uint64(slots.words.size - 1)
    for k in range(work.slot.size):
        slot = slot_of(context, slots, line, node, k)
        if slot == none:
            _note(notes, words, _SLOTS, 2 * np.int64(line_begin(line[k])), 2 * LINE_OF_SLOTS)
        else:
            _note(notes, words, _SLOTS, 2 * np.int64(slot), 2)
    for i in range(work.present[-1]):
        _note(notes, words, _MAPS, work.cell[i], 1)
        if tables.quick[0]:
            _note(notes, words, _QUICK, work.quick[i], 1)
    inputs, said = mixers.weights.shape[1], mixers.second.shape[1]
    for j in range(MIXERS):
        _note(notes, words, _WEIGHTS, work.row[j] * inputs, inputs)
    for i in range(mixers.begin.size):
        _note(notes, words, _SECOND, work.last[i] * said, said)
    i, f = apm_place(work.mixed[1])
    if f >= np.float32(0.5):
        i += 1
    A, B = apms.cells.shape[1], apms.cells.shape[2]
    for j in range(APM_TABLES):
        _note(notes, words, _APMS, (j * A + np.int64(work.apm[j])) * B + i, 1)


@loop
def exchange(notes, words, backwards):  # type: ignore[no-untyped-def]
    """Exchange what was noted with what is there."""
    H = notes.used[0]
    w = notes.used[1] if backwards else 0
    for n in range(H):
        h = H - 1 - n if backwards else n
        run = notes.run[h]
        target = words[notes.at[h] >> _SHIFT]
        at = notes.at[h] & ((np.int64(1) << _SHIFT) - 1)
        if backwards:
            w -= run
        for i in range(run):
            target[at + i], notes.words[w + i] = notes.words[w + i], target[at + i]
        if not backwards:
            w += run
