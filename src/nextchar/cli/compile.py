"""The command `compile`: a mix or a net as a finite automaton."""

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


@click.command("compile", short_help="Make an automaton of a mix or a net, for exact answers.")
@model_argument
@click.argument("files", nargs=-1, metavar="[FILE...]")
@model_output_option(metavar="FAST")
@click.option(
    "--context",
    type=click.IntRange(min=1),
    metavar="N",
    help="Symbols that a state remembers.  [default: as many as MODEL looks back, if that is a fixed number]",
)
@click.option(
    "--states",
    type=click.IntRange(min=1),
    metavar="N",
    help="Without a FILE: how many likely beginnings have MODEL's own predictions.  [default: 500000]",
)
@input_options
@json_option
def compile_(
    model: str,
    files: tuple[str, ...],
    output: str,
    context: int | None,
    states: int | None,
    format_: Format,
    as_json: bool,
) -> None:
    """Make a finite automaton of MODEL, for speed and exact answers.

    A step is then one look-up, and what only automata can do works: prob, top, complete, fill, and exact sampling with
    any conditions.

    Without a FILE the beginnings of items that MODEL finds most likely are kept, each with MODEL's own prediction; what
    it says elsewhere is the mean over what its items come to there. More --states come nearer to MODEL.

    FILEs, for a net that looks back a fixed number of symbols (mlp, wavenet), hold what MODEL was trained on or has
    written. The table has its predictions in each context that occurs in them, and these are exact; in other contexts
    the longest suffix that occurs is used, with the mean of the rows of the contexts that end with it. With --context N
    all contexts with the same last N symbols share one row, their mean.

    A model of counts is an automaton already, and is written as such: a larger file, of which nothing has to be made
    when it is opened. One of 64 MiB and more is mapped into memory, and processes that use it share it.
    """
    check_target(output, (*files, model))
    from nextchar.automata.tabulation import tabulate
    from nextchar.data.corpus import Corpus
    from nextchar.models.registry import load

    loaded = load(model)
    if not files:
        _without_items(loaded, model, output, format_, context, states, as_json)
        return
    if states is not None:
        raise click.UsageError("--states goes without a FILE.")
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


def _without_items(
    loaded: Model, name: str, output: str, format_: Format, context: int | None, states: int | None, as_json: bool
) -> None:
    """Write a model that is an automaton as such, another one by its likely beginnings."""
    from nextchar.automata.automaton_reader import AutomatonReader
    from nextchar.automata.distilling import STATES, distil
    from nextchar.automata.stored_model import stored
    from nextchar.data.format import Format

    if context is not None or format_ != Format():
        raise click.UsageError("--context and what says how to read go with a FILE.")
    exact = isinstance(loaded, AutomatonReader)
    if exact and states is not None:
        raise click.UsageError(f"{name} is a finite automaton already, with all its states; leave out --states.")
    if exact:
        made = stored(loaded)
    else:
        with training_progress("compiling") as progress:
            made = distil(loaded, states=states or STATES, progress=progress)
    made.save(output)
    size = made.machine.size
    if as_json:
        echo_json({"model": made.kind, "from": loaded.kind, "states": size, "exact": exact})
    else:
        echo(f"{name_of_target(output)}: written; {loaded.kind}, {thousands(size, 'state')}")
