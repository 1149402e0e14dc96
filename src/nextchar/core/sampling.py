"""From rows of log-probabilities to characters: how one item, or a batch of them, is drawn (many: see `drawing`).

A draw takes the first symbol whose cumulative probability exceeds u times the row's total, with u uniform in [0, 1),
in float64. Item i of a seed has its own sequence of uniforms (see `random_streams`), so it comes out the same alone or
among a million, by the plain path here or by a model's fast one.

Letters: B items in a batch, V size of the alphabet, t characters already written.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.core.constraint import Constraint
from nextchar.core.numerics import normalised
from nextchar.core.plan import Plan
from nextchar.core.protocol import Draws, LanguageModel, LogProbs
from nextchar.core.random_streams import item_keys, uniforms
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.errors import SettingsError

__all__ = ["DrawnSymbols", "adjust", "allowed", "assemble", "check_endless", "cumulate", "draw_plainly", "draw_symbols"]

F64 = npt.NDArray[np.float64]

ENDLESS: Final = 10_000  # symbols after which an item without a length limit is given up
TINY: Final = 1e-290  # temperatures below let log-probabilities overflow


def adjust(
    log_probs: LogProbs, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> LogProbs:
    """Reshape rows: temperature first, then top_k, then top_p; (B, V) -> (B, V) nats, each row again summing to 1.

    Temperature 0 leaves the most probable symbol alone (the smallest id among equals), and one so small that dividing
    by it leaves the range of numbers all that are equally probable. Ties at the edge of top_k and top_p go to the
    smaller id.
    """
    if temperature == 0:
        top_k, temperature = 1, 1.0
    if temperature < TINY:  # dividing overflows, except where the best are at 0
        top = log_probs.max(axis=-1, keepdims=True)
        log_probs = np.where((log_probs == top) & np.isfinite(top), 0.0, -np.inf)
    if temperature != 1:
        log_probs = normalised(log_probs / temperature)
    V = log_probs.shape[-1]
    if (top_k is not None and top_k < V) or top_p is not None:
        if log_probs.size == V:  # one row, as texts are written: indices along an axis take longer than all the rest
            kept = _kept_of_row(log_probs.reshape(V), top_k, top_p).reshape(log_probs.shape)
        else:
            kept = _kept(log_probs, top_k, top_p)
        log_probs = normalised(np.where(kept, log_probs, -np.inf))
    return log_probs


def _kept(log_probs: LogProbs, top_k: int | None, top_p: float | None) -> npt.NDArray[np.bool_]:
    """Which symbols of rows (..., V) top_k and top_p leave."""
    V = log_probs.shape[-1]
    order = np.argsort(-log_probs, axis=-1, kind="stable")
    sorted_probs = np.exp(np.take_along_axis(log_probs, order, axis=-1))
    rank = np.arange(V)
    keep = np.broadcast_to(rank < (V if top_k is None else top_k), log_probs.shape)
    if top_p is not None:
        sorted_probs = sorted_probs * keep
        sorted_probs /= sorted_probs.sum(axis=-1, keepdims=True)
        before = np.cumsum(sorted_probs, axis=-1) - sorted_probs
        keep = keep & ((before < top_p) | (rank == 0))
    kept = np.empty(log_probs.shape, dtype=np.bool_)
    np.put_along_axis(kept, order, keep, axis=-1)
    return kept


def _kept_of_row(row: LogProbs, top_k: int | None, top_p: float | None) -> npt.NDArray[np.bool_]:
    """The same of a row (V,), where what is kept is the beginning of its order."""
    order = np.argsort(-row, kind="stable")
    most = len(row) if top_k is None else top_k
    if top_p is not None:
        probs = np.exp(row[order])
        probs[most:] = 0.0
        probs /= probs.sum()
        before = np.cumsum(probs) - probs
        most = max(min(int(np.count_nonzero(before < top_p)), most), 1)
    kept = np.zeros(len(row), dtype=np.bool_)
    kept[order[:most]] = True
    return kept


def allowed(log_probs: LogProbs, alphabet: Alphabet, plan: Plan, shortest: int, t: int) -> LogProbs:
    """Rows (B, V) after t characters, adjusted; a dead end is -inf throughout.

    Before `shortest` characters the end is at -inf, and the unknown symbol always.
    """
    unknown = alphabet.unknown
    if t < shortest or unknown is not None:
        log_probs = log_probs.copy()
        if t < shortest:
            log_probs[:, BOUNDARY] = -np.inf
        if unknown is not None:
            log_probs[:, unknown] = -np.inf
    if not plan.adjusts:
        return log_probs
    dead = ~np.isfinite(log_probs).any(axis=-1)
    if dead.any():
        log_probs = log_probs.copy()
        log_probs[dead, BOUNDARY] = 0.0  # keeps the arithmetic below finite; undone right after
    adjusted = adjust(log_probs, temperature=plan.temperature, top_k=plan.top_k, top_p=plan.top_p)
    adjusted[dead] = -np.inf
    return adjusted


def cumulate(log_probs: LogProbs) -> F64:
    """Cumulative probabilities of rows, (B, V); the last column is the row's total, 0 at a dead end."""
    cumulative: F64 = np.cumsum(np.exp(log_probs), axis=-1)
    return cumulative


class DrawnSymbols(NamedTuple):
    """Which symbol of each row is drawn, and why.

    Attributes:
        ids: (B,) the symbols; meaningless where a row's total is 0.
        marks: (B,) where in the interval from 0 to the total the draw lands.
    """

    ids: npt.NDArray[np.intp]
    marks: F64


def draw_symbols(cumulative: F64, u: F64) -> DrawnSymbols:
    """The draw itself: the first symbol of each row (B, V) whose cumulative probability exceeds u (B,) of the total."""
    total = cumulative[:, -1]
    marks = np.minimum(u * total, np.nextafter(total, 0))
    return DrawnSymbols((cumulative <= marks[:, None]).sum(axis=-1), marks)


def draw_plainly(
    model: LanguageModel, plan: Plan, constraint: Constraint, seed: int, prefix: Ids, first: int, count: int
) -> Draws:
    """Items first .. first + count - 1 of the seed by the model's start and advance alone."""
    keys = item_keys(seed, first, count)
    step = model.start(count)
    for symbol in prefix:
        step = model.advance(step.state, np.full(count, symbol))
    alive = np.arange(count)
    written: list[tuple[npt.NDArray[np.intp], Ids]] = []
    dead: list[npt.NDArray[np.intp]] = []
    t = len(prefix)
    while len(alive) and t != constraint.max_length:
        check_endless(constraint.max_length, t)
        cumulative = cumulate(allowed(step.log_probs, model.alphabet, plan, constraint.shortest, t))
        total = cumulative[:, -1]
        ids, _ = draw_symbols(cumulative, uniforms(keys[alive], t))
        dead.append(alive[total == 0])
        going = (ids != BOUNDARY) & (total > 0)
        if not going.all():
            alive, ids = alive[going], ids[going]
            step = step._replace(state=model.select(step.state, np.flatnonzero(going)))
        written.append((alive, ids.astype(model.alphabet.dtype)))
        t += 1
        if len(alive) and t != constraint.max_length:
            step = model.advance(step.state, written[-1][1])
    return assemble(prefix, written, count, np.concatenate([*dead, np.empty(0, dtype=np.intp)]))


def check_endless(max_length: int | None, t: int) -> None:
    """Stop what would not stop by itself.

    Raises:
        SettingsError: no length limit, and an item of ENDLESS symbols.
    """
    if max_length is None and t >= ENDLESS:
        raise SettingsError(
            f"an item has not ended after {ENDLESS:,} characters, and with these settings may never; give a max-length",
            argument="max_length",
        )


def assemble(
    prefix: Ids, written: list[tuple[npt.NDArray[np.intp], Ids]], count: int, dead: npt.NDArray[np.intp]
) -> Draws:
    """Put together what was written character by character: for each time, (item numbers, ids)."""
    lengths = np.full(count, len(prefix), dtype=np.int64)
    for items, _ in written:
        lengths[items] += 1
    sizes = lengths + 1
    sizes[dead] = 0
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    ids = np.zeros(offsets[-1] + len(prefix) + len(written), dtype=prefix.dtype)
    begins = offsets[:-1]
    whole = np.ones(count, dtype=np.bool_)
    whole[dead] = False
    for t, symbol in enumerate(prefix):
        ids[begins[whole] + t] = symbol
    for t, (items, symbols) in enumerate(written, start=len(prefix)):
        if len(dead):
            items, symbols = items[whole[items]], symbols[whole[items]]
        ids[begins[items] + t] = symbols
    return Draws(ids[: offsets[-1]], np.concatenate([[0], offsets[1:][whole]]))
