"""How things show themselves: at a prompt in one short line, whatever they hold, and in a notebook as a small table.

In a line an array is its type and shape, a long text or list its beginning or its length, and a setting at its default
is left out. What has more to say than its fields (a corpus, a model) writes a line of its own. A notebook gets plain
HTML with all text escaped; it has no script, so that it shows in a notebook that is not trusted too.

Letters: V size of the alphabet.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import MISSING, Field, fields
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "LONGEST",
    "LONGEST_LINE",
    "amount",
    "are",
    "heat_map_html",
    "line_of",
    "one_line",
    "shortened",
    "table_html",
    "thousands",
    "visible",
    "were",
]

LONGEST_LINE: Final = 150  # characters of a line
LONGEST_TEXT: Final = 40  # of a text in it
LONGEST: Final = 300  # characters of what a file says, in a message about it
_CONTROLS: Final = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}


def shortened(text: str, longest: int = 60) -> str:
    """A text with its end left out where it is long."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def thousands(number: int, noun: str) -> str:
    """A count with its noun in the right number: 1 item, 32,033 items."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def are(number: float) -> str:
    """The verb that goes with a count."""
    return "is" if number == 1 else "are"


def were(number: float) -> str:
    """The same of what has been."""
    return "was" if number == 1 else "were"


def amount(number: float, noun: str) -> str:
    """The same of what is measured: 1 second, 0.5 seconds."""
    return f"{number:g} {noun}{'' if number == 1 else 's'}"


def visible(text: str) -> str:
    r"""A text that moves no cursor and colours nothing: control characters as \n, \t, \x1b."""
    return text.translate(_CONTROLS) if not text.isprintable() else text


def line_of(thing: object, *facts: str) -> str:
    """A thing's class and what there is to say of it, in one line, for its `__repr__`; what is too long is cut."""
    return shortened(f"{type(thing).__name__}({', '.join(facts)}", LONGEST_LINE - 1) + ")"


def one_line(thing: Any) -> str:
    """A dataclass in one line, for its `__repr__`: its fields by name, those at their defaults left out."""
    shown = [
        f"{entry.name}={_value(getattr(thing, entry.name))}"
        for entry in fields(thing)
        if entry.repr and not _at_default(getattr(thing, entry.name), entry)
    ]
    return line_of(thing, *shown)


def _at_default(value: Any, entry: Field[Any]) -> bool:
    default = entry.default_factory() if entry.default_factory is not MISSING else entry.default
    return value is default or (not _is_array(value) and type(value) is type(default) and value == default)


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")  # settings show themselves without it: where it is not loaded, nothing is an array
    return numpy is not None and isinstance(value, numpy.ndarray)


def _value(value: Any) -> str:
    if _is_array(value):
        return f"{value.dtype} array of shape {value.shape}"
    if isinstance(value, str):
        return shortened(repr(value[: LONGEST_TEXT + 1]), LONGEST_TEXT)
    if isinstance(value, tuple | list) and len(value) <= 4:
        inside = ", ".join(map(_value, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    if isinstance(value, tuple | list | Set | Mapping):
        return f"{type(value).__name__} of {len(value):,}"
    return shortened(repr(value).replace("\n", " "), LONGEST_TEXT)


# -- in a notebook ------------------------------------------------------------------------------------------------


def table_html(caption: str, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> str:
    """A small table: the first cell of each row names it, and there is a row of column names where they are given."""
    top = "".join(f'<th scope="col" style="text-align:right">{escape(name)}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
        + "".join(f'<td style="text-align:{"right" if header else "left"}">{escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for name, *cells in rows
    )
    head = f"<thead><tr>{top}</tr></thead>" if header else ""
    title = f'<caption style="text-align:left;font-weight:bold">{escape(caption)}</caption>'
    return f"<table>{title}{head}<tbody>{body}</tbody></table>"


def heat_map_html(probabilities: npt.NDArray[np.float64], symbols: Sequence[str]) -> str:
    """p(second | first) as a table of shaded cells, (V, V): a row for each first symbol; a cell tells its number.

    The shade is the square root of the probability, so that rare bigrams can still be told from absent ones.
    """
    named = "width:1.1em;height:1.1em;padding:0;text-align:center;font-size:10px;line-height:1"
    shades = (probabilities / max(float(probabilities.max()), 1e-300)) ** 0.5
    names = [escape(symbol) if symbol.strip() else "&#9251;" for symbol in symbols]  # an open box for a blank
    rows = [
        f'<tr><th scope="row" style="{named}">{first}</th>'
        + "".join(
            f'<td title="p({second} | {first}) = {p:.4f}" style="background:rgba(31,119,180,{shade:.2f})"></td>'
            for second, p, shade in zip(names, ps, row, strict=True)
        )
        + "</tr>"
        for first, ps, row in zip(names, probabilities.tolist(), shades.tolist(), strict=True)
    ]
    top = "".join(f'<th scope="col" style="{named}">{second}</th>' for second in names)
    caption = '<caption style="text-align:left">p(column | row)</caption>'
    return (
        f'<table style="border-collapse:collapse;table-layout:fixed">{caption}<thead><tr><td></td>{top}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
