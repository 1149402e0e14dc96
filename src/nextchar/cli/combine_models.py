"""The commands that make models from models: `blend` and `update`."""

from __future__ import annotations

from pathlib import Path

import click

from nextchar.cli._options import format_from, input_options, json_option, model_argument
from nextchar.cli._output import echo_json

__all__ = ["blend", "update"]


@click.command(short_help="Make one model of two.")
@click.argument("first", type=click.Path(), metavar="A")
@click.argument("second", type=click.Path(), metavar="B")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="MODEL", help="Where to write the model.")
@click.option("--weight", type=float, metavar="W", help="Of B's probabilities; A's is 1 - W.  [default: 0.5]")
@click.option("--counts", is_flag=True, help="Add the counts: the model of both training data together.")
@json_option
def blend(first: str, second: str, output: str, weight: float | None, counts: bool, as_json: bool) -> None:
    """Blend the models A and B, symbol by symbol: (1 - W) p_A + W p_B. The result is a finite automaton again.

    For models that are finite automata, of one alphabet. With --counts two ngram models of one order become the model
    that their training data would have made together, with A's settings.
    """
    if counts and weight is not None:
        raise click.UsageError("--counts adds the counts as they are; --weight goes with probabilities.")
    from nextchar.automata.interpolation import blend as mix
    from nextchar.automata.interpolation import merge
    from nextchar.models.registry import load

    one, two = load(first), load(second)
    made = merge(one, two) if counts else mix(one, two, 0.5 if weight is None else weight)
    made.save(output)
    document = {"model": made.kind, "items": made.provenance.items, "alphabet_size": made.alphabet.size}
    if as_json:
        echo_json(document)
    else:
        click.echo(f"{output}: written; {made.kind}, from {made.provenance.items:,} items")


@click.command(short_help="Teach a count model more items.")
@model_argument
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", type=click.Path(), metavar="MODEL", help="Write there.  [default: MODEL itself]")
@input_options
@json_option
def update(
    model: str,
    files: tuple[str, ...],
    output: str | None,
    column: str | None,
    weight: str | None,
    encoding: str,
    as_json: bool,
) -> None:
    """Add the items of the FILEs to an ngram MODEL: it becomes the one that all data together would have made.

    New characters join its alphabet.
    """
    from nextchar.automata.interpolation import update as renew
    from nextchar.data.corpus import Corpus
    from nextchar.models.registry import load

    loaded = load(model)
    format_ = format_from(column, weight, encoding)
    items = Corpus.from_file(
        *files,
        column=format_.column,
        weight=format_.weight,
        encoding=format_.encoding,
        options=loaded.provenance.options,
    )
    made = renew(loaded, items)
    target = output or model
    made.save(target)
    document = {"added": len(items), "items": made.provenance.items, "alphabet_size": made.alphabet.size}
    if as_json:
        echo_json(document)
    else:
        click.echo(f"{Path(target)}: written; {len(items):,} items more, {made.provenance.items:,} in all")
