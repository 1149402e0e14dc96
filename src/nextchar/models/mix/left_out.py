"""What the experts say of items that they have not counted.

The counts are made once. Leaving an item out means to subtract its own counts, note what the experts then say of it,
and add them again; so the gate can be fitted to predictions that have not seen what they predict, in one pass.

Letters: R positions to fit to, E experts, V alphabet.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import DRAWS, PLACES, WHOLE_ROWS, state_words
from nextchar.data.corpus import Corpus
from nextchar.models.mix.expert_counts import Tables
from nextchar.models.mix.gate import slots_of

if TYPE_CHECKING:
    from nextchar._kernels.mix.leave_one_out import Rows

__all__ = ["FIT_CELLS", "fit_positions", "leave_one_out"]

FIT_POSITIONS: Final = 400_000  # the gate is fitted to so many positions at most, with so many cells in their rows:
FIT_CELLS: Final = 240_000_000  # of whole rows, 1.4 GB, and
CHOSEN_CELLS: Final = 64_000_000  # of rows of candidates, which have far fewer cells, 0.4 GB
CHOSEN_POSITIONS: Final = 1 << 16
TRIED: Final = 100  # items, to see how long one takes
POOL: Final = 1 << 20  # symbols drawn at random, which the rows use in turn
EVEN: Final = 0.2  # of the draws are of all symbols alike, the others by their frequency

F64 = npt.NDArray[np.float64]


def fit_positions(V: int) -> int:
    """To how many positions the gate of an alphabet of V symbols is fitted at most."""
    return FIT_POSITIONS if V <= WHOLE_ROWS else CHOSEN_POSITIONS


def leave_one_out(
    corpus: Corpus, tables: Tables, cells: int, seconds: float | None = None, *, importance: F64 | None = None
) -> Rows:
    """Rows of the kept items, or of so many of the first of them as have that many cells together.

    The counts are lent to the loop, which gives them back as they were.

    Args:
        corpus: the training data.
        tables: what the experts have counted.
        cells: the most cells of all rows together.
        seconds: about how long it may take with an alphabet of thousands, where to look at all that followed a context
            takes longer than to write what is chosen of it; None for as long as it takes.
        importance: (n,) how much each item matters to the fit; by default its weight.
    """
    from nextchar._kernels.mix.contexts import places_of_stream
    from nextchar._kernels.mix.leave_one_out import Rows, leave_out_rows

    whole = len(tables.unigram) <= WHOLE_ROWS
    sizes = np.cumsum(corpus.lengths[tables.items] + 1)
    E, V, dtype = len(tables.experts), len(tables.unigram), corpus.alphabet.dtype
    if whole:
        widths = np.append(np.diff(tables.row_first), 0)[tables.position_context]  # context -1 takes the appended 0
        most = np.cumsum(widths @ np.bincount(tables.kind, minlength=len(tables.contexts)))
        count = max(int(np.searchsorted(most[sizes - 1], min(cells, FIT_CELLS), side="right")), 1)
        R, room = int(sizes[count - 1]), int(most[sizes[count - 1] - 1])
        draws, log_weight, chosen = np.empty(0, dtype=dtype), np.empty(0), 0
    else:
        count, R = len(sizes), int(sizes[-1])
        room = max(min(cells, CHOSEN_CELLS), E * V)
        draws, log_weight = _drawn(tables.unigram, dtype)
        chosen = max(room // 8, V)
    rows = Rows(
        target=np.zeros(R, dtype=dtype),
        weight=np.zeros(R),
        places=np.zeros((R, PLACES), dtype=np.uint8),
        first=np.zeros(R + 1, dtype=np.int64),
        lengths=np.zeros((R, E), np.uint8) if V <= 256 else np.zeros((R, E), np.uint32),
        totals=np.zeros((R, E), dtype=np.uint8),
        symbols=np.empty(room, dtype=dtype),
        gains=np.empty(room, dtype=np.float32),
        buckets=np.empty(room, dtype=np.uint8),
        candidate_first=np.zeros(R + 1, dtype=np.int64),
        candidates=np.empty(chosen, dtype=dtype),
        offsets=np.empty(chosen, dtype=np.float32),
    )
    ids = corpus.take(tables.items[:count]).ids
    words = state_words(tables.contexts, V)
    places_of_stream(ids, tables.classes, words, slots_of(tables.unigram), rows.places)
    chain = np.array([expert.context.chain > 0 for expert in tables.experts])
    kn = np.array([expert.family == "kn" for expert in tables.experts])

    def write(items: int) -> int:
        return leave_out_rows(  # type: ignore[no-any-return]
            corpus.offsets, tables.items[:items], corpus.ids, corpus.weights_or_ones, tables.unit,
            tables.position_context, tables.position_cell, tables.kind, kn, chain, chain & ~kn, tables.discounts,
            tables.unigram, tables.row_first, tables.symbols, tables.counts, tables.continuations, tables.shorter,
            tables.whole, draws, log_weight, rows,
        )  # fmt: skip

    if seconds is not None and not whole:
        write(1)  # loads the loop
        begun = time.perf_counter()
        tried = write(min(TRIED, count))
        speed = tried / max(time.perf_counter() - begun, 1e-9)  # positions a second
        count = max(int(np.searchsorted(sizes, seconds * speed, side="right")), 1)
    written = write(count)
    if importance is not None:
        rows.weight[:written] = np.repeat(importance[tables.items], corpus.lengths[tables.items] + 1)[:written]
    if written == R:
        return rows
    per_row = ("target", "weight", "places", "lengths", "totals")
    return rows._replace(**{name: getattr(rows, name)[:written] for name in per_row})


def _drawn(unigram: F64, dtype: npt.DTypeLike) -> tuple[npt.NDArray[Any], F64]:
    """Symbols drawn at random, the boundary excepted, and what the score of a symbol drawn once is corrected by."""
    q = (1 - EVEN) * unigram / unigram[1:].sum() + EVEN / (len(unigram) - 1)
    q[0] = 0
    q /= q.sum()
    draws = np.random.default_rng(0).choice(len(q), size=POOL, p=q).astype(dtype)
    with np.errstate(divide="ignore"):
        return draws, -np.log(DRAWS * q)
