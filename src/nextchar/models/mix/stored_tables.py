"""What the file of a mix holds: what the experts say, and the gate; and what is checked of a file.

Letters: V alphabet, K kinds of context, E experts, C contexts, M cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import (
    BAG,
    BEGINNING,
    COUNT_BUCKETS,
    FIRST,
    HIDDEN,
    LENGTHS,
    MATCHES,
    POSITIONS,
    RECENT,
    TOTAL_BUCKETS,
    USED_SET,
    WINDOW,
)
from nextchar.data.alphabet import Alphabet
from nextchar.errors import ModelFileError
from nextchar.models.mix.expert_counts import Tables

if TYPE_CHECKING:
    from nextchar._kernels.mix.layout import Gate

__all__ = ["EXPERTS_OF_A_KIND", "LARGEST_WEIGHT", "Arrays", "check_tables", "stored_gate", "stored_tables"]

Arrays = Mapping[str, npt.NDArray[Any]]


def stored_tables(tables: Tables, gate: Gate, alphabet: Alphabet) -> dict[str, npt.NDArray[Any]]:
    """What the model needs of the tables, as its file holds it: of the contexts those that it keeps."""
    widths = np.diff(tables.row_first)
    cells = np.repeat(tables.kept, widths)
    kinds = range(len(tables.contexts))
    contexts = [slice(*tables.kind_contexts[k : k + 2]) for k in kinds]
    of_cells = [slice(*tables.row_first[tables.kind_contexts[k : k + 2]]) for k in kinds]
    in_totals = np.concatenate([tables.kept[contexts[k]] for k in tables.kind])
    in_gains = np.concatenate([cells[of_cells[k]] for k in tables.kind])
    lengths = widths[tables.kept]
    return {
        "contexts": tables.contexts,
        "classes": tables.classes.astype(np.uint8),
        "keys": tables.keys[tables.kept],
        "kind_contexts": np.cumsum([0, *(int(tables.kept[contexts[k]].sum()) for k in kinds)]),
        "row_lengths": lengths.astype(
            alphabet.dtype if lengths.max(initial=0) <= np.iinfo(alphabet.dtype).max else np.uint32
        ),
        "symbols": tables.symbols[cells],
        "kind": tables.kind,
        "totals": tables.totals[in_totals],
        "gains": tables.gains[in_gains],
        "buckets": tables.buckets[in_gains],
        "unigram": tables.unigram,
        "exponents": np.ascontiguousarray(gate.exponents.T),
        "places": gate.places,
        "hidden": gate.hidden,
        "by_symbol": gate.by_symbol,
        "scores": gate.tables,
        "bias": gate.bias,
        "slot_of_symbol": gate.slot_of_symbol,
        "training_nats": np.full(1, np.nan),
    }


def stored_gate(tables: Arrays) -> Gate:
    """The gate of a file; those of version 0.1.0 have no hidden units."""
    from nextchar.models.mix.gate import gate_of

    parts = [tables["exponents"].T, *(tables[name] for name in _OF_GATE if name in tables)]
    H = HIDDEN if "hidden" in tables else 0
    return gate_of(len(tables["kind"]), tables["slot_of_symbol"], H, np.concatenate([part.ravel() for part in parts]))


EXPERTS_OF_A_KIND: Final = 2  # at most, that look at the same contexts; the records have room for two
LARGEST_WEIGHT: Final = 1e6  # of the gate, in size; those that are fitted stay below 100

_OF_GATE: Final = ("places", "hidden", "by_symbol", "scores", "bias")  # in the order of `Gate`, after the exponents
_HIDDEN: Final = frozenset({"places", "hidden"})  # which files of version 0.1.0 lack
# Other types would have the loops compiled anew, for half a minute, or be read wrongly.
_TYPES: Final[Mapping[str, npt.DTypeLike]] = {
    **dict.fromkeys(("contexts", "kind", "kind_contexts", "slot_of_symbol"), np.int64),
    **dict.fromkeys(("classes", "totals", "buckets"), np.uint8),
    **dict.fromkeys(("unigram", "exponents", *_OF_GATE, "training_nats"), np.float64),
    "keys": np.uint64,
    "gains": np.float32,
}


def check_tables(tables: Arrays, alphabet: Alphabet) -> None:
    """Refuse arrays that the compiled loops could not read within their bounds.

    Raises:
        ModelFileError: they do not fit each other, or the alphabet.
    """
    V = alphabet.size
    lengths, kind, contexts = tables["row_lengths"], tables["kind"], tables["contexts"]
    ends, gains = tables["kind_contexts"], tables["gains"]
    E, K, C = len(kind), len(contexts), len(tables["keys"])
    columns = tables["exponents"].shape[-1]
    before = TOTAL_BUCKETS + POSITIONS + MATCHES
    sound = (
        contexts.shape == (K, 5)
        and all(tables[name].dtype == dtype for name, dtype in _TYPES.items() if name in tables or name not in _HIDDEN)
        and ends.shape == (K + 1,)
        and ends[0] == 0
        and ends[-1] == C == len(lengths)
        and (np.diff(ends) >= 0).all()
        and lengths.dtype.kind == "u"
        and tables["symbols"].dtype == alphabet.dtype
        and int(lengths.sum(dtype=np.int64)) == len(tables["symbols"])
        and E > 0
        and 0 <= kind.min() <= kind.max() < K
        and ((looking := np.bincount(kind, minlength=K)) >= 1).all()
        and (looking <= EXPERTS_OF_A_KIND).all()
        and tables["symbols"].max(initial=0) < V
        and tables["classes"].shape == tables["unigram"].shape == tables["bias"].shape == (V,)
        and tables["exponents"].shape == (E + 1, columns)
        and tables["by_symbol"].shape == (E, L := columns - before)
        and (
            not _HIDDEN & tables.keys()
            or (
                tables.keys() >= _HIDDEN
                and tables["hidden"].shape == (HIDDEN, E + 1)
                and tables["places"].shape == (POSITIONS + MATCHES + (RECENT + BEGINNING) * L, HIDDEN)
            )
        )
        and tables["scores"].shape == (E, TOTAL_BUCKETS * COUNT_BUCKETS)
        and tables["slot_of_symbol"].shape == (V,)
        and 0 <= tables["slot_of_symbol"].min() <= tables["slot_of_symbol"].max() == columns - before - 1
        and tables["totals"].max(initial=0) < TOTAL_BUCKETS
        and tables["buckets"].max(initial=0) < TOTAL_BUCKETS * COUNT_BUCKETS
        and (contexts[:, :2] < 1 << WINDOW).all()
        and (contexts[:, 2] <= FIRST).all()
        and (contexts[:, 3] < 1 << LENGTHS).all()
        and (contexts[:, 3] % (1 << BAG) < 2 * USED_SET).all()
        and (contexts[:, 3, None] >> np.arange(BAG, LENGTHS, 4) & 15 <= WINDOW).all()
        and (contexts >= 0).all()
        and tables["training_nats"].shape == (1,)
        and np.isfinite(tables["gains"]).all()
        and all((np.abs(tables[name]) <= LARGEST_WEIGHT).all() for name in {"exponents", *_OF_GATE} & tables.keys())
        and ((tables["unigram"] > 0) & (tables["unigram"] <= 1)).all()
    )
    if sound:
        cells = np.diff(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])[ends])[kind]
        sound = len(gains) == len(tables["buckets"]) == int(cells.sum()) and len(tables["totals"]) == int(
            np.diff(ends)[kind].sum()
        )
    if not sound:
        raise ModelFileError("its tables do not fit each other")
