"""Eight numbers at once, in a program that is being written for the compiler: operators stand for instructions.

What is done to eight contexts at once is written as if it were done to one. Numbers are whole, of 32 bits, or floats;
a whole number in an expression stands for eight of it. Elements of tables are loaded one by one, which is no slower
than the instruction for it on today's processors, and the same everywhere.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba.np.arrayobj import make_array

__all__ = [
    "FLOATS",
    "I32",
    "I64",
    "LANES",
    "WHOLE",
    "WORDS",
    "Eight",
    "data_of",
    "elements_at",
    "load_vector",
    "splat",
    "store_vector",
]

LANES: Final = 8
I32: Final = ir.IntType(32)
I64: Final = ir.IntType(64)
FLOATS: Final = ir.VectorType(ir.FloatType(), LANES)
WHOLE: Final = ir.VectorType(I32, LANES)
WORDS: Final = ir.VectorType(I64, LANES)


class Eight:
    """Eight numbers.

    Args:
        builder: of the program.
        value: a vector of eight.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    @classmethod
    def same(cls, builder: Any, value: Any) -> Eight:
        """Eight of one number of the program."""
        return cls(builder, splat(builder, ir.VectorType(value.type, LANES), value))

    @classmethod
    def numbers(cls, builder: Any, first: Any) -> Eight:
        """`first` (64 bits) and the seven whole numbers after it."""
        return cls.same(builder, builder.trunc(first, I32)) + cls(builder, ir.Constant(WHOLE, list(range(LANES))))

    def _do(self, whole: str, real: str, other: Eight | float) -> Eight:
        name = real if self.value.type == FLOATS else whole
        return Eight(self.builder, getattr(self.builder, name)(self.value, self._like(other)))

    def _like(self, other: Eight | float) -> Any:
        return other.value if isinstance(other, Eight) else ir.Constant(self.value.type, [other] * LANES)

    def __add__(self, other: Eight | float) -> Eight:
        return self._do("add", "fadd", other)

    def __sub__(self, other: Eight | float) -> Eight:
        return self._do("sub", "fsub", other)

    def __mul__(self, other: Eight | float) -> Eight:
        return self._do("mul", "fmul", other)

    def __and__(self, other: Eight | int) -> Eight:
        return self._do("and_", "", other)

    def __or__(self, other: Eight | int) -> Eight:
        return self._do("or_", "", other)

    def __lshift__(self, other: Eight | int) -> Eight:
        return self._do("shl", "", other)

    def __rshift__(self, other: Eight | int) -> Eight:
        return self._do("lshr", "", other)

    def test(self, how: str, other: Eight | int) -> Any:
        """Which of them compare so, unsigned: a vector of bits."""
        return self.builder.icmp_unsigned(how, self.value, self._like(other))

    def where(self, bits: Any, other: Eight | float) -> Eight:
        """These where the bits are set, others elsewhere."""
        return Eight(self.builder, self.builder.select(bits, self.value, self._like(other)))

    def at_most(self, number: int) -> Eight:
        """The lesser of each and a number."""
        return self.where(self.test("<", number), number)

    def floats(self) -> Eight:
        """Whole numbers, with their sign, as floats."""
        return Eight(self.builder, self.builder.sitofp(self.value, FLOATS))

    def whole(self) -> Eight:
        """Floats as whole numbers, towards 0."""
        return Eight(self.builder, self.builder.fptosi(self.value, WHOLE))


def data_of(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Where the elements of an array begin."""
    return make_array(kind)(context, builder, value).data  # type: ignore[no-untyped-call]


def splat(builder: Any, vector: Any, value: Any) -> Any:
    """A vector of one number."""
    undefined = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(I32, 0))
    return builder.shuffle_vector(one, undefined, ir.Constant(WHOLE, [0] * LANES))


def load_vector(builder: Any, vector: Any, data: Any, at: Any, align: int) -> Any:
    """The vector that begins at an element."""
    return builder.load(builder.bitcast(builder.gep(data, [at]), vector.as_pointer()), align=align)


def store_vector(builder: Any, value: Any, data: Any, at: Any, align: int) -> None:
    """Write a vector from an element on."""
    builder.store(value, builder.bitcast(builder.gep(data, [at]), value.type.as_pointer()), align=align)


def elements_at(data: Any, at: Eight) -> Eight:
    """The elements of a table at eight places."""
    builder = at.builder
    found = None
    for lane in range(LANES):
        index = builder.zext(builder.extract_element(at.value, ir.Constant(I32, lane)), I64)
        element = builder.load(builder.gep(data, [index]))
        if isinstance(element.type, ir.IntType) and element.type.width < I32.width:
            element = builder.zext(element, I32)
        if found is None:
            found = ir.Constant(ir.VectorType(element.type, LANES), ir.Undefined)
        found = builder.insert_element(found, element, ir.Constant(I32, lane))
    return Eight(builder, found)
