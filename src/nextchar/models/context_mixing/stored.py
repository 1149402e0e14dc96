"""What the file of a context mixing model holds, and what is checked of a file.

The text itself is kept: matches point into it, and what followed two symbols is read off it again. Of the counts what
does not follow is kept (see `packing`), of the adaptive probability maps the cells that were seen, of the weights the
rows that were used.

Letters: V alphabet, N nodes, K contexts, L lines of slots, S slots, R rows of weights, A rows of a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet
from nextchar.errors import ModelFileError
from nextchar.models.context_mixing.code_tree import tree_of
from nextchar.models.context_mixing.tables import (
    BIN_MIDDLES,
    LEAST_APM,
    MOST_APM,
    START_WEIGHT,
    Learned,
    new_learned,
)
from nextchar.models.context_mixing.traits import traits_of

__all__ = ["arrays_of_learned", "learned_of_arrays"]

Arrays = Mapping[str, npt.NDArray[Any]]
LARGEST_WEIGHT: Final = 1e6
LEAST_CONTEXTS, MOST_CONTEXTS = 9, 37
CONTEXTS: Final = 2  # counts up when contexts change, or how they are found: counts of others say nothing
SEEN: Final = np.uint32(1023)  # the bits of a cell that say how often it was seen
STEPS: Final = 16  # of a logit, that a slot's probability is kept in

_SLOTS: Final = {
    "numbers": np.uint8,
    "kinds": np.uint8,
    "checks": np.uint8,
    "runs": np.uint8,
    "odds": np.uint8,
    "pairs": np.uint8,
    "quick": np.uint8,
}


def _steps() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """The step of each probability, (4096,), and what stands for each step, (256,), in 65536ths."""
    p = (np.arange(4096) + 0.5) / 4096
    step = np.clip(np.floor(np.log(p / (1 - p)) * STEPS) + 128, 0, 255).astype(np.uint8)
    value = 65536 / (1 + np.exp(-(np.arange(256) - 127.5) / STEPS))
    return step, value.astype(np.uint16)


def arrays_of_learned(learned: Learned, alphabet: Alphabet) -> dict[str, npt.NDArray[Any]]:
    """What is kept of all that was learned."""
    from nextchar._kernels.context_mixing.layout import LINE_OF_SLOTS
    from nextchar._kernels.context_mixing.packing import count_slots, pack_slots

    totals = np.zeros(3, dtype=np.int64)
    L = _lines(learned)
    words = learned.slots.words[: L * LINE_OF_SLOTS]
    count_slots(words, totals)
    S, runs, both = (int(total) for total in totals)
    slots = {
        f"slots.{name}": np.zeros(shape, dtype=_SLOTS[name])
        for name, shape in _shapes(L, S, runs, both, quick=bool(learned.tables.quick[0])).items()
    }
    pack_slots(words, learned.maps.bin, _steps()[0], *slots.values())
    cells = learned.apms.cells.ravel()
    seen = cells & SEEN
    used = np.flatnonzero((learned.mixers.weights != np.float32(START_WEIGHT)).any(axis=1))
    return {
        **slots,
        "contexts": np.array([CONTEXTS], dtype=np.uint8),
        "lines": (learned.slots.mask + np.uint64(1)).astype(np.int64),
        "child": learned.tree.child,
        "text": learned.text.ids[: int(learned.text.size[0])].astype(alphabet.dtype),
        "maps": learned.maps.cells,
        "maps.quick": learned.maps.quick if learned.tables.quick[0] else learned.maps.quick[:0],
        "matches.p": learned.matches.p,
        "matches.n": learned.matches.n,
        "mixers.row": used.astype(np.uint32),
        "mixers.weights": learned.mixers.weights[used],
        "mixers.second": learned.mixers.second,
        "mixers.steps": learned.mixers.steps,
        "apms.rows": np.array([learned.apms.cells.shape[1]], dtype=np.int64),
        "apms.seen": np.packbits(seen > 0),
        "apms.p": (cells[seen > 0] >> 16).astype(np.uint16),
        "apms.n": seen[seen > 0].astype(np.uint8),
    }


def _lines(learned: Learned) -> int:
    return int((learned.slots.mask + np.uint64(1)).sum())


def _shapes(L: int, S: int, runs: int, both: int, *, quick: bool) -> dict[str, tuple[int, ...]]:
    """Of what is kept of S slots, of which so many saw one bit several times, or both bits."""
    return {
        "numbers": (-(-L // 2),),
        "kinds": (-(-S // 4),),
        "checks": (S * 3 // 2 + 1,),
        "runs": (runs,),
        "odds": (both,),
        "pairs": (both, 2),
        "quick": (both if quick else 0,),
    }


def learned_of_arrays(
    arrays: Arrays, alphabet: Alphabet, vowel: npt.NDArray[np.bool_], *, adaptive: bool, nets: int = 0
) -> Learned:
    """All that was learned, from the arrays of a file.

    Args:
        arrays: as `arrays_of_learned` gives them.
        alphabet: the model's.
        vowel: (V,) which symbols count as vowels.
        adaptive: whether it was made for reading that learns.
        nets: how many the model has inside.

    Raises:
        ModelFileError: they do not fit each other, or the alphabet.
    """
    from nextchar._kernels.context_mixing.layout import LINE_OF_SLOTS, STATE
    from nextchar._kernels.context_mixing.packing import unpack_slots
    from nextchar._kernels.context_mixing.reading import replay

    if not np.array_equal(arrays.get("contexts", ()), [CONTEXTS]):
        raise ModelFileError("it was trained with the contexts of another version of nextchar; train it anew")
    V, lines, text, child = alphabet.size, arrays["lines"], arrays["text"], arrays["child"]
    if not (
        child.shape == (V - 1, 2)
        and child.dtype == np.int64
        and vowel.shape == (V,)
        and lines.ndim == 1
        and lines.dtype == np.int64
        and LEAST_CONTEXTS <= len(lines) <= MOST_CONTEXTS
        and 1 <= lines.min() <= lines.max() <= 2 * arrays["slots.numbers"].size
        and (lines & (lines - 1) == 0).all()
        and -(-int(lines.sum()) // 2) == arrays["slots.numbers"].size
        and text.dtype == alphabet.dtype
        and text.ndim == 1
        and int(text.max(initial=0)) < V
        and arrays["apms.rows"].shape == (1,)
        and arrays["apms.rows"].dtype == np.int64
    ):
        raise ModelFileError("its tables do not fit each other")
    rows = int(arrays["apms.rows"][0])
    if not (LEAST_APM <= rows <= MOST_APM and rows & (rows - 1) == 0):
        raise ModelFileError(f"an adaptive probability map has no {rows:,} rows")
    tree = tree_of(child)
    learned = new_learned(tree, traits_of(alphabet, vowel), lines, len(text) + 1, rows, adaptive=adaptive, nets=nets)
    kept = {
        "maps": learned.maps.cells,
        "maps.quick": learned.maps.quick if adaptive else learned.maps.quick[:0],
        **{f"matches.{name}": getattr(learned.matches, name) for name in ("p", "n")},
        **{f"mixers.{name}": getattr(learned.mixers, name) for name in ("second", "steps")},
    }
    sound = all(arrays[name].shape == array.shape and arrays[name].dtype == array.dtype for name, array in kept.items())
    sound = sound and _slots_fit(arrays, int(lines.sum()), quick=adaptive)
    sound = sound and all(np.isfinite(arrays[name]).all() for name in kept)
    sound = sound and bool(((arrays["matches.p"] >= 0) & (arrays["matches.p"] <= 1)).all())
    sound = sound and np.abs(arrays["mixers.second"]).max() <= LARGEST_WEIGHT
    sound = sound and all((arrays[name] & SEEN).max(initial=0) <= 1000 for name in ("maps", "maps.quick"))
    sound = sound and arrays["matches.n"].min() >= 0 and arrays["matches.n"].max() <= 400
    sound = sound and bool((arrays["mixers.steps"] >= 0).all())
    if not (sound and _weights_fit(arrays, learned) and _maps_fit(arrays, learned)):
        raise ModelFileError("its tables do not fit each other")
    for name, array in kept.items():
        array[:] = arrays[name]
    learned.mixers.weights[arrays["mixers.row"]] = arrays["mixers.weights"]
    cells = learned.apms.cells.reshape(-1)
    seen = np.unpackbits(arrays["apms.seen"], count=cells.size).astype(np.bool_)
    cells[seen] = arrays["apms.p"].astype(np.uint32) << 16 | arrays["apms.n"]
    middle, same = np.floor(BIN_MIDDLES).astype(np.uint64), np.zeros((2, 128), dtype=np.uint64)
    packed = [np.ascontiguousarray(arrays[f"slots.{name}"]) for name in _SLOTS]
    words = learned.slots.words[: _lines(learned) * LINE_OF_SLOTS]
    unpack_slots(*packed, middle, _steps()[1], learned.tables.slot_rate, same, words)
    replay(text.astype(np.int64), np.zeros(STATE, dtype=np.uint64), learned.text, learned.traits)
    return learned


def _weights_fit(arrays: Arrays, learned: Learned) -> bool:
    row, weights = arrays["mixers.row"], arrays["mixers.weights"]
    R, inputs = learned.mixers.weights.shape
    return bool(
        row.ndim == 1
        and row.dtype == np.uint32
        and int(row.max(initial=0)) < R
        and weights.shape == (len(row), inputs)
        and weights.dtype == np.float32
        and np.isfinite(weights).all()
        and np.abs(weights).max(initial=0) <= LARGEST_WEIGHT
    )


def _maps_fit(arrays: Arrays, learned: Learned) -> bool:
    bits, p, n = arrays["apms.seen"], arrays["apms.p"], arrays["apms.n"]
    cells = learned.apms.cells.size
    return bool(
        bits.shape == (-(-cells // 8),)
        and bits.dtype == n.dtype == np.uint8
        and p.dtype == np.uint16
        and p.shape == n.shape == (int(np.unpackbits(bits, count=cells).sum()),)
        and n.max(initial=0) <= 250
    )


def _slots_fit(arrays: Arrays, L: int, *, quick: bool) -> bool:
    """Whether there are as many slots as the lines have, and of each kind what is kept of it."""
    from nextchar._kernels.context_mixing.layout import BINS, LINE_OF_SLOTS

    if not all(arrays[f"slots.{name}"].dtype == dtype for name, dtype in _SLOTS.items()):
        return False
    both = arrays["slots.numbers"]
    S = int((both & 15).sum(dtype=np.int64) + (both >> 4).sum(dtype=np.int64))
    kinds = arrays["slots.kinds"]
    if (both & 15).max(initial=0) > LINE_OF_SLOTS or (both >> 4).max(initial=0) > LINE_OF_SLOTS:
        return False
    if kinds.shape != (-(-S // 4),) or (L & 1 and both[-1] >> 4):
        return False
    found = np.bincount(kinds, minlength=256)
    number = np.array([[sum(byte >> at & 3 == kind for at in (0, 2, 4, 6)) for byte in range(256)] for kind in (2, 3)])
    spare = int(kinds[-1]) >> (S & 3) * 2 if S & 3 else 0
    runs, odds = (int(total) for total in number @ found)
    shapes = _shapes(L, S, runs, odds, quick=quick)
    pairs = arrays["slots.pairs"]
    return bool(
        spare == 0
        and all(arrays[f"slots.{name}"].shape == shape for name, shape in shapes.items())
        and (arrays["slots.runs"] & 127 >= 2).all()
        and pairs[:, 0].max(initial=0) < BINS * BINS
        and pairs[:, 1].max(initial=0) < 4
    )
