"""The command `sample`."""

from __future__ import annotations

from typing import Any

import click

from nextchar.cli._options import json_option, model_argument
from nextchar.cli._run import echo_json, note, write_text

__all__ = ["sample"]


@click.command(short_help="Write new items.")
@model_argument
@click.option("-n", "count", type=int, default=10, show_default=True, help="How many items.")
@click.option("--seed", type=int, metavar="S", help="The same seed gives the same items everywhere.")
@click.option(
    "--stream",
    type=click.Choice(["nextchar", "torch1"]),
    default="nextchar",
    show_default=True,
    help="Where the draws come from; torch1 repeats the lecture's, made with torch before 2.0.",
)
@click.option("--temperature", type=float, default=1.0, show_default=True, help="Below 1 more cautious; 0 is greedy.")
@click.option("--top-k", type=int, metavar="K", help="Only the K most probable symbols.")
@click.option("--top-p", type=float, metavar="P", help="Only the most probable symbols that together reach P.")
@click.option("--prefix", default="", help="What every item starts with.")
@click.option("--min-length", type=int, metavar="A", help="At least so many characters.")
@click.option("--max-length", type=int, metavar="B", help="At most so many characters; the item ends there.")
@click.option("--new", is_flag=True, help="Leave out items of the training data.")
@click.option("--distinct", is_flag=True, help="No item twice.")
@json_option
def sample(model: str, count: int, as_json: bool, **wishes: Any) -> None:
    """Write new items, one a line, from MODEL.

    With --json one line for each: {"item", "nats", "symbols"}.
    """
    from nextchar.decoding import Plan
    from nextchar.evaluation import score_corpus
    from nextchar.models.build import load

    plan = Plan(**wishes)
    loaded = load(model)
    samples = loaded.draw(count, plan)
    if as_json:
        for score in score_corpus(loaded, samples.corpus):
            echo_json({"item": score.item, "nats": score.nats, "symbols": score.symbols}, lines=True)
    else:
        write_text(samples.corpus.text())
    if samples.missing:
        note(f"Note: {samples.explain_missing()}.")
