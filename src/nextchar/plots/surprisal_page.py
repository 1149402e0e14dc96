"""A text as a page, with the surprisal of each character as its colour: one HTML file, without a script.

It follows the reader's choice of a light or a dark page, can be searched and copied, and says the bits of a character
where the pointer is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final

from nextchar.core.model import Model
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.plots.marked_text import (
    EDGES,
    LINE_END,
    MarkedLine,
    MarkedText,
    Shade,
    level_of,
    marked_text,
    shades,
    sign_of,
)

__all__ = ["MOST_SYMBOLS", "save_surprisal_page", "surprisal_page"]

MOST_SYMBOLS: Final = 200_000  # of a page: some 8 MB

_STYLE: Final = """
:root{color-scheme:light dark}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
header{position:sticky;top:0;z-index:2;background:var(--page);padding:.6rem 1rem;border-bottom:1px solid var(--rule)}
h1{font-size:1.1rem;margin:0;overflow-wrap:anywhere}
p{margin:.1rem 0}
.legend{display:flex;flex-wrap:wrap;gap:.2rem .25rem;align-items:center;font-size:.85rem}
.legend b{font-weight:400;padding:.05rem .45rem;border:1px solid var(--rule)}
main{padding:1rem;font:15px/1.75 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
div{display:grid;grid-template-columns:8.5rem 1fr;column-gap:1rem}
div>span{color:var(--faint);text-align:right;font-size:.8rem;user-select:none;white-space:nowrap}
div>p{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;tab-size:8}
i{font-style:normal;position:relative;padding:.12em 0}
i.e{user-select:none;opacity:.75;padding:.12em .2em}
i:hover{outline:2px solid var(--text);z-index:1}
i:hover::after{content:attr(data-b) " bits";position:absolute;left:0;top:1.7em;z-index:3;padding:.1rem .5rem;
font:13px/1.5 system-ui,sans-serif;white-space:nowrap;color:var(--page);background:var(--text);border-radius:3px;
pointer-events:none}
footer{padding:1rem;color:var(--faint)}
@media(max-width:40rem){div{grid-template-columns:3rem 1fr}div>span>small{display:none}}
@media print{header{position:static}i,.legend b{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def save_surprisal_page(
    model: Model, text: Corpus, path: str | Path, *, title: str = "text", lines: int | None = None
) -> bool:
    """Write a text as a page, whole or not at all, of at most 200,000 symbols.

    Args:
        model: whose surprisal it is.
        text: documents, or the items of a list, each of which is a line.
        path: of the file.
        title: what the text is called.
        lines: the first so many; None for all.

    Returns:
        Whether all of the text, or as many lines as were asked for, are in it.

    Raises:
        SettingsError: there is no line to show, or the file cannot be written.
        UnknownSymbolError: the model does not know a character of the text.
    """
    from nextchar.data.writing import write_atomically, writing_to

    marked = marked_text(model, text, symbols=MOST_SYMBOLS, lines=lines)
    pieces = surprisal_page(marked, title=title, about=f"{model.kind}, {model.settings.summary}")
    with writing_to(path, SettingsError):
        write_atomically(path, (piece.encode("utf-8", "replace") for piece in pieces))
    return marked.whole or len(marked.lines) == lines


def surprisal_page(text: MarkedText, *, title: str, about: str) -> Iterator[str]:
    """The page, piece by piece.

    Args:
        text: with what each symbol cost.
        title: what the text is called.
        about: the model, in a line.
    """
    mean = text.bits / text.symbols
    cost = "infinite, as some of it cannot come from the model" if math.isinf(mean) else f"{mean:.3f} bits per symbol"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Surprisal: {escape(title)}</title>\n<style>{_colours()}{_STYLE}</style>\n</head>\n<body>\n<header>\n"
        f"<h1>{escape(title)}</h1>\n<p>{escape(about)}: {cost}, {text.symbols:,} symbols"
        f"{'' if text.whole else ' from the beginning'}</p>\n{_legend()}</header>\n<main>\n"
    )
    for line in text.lines:
        yield _row(line)
    rest = "" if text.whole else "<footer>The text goes on.</footer>\n"
    yield f"</main>\n{rest}</body>\n</html>\n"


def _row(line: MarkedLine) -> str:
    mean = float(line.bits.mean())
    levels = level_of(line.bits).tolist()
    cells = "".join(
        f'<i class="c{level}{"" if symbol not in ("", _FEED) else " e"}" data-b="{_digits(bits)}">{_shown(symbol)}</i>'
        for symbol, level, bits in zip(line.symbols, levels, line.bits.tolist(), strict=True)
    )
    each = "∞" if math.isinf(mean) else f"{mean:.2f}"
    return f"<div><span>{line.number:,} <small>· {each} bits</small></span><p>{cells}</p></div>\n"


_FEED: Final = "\n"


def _digits(bits: float) -> str:
    return "∞" if math.isinf(bits) else f"{bits:.2f}"


def _shown(symbol: str) -> str:
    return escape(sign_of(symbol), quote=False)


def _legend() -> str:
    names = [f"under {EDGES[0]:g}", *(f"{low:g}" for low in EDGES)]
    names[-1] += " and more"
    names.append("impossible")
    steps = "".join(f'<b class="c{level}">{name}</b>' for level, name in enumerate(names))
    return f'<p class="legend">bits: {steps} &nbsp;{LINE_END} is the line\'s end</p>\n'


def _colours() -> str:
    def rules(dark: bool) -> str:
        looks: list[Shade] = shades(dark=dark)
        page, text = (looks[0].paper, "#e8e8e8") if dark else (looks[0].paper, "#1b1b1b")
        faint, rule = ("#9aa0a6", "#3c4043") if dark else ("#5f6368", "#c9ccd1")
        head = f":root{{--page:{page};--text:{text};--faint:{faint};--rule:{rule}}}"
        steps = (
            f".c{level}{{background:{look.paper};color:{look.ink if level else 'inherit'}}}"
            for level, look in enumerate(looks)
        )
        return head + "".join(steps)

    return f"{rules(False)}@media(prefers-color-scheme:dark){{{rules(True)}}}"
