"""The commands that judge texts: `classify`, and `calibrate` for what `score --flag` flags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from nextchar.cli._options import (
    file_or_texts,
    json_option,
    model_argument,
    share,
    texts_argument,
    unweighted_input_options,
)
from nextchar.cli._output import echo, echo_json, note, print_table
from nextchar.cli._streams import line_blocks, tsv_option, write_rows
from nextchar.cli._targets import check_target, model_output_option, output_option
from nextchar.data.display import thousands
from nextchar.errors import CorpusError

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.core.outlier_threshold import OutlierThreshold
    from nextchar.data.corpus import Corpus
    from nextchar.data.format import Format

__all__ = ["calibrate", "classify"]

HEADER: Final = b"probability  label         item\n"


@click.command(short_help="Which label each item has.")
@model_argument
@texts_argument
@click.option(
    *("--min-probability", "least"),
    type=share,
    metavar="P",
    help="Say ? below this probability.  [default: 0]",
)
@click.option(
    "--none-rate",
    type=share,
    metavar="P",
    help="Say ? of what is like the items of no label, and of no more than this share of those that have one.  "
    "[default: 0]",
)
@click.option("--label", metavar="NAME", help="With --column: the column of the true labels; report how good it is.")
@output_option("Write the answers there.")
@unweighted_input_options
@tsv_option
@json_option
def classify(
    model: str,
    texts: tuple[str, ...],
    least: float | None,
    none_rate: float | None,
    label: str | None,
    output: str,
    format_: Format,
    as_tsv: bool,
    as_json: bool,
) -> None:
    """The label of every line of FILE (or of standard input), or of TEXTs, with its probability, and the item.

    MODEL is a classifier: nextchar train FILE --column TEXT --label LABEL -o MODEL. With --label accuracy, log loss
    and calibration curve instead. There is one line of output for each line of input, in its order; a line that is
    blank, or that --errors lets pass, is no item and has - in place of a label. Answers come as lines do:
    `tail -f log | nextchar classify MODEL -` answers each line at once, and Ctrl-C ends it.

    \b
    --json  {"line": from 1, "item", "label", "probability", "probabilities":
            {...}, "typicality": the share of items held out in training that
            are at least as odd}. The label is null below --min-probability,
            and all but line and item where there is no result; "error" says
            why a line was refused.
    --tsv   line, item, label, probability; tabs between them, no header line.
            The label is empty below --min-probability, and both are where
            there is no result. In an item or a label a tab, a line end and a
            backslash are \\t, \\n, \\r and \\\\.
    """  # noqa: D301 - click reads the control character, not a backslash
    from dataclasses import replace

    from nextchar.tasks.classifier import Classifier

    if as_json and as_tsv:
        raise click.UsageError("--json and --tsv exclude each other.")
    if label is not None and format_.column is None:
        raise click.UsageError("--label needs --column, the column of the items.")
    if label is not None and as_tsv:
        raise click.UsageError("--tsv does not go with --label.")
    if label is not None and output != "-":
        raise click.UsageError("-o does not go with --label.")
    files, items = file_or_texts(texts, format_)
    file = files[0] if files else ""
    loaded = Classifier.load(model)
    if least is not None:
        loaded.set_params(least=least)
    if none_rate is not None:
        loaded.set_params(none_rate=none_rate)
    if label is not None:
        _measure(loaded, file, replace(format_, label=label), as_json)
        return
    from nextchar.cli._classified import Classified, Labels
    from nextchar.data.lines import lines_of_items, read_lines
    from nextchar.data.text_options import TextOptions

    check_target(output, [file, model], "the labels", binary=False)
    labels = Labels([str(each) for each in loaded.classes_])
    options, alphabet = loaded.options or TextOptions(), loaded.alphabet
    blocks = (
        read_lines(file, format_, options, alphabet)
        if items is None
        else lines_of_items(items, options, alphabet, format_.errors)
    )

    def rows() -> Iterator[bytes | memoryview]:
        begun = as_json or as_tsv
        for block in line_blocks(blocks, file):
            judged = loaded.judge([] if block.corpus is None else block.corpus, typicality=as_json)
            found = Classified.of(block, labels, judged)
            if not begun:
                yield HEADER
                begun = True
            yield found.json() if as_json else found.tsv() if as_tsv else found.table()

    write_rows(output, rows(), as_json)


def _measure(loaded: Any, file: str, format_: Format, as_json: bool) -> None:
    import numpy as np

    from nextchar.data.text_options import TextOptions
    from nextchar.tasks.calibration import log_loss, reliability
    from nextchar.tasks.labelled import read_labelled
    from nextchar.tasks.labels import label_places

    texts, names = read_labelled(file, format_, loaded.options or TextOptions())
    known = {str(label): label for label in loaded.classes_.tolist()}  # a table has numbers as texts
    labels = [known.get(name, name) for name in names]
    log_proba = loaded.predict_log_proba(texts)
    right = log_proba.argmax(axis=1) == label_places(loaded.classes_, labels)
    curve = reliability(np.exp(log_proba), loaded.classes_, labels)
    document = {
        "items": len(texts),
        "accuracy": float(right.mean()),
        "log_loss_nats": log_loss(log_proba, loaded.classes_, labels),
        "calibration": [{"said": said, "seen": seen, "items": n} for said, seen, n in curve],
    }
    if as_json:
        echo_json(document)
        return
    rows = [
        ("items", f"{len(texts):,}"),
        ("accuracy", f"{document['accuracy']:.4f}"),
        ("log loss, nats", f"{document['log_loss_nats']:.4f}"),
    ]
    print_table(["measure", "value"], rows, right=["value"])
    columns = ["probability said", "share right", "items"]
    print_table(columns, [(f"{a:.3f}", f"{b:.3f}", f"{n:,}") for a, b, n in curve], right=columns)


@click.command(short_help="Find the threshold for odd items.")
@model_argument
@click.argument("good")
@click.argument("bad", required=False)
@click.option(
    "--false-alarms", type=float, default=0.01, show_default=True, metavar="P", help="Share of good items flagged."
)
@model_output_option(default="MODEL itself")
@unweighted_input_options
@json_option
def calibrate(
    model: str,
    good: str,
    bad: str | None,
    false_alarms: float,
    output: str | None,
    format_: Format,
    as_json: bool,
) -> None:
    """Find the threshold above which an item is flagged from the items of GOOD, and save it in the model's file.

    The negative log-likelihood of an item is compared with that of good items of the same length, so that short ones
    raise no false alarms. Items of GOOD that the model was trained on are left out. With BAD, the report says how many
    of its items are caught.
    `score --flag` then flags.
    """
    from dataclasses import replace

    import numpy as np

    from nextchar.models.registry import load
    from nextchar.tasks.outliers import find_threshold, length_buckets

    target = model if output is None else output
    check_target(target, [good] if bad is None else [good, bad])
    loaded = load(model)
    read = _reader(loaded, format_)
    given = read(good)
    detector, items = find_threshold(loaded, given, false_alarms)
    left_out = len(given) - len(items)
    rows: list[tuple[str, int, float]] = []
    flags = _flags(loaded, detector, items)
    for first, last in length_buckets(items.lengths):
        inside = (items.lengths >= first) & (items.lengths <= last)
        if inside.any():
            rows.append((f"good, {first} to {last} characters", int(inside.sum()), float(flags[inside].mean())))
    if bad is not None:
        others = read(bad)
        rows.append(("bad", len(others), float(_flags(loaded, detector, others).mean())))
    loaded.with_metrics(replace(loaded.metrics, outliers=detector)).save(target)
    if left_out:
        note(f"Note: {thousands(left_out, 'item')} of {good} left out of the threshold: they are in the training data.")
    if as_json:
        shares = [{"items": name, "number": n, "flagged": share} for name, n, share in rows]
        echo_json({**detector.document(), "left_out": left_out, "shares": shares})
        return
    usual = np.array([round(float(items.lengths.mean())) + 1])
    odd = float(detector.limit(usual)[0])
    echo(f"threshold: {odd:.2f} standard deviations above good items of {usual[0] - 1} characters")
    columns = ["items", "number", "flagged"]
    print_table(columns, [(name, f"{n:,}", f"{share:.2%}") for name, n, share in rows], right=columns[1:])


def _reader(loaded: Model, format_: Format) -> Any:
    from nextchar.data.corpus import Corpus

    def read(source: str) -> Corpus:
        return Corpus.read([source], format_, options=loaded.provenance.options, alphabet=loaded.alphabet)

    return read


def _flags(loaded: Model, detector: OutlierThreshold, items: Corpus) -> Any:
    if not len(items):
        raise CorpusError("no items")
    return detector.flags(loaded.nats(items), items.lengths + 1)
