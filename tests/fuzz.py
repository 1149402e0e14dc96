"""Fuzz a reader with atheris: inputs that grow towards code which was not reached yet; run by `test_fuzz.py`.

    python -m tests.fuzz READER SECONDS FOLDER

Reads the kept findings of that reader first (`tests/findings`), keeps what reaches new code in FOLDER/corpus, and
stops at the first input that is answered by anything but the typed error or something that holds together; that input
is FOLDER/crash-*, or timeout-*. Needs the extra `fuzz`.

The first bytes of an input choose how it is read. Where a checksum would keep everything out, the input says how a
whole file is altered, and the checksum is made to fit.
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import json
import pkgutil
import random
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

TESTS: Final = Path(__file__).parent
FIXTURES: Final = TESTS / "fixtures" / "models"
NAMES: Final = ("emma", "olivia", "ava", "Zoë", "名前", "d'arcy", "ava ann", "x")
HANGING: Final = 5  # seconds of processor time after which an input counts as one that hangs
ENDLESS: Final = 120  # seconds, by the clock, after which it is not waited for


class NothingLeft(Exception):  # noqa: N818 - no error, but the end of an input
    """There is nothing to choose from: everything has been taken out of a file."""


class Chance(random.Random):
    """Choices that follow the bytes of an input; 0 when they are used up."""

    def __init__(self, content: bytes) -> None:
        super().__init__(0)
        self._content = content
        self._at = 0

    def _below(self, n: int) -> int:
        if n < 1:
            raise NothingLeft
        size = max((n - 1).bit_length() + 7, 8) // 8
        piece = self._content[self._at : self._at + size]
        self._at += size
        return int.from_bytes(piece, "little") % n

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        low, high = (0, start) if stop is None else (start, stop)
        return low + self._below(high - low)

    def choice(self, values: Sequence[Any]) -> Any:  # type: ignore[override]
        return values[self._below(len(values))]

    def random(self) -> float:
        return self._below(256) / 256

    def rest(self) -> bytes:
        """What has not been used."""
        return self._content[self._at :]


def script(name: str) -> ModuleType:
    """Another file of the tests."""
    return importlib.import_module(f"tests.{name}")


def read_text(content: bytes, folder: Path) -> None:
    """A list of items or a table of any dialect, compressed or not."""
    import nextchar

    chance = Chance(content)
    table = chance.choice((False, True))
    header = not table or chance.choice((True, False))
    column = chance.choice(("name", "1", "2") if header else ("1", "2")) if table else None
    data = nextchar.Corpus.from_file(
        written(chance, folder, ("", ".csv", ".gz", ".bz2", ".xz", ".zst", ".tsv.gz")),
        column=column,
        weight=chance.choice((None, "2")) if table else None,
        header=header,
        delimiter=chance.choice((None, ",", ";", "\t")) if table else None,
        errors=chance.choice(("stop", "skip", "replace")),
        encoding=chance.choice(("utf-8", "utf-8", "utf-16", "utf-32", "cp1252", "gb18030", "utf-8-sig", "shift_jis")),
        options=nextchar.TextOptions(lower=chance.choice((False, True)), graphemes=chance.choice((False, True))),
    )
    items = list(data)
    assert len(items) == len(data)
    assert data.alphabet.has_unknown or data.symbols >= 2 * len(items)


def written(chance: Chance, folder: Path, endings: Sequence[str]) -> Path:
    """The rest of an input as a file with one of these endings, but for eight bytes, for the choices that follow."""
    path = folder / f"input{chance.choice(endings)}"
    path.write_bytes(chance.rest()[8:])
    return path


def read_arpa(content: bytes, folder: Path) -> None:
    """An ARPA file."""
    import nextchar

    chance = Chance(content)
    model = nextchar.read_arpa(written(chance, folder, ("", ".gz")), encoding=chance.choice(("utf-8", "latin-1")))
    assert model.start(1).log_probs.max() <= 1e-9
    assert all(item.nats >= -1e-6 for item in model.score(list(model.alphabet.characters[:5])))


def read_model(content: bytes, folder: Path) -> None:
    """The file of a model or a classifier, byte for byte as given."""
    path = folder / "input"
    path.write_bytes(content)
    script("test_altered_files").use(path, folder)


def read_altered(content: bytes, folder: Path, kinds: Sequence[str] | None = None) -> None:
    """A model's file with altered arrays and an altered description, and a checksum that fits."""
    from nextchar.core.model_file import ModelFile, read_model_file, write_model_file

    altering = script("test_altered_files")
    chance = Chance(content)
    plain = [kind for kind in altering.KINDS if kind not in altering.NETS]
    whole = read_model_file(FIXTURES / f"{chance.choice(kinds or plain)}.safetensors")
    arrays, document = dict(whole.arrays), copy.deepcopy(dict(whole.document))
    while chance.rest():
        if arrays and chance.choice((True, False)):
            altering.alter_arrays(arrays, chance)
        else:
            altering.alter_document(document, chance)
    kind = document.pop("kind", "ngram")
    document.pop("format", None), document.pop("package", None)
    try:
        write_model_file(folder / "input", ModelFile(kind, arrays, document))
    except (UnicodeEncodeError, ValueError, TypeError):  # half a surrogate pair; not a number
        return
    altering.use(folder / "input", folder)


def read_net(content: bytes, folder: Path) -> None:
    """The same of a net's file."""
    read_altered(content, folder, sorted(script("test_altered_files").NETS))


def read_counts(content: bytes, folder: Path) -> None:
    """A folder of counts with an altered description, altered columns or altered bytes, and checksums that fit."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    import nextchar

    whole, target = folder / "whole", folder / "counts"
    if not whole.exists():
        (folder / "list").write_text("\n".join(NAMES))
        nextchar.count_to(whole, folder / "list", order=3)
    chance = Chance(content)
    target.mkdir(exist_ok=True)
    document = json.loads((whole / "_counts.json").read_text())
    for path in whole.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    what = chance.choice(("facts", "columns", "bytes", "fingerprints"))
    shard = target / "00000.parquet"
    if what == "facts":
        while chance.rest():
            script("test_altered_files").alter_document(document, chance)
    elif what == "columns":
        table = pq.read_table(shard).to_pydict()
        while chance.rest():
            i = chance.randrange(len(table["ngram"]))
            if chance.choice((True, False)):
                table["ngram"][i] = chance.choice(("", "\n\n\n", "aa", "aaaa", "\n\na", "a\na", "éée", "\0\0\0", None))
            else:
                table["count"][i] = chance.choice((0, -1, 2, 2**62, None))
        types = {"ngram": chance.choice((pa.string(), pa.large_string())), "count": pa.int64()}
        fields = [pa.field(name, kind, nullable=chance.choice((False, True))) for name, kind in types.items()]
        try:
            pq.write_table(pa.table(table, schema=pa.schema(fields)), shard, store_schema=chance.choice((False, True)))
        except (pa.ArrowException, ValueError, TypeError):
            return
    else:
        path = shard if what == "bytes" else target / "_items.u64"
        raw = bytearray(path.read_bytes())
        while chance.rest():
            at = chance.randrange(max(len(raw), 1))
            match chance.choice(("change", "cut", "add")):
                case "change" if raw:
                    raw[at] = chance.randrange(256)
                case "cut":
                    del raw[at:]
                case _:
                    raw[at:at] = bytes([chance.randrange(256)])
        path.write_bytes(bytes(raw))
    if isinstance(document.get("checksums"), dict):
        for name in document["checksums"]:
            if isinstance(name, str) and name and "/" not in name and "\0" not in name and (target / name).is_file():
                document["checksums"][name] = hashlib.sha256((target / name).read_bytes()).hexdigest()
    (target / "_counts.json").write_text(json.dumps(document), "utf-8", "surrogatepass")
    found = nextchar.CountsFolder.open(target)
    found.known  # noqa: B018 - reads them
    assert found.counts().counts.sum() == found.total


def read_facts(content: bytes, folder: Path) -> None:
    """The description of a folder of counts, byte for byte as given."""
    import nextchar

    target = folder / "facts"
    target.mkdir(exist_ok=True)
    (target / "_counts.json").write_bytes(content)
    nextchar.CountsFolder.open(target).counts()


def read_checkpoint(content: bytes, folder: Path) -> None:
    """An altered checkpoint with a checksum that fits, from which a training goes on."""
    import nextchar
    from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
    from nextchar.models.neural.training.settings import Run

    altering = script("test_altered_files")
    whole, path = folder / "whole.checkpoint", folder / "checkpoint"
    spec = nextchar.MLP(context=2, embedding=2, width=4, layers=1, steps=4, batch=8, hold_out=0)
    items = nextchar.Corpus.from_items(NAMES)
    if not whole.exists():
        spec.fit(items, run=Run(checkpoint=whole, every_seconds=0))
    chance = Chance(content)
    file = read_model_file(whole)
    arrays, document = dict(file.arrays), copy.deepcopy(dict(file.document))
    while chance.rest():
        if arrays and chance.choice((True, False)):
            altering.alter_arrays(arrays, chance)
        else:
            altering.alter_document(document, chance)
    kind = document.pop("kind", "checkpoint")
    document.pop("format", None), document.pop("package", None)
    try:
        write_model_file(path, ModelFile(kind, arrays, document))
    except (UnicodeEncodeError, ValueError, TypeError):
        return
    model = spec.fit(items, run=Run(checkpoint=path, resume=True))
    assert model.start(1).log_probs.max() <= 1e-6


READERS: Final[Mapping[str, Callable[[bytes, Path], None]]] = {
    "text": read_text,
    "arpa": read_arpa,
    "model": read_model,
    "altered": read_altered,
    "net": read_net,
    "counts": read_counts,
    "facts": read_facts,
    "checkpoint": read_checkpoint,
}


def attempt(reader: str, content: bytes, folder: Path) -> str:
    """Read an input; what came of it: `read`, or the message of the typed error."""
    from nextchar.errors import NextcharError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("error", RuntimeWarning)
        try:
            READERS[reader](content, folder)
        except NothingLeft:
            pass
        except NextcharError as error:
            message = str(error)
            assert 10 < len(message) < 1_000, f"a message is for people: {message}"
            return message
    return "read"


def _seeds(reader: str) -> list[bytes]:
    """Inputs to begin with."""
    if reader == "text":  # as read_text chooses: no table, this ending, and so on
        made = script("test_mutated_inputs")
        lists = [bytes([0, ending]) for ending in (0, 2, 3, 4, 5)]
        kinds = ("list", "list.gz", "list.bz2", "list.xz", "list.zst")
        tables = [bytes([1, 0, 0, 1]) + bytes(8) + made._whole(kind) for kind in ("csv", "semicolon.csv", "tsv")]
        return tables + [how + bytes(8) + made._whole(kind) for how, kind in zip(lists, kinds, strict=True)]
    if reader == "arpa":
        return [bytes(9) + script("test_mutated_inputs")._arpa()[:3_000]]
    if reader == "model":
        return [path.read_bytes() for path in FIXTURES.glob("*.safetensors") if path.stat().st_size < 5_000]
    if reader == "facts":
        import nextchar

        return [b'{"kind": "nextchar counts", "format": 1}', nextchar.__version__.encode()]
    return [bytes(range(n, n + 40)) for n in range(0, 200, 40)]


def _kept(reader: str, content: bytes, place: Path) -> None:
    try:
        for again in (False, True):  # what took long once may have been compiled first: it is read once more
            begun = time.process_time()
            attempt(reader, content, place / "work")
            took = time.process_time() - begun
            if took <= HANGING:
                break
            assert not again, f"takes {took:.1f} seconds"
    except BaseException:
        (place / f"crash-{hashlib.sha256(content).hexdigest()[:16]}").write_bytes(content)
        raise


def _main(reader: str, seconds: str, folder: str) -> None:
    import atheris

    with atheris.instrument_imports(include=["nextchar"]):
        import nextchar

        for found in pkgutil.walk_packages(nextchar.__path__, "nextchar."):
            if found.name.split(".")[1] in ("core", "data", "automata", "models", "tasks"):
                importlib.import_module(found.name)
    place = Path(folder)
    work, corpus = place / "work", place / "corpus"
    for path in (work, corpus):
        path.mkdir(parents=True, exist_ok=True)
    for seed in _seeds(reader):
        (corpus / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
    findings = TESTS / "findings" / reader
    kept = [path.read_bytes() for path in sorted(findings.glob("*"))]
    whole = [bytes([n]) for n in range(len(list(FIXTURES.iterdir())))]  # each kind of file, as it is
    for content in (*_seeds(reader), *whole, *kept):
        _kept(reader, content, place)  # most of what is loaded or compiled late is so now
    options = [f"-max_total_time={seconds}", f"-timeout={ENDLESS}", "-rss_limit_mb=4000", f"-artifact_prefix={place}/"]
    atheris.Setup(
        [sys.argv[0], *options, str(corpus), *([str(findings)] if findings.is_dir() else [])],
        lambda content: _kept(reader, content, place),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    _main(*sys.argv[1:])
