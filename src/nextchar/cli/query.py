"""The commands that answer exactly, for models that are finite automata: `prob`, `top`, `complete` and `fill`."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import click

from nextchar.cli._options import (
    constraint_from,
    constraint_options,
    json_option,
    model_argument,
    training_data,
)
from nextchar.cli._output import echo, echo_json, note, print_table
from nextchar.data.display import thousands, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nextchar.automata.conditional import Conditional, Item
    from nextchar.core.model import Model

__all__ = ["complete", "fill", "prob", "top"]


@click.command(short_help="How probable items of a kind are.")
@model_argument
@constraint_options
@json_option
def prob(model: str, as_json: bool, **conditions: Any) -> None:
    """The exact probability that an item of MODEL meets all the conditions, and what such items are like.

    For models that are finite automata (ngram, bigram-net and what is made of them). The empty item counts with
    --min-length 0 only, and what the text options that MODEL was trained with would change is no item of it, so that
    without any condition less than 1 comes out.
    """
    found = _given(model, **conditions)
    document = {
        "probability": found.probability,
        "nats": -found.log_probability,
        "one_in": math.exp(min(-found.log_probability, 700.0)),
        "mean_length": found.mean_length,
        "entropy_nats": found.entropy,
    }
    if as_json:
        echo_json(document)
        return
    rows = [
        ("probability", f"{found.probability:.6g}"),
        ("one in", f"{document['one_in']:,.6g}" if document["one_in"] >= 1e15 else f"{document['one_in']:,.2f}"),
        ("mean length", f"{found.mean_length:.4f}"),
        ("entropy, nats an item", f"{found.entropy:.4f}"),
    ]
    print_table(["measure", "value"], rows, right=["value"])


@click.command(short_help="The most probable items, in order.")
@model_argument
@click.option("-n", "count", type=click.IntRange(min=1), default=10, show_default=True, help="How many items.")
@constraint_options
@json_option
def top(model: str, count: int, as_json: bool, **conditions: Any) -> None:
    """The most probable items of MODEL that meet the conditions, in order, none twice, with their exact probabilities.

    For models that are finite automata (ngram, bigram-net and what is made of them). The empty item counts with
    --min-length 0 only, and what text options would change never. With --json one line for each:
    {"item", "nats", "probability", "share"}, the share being that among the items that meet the conditions; it is left
    out where --new goes by fingerprints alone.
    """
    found = _given(model, **conditions)
    _print_items(found, found.top(count), count, as_json)


@click.command(short_help="How an item may go on.")
@model_argument
@click.argument("prefix", required=False)
@click.option(
    "--prompt-file", metavar="FILE", help="Of a model of texts: the PREFIX, of any length; - for standard input."
)
@click.option("-n", "count", type=click.IntRange(min=1), default=10, show_default=True, help="How many of each.")
@click.option(
    "--length", type=click.IntRange(min=1), metavar="N", help="Of a model of texts: how far to go on.  [default: 20]"
)
@click.option(
    "--adaptive",
    is_flag=True,
    help="Of a model of texts: learn from PREFIX, and of each text from its beginning; MODEL itself stays as it is.",
)
@json_option
def complete(
    model: str,
    prefix: str | None,
    prompt_file: str | None,
    count: int,
    length: int | None,
    adaptive: bool,
    as_json: bool,
) -> None:
    """The symbols that may follow PREFIX, and the most probable whole items that start with it.

    The shares are probabilities given PREFIX. The end of the item is shown as a dot. For models that are finite
    automata. Of any model that was trained with --text: the symbols, and the most probable ways to go on by --length
    characters, found by beam search; with --json {"prefix", "next", "texts": [{"text", "nats", "share", "ended"}]}.
    """
    from nextchar.automata.conditional import given, next_symbols
    from nextchar.models.registry import load

    if (prefix is None) == (prompt_file is None):
        raise click.UsageError("give PREFIX, or --prompt-file of a model of texts.")
    loaded = load(model)
    if loaded.provenance.options.whole_files:
        _complete_text(loaded, prefix, prompt_file, count, length or 20, adaptive, as_json)
        return
    if prefix is None or length is not None or adaptive:
        option = "--prompt-file" if prefix is None else "--length" if length is not None else "--adaptive"
        raise click.UsageError(f"{option} is for models that were trained with --text; {model} has items.")
    found = given(loaded, prefix=prefix)
    symbols = next_symbols(found, prefix)[:count]
    items = list(found.top(count))
    if as_json:
        echo_json(
            {
                "prefix": prefix,
                "probability": found.probability,
                "next": [{"symbol": symbol, "share": share} for symbol, share in symbols],
                "items": [_document(item, found) for item in items],
            }
        )
        return
    echo(f"{prefix!r} starts an item with probability {found.probability:.6g}")
    left = [(symbol, f"{share:.4f}") for symbol, share in symbols]
    right = [(item.text, f"{item.share:.4f}") for item in items]
    rows = [(*one, *other) for one, other in itertools.zip_longest(left, right, fillvalue=("", ""))]
    print_table(["next", "share", "item", "share "], rows, right=["share", "share "])


def _complete_text(
    model: Model, prefix: str | None, prompt_file: str | None, count: int, length: int, adaptive: bool, as_json: bool
) -> None:
    """What may follow a text."""
    from nextchar.cli._texts import TextWishes, prompt_from
    from nextchar.core.continuations import continuations, next_shares

    text = prompt_from(model, TextWishes(prefix, prompt_file, None, None), {})
    reader = model.reader(adaptive=adaptive)
    reader.skip(reader.encode(text, "the prefix" if prompt_file is None else prompt_file))
    symbols = next_shares(reader)[:count]
    texts = [(*found, math.exp(-found.nats)) for found in continuations(reader, count, length=length)]
    if as_json:
        echo_json(
            {
                "prefix": text,
                "next": [{"symbol": symbol, "share": share} for symbol, share in symbols],
                "texts": [
                    {"text": text, "nats": nats, "share": share, "ended": ended} for text, nats, ended, share in texts
                ],
            }
        )
        return
    left = [(visible(symbol), f"{share:.4f}") for symbol, share in symbols]
    right = [
        (visible(text) + (model.alphabet.boundary_sign if ended else ""), f"{share:.4f}")
        for text, _, ended, share in texts
    ]
    rows = [(*one, *other) for one, other in itertools.zip_longest(left, right, fillvalue=("", ""))]
    print_table(["next", "share", "text", "share "], rows, right=["share", "share "])


@click.command(short_help="Fill the gaps of an item.")
@model_argument
@click.argument("text")
@click.option("-n", "count", type=click.IntRange(min=1), default=10, show_default=True, help="How many items.")
@click.option("--gap", default="_", show_default=True, metavar="CHAR", help="What stands for one missing character.")
@json_option
def fill(model: str, text: str, count: int, gap: str, as_json: bool) -> None:
    """The most probable items like TEXT, in which each _ is one missing character: nextchar fill MODEL mar__a.

    The shares are probabilities given what is there. For models that are finite automata.
    """
    if len(gap) != 1:
        raise click.UsageError("--gap takes one character.")
    from nextchar.automata.conditional import gaps_pattern, given
    from nextchar.models.registry import load

    found = given(load(model), match=gaps_pattern(text, gap))
    _print_items(found, found.top(count), count, as_json)


def _given(path: str, *, new: bool, data_files: Sequence[str], **conditions: Any) -> Conditional:
    from nextchar.automata.conditional import given
    from nextchar.models.registry import load

    loaded = load(path)
    data = training_data(loaded, data_files, new, reading=conditions["reading"])
    return given(loaded, constraint_from(loaded, **conditions), new=new, data=data)


def _document(item: Item, found: Conditional) -> dict[str, Any]:
    share = {} if found.known is not None else {"share": item.share}
    return {"item": item.text, "nats": item.nats, "probability": item.probability, **share}


def _print_items(found: Conditional, items: Iterable[Item], wanted: int, as_json: bool) -> None:
    written = 0
    for item in items:
        if as_json:
            echo_json(_document(item, found), lines=True)
        else:
            if not written:
                echo("probability       share  item")
            share = f"{item.share:11.6f}" if found.known is None else f"{'-':>11}"
            echo(f"{item.probability:11.4e} {share}  {visible(item.text)}")
        written += 1
    if written < wanted:
        note(f"Note: there {'is' if written == 1 else 'are'} no more than {thousands(written, 'such item')}.")
