"""How many slots each context of a text would fill, so that each gets the room that it needs.

Of a long text the beginning is counted, and what comes is judged by how the second half of it added to the first:
where twice the text has 2^a times the slots, S times have S^a times (Heaps 1978).

Letters: S symbols of a text, K contexts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from nextchar.models.context_mixing.tables import new_text

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.layout import Traits, Tree

__all__ = ["slots_of_contexts"]

COUNTED: Final = 1 << 18  # symbols, at most


def slots_of_contexts(
    ids: npt.NDArray[np.integer], tree: Tree, traits: Traits, K: int, counted: int = COUNTED
) -> npt.NDArray[np.float64]:
    """The slots that each of K contexts would fill, (K,), within some 5 % where all of the text is counted.

    Args:
        ids: (S,) the text, boundaries included.
        tree: the code of the symbols.
        traits: of the symbols.
        K: the first so many contexts.
        counted: symbols, at most.
    """
    from nextchar._kernels.context_mixing.layout import CONTEXTS, STATE
    from nextchar._kernels.context_mixing.variety import REGISTERS, fill_registers

    part = ids[:counted].astype(np.int64)
    text, state = new_text(len(part) + 1), np.zeros(STATE, dtype=np.uint64)
    context = np.zeros(CONTEXTS, dtype=np.uint64)
    registers = np.zeros((K, REGISTERS), dtype=np.uint8)
    found = []
    for half in np.array_split(part, 2):
        fill_registers(half, state, text, traits, tree, context, registers)
        found.append(_different(registers))
    if len(ids) <= counted:
        return found[1]
    more = np.clip(np.log2(found[1] / np.maximum(found[0], 1)), 0, 1)
    later: npt.NDArray[np.float64] = found[1] * (len(ids) / counted) ** more
    return later


def _different(registers: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """How many different things filled the registers (K, R): the estimate of HyperLogLog, of few by empty registers."""
    R = registers.shape[1]
    many = 0.7213 / (1 + 1.079 / R) * R**2 / (0.5 ** registers.astype(np.float64)).sum(axis=1)
    empty = (registers == 0).sum(axis=1)
    few = R * np.log(R / np.maximum(empty, 1))
    found: npt.NDArray[np.float64] = np.where((many <= 2.5 * R) & (empty > 0), few, many)
    return found
