from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from nextchar.core.settings import check, setting, settings_of
from nextchar.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Example:
    order: int = setting(4, help="Of it.", at_least=1, at_most=64, option="order", metavar="N")
    rate: float = setting(0.5, help="Of it.", above=0)
    share: float = setting(0.0, help="Of it.", noun="share", at_least=0, below=1)
    seed: int = setting(0, help="Of it.", at_least=0, at_most=2**63 - 1)
    most: int | None = setting(None, help="Of it.", at_most=9, default_text="as many as there are")
    mood: Literal["calm", "merry"] = setting("calm", help="Of it.")
    where: Path | None = setting(None, help="Of it.")
    again: bool = setting(False, help="Of it.")
    parts: tuple[str, ...] = setting((), help="Of it.")
    plain: int = 3

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class Narrower(Example):
    rate: float = 0.1  # only the default changes


ENTRIES = {entry.name: entry for entry in settings_of(Example)}


def test_what_the_class_declares() -> None:
    assert list(ENTRIES) == ["order", "rate", "share", "seed", "most", "mood", "where", "again", "parts", "plain"]
    types = {name: entry.type for name, entry in ENTRIES.items()}
    assert types == {
        "order": int, "rate": float, "share": float, "seed": int, "most": int, "mood": str, "where": Path,
        "again": bool, "parts": str, "plain": int,
    }  # fmt: skip
    assert [name for name, entry in ENTRIES.items() if entry.optional] == ["most", "where"]
    assert [name for name, entry in ENTRIES.items() if entry.repeated] == ["parts"]
    assert ENTRIES["mood"].choices == ("calm", "merry")


@pytest.mark.parametrize(
    ("name", "values", "default"),
    [
        ("order", "a whole number from 1 to 64", "4"),
        ("rate", "a number above 0", "0.5"),
        ("share", "a share from 0 to below 1", "0"),
        ("seed", "a whole number from 0 to 2^63 - 1", "0"),
        ("most", "a whole number of at most 9", "as many as there are"),
        ("mood", "one of calm, merry", "calm"),
        ("where", "a path", ""),
        ("again", "yes or no", ""),
        ("plain", "a whole number", "3"),
    ],
)
def test_words(name: str, values: str, default: str) -> None:
    assert (ENTRIES[name].values, ENTRIES[name].default_shown) == (values, default)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"order": 0}, "order is a whole number from 1 to 64, not 0"),
        ({"order": 2.5}, "order is a whole number from 1 to 64, not 2.5"),
        ({"order": "3"}, "order is a whole number from 1 to 64, not '3'"),
        ({"order": None}, "order is a whole number from 1 to 64, not None"),
        ({"rate": 0}, "rate is a number above 0, not 0"),
        ({"rate": float("nan")}, "rate is a number above 0, not nan"),
        ({"rate": float("inf")}, "rate is a number above 0, not inf"),
        ({"share": 1.0}, "share is a share from 0 to below 1, not 1.0"),
        ({"seed": 2**63}, r"seed is a whole number from 0 to 2\^63 - 1, not 9223372036854775808"),
        ({"most": 10}, "most is a whole number of at most 9, not 10"),
        ({"mood": "grim"}, "there is no mood 'grim'; choose one of calm, merry"),
        ({"mood": ["calm"]}, r"there is no mood \['calm'\]; choose one of calm, merry"),
        ({"order": True}, "order is a whole number from 1 to 64, not True"),
        ({"rate": 10**400}, "rate is a number above 0, not 10+"),
        ({"again": "no"}, "again is yes or no, not 'no'"),
        ({"where": 3}, "where is a path, not 3"),
        ({"parts": "gru"}, "parts is a sequence of values, not 'gru'"),
        ({"parts": 3}, "parts is a sequence of values, not 3"),
        ({"parts": (3,)}, "parts is a text, not 3"),
    ],
)
def test_values_that_cannot_be(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=f"^{words}$"):
        Example(**wrong)


def test_values_that_can_be() -> None:
    numbers: dict[str, Any] = {"order": np.int64(3), "rate": np.float32(0.25)}  # numpy's
    made = Example(**numbers)
    assert made == Example(order=3, rate=0.25)
    assert (type(made.order), type(made.rate)) == (int, float)  # Python's own, which torch and JSON take
    whole: dict[str, Any] = {"where": "a/b", "parts": ["c"]}
    assert repr(Example(**whole)) == repr(Example(where=Path("a/b"), parts=("c",)))
    with pytest.raises(SettingsError, match=r"order is .*, not 3\.0"):  # most such numbers come of a division
        Example(order=3.0)  # type: ignore[arg-type]
    assert type(Example(rate=2).rate) is int  # is a number as it is
    assert Example(most=None).most is None
    assert Example(seed=2**63 - 1).seed == 9223372036854775807


def test_a_subclass_that_changes_a_default_keeps_the_rest() -> None:
    entry = next(entry for entry in settings_of(Narrower) if entry.name == "rate")
    assert (entry.default, entry.values, entry.help) == (0.1, "a number above 0", "Of it.")
    with pytest.raises(SettingsError, match="rate is a number above 0"):
        Narrower(rate=-1)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("order", "12", 12),
        ("rate", "1e-3", 0.001),
        ("most", "7", 7),
        ("mood", "merry", "merry"),
        ("where", "a/b", Path("a/b")),
        ("again", "yes", True),
        ("again", "False", False),
        ("parts", "mlp, gru:small", ("mlp", "gru:small")),
    ],
)
def test_values_from_texts(name: str, text: str, value: Any) -> None:
    assert ENTRIES[name].parse(text) == value
    assert type(ENTRIES[name].parse(text)) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("order", "many", "order is a whole number, not 'many'"),
        ("order", "2.5", "order is a whole number, not '2.5'"),
        ("rate", "fast", "rate is a number, not 'fast'"),
        ("again", "perhaps", "again is yes or no, not 'perhaps'"),
    ],
)
def test_texts_that_mean_nothing(name: str, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        ENTRIES[name].parse(text)
