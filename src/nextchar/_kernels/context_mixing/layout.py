"""What the loops of context mixing work on: the numbers of a state, the tables that learn, and room to work in.

Letters: V alphabet, N = V - 1 nodes of the code tree, K contexts, I inputs of a mixer, S symbols of a text.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "APM_BINS",
    "APM_TABLES",
    "BINS",
    "CELLS",
    "CHECK",
    "COLUMN",
    "CONTEXTS",
    "FINAL",
    "FIRST_SYMBOL",
    "FIRST_WORD",
    "FOLLOWERS",
    "HEADING",
    "HINT_SCALE",
    "IN_VOWEL",
    "LAST_LENGTH",
    "LENGTHS",
    "LEVELS",
    "LINE",
    "LINE_OF_SLOTS",
    "MATCHES",
    "MATCH_AT",
    "MATCH_LENGTH",
    "MIXERS",
    "MOST_SYMBOLS",
    "PER_CONTEXT",
    "POSITION",
    "QUICK",
    "RECENT",
    "SHAPES",
    "SHARES",
    "STATE",
    "SUFFIX",
    "SUFFIX1",
    "SUFFIX2",
    "SYLLABLES",
    "WORD",
    "WORD1",
    "WORD2",
    "WORD3",
    "WORD_LENGTH",
    "Apms",
    "Fixed",
    "Maps",
    "Matches",
    "Mixers",
    "Scratch",
    "Slots",
    "Text",
    "Traits",
    "Tree",
    "numbers_of_inputs",
    "sizes_of_final",
    "sizes_of_mixers",
]  # fmt: skip

Array = npt.NDArray[Any]

# The words of a state, all uint64: the last symbols, the newest first, and then
RECENT: Final = 24
(
    WORD, WORD1, WORD2, WORD3,  # hashes of the word so far and of those before it, folded
    SUFFIX, SUFFIX1, SUFFIX2,  # the last three letters of each
    HEADING,  # the hash of the last line that followed an empty one
    LINE, COLUMN, LAST_LENGTH, FIRST_WORD, FIRST_SYMBOL,  # of the line: its hash, length, that of the one before, ...
    SYLLABLES, IN_VOWEL, WORD_LENGTH, POSITION,
    MATCH_AT, MATCH_LENGTH,  # where in the text the symbol stands that the first match expects, and how long it is
) = range(RECENT, RECENT + 19)  # fmt: skip
STATE: Final = MATCH_LENGTH + 3  # the second match has the two words behind those of the first

MATCHES: Final = 2
LENGTHS: Final = 20  # classes of the length of a match
FOLLOWERS: Final = 1 << 16
SHAPES: Final = 8  # classes of symbols: boundary, line end, blank, capital, letter, digit, mark, other

CONTEXTS: Final = 37
LINE_OF_SLOTS: Final = 8  # slots of a line: 64 bytes, what the memory moves at once
LEVELS: Final = 3  # of the tree, that share a line
CHECK: Final = 0xFFF  # the bits of a slot that tell which context and node it belongs to
BINS: Final = 12  # of a count
CELLS: Final = BINS * BINS * 4  # of a state map: the bins of both counts, and the last two bits
QUICK: Final = 16 * 16 * 4  # of a state map of quick counts: both, and the last two bits
SHARES: Final = 81  # pairs of eighths, 0 to 8
PER_CONTEXT: Final = 4  # inputs
MIXERS: Final = 12  # sets of weights
HINT_SCALE: Final = 2.0  # of what nets say, for the second layer: its weights learn four times as fast as the others
FINAL: Final = 3  # sets of weights of the second layer, at most
MOST_SYMBOLS: Final = 1 << 12  # that the weights are picked by
APM_TABLES: Final = 3
APM_BINS: Final = 33


class Tree(NamedTuple):
    """The code of the symbols: each is a path of bits from the root of a binary tree.

    Attributes:
        first: (V + 1,) where each symbol's path begins.
        node: (P,) the nodes of all paths.
        bit: (P,) which way each goes.
        child: (N, 2) the nodes below, or -1 - symbol.
        depth: (N,) of each node, the root's is 0.
        unit: (N,) the node itself, or of a large tree a class of nodes: what the mixers' weights are picked by.
    """

    first: Array
    node: Array
    bit: Array
    child: Array
    depth: Array
    unit: Array


class Traits(NamedTuple):
    """What symbols are like, (V,) each.

    Attributes:
        fold: the symbol without the difference between capital and small.
        shape: its class, one of 8.
        word: whether words have it.
        vowel: whether it is of the class that comes out as vowels.
        end: whether it ends a line.
    """

    fold: Array
    shape: Array
    word: Array
    vowel: Array
    end: Array


class Text(NamedTuple):
    """What has been read, for matches and for what followed two symbols.

    Attributes:
        ids: (capacity,) int32, of which the first so many are there:
        size: (1,)
        heads: (2, M) int32, where in the text the symbol after the last ones stands, by their hash; 0 for nowhere.
        followers: (65536,) uint64, the last four symbols that came after two, 16 bits each.
    """

    ids: Array
    size: Array
    heads: Array
    followers: Array


class Slots(NamedTuple):
    """What happened at each node after each context: hashed, in lines of 8 slots.

    Attributes:
        words: uint64, a slot each, 0 for none. From the low end: check 12 of 16 bits; probability of a 1 in 65536ths,
            16 bits; how often 0 and 1 came, 8 bits each; the last two bits, 4 bits; quick counts of 0 and 1, 4 bits
            each, of which one falls where the other rises. The last line is none of any context's: it stays empty, and
            stands for what is not there.
        first: (K,) the first line of each context.
        mask: (K,) uint64, the number of its lines less 1.
        begin: (L + 1,) uint32, where tables that do not learn have their lines close together: the first slot of each
            line, and where the last one ends. Else (0,): each line has room for 8 slots.
    """

    words: Array
    first: Array
    mask: Array
    begin: Array


class Maps(NamedTuple):
    """How probable a 1 is after counts such as these, learned for each context.

    Attributes:
        cells: (K * 576,) uint32, from the high end the probability 22 bits, how often the cell was seen 10 bits.
        quick: (K * 1024,) uint32, the same for quick counts: of those that forget what came before the other bit.
        bin: (256,) uint8, the bin of a count.
    """

    cells: Array
    quick: Array
    bin: Array


class Matches(NamedTuple):
    """How probable it is that a match is right about the next bit.

    Attributes:
        p: (2, 20, 3) float32, by the class of its length, and of the node's depth.
        n: (2, 20, 3) int16.
    """

    p: Array
    n: Array


class Mixers(NamedTuple):
    """The weights of the logistic mixing: twelve sets, and a second layer over what they say.

    Attributes:
        weights: (R, I) float32, of all sets.
        first: (12,) the first row of each set.
        second: (Q, 12 + M) float32, of the sets of the second layer, whose mean it says.
        begin: (1,) or (3,) the first row of each.
        steps: (1,) float64, bits learned so far: the learning rate falls with them. Where nets are inside, (2,): their
            weights have a rate of their own, which falls with the bits that they said something of.
        hints: (n, M, D) float32, of the symbols that are read now, what each of M nets holds the probability of a 1
            for: at the nodes of the symbol's path, or where a row is written at all nodes. 0 where a net says nothing.
        at: (2,) which of the symbols it is, and which of the nodes.
    """

    weights: Array
    first: Array
    second: Array
    begin: Array
    steps: Array
    hints: Array
    at: Array


class Apms(NamedTuple):
    """Adaptive probability maps: what the mixed probability turned out to be worth, by context.

    Attributes:
        cells: (3, A, 33) uint32, as those of `Maps`.
    """

    cells: Array


class Fixed(NamedTuple):
    """Numbers that do not change.

    Attributes:
        stretch: (4096,) float32, ln(p / (1 - p)) in the middle of each step of p.
        squash: float32, its inverse from -12 to 12, 128 values a unit.
        shares: (39, 39) int64, the share of a number in another, in eighths.
        rate: (4,) of the first layer's learning: what remains, what falls, how fast it falls; and of the second's.
        quick: (1,) float32, 1 where quick counts are used, else 0.
        slot_rate: (512,) float32, of a slot's probability, by how often it was seen.
        map_rate: (1001,) float32, of a cell of a state map.
        apm_rate: (251,) float32, of one of an adaptive probability map.
    """

    stretch: Array
    squash: Array
    shares: Array
    rate: Array
    quick: Array
    slot_rate: Array
    map_rate: Array
    apm_rate: Array


class Scratch(NamedTuple):
    """Room for one prediction, or for those of a symbol or of a row.

    Attributes:
        before: (words,) uint64, the state that a symbol is predicted from.
        context: (2, 37) uint64, the hash of each context, also of those that the model leaves out; and of the next
            symbol's.
        line: (2, levels, K) uint64, where each context's line begins, for each three levels of the tree; the same.
        slot: (K,) uint64, where its slot is.
        word: (K',) uint64, what slots hold; K' is the multiple of eight that K contexts have room in.
        present: (K' + 1,) which contexts have been here, and at the end how many.
        cell: (K',) uint32, of their maps.
        quick: (K',) uint32, of their maps of quick counts.
        learned: (K',) uint32, what these cells become.
        inputs: (I + 4,) float32, the end to spare.
        chunk: (I / 8 + 1,) where those eight inputs begin that are not all zeros, and at the end how many there are.
        row: (12,) the rows of weights that are used.
        dots: (12 + M,) float32, what they say, stretched; and what nets say, HINT_SCALE times.
        steps: (12,) float32, how far they go in learning.
        last: (3,) the rows of weights of the second layer.
        said: (3,) float32, what they make of it, stretched.
        apm: (3,) uint64, the rows of the maps.
        expected: (2,) the bit that each match expects, -1 where it says nothing.
        path: (2,) where the path of the symbol that each match expects begins, -1 for none.
        length: (2,) the class of each match's length.
        mixed: (2,) float32, what the mixers say together, and the same stretched.
        so_far: (N,) of a row: nats of the way to each node.
        stack: (N,) of a row: nodes that are still to be walked.
    """

    before: Array
    context: Array
    line: Array
    slot: Array
    word: Array
    present: Array
    cell: Array
    quick: Array
    learned: Array
    inputs: Array
    chunk: Array
    row: Array
    dots: Array
    steps: Array
    last: Array
    said: Array
    apm: Array
    expected: Array
    path: Array
    length: Array
    mixed: Array
    so_far: Array
    stack: Array

    @classmethod
    def of(cls, K: int, tree: Tree, nets: int) -> Scratch:
        """For one prediction with so many contexts, a tree of such a depth, and nets."""
        inputs, eights = numbers_of_inputs(K, nets), -(-K // 8) * 8
        return cls(
            before=np.zeros(STATE, dtype=np.uint64),
            context=np.zeros((2, CONTEXTS), dtype=np.uint64),
            line=np.zeros((2, int(tree.depth.max()) // LEVELS + 1, K), dtype=np.uint64),
            slot=np.zeros(K, dtype=np.uint64),
            word=np.zeros(eights, dtype=np.uint64),
            present=np.zeros(eights + 1, dtype=np.int64),
            cell=np.zeros(eights, dtype=np.uint32),
            quick=np.zeros(eights, dtype=np.uint32),
            learned=np.zeros(eights, dtype=np.uint32),
            inputs=np.zeros(inputs + PER_CONTEXT, dtype=np.float32),
            chunk=np.zeros(inputs // 8 + 1, dtype=np.int64),
            row=np.zeros(MIXERS, dtype=np.int64),
            dots=np.zeros(MIXERS + nets, dtype=np.float32),
            steps=np.zeros(MIXERS, dtype=np.float32),
            last=np.zeros(FINAL, dtype=np.int64),
            said=np.zeros(FINAL, dtype=np.float32),
            apm=np.zeros(APM_TABLES, dtype=np.uint64),
            expected=np.zeros(MATCHES, dtype=np.int64),
            path=np.zeros(MATCHES, dtype=np.int64),
            length=np.zeros(MATCHES, dtype=np.int64),
            mixed=np.zeros(2, dtype=np.float32),
            so_far=np.zeros(len(tree.depth)),
            stack=np.zeros(len(tree.depth) + 1, dtype=np.int64),
        )

    @classmethod
    def of_depths(cls, K: int, tree: Tree, nets: int) -> Scratch:
        """The same with the room of one node for each depth: all arrays (D, ...), of what is shared (1, ...)."""
        one, D = cls.of(K, tree, nets), int(tree.depth.max()) + 1
        shared = ("before", "context", "line", "word", "learned", "path", "length", "so_far", "stack")
        return cls(*(np.repeat(a[None], 1 if name in shared else D, axis=0) for name, a in one._asdict().items()))


def numbers_of_inputs(K: int, nets: int) -> int:
    """I: four of a context, two of a match, a constant, two of a net, and zeros up to a multiple of eight."""
    return -(-(PER_CONTEXT * K + 2 * MATCHES + 1 + 2 * nets) // 8) * 8


def sizes_of_mixers(units: int, V: int) -> tuple[int, ...]:
    """How many rows of weights each set has; see `prediction.pick_weights`."""
    symbols, lengths = min(V, MOST_SYMBOLS), (LENGTHS + 1) * 3 * SHAPES
    return (
        *(units, lengths, symbols, SHARES, 256, units * 16, units * 16, units * LENGTHS),
        *(units * 16, symbols, units * 11, SHAPES**3),
    )


def sizes_of_final(units: int) -> tuple[int, ...]:
    """How many rows of weights each set of the second layer has: they are picked as the first sets of the first."""
    return (units, (LENGTHS + 1) * 3 * SHAPES, SHARES)
