from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import nextchar
from nextchar.core.model_file import ModelFile, read_model_file, write_atomically, write_model_file
from nextchar.data.corpus import Corpus, TextOptions
from nextchar.errors import ModelFileError
from nextchar.models.ngram.model import Ngram

CORPUS = Corpus.from_items(["ab", "b"], options=TextOptions(lower=True))


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
