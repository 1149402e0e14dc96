"""The pitfall lab: 26 mistakes that a learner of the lesson makes, each one run beside its remedy.

No outcome is stored. The two snippets of a pitfall are data (`lesson/pitfalls.toml`); they are run when asked
for, and what they print or raise is what the reader sees. Importing this module loads neither torch nor
numpy; running a snippet loads torch.
"""

from __future__ import annotations

import contextlib
import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from nextchar.errors import CorpusError, MissingExtraError
from nextchar.lesson.languages import Language

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "Expectation",
    "Outcome",
    "Pitfall",
    "PitfallRun",
    "Prose",
    "load_pitfalls",
    "run",
    "run_snippet",
]


@dataclass(frozen=True)
class Prose:
    """One text in the two languages of the lesson."""

    en: str
    zh: str

    def text(self, language: Language) -> str:
        """The text in one of them."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What the two snippets of a pitfall must do on the 32,033 names of names.txt.

    Attributes:
        wrong_shows: each is part of what the wrong snippet prints, or of its error.
        right_shows: each is part of what the right snippet prints; it raises nothing.
        wrong_raises: the name of the exception that ends the wrong snippet; None where it runs to its end.
    """

    wrong_shows: tuple[str, ...]
    right_shows: tuple[str, ...]
    wrong_raises: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pitfall:
    """A mistake, its remedy and the reason.

    Attributes:
        letter: a to z.
        title: a few words.
        wrong: code as a learner may write it: wrong, or only roundabout.
        right: code that does what was meant.
        why: one sentence.
        expect: what the snippets must do; the tests hold them to it.
        mistake: whether the first snippet is one; where not, both do what was meant and differ in another way.
        today: where current PyTorch does something else than older lessons say; mostly None.
    """

    letter: str
    title: Prose
    wrong: str
    right: str
    why: Prose
    expect: Expectation
    mistake: bool = True
    today: Prose | None = None


@dataclass(frozen=True)
class Outcome:
    """What a snippet did.

    Attributes:
        stdout: all that it printed, up to the error if there was one.
        error: type and text of the exception that ended it, as in `KeyError: 'an'`; None if there was none.
    """

    stdout: str
    error: str | None


@dataclass(frozen=True, kw_only=True)
class PitfallRun:
    """A pitfall with what its snippets did when they were run.

    Attributes:
        pitfall: the pitfall.
        wrong: what its wrong snippet did.
        right: what its right snippet did.
        torch_version: the PyTorch that ran them, for example `2.13.0`.
    """

    pitfall: Pitfall
    wrong: Outcome
    right: Outcome
    torch_version: str

    def document(self, language: Language) -> dict[str, Any]:
        """All of it as one JSON object; `today` and the two `error` are null where there is none."""
        pitfall = self.pitfall
        return {
            "letter": pitfall.letter,
            "title": pitfall.title.text(language),
            "wrong": {"code": pitfall.wrong, "stdout": self.wrong.stdout, "error": self.wrong.error},
            "right": {"code": pitfall.right, "stdout": self.right.stdout, "error": self.right.error},
            "why": pitfall.why.text(language),
            "today": pitfall.today.text(language) if pitfall.today else None,
            "torch": self.torch_version,
        }


@cache
def load_pitfalls() -> tuple[Pitfall, ...]:
    """The 26 pitfalls, a to z. Needs no torch."""
    source = resources.files("nextchar") / "lesson" / "pitfalls.toml"
    tables = tomllib.loads(source.read_text(encoding="utf-8"))["pitfall"]
    return tuple(map(_pitfall, tables))


def _pitfall(table: Mapping[str, Any]) -> Pitfall:
    expect = table["expect"]
    return Pitfall(
        letter=table["letter"],
        title=Prose(**table["title"]),
        wrong=table["wrong"],
        right=table["right"],
        why=Prose(**table["why"]),
        mistake=table.get("mistake", True),
        today=Prose(**table["today"]) if "today" in table else None,
        expect=Expectation(
            wrong_shows=tuple(expect["wrong_shows"]),
            right_shows=tuple(expect["right_shows"]),
            wrong_raises=expect.get("wrong_raises"),
        ),
    )


def run(pitfall: Pitfall, words: Sequence[str]) -> PitfallRun:
    """Run both snippets of a pitfall, each in a world of its own.

    Args:
        pitfall: one of `load_pitfalls()`.
        words: names of the letters a to z, lower-case.

    Raises:
        MissingExtraError: torch is not installed.
        CorpusError: there are no names, or one of them holds something else than a to z.
    """
    wrong = run_snippet(pitfall.wrong, words)
    right = run_snippet(pitfall.right, words)
    import torch

    return PitfallRun(pitfall=pitfall, wrong=wrong, right=right, torch_version=str(torch.__version__))


def run_snippet(code: str, words: Sequence[str]) -> Outcome:
    """Run a snippet of the lesson and catch what it prints and raises.

    The snippet finds `torch`, `F` (torch.nn.functional), `words` (a list of its own) and `N`: int32, shape
    (27, 27), how often each symbol follows each other one, id 0 the boundary. It is executed as it stands,
    with every right that Python has: this is for the snippets that ship with nextchar, never for code from
    elsewhere. While it runs, the standard output of the whole process is redirected, so run one at a time.

    Raises:
        MissingExtraError: torch is not installed.
        CorpusError: there are no names, or one of them holds something else than a to z.
    """
    try:
        import torch
        from torch.nn import functional
    except ImportError:
        raise MissingExtraError("the pitfall lab", "neural") from None
    namespace = {"torch": torch, "F": functional, "words": list(words), "N": _bigram_counts(words)}
    stdout = io.StringIO()
    error = None
    with contextlib.redirect_stdout(stdout):
        try:
            exec(compile(code, "<snippet>", "exec"), namespace)
        except Exception as caught:  # whatever a mistake raises is what the reader came to see
            error = f"{type(caught).__name__}: {caught}"
    return Outcome(stdout.getvalue(), error)


def _bigram_counts(words: Sequence[str]) -> Tensor:
    """How often each symbol follows each other one: int32, shape (27, 27); row first, column second."""
    import torch

    if not words:
        raise CorpusError("the pitfall lab needs at least one name")
    for word in words:
        if not (word.isascii() and word.isalpha() and word.islower()):
            raise CorpusError(
                f"the pitfall lab takes names of the letters a to z, lower-case; this is not one: {word!r}"
            )
    text = "." + ".".join(words) + "."
    codes = torch.frombuffer(bytearray(text, "ascii"), dtype=torch.uint8).long()
    ids = torch.where(codes == ord("."), 0, codes - ord("a") + 1)  # (T,)
    counts = torch.bincount(ids[:-1] * 27 + ids[1:], minlength=27 * 27)
    return counts.reshape(27, 27).int()
