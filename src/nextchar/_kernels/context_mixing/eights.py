"""What the slots of eight contexts say, and how they learn: the arithmetic of `layout.Slots` and `layout.Maps`.

A slot is a word of 64 bits. Its lower half has the check and the probability, its upper half the counts, so that all
that is done to it is done to whole numbers of 32 bits, eight at once.

Source of the counters: Mahoney (2005); the discount of an opposite count is that of paq's nonstationary counters.

Nothing here checks bounds: arrays have room for a multiple of eight contexts, and tables for all that is looked up.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types

from nextchar._kernels.context_mixing.compiled import machine
from nextchar._kernels.context_mixing.layout import BINS, CELLS, PER_CONTEXT, QUICK
from nextchar._kernels.context_mixing.vectors import (
    I32,
    I64,
    LANES,
    WHOLE,
    WORDS,
    Eight,
    data_of,
    elements_at,
    load_vector,
    store_vector,
)

__all__ = ["count_bit", "learn_cells", "say_slots"]

MOST: Final = 250  # of a count; where one would exceed it, the other one halves
MOST_LATELY: Final = 15  # of a quick count
QUICKLY: Final = 2  # of an opposite quick count; half of what is beyond goes
MOST_SEEN: Final = 1000  # of a cell of a state map
SEEN_BITS: Final = 10  # of a cell: how often it was seen; the rest is the probability
STRETCHED: Final = 20  # what is above them is its place in the table of stretched probabilities
_ONE: Final = (1 << 32 - SEEN_BITS) - 1
_BYTE, _NIBBLE, _PAIR = 255, 15, 3


def _halves(builder: Any, data: Any, at: Any) -> tuple[Eight, Eight]:
    """The lower and the upper halves of eight words."""
    words = load_vector(builder, WORDS, data, at, 8)
    high = builder.lshr(words, ir.Constant(WORDS, [32] * LANES))
    return Eight(builder, builder.trunc(words, WHOLE)), Eight(builder, builder.trunc(high, WHOLE))


@machine
def say_slots(
    _typing: Any, word: Any, context: Any, first: Any, end: Any, cells: Any, quick: Any, bins: Any,  # noqa: ARG001
    stretch: Any, on: Any, cell: Any, quick_cell: Any, inputs: Any, spare: Any,  # noqa: ARG001
) -> Any:  # fmt: skip
    """What eight contexts say, written to `inputs`, four numbers each.

    They are how often such counts ended in a 1, stretched; the slot's own probability stretched, and as it is less a
    half; and how often such quick counts ended in a 1, stretched, times `on`.

    Args:
        word: uint64, the slots of the contexts that have one.
        context: int64, which contexts these are.
        first: of the eight.
        end: how many there are in all; where it comes before the eighth, there are fewer.
        cells: see `Maps`.
        quick: the same.
        bins: the same.
        stretch: see `Fixed`.
        on: float32.
        cell: uint32, the result: where in `cells` each one's is.
        quick_cell: the same in `quick`.
        inputs: float32, the result: from four times the context on.
        spare: where in `inputs` there is room for four more numbers.

    Returns:
        How many of them always saw the same bit.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word, which, first, end, cells, quick, bins, stretch, on, cell, quick_cell, inputs, spare = (
            data_of(context, builder, kind, value) if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, args, strict=True)
        )
        low, high = _halves(builder, word, first)
        k = Eight(builder, builder.trunc(load_vector(builder, WORDS, which, first, 8), WHOLE))
        here = Eight.numbers(builder, first).test("<", Eight.same(builder, builder.trunc(end, I32)))
        zeros, ones, last = high & _BYTE, high >> 8 & _BYTE, high >> 16 & _PAIR
        pair = elements_at(bins, zeros) * BINS + elements_at(bins, ones)
        c = k * CELLS + pair * 4 + last
        q = k * QUICK + (high >> 20 & _BYTE) * 4 + last
        p = low >> 16
        said = [
            elements_at(stretch, elements_at(cells, c) >> STRETCHED),
            elements_at(stretch, p >> 4),
            p.floats() * 2.0**-16 - 0.5,
            elements_at(stretch, elements_at(quick, q) >> STRETCHED) * Eight.same(builder, on),
        ]
        store_vector(builder, c.value, cell, first, 4)
        store_vector(builder, q.value, quick_cell, first, 4)
        at = (k * PER_CONTEXT).where(here, Eight.same(builder, builder.trunc(spare, I32)))
        _store_by_context(builder, [one.value for one in said], inputs, at)
        agree = builder.bitcast(builder.and_(here, (zeros * ones).test("==", 0)), ir.IntType(LANES))
        return builder.zext(builder.ctpop(agree), I64)

    arrays = (word, context, types.int64, types.int64, cells, quick, bins, stretch, types.float32)
    return types.int64(*arrays, cell, quick_cell, inputs, types.int64), codegen


def _store_by_context(builder: Any, said: list[Any], inputs: Any, at: Eight) -> None:
    """Write the first of each from one place on, the second of each from the next, and so on."""

    def turns(one: Any, other: Any, run: int) -> Any:
        """Runs of one and of the other in turn."""
        size = one.type.count
        order = [n for at in range(0, size, run) for side in (0, size) for n in range(side + at, side + at + run)]
        return builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(I32, 2 * size), order))

    a, b, c, d = said
    mixed = turns(turns(a, b, 1), turns(c, d, 1), 2)
    for lane in range(LANES):
        order = list(range(PER_CONTEXT * lane, PER_CONTEXT * (lane + 1)))
        four = builder.shuffle_vector(mixed, mixed, ir.Constant(ir.VectorType(I32, PER_CONTEXT), order))
        place = builder.zext(builder.extract_element(at.value, ir.Constant(I32, lane)), I64)
        store_vector(builder, four, inputs, place, 4)


@machine
def count_bit(_typing: Any, word: Any, first: Any, bit: Any, rate: Any) -> Any:  # noqa: ARG001 - their types are known
    """Count a bit in eight slots, in place.

    Args:
        word: (K,) uint64, the slots.
        first: of the eight.
        bit: that came.
        rate: of a slot's probability; see `Fixed`.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word, rate = (data_of(context, builder, signature.args[i], args[i]) for i in (0, 3))
        bit = Eight.same(builder, builder.trunc(args[2], I32))
        low, high = _halves(builder, word, args[1])
        own_at, other_at = bit << 3, Eight(builder, ir.Constant(WHOLE, [8] * LANES)) - (bit << 3)
        own, other = high >> own_at & _BYTE, high >> other_at & _BYTE
        p = low >> 16
        # Zero less the bit is 0 or all ones.
        target = Eight(builder, ir.Constant(WHOLE, [0] * LANES)) - bit & 0xFFFF
        p = p + ((target - p).floats() * elements_at(rate, own + other)).whole()
        other = (other + 1 >> 1).where(own.test(">=", MOST), other)
        own = (own + 1).at_most(MOST)
        own_quick, other_quick = (bit << 2) + 20, Eight(builder, ir.Constant(WHOLE, [24] * LANES)) - (bit << 2)
        lately, before = (high >> own_quick & _NIBBLE) + 1, high >> other_quick & _NIBBLE
        before = (before + QUICKLY >> 1).where(before.test(">", QUICKLY), before)
        last = (high >> 16 << 1 | bit) & _PAIR
        counts = own << own_at | other << other_at | last << 16
        high = counts | lately.at_most(MOST_LATELY) << own_quick | before << other_quick
        low = low & 0xFFFF | p << 16
        wide = builder.shl(builder.zext(high.value, WORDS), ir.Constant(WORDS, [32] * LANES))
        store_vector(builder, builder.or_(wide, builder.zext(low.value, WORDS)), word, args[1], 8)
        return context.get_dummy_value()

    return types.void(word, types.int64, types.int64, rate), codegen


@machine
def learn_cells(_typing: Any, cells: Any, cell: Any, first: Any, bit: Any, rate: Any, out: Any) -> Any:  # noqa: ARG001
    """What eight cells become that have seen one more bit.

    Args:
        cells: see `Maps`.
        cell: uint32, which of them.
        first: of the eight.
        bit: that came.
        rate: of a cell; see `Fixed`.
        out: uint32, the result.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        cells, cell, rate, out = (data_of(context, builder, signature.args[i], args[i]) for i in (0, 1, 4, 5))
        bit = Eight.same(builder, builder.trunc(args[3], I32))
        old = elements_at(cells, Eight(builder, load_vector(builder, WHOLE, cell, args[2], 4)))
        seen, p = old & (1 << SEEN_BITS) - 1, old >> SEEN_BITS
        p = p + ((bit * _ONE - p).floats() * elements_at(rate, seen)).whole()
        new = p << SEEN_BITS | (seen + 1).at_most(MOST_SEEN)
        store_vector(builder, new.value, out, args[2], 4)
        return context.get_dummy_value()

    return types.void(cells, cell, types.int64, types.int64, rate, out), codegen
