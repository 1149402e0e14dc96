"""Counting on a Dask cluster of two worker processes: the result is that of one process, byte for byte."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import nextchar
from nextchar.data.alphabet import Alphabet
from nextchar.data.text_options import TextOptions
from nextchar.errors import BadValueError, ClusterError, CorpusError, InputWarning, NextcharError
from nextchar.models.ngram import cluster_counts, stretch_counts
from nextchar.models.ngram.cluster_counts import counted_on
from nextchar.models.ngram.runs import gathered

distributed = pytest.importorskip("distributed")
pytest.importorskip("pyarrow")

if TYPE_CHECKING:
    pass


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write(path: Path, characters: str, n: int, seed: int = 1) -> Path:
    chance = random.Random(seed)
    lines = ["".join(chance.choices(characters, k=chance.randint(1, 9))) for _ in range(n)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("characters", ["abcdefghij", "aéßжя中文字ひ😀"], ids=["latin", "scripts"])
def test_the_folder_is_the_same(
    characters: str, two_workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many stretches with alphabets of their own, added up in many ranges."""
    client = two_workers.client
    monkeypatch.setattr(cluster_counts, "LEAST_STRETCH", 2_000)
    monkeypatch.setattr(cluster_counts, "RANGE_SHARE", 30_000 / 10**9)  # bytes
    client.run(setattr, stretch_counts, "BLOCK", 700)
    paths = [write(tmp_path / f"{i}.txt", characters[i:], 600 * i + 1, seed=i) for i in range(4)]
    nextchar.count_to(tmp_path / "one", *paths, order=4)
    found: list[Any] = []
    real = cluster_counts._bounds

    def noted(*of: Any) -> Any:
        found.append(real(*of))
        return found[-1]

    monkeypatch.setattr(cluster_counts, "_bounds", noted)
    nextchar.count_to(tmp_path / "two", *paths, order=4, client=client)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert len(found[0]) >= 3, "there is more than one range"
    assert nextchar.count_files(*paths, order=3, client=client) == nextchar.count_files(*paths, order=3)


@pytest.mark.parametrize("options", [TextOptions(documents=True), TextOptions(separator="%")])
def test_texts_are_cut_between_workers(
    options: TextOptions, two_workers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = two_workers.client
    monkeypatch.setattr(cluster_counts, "LEAST_STRETCH", 500)
    client.run(setattr, stretch_counts, "BLOCK", 300)
    paths = [write(tmp_path / f"{i}.txt", "ab \n%", 40 * i + 20, seed=i) for i in range(2)]
    nextchar.count_to(tmp_path / "one", *paths, order=4, options=options)
    nextchar.count_to(tmp_path / "two", *paths, order=4, options=options, client=client)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_tables_options_and_lines_that_cannot_be_used(two_workers: Any, tmp_path: Path) -> None:
    client = two_workers.client
    (tmp_path / "a.csv").write_text('name,n\n"Em\nma",3\nAva,2\n')
    how: dict[str, Any] = {"column": "name", "weight": "n", "errors": "replace", "options": TextOptions(lower=True)}
    with pytest.warns(InputWarning) as alone:
        nextchar.count_to(tmp_path / "one", tmp_path / "a.csv", order=2, **how)
    with pytest.warns(InputWarning) as spread:
        nextchar.count_to(tmp_path / "two", tmp_path / "a.csv", order=2, client=client, **how)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert [str(w.message) for w in spread] == [str(w.message) for w in alone]


def test_what_goes_wrong_is_told(two_workers: Any, tmp_path: Path) -> None:
    client = two_workers.client
    (tmp_path / "a.txt").write_bytes(b"emma\nav\xe9\n")
    (tmp_path / "empty.txt").write_bytes(b"\n\n")
    with pytest.raises(CorpusError, match=r"none.txt: no such file \(on worker tcp://127"):
        nextchar.count_to(tmp_path / "c", tmp_path / "none.txt", order=2, client=client)
    with pytest.raises(CorpusError, match=r"line 2, byte 8 of the file: not utf-8 .*cp1252$"):
        nextchar.count_to(tmp_path / "c", tmp_path / "a.txt", order=2, client=client)
    with pytest.raises(CorpusError, match=r"empty\.txt: no items"):
        nextchar.count_to(tmp_path / "c", tmp_path / "empty.txt", order=2, client=client)
    with pytest.raises(NextcharError, match="standard input"):
        nextchar.count_to(tmp_path / "c", "-", order=2, client=client)
    with pytest.raises(BadValueError, match="Client"):
        nextchar.count_files(tmp_path / "a.txt", client=3)
    client.run(setattr, nextchar._version, "__version__", "0.0.1")
    try:
        with pytest.raises(ClusterError, match=r"worker tcp://.*: has nextchar 0.0.1, and this is"):
            nextchar.count_to(tmp_path / "c", tmp_path / "empty.txt", order=2, client=client)
    finally:
        client.run(setattr, nextchar._version, "__version__", nextchar.__version__)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "empty.txt"]


def test_the_command(two_workers: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("emma\nava\n")
    command = [sys.executable, "-m", "nextchar", "count", "a.txt", "--order", "2"]
    for name, more in {"one": [], "two": ["--cluster", two_workers.address]}.items():
        subprocess.run([*command, "-o", name, *more], cwd=tmp_path, check=True, capture_output=True)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [("tcp://127.0.0.1:9", 1, "no Dask scheduler answers there"), ("nonsense", 2, "is no address of a scheduler")],
)
def test_no_cluster(address: str, code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("emma\n")
    command = [sys.executable, "-m", "nextchar", "count", "a.txt", "--order", "2", "-o", "c", "--cluster", address]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (code, "")
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_ranges_begin_with_n_grams_of_all_stretches() -> None:
    """Two stretches of 4 and 8 n-grams, in two ranges: six are passed with the second of the larger one."""
    alphabet = Alphabet("abcdefgh")

    def report(letters: str, size: int) -> stretch_counts.StretchReport:
        own = Alphabet(letters)
        sample = own.encode(letters)[:, None]
        return stretch_counts.StretchReport(0, (), own, size, size, sample, ())

    bounds = cluster_counts._bounds([report("abcd", 4), report("efgh", 8)], alphabet, 2)
    assert bounds == [(6,)]  # f: a, b, c and d stand for 1 each, e for 2
    assert cluster_counts._bounds([report("abcd", 4)], alphabet, 1) == []


@pytest.mark.slow
def test_workers_die_and_come_late(start_cluster: Any, tmp_path: Path) -> None:
    """One of two is killed while it counts, one comes late; the folder is the same."""
    chance = random.Random(1)
    with (tmp_path / "a.txt").open("w") as file:
        for number in range(3_000_000):
            file.write(f"{''.join(chance.choices('aeiklmnorst', k=5))} {number}\n")
    nextchar.count_to(tmp_path / "one", tmp_path / "a.txt", order=5)
    with start_cluster(2, tmp_path) as cluster:
        client = cluster.client
        count = [sys.executable, "-m", "nextchar", "count", "a.txt", "--order", "5", "-o", "two", "--memory", "50MB"]
        running = subprocess.Popen([*count, "--cluster", cluster.address], cwd=tmp_path)
        while not any(key.startswith("nextchar-count") for keys in client.has_what().values() for key in keys):
            time.sleep(0.05)
        cluster.workers[0].send_signal(signal.SIGKILL)
        cluster.add()
        assert running.wait(600) == 0
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupted_count_leaves_nothing(start_cluster: Any, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "abcdefghij", 1_000_000)
    with start_cluster(1, tmp_path) as cluster:
        client = cluster.client
        count = [sys.executable, "-m", "nextchar", "count", "a.txt", "--order", "6", "-o", "c"]
        running = subprocess.Popen([*count, "--cluster", cluster.address], cwd=tmp_path, stderr=subprocess.PIPE)
        while not any(client.processing().values()):
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        assert running.communicate(timeout=60)[1] == b"Interrupted.\n"
        assert running.returncode == 130
        deadline = time.monotonic() + 60
        while any(client.processing().values()) or any(client.has_what().values()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert not [path for path in tmp_path.iterdir() if path.name in ("c",) or path.name.endswith(".part")]


def test_gathered_counts_do_not_need_a_folder(two_workers: Any, tmp_path: Path) -> None:
    client = two_workers.client
    (tmp_path / "a.txt").write_text("emma\n")
    with counted_on(client, [str(tmp_path / "a.txt")], nextchar.Format(), TextOptions(), 2, 10**9) as found:
        assert gathered([found.run], 10**9).most_frequent(1) == [(".e", 1)]
