"""The command `sample`."""

from __future__ import annotations

from typing import Any

import click

from nextchar.cli._options import condition_from, json_option, model_argument, more_wish_options, training_data
from nextchar.cli._output import echo_json, note, warnings_as_notes, write_text

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
@click.option("--min-length", type=int, metavar="A", help="At least so many characters.  [default: 1]")
@click.option("--max-length", type=int, metavar="B", help="At most so many characters.")
@more_wish_options
@click.option("--look-ahead", metavar="COUNTS", help="A count model that guides one that is no finite automaton.")
@click.option("--new", is_flag=True, help="Leave out items of the training data.")
@click.option("--distinct", is_flag=True, help="No item twice.")
@json_option
def sample(
    model: str,
    count: int,
    as_json: bool,
    match: tuple[str, ...],
    suffix: str,
    contains: tuple[str, ...],
    allowed: str | None,
    not_in: tuple[str, ...],
    data_files: tuple[str, ...],
    look_ahead: str | None,
    **wishes: Any,
) -> None:
    """Write new items, one a line, from MODEL.

    From models that are finite automata (ngram, bigram-net and what is made of them) the items come exactly as often
    as among all items that meet the wishes, without drawing any in vain. Temperature, top-k and top-p reshape the
    model before that. From other models (nets, mixtures) every item meets the wishes, but how often each comes is
    approximate, the better the more alike the count model given by --look-ahead. The stream torch1 goes symbol by
    symbol instead: what is not allowed is left out of each row, and at --max-length the item ends.

    With --json one line for each: {"item", "nats", "symbols"}.
    """
    from nextchar.automata.automaton_model import AutomatonModel
    from nextchar.automata.constrained_sampling import draw_wanted
    from nextchar.core.plan import Plan
    from nextchar.core.scoring import score_corpus
    from nextchar.models.registry import load

    plan = Plan(**wishes)
    loaded = load(model)
    data = training_data(loaded, data_files, plan.new)
    more = any((match, suffix, contains, allowed is not None, not_in, data is not None, look_ahead is not None))
    if plan.stream == "torch1" and more:
        raise click.UsageError(
            "--stream torch1 has no --match, --suffix, --contains, --allowed, --not-in and --data; the stream "
            "nextchar has them."
        )
    lengths = plan.shortest > 1 or plan.max_length is not None
    if more or (lengths and plan.stream == "nextchar" and isinstance(loaded, AutomatonModel)):
        condition = condition_from(
            loaded,
            match=match,
            prefix=plan.prefix,
            suffix=suffix,
            contains=contains,
            allowed=allowed,
            not_in=not_in,
            min_length=plan.shortest,
            max_length=plan.max_length,
        )
        guide = None if look_ahead is None else load(look_ahead)
        with warnings_as_notes():
            samples = draw_wanted(loaded, count, plan, condition, data=data, guide=guide)
    else:
        samples = loaded.draw(count, plan)
    if as_json:
        for score in score_corpus(loaded, samples.corpus):
            echo_json({"item": score.item, "nats": score.nats, "symbols": score.symbols}, lines=True)
    else:
        write_text(samples.corpus.text())
    if samples.missing:
        note(f"Note: {samples.explain_missing()}.")
