from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save

import nextchar
from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.data.corpus import Corpus
from nextchar.data.text_options import TextOptions
from nextchar.data.writing import write_atomically
from nextchar.errors import ModelFileError
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items(["ab", "b"], options=TextOptions(lower=True))
FULL = Path("/dev/full")  # Linux has it


def test_the_bytes_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_model_file(path, ModelFile("ngram", {"counts": np.array([1, 2], dtype=np.int64)}, {"settings": {}}))
    content = path.read_bytes()
    # safetensors: 8 bytes length of the header, the header, then the tensors: 1 and 2 as little-endian 64 bits
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    assert header["counts"] == {"dtype": "I64", "shape": [2], "data_offsets": [0, 16]}
    document = json.loads(header["__metadata__"]["nextchar"])
    assert document == {"format": 1, "kind": "ngram", "package": nextchar.__version__, "settings": {}}
    assert content[8 + size :] == bytes([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])


def test_the_file_is_the_one_that_the_library_writes(tmp_path: Path) -> None:
    """Arrays of all types and shapes, in the library's order; of its header only the order of metadata is by chance."""
    types = ["?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"]
    arrays: dict[str, npt.NDArray[Any]] = {
        f"{chr(122 - i)}é": np.arange(3).astype(dtype) for i, dtype in enumerate(types)
    }
    arrays |= {"a": np.zeros((2, 0)), "b": np.array(2.5), "c": np.arange(6).reshape(2, 3).T}
    write_model_file(tmp_path / "m", ModelFile("test", arrays, {"text": "ä\n\U0001f600"}))
    content = (tmp_path / "m").read_bytes()
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    whole = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata)
    assert json.loads(whole[8 : 8 + size]) == json.loads(content[8 : 8 + size])
    assert list(json.loads(whole[8 : 8 + size])) == list(json.loads(content[8 : 8 + size]))
    assert (len(whole), whole[8 + size :]) == (len(content), content[8 + size :])


def test_anyone_can_read_the_arrays(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    Ngram(order=2).fit(CORPUS).save(path)
    arrays = load_file(path)
    assert arrays["ngrams"].tolist() == [[2, 0], [0, 1], [0, 2], [1, 2]]  # by the last symbol first
    assert arrays["counts"].tolist() == [2, 1, 1, 1]


def test_a_model_remembers_what_to_do_with_text(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    Ngram(order=2).fit(CORPUS).save(path)
    assert nextchar.load(path).score([" AB "])[0].item == "ab"


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ModelFileError, match="No space left"):
        Ngram(order=2).fit(CORPUS).save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_written_files_have_the_usual_rights(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_atomically(tmp_path / "ours", b"x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_new_file_has_the_rights_that_the_process_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o027)
    try:
        # changing the mask of the process, even for a moment, would let other threads' files be open to everybody
        monkeypatch.setattr(os, "umask", lambda _: pytest.fail("the mask is not to be touched"))
        write_atomically(tmp_path / "new", b"x")
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640  # 0o666 without what 0o027 takes away


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_replaced_file_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomically(path, [b"ne", memoryview(b"w")])
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed(tmp_path: Path, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    if there:
        target.write_bytes(b"old")
    link.symlink_to("folder/target")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "link", "target"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    Ngram(order=2).fit(CORPUS).save(path)
    reader.join()
    assert path.is_fifo()
    Ngram(order=2).fit(CORPUS).save(tmp_path / "file")
    assert found == [(tmp_path / "file").read_bytes()]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX devices")
def test_devices_are_written_through(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_atomically("/dev/null", b"x")
    assert not Path("/dev/null").is_file()
    write_atomically("/dev/stdout", b"through the device\n")
    if FULL.exists():
        with pytest.raises(OSError, match="No space left"):
            write_atomically(FULL, b"x" * 100_000)
    assert capfdbinary.readouterr().out == b"through the device\n"


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    script = "from nextchar.data.writing import write_atomically as w; print('a'); w('-', b'b'); print('c')"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert capfdbinary.readouterr().out == b"a\nbc\n"


def test_a_long_name(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)  # 254 bytes; a folder's names have up to 255
    write_atomically(path, b"x")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    Ngram(order=2).fit(CORPUS).save(path)
    good = path.read_bytes()
    before = read_model_file(path)
    damaged = tmp_path / "d.safetensors"
    for at in range(len(good)):
        flipped = bytearray(good)
        flipped[at] ^= 1 << (at % 8)
        damaged.write_bytes(flipped)
        try:
            after = read_model_file(damaged)
        except ModelFileError:
            continue
        # what may change without a trace is what means nothing: blanks that pad the header
        assert after.document == before.document
        assert {k: v.tolist() for k, v in after.arrays.items()} == {k: v.tolist() for k, v in before.arrays.items()}


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_noticed(tmp_path: Path, share: float) -> None:
    path = tmp_path / "m.safetensors"
    Ngram(order=2).fit(CORPUS).save(path)
    good = path.read_bytes()
    path.write_bytes(good[: int(len(good) * share)])
    with pytest.raises(ModelFileError, match="is not a model file, or is damaged"):
        nextchar.load(path)


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_model_file(path, ModelFile("ngram", {"x": np.zeros(1)}, {"format": 2, "package": "9.0"}))
    with pytest.raises(ModelFileError, match=r"written by nextchar 9\.0.*upgrade"):
        nextchar.load(path)


def test_an_unknown_kind_of_model(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_model_file(path, ModelFile("oracle", {"x": np.zeros(1)}, {}))
    with pytest.raises(ModelFileError, match="knows no model 'oracle'"):
        nextchar.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"counts": np.array([0, 1, 1, 2])},
        {"counts": np.array([1.0, 1, 1, 2])},
        {"ngrams": np.array([[0, 9], [0, 2], [1, 2], [2, 0]], dtype=np.uint8)},
        {"ngrams": np.zeros((4, 3), dtype=np.uint8)},
        {"known_items": np.zeros((2, 2))},
    ],
)
def test_arrays_that_do_not_make_a_model(tmp_path: Path, change: dict[str, np.ndarray]) -> None:
    path = tmp_path / "m.safetensors"
    Ngram(order=2).fit(CORPUS).save(path)
    good = read_model_file(path)
    write_model_file(path, ModelFile(good.kind, {**good.arrays, **change}, good.document))
    with pytest.raises(ModelFileError, match="not a usable model"):
        nextchar.load(path)
