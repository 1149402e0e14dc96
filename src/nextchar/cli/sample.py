"""The command `sample`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from nextchar.cli._options import (
    constraint_from,
    constraint_options,
    json_option,
    model_argument,
    training_data,
)
from nextchar.cli._output import json_line, note, tsv_field
from nextchar.cli._streams import write_rows, written_whole
from nextchar.cli._targets import check_target, output_option
from nextchar.cli._texts import TextWishes, prompt_from, text_options, write_texts

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.data.corpus import Corpus

__all__ = ["sample"]

MOST_SORTED: Final = 10_000_000  # items, which take some 2 GB


@click.command(short_help="Write new items.")
@model_argument
@click.option("-n", "count", type=int, help="How many items, or texts.  [default: 10 items, 1 text]")
@text_options
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
@click.option(
    "--min-distance",
    type=int,
    default=0,
    metavar="N",
    help="At least N edits away from every item of --not-in, and of the training data unless --not-in stands alone.",
)
@click.option("--look-ahead", metavar="MODEL", help="A count model that guides one that is no finite automaton.")
@click.option("--distinct", is_flag=True, help="No item twice.")
@click.option(
    "--sort",
    "order",
    type=click.Choice(["probability", "alphabet"]),
    is_flag=False,
    flag_value="probability",
    help="Most probable first (also without a value), or by alphabet.  [default: as drawn]",
)
@click.option("--tsv", "as_tsv", is_flag=True, help="Print item, nats and symbols, with tabs between them.")
@json_option
@output_option("Where to write the items.")
def sample(
    model: str,
    count: int | None,
    prompt: str | None,
    prompt_file: str | None,
    length: int | None,
    until: str | None,
    adaptive: bool,
    seed: int | None,
    stream: Literal["nextchar", "torch1", "torch2"],
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    look_ahead: str | None,
    distinct: bool,
    new: bool,
    min_distance: int,
    data_files: tuple[str, ...],
    order: str | None,
    as_tsv: bool,
    as_json: bool,
    output: str,
    **conditions: Any,
) -> None:
    r"""Write new items, one a line, from MODEL; or with --prompt, --length or --until texts.

    A text goes on after the prompt and is written with it, as it is drawn. With --length so many characters come: its
    end, which a model may give some probability anywhere, is left out of the draws. Without, it ends where MODEL ends
    it, or after 1,000 characters. A model that was trained with --text writes texts. Several (-n) have a line with a %
    between them. With --adaptive MODEL (context-mixing) learns from the prompt and from what it writes, as it goes;
    each of several texts learns from the prompt and itself.

    From models that are finite automata (ngram, bigram-net and what is made of them) the items come exactly as often
    as among all items that meet the conditions, without drawing any in vain. Temperature, top-k and top-p reshape the
    model before that. From other models (nets, mixtures) every item meets the conditions, but how often each comes is
    approximate, the better the more alike the count model given by --look-ahead. The streams of torch go symbol by
    symbol instead: what is not allowed is left out of each row, and at --max-length the item ends.

    The empty item is none of MODEL's unless --min-length 0 is given (with the streams of torch it is one); nor is what
    the text options that MODEL was trained with would change, an outer blank say.

    --new and --min-distance need the training data where the model has not kept enough of it: give it with --data.
    An edit inserts, deletes or replaces a character.

    With --json one line for each: {"item", "nats", "symbols"}. With --tsv the same in columns, without a header; in an
    item a tab is written \t, a line end \n or \r, a backslash \\. nats is -log p under MODEL as it is, and symbols
    counts the end. Of texts: {"prompt", "text" after it, "nats" and "symbols" of it, "ended": "length", "until" or
    "end"}.
    """
    if as_json and as_tsv:
        raise click.UsageError("--json and --tsv exclude each other.")
    from nextchar.core.plan import Plan
    from nextchar.models.registry import load

    plan = Plan(
        seed=seed,
        stream=stream,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        distinct=distinct,
        new=new,
        min_distance=min_distance,
    )
    if order is not None and count is not None and count > MOST_SORTED and not distinct:
        raise click.UsageError(f"--sort keeps all items in memory: with it -n is at most {MOST_SORTED:,}, not {count}.")
    inputs = (model, *data_files, *conditions["not_in"], *([] if prompt_file in (None, "-") else [prompt_file]))
    check_target(output, inputs, "the items", binary=False)
    wishes = TextWishes(prompt, prompt_file, length, until, adaptive)
    of_items = _of_items(conditions, new, min_distance, data_files, look_ahead, distinct, order, stream)
    if wishes.given and of_items:
        raise click.UsageError(f"{of_items} is for items, and {wishes.given} writes texts.")
    if prompt is not None and prompt_file is not None:
        raise click.UsageError("--prompt and --prompt-file exclude each other.")
    loaded = load(model)
    if wishes.given or (loaded.provenance.options.whole_files and not of_items):
        text = prompt_from(loaded, wishes, conditions["reading"])
        many = 1 if count is None else count
        write_texts(loaded, plan, wishes, text, many, output, as_json=as_json, as_tsv=as_tsv)
        return
    count = 10 if count is None else count
    items = loaded.drawing(
        count,
        plan,
        constraint_from(loaded, **conditions),
        data=training_data(
            *(loaded, data_files, new or min_distance > 0), "--new or --min-distance", conditions["reading"]
        ),
        look_ahead=None if look_ahead is None else load(look_ahead),
    )
    parts = items if order is None else _sorted(loaded, items, order)
    write_rows(output, (_rows(loaded, part, as_json, as_tsv) for part in written_whole(parts)), as_json)
    if items.missing:
        note(f"Note: {items.explain_missing()}.")


def _of_items(
    conditions: dict[str, Any],
    new: bool,
    min_distance: int,
    data_files: tuple[str, ...],
    look_ahead: str | None,
    distinct: bool,
    order: str | None,
    stream: str,
) -> str | None:
    """The first option that was given for items alone; None for none."""
    given: dict[str, object] = {
        **{name: value for name, value in conditions.items() if name != "reading"},
        "new": new,
        "min-distance": min_distance,
        "data": data_files,
        "look-ahead": look_ahead,
        "distinct": distinct,
        "sort": order,
        "stream": stream != "nextchar",
        "column": "column" in conditions["reading"],
        **{f"{end}-length": conditions[f"{end}_length"] is not None for end in ("min", "max")},
    }
    return next((f"--{name.replace('_', '-')}" for name, value in given.items() if value), None)


def _sorted(model: Model, parts: Iterator[Corpus], order: str) -> Iterator[Corpus]:
    """All items in the order that is asked for; equally probable ones by alphabet."""
    import numpy as np

    from nextchar.data.corpus import Corpus

    kept: list[Corpus] = []
    for part in parts:
        kept.append(part)
        if sum(map(len, kept)) > MOST_SORTED:
            raise click.UsageError(
                f"--sort keeps all items in memory, and here are more than {MOST_SORTED:,}; ask for fewer (-n)."
            )
    if not kept:
        return
    corpus = Corpus.concatenate(kept)
    items = list(corpus)
    if order == "alphabet":
        yield corpus.take(np.array(sorted(range(len(items)), key=items.__getitem__)))
    else:
        nats = model.nats(corpus).tolist()
        yield corpus.take(np.array(sorted(range(len(items)), key=lambda i: (nats[i], items[i]))))


def _rows(model: Model, corpus: Corpus, as_json: bool, as_tsv: bool) -> bytes:
    """Items as they are printed, with or without their -log p; between texts the line that divides them in a file."""
    if not (as_json or as_tsv):
        separator = model.provenance.options.separator
        text = corpus.text() if separator is None else "".join(f"{item}\n{separator}\n" for item in corpus)
        return text.encode("utf-8", "backslashreplace")
    columns = zip(corpus, model.nats(corpus).tolist(), (corpus.lengths + 1).tolist(), strict=True)
    if as_json:
        lines = [json_line({"item": item, "nats": nats, "symbols": symbols}) for item, nats, symbols in columns]
    else:
        lines = [f"{tsv_field(item)}\t{nats + 0.0:.6f}\t{symbols}\n" for item, nats, symbols in columns]
    return "".join(lines).encode("utf-8", "backslashreplace")
