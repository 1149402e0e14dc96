"""What the file of a context mixing model holds, and what is checked of a file.

The text itself is kept: matches point into it, and what followed two symbols is read off it again. Of the counts what
does not follow is kept (see `packing`), of the adaptive probability maps the cells that were seen, of the weights the
rows that were used.

Letters: V alphabet, N nodes, K contexts, L lines of slots, S slots, R rows of weights, A rows of a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet
from nextchar.errors import ModelFileError
from nextchar.models.context_mixing.budget import LEAST_CONTEXTS, MOST_CONTEXTS
from nextchar.models.context_mixing.code_tree import tree_of
from nextchar.models.context_mixing.tables import (
    BIN_MIDDLES,
    LEAST_APM,
    MOST_APM,
    START_WEIGHT,
    Learned,
    new_learned,
    opened,
)
from nextchar.models.context_mixing.traits import traits_of

__all__ = ["ModelTables", "StoredTables", "arrays_of_learned", "round_learned"]

Arrays = Mapping[str, npt.NDArray[Any]]
LARGEST_WEIGHT: Final = 1e6
CONTEXTS: Final = 2  # counts up when contexts change, or how they are found: counts of others say nothing
SEEN: Final = np.uint32(1023)  # the bits of a cell that say how often it was seen
BLOCK: Final = 1 << 16  # numbers counted at a time
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
    slots = opened(learned.slots) if learned.slots.begin.size else learned.slots
    words = slots.words[: L * LINE_OF_SLOTS]
    count_slots(words, totals)
    S, runs, both = (int(total) for total in totals)
    packed = {
        f"slots.{name}": np.zeros(shape, dtype=_SLOTS[name])
        for name, shape in _shapes(L, S, runs, both, quick=bool(learned.tables.quick[0])).items()
    }
    pack_slots(words, learned.maps.bin, _steps()[0], *packed.values())
    cells = learned.apms.cells.ravel()
    seen = cells & SEEN
    used = np.flatnonzero((learned.mixers.weights != np.float32(START_WEIGHT)).any(axis=1))
    return {
        **packed,
        "contexts": np.array([CONTEXTS], dtype=np.uint8),
        "lines": (learned.slots.mask + np.uint64(1)).astype(np.int64),
        "child": learned.tree.child,
        "text": learned.text.ids[: int(learned.text.size[0])].astype(alphabet.dtype),
        **_kept(learned),
        "mixers.row": used.astype(np.uint32),
        "mixers.weights": learned.mixers.weights[used],
        "apms.rows": np.array([learned.apms.cells.shape[1]], dtype=np.int64),
        "apms.seen": np.packbits(seen > 0),
        "apms.p": (cells[seen > 0] >> 16).astype(np.uint16),
        "apms.n": seen[seen > 0].astype(np.uint8),
    }


def round_learned(learned: Learned) -> None:
    """Make what was learned, in place, what it is when it comes back from a file, which has a little less."""
    from nextchar._kernels.context_mixing.packing import round_slots

    middle, same = np.floor(BIN_MIDDLES).astype(np.uint64), np.zeros((2, 128), dtype=np.uint64)
    steps, values = _steps()
    tables = learned.tables
    round_slots(
        learned.slots.words, learned.maps.bin, steps, tables.quick[0] > 0, middle, values, tables.slot_rate, same
    )
    cells = learned.apms.cells
    np.bitwise_and(cells, ~(0xFFFF ^ SEEN), out=cells, where=cells & SEEN > 0)


def _lines(learned: Learned) -> int:
    return int((learned.slots.mask + np.uint64(1)).sum())


def _number_of_slots(arrays: Arrays) -> int:
    """S, of which two lines' are in each number."""
    both = arrays["slots.numbers"]
    return int((both & 15).sum(dtype=np.int64) + (both >> 4).sum(dtype=np.int64))


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


@final
class StoredTables:
    """The tables of a model as its file holds them: checked at once, and made when they are needed.

    Args:
        arrays: as `arrays_of_learned` gives them.
        alphabet: the model's.
        vowel: (V,) which symbols count as vowels.
        adaptive: whether it was made for reading that learns.
        nets: how many the model has inside.

    Attributes:
        arrays: as they were given.

    Raises:
        ModelFileError: they do not fit each other, or the alphabet.
    """

    def __init__(
        self, arrays: Arrays, alphabet: Alphabet, vowel: npt.NDArray[np.bool_], *, adaptive: bool, nets: int = 0
    ) -> None:
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
        self.arrays = arrays
        self._new = partial(new_learned, tree_of(child), traits_of(alphabet, vowel), adaptive=adaptive, nets=nets)
        smallest = self._new(np.ones_like(lines), 1, 1)  # the sizes of what is compared do not depend on these
        if not (
            _numbers_fit(arrays, _kept(smallest))
            and _slots_fit(arrays, int(lines.sum()), quick=adaptive)
            and _weights_fit(arrays, smallest)
            and _maps_fit(arrays, rows * smallest.apms.cells.size)
        ):
            raise ModelFileError("its tables do not fit each other")

    def made(self, *, learns: bool) -> Learned:
        """The tables, new; with room to learn more, or close together."""
        from nextchar._kernels.context_mixing.layout import LINE_OF_SLOTS, STATE
        from nextchar._kernels.context_mixing.packing import unpack_slots
        from nextchar._kernels.context_mixing.reading import replay

        arrays = self.arrays
        text = arrays["text"]
        learned = self._new(arrays["lines"], len(text) + 1, int(arrays["apms.rows"][0]))
        for name, array in _kept(learned).items():
            array[:] = arrays[name]
        learned.mixers.weights[arrays["mixers.row"]] = arrays["mixers.weights"]
        cells = learned.apms.cells.reshape(-1)
        seen = np.unpackbits(arrays["apms.seen"], count=cells.size).astype(np.bool_)
        cells[seen] = arrays["apms.p"].astype(np.uint32) << 16 | arrays["apms.n"]
        middle, same = np.floor(BIN_MIDDLES).astype(np.uint64), np.zeros((2, 128), dtype=np.uint64)
        packed = [np.ascontiguousarray(arrays[f"slots.{name}"]) for name in _SLOTS]
        L = _lines(learned)
        if not learns:
            close = np.zeros(_number_of_slots(arrays) + LINE_OF_SLOTS, dtype=np.uint64)
            slots = learned.slots._replace(words=close, begin=np.zeros(L + 1, dtype=np.uint32))
            learned = learned._replace(slots=slots)
        words, begin = learned.slots.words[: L * LINE_OF_SLOTS], learned.slots.begin
        unpack_slots(*packed, middle, _steps()[1], learned.tables.slot_rate, same, words, begin)
        replay(text.astype(np.int64), np.zeros(STATE, dtype=np.uint64), learned.text)
        return learned


@final
class ModelTables:
    """The tables of a model: made by training, or from what its file holds as soon as they are needed.

    Args:
        of: what was learned, or stored.
    """

    def __init__(self, of: Learned | StoredTables) -> None:
        self._stored = of if isinstance(of, StoredTables) else None
        self._learned = None if isinstance(of, StoredTables) else of

    @property
    def learned(self) -> Learned:
        """The tables; they are read only."""
        stored = self._stored  # before what it is made into: two threads may ask at once
        if self._learned is None:
            assert stored is not None, "it is forgotten after it was made into tables"
            self._learned = stored.made(learns=False)
            self._stored = None
        return self._learned

    def of_reader(self, *, adaptive: bool) -> tuple[Learned, bool]:
        """Tables for a reader, and whether they are its own: an adaptive one can have those made for it at once."""
        if adaptive and (stored := self._stored) is not None:
            return stored.made(learns=True), True
        return self.learned, False

    def arrays(self, alphabet: Alphabet) -> Arrays:
        """What a file holds of them."""
        stored = self._stored
        return arrays_of_learned(self.learned, alphabet) if stored is None else stored.arrays


def _kept(learned: Learned) -> dict[str, npt.NDArray[Any]]:
    """What a file holds as it is, by its name there."""
    adaptive = bool(learned.tables.quick[0])
    return {
        "maps": learned.maps.cells,
        "maps.quick": learned.maps.quick if adaptive else learned.maps.quick[:0],
        **{f"matches.{name}": getattr(learned.matches, name) for name in ("p", "n")},
        **{f"mixers.{name}": getattr(learned.mixers, name) for name in ("second", "steps")},
    }


def _numbers_fit(arrays: Arrays, kept: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Whether what is kept as it is has the shapes of these, and numbers that can be."""
    return bool(
        all(arrays[name].shape == array.shape and arrays[name].dtype == array.dtype for name, array in kept.items())
        and all(np.isfinite(arrays[name]).all() for name in kept)
        and ((arrays["matches.p"] >= 0) & (arrays["matches.p"] <= 1)).all()
        and np.abs(arrays["mixers.second"]).max() <= LARGEST_WEIGHT
        and all((arrays[name] & SEEN).max(initial=0) <= 1000 for name in ("maps", "maps.quick"))
        and arrays["matches.n"].min() >= 0
        and arrays["matches.n"].max() <= 400
        and (arrays["mixers.steps"] >= 0).all()
    )


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


def _maps_fit(arrays: Arrays, cells: int) -> bool:
    bits, p, n = arrays["apms.seen"], arrays["apms.p"], arrays["apms.n"]
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
    S = _number_of_slots(arrays)
    kinds = arrays["slots.kinds"]
    if (both & 15).max(initial=0) > LINE_OF_SLOTS or (both >> 4).max(initial=0) > LINE_OF_SLOTS:
        return False
    if kinds.shape != (-(-S // 4),) or (L & 1 and both[-1] >> 4):
        return False
    found = np.zeros(256, dtype=np.int64)
    for first in range(0, kinds.size, BLOCK):  # numpy counts whole numbers of 64 bits, which are eight times as large
        found += np.bincount(kinds[first : first + BLOCK], minlength=256)
    number = np.array([[sum(byte >> at & 3 == kind for at in (0, 2, 4, 6)) for byte in range(256)] for kind in (2, 3)])
    pairs = arrays["slots.pairs"]
    spare = int(kinds[-1]) >> (S & 3) * 2 if S & 3 else 0
    runs, odds = (int(total) for total in number @ found)
    shapes = _shapes(L, S, runs, odds, quick=quick)
    return bool(
        spare == 0
        and all(arrays[f"slots.{name}"].shape == shape for name, shape in shapes.items())
        and (arrays["slots.runs"] & 127 >= 2).all()
        and pairs[:, 0].max(initial=0) < BINS * BINS
        and pairs[:, 1].max(initial=0) < 4
    )
