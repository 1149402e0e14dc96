"""Model files that someone has altered, with a checksum that fits again: the typed error, or a model that works.

`NEXTCHAR_ALTERED=20000 pytest -m slow tests/test_altered_files.py` tries as many as that.
"""

from __future__ import annotations

import copy
import math
import os
import random
import signal
import sys
import tracemalloc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.limits import memory_left

import nextchar
from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.errors import NextcharError, NotAModelError

if sys.platform == "win32":
    pytest.skip("limits and alarms are POSIX", allow_module_level=True)

FIXTURES = Path(__file__).parent / "fixtures" / "models"
KINDS = sorted(path.stem for path in FIXTURES.glob("*.safetensors"))
NETS = {"bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer", "ensemble"}
QUICK = 12  # alterations of each file in the quick run
MANY = int(os.environ.get("NEXTCHAR_ALTERED", "2000"))
SECONDS = 20  # after which a file counts as one that hangs
ALLOWANCE = 48 << 20  # bytes that a model may take beside 4 times its file: modules that are loaded late, small tables

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 64, 65, 10**9, 2**31, 2**63, -(2**63), 10**30, 0.5, -0.5, 1e308, 1e-320, "", "x",
    "ngram", "mix", "-1", "\0", "\ud83d", "é" * 999, [], [[]], [0], [None], {}, {"a": 1}, [1] * 999,
]  # fmt: skip
NUMBERS = [0, 1, -1, 2, 127, 128, 255, 2**15, 2**31 - 1, 2**31, 2**62, 0.5, -0.5, 1e308, -1e308, 1e-320]
NUMBERS += [math.nan, math.inf, -math.inf]
TYPES = ["u1", "i1", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "?"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a JSON document."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value[:40]):
            yield from places(inner, (*path, i))


def alter_document(document: dict[str, Any], chance: random.Random) -> None:
    """One change of the description."""
    path = chance.choice([path for path in places(document) if path[0] not in ("format", "package")])
    owner = document
    for key in path[:-1]:
        owner = owner[key]
    key, old = path[-1], owner[path[-1]]
    what = chance.randrange(5)
    if what == 0:
        del owner[key]
    elif what == 1 and isinstance(old, str) and old:
        at = chance.randrange(len(old))
        owner[key] = chance.choice([old[:at], old + old, old[:at] + chr(chance.randrange(1, 0xD800)) + old[at + 1 :]])
    elif what == 1 and isinstance(old, list) and old:
        owner[key] = chance.choice([old[:-1], old + old[:1], old[::-1]])
    elif what == 2 and isinstance(old, int | float) and abs(old) < 1e300:
        owner[key] = chance.choice([old + 1, old - 1, old * 2, -old, old / 3])
    else:
        owner[key] = copy.deepcopy(chance.choice(VALUES))


def alter_arrays(arrays: dict[str, Any], chance: random.Random) -> None:
    """One change of the arrays."""
    name = chance.choice(sorted(arrays))
    array = np.array(arrays[name])
    what = chance.randrange(8)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if what == 0:
            del arrays[name]
            return
        if what == 1:
            array = array.astype(chance.choice(TYPES))
        elif what == 2:
            shapes = [array.reshape(-1), array[None], array.T]
            if array.ndim:
                shapes += [array[:0], array[:-1], array[1:], np.concatenate([array, array])]
            array = chance.choice(shapes)
        elif what == 3:
            arrays[chance.choice(["x", *sorted(arrays)])] = array
            return
        elif array.size:
            flat = array.reshape(-1)
            for _ in range(chance.choice([1, 1, 1, 5, flat.size])):
                at = chance.randrange(flat.size)
                if what == 4:
                    flat[at] = flat[chance.randrange(flat.size)]
                elif what == 5:
                    raw = flat[at : at + 1].view(np.uint8)
                    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
                elif what == 6 and flat.dtype.kind in "iu":
                    flat[at] = flat[at] + np.array(chance.choice([1, -1])).astype(flat.dtype)
                else:
                    flat[at] = np.array(chance.choice(NUMBERS)).astype(flat.dtype)
            array = flat.reshape(array.shape)
    arrays[name] = array


def altered(kind: str, seed: int, path: Path) -> bool:
    """Write an altered copy of a file; whether it could be written."""
    chance = random.Random(f"{kind} {seed}")
    whole = read_model_file(FIXTURES / f"{kind}.safetensors")
    arrays, document = dict(whole.arrays), copy.deepcopy(dict(whole.document))
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        if arrays and chance.random() < 0.6:
            alter_arrays(arrays, chance)
        else:
            alter_document(document, chance)
    kind_now = document.pop("kind", "ngram")
    document.pop("format", None), document.pop("package", None)
    try:
        write_model_file(path, ModelFile(kind_now, arrays, document))
    except (UnicodeEncodeError, ValueError, TypeError):  # half a surrogate pair; not a number
        return False
    return True


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail what takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def use(path: Path, folder: Path) -> str:
    """Load a file and do everything with it; what came of it."""
    try:
        model = nextchar.load(path)
    except NotAModelError:
        classifier = nextchar.Classifier.load(path)
        classifier.predict(["ava", "xyz"])
        return "classifier"
    assert repr(model)
    assert model._repr_html_()
    probs = np.exp(model.start(1).log_probs)
    assert np.isfinite(probs).all()
    for item in model.score(["ava", "a"] if "a" in model.alphabet.characters else [model.alphabet.characters[0]]):
        assert item.nats >= -1e-6
    assert len(model.sample(3, seed=1, max_length=12, min_length=0)) <= 3
    model.save(folder / "again")
    return "model"


def attempt(kind: str, seed: int, folder: Path) -> str:
    """Alter, load, use."""
    path = folder / "altered"
    if not altered(kind, seed, path):
        return "not written"
    tracemalloc.start()
    try:
        with within(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            return use(path, folder)
    except NextcharError:
        return "refused"
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 4 * path.stat().st_size + ALLOWANCE, f"{peak:,} bytes"


@pytest.fixture
def less_memory(kind: str, tmp_path: Path) -> Iterator[None]:
    """4 GB beside what the process has: what asks for a billion cells fails and does not take the machine along.

    The file as it is comes first, so that what is loaded or compiled for its kind is there.
    """
    if kind in NETS:
        pytest.importorskip("torch", reason="needs torch: pip install 'nextchar[neural]'")
    use(FIXTURES / f"{kind}.safetensors", tmp_path)
    with memory_left(4 << 30):
        yield


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.usefixtures("less_memory")
@pytest.mark.parametrize("kind", KINDS)
def test_some_altered_files(kind: str, tmp_path: Path) -> None:
    found = [attempt(kind, seed, tmp_path) for seed in range(QUICK)]
    assert "refused" in found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.usefixtures("less_memory")
@pytest.mark.parametrize("kind", KINDS)
def test_many_altered_files(kind: str, tmp_path: Path) -> None:
    for seed in range(QUICK, MANY // len(KINDS) + 1):
        try:
            attempt(kind, seed, tmp_path)
        except Exception as error:
            raise AssertionError(f"alteration {seed} of {kind}: {type(error).__name__}: {error}") from error
