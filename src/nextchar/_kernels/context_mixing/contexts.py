"""Reading a text symbol by symbol, and the contexts that it is in.

A context is a hash of some of what a state knows: the last symbols, the word so far, the words before, the line. The
first nine are the orders 0 to 8 of an n-gram model, and orders 12 and 20 know what is repeated word for word; a model
takes the first K of all. Nothing here knows a language: words are runs of symbols that Unicode calls letters, marks,
digits or connectors, vowels were learned (see `models.context_mixing.traits`), a heading is a line after an empty one.
The boundary leads back to the start.

Sources: Mahoney (2005), "Adaptive weighing of context models for lossless data compression"; the sparse, word and
indirect contexts are those of paq8 and lpaq.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from nextchar._kernels.constants import GOLDEN
from nextchar._kernels.context_mixing.compiled import part
from nextchar._kernels.context_mixing.lanes import prefetch
from nextchar._kernels.context_mixing.layout import (
    COLUMN,
    FIRST_SYMBOL,
    FIRST_WORD,
    FOLLOWERS,
    HEADING,
    IN_VOWEL,
    LAST_LENGTH,
    LINE,
    MATCH_AT,
    MATCH_LENGTH,
    MATCHES,
    POSITION,
    RECENT,
    SUFFIX,
    SUFFIX1,
    SUFFIX2,
    SYLLABLES,
    WORD,
    WORD1,
    WORD2,
    WORD3,
    WORD_LENGTH,
)
from nextchar._kernels.splitmix import mix64

__all__ = [
    "ask_heads",
    "follow_matches",
    "follower_of",
    "hash_contexts",
    "head_of",
    "pair",
    "pass_recent",
    "pass_symbol",
    "point_heads",
    "remember",
]

U64 = np.uint64
LONGEST_LINE: Final = 255  # a column beyond is not told from it
_SHORT, _LONG = 7, 14  # symbols that have to agree for a match
_LOW: Final = 0xFFFFFFFF
_THREE: Final = 0xFFFFFFFFFFFF  # three symbols of 16 bits


@part
def pair(a, b):  # type: ignore[no-untyped-def]
    """The hash of two numbers."""
    return mix64(a * U64(GOLDEN) + b + U64(0x1234567))


@part
def pass_recent(state, symbol):  # type: ignore[no-untyped-def]
    """Let a state read one more symbol, in place, as far as its last symbols are concerned."""
    if symbol == 0:
        state[:] = U64(0)
        return
    for j in range(RECENT - 1, 0, -1):
        state[j] = state[j - 1]
    state[0] = U64(symbol)
    state[POSITION] += U64(1)


@part
def pass_symbol(state, symbol, traits):  # type: ignore[no-untyped-def]
    """Let a state read one more symbol, in place; the boundary leads back to the start."""
    pass_recent(state, symbol)
    if symbol == 0:
        return
    if traits.word[symbol]:
        letter = U64(traits.fold[symbol])
        state[WORD] = pair(state[WORD], letter)
        state[WORD_LENGTH] += U64(1)
        state[SUFFIX] = (state[SUFFIX] << U64(16) | letter) & U64(_THREE)
        vowel = U64(traits.vowel[symbol])
        if vowel and not state[IN_VOWEL]:
            state[SYLLABLES] += U64(1)
        state[IN_VOWEL] = vowel
    elif state[WORD_LENGTH]:
        if not state[FIRST_WORD]:
            state[FIRST_WORD] = state[WORD]
        state[WORD3], state[WORD2], state[WORD1], state[WORD] = state[WORD2], state[WORD1], state[WORD], U64(0)
        state[SUFFIX2], state[SUFFIX1], state[SUFFIX] = state[SUFFIX1], state[SUFFIX], U64(0)
        state[WORD_LENGTH] = state[IN_VOWEL] = U64(0)
    if traits.end[symbol]:
        if not state[LAST_LENGTH]:
            state[HEADING] = state[LINE]
        state[LAST_LENGTH] = state[COLUMN]
        state[COLUMN] = state[SYLLABLES] = state[FIRST_WORD] = state[FIRST_SYMBOL] = state[LINE] = U64(0)
    else:
        if not state[COLUMN]:
            state[FIRST_SYMBOL] = U64(symbol)
        state[COLUMN] = min(state[COLUMN] + U64(1), U64(LONGEST_LINE))
        state[LINE] = pair(state[LINE], U64(symbol))


@part
def hash_contexts(state, text, traits, K, context):  # type: ignore[no-untyped-def]
    """The first K contexts that a state is in, of (37,); what is beyond is room, and may be anything."""
    c1, c2, c3, c4, c5, c6 = state[0], state[1], state[2], state[3], state[4], state[5]
    h = U64(0)
    context[0] = U64(77)
    for n in range(1, 9):
        h = pair(h, state[n - 1] + U64(1))
        context[n] = h
    word = pair(state[WORD], c1)
    in_word = U64(999) if state[WORD_LENGTH] else c1
    context[9] = word
    context[10] = pair(word, state[WORD1])
    context[11] = pair(context[10], state[WORD2])
    context[12] = pair(word, state[SUFFIX1])
    context[13] = pair(word, state[HEADING])
    context[14] = pair(c2, c3)
    context[15] = pair(c3, c4)
    context[16] = pair(context[14], c4)
    context[17] = pair(pair(c1, c3), c4)
    context[18] = pair(state[COLUMN], c1)
    context[19] = pair(pair(state[SYLLABLES], in_word), state[LAST_LENGTH] >> U64(3))
    folded = U64(3)
    for i in range(5):
        folded = pair(folded, U64(traits.fold[np.int64(state[i])]))
        if i >= 2:
            context[18 + i] = folded
    h = context[8]
    for n in range(8, 12):
        h = pair(h, state[n] + U64(1))
    context[23] = h
    if K > 24:
        for n in range(12, 20):
            h = pair(h, state[n] + U64(1))
        context[24] = h
    if K > 25:
        context[25] = pair(word, state[WORD2])
        context[26] = pair(context[12], state[SUFFIX2])
        context[27] = pair(word, state[WORD3])
        context[28] = pair(state[HEADING], context[2])
        context[29] = pair(state[FIRST_WORD], word)
        context[30] = pair(state[FIRST_SYMBOL], context[3])
        context[31] = pair(pair(state[SYLLABLES], state[WORD_LENGTH]), c1)
        context[32] = pair(pair(pair(c1, c2), c4), c5)
        context[33] = pair(pair(pair(c1, c3), c4), c5)
        last = text.followers[follower_of(state)]
        context[34] = pair(last & U64(_LOW), context[2])
        context[35] = pair(folded, U64(traits.fold[np.int64(c6)]))
        context[36] = pair(last, c1)
    for k in range(9, K):  # two that hash the same are told apart by their place
        context[k] += U64(1000 + k) * U64(GOLDEN)


@part
def _head(state, length, size):  # type: ignore[no-untyped-def]
    h = U64(length)
    for i in range(length):
        h = (h + state[i] + U64(1)) * U64(GOLDEN)
    return np.int64(mix64(h) & U64(size - 1))


@part
def head_of(state, text, which):  # type: ignore[no-untyped-def]
    """Where in the heads of the first or second match the last symbols of a state stand; -1 where there are too few."""
    least = _SHORT if which == 0 else _LONG
    return _head(state, least, text.heads.shape[1]) if state[POSITION] >= U64(least) else np.int64(-1)


@part
def point_heads(state, text):  # type: ignore[no-untyped-def]
    """Let later matches lead to what comes after the last symbol of the text, which a state has read."""
    for j in range(MATCHES):
        head = head_of(state, text, j)
        if head >= 0:
            text.heads[j, head] = text.size[0]


@part
def ask_heads(state, text):  # type: ignore[no-untyped-def]
    """Ask the memory for what `follow_matches` is going to look at."""
    for j in range(MATCHES):
        head = head_of(state, text, j)
        if head >= 0:
            prefetch(text.heads, np.uint64(j * text.heads.shape[1] + head))


@part
def follower_of(state):  # type: ignore[no-untyped-def]
    """Where among the followers the last two symbols of a state stand."""
    return np.int64(pair(state[0], state[1]) & U64(FOLLOWERS - 1))


@part
def remember(state, text, symbol):  # type: ignore[no-untyped-def]
    """Add the symbol that comes after a state to the text; the state has not read it yet."""
    at = follower_of(state)
    text.followers[at] = text.followers[at] << U64(16) | U64(symbol & 0xFFFF)
    text.ids[text.size[0]] = symbol
    text.size[0] += 1


@part
def follow_matches(state, text, symbol, learn):  # type: ignore[no-untyped-def]
    """Let the matches go on by a symbol that the state has read, and look for new ones.

    Args:
        state: has read the symbol.
        text: what matches are looked for in.
        symbol: the one that was read.
        learn: whether the symbol is the last one of the text, and later matches may lead to what comes after it.
    """
    if symbol == 0:
        return
    for j in range(MATCHES):
        least = _SHORT if j == 0 else _LONG
        at, length = MATCH_AT + 2 * j, MATCH_LENGTH + 2 * j
        if state[length]:
            if text.ids[np.int64(state[at])] == symbol and np.int64(state[at]) + 1 < text.size[0]:
                state[length] += U64(1)
                state[at] += U64(1)
            else:
                state[length] = U64(0)
        if state[POSITION] >= U64(least):
            head = _head(state, least, text.heads.shape[1])
            if not state[length]:
                place, n = np.int64(text.heads[j, head]), 0
                while n < place and n < RECENT and U64(text.ids[place - 1 - n]) == state[n] and state[n]:
                    n += 1
                if n >= least and place < text.size[0]:
                    state[at], state[length] = U64(place), U64(n)
            if learn:
                text.heads[j, head] = text.size[0]
