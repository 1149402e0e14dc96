"""A finite automaton and all else that drawing items needs, packed for `sampler.js` to read.

A row is not laid out: a state holds the probabilities of what it lists, and the factor by which the state it links to
says all else, so the numbers are a few for each n-gram. They are Python's own, all 64 bits of them; what JavaScript
does with them is to multiply, to add and to compare. So both draw the same items, but for a uniform number that is
within some 10^-15 of an edge between two symbols.

What is packed, in this order: four bytes that say how long the document is, the document (JSON), and the arrays that it
lists, each byte by byte: all lowest bytes, then all second ones, and so on, which gzip makes smaller. The whole goes
through gzip and is written in base 64.

Letters: S states, E listed entries, V size of the alphabet, K known items.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nextchar.automata.automaton import Automaton
from nextchar.automata.bounded_items import chances_to_end
from nextchar.automata.dfa import Dfa
from nextchar.automata.stable_automata import stable_automata
from nextchar.data.alphabet import Alphabet
from nextchar.data.fingerprints import symbol_prints
from nextchar.data.provenance import Provenance

__all__ = ["packed"]

Array = npt.NDArray[Any]
VERSION: Final = 1
SURE: Final = 1e-9  # by less than this, chances to end differ from 1 by rounding alone
NAMES: Final = {"u1": "Uint8Array", "u2": "Uint16Array", "u4": "Uint32Array", "f8": "Float64Array"}


def packed(automaton: Automaton, seen: Provenance) -> bytes:
    """The text in base 64, a few ASCII characters for each n-gram.

    Args:
        automaton: of a model.
        seen: its text options, and the fingerprints of its training items.
    """
    alphabet, options = automaton.alphabet, seen.options
    conditions = stable_automata(alphabet, options)
    document: dict[str, Any] = {
        "version": VERSION,
        "symbols": list(alphabet.names),
        "unknown": alphabet.unknown,
        "clusters": alphabet.clusters is not None,
        "start": automaton.start,
        "lower": options.lower,
        "nfc": options.nfc,
        "conditions": [_condition(dfa) for dfa in conditions],
        # What is too large for a table is drawn by Python without what the conditions rule out, and not filtered.
        "lengths": automaton.table is not None or not (conditions or alphabet.has_unknown),
    }
    arrays = _automaton_arrays(automaton) | _known_arrays(alphabet, seen)
    if automaton.table is not None:
        ends = chances_to_end(automaton)
        document["ends"] = ends is not None
        if ends is not None and float(np.abs(ends - 1).max()) > SURE:
            arrays["ends"] = ends
    document["arrays"] = [[name, NAMES[array.dtype.str[1:]], len(array)] for name, array in arrays.items()]
    head = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    body = b"".join([len(head).to_bytes(4, "little"), head, *map(_planes, arrays.values())])
    return base64.b64encode(gzip.compress(body, 9, mtime=0))


def _automaton_arrays(automaton: Automaton) -> dict[str, Array]:
    return {
        "count": _small(np.diff(automaton.first)),
        "symbol": _small(automaton.symbols),
        "target": _small(automaton.target),
        "link": _small(automaton.link),
        "prob": np.exp(automaton.log_prob),
        "factor": np.exp(automaton.price),
    }


def _known_arrays(alphabet: Alphabet, seen: Provenance) -> dict[str, Array]:
    """The training items' fingerprints (K,) as upper and lower halves, and what a symbol adds to one, (V,)."""
    if seen.known is None:
        return {}
    return {
        "print": (symbol_prints(alphabet) >> np.uint64(32)).astype("<u4"),
        "knownHigh": (seen.known >> np.uint64(32)).astype("<u4"),
        "knownLow": (seen.known & np.uint64(0xFFFFFFFF)).astype("<u4"),
    }


def _condition(dfa: Dfa) -> dict[str, Any]:
    fields = {name: getattr(dfa, name).tolist() for name in ("first", "symbols", "target")}
    return {"otherwise": dfa.default.tolist(), "accepting": dfa.accepting.astype(int).tolist(), **fields}


def _small(numbers: Array) -> Array:
    """In the smallest type that holds them all."""
    largest = int(numbers.max(initial=0))
    return numbers.astype("<u1" if largest < 1 << 8 else "<u2" if largest < 1 << 16 else "<u4")


def _planes(array: Array) -> bytes:
    whole = np.ascontiguousarray(array)
    return whole.view(np.uint8).reshape(len(whole), whole.itemsize).T.tobytes()
