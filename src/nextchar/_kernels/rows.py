"""The compiled loops that write rows of text: numbers in fixed digits, texts with characters escaped, rows of cells.

A column of n cells is a text and where in it each cell begins and ends.

Letters: n rows, T bytes of a text.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["copy_cells", "escape", "fixed_digits", "split_at_commas"]

U64 = np.uint64
SPLITTER = 134217729.0  # 2^27 + 1, which cuts a double into halves of 26 bits (Dekker 1971)
MOST = 4503599627370496.0  # 2^52: below, a double and its half are exact


@njit(cache=True, nogil=True)
def fixed_digits(values, scale, decimals, width, before, after, out, begins, ends):  # type: ignore[no-untyped-def]
    """Numbers with so many decimals, as Python's %.*f has them: correctly rounded, an exact tie to the even digit.

    The product of a value with `scale`, 10^decimals, is known exactly as the sum of two doubles (Dekker's product), so
    the last digit is right and not only nearly so. Each number is right-aligned in `width`. What is too large for that,
    or is no number, becomes an empty cell, for which the caller has to care.

    Args:
        values: (n,) what to write.
        scale: 10^decimals.
        decimals: from 1 on.
        width: the least number of characters of a number.
        before: bytes that stand before each number in its cell.
        after: and behind it.
        out: the result: 24 bytes a number, width, before and after come on top.
        begins: (n,) where each cell begins.
        ends: (n,) and ends.

    Returns:
        How many cells are left empty.
    """
    high_part = SPLITTER * scale
    scale_high = high_part - (high_part - scale)
    scale_low = scale - scale_high
    digits = np.empty(32, dtype=np.uint8)
    empty = at = 0
    for i in range(values.size):
        x = values[i]
        begins[i] = at
        negative = math.copysign(1.0, x) < 0.0
        if negative:
            x = -x
        filled = 0
        if x == np.inf:
            for letter in (102, 110, 105):  # inf, from its end
                digits[filled] = letter
                filled += 1
        else:
            product = x * scale
            if not product < MOST:
                ends[i] = at
                empty += 1
                continue
            part = SPLITTER * x
            x_high = part - (part - x)
            x_low = x - x_high
            error = ((x_high * scale_high - product) + x_high * scale_low + x_low * scale_high) + x_low * scale_low
            whole = U64(product)
            fraction = product - np.float64(whole)
            if fraction > 0.5 or (fraction == 0.5 and (error > 0.0 or (error == 0.0 and whole & U64(1) == U64(1)))):
                whole += U64(1)
            for _ in range(decimals):
                rest = whole // U64(10)
                digits[filled] = U64(48) + whole - rest * U64(10)
                whole = rest
                filled += 1
            digits[filled] = 46
            filled += 1
            while True:
                rest = whole // U64(10)
                digits[filled] = U64(48) + whole - rest * U64(10)
                whole = rest
                filled += 1
                if whole == U64(0):
                    break
        if negative:
            digits[filled] = 45
            filled += 1
        for j in range(before.size):
            out[at] = before[j]
            at += 1
        for _ in range(width - filled):
            out[at] = 32
            at += 1
        for j in range(filled - 1, -1, -1):
            out[at] = digits[j]
            at += 1
        for j in range(after.size):
            out[at] = after[j]
            at += 1
        ends[i] = at
    return empty


@njit(cache=True, nogil=True)
def escape(text, begins, ends, replacement, sizes, out, new_begins, new_ends):  # type: ignore[no-untyped-def]
    """Copy cells with some bytes replaced by others.

    Args:
        text: (T,) bytes.
        begins: (n,) where each cell begins in it.
        ends: (n,) and ends.
        replacement: (256, 6) what each byte becomes.
        sizes: (256,) how many bytes that is.
        out: the result, large enough.
        new_begins: (n,) where each cell begins in it.
        new_ends: (n,) and ends.
    """
    filled = 0
    for i in range(begins.size):
        new_begins[i] = filled
        for j in range(begins[i], ends[i]):
            byte = text[j]
            for k in range(sizes[byte]):
                out[filled] = replacement[byte, k]
                filled += 1
        new_ends[i] = filled


@njit(cache=True, nogil=True)
def split_at_commas(text, counts, begins, ends):  # type: ignore[no-untyped-def]
    """Where the numbers of a list [1.5,2,...] (T bytes) stand, taken `counts[i]` at a time: (n,), and their ends."""
    at = 1
    for i in range(counts.size):
        begins[i] = at
        left = counts[i]
        while at < text.size - 1:
            if text[at] == 44:
                left -= 1
                if left == 0:
                    break
            at += 1
        ends[i] = at
        at += 1


@njit(cache=True, nogil=True)
def copy_cells(text, begins, ends, at, out):  # type: ignore[no-untyped-def]
    """Write one column into rows: cell i to out[at[i]] and on; at[i] moves behind it."""
    for i in range(begins.size):
        place = at[i]
        for j in range(begins[i], ends[i]):
            out[place] = text[j]
            place += 1
        at[i] = place
