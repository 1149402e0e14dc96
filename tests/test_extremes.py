"""Every number at its extremes: the right answer or one clear error, from Python and from the command line.

No warning of numpy's, no traceback, no blank item and no number that is none. All numeric settings of all models are
walked through as their classes declare them, so that a new one is in here by itself.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main
from nextchar.core.settings import Setting
from nextchar.data.corpus import Corpus
from nextchar.errors import NextcharError
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of, trained

CORPUS = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "zoe", "ella", "mae"])
MODEL = Ngram(order=2).fit(CORPUS)
UNSMOOTHED = Ngram(order=2, add=0).fit(CORPUS)
TINY, LARGEST = 5e-324, 1.7976931348623157e308
NUMBERS: list[Any] = [0, -1, TINY, 1e-300, 1e-12, 0.5, 1e300, LARGEST, -LARGEST, 10**30, -(10**30), 2**64, 10**400]
NO_NUMBERS: list[Any] = [math.nan, math.inf, -math.inf, "3", 1j, [1], np.array([1, 2]), np.float64("nan"), np.inf]


@pytest.fixture(autouse=True)
def _no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def refused(call: Callable[[Any], Any], value: Any) -> bool:
    """Whether a value is refused in words; anything but the typed error fails the test."""
    try:
        call(value)
    except NextcharError:
        return True
    return False


def items(model: Any, **asked: Any) -> None:
    """Ten items, none of them blank, whose scores are numbers."""
    drawn = model.sample(10, **{"seed": 1, "max_length": 6, **asked})
    assert len(drawn) == 10
    assert all(item.strip() for item in drawn)
    assert np.isfinite(MODEL.nats(drawn)).all()


# -- drawing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"match": "[a-z]{1,6}"}, {"prefix": "m"}, {"stream": "torch1", "min_length": 1}])
@pytest.mark.parametrize("model", [MODEL, UNSMOOTHED], ids=["smoothed", "unsmoothed"])
def test_temperatures(model: Any, more: dict[str, Any]) -> None:
    for value in NUMBERS:
        right = 0 <= value <= LARGEST
        assert refused(lambda t: items(model, temperature=t, **more), value) == (not right), value


def test_the_limits_of_temperatures() -> None:
    """Near 0 the most probable items alone, all of them alike; very high ones all symbols alike."""
    ties = Ngram(order=1, add=0).fit(Corpus.from_items(["a", "b", "b", "a"]))  # p(a) = p(b) = 1/4, of the end 1/2
    for temperature in (TINY, 1e-310, 1e-300, 1e-200, 1e-10):
        firsts = ties.sample(400, seed=1, temperature=temperature)
        assert set(firsts) == {"a", "b"}
        assert 140 < firsts.count("a") < 260  # 200, and six standard deviations
    assert set(ties.sample(50, seed=1, temperature=0)) == {"a"}
    for temperature in (1e100, LARGEST):  # of 3 symbols each 1/3: a length of n has 2/3 to the n - 1, times 1/3
        lengths = np.array([len(item) for item in ties.sample(3000, seed=1, temperature=temperature)])
        assert lengths.mean() == pytest.approx(3, abs=0.25)
    skewed = Ngram(order=1, add=0).fit(Corpus.from_items(["a", "b", "b"]))
    assert set(skewed.sample(50, seed=1, temperature=TINY, max_length=1)) == {"b"}


@pytest.mark.parametrize("more", [{}, {"match": "[a-z]{1,6}"}])
def test_other_numbers_of_a_plan(more: dict[str, Any]) -> None:
    for value in NUMBERS:
        assert refused(lambda p: items(MODEL, top_p=p, **more), value) == (not 0 < value <= 1), value
        whole = isinstance(value, int)  # 1e300 is none, as 3.0 is not
        assert refused(lambda k: items(MODEL, top_k=k, top_p=0.9, **more), value) == (
            not (whole and 1 <= value < 10**309)
        ), value
        assert refused(lambda s: items(MODEL, seed=s, **more), value) == (not (whole and 0 <= value < 2**64)), value
        far = lambda d: items(MODEL, min_distance=d, not_in=["zoe"], max_length=3, **more)  # noqa: E731
        assert refused(far, value) == (value not in (0, -0)), value


def test_lengths_and_numbers_of_items() -> None:
    for value in NUMBERS:
        if not (value == int(value) and value > 0):
            assert refused(lambda v: MODEL.sample(2, seed=1, max_length=v), value), value
        if not (value == int(value) and value >= 0):
            for call in (
                lambda v: MODEL.sample(2, seed=1, min_length=v),
                lambda v: MODEL.sample(v, seed=1),
                lambda v: nextchar.given(MODEL).sample(v),
                lambda v: nextchar.given(MODEL).top(v),
                lambda v: nextchar.given(MODEL, min_length=v),
            ):
                assert refused(call, value), value
        if value == int(value) and value > 2**20:
            assert refused(lambda v: nextchar.given(MODEL, max_length=v), value), value
            assert refused(lambda v: MODEL.sample(2, seed=1, min_length=v), value), value
    few = nextchar.given(UNSMOOTHED, max_length=3)
    assert len(list(few.top(10**30))) == len(list(few.top())) > 0
    assert list(few.top(0)) == []


CALLS: dict[str, Callable[[Any], Any]] = {
    "temperature": lambda v: MODEL.sample(2, temperature=v),
    "top_p": lambda v: MODEL.sample(2, top_p=v),
    "top_k": lambda v: MODEL.sample(2, top_k=v),
    "seed": lambda v: MODEL.sample(2, seed=v),
    "n": lambda v: MODEL.sample(v),
    "n given": lambda v: nextchar.given(MODEL).sample(v),
    "top": lambda v: nextchar.given(MODEL).top(v),
    "min_length": lambda v: MODEL.sample(2, min_length=v),
    "max_length": lambda v: MODEL.sample(2, max_length=v),
    "min_distance": lambda v: MODEL.sample(2, min_distance=v, not_in=["zoe"]),
    "interpolate": lambda v: nextchar.interpolate(MODEL, UNSMOOTHED, v),
    "split": lambda v: nextchar.split(CORPUS, "distinct", seed=v),
    "count": lambda v: nextchar.count(CORPUS, v),
    "outliers": lambda v: nextchar.OutlierDetector(MODEL, false_alarms=v).fit(["ema", "mea", "eva", "via"] * 60),
    "weights": lambda v: Corpus.from_items(["a", "b"], weights=[v, 1]),
    "distil": lambda v: nextchar.distil(nextchar.Mix(epochs=1).fit(CORPUS), states=v),
    "tabulate": lambda v: nextchar.tabulate(nextchar.Mix(epochs=1).fit(CORPUS), CORPUS, context=v),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_number(name: str) -> None:
    for value in NO_NUMBERS:
        assert refused(CALLS[name], value), value


def test_shares() -> None:
    for value in NUMBERS:
        assert refused(CALLS["interpolate"], value) == (not 0 <= value <= 1), value
        model = None if not 0 <= value <= 1 else nextchar.interpolate(MODEL, UNSMOOTHED, value)
        assert model is None or np.isfinite(model.nats(["emma"])).all()
        detector = lambda v: nextchar.OutlierDetector(MODEL, false_alarms=v).fit(["ema", "mea", "eva", "via"] * 60)  # noqa: E731
        assert refused(detector, value) == (value != 0.5), value  # smaller shares need more items


def test_small_numbers_of_numpy_are_numbers() -> None:
    """Before, an order of int8 overflowed in V^n, and a float32 was compared with bounds that it cannot hold."""
    assert nextchar.count(CORPUS, cast(int, np.int8(3))).order == 3
    mine, theirs = (nextchar.split(CORPUS, "distinct", seed=seed) for seed in (3, cast(int, np.int8(3))))
    assert list(mine.train) == list(theirs.train)
    seven, half = cast(int, np.int16(7)), cast(float, np.float16(0.5))
    assert MODEL.sample(3, seed=seven, temperature=half) == MODEL.sample(3, seed=7, temperature=0.5)
    assert Ngram(order=cast(int, np.uint8(2)), add=cast(float, np.float32(0.5))) == Ngram(order=2, add=0.5)


# -- settings of models -------------------------------------------------------------------------------------------

QUICK: dict[str, Any] = {"batch": 8, "width": 8, "embedding": 4, "context": 3, "layers": 1, "heads": 1, "hidden": 4}
LONG = {"seconds", "epochs", "steps", "sweeps", "width", "embedding", "hidden", "layers", "context", "heads", "batch"}
"""Settings whose large values are long work or much memory, and no fault."""


def numeric() -> list[Any]:
    found = []
    for row in trained():
        if row.extra is not None and not find_spec("torch"):
            continue
        found += [pytest.param(row.name, e, id=f"{row.name}-{e.name}") for e in row.offered() if e.type in (int, float)]
    return found


def quick(name: str, **given: Any) -> Any:
    row = next(row for row in trained() if row.name == name)
    known = {entry.name for entry in row.offered()}
    budget = (
        {} if given.keys() & {"epochs", "seconds", "steps"} else {"steps": 1} if "width" in known else {"epochs": 1}
    )
    chosen = {k: v for k, v in {**QUICK, **budget}.items() if k in known and k not in row.fixed}
    if "sweeps" in given:
        chosen["smoothing"] = "pitman-yor"
    return spec_of(name, {**chosen, **given})


def _allowed(entry: Setting, value: Any) -> bool:
    if entry.type is int and value != int(value):
        return False
    return (
        (entry.at_least is None or value >= entry.at_least)
        and (entry.above is None or value > entry.above)
        and (entry.at_most is None or value <= entry.at_most)
        and (entry.below is None or value < entry.below)
    )


@pytest.mark.parametrize(("name", "entry"), numeric())
def test_settings_out_of_range_are_refused(name: str, entry: Setting) -> None:
    for value in [*NO_NUMBERS, *(v for v in NUMBERS if not _allowed(entry, v)), True]:
        with pytest.raises(NextcharError, match=f"{entry.name}|{entry.noun}"):
            quick(name, **{entry.name: (value,) if entry.repeated else value})


@pytest.mark.parametrize("name", [row.name for row in trained() if row.extra is None or find_spec("torch")])
def test_a_model_with_extreme_settings_gives_numbers(name: str) -> None:
    """The extremes that take no time: a fit gives finite scores, or ends with the error that says why."""
    row = next(row for row in trained() if row.name == name)
    for entry in row.offered():
        if entry.type not in (int, float) or (entry.name in LONG and entry.name not in ("seconds", "epochs")):
            continue
        bounds = [b for b in (entry.at_least, entry.at_most) if b is not None and b not in (0, 10**9)]
        values = [v for v in (TINY, 1e-300, 1e300, LARGEST, *bounds) if _allowed(entry, v)]
        if entry.name in ("seconds", "epochs"):
            values = [TINY]
        if entry.type is float and "width" in {e.name for e in row.offered()}:
            values = values[:1] + values[-1:]  # a net takes longer to fit than a count model
        for value in values:
            try:
                fitted = quick(name, **{entry.name: (value,) if entry.repeated else value}).fit(CORPUS)
            except NextcharError:
                continue  # a training that diverges says so
            assert np.isfinite(fitted.nats(["emma", "mae"])).all(), (entry.name, value)


def test_added_counts_and_the_weight_of_l2() -> None:
    """-log p of emma, end included, by hand: add-k at its limits is the counts' own shares, or uniform."""
    table = {
        value: float(Ngram(order=2, add=value).fit(CORPUS).nats(["emma"])[0]) for value in (0, TINY, 1e300, LARGEST)
    }
    assert table[TINY] == pytest.approx(table[0], rel=1e-12)
    assert table[1e300] == table[LARGEST] == pytest.approx(5 * math.log(CORPUS.alphabet.size), rel=1e-12)
    unseen = float(Ngram(order=2, add=TINY).fit(CORPUS).nats(["zz"])[0])  # z once, after the boundary, and o after it
    assert unseen == pytest.approx(math.log(10) - 2 * math.log(TINY), rel=1e-12)  # p(z) = 1/10, then k/1 and k/1
    if find_spec("torch"):
        with pytest.raises(NextcharError, match="l2 is 0 or at least 1e-20"):
            nextchar.BigramNet(l2=1e-50)
        uniform = nextchar.BigramNet(l2=1e100).fit(CORPUS).nats(["emma"])[0]
        assert uniform == pytest.approx(5 * math.log(CORPUS.alphabet.size), rel=1e-9)


# -- the command line ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m"
    MODEL.save(path)
    return path


@pytest.mark.parametrize(
    "line",
    [
        *(f"sample M --temperature {t}" for t in ("nan", "inf", "-1", "-inf", "1e999", "abc", "-1e-320")),
        *(f"sample M --top-p {p}" for p in ("0", "nan", "1.0001", "-0.5", "inf")),
        *(f"sample M --top-k {k}" for k in ("0", "-5", "1.5", "nan")),
        *(f"sample M --seed {s}" for s in ("-1", "18446744073709551616", "1e3", "nan")),
        *(f"sample M -n {n}" for n in ("-1", "1.5", "nan")),
        *(f"sample M --min-length {a}" for a in ("-1", "99999999999999999999", "nan")),
        *(f"sample M --max-length {b}" for b in ("0", "-3", "1e9")),
        *(f"top M -n {n}" for n in ("0", "-1", "x")),
        *(f"prob M --max-length {n}" for n in ("0", "-1", "99999999999999999999")),
        *(f"train DATA -o OUT --add {k}" for k in ("-1", "nan", "inf", "1e999")),
        *(f"train DATA -o OUT --order {k}" for k in ("0", "65", "-1", "2.5", "99999999999999999999")),
        *(f"train DATA -o OUT --model bigram-net --l2 {k}" for k in ("-1", "nan", "1e-50", "1e200")),
        *(f"train DATA -o OUT --model mix --epochs {k}" for k in ("0", "-1", "nan", "1e300")),
        *(f"blend M M OUT --share {w}" for w in ("-0.1", "1.1", "nan", "inf")),
    ],
)
def test_the_command_line_refuses_in_words(line: str, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("emma\nava\nmia\n", encoding="utf-8")
    out = tmp_path / "out"
    words = [
        {"M": str(saved), "DATA": str(tmp_path / "data"), "OUT": str(out)}.get(word, word) for word in line.split()
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code in (1, 2), done.output
    assert isinstance(done.exception, SystemExit)
    assert "Error: " in done.stderr
    assert not done.stdout
    assert not out.exists()


@pytest.mark.parametrize(
    "options",
    [
        "--temperature 5e-324",
        "--temperature 1e308",
        "--temperature 0",
        "--top-p 5e-324",
        "--top-p 1",
        "--top-k 99999999999999999999",
        "--seed 18446744073709551615",
        "--seed 0",
        "--temperature 1e308 --top-k 1",
        "--temperature 1e-300 --top-p 1e-300",
    ],
)
def test_the_command_line_takes_what_is_right(options: str, saved: Path) -> None:
    done = CliRunner().invoke(main, ["sample", str(saved), "--max-length", "9", "-n", "20", *options.split()])
    assert done.exit_code == 0, done.output
    assert len(done.stdout.split()) == 20
    assert not done.stderr
