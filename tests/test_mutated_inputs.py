"""Inputs that someone has damaged or made up, of every format that is read: the typed error, or a right answer.

`NEXTCHAR_MUTATED=100000 pytest -m slow tests/test_mutated_inputs.py` tries as many as that; by default 4,000 and, in
the quick run, 12 of each format. A failure names the format and the seed, which make the same file again.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import random
import re
import signal
import sys
import tracemalloc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, Literal

import pytest
import zstandard
from tests.limits import memory_left

import nextchar
from nextchar.errors import NextcharError, NotAModelError

if sys.platform == "win32":
    pytest.skip("limits and timers are POSIX", allow_module_level=True)

FIXTURES = Path(__file__).parent / "fixtures" / "models"
QUICK = 12  # of each format in the quick run
MANY = int(os.environ.get("NEXTCHAR_MUTATED", "4000"))
SECONDS: Final = 2.0  # of processor time, after which a file counts as one that hangs
ALLOWANCE: Final = 48 << 20  # bytes beside 4 times the file: modules that are loaded late, buffers of decompressors

NAMES: Final = ["emma", "olivia", "Zoë", "d'arcy", "Jean-Luc", "名前", "O\N{COMBINING DIAERESIS}ystein", "ava ann", "x"]
TOKENS: Final = [
    b"", b"\0", b"\n", b"\r", b"\r\n", b"\t", b" ", b'"', b'""', b"'", b",", b";", b"\\", b"|", b"-", b"1", b"0",
    b"9" * 30, b"1e308", b"nan", b"inf", b"-inf", b"1.5", b"-99", b"0x1", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff",
    b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"\x85", b"\x1a", b"\x1b[2J", b"\x7f",
    b"<s>", b"</s>", b"<unk>", b"<U+0041>", b"<U+D800>", b"<U+110000>", b"\\data\\", b"\\end\\", b"\\1-grams:",
    b"\\2-grams:", b"\\9-grams:", b"ngram 1=3", b"ngram 99=1", b"ngram 2=999999999999", b"ngram 3=-1", b"A" * 5_000,
]  # fmt: skip


def _table(delimiter: str, decimal: str) -> str:
    rows = [f"name{delimiter}births{delimiter}note"]
    rows += [f'"{name}"{delimiter}{n}{decimal}0{delimiter}"a ""b"" \r\n c"' for n, name in enumerate(NAMES, 1)]
    return "\r\n".join(rows) + "\r\n"


def _arpa() -> bytes:
    model = nextchar.Ngram(order=3, smoothing="witten-bell").fit(NAMES)
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"nextchar-{os.getpid()}.arpa"
    try:
        nextchar.write_arpa(model, path)
        return path.read_bytes()
    finally:
        path.unlink()


@cache
def _whole(kind: str) -> bytes:
    """A file as it should be."""
    text = "\n".join(NAMES).encode()
    match kind:
        case "list":
            return text
        case "windows.list":
            return b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n")
        case "wide.list":
            return "\n".join(NAMES).encode("utf-16")
        case "csv":
            return _table(",", ".").encode()
        case "semicolon.csv":
            return _table(";", ",").encode()
        case "tsv":
            return _table("\t", ".").encode()
        case "arpa":
            return _arpa()
        case "list.gz":
            return gzip.compress(text * 20, mtime=0)
        case "list.bz2":
            return bz2.compress(text * 20)
        case "list.xz":
            return lzma.compress(text * 20)
        case "list.zst":
            return zstandard.compress(text * 20)
        case _:
            return (FIXTURES / f"{kind}.safetensors").read_bytes()


TEXTS: Final = ["list", "windows.list", "wide.list", "csv", "semicolon.csv", "tsv", "arpa"]
COMPRESSED: Final = ["list.gz", "list.bz2", "list.xz", "list.zst"]
MODELS: Final = sorted(path.stem for path in FIXTURES.glob("*.safetensors"))
KINDS: Final = [*TEXTS, *COMPRESSED, *MODELS]
NETS: Final = {"bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer", "ensemble"}
WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")  # byte order marks of UTF-16 and UTF-32


def mutated(kind: str, seed: int) -> bytes:
    """A file with one to five changes: cut, doubled, swapped, with other bytes or telling words inside."""
    chance = random.Random(f"{kind} {seed}")
    content = bytearray(_whole(kind))
    for _ in range(chance.choice([1, 1, 2, 3, 5])):
        n = max(len(content), 1)
        at, to = sorted((chance.randrange(n), chance.randrange(n)))
        match chance.randrange(8):
            case 0:
                del content[at:]
            case 1:
                del content[at:to]
            case 2:
                content[at:at] = content[at : min(to, at + 2_000)]
            case 3 if content:
                content[at] ^= 1 << chance.randrange(8)
            case 4 if content:
                content[at] = chance.randrange(256)
            case 5:
                lines = bytes(content).split(b"\n")
                chance.shuffle(lines)
                content[:] = b"\n".join(lines)
            case 6:  # a field or a number becomes another
                fields = list(re.finditer(rb"[^\s,;\"]+", bytes(content[:100_000])))
                if fields:
                    field = chance.choice(fields)
                    content[field.start() : field.end()] = chance.choice(TOKENS)
            case _:
                content[at:at] = chance.choice(TOKENS)
    return bytes(content)


def read(kind: str, content: bytes, path: Path, chance: random.Random) -> None:
    """Read a file in one of the ways that there are, and look whether what came of it holds together."""
    if kind in MODELS:
        try:
            assert nextchar.load(path).start(1).log_probs.max() <= 1e-9
        except NotAModelError:
            assert nextchar.Classifier.load(path).predict(["ava"]).shape == (1,)
        return
    if kind == "arpa":
        model = nextchar.read_arpa(path)
        known = [item for item in NAMES if set(item) <= set(model.alphabet.characters)]
        assert all(score.nats >= -1e-3 for score in model.score(known))
        return
    errors: Literal["stop", "skip", "replace"] = chance.choice(["stop", "skip", "replace"])
    if kind.endswith("sv"):
        header = chance.random() < 0.8
        column = chance.choice(["name", "1", "note", "3"] if header else ["1", "3"])
        weight = chance.choice([None, "births", "2"] if header else [None, "2"])
        delimiter = chance.choice([None, None, ",", ";"])
        data = nextchar.Corpus.from_file(
            path, column=column, weight=weight, header=header, delimiter=delimiter, errors=errors
        )
    else:
        encoding = chance.choice(["utf-8", "utf-16"]) if kind == "wide.list" else "utf-8"
        data = nextchar.Corpus.from_file(path, errors=errors, encoding=encoding)
        if kind in ("list", "windows.list") and errors == "stop" and not content.startswith(WIDE):
            lines = re.split("\r\n|\r|\n", content.removeprefix(b"\xef\xbb\xbf").decode())
            assert list(data) == [line.strip() for line in lines if line.strip()]
    items = list(data)
    assert len(items) == len(data)
    assert data.symbols == sum(len(item) + 1 for item in items)
    assert set("".join(items)) <= set(data.alphabet.characters)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def attempt(kind: str, seed: int, folder: Path) -> None:
    """Make a file and read it."""
    message = None
    content = mutated(kind, seed)
    path = folder / f"m.{kind}"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with limited(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", RuntimeWarning)
            read(kind, content, path, random.Random(seed))
    except NextcharError as error:
        message = str(error)
    except Exception as error:
        error.add_note(f"{kind}, seed {seed}: {content[:300]!r}")
        raise
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 4 * len(content) + ALLOWANCE, f"{kind}, seed {seed}: {peak:,} bytes"
    assert message is None or 10 < len(message) < 1_000, f"{kind}, seed {seed}: a message is for people: {message}"


@pytest.fixture
def less_memory(kind: str, tmp_path: Path) -> Iterator[None]:
    """At most 4 GB more; the file as it is comes first, so that what is loaded or compiled for its kind is there."""
    if kind in NETS:
        pytest.importorskip("torch", reason="needs torch: pip install 'nextchar[neural]'")
    path = tmp_path / f"m.{kind}"
    path.write_bytes(_whole(kind))
    with contextlib.suppress(NextcharError), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        read(kind, _whole(kind), path, random.Random(0))
    for text in (" Zoë \n", " 名前 \n", " 𠮷 \n"):  # a loop that is compiled for each width of characters
        (tmp_path / "blanks").write_text(text, encoding="utf-8")
        nextchar.Corpus.from_file(tmp_path / "blanks")
    with memory_left(4 << 30):
        yield


@pytest.mark.usefixtures("less_memory")
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_refused_or_read(kind: str, tmp_path: Path) -> None:
    for seed in range(QUICK):
        attempt(kind, seed, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("less_memory")
@pytest.mark.parametrize("kind", KINDS)
def test_many_damaged_files_are_refused_or_read(kind: str, tmp_path: Path) -> None:
    for seed in range(QUICK, QUICK + MANY // len(KINDS)):
        attempt(kind, seed, tmp_path)


def cut(kind: str, path: Path, *, places: int) -> None:
    """Of models and compressed files none that is cut short is read; a text may end anywhere."""
    content = _whole(kind)
    for n in range(0, len(content), max(len(content) // places, 1)):
        path.write_bytes(content[:n])
        if kind in TEXTS:
            with contextlib.suppress(NextcharError), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                read(kind, content[:n], path, random.Random(n))
        else:
            with pytest.raises(NextcharError):
                read(kind, content[:n], path, random.Random(n))


@pytest.mark.usefixtures("less_memory")
@pytest.mark.parametrize("kind", ["list", "csv", "list.gz", "list.bz2", "list.xz", "list.zst", "arpa", "ngram-add"])
def test_a_small_file_cut_at_any_byte_is_refused_or_read(kind: str, tmp_path: Path) -> None:
    """At every byte; of the two larger ones at 200."""
    cut(kind, tmp_path / f"m.{kind}", places=200 if kind in ("arpa", "ngram-add") else 10**6)


@pytest.mark.slow
@pytest.mark.usefixtures("less_memory")
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_at_any_byte_is_refused_or_read(kind: str, tmp_path: Path) -> None:
    """At every byte of a small one, at 3,000 and more of a large one."""
    cut(kind, tmp_path / f"m.{kind}", places=3_000)
