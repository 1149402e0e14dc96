"""`nextchar pitfalls`: list the 26 pitfalls of the lesson, or run one of them, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nextchar.cli._output import echo, echo_json, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nextchar.lesson.languages import Language
    from nextchar.lesson.pitfalls import Outcome, PitfallRun

__all__ = ["pitfalls"]


@click.command(short_help="List the 26 pitfalls of the lesson, or run them.")
@click.argument("letter", required=False)
@click.option("--all", "run_all", is_flag=True, help="Run all of them.")
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Language of the text.",
)
@click.option(
    "--names",
    type=click.Path(),
    metavar="FILE",
    envvar="NEXTCHAR_NAMES",
    show_envvar=True,
    help="Names for the snippets to work on, one a line; the shipped names if not given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object for one pitfall, else a list.")
def pitfalls(letter: str | None, run_all: bool, language: Language, names: str | None, as_json: bool) -> None:
    """List the 26 pitfalls of the lesson, or run the one called LETTER.

    A pitfall is run on the spot, the wrong way and the right way: what you see is what your PyTorch does.

    \b
    Examples:
      nextchar pitfalls
      nextchar pitfalls j
      nextchar pitfalls j --lang zh
      nextchar pitfalls --all --json
    """  # noqa: D301 - the backspace is click's mark for "do not wrap"
    from nextchar.lesson.messages import message
    from nextchar.lesson.pitfalls import load_pitfalls, run

    lab = {pitfall.letter: pitfall for pitfall in load_pitfalls()}
    if letter is not None and run_all:
        raise click.UsageError("give a letter or --all, not both")
    if letter is not None and letter.lower() not in lab:
        raise click.BadParameter(f"no pitfall is called {letter!r}; there are {', '.join(lab)}", param_hint="'LETTER'")
    if letter is None and not run_all:
        titles = [{"letter": key, "title": pitfall.title.text(language)} for key, pitfall in lab.items()]
        if as_json:
            echo_json(titles)
            return
        for entry in titles:
            echo(f"{entry['letter']}  {entry['title']}")
        note(message("pitfalls.more", language))
        return
    words = _words_of(names) if names else _default_words()
    chosen = list(lab.values()) if letter is None else [lab[letter.lower()]]
    runs = [run(pitfall, words) for pitfall in chosen]
    if as_json:
        documents = [done.document(language) for done in runs]
        echo_json(documents if letter is None else documents[0])
        return
    echo(message("pitfalls.given", language, torch=runs[0].torch_version, words=len(words)))
    for done in runs:
        echo("\n" + _page(done, language))


def _page(done: PitfallRun, language: Language) -> str:
    """One pitfall as text for a terminal."""
    from nextchar.lesson.messages import message

    pitfall = done.pitfall
    silence, gives = message("pitfalls.silence", language), message("pitfalls.gives", language)
    paragraphs = [message("pitfalls.why", language, text=pitfall.why.text(language))]
    if pitfall.today:
        paragraphs.append(message("pitfalls.today", language, text=pitfall.today.text(language)))
    return "\n".join(
        [
            f"{pitfall.letter}  {pitfall.title.text(language)}",
            "",
            message("pitfalls.wrong" if pitfall.mistake else "pitfalls.one", language),
            *_indented(pitfall.wrong),
            gives,
            *_indented(_shown(done.wrong, silence)),
            "",
            message("pitfalls.right" if pitfall.mistake else "pitfalls.other", language),
            *_indented(pitfall.right),
            gives,
            *_indented(_shown(done.right, silence)),
            "",
            # Chinese has no spaces to wrap at; the terminal breaks its lines well enough.
            *(click.wrap_text(text, width=88) if language == "en" else text for text in paragraphs),
        ]
    )


def _shown(outcome: Outcome, silence: str) -> str:
    return outcome.stdout + (outcome.error or "") or silence


def _indented(text: str) -> Iterable[str]:
    return (f"    {line}" for line in text.rstrip("\n").split("\n"))


def _words_of(source: str) -> list[str]:
    """The names of a file, one a line, as the lab takes them."""
    from nextchar.data.blocks import read_blocks
    from nextchar.data.format import Format
    from nextchar.errors import CorpusError

    lines = [line for block in read_blocks(source, Format()) for line in block.text.splitlines() if line.strip()]
    words = _plain_words(lines)
    if not words:
        raise CorpusError(f"{source}: holds no name of the letters a to z; the pitfall lab needs one a line")
    if dropped := len(lines) - len(words):
        note(f"{source}: {dropped:,} of {len(lines):,} lines are left out: not of the letters a to z only")
    return words


def _default_words() -> list[str]:
    """The names that ship with nextchar."""
    from nextchar.lesson.names import lesson_names

    return _plain_words(lesson_names())


def _plain_words(names: Sequence[str]) -> list[str]:
    """Names in lower case without those that hold anything else than a to z."""
    words = (name.strip().lower() for name in names)
    return [word for word in words if word.isascii() and word.isalpha()]
