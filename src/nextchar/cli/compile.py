"""The command `compile`: a net as a table of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nextchar.cli._options import input_options, json_option, model_argument
from nextchar.cli._output import echo, echo_json, note
from nextchar.cli._progress import training_progress
from nextchar.cli._targets import check_target, model_output_option
from nextchar.data.display import thousands
from nextchar.data.writing import name_of_target

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.data.format import Format

__all__ = ["compile_"]


@click.command("compile", short_help="Make a table of a net, for speed and exact answers.")
@model_argument
@click.argument("files", nargs=-1, metavar="[FILE...]")
@model_output_option(metavar="FAST")
@click.option(
    "--context",
    type=click.IntRange(min=1),
    metavar="N",
    help="Symbols that a state remembers.  [default: as many as MODEL looks back, if that is a fixed number]",
)
@input_options
@json_option
def compile_(
    model: str,
    files: tuple[str, ...],
    output: str,
    context: int | None,
    format_: Format,
    as_json: bool,
) -> None:
    """Make a finite automaton of MODEL: a table of its predictions in each context that occurs in the FILEs.

    The FILEs hold what MODEL was trained on, or what it has written. A step is then one look-up, and what only automata
    can do works: prob, top, complete, fill, and exact sampling with any conditions. For a net that looks back a fixed
    number of symbols (mlp, wavenet) the rows of these contexts are exact; in other contexts the longest suffix that
    occurs is used, with the mean of the rows of the contexts that end with it. With --context N any model is compiled,
    approximately: all contexts with the same last N symbols share one row, their mean.

    A model of counts is an automaton already. Without a FILE it is written as such: a larger file, of which nothing has
    to be made when it is opened. One of 64 MiB and more is mapped into memory, and processes that use it share it.
    """
    check_target(output, (*files, model))
    from nextchar.automata.tabulation import tabulate
    from nextchar.data.corpus import Corpus
    from nextchar.models.registry import load

    loaded = load(model)
    if not files:
        _store(loaded, model, output, format_, context, as_json)
        return
    items = Corpus.read(
        files,
        format_,
        options=loaded.provenance.options,
        alphabet=loaded.alphabet,
    )
    with training_progress("compiling") as progress:
        made = tabulate(loaded, items, context=context, progress=progress)
    made.model.save(output)
    if not made.exact:
        note(
            f"Note: {model} looks back further than {made.context} symbols; contexts that agree in these have one row, "
            "the mean."
        )
    document = {
        "model": made.model.kind,
        "from": loaded.kind,
        "context": made.context,
        "contexts": made.contexts,
        "states": made.states,
        "exact": made.exact,
    }
    if as_json:
        echo_json(document)
    else:
        echo(
            f"{name_of_target(output)}: written; {loaded.kind}, {thousands(made.contexts, 'context')} of up to "
            f"{thousands(made.context, 'symbol')}, {thousands(made.states, 'state')}"
        )


def _store(loaded: Model, name: str, output: str, format_: Format, context: int | None, as_json: bool) -> None:
    """Write a model that is an automaton as such."""
    from nextchar.automata.automaton_reader import AutomatonReader
    from nextchar.automata.stored_model import stored
    from nextchar.data.format import Format

    if not isinstance(loaded, AutomatonReader):
        raise click.UsageError(f"{name} is a model of kind {loaded.kind}; give a FILE of items, whose contexts count.")
    if context is not None or format_ != Format():
        raise click.UsageError("--context and what says how to read go with a FILE.")
    made = stored(loaded)
    made.save(output)
    states = made.machine.size
    if as_json:
        echo_json({"model": made.kind, "from": loaded.kind, "states": states, "exact": True})
    else:
        echo(f"{name_of_target(output)}: written; {loaded.kind}, {thousands(states, 'state')}")
