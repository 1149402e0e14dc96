"""What `sample` does with texts: they go on after a prompt, and are written as they are drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from nextchar.cli._output import json_line, tsv_field
from nextchar.cli._streams import write_rows, written_whole

if TYPE_CHECKING:
    from nextchar.core.model import Model
    from nextchar.core.plan import Plan
    from nextchar.core.text_writing import TextWriter

__all__ = ["TextWishes", "prompt_from", "text_options", "write_texts"]

PAUSE: Final = 0.03  # seconds between two pieces that are written
BETWEEN: Final = "%\n"  # texts; a line that --separator % reads


class TextWishes(NamedTuple):
    """What the options say of texts; None for what they leave open.

    Attributes:
        prompt: what they begin with.
        prompt_file: a file that holds it.
        length: symbols to write.
        until: what ends them.
        adaptive: whether the model learns from the prompt, and from what it writes.
    """

    prompt: str | None
    prompt_file: str | None
    length: int | None
    until: str | None
    adaptive: bool = False

    @property
    def given(self) -> str | None:
        """The first option that was given."""
        given = (name for name, value in self._asdict().items() if value not in (None, False))
        return next((f"--{name.replace('_', '-')}" for name in given), None)


def text_options(command: Any) -> Any:
    """--prompt, --prompt-file, --length, --until and --adaptive."""
    for option in (
        click.option(
            "--adaptive",
            is_flag=True,
            help="Texts: learn from the prompt and from what is written; MODEL itself stays as it is.",
        ),
        click.option("--until", metavar="TEXT", help="Texts: each ends with TEXT, which is written too."),
        click.option(
            "--length", type=click.IntRange(min=1), metavar="N", help="Texts: write N characters, none of them an end."
        ),
        click.option("--prompt-file", metavar="FILE", help="Texts: go on after what FILE holds, - for standard input."),
        click.option("--prompt", metavar="TEXT", help="Write texts that go on after TEXT, not items."),
    ):
        command = option(command)
    return command


def prompt_from(model: Model, wishes: TextWishes, reading: Mapping[str, Any]) -> str:
    """The text to go on after, with line feeds for all line ends; a file is read as the training data was.

    Raises:
        CorpusError: the file cannot be read or decoded.
    """
    if wishes.prompt_file is None:
        return (wishes.prompt or "").replace("\r\n", "\n").replace("\r", "\n")
    from nextchar.cli._streams import say_how_to_end
    from nextchar.data.as_trained import format_as_trained
    from nextchar.data.blocks import read_blocks
    from nextchar.data.documents import TEXT_END
    from nextchar.data.format import Format
    from nextchar.data.text_options import TextOptions

    say_how_to_end(wishes.prompt_file)
    format_ = format_as_trained(wishes.prompt_file, model.provenance, **reading)
    plain = Format(encoding=format_.encoding, errors=format_.errors)
    blocks = read_blocks(wishes.prompt_file, plain, options=TextOptions(documents=True))
    return "".join(block.text for block in blocks).removesuffix(TEXT_END)


def write_texts(
    model: Model,
    plan: Plan,
    wishes: TextWishes,
    prompt: str,
    count: int,
    output: str,
    *,
    as_json: bool,
    as_tsv: bool,
) -> None:
    """Write so many texts where -o says.

    Raises:
        SettingsError: an argument is out of its range, nothing can come after the prompt, or the model cannot learn.
        UnknownSymbolError: the prompt, or what ends the texts, has a character that the model does not know.
    """
    from dataclasses import replace

    from nextchar.core.text_writing import seeded
    from nextchar.data.arguments import need_whole

    need_whole(count, "n")
    reader = model.reader(adaptive=wishes.adaptive)
    name = "the prompt" if wishes.prompt_file is None else wishes.prompt_file
    reader.skip(reader.encode(prompt, name))
    plan = replace(plan, seed=seeded(plan))
    writers = (
        model.writing(reader, plan, number=number, length=wishes.length, until=wishes.until) for number in range(count)
    )
    rows = _rows(writers, prompt, as_json) if as_json or as_tsv else _running(writers, prompt)
    write_rows(output, rows, as_json)


def _running(writers: Iterator[TextWriter], prompt: str) -> Iterator[bytes]:
    """Texts as they are drawn, the prompt before each; what has been drawn when Ctrl-C comes is written."""
    last = ""

    def pieces() -> Iterator[str]:
        for number, writer in enumerate(writers):
            waiting = prompt if not number else ("" if last.endswith("\n") else "\n") + BETWEEN + prompt
            begun = time.monotonic()
            try:
                for symbol in writer:
                    waiting += symbol
                    if time.monotonic() - begun > PAUSE:
                        yield waiting
                        waiting, begun = "", time.monotonic()
            except KeyboardInterrupt:
                yield waiting
                raise
            yield waiting

    try:
        for piece in written_whole(pieces()):
            last = piece or last
            yield _bytes(piece)
    except KeyboardInterrupt:
        if last and not last.endswith("\n"):
            yield b"\n"
        raise
    if not last.endswith("\n"):
        yield b"\n"


def _rows(writers: Iterator[TextWriter], prompt: str, as_json: bool) -> Iterator[bytes]:
    """A line for each text, also for one that Ctrl-C ends."""

    def lines() -> Iterator[str]:
        for writer in writers:
            written: list[str] = []
            interrupted: KeyboardInterrupt | None = None
            try:
                written.extend(writer)
            except KeyboardInterrupt as interrupt:
                interrupted = interrupt
            yield _line(writer, prompt, "".join(written), as_json)
            if interrupted is not None:
                raise interrupted

    return map(_bytes, written_whole(lines()))


def _line(writer: TextWriter, prompt: str, text: str, as_json: bool) -> str:
    if not as_json:
        return f"{tsv_field(text)}\t{writer.nats + 0.0:.6f}\t{writer.symbols}\n"
    ended = writer.ended or "interrupted"
    return json_line({"prompt": prompt, "text": text, "nats": writer.nats, "symbols": writer.symbols, "ended": ended})


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
