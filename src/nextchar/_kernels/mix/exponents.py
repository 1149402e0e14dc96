"""The exponents of a row, from the place that it stands at.

Letters: E experts, H hidden units, L columns for symbols.
"""

from __future__ import annotations

from numba import njit

from nextchar._kernels.mix.sizes import MATCHES, PLACES, POSITIONS, TOTAL_BUCKETS

__all__ = ["row_exponents", "spread_slopes"]


@njit(cache=True, nogil=True, inline="always")
def _columns(places):  # type: ignore[no-untyped-def]
    """The rows of `Gate.exponents` that belong to a position, a longest known suffix, and a last symbol."""
    first = TOTAL_BUCKETS + POSITIONS
    return TOTAL_BUCKETS + places[0], first + places[1], first + MATCHES + places[2]


@njit(cache=True, nogil=True, inline="always")
def _first_of_place(i, L):  # type: ignore[no-untyped-def]
    """Where the rows of `Gate.places` begin that belong to the i-th of the places."""
    return 0 if i == 0 else POSITIONS if i == 1 else POSITIONS + MATCHES + (i - 2) * L


@njit(cache=True, nogil=True)
def row_exponents(places, gate, hidden, exponents):  # type: ignore[no-untyped-def]
    """The exponents of all experts and of the unigram, (E + 1,), but for what goes by how often a context was seen.

    A hidden unit says x / (1 + |x|), softsign: as good as tanh here, and without a function to call.

    Args:
        places: (PLACES,) from `write_places`.
        gate: `Gate`.
        hidden: (H,) the result: what the hidden units say.
        exponents: (E + 1,) the result.
    """
    a, b, c = _columns(places)
    hidden[:] = 0.0
    for i in range(PLACES):
        row = gate.places[_first_of_place(i, gate.by_symbol.shape[1]) + places[i]]
        for j in range(hidden.size):
            hidden[j] += row[j]
    for j in range(hidden.size):
        hidden[j] /= 1.0 + abs(hidden[j])
    for e in range(exponents.size):
        exponents[e] = gate.exponents[a, e] + gate.exponents[b, e] + gate.exponents[c, e]
    for j in range(0, hidden.size, 4):  # four at once: fewer ways to and from memory
        h, i, k, m = hidden[j], hidden[j + 1], hidden[j + 2], hidden[j + 3]
        for e in range(exponents.size):
            exponents[e] += (
                h * gate.hidden[j, e]
                + i * gate.hidden[j + 1, e]
                + k * gate.hidden[j + 2, e]
                + m * gate.hidden[j + 3, e]
            )


@njit(cache=True, nogil=True, fastmath=True)
def spread_slopes(slopes, places, gate, hidden, gradient):  # type: ignore[no-untyped-def]
    """Add to a `Gate` of gradients what the slopes (E + 1,) of a row's exponents make of it; hidden is used up."""
    a, b, c = _columns(places)
    for e in range(slopes.size):
        gradient.exponents[a, e] += slopes[e]
        gradient.exponents[b, e] += slopes[e]
        gradient.exponents[c, e] += slopes[e]
    for j in range(hidden.size):
        said, row, out = hidden[j], gate.hidden[j], gradient.hidden[j]
        slope = 0.0
        for e in range(slopes.size):
            out[e] += said * slopes[e]
            slope += row[e] * slopes[e]
        hidden[j] = slope * (1.0 - abs(said)) ** 2
    for i in range(PLACES):
        row = gradient.places[_first_of_place(i, gate.by_symbol.shape[1]) + places[i]]
        for j in range(hidden.size):
            row[j] += hidden[j]
