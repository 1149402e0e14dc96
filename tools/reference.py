"""The reference pages of the documentation, made from the code: every command as its help has it, every public name.

`commands` asks click for the help of each command, through a formatter that writes Markdown; `names` makes a page for
each public name, which the documentation's generator fills with the docstrings; `glossary` is that of the lesson.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

import click
from click.testing import CliRunner
from tools.names import page as table_of_names

import nextchar
from nextchar.cli import main as nextchar_command
from nextchar.lesson.glossary import load_glossary
from nextchar.lesson.languages import Language
from nextchar.models.registry import trained

__all__ = ["commands", "glossary", "names"]


SETTINGS: Final = """\
`--order`, `--smoothing` and `--tune`, and what few need with any model (`--test`, `--validation`, `--unknown`,
`--label`, `--counts`, `--delimiter`, `--errors`), are on the page of [`ngram`](train-ngram.md). Which n-gram
models are tried without `--model` is in [the tour](../../tour.md).
"""
EXAMPLE: Final = """
## Example

```text
nextchar compare list.txt --seconds 20 --models ngram,gru,mix
```

What to mind where the clock decides: [nets](../../nets.md#beside-each-other).
"""


class MarkdownFormatter(click.HelpFormatter):
    """Writes a command's help as Markdown: sections are headings, lists of options are tables."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:  # noqa: ARG002 - click's own
        """The usage line, as code."""
        self.write(f"```text\n{prog} {args}\n```\n")

    def write_heading(self, heading: str) -> None:
        """The heading of a section."""
        self.write(f"\n## {heading}\n")

    def write_text(self, text: str) -> None:
        r"""Paragraphs; those behind a \b keep their lines, as code."""
        for paragraph in text.split("\n\n"):
            if paragraph.lstrip().startswith("\b"):
                lines = [line.strip() for line in paragraph.split("\b")[1].strip().splitlines()]
                self.write("\n```text\n" + "\n".join(lines) + "\n```\n")
            else:
                self.write(f"\n{_escaped(' '.join(paragraph.split()))}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:  # noqa: ARG002
        """A table: the option as code, and what it does."""
        self.write("\n| option | what it does |\n|---|---|\n")
        for name, text in rows:
            self.write(f"| `{name.strip().replace('|', chr(92) + '|')}` | {_escaped(' '.join(text.split()))} |\n")

    @contextmanager
    def indentation(self) -> Iterator[None]:
        """None: Markdown would take it for code."""
        yield


def _escaped(text: str) -> str:
    return re.sub(r"([\\|<>*_\[\]`])", r"\\\1", text)


def commands() -> dict[str, str]:
    """{path: page} of every command, of what `train` has for each model, and of the list of all."""
    pages = {}
    for words in _all_commands(nextchar_command, ()):
        pages[f"commands/{'-'.join(words)}.md"] = f"# `nextchar {' '.join(words)}`\n\n{_help(*words)}"
    models = []
    for row in trained():
        name = f"train-{row.name}"
        pages[f"commands/{name}.md"] = f"# `nextchar train --model {row.name}`\n\n{_help('train', '--model', row.name)}"
        models.append(f"| [`{row.name}`]({name}.md) | {_escaped(row.description)} |")
    pages["commands/train.md"] += (
        "\n## All settings of a model\n\n"
        + SETTINGS
        + "\n| model | what it is |\n|---|---|\n"
        + "\n".join(models)
        + "\n"
    )
    pages["commands/compare.md"] += EXAMPLE
    listed = "# Commands\n\n" + _help().replace("| option |", "| name |")
    for name in nextchar_command.commands:
        listed = listed.replace(f"| `{name}` |", f"| [`{name}`]({name}.md) |")
    pages["commands/index.md"] = listed
    return pages


def _all_commands(group: click.Group, before: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, command in sorted(group.commands.items()):
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from _all_commands(command, (*before, name))


def _help(*words: str) -> str:
    with patch.object(click.Context, "formatter_class", MarkdownFormatter):
        result = CliRunner().invoke(nextchar_command, [*words, "--help"], prog_name="nextchar")
    assert result.exit_code == 0, result.output
    return result.output


def names() -> dict[str, str]:
    """{path: page} of every public name, and of their table."""
    pages = {f"python/{name}.md": f"::: nextchar.{name}\n" for name in nextchar.__all__ if not name.startswith("_")}
    pages["python/index.md"] = re.sub(r"^\| `(\w+)` \|", r"| [`\1`](\1.md) |", table_of_names(), flags=re.MULTILINE)
    return pages


def glossary(language: Language) -> str:
    """The terms of the lesson, in the order of their first use."""
    heading = {"en": "# Glossary", "zh": "# 术语表"}[language]
    rest = {
        "en": "The terms of the lesson, in the order in which it first uses them.",
        "zh": "课程里的术语，按首次出现的先后排列。",
    }[language]
    chapter = {"en": "chapter {}", "zh": "第 {} 章"}[language]
    terms = [
        f"## {term.terms[language]}\n\n{term.texts[language]} ({chapter.format(term.chapter)})\n"
        for term in load_glossary()
    ]
    return "\n".join([heading, "", rest, "", *terms])
