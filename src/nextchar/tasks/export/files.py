"""Writing a model as one HTML page, or as an ES module: both draw items as Python does, offline and anywhere."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO, Final

from nextchar.automata.automaton_reader import AutomatonReader
from nextchar.core.model import Model
from nextchar.data.arguments import need, need_path
from nextchar.data.display import thousands
from nextchar.data.writing import write_atomically, writing_to
from nextchar.errors import ModelFileError, SettingsError, TooLargeError
from nextchar.tasks.export.packed import packed

__all__ = ["ExportSummary", "export_module", "export_page", "page_texts"]

MOST_BYTES: Final = 64 << 20  # of a file; beyond, browsers take long to open a page
MOST_NUMBERS: Final = 12_000_000  # of a model, which are not packed only to find that they are too many


@dataclass(frozen=True)
class ExportSummary:
    """What was written.

    Attributes:
        size: of the file, bytes.
        states: of the model.
        knows_items: whether it can tell new items from those of the training data.
    """

    size: int
    states: int
    knows_items: bool


def export_module(model: Model, target: str | Path | BinaryIO) -> ExportSummary:
    """Write a model as an ES module that draws the same items as Python, for games and web sites.

    It exports `sample(n, {seed, prefix, minLength, maxLength, new})`, which gives a list of texts: those of
    `model.sample(n, seed=..., prefix=..., min_length=..., max_length=..., new=...)`.

    Args:
        model: one that is a finite automaton: an n-gram model, or an automaton made of another one (see `distil`).
        target: the file, by convention with a name in .mjs; or a stream of bytes that is open.

    Raises:
        SettingsError: the model is no finite automaton, or one of running text.
        TooLargeError: the file would have more than 64 MB.
        ModelFileError: the file cannot be written there.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=3).fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> nextchar.export_module(model, "names.mjs").knows_items
        True
    """
    data = _data(model)
    code = f'const DATA = "{data.decode()}";\n\n{_file("sampler.js")}{_file("module.js")}'
    return _written(target, code, model)


def export_page(model: Model, target: str | Path | BinaryIO, *, title: str | None = None) -> ExportSummary:
    """Write a model as one web page that draws the same items as Python: it needs no server and no network.

    Args:
        model: one that is a finite automaton: an n-gram model, or an automaton made of another one (see `distil`).
        target: the file, by convention with a name in .html; or a stream of bytes that is open.
        title: of the page; by default the name of the model's training file.

    Raises:
        SettingsError: the model is no finite automaton, or one of running text.
        TooLargeError: the file would have more than 64 MB.
        ModelFileError: the file cannot be written there.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=3).fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> nextchar.export_page(model, "names.html", title="Names").states
        13
    """
    need(title, str, "title", "a text", optional=True)
    data = _data(model)
    texts: dict[str, Any] = {"title": _title(model) if title is None else title, "items": model.provenance.items}
    texts |= page_texts()
    script, style = f"\n{_file('sampler.js')}\n{_file('page.js')}", f"\n{_file('page.css')}"
    parts = {
        "title": html.escape(str(texts["title"])),
        "texts": json.dumps(texts, ensure_ascii=False).replace("<", "\\u003c"),
        "script": script,
        "script_hash": _hash(script),
        "style": style,
        "style_hash": _hash(style),
        "data": data.decode(),
    }
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _file("page.html"))
    return _written(target, page, model)


def page_texts() -> dict[str, Any]:
    """What the page says, by language."""
    return tomllib.loads(_file("page.toml"))


def _data(model: Model) -> bytes:
    need(model, Model, "model", "a model (Ngram().fit(...), load(...))")
    if not isinstance(model, AutomatonReader):
        raise SettingsError(
            f"a model of kind {model.kind} is no finite automaton, and only such a one is small enough to be taken "
            "away; make an automaton of it first (nextchar compile; distil)"
        )
    if model.provenance.options.whole_files:
        raise SettingsError("a model of running text writes one text that goes on, and no items to choose from")
    automaton, known = model.automaton, model.provenance.known
    numbers = 2 * len(automaton.symbols) + automaton.size + (0 if known is None else len(known))
    if numbers > MOST_NUMBERS:
        raise _too_large(f"its file would hold {thousands(numbers, 'number')}, and {MOST_NUMBERS:,} are the most")
    return packed(automaton, model.provenance)


def _written(target: str | Path | BinaryIO, text: str, model: Model) -> ExportSummary:
    content = text.encode("utf-8", "replace")
    if len(content) > MOST_BYTES:
        raise _too_large(f"its file would have {len(content) >> 20} MB, and {MOST_BYTES >> 20} MB are the most")
    if isinstance(target, (str, os.PathLike)):
        with writing_to(target, ModelFileError):
            write_atomically(target, content)
    elif callable(getattr(target, "write", None)):
        target.write(content)
    else:
        need_path(target, "target")
    assert isinstance(model, AutomatonReader)
    return ExportSummary(len(content), model.automaton.size, model.provenance.known is not None)


def _too_large(why: str) -> TooLargeError:
    return TooLargeError(f"the model is too large to be taken away: {why}; train one of lower order, or on fewer items")


def _title(model: Model) -> str:
    source = model.provenance.source
    return Path(source.names[0]).stem if source is not None and source.names else model.kind


def _hash(text: str) -> str:
    """As a page's policy names what it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return files("nextchar.tasks.export").joinpath(name).read_text(encoding="utf-8")
