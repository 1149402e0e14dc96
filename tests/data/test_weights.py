"""Weights as people write them: what each field means, what it cannot mean, and that a column is of one mind."""

from __future__ import annotations

import pytest

from nextchar.data.weights import Weights
from nextchar.errors import InputWarning


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("0", 0),
        ("007", 7),
        (" 12 ", 12),
        ("3.0", 3),
        ("1e3", 1000),
        ("1,069", 1069),
        ("12,345,678", 12_345_678),
        ("1,069.0", 1069),
        ("1.069,0", 1069),
        ("1.234.567", 1_234_567),
        ("1 069", 1069),
        ("1\u202f069", 1069),
        ("1\xa0234\xa0567", 1_234_567),
        ("1'069", 1069),
        ("9007199254740992", 2**53),
    ],
)
def test_whole_numbers(field: str, value: int) -> None:
    assert Weights("a.csv").read(field, 2) == value


@pytest.mark.parametrize(("field", "value"), [("69.5", 70), ("69,5", 70), ("1,069.4", 1069), ("0.98", 1), ("20.5", 21)])
def test_fractions_are_rounded_where_that_changes_them_little_and_people_are_told(field: str, value: int) -> None:
    """By at most a twentieth: 69.5 to 70 is 0.5/69.5 = 0.7%, 0.98 to 1 is 2%, 20.5 to 21 is 2.4%."""
    weights = Weights("a.csv")
    assert weights.read(field, 7) == value
    with pytest.warns(InputWarning, match=rf"^a\.csv: 1 weight rounded .* line 7, {field} to {value}$"):
        weights.tell()


@pytest.mark.parametrize("field", ["0.4", "1.5", "9.5", "0,02", "1,06", "1,0690"])
def test_fractions_that_rounding_would_change_much_are_refused(field: str) -> None:
    """9.5 to 10 is 0.5/9.5 = 5.3%; an item of 0.4 would not count at all."""
    with pytest.raises(ValueError, match=r"not a whole number.*multiply the column"):
        Weights("a.csv").read(field, 2)


@pytest.mark.parametrize(
    "field",
    [
        "",
        "many",
        "nan",
        "inf",
        "12,34,567",
        "1..2",
        "1,2,3",
        "5%",
        "$5",
        "1_000",
        "0x10",
        "1 06",
        "--3",
    ],
)
def test_what_is_no_number(field: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        Weights("a.csv").read(field, 2)


@pytest.mark.parametrize("field", ["-2", "-1,069", "9007199254740993", "1e300"])
def test_numbers_that_are_no_weights(field: str) -> None:
    with pytest.raises(ValueError, match=r"not a whole number from 0 up to 2\^53"):
        Weights("a.csv").read(field, 2)


def test_what_may_be_thousands_or_a_fraction_is_decided_by_its_column_or_refused() -> None:
    with pytest.raises(ValueError, match=r"'1\.069' may be a fraction or thousands"):
        Weights("a.csv").read("1.069", 2)
    german = Weights("a.csv")
    assert german.read("69,5", 2) == 70
    assert german.read("1.069", 3) == 1069
    with pytest.raises(ValueError, match="'1,069' may be a fraction or thousands"):
        german.read("1,069", 4)
    with pytest.raises(ValueError, match=r"its fraction after '\.', others of this column after ','"):
        german.read("69.5", 5)
    for likely in (",", None):  # a comma before or after shows what an earlier one was
        column = Weights("a.csv", likely)
        if likely:
            with pytest.raises(ValueError, match="'1,069' may be a fraction or thousands; write it without the comma"):
                column.read("1,069", 2)
            assert column.read("1,069,000", 3) == 1_069_000
        else:
            assert column.read("1,069", 2) == 1069
            with pytest.raises(ValueError, match=r"'69,5' .* and '1,069' in line 2 was read as thousands"):
                column.read("69,5", 3)
    english = Weights("a.csv")
    assert english.read("69.5", 2) == 70
    assert english.read("1,069", 3) == 1069
    assert english.read("101.069", 4) == 101
    assert Weights("a.csv", ",").read("1.069", 2) == 1069  # between semicolons
