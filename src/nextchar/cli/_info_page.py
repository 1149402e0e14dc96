"""The page of `info`: what a model file holds, for people."""

from __future__ import annotations

import math
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nextchar.data.display import thousands

if TYPE_CHECKING:
    from nextchar.core.metrics import Metrics
    from nextchar.core.model import Model
    from nextchar.data.alphabet import Alphabet
    from nextchar.data.provenance import Provenance
    from nextchar.data.text_options import TextOptions
    from nextchar.models.ngram.counts_folder import CountsFolder
    from nextchar.models.registry import Kind
    from nextchar.tasks.classifier import Classifier

__all__ = ["FileFacts", "classifier_page", "counts_page", "model_page"]

Row = tuple[str, str]

_LONGEST_LIST: Final = 72  # characters of an alphabet, and
_MOST_LABELS: Final = 20  # labels that are shown
_WIDEST: Final = 120  # characters of a line, whatever the terminal


class FileFacts(NamedTuple):
    """What is known of the file itself.

    Attributes:
        path: as it was given.
        size_bytes: of it.
        written: when, in local time.
        package: the version that wrote it.
    """

    path: str
    size_bytes: int
    written: datetime
    package: str

    @classmethod
    def of(cls, path: str) -> FileFacts:
        """Look."""
        from nextchar.core.model_file import package_of

        found = Path(path).stat()
        written = datetime.fromtimestamp(found.st_mtime).astimezone().replace(microsecond=0)
        return cls(path, found.st_size, written, package_of(path))

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"size_bytes": self.size_bytes, "written": self.written.isoformat(), "package": self.package}

    @property
    def text(self) -> str:
        """For people."""
        return f"{thousands(self.size_bytes, 'byte')}, written {self.written:%Y-%m-%d %H:%M} by nextchar {self.package}"


def model_page(model: Model, file: FileFacts, exact: dict[str, Any] | None) -> str:
    """Everything that matters of a model, in lines of the terminal's width."""
    from nextchar.models.registry import MODELS

    row = MODELS[model.kind]
    look = model.context_length
    more = ["--json for everything", *(["--exact for what its items are like"] if row.automaton else [])]
    more += ["--explain for its experts"] if model.metrics.experts else []
    rows = [
        ("settings", model.settings.summary),
        ("looks back", "to the beginning of the item" if look is None else thousands(look, "symbol")),
        *_members(model),
        ("alphabet", _alphabet(model.alphabet)),
        ("text", _text(model.provenance.options)),
        ("training data", _data(model.provenance)),
        *_training(model.metrics),
        *_losses(model.metrics),
        *_exactly(exact),
        ("file", file.text),
        *([] if model.memory_bytes is None else [("in memory", thousands(model.memory_bytes, "byte"))]),
        ("what it can", ", ".join(_can(row))),
        ("more", "; ".join(more)),
    ]
    return _lines(f"{file.path}: {model.kind}. {row.description}", rows)


def classifier_page(found: Classifier, file: FileFacts) -> str:
    """The same of a classifier."""
    sizes = list(zip(map(str, found.classes_), found.sizes_.tolist(), strict=True))
    labels = ", ".join(f"{name} {size:,}" for name, size in sizes[:_MOST_LABELS])
    more = f" and {len(sizes) - _MOST_LABELS:,} more" if len(sizes) > _MOST_LABELS else ""
    prior = found.prior if isinstance(found.prior, str) else "given"
    rows = [
        ("labels", f"{len(sizes):,}: {labels}{more}"),
        ("training data", thousands(sum(size for _, size in sizes), "item")),
        ("models", "; ".join(spec.summary for spec in found.specs)),
        ("prior", {"data": "the labels' shares in the training data", "uniform": "all labels alike"}.get(prior, prior)),
        ("don't know", f"below the probability {found.least:g}" if found.least else "never said"),
        ("none of these", f"at a rate of false alarms of {found.none_rate:g}" if found.none_rate else "never said"),
        ("temperature", f"{found.temperature_:.4g}"),
        ("alphabet", _alphabet(found.alphabet_)),
        *([] if found.options is None else [("text", _text(found.options))]),
        ("file", file.text),
        ("what it can", "classify"),
        ("more", "--json for everything"),
    ]
    return _lines(f"{file.path}: classifier. Which label a text has, and how probable that is.", rows)


def counts_page(found: CountsFolder) -> str:
    """The same of a folder of counts."""
    rows = [
        ("counts", f"{thousands(found.size, 'n-gram')} of order {found.order}, {found.total:,} in all"),
        ("alphabet", _alphabet(found.alphabet)),
        ("text", _text(found.provenance.options)),
        ("data", _data(found.provenance)),
        ("files", f"{len(found.checksums) + 1:,}, {thousands(found.size_bytes, 'byte')}"),
        ("what it can", "train --counts, merge"),
        ("more", "--json for everything; --verify for its checksums"),
    ]
    return _lines(f"{found.path}: counts. How often each n-gram occurred.", rows)


def _lines(title: str, rows: Sequence[Row]) -> str:
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    left = max(len(name) for name, _ in rows) + 4
    written = [title, ""]
    for name, value in rows:
        written += textwrap.wrap(
            value,
            max(width, left + 20),
            initial_indent=f"  {name:<{left - 2}}",
            subsequent_indent=" " * left,
            break_on_hyphens=False,
        )
    return "\n".join(written)


def _members(model: Model) -> Iterator[Row]:
    if model.members:
        yield "made of", "; ".join(f"{member.kind} ({member.settings.summary})" for member in model.members)


def _alphabet(alphabet: Alphabet) -> str:
    listed = (*alphabet.names[: _LONGEST_LIST - 3], "...") if len(alphabet.names) > _LONGEST_LIST else alphabet.names
    clusters = any(len(name) > 1 for name in alphabet.names)  # no one sees where one ends
    shown = (" " if clusters else "").join(
        f"<U+{ord(c):04X}>" if len(c) == 1 and (not c.isprintable() or c == " ") else c for c in listed
    )
    unknown = "; a symbol for unknown ones" if alphabet.has_unknown else ""
    return f"{thousands(len(alphabet.names), 'symbol' if clusters else 'character')}: {shown}{unknown}"


def _text(options: TextOptions) -> str:
    done = [
        *(["blanks at both ends dropped"] if options.strip else []),
        *(["lower case"] if options.lower else []),
        *(["Unicode normal form C"] if options.nfc else []),
        *(["one symbol for what readers see as one"] if options.graphemes else []),
        *([_texts(options.separator)] if options.documents else []),
    ]
    return ", ".join(done) or "as it is"


def _texts(separator: str | None) -> str:
    """What items are that have line ends."""
    if separator is None:
        return "texts with their line ends, each file one"
    between = f"{separator!r} on a line" if separator else "blank lines"
    return f"texts with their line ends, between them {between}"


def _data(seen: Provenance) -> str:
    if not seen.items:
        return "not known"
    known = "" if seen.known is None or len(seen.known) == seen.items else f" ({len(seen.known):,} different)"
    weight = "" if seen.weight is None else f", counted {thousands(seen.weight, 'time')}"
    said = f"{thousands(seen.items, 'item')}{known}{weight}, {thousands(seen.symbols, 'symbol')}"
    if seen.source is None:
        return said
    return f"{said}; {', '.join(seen.source.names)}, {thousands(seen.source.size_bytes, 'byte')}"


def _training(metrics: Metrics) -> Iterator[Row]:
    if metrics.imported is not None:
        yield "imported", f"{metrics.imported.name}, {thousands(sum(metrics.imported.ngrams), 'n-gram')}"
    if metrics.seconds is not None:
        yield "trained", f"{metrics.seconds:,.3g} seconds" + ("" if metrics.device is None else f" on {metrics.device}")
    if metrics.parameters is not None:
        yield "parameters", f"{metrics.parameters:,}"
    if metrics.split not in (None, "none"):
        seed = "" if metrics.seed is None else f", seed {metrics.seed}"
        yield "split", f"{metrics.split}{seed}"
    if metrics.chosen is not None:
        yield "chosen", metrics.chosen.removeprefix("chose ")
    for remark in (metrics.stopped, *metrics.notes):
        if remark:
            yield "note", remark
    if metrics.outliers is not None:
        yield "threshold", "for score --flag"


def _losses(metrics: Metrics) -> Iterator[Row]:
    for part, loss in metrics.losses.items():
        nats = loss.nats_per_symbol + 0.0
        perplexity = f", perplexity {math.exp(nats):.4g}" if nats < 700 else ""  # else beyond what a float holds
        new = loss.new_nats_per_symbol
        news = "" if new is None else f"; {new:.4f} on new items"
        news += f"; impossible: first {loss.impossible}" if loss.impossible else ""
        yield (
            f"loss, {part}",
            f"{nats:.4f} nats per symbol, {loss.bits_per_symbol + 0.0:.4f} bits{perplexity}, "
            f"on {thousands(loss.items, 'item')}{news}",
        )


def _exactly(exact: dict[str, Any] | None) -> Iterator[Row]:
    if exact is None:
        return
    yield "mean length", f"{exact['mean_length']:.4f}"
    yield "entropy", f"{exact['entropy_nats']:.4f} nats an item, {exact['entropy_nats_per_symbol']:.4f} per symbol"
    if exact["new"] is not None:
        yield "new items", f"with probability {exact['new']:.4f}"
    yield "lengths", ", ".join(f"{length}: {share:.2%}" for length, share in exact["lengths"].items())


def _can(row: Kind) -> list[str]:
    """The commands that take it."""
    can = ["sample", "score", "evaluate", "calibrate", "combine"]
    can += ["prob", "top", "complete", "fill", "blend", "export"] if row.automaton else ["compile"]
    can += ["update"] if row.updated else []
    return can
