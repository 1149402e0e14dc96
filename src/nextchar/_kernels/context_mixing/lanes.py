"""Eight numbers at once: what the loops do to a line of slots or a row of weights, said to the compiler directly.

A sum of products must be taken in one fixed order if every machine is to give the same numbers, so a compiler leaves
it a chain of single steps. Here the order is eight partial sums, lane by lane, added in pairs at the end: as fixed, on
every machine, and as fast as its vectors are.

Nothing here checks bounds: indices are the caller's to get right, and rows are multiples of eight long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.np.arrayobj import make_array

from nextchar._kernels.context_mixing.compiled import machine
from nextchar._kernels.context_mixing.vectors import (
    FLOATS,
    I32,
    I64,
    LANES,
    WORDS,
    data_of,
    load_vector,
    splat,
    store_vector,
)

__all__ = ["add_scaled", "dots", "least_used", "matching", "prefetch"]

TOGETHER: Final = 6  # rows of weights


def _same(vector: Any, value: int) -> Any:
    return ir.Constant(vector, [value] * LANES)


@machine
def dots(_typing: Any, weights: Any, row: Any, x: Any, chunk: Any, chunks: Any, out: Any) -> Any:  # noqa: ARG001
    """The products of some rows of weights (R, I) float32 and of x (I,), at so many chunks of eight: out, as many.

    Args:
        weights: of all rows.
        row: which rows; a multiple of six.
        x: what they are multiplied by.
        chunk: where the chunks begin that are not all zeros; the others would add nothing.
        chunks: how many these are.
        out: float32, the result.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        b, at = (data_of(context, builder, signature.args[i], args[i]) for i in (2, 3))
        out = data_of(context, builder, signature.args[5], args[5])
        with _some_rows(context, builder, signature, args) as (first, rows):
            zeros = ir.Constant(FLOATS, [0.0] * LANES)
            totals = [cgutils.alloca_once_value(builder, zeros) for _ in rows]  # type: ignore[no-untyped-call]
            with cgutils.for_range(builder, args[4]) as loop:
                i = builder.load(builder.gep(at, [loop.index]))
                values = load_vector(builder, FLOATS, b, i, 4)
                for total, a in zip(totals, rows, strict=True):
                    product = builder.fmul(load_vector(builder, FLOATS, a, i, 4), values)
                    builder.store(builder.fadd(builder.load(total), product), total)
            for number, total in enumerate(totals):
                found = builder.load(total)
                lanes = [builder.extract_element(found, ir.Constant(I32, lane)) for lane in range(LANES)]
                while len(lanes) > 1:
                    half = len(lanes) // 2
                    lanes = [builder.fadd(lanes[lane], lanes[lane + half]) for lane in range(half)]
                place = builder.add(first, ir.Constant(first.type, number))
                builder.store(lanes[0], builder.gep(out, [place]))
        return context.get_dummy_value()

    return types.void(weights, row, x, chunk, types.intp, out), codegen


@machine
def add_scaled(_typing: Any, weights: Any, row: Any, x: Any, chunk: Any, chunks: Any, scale: Any) -> Any:  # noqa: ARG001
    """Add to some rows of weights (R, I) x (I,) times the scale of each, in place; see `dots`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        b, at = (data_of(context, builder, signature.args[i], args[i]) for i in (2, 3))
        scale = data_of(context, builder, signature.args[5], args[5])
        with _some_rows(context, builder, signature, args) as (first, rows):
            places = [builder.add(first, ir.Constant(first.type, number)) for number in range(len(rows))]
            factors = [splat(builder, FLOATS, builder.load(builder.gep(scale, [place]))) for place in places]
            with cgutils.for_range(builder, args[4]) as loop:
                i = builder.load(builder.gep(at, [loop.index]))
                values = load_vector(builder, FLOATS, b, i, 4)
                sums = [
                    builder.fadd(load_vector(builder, FLOATS, a, i, 4), builder.fmul(factor, values))
                    for a, factor in zip(rows, factors, strict=True)
                ]
                for a, total in zip(rows, sums, strict=True):
                    store_vector(builder, total, a, i, 4)
        return context.get_dummy_value()

    return types.void(weights, row, x, chunk, types.intp, scale), codegen


@contextmanager
def _some_rows(context: Any, builder: Any, signature: Any, args: Any) -> Iterator[tuple[Any, list[Any]]]:
    """A loop over six rows at once, whose misses of the memory are waited for together, and whose sums fit a processor.

    Gives the number of the first, and where the weights of each begin.
    """
    weights = make_array(signature.args[0])(context, builder, args[0])  # type: ignore[no-untyped-call]
    row = make_array(signature.args[1])(context, builder, args[1])  # type: ignore[no-untyped-call]
    width, number = builder.extract_value(weights.shape, 1), builder.extract_value(row.shape, 0)
    begin, step = ir.Constant(number.type, 0), ir.Constant(number.type, TOGETHER)
    with cgutils.for_range_slice(builder, begin, number, step, number.type) as (first, _):
        rows = []
        for j in range(TOGETHER):
            at = builder.load(builder.gep(row.data, [builder.add(first, ir.Constant(first.type, j))]))
            rows.append(builder.gep(weights.data, [builder.mul(at, width)]))
        yield first, rows


@machine
def matching(_typing: Any, words: Any, begin: Any, check: Any) -> Any:  # noqa: ARG001 - their types are known
    """Which of the eight words (uint64) from `begin` on ends in the 16 bits `check`: the first such, 8 for none."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = data_of(context, builder, signature.args[0], args[0])
        low = builder.and_(load_vector(builder, WORDS, data, args[1], 8), _same(WORDS, 0xFFFF))
        equal = builder.icmp_unsigned("==", low, splat(builder, WORDS, args[2]))
        mask = builder.zext(builder.bitcast(equal, ir.IntType(LANES)), I32)
        mask = builder.or_(mask, ir.Constant(I32, 1 << LANES))
        return builder.zext(builder.cttz(mask, ir.Constant(ir.IntType(1), 1)), I64)

    return types.uint64(words, types.uint64, types.uint64), codegen


@machine
def least_used(_typing: Any, words: Any, begin: Any) -> Any:  # noqa: ARG001 - its type is known
    """Which of the eight slots from `begin` on has the least counts (bits 32 to 39 and 40 to 47): the first such."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = data_of(context, builder, signature.args[0], args[0])
        narrow = ir.VectorType(I32, LANES)
        high = builder.trunc(builder.lshr(load_vector(builder, WORDS, data, args[1], 8), _same(WORDS, 32)), narrow)
        zeros = builder.and_(high, _same(narrow, 255))
        ones = builder.and_(builder.lshr(high, _same(narrow, 8)), _same(narrow, 255))
        place = ir.Constant(narrow, list(range(LANES)))
        keys = builder.or_(builder.shl(builder.add(zeros, ones), _same(narrow, 3)), place)
        kind = ir.FunctionType(I32, [narrow])
        least = cgutils.get_or_insert_function(builder.module, kind, "llvm.vector.reduce.umin.v8i32")  # type: ignore[no-untyped-call]
        return builder.zext(builder.and_(builder.call(least, [keys]), ir.Constant(I32, LANES - 1)), I64)

    return types.uint64(words, types.uint64), codegen


@machine
def prefetch(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ARG001 - its type is known
    """Ask the memory for what stands at a flat index of an array, and do not wait for it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = data_of(context, builder, signature.args[0], args[0])
        pointer = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, I32, I32, I32])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")  # type: ignore[no-untyped-call]
        builder.call(ask, [pointer, ir.Constant(I32, 0), ir.Constant(I32, 3), ir.Constant(I32, 1)])
        return context.get_dummy_value()

    return types.void(array, types.uint64), codegen
