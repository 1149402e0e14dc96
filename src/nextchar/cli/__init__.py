"""The command line: parse, call, print; no mathematics.

Each module holds the commands of its name. At import they load click and nothing else, so that help answers at once.
"""

from __future__ import annotations

import click

from nextchar._version import __version__
from nextchar.cli._output import CommandGroup, echo
from nextchar.cli.arpa import export, import_
from nextchar.cli.classify import calibrate, classify
from nextchar.cli.combine_models import blend, combine, update
from nextchar.cli.compare import compare
from nextchar.cli.compile import compile_
from nextchar.cli.count import count, merge
from nextchar.cli.data import data
from nextchar.cli.equivalence import equivalence
from nextchar.cli.info import info
from nextchar.cli.pitfalls import pitfalls
from nextchar.cli.plot import plot
from nextchar.cli.query import complete, fill, prob, top
from nextchar.cli.reproduce import reproduce
from nextchar.cli.sample import sample
from nextchar.cli.score import evaluate, score
from nextchar.cli.train import train
from nextchar.cli.web import web

__all__ = ["main"]


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="nextchar")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Character-level language models: learn from short texts, or with --text long ones; write new ones, score any.

    \b
    nextchar train names.txt -o names.safetensors
    nextchar sample names.safetensors -n 20
    echo andrejz | nextchar score names.safetensors

    Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the input or the model is at fault,
    2 wrong usage, 3 something was flagged (score --flagged-only).
    """  # noqa: D301 - click reads the control character, not a backslash
    if ctx.invoked_subcommand is None:
        echo(_FIRST)


_FIRST = """\
nextchar learns which character follows which, from a list of names, words or codes, and writes new ones.

  nextchar train -o names.safetensors        learn the US given names that come with it, in a second
  nextchar sample names.safetensors -n 10    write ten names
  nextchar web                               the lesson, in the browser

With a list of your own, one item a line:    nextchar train FILE -o MODEL
All commands: nextchar --help                One of them: nextchar train --help"""

main.add_section("Learn", train, compare, update, count, merge, data)
main.add_section("Write", sample, complete, fill, export)
main.add_section("Judge", score, evaluate, classify, calibrate)
main.add_section("Exact answers", top, prob)
main.add_section("Models of models", blend, combine, compile_, import_)
main.add_section("Look inside", info, plot)
main.add_section("The lecture", web, reproduce, equivalence, pitfalls)
