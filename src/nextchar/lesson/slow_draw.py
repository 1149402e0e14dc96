"""One draw in slow motion: the row of probabilities, u, and the symbol that it chooses.

A row of probabilities divides the interval from 0 to its total into one piece for each symbol; u says where in the
interval the draw lands, and the piece it lands in is the symbol that is drawn. This is the library's own draw
(`core.sampling.draw_symbols`), with its intermediate values.

Letters: V size of the alphabet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nextchar.core.plan import Plan
from nextchar.core.protocol import LanguageModel
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.core.sampling import allowed, cumulate, draw_symbols
from nextchar.data.alphabet import BOUNDARY

__all__ = ["SlowDraw", "slow_draw"]

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SlowDraw:
    """A draw and what led to it.

    Attributes:
        probabilities: of every symbol, (V,).
        total: their sum, about 1.
        u: the random number, from 0 to 1.
        mark: where in the interval from 0 to the total the draw lands.
        chosen: id of the symbol whose piece the mark lies in.
        low: where that piece begins.
        high: where it ends.
    """

    probabilities: F64
    total: float
    u: float
    mark: float
    chosen: int
    low: float
    high: float

    @property
    def ended(self) -> bool:
        """Whether the item ends here."""
        return self.chosen == BOUNDARY


def slow_draw(
    model: LanguageModel, prefix: str, *, seed: int, number: int, temperature: float = 1.0
) -> SlowDraw | None:
    """What may follow a prefix, and what does; None where nothing can follow: no item begins so, or none goes on.

    Args:
        model: any language model.
        prefix: what has been written so far.
        seed: of the item.
        number: which uniform of the item's sequence to use; item 0 of `model.sample` uses that of the number of
            characters already written.
        temperature: log-probabilities are divided by it.

    Raises:
        UnknownSymbolError: the prefix has a character that the model does not know.
    """
    step = model.start(1)
    for symbol in model.alphabet.encode(prefix):
        if step.log_probs[0, int(symbol)] == -np.inf:
            return None
        step = model.advance(step.state, np.full(1, symbol))
    u = uniforms(item_keys(seed, 0, 1), number)
    log_probs = allowed(step.log_probs, model.alphabet, Plan(seed=seed, temperature=temperature), 1, len(prefix))
    rows = cumulate(log_probs)
    draw = draw_symbols(rows, u)
    cumulative, chosen = rows[0], int(draw.ids[0])
    if cumulative[-1] == 0:
        return None
    return SlowDraw(
        probabilities=np.exp(log_probs[0]),
        total=float(cumulative[-1]),
        u=float(u[0]),
        mark=float(draw.marks[0]),
        chosen=chosen,
        low=float(cumulative[chosen - 1]) if chosen else 0.0,
        high=float(cumulative[chosen]),
    )
