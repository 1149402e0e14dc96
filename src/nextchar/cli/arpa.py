"""The commands `export` and `import`: models as ARPA files, web pages and ES modules; and ARPA files as models."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from nextchar.cli._options import graphemes_option, json_option, model_argument, text_options, text_options_from
from nextchar.cli._output import echo, echo_json, note, shows_all, write_text
from nextchar.cli._progress import training_progress
from nextchar.cli._targets import check_target, model_output_option
from nextchar.data.display import are, thousands
from nextchar.data.writing import holds_file, is_standard_output, name_of_target

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.core.progress import Report
    from nextchar.models.ngram.arpa.writer import ArpaSummary

__all__ = ["export", "import_"]

_WHAT: Final = {".html": "the web page", ".mjs": "the ES module"}


@click.command(short_help="Write a model as an ARPA file, a web page or an ES module.")
@model_argument
@click.argument("target", required=False, type=click.Path(), metavar="[OUT]")
@click.option("-o", "--output", type=click.Path(), metavar="OUT", help="The same as the second argument.")
@click.option(
    "--title", metavar="TEXT", help="What a page is called.  [default: the name of the model's training file]"
)
@json_option
def export(model: str, target: str | None, output: str | None, title: str | None, as_json: bool) -> None:
    """Write MODEL for other programs; the ending of OUT says what is written.

    OUT.html is a web page that draws items offline, in any browser, with no server: those that `nextchar sample` draws
    with the same seed, also with --prefix, --min-length, --max-length and --new. OUT.mjs is an ES module for games and
    sites, whose sample(n, {seed, prefix, minLength, maxLength, new}) does the same. Both take models that are finite
    automata (ngram, and what `compile` makes of others), and hold no training items, only their fingerprints.

    OUT.arpa is an ARPA file, which KenLM, SRILM and others read; compressed if the name ends in .gz. It is also what
    goes to standard output (-). Every character is a word; a blank is written <U+0020>, and other characters that
    cannot be seen likewise. The boundary is <s> before an item and </s> after it. What the model holds impossible has
    the log-probability -99.
    """
    if (target is None) == (output is None):
        raise click.UsageError("export writes one file: nextchar export MODEL -o OUT.arpa; - for standard output.")
    output = target if output is None else output
    assert output is not None
    what = _WHAT.get(Path(output).suffix.lower(), "the ARPA file")
    check_target(output, (model,), what, binary=output.endswith(".gz"))
    ending = _ending(output)
    if title is not None and ending != ".html":
        raise click.UsageError("--title goes with a web page, OUT.html.")
    if ending == ".arpa":
        _export_arpa(model, output, as_json)
    else:
        _export_code(model, output, ending, title, as_json)


def _ending(output: str) -> str:
    """What kind of file a target is: ".html", ".mjs" or ".arpa", which pipes and devices are too."""
    if not holds_file(output):
        return ".arpa"
    name = output.lower()
    if Path(name).suffix in _WHAT:
        return Path(name).suffix
    if re.search(r"\.arpa(\.\w+)?$", name):  # of a compression that there is not, the library says more
        return ".arpa"
    raise click.UsageError(
        f"{output}: the ending says what is written: .arpa or .arpa.gz for an ARPA file, .html for a web page, .mjs "
        "for an ES module."
    )


def _export_code(model: str, output: str, ending: str, title: str | None, as_json: bool) -> None:
    from nextchar.automata.automaton_reader import AutomatonReader
    from nextchar.errors import SettingsError
    from nextchar.models.registry import load
    from nextchar.tasks.export import export_module, export_page

    loaded = load(model)
    if not isinstance(loaded, AutomatonReader):
        raise SettingsError(
            f"{model} is a model of kind {loaded.kind}, which is no finite automaton; make a table of it first: "
            f"nextchar compile {shlex.quote(model)} FILE -o table.safetensors, with the FILE that it was trained on"
        )
    done = export_page(loaded, output, title=title) if ending == ".html" else export_module(loaded, output)
    if not done.knows_items:
        note("Note: the model has not kept which items it was trained on; new ones cannot be asked for.")
    if as_json:
        echo_json({"output": output, "bytes": done.size, "states": done.states, "knows_items": done.knows_items})
    else:
        what = _WHAT[ending].removeprefix("the ")
        size = f"{done.size / 1000:,.0f} KB"
        echo(f"{name_of_target(output)}: written, {what}, {size}, {thousands(done.states, 'state')}")


def _export_arpa(model: str, output: str, as_json: bool) -> None:
    from nextchar.models.ngram.arpa import write_arpa
    from nextchar.models.registry import load

    loaded = load(model)
    with training_progress("writing") as progress:
        if is_standard_output(output) and not shows_all():
            summary = _shown(loaded, progress)
        else:
            summary = write_arpa(loaded, output, progress=progress)
    if summary.zeros:
        note(
            f"Note: the model holds some n-grams impossible; {thousands(summary.zeros, 'number')} {are(summary.zeros)} "
            "-99, which stands for log 0 and which some programs take for a very small probability."
        )
    if as_json:
        echo_json({"output": output, "ngrams": list(summary.ngrams), "zeros": summary.zeros})
    else:
        echo(f"{name_of_target(output)}: written, {_counted(summary.ngrams)}")


@click.command("import", short_help="Make a model from an ARPA file.")
@click.argument("source", metavar="IN.arpa")
@model_output_option()
@click.option("--encoding", default="utf-8", show_default=True, help="The character encoding of the input.")
@text_options
@graphemes_option
@json_option
def import_(
    source: str, output: str, encoding: str, lower: bool, nfc: bool, strip: bool, graphemes: bool, as_json: bool
) -> None:
    """Make a model from an ARPA file of characters, such as KenLM's lmplz writes, and write it to MODEL.

    IN.arpa may be - for standard input, compressed (.gz, .bz2, .xz, .zst), or a URL. Its words are single characters,
    or stand for one as <U+0020> and <space> do for a blank. --lower, --nfc and --strip say what is done to the text
    that the model is given later, and with --graphemes a word may be what readers see as one character.
    """
    from nextchar.data.format import Format
    from nextchar.errors import CorpusError
    from nextchar.models.ngram.arpa import read_arpa

    try:
        Format(encoding=encoding)
    except CorpusError as error:
        raise click.BadParameter(str(error), param_hint="'--encoding'") from None
    check_target(output, (source,))
    model = read_arpa(source, encoding=encoding, options=text_options_from(lower, nfc, strip, graphemes))
    model.save(output)
    assert model.metrics.imported is not None
    ngrams = model.metrics.imported.ngrams
    if as_json:
        echo_json({"model": model.kind, "alphabet_size": model.alphabet.size, "order": len(ngrams), "ngrams": ngrams})
    else:
        echo(f"{model.kind} (order {len(ngrams)}), alphabet of {thousands(model.alphabet.size, 'symbol')}")
        echo(f"{name_of_target(output)}: written, {_counted(ngrams)}")


def _shown(model: Model, progress: Callable[[Report], None] | None) -> ArpaSummary:
    """Print an ARPA file on a terminal that has not all characters."""
    from nextchar.models.ngram.arpa import write_arpa

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.arpa"
        summary = write_arpa(model, path, progress=progress)
        with path.open(encoding="utf-8", newline="") as written:
            while text := written.read(1 << 16):
                write_text(text)
    return summary


def _counted(ngrams: tuple[int, ...]) -> str:
    return f"{sum(ngrams):,} n-grams of order{'s 1 to' if len(ngrams) > 1 else ''} {len(ngrams)}"
