"""What the file of a context mixing model holds, and what is checked of a file.

The text itself is kept: matches point into it, and what followed two symbols is read off it again. Of the counts what
does not follow is kept (see `packing`), of the adaptive probability maps the rows that were used.

Letters: V alphabet, N nodes, K contexts, L lines of slots, S symbols of the text, R rows of weights, A rows of a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import Alphabet
from nextchar.errors import ModelFileError
from nextchar.models.context_mixing.code_tree import tree_of
from nextchar.models.context_mixing.tables import BIN_MIDDLES, LEAST_APM, MOST_APM, Learned, new_learned
from nextchar.models.context_mixing.traits import traits_of

__all__ = ["arrays_of_learned", "learned_of_arrays"]

Arrays = Mapping[str, npt.NDArray[Any]]
LARGEST_WEIGHT: Final = 1e6
LEAST_CONTEXTS, MOST_CONTEXTS = 9, 37
_SEEN: Final = np.uint32(1023)  # the bits of a cell that say how often it was seen


def arrays_of_learned(learned: Learned, alphabet: Alphabet) -> dict[str, npt.NDArray[Any]]:
    """What is kept of all that was learned."""
    from nextchar._kernels.context_mixing.layout import LINE_OF_SLOTS
    from nextchar._kernels.context_mixing.packing import count_kinds, pack_slots

    words, totals = learned.slots.words, np.zeros(3, dtype=np.int64)
    L = int((learned.slots.mask + np.uint64(1)).sum())
    words = words[: L * LINE_OF_SLOTS]
    count_kinds(words, totals)
    once, same, other = (int(total) for total in totals)
    slots: dict[str, npt.NDArray[Any]] = {
        "slots.line": np.empty(L, dtype=np.uint16),
        "slots.check": np.empty(once + same + other, dtype=np.uint16),
        "slots.bit": np.zeros(-(-once // 8), dtype=np.uint8),
        "slots.run": np.empty(same, dtype=np.uint8),
        "slots.p": np.empty(other, dtype=np.uint16),
        "slots.counts": np.empty((other, 2), dtype=np.uint8),
    }
    pack_slots(words, learned.maps.bin, *slots.values())
    apms = learned.apms.cells
    used = np.flatnonzero((apms & _SEEN).any(axis=(0, 2)))
    return {
        **slots,
        "lines": (learned.slots.mask + np.uint64(1)).astype(np.int64),
        "child": learned.tree.child,
        "text": learned.text.ids[: int(learned.text.size[0])].astype(alphabet.dtype),
        "maps": learned.maps.cells,
        "matches.p": learned.matches.p,
        "matches.n": learned.matches.n,
        "mixers.weights": learned.mixers.weights,
        "mixers.second": learned.mixers.second,
        "mixers.steps": learned.mixers.steps,
        "apms.rows": np.array([apms.shape[1]], dtype=np.int64),
        "apms.row": used,
        "apms.p": (apms[:, used] >> 16).astype(np.uint16),
        "apms.n": (apms[:, used] & _SEEN).astype(np.uint8),
    }


def learned_of_arrays(
    arrays: Arrays,
    alphabet: Alphabet,
    vowel: npt.NDArray[np.bool_],
    rate: tuple[float, float, float, float],
    *,
    nets: int = 0,
) -> Learned:
    """All that was learned, from the arrays of a file.

    Args:
        arrays: as `arrays_of_learned` gives them.
        alphabet: the model's.
        vowel: (V,) which symbols count as vowels.
        rate: of learning; see `Fixed`.
        nets: how many the model has inside.

    Raises:
        ModelFileError: they do not fit each other, or the alphabet.
    """
    from nextchar._kernels.context_mixing.layout import STATE
    from nextchar._kernels.context_mixing.packing import unpack_slots
    from nextchar._kernels.context_mixing.reading import replay

    V, lines, text, child = alphabet.size, arrays["lines"], arrays["text"], arrays["child"]
    if not (
        child.shape == (V - 1, 2)
        and child.dtype == np.int64
        and vowel.shape == (V,)
        and lines.ndim == 1
        and lines.dtype == np.int64
        and LEAST_CONTEXTS <= len(lines) <= MOST_CONTEXTS
        and 1 <= lines.min() <= lines.max() <= len(arrays["slots.line"])
        and (lines & (lines - 1) == 0).all()
        and lines.sum() == len(arrays["slots.line"])
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
    learned = new_learned(tree, traits_of(alphabet, vowel), lines, len(text) + 1, rows, rate, nets=nets)
    used = arrays["apms.row"]
    kept = {
        "maps": learned.maps.cells,
        **{f"matches.{name}": getattr(learned.matches, name) for name in ("p", "n")},
        **{f"mixers.{name}": getattr(learned.mixers, name) for name in ("weights", "second", "steps")},
    }
    sound = all(arrays[name].shape == array.shape and arrays[name].dtype == array.dtype for name, array in kept.items())
    sound = sound and _slots_fit(arrays)
    sound = sound and all(np.isfinite(arrays[name]).all() for name in kept)
    sound = sound and bool(((arrays["matches.p"] >= 0) & (arrays["matches.p"] <= 1)).all())
    sound = sound and all(np.abs(arrays[name]).max() <= LARGEST_WEIGHT for name in ("mixers.weights", "mixers.second"))
    sound = sound and (arrays["maps"] & _SEEN).max() <= 1000
    sound = sound and arrays["matches.n"].min() >= 0 and arrays["matches.n"].max() <= 400
    sound = sound and float(arrays["mixers.steps"][0]) >= 0
    shape = (*learned.apms.cells.shape[:1], len(used), *learned.apms.cells.shape[2:])
    sound = sound and used.ndim == 1 and used.dtype == np.int64 and arrays["apms.p"].dtype == np.uint16
    sound = sound and arrays["apms.n"].dtype == np.uint8 and arrays["apms.n"].max(initial=0) <= 250
    sound = sound and arrays["apms.p"].shape == arrays["apms.n"].shape == shape
    if not sound or (len(used) and not (used.min() >= 0 and used.max() < rows and (np.diff(used) > 0).all())):
        raise ModelFileError("its tables do not fit each other")
    for name, array in kept.items():
        array[:] = arrays[name]
    learned.apms.cells[:, used] = arrays["apms.p"].astype(np.uint32) << 16 | arrays["apms.n"]
    packed = [arrays[f"slots.{name}"] for name in ("line", "check", "bit", "run", "p", "counts")]
    middle = np.floor(BIN_MIDDLES).astype(np.uint64)
    unpack_slots(*packed, middle, learned.tables.slot_rate, learned.slots.words)  # type: ignore[call-arg]
    replay(text.astype(np.int64), np.zeros(STATE, dtype=np.uint64), learned.text, learned.traits)
    return learned


def _slots_fit(arrays: Arrays) -> bool:
    """Whether the kinds of slots that the lines have are as many as there are."""
    from nextchar._kernels.context_mixing.layout import BINS, LINE_OF_SLOTS

    line, counts = arrays["slots.line"], arrays["slots.counts"]
    types = {
        "line": np.uint16,
        "check": np.uint16,
        "bit": np.uint8,
        "run": np.uint8,
        "p": np.uint16,
        "counts": np.uint8,
    }
    if not all(arrays[f"slots.{name}"].dtype == dtype for name, dtype in types.items()):
        return False
    once, same, other = line // 81, line // 9 % 9, line % 9
    totals = [int(kind.sum(dtype=np.int64)) for kind in (once, same, other)]
    return bool(
        line.ndim == arrays["slots.check"].ndim == 1
        and (once + same + other <= LINE_OF_SLOTS).all()
        and arrays["slots.check"].shape == (sum(totals),)
        and arrays["slots.bit"].shape == (-(-totals[0] // 8),)
        and arrays["slots.run"].shape == (totals[1],)
        and (arrays["slots.run"] & 127 >= 2).all()
        and arrays["slots.p"].shape == (totals[2],)
        and counts.shape == (totals[2], 2)
        and counts[:, 0].max(initial=0) < BINS * BINS
        and counts[:, 1].max(initial=0) < 4
    )
