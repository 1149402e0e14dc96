"""What an item has to be: begin so, end so, fit a pattern, have so many characters, not be taken.

A constraint says what is wanted and nothing of how it is had: `Plan` says how to draw, and a model draws what meets
both. What turns it into finite automata is in `nextchar.automata.constraints`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nextchar.core.settings import check
from nextchar.data.alphabet import Alphabet
from nextchar.data.display import one_line, shortened
from nextchar.data.sequences import python_values
from nextchar.data.text_options import TextOptions
from nextchar.errors import BadValueError

__all__ = ["Constraint"]


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """The conditions that an item has to meet, all of them.

    Attributes:
        match: regular expressions that the whole item fits; see `automata.regex` for what they may have. One text is
            one pattern.
        prefix: what it starts with, or several texts of which it starts with any; counts as part of its length.
        suffix: what it ends with.
        contains: texts that it has somewhere. One text is that text alone.
        allowed: the only characters that it may have; None for all.
        not_in: items that it is not one of; the empty text is the empty item.
        min_length: the least number of characters; None stands for 1: the empty item is no item unless this is 0. (The
            streams of torch go by the model's rows as they are, and take None for 0.)
        max_length: the largest number of characters.

    Raises:
        SettingsError: a condition is out of its range, or two contradict each other.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab", "ab", "b"]))
        >>> wanted = nextchar.Constraint(suffix="b", max_length=2)
        >>> [item.text for item in nextchar.given(model, wanted).top()]
        ['ab', 'b']
        >>> set(model.draw(100, nextchar.Plan(seed=1), wanted).corpus) == {"ab", "b"}
        True
    """

    match: Sequence[str] = ()
    prefix: Sequence[str] = ""  # a text is a sequence of texts as well
    suffix: str = ""
    contains: Sequence[str] = ()
    allowed: str | None = None
    not_in: Sequence[str] = ()
    min_length: int | None = None
    max_length: int | None = None

    __repr__ = one_line

    def __post_init__(self) -> None:
        if isinstance(self.not_in, str):
            shown = shortened(str(self.not_in))
            raise BadValueError(
                f"not_in takes a list of items, for example [{shown!r}], not one text", argument="not_in"
            )
        object.__setattr__(self, "match", _texts("match", self.match))
        for name in ("contains", "not_in"):
            object.__setattr__(self, name, tuple(map(_with_line_feeds, _texts(name, getattr(self, name)))))
        object.__setattr__(self, "prefix", _either("prefix", self.prefix))
        check(self)
        object.__setattr__(self, "suffix", _with_line_feeds(self.suffix))
        if self.min_length is not None and self.min_length < 0:
            raise BadValueError(f"min-length is at least 0, not {self.min_length}", argument="min_length")
        if self.max_length is not None and self.max_length < 0:
            raise BadValueError(
                f"max-length is at least 1, or 0 for the empty item alone, not {self.max_length}", argument="max_length"
            )
        if self.max_length == 0 and self.min_length is None:
            raise BadValueError(
                "max-length is at least 1, not 0; the empty item alone is min-length 0 and max-length 0",
                argument="max_length",
            )
        if self.max_length is not None and self.max_length < self.shortest:
            raise BadValueError(
                f"min-length {self.shortest} is above max-length {self.max_length}", argument="min_length"
            )
        self._refuse("\0", "no NUL characters")

    def _refuse(self, character: str, none: str) -> None:
        parts = {"prefix": self.prefixes, "suffix": (self.suffix,), "contains": self.contains, "not_in": self.not_in}
        for name, texts in parts.items():
            for text in texts:
                if character in text:
                    raise BadValueError(f"{name} {shortened(repr(text))}: an item holds {none}", argument=name)

    def check_line_ends(self, alphabet: Alphabet, options: TextOptions) -> None:
        """See that line ends are asked for only where items are texts, which may hold some.

        Raises:
            BadValueError: the items of the model are lines.
        """
        if not options.documents and "\n" not in alphabet.names:
            self._refuse("\n", "no line ends")

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What an item may start with, one text or several; none where it may start with anything."""
        return tuple(self.prefix) if not isinstance(self.prefix, str) else (self.prefix,) if self.prefix else ()

    @property
    def shortest(self) -> int:
        """The least number of characters of an item."""
        return 1 if self.min_length is None else self.min_length

    @property
    def bounds_length(self) -> bool:
        """Whether it says more of the length than that an item is not empty."""
        return self.shortest > 1 or self.max_length is not None

    @property
    def looks_ahead(self) -> bool:
        """Whether it asks for more than a prefix and lengths, so that no step alone shows whether it will be met."""
        several = len(self.prefixes) > 1
        return bool(several or self.match or self.suffix or self.contains or self.allowed is not None or self.not_in)

    def of_at_least(self, least: int) -> Constraint:
        """The same for items of at least `least` characters, where nothing is said of it."""
        return self if self.min_length is not None else replace(self, min_length=least)


def _texts(name: str, value: Sequence[str]) -> tuple[str, ...]:
    """The texts of a condition that may have several."""
    try:
        texts = (value,) if isinstance(value, str) else tuple(python_values(value))
    except TypeError:  # neither, as an array of no dimension
        texts = None
    if texts is None or not all(isinstance(text, str) for text in texts):
        raise BadValueError(f"{name} is made of texts, not of {shortened(repr(value))}", argument=name)
    return texts


def _either(name: str, value: Sequence[str]) -> str | tuple[str, ...]:
    """One text, or several of which one is enough; the empty one where anything goes."""
    texts = tuple(dict.fromkeys(map(_with_line_feeds, _texts(name, value))))
    if not texts or "" in texts:
        return ""
    return texts if len(texts) > 1 else texts[0]


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
