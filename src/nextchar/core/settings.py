"""The settings of a model: one frozen dataclass, and the one place for what a model can be told.

Each field says its default, its range and its help in its own line, by `setting`. From that come the checks when
settings are made (`check`), the values of texts like "width=64" (`Setting.parse`), the options and the help of a
command line, and the words of error messages. The types are those that the class declares.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Coin:
    ...     share: float = setting(0.5, help="Of heads.", at_least=0, at_most=1)
    ...     def __post_init__(self) -> None:
    ...         check(self)
    >>> [entry] = settings_of(Coin)
    >>> entry.name, entry.type, entry.values
    ('share', <class 'float'>, 'a number from 0 to 1')
    >>> Coin(share=2)
    Traceback (most recent call last):
    nextchar.errors.BadValueError: share is a number from 0 to 1, not 2
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from nextchar.errors import BadValueError

__all__ = ["LARGEST_SEED", "Setting", "check", "setting", "settings_of"]

LARGEST_SEED: Final = 2**63 - 1  # torch and the compiled loops take no larger ones


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One field of a settings class.

    Attributes:
        name: of the field.
        argument: of the library, where the name is that in words.
        type: int, float, bool, str or Path; with `repeated`, of each of several values.
        default: as the class has it.
        optional: None is a value too.
        repeated: the value is a tuple.
        choices: the only texts that it may be; none for any.
        help: what it does, in a few words that follow its name.
        noun: what a value is called: a number, a share.
        at_least, above, at_most, below: the range of a number.
        default_text: the default in words, where it depends on other settings.
        option: its name on a command line; None where it goes by NAME=VALUE only.
        metavar: what stands for the value in help.
        goes_with: another field, and the values of it with which this one changes anything; None for always.
    """

    name: str = ""
    argument: str = ""
    type: type = str
    default: Any = None
    optional: bool = False
    repeated: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""
    noun: str = ""
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    default_text: str | None = None
    option: str | None = None
    metavar: str | None = None
    goes_with: tuple[str, tuple[str | None, ...]] | None = None

    @property
    def values(self) -> str:
        """What it may be, in words: a whole number of at least 1."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return f"{self._noun} {self.range}".strip()

    @property
    def _noun(self) -> str:
        nouns = {int: "a whole number", float: "a number", bool: "yes or no", Path: "a path"}
        return f"a {self.noun}" if self.noun else nouns.get(self.type, "a text")

    @property
    def range(self) -> str:
        """The range of a number, in words; empty where there is none."""
        low = self.at_least if self.above is None else self.above
        if self.below is not None:
            upper = f"below {_text(self.below)}"
        else:
            upper = "" if self.at_most is None else _text(self.at_most)
        if low is None:
            return f"of at most {upper}" if self.at_most is not None else upper
        if not upper:
            return f"of at least {_text(low)}" if self.above is None else f"above {_text(low)}"
        if self.above is None:
            return f"from {_text(low)} to {upper}"
        return f"above {_text(low)} and {upper if self.at_most is None else f'at most {upper}'}"

    @property
    def default_shown(self) -> str:
        """The default for people; empty where there is none."""
        if self.default_text is not None:
            return self.default_text
        if self.default is None or self.default is False or self.default == ():
            return ""
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)

    def parse(self, text: str) -> Any:
        """The value that a text means.

        Raises:
            SettingsError: it is none of this type.
        """
        if self.repeated:
            between = r"\s*,\s*" if self.type is str else r"\s*,\s*|\s+"
            try:
                return tuple(map(self._parse_one, re.split(between, text.strip())))
            except BadValueError:
                nouns = {int: "whole numbers", float: "numbers"}.get(self.type, "values")
                raise self._wrong(f"{self.name} is {nouns} with commas between them, not {text!r}") from None
        return self._parse_one(text)

    def _parse_one(self, text: str) -> Any:
        if self.type is bool:
            known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
            if text.lower() not in known:
                raise self._wrong(f"{self.name} is yes or no, not {text!r}")
            return known[text.lower()]
        try:
            return self.type(text)
        except ValueError:
            raise self._wrong(f"{self.name} is {self._noun}, not {text!r}") from None

    def check(self, value: Any) -> Any:
        """See that a value is one that the setting may have.

        Returns:
            The value itself; of a number that is not Python's (numpy's, say) Python's own,
            which every library and every file takes; of a path a Path.

        Raises:
            SettingsError: it is not.
        """
        if value is None and self.optional:
            return None
        if not self.repeated:
            return self._check_one(value)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self._wrong(f"{self.name} is a sequence of values, not {value!r}")
        return tuple(map(self._check_one, value))

    def _check_one(self, value: Any) -> Any:
        if self.choices:
            if not (isinstance(value, str) and value in self.choices):
                raise self._wrong(f"there is no {self.name} {value!r}; choose one of {', '.join(self.choices)}")
        elif self.type in (int, float):
            if not self._in_range(value):
                raise self._wrong(f"{self.name} is {self.values}, not {value if _is_number(value) else repr(value)}")
            if type(value) not in (int, self.type):  # an int stays one where any number will do
                return self.type(value)
        elif self.type in _OTHERS and not isinstance(value, _OTHERS[self.type]):
            raise self._wrong(f"{self.name} is {self.values}, not {value!r}")
        return Path(value) if self.type is Path else value

    def _wrong(self, message: str) -> BadValueError:
        return BadValueError(message, argument=self.argument or self.name)

    def _in_range(self, value: Any) -> bool:
        if not _is_number(value) or (self.type is int and not isinstance(value, Integral)):
            return False
        value = int(value) if value == int(value) else float(value)  # numpy's small types cannot hold every bound
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )


_OTHERS: Final[Mapping[type, type | tuple[type, ...]]] = {bool: bool, str: str, Path: (str, Path)}
"""The types that are not numbers, and what each takes."""


def _is_number(value: Any) -> bool:
    """Whether it is a finite real number, numpy's included; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


def setting(
    default: Any,
    *,
    help: str,  # noqa: A002 - the word that everyone uses
    noun: str = "",
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    default_text: str | None = None,
    option: str | None = None,
    metavar: str | None = None,
    goes_with: tuple[str, tuple[str | None, ...]] | None = None,
) -> Any:
    """A field of a settings class; see `Setting` for the arguments.

    A subclass that only changes the default assigns it as usual: range and help stay those of the class above.
    """
    about = Setting(
        help=help,
        noun=noun,
        at_least=at_least,
        above=above,
        at_most=at_most,
        below=below,
        default_text=default_text,
        option=option,
        metavar=metavar,
        goes_with=goes_with,
    )
    return field(default=default, metadata={"setting": about})


@lru_cache
def settings_of(cls: type) -> tuple[Setting, ...]:
    """What can be set, in the order of the fields.

    Args:
        cls: a dataclass, whose fields `setting` has made; of other fields only name, type and default are known.
    """
    types_ = get_type_hints(cls)
    made = []
    for entry in fields(cls):
        said = (getattr(base, "__dataclass_fields__", {}).get(entry.name) for base in cls.__mro__)
        about = next((f.metadata["setting"] for f in said if f is not None and "setting" in f.metadata), Setting())
        words = {name: getattr(about, name) for name in _SAID}
        default = None if entry.default is MISSING else entry.default
        made.append(Setting(name=entry.name, default=default, **_declared(types_[entry.name]), **words))
    return tuple(made)


_SAID: Final = (
    *("help", "noun", "at_least", "above", "at_most", "below"),
    *("default_text", "option", "metavar", "goes_with"),
)  # what `setting` is told; the rest is read from the class


def check(settings: Any) -> None:
    """See that every field of a settings object has a value that it may have; numbers become Python's own.

    Args:
        settings: of a frozen dataclass, which calls this when it is made.

    Raises:
        SettingsError: a value is of another type, out of its range, or none of the choices.
    """
    cls: type = type(settings)
    for entry in settings_of(cls):
        value = getattr(settings, entry.name)
        if (checked := entry.check(value)) is not value:
            object.__setattr__(settings, entry.name, checked)


def _declared(declared: Any) -> dict[str, Any]:
    """What a declared type says of a setting."""
    said: dict[str, Any] = {"optional": False, "repeated": False, "choices": ()}
    if get_origin(declared) in (Union, types.UnionType):
        inner = [part for part in get_args(declared) if part is not types.NoneType]
        said["optional"] = len(inner) < len(get_args(declared))
        declared = inner[0]
    if get_origin(declared) is tuple:
        said["repeated"] = True
        declared = get_args(declared)[0]
    if get_origin(declared) is Literal:
        said["choices"] = get_args(declared)
        declared = str
    return said | {"type": declared}


def _text(number: float) -> str:
    """A bound as people write it: 2^63 - 1, not 9223372036854775807."""
    if number > 2**31 and (int(number) + 1).bit_count() == 1:
        return f"2^{int(number).bit_length()} - 1"
    return f"{number:g}" if number < 10**6 else f"{number:,}"
