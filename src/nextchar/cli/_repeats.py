"""Options that are given twice: refused, in every command.

Of an option that is given twice click takes the last, without a word; in a long command line, or a script that adds
options to others, that is a mistake more often than a wish.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import click

__all__ = ["refuse_repeats"]

_TIMES: Final = {2: "twice"}


def refuse_repeats(command: click.Command) -> None:
    """Have a command's parser count how often each option is given; those that may be repeated say so in their help."""
    make_parser = command.make_parser

    def making(ctx: click.Context) -> Any:
        parser = make_parser(ctx)
        parse = parser.parse_args

        def parse_args(args: list[str]) -> Any:
            found = parse(args)
            times = Counter(param for param in found[2] if _once(param))
            for param, n in times.items():
                if n > 1:
                    names = " or ".join([*param.opts, *param.secondary_opts])
                    raise click.UsageError(f"{names} is given {_TIMES.get(n, f'{n} times')}; give it once.", ctx)
            return found

        parser.parse_args = parse_args  # type: ignore[method-assign]
        return parser

    command.make_parser = making  # type: ignore[method-assign]


def _once(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not (param.multiple or param.count or param.is_eager)
