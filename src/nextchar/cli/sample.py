"""The command `sample`."""

from __future__ import annotations

from typing import Any, Literal

import click

from nextchar.cli._options import (
    constraint_from,
    constraint_options,
    json_option,
    model_argument,
    training_data,
)
from nextchar.cli._output import echo_json, note, write_text

__all__ = ["sample"]


@click.command(short_help="Write new items.")
@model_argument
@click.option("-n", "count", type=int, default=10, show_default=True, help="How many items.")
@click.option("--seed", type=int, metavar="S", help="The same seed gives the same items everywhere.")
@click.option(
    "--stream",
    type=click.Choice(["nextchar", "torch1", "torch2"]),
    default="nextchar",
    show_default=True,
    help="Where the draws come from; torch1 repeats the lecture's, made with torch before 2.0, "
    "torch2 what its code writes under torch 2, which has to be installed.",
)
@click.option("--temperature", type=float, default=1.0, show_default=True, help="Below 1 more cautious; 0 is greedy.")
@click.option("--top-k", type=int, metavar="K", help="Only the K most probable symbols.")
@click.option("--top-p", type=float, metavar="P", help="Only the most probable symbols that together reach P.")
@constraint_options
@click.option("--look-ahead", metavar="COUNTS", help="A count model that guides one that is no finite automaton.")
@click.option("--distinct", is_flag=True, help="No item twice.")
@json_option
def sample(
    model: str,
    count: int,
    seed: int | None,
    stream: Literal["nextchar", "torch1", "torch2"],
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    look_ahead: str | None,
    distinct: bool,
    new: bool,
    data_files: tuple[str, ...],
    as_json: bool,
    **conditions: Any,
) -> None:
    """Write new items, one a line, from MODEL.

    From models that are finite automata (ngram, bigram-net and what is made of them) the items come exactly as often
    as among all items that meet the conditions, without drawing any in vain. Temperature, top-k and top-p reshape the
    model before that. From other models (nets, mixtures) every item meets the conditions, but how often each comes is
    approximate, the better the more alike the count model given by --look-ahead. The streams of torch go symbol by
    symbol instead: what is not allowed is left out of each row, and at --max-length the item ends.

    The empty item is none of MODEL's unless --min-length 0 is given (with the streams of torch it is one); nor is what
    the text options that MODEL was trained with would change, an outer blank say.

    With --json one line for each: {"item", "nats", "symbols"}.
    """
    from nextchar.core.plan import Plan
    from nextchar.core.scoring import score_corpus
    from nextchar.models.registry import load

    plan = Plan(seed=seed, stream=stream, temperature=temperature, top_k=top_k, top_p=top_p, distinct=distinct, new=new)
    loaded = load(model)
    samples = loaded.draw(
        count,
        plan,
        constraint_from(loaded, **conditions),
        data=training_data(loaded, data_files, new),
        look_ahead=None if look_ahead is None else load(look_ahead),
    )
    if as_json:
        for score in score_corpus(loaded, samples.corpus):
            echo_json({"item": score.item, "nats": score.nats, "symbols": score.symbols}, lines=True)
    else:
        write_text(samples.corpus.text())
    if samples.missing:
        note(f"Note: {samples.explain_missing()}.")
