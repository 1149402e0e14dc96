"""How many slots each context would fill: distinct pairs of a context and a node, counted without keeping them.

Each pair is hashed. Of those that fall into one of 1024 registers the longest run of zeros is kept, which tells how
many there were, within some 3 %.

Source: Flajolet et al. (2007), "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm".
"""

from __future__ import annotations

from typing import Final

import numpy as np

from nextchar._kernels.constants import FIRST_FACTOR
from nextchar._kernels.context_mixing.compiled import loop
from nextchar._kernels.context_mixing.contexts import hash_contexts, pass_symbol, remember
from nextchar._kernels.splitmix import mix64

__all__ = ["REGISTERS", "fill_registers"]

U64 = np.uint64
REGISTERS: Final = 1 << 10
_LONGEST: Final = 50  # zeros
_ALL: Final = 0xFFFFFFFFFFFFFFFF


@loop
def fill_registers(ids, state, text, traits, tree, context, registers):  # type: ignore[no-untyped-def]
    """Read symbols, and fill the registers.

    Args:
        ids: (S,) what to read, boundaries included.
        state: where reading stands.
        text: what was read before; grows.
        traits: of the symbols.
        tree: their code.
        context: (37,) room.
        registers: (K, 1024) uint8, the result.
    """
    for t in range(ids.size):
        symbol = np.int64(ids[t])
        hash_contexts(state, text, traits, registers.shape[0], context)
        for at in range(tree.first[symbol], tree.first[symbol + 1]):
            tag = U64(tree.node[at] + 1) * U64(FIRST_FACTOR)
            for k in range(registers.shape[0]):
                hashed = mix64(context[k] + tag)
                register = hashed & U64(REGISTERS - 1)
                if hashed <= U64(_ALL) >> U64(registers[k, register]):  # as many zeros lead it, or more
                    zeros = 0
                    while zeros < _LONGEST and not hashed >> U64(63 - zeros) & U64(1):
                        zeros += 1
                    registers[k, register] = zeros + 1
        remember(state, text, symbol)
        pass_symbol(state, symbol, traits)
