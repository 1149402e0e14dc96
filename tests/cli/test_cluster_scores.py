"""`score --cluster` writes for each file what `score` writes for it alone."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import _cluster_scores, main

pytest.importorskip("distributed")


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two with blank lines, an unknown character and bytes that are no UTF-8, one compressed, one empty."""
    chance = random.Random(1)
    lines = ["".join(chance.choices("amve ", k=chance.randint(0, 9))) for _ in range(400)]
    lines[250] = "żx"
    content = "\n".join(lines).encode()
    found = {"a.txt": content, "b.txt": content[::-1] + b"\r\nav\xe9\n", "c.txt.gz": gzip.compress(content), "d": b""}
    for name, data in found.items():
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in found]


@pytest.mark.parametrize("form", [[], ["--tsv"], ["--json"], ["--json", "--no-surprisal", "--rank"]])
def test_each_file_is_scored_as_alone(
    form: list[str], files: list[Path], two_workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cluster_scores, "SPAN", 300)
    two_workers.client.run(setattr, _cluster_scores, "MOST_ROWS", 1_000)
    model = tmp_path / "m.safetensors"
    nextchar.Ngram(order=3).fit(["emma", "ava", "eve"]).save(model)
    how = [*form, "--errors", "skip"]
    spread = run("score", model, *files, "-o", tmp_path / "out", *how, "--cluster", two_workers.address)
    said = []
    for file in files:
        alone = run("score", model, file, "-o", tmp_path / "alone", *how)
        assert (tmp_path / "out" / file.name).read_bytes() == (tmp_path / "alone").read_bytes(), file.name
        said += [line for line in alone.stderr.splitlines() if "skipped" in line]
    assert sorted(line for line in spread.stderr.splitlines() if "skipped" in line) == sorted(said)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in files)


@pytest.mark.parametrize("separator", [None, "", "%"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_texts_are_scored_as_alone(
    separator: str | None, form: list[str], two_workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cluster_scores, "SPAN", 10)
    two_workers.client.run(setattr, _cluster_scores, "MOST_ROWS", 1)
    texts = nextchar.Corpus.from_documents(["emma\neve\n\nava\n%\neve\n"], separator=separator)
    model = tmp_path / "m.safetensors"
    nextchar.Ngram(order=3).fit(texts).save(model)
    for name, content in {"a.txt": "eve\nava\n\nemma\n%\nmm\n", "b.txt": "a\r\n" * 9, "d": ""}.items():
        (tmp_path / name).write_bytes(content.encode())
    files = [tmp_path / name for name in ("a.txt", "b.txt", "d")]
    run("score", model, *files, "-o", tmp_path / "out", *form, "--cluster", two_workers.address)
    for file in files:
        run("score", model, file, "-o", tmp_path / "alone", *form)
        assert (tmp_path / "out" / file.name).read_bytes() == (tmp_path / "alone").read_bytes(), file.name


def test_what_goes_wrong(files: list[Path], two_workers: Any, tmp_path: Path) -> None:
    """One line says it, and nothing is left."""
    model = tmp_path / "m.safetensors"
    nextchar.Ngram(order=3).fit(["emma", "ava", "eve"]).save(model)
    cluster = ("--cluster", two_workers.address)
    alone = run("score", model, files[0], code=1).stderr.splitlines()[-1]
    before = sorted(tmp_path.iterdir())
    assert run("score", model, files[0], "-o", tmp_path / "out", *cluster, code=1).stderr.splitlines() == [alone]
    assert "(on worker tcp://" in run("score", model, tmp_path / "no", "-o", tmp_path / "out", *cluster, code=1).stderr
    assert "no such file" in run("score", "no", files[0], "-o", tmp_path / "out", *cluster, code=1).stderr
    twice = run("score", model, files[0], files[0], "-o", tmp_path / "out", *cluster, code=2)
    assert "2 of the files are called a.txt" in twice.stderr
    assert "no --most" in run("score", model, files[0], "--most", 3, "-o", tmp_path / "out", *cluster, code=2).stderr
    assert "-o FOLDER" in run("score", model, files[0], *cluster, code=2).stderr
    assert "exists already" in run("score", model, files[0], "-o", tmp_path, *cluster, code=1).stderr
    assert sorted(tmp_path.iterdir()) == before
