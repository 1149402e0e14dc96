"""What items begin with, as a model reads it: only what it does not hold impossible.

Wherever a prefix is asked for, its symbols are looked at first, so that the answer to one that no item begins with is
the same from a sample, a probability and a list, from any model.
"""

from __future__ import annotations

import numpy as np

from nextchar.core.constraint import Constraint
from nextchar.core.protocol import LanguageModel
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.display import shortened
from nextchar.data.stable_items import check_ends
from nextchar.data.text_options import TextOptions
from nextchar.errors import SettingsError, UnknownSymbolError

__all__ = ["possible_prefixes", "read_prefix"]


def possible_prefixes(model: LanguageModel, constraint: Constraint, options: TextOptions) -> tuple[Ids, ...]:
    """The prefixes of a constraint that items can begin with; none where it has none.

    Args:
        model: any.
        constraint: with one prefix or several, of which one is enough.
        options: what the model does to text; it is done to the prefixes.

    Raises:
        SettingsError: one is longer than max_length, or begins with a blank where the options strip them; or no item
            begins with any of them.
        UnknownSymbolError: one has a character that the model does not know.
    """
    constraint.check_line_ends(model.alphabet, options)
    texts: list[str] = []
    for prefix in constraint.prefixes:
        check_ends(options, prefix=prefix)
        readings = read_prefix(prefix, model.alphabet, options)
        text = readings[0]
        if constraint.max_length is not None and len(model.alphabet.written(text)) > constraint.max_length:
            raise SettingsError(f"the prefix {text!r} is longer than max-length {constraint.max_length}")
        _check_known(model, text)
        texts.extend(readings)
    encoded = [model.alphabet.encode(text) for text in texts]
    found = tuple(ids for ids in encoded if _possible(model, ids))
    if texts and not found:
        raise SettingsError(f"no item of this model begins with {' or '.join(shortened(repr(text)) for text in texts)}")
    return found


def read_prefix(prefix: str, alphabet: Alphabet, options: TextOptions) -> tuple[str, ...]:
    """What the items that begin with a text begin with, once it is treated as they are: see `TextOptions.readings`.

    Those with a character that the model does not know are left out, unless there is no other.
    """
    readings = options.readings(prefix, before=False, after=True)
    known = set(alphabet.names)
    return tuple(reading for reading in readings if known.issuperset(alphabet.split(reading))) or readings[:1]


def _check_known(model: LanguageModel, text: str) -> None:
    known = set(model.alphabet.names)
    for position, symbol in enumerate(model.alphabet.split(text)):
        if symbol not in known:
            raise UnknownSymbolError(
                f"the prefix {text!r} has {symbol!r} ({' '.join(f'U+{ord(c):04X}' for c in symbol)}) at position "
                f"{position + 1}, which the model does not know",
                character=symbol,
                position=position,
            )


def _possible(model: LanguageModel, prefix: Ids) -> bool:
    step = model.start(1)
    for t, symbol in enumerate(prefix):
        if step.log_probs[0, int(symbol)] == -np.inf:
            return False
        if t + 1 < len(prefix):
            step = model.advance(step.state, prefix[t : t + 1])
    return True
