"""Folders of counts: made of files, read by other programs, merged, and trained on."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nextchar
from nextchar.data.part_files import new_part_folder
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, CountsError, NextcharError, SettingsError
from nextchar.models.ngram import counts_folder, counts_writer, runs, spilling
from nextchar.models.ngram.counts_folder import CountsFolder
from nextchar.models.ngram.runs import SortedRun
from nextchar.tasks.counting import count_to, merge_counts

pq = pytest.importorskip("pyarrow.parquet")

TEXTS = {
    "latin": "abcdefghij klmno",
    "scripts": "aéßжя中文字ひ😀 ",
    "thousands": "".join(map(chr, range(0x4E00, 0x4E00 + 2500))),
    "clusters": ["e", "é", "👨‍👩‍👧", "🇩🇪", "क्षि", "a"],
}


def write(path: Path, characters: Sequence[str], n: int, seed: int = 1) -> Path:
    chance = random.Random(seed)
    lines = ["".join(chance.choices(characters, k=chance.randint(1, 9))) for _ in range(n)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def all_of(folder: Path) -> tuple[object, object]:
    found = CountsFolder.open(folder)
    return found.counts(), found.known


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_parquet_file_by_hand(tmp_path: Path) -> None:
    r"""emma and ava: \ne em mm ma a\n, \na av va a\n; sorted by the last symbol, the boundary first."""
    (tmp_path / "names.txt").write_text("emma\nava\n")
    folder = count_to(tmp_path / "c", tmp_path / "names.txt", order=2)
    table = pq.read_table(tmp_path / "c" / "00000.parquet").to_pydict()
    found = dict(zip(table["ngram"], table["count"], strict=True))
    assert found == {"a\n": 2, "\na": 1, "ma": 1, "va": 1, "\ne": 1, "em": 1, "mm": 1, "av": 1}
    assert table["ngram"] == ["a\n", "\na", "ma", "va", "\ne", "em", "mm", "av"]
    assert (folder.order, folder.size, folder.total) == (2, 8, 9)
    document = json.loads((tmp_path / "c" / "_counts.json").read_text())
    assert (document["items"], document["symbols"], document["weight"]) == (2, 9, None)
    assert sorted(files_of(tmp_path / "c")) == ["00000.parquet", "_counts.json", "_items.u64"]


def test_the_folder_is_a_data_set_for_arrow(tmp_path: Path) -> None:
    """As pandas reads it: all files of the folder that do not begin with an underscore."""
    write(tmp_path / "a.txt", TEXTS["scripts"], 300)
    count_to(tmp_path / "c", tmp_path / "a.txt", order=3)
    table = pq.read_table(tmp_path / "c")
    assert table.column_names == ["ngram", "count"]
    naive: Counter[str] = Counter()
    for line in (tmp_path / "a.txt").read_text(encoding="utf-8").split("\n")[:-1]:
        item = line.strip()
        padded = f"\n\n{item}\n"
        naive.update(padded[i : i + 3] for i in range(len(item) + 1) if item)
    assert dict(zip(table["ngram"].to_pylist(), table["count"].to_pylist(), strict=True)) == naive


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("order", [1, 4, 8])
def test_merged_parts_are_the_whole_byte_for_byte(
    kind: str, order: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (counts_folder, counts_writer):
        monkeypatch.setattr(module, "GROUP_ROWS", 100)
        monkeypatch.setattr(module, "SHARD_GROUPS", 3)
    monkeypatch.setattr(spilling, "FAN_IN", 2)
    options = TextOptions(graphemes=kind == "clusters")
    paths = [write(tmp_path / f"{i}.txt", TEXTS[kind], n, seed=i) for i, n in enumerate([1, 200, 30, 400])]
    whole = count_to(tmp_path / "whole", *paths, order=order, options=options)
    parts = [
        count_to(tmp_path / "one", paths[0], order=order, options=options),
        count_to(tmp_path / "two", paths[3], paths[1], order=order, options=options),
        count_to(tmp_path / "three", paths[2], order=order, options=options),
    ]
    merged = merge_counts(tmp_path / "merged", parts[1], tmp_path / "three", parts[0])
    assert files_of(tmp_path / "merged") == files_of(tmp_path / "whole")
    assert len(files_of(tmp_path / "whole")) == -(-whole.size // 300) + 2
    assert merged.counts() == whole.counts()
    corpus = nextchar.Corpus.from_file(*paths, options=options)
    assert whole.counts() == nextchar.count(corpus, order)
    assert whole.provenance.items == len(corpus)
    assert whole.known is not None
    np.testing.assert_array_equal(whole.known, np.unique(corpus.fingerprints()))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_counts_that_were_sorted_on_disk_are_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nextchar._kernels.counting  # noqa: F401 - with numba loaded the hash table is taken

    path = write(tmp_path / "a.txt", "abcdefghijklmnopqrstuvwxyz", 60_000)
    count_to(tmp_path / "c", path, order=7)
    spilled: list[Path] = []
    real = runs.write_run

    def noted(path: Path, *rest: Any) -> SortedRun:
        spilled.append(path)
        return real(path, *rest)

    monkeypatch.setattr(spilling, "write_run", noted)
    monkeypatch.setattr("nextchar.tasks.counting.checked_memory", lambda _: 1 << 20)
    count_to(tmp_path / "d", path, order=7)
    assert len(spilled) > 3
    assert files_of(tmp_path / "c") == files_of(tmp_path / "d")


def test_weights_add_up(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,n\nemma,3\nava,1\n")
    (tmp_path / "b.csv").write_text("name,n\nemma,2\nmia,5\n")
    how = {"column": "name", "weight": "n"}
    parts = [count_to(tmp_path / name, tmp_path / f"{name}.csv", order=3, **how) for name in "ab"]  # type: ignore[arg-type]
    count_to(tmp_path / "whole", tmp_path / "a.csv", tmp_path / "b.csv", order=3, column="name", weight="n")
    merged = merge_counts(tmp_path / "merged", *parts)
    assert files_of(tmp_path / "merged") == files_of(tmp_path / "whole")
    assert (merged.provenance.items, merged.provenance.weight) == (4, 11)
    assert merged.total == 5 * 5 + 1 * 4 + 5 * 4  # emma, ava and mia, each with its end


@pytest.mark.parametrize(
    "spec",
    [
        nextchar.Ngram(order=5, smoothing="modified-kneser-ney"),
        nextchar.Ngram(order=3, smoothing="witten-bell"),
        nextchar.Ngram(order=2, add=1),
        nextchar.Ngram(order=4, smoothing="kneser-ney", tune="leave-one-out"),
        nextchar.Ngram(order=3, smoothing="pitman-yor", sweeps=4),
    ],
    ids=lambda spec: spec.summary,
)
def test_a_model_from_counts_is_the_one_from_the_text(spec: nextchar.Ngram, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", TEXTS["scripts"], 2_000)
    folder = count_to(tmp_path / "c", path, order=5)
    made = nextchar.train_on_counts(spec, folder).model
    wanted = nextchar.train(spec, nextchar.TrainingFiles(sources=(str(path),))).model
    assert made.metrics.losses == wanted.metrics.losses
    assert made.metrics.smoothing == wanted.metrics.smoothing
    for name, array in wanted.arrays().items():
        np.testing.assert_array_equal(made.arrays()[name], array)
    assert made.sample(5, seed=3, new=True) == wanted.sample(5, seed=3, new=True)


def test_what_counts_do_not_suffice_for(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("emma\n")
    folder = count_to(tmp_path / "c", tmp_path / "a.txt", order=2)
    with pytest.raises(SettingsError, match="counts have order 2"):
        nextchar.train_on_counts(nextchar.Ngram(order=3), folder)
    with pytest.raises(SettingsError, match="learns from the items"):
        nextchar.train_on_counts(nextchar.Ngram(order=2, smoothing="absolute", tune="held-out"), folder)
    with pytest.raises(SettingsError, match="learns from the items"):
        nextchar.train_on_counts(nextchar.Mix(), folder)


def test_what_does_not_go_together(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("emma\n")
    for name, order, lower in (("two", 2, False), ("three", 3, False), ("lower", 2, True)):
        count_to(tmp_path / name, tmp_path / "a.txt", order=order, options=TextOptions(lower=lower))
    with pytest.raises(CountsError, match=r"order 3, and .* order 2"):
        merge_counts(tmp_path / "x", tmp_path / "two", tmp_path / "three")
    with pytest.raises(CountsError, match="treated otherwise"):
        merge_counts(tmp_path / "x", tmp_path / "two", tmp_path / "lower")
    with pytest.raises(CountsError, match="nothing to merge"):
        merge_counts(tmp_path / "x")
    with pytest.raises(CountsError, match="no such folder"):
        merge_counts(tmp_path / "x", tmp_path / "none")
    with pytest.raises(CountsError, match="no folder of counts"):
        CountsFolder.open(tmp_path)
    with pytest.raises(SettingsError, match="memory"):
        merge_counts(tmp_path / "x", tmp_path / "two", memory="little")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".") or path.name == "x"]


def test_nothing_is_replaced_and_nothing_stays_of_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("emma\n")
    (tmp_path / "empty.txt").write_text("\n")
    count_to(tmp_path / "c", tmp_path / "a.txt", order=2)
    before = files_of(tmp_path / "c")
    with pytest.raises(CountsError, match="exists already"):
        count_to(tmp_path / "c", tmp_path / "a.txt", order=3)
    assert files_of(tmp_path / "c") == before
    with pytest.raises(CountsError, match="there is no folder"):
        count_to(tmp_path / "none" / "c", tmp_path / "a.txt", order=2)
    with pytest.raises(CorpusError, match="no items"):
        count_to(tmp_path / "d", tmp_path / "empty.txt", order=2)
    with pytest.raises(CorpusError, match="no such file"):
        count_to(tmp_path / "d", tmp_path / "a.txt", tmp_path / "none.txt", order=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "c", "empty.txt"]


def test_altered_folders_are_refused(tmp_path: Path) -> None:
    """Every file cut short or changed, and every fact changed that the counts contradict."""
    write(tmp_path / "a.txt", TEXTS["latin"], 200)
    count_to(tmp_path / "c", tmp_path / "a.txt", order=3)
    altered = tmp_path / "altered"

    def refused() -> None:
        with pytest.raises(NextcharError):
            all_of(altered)
        shutil.rmtree(altered)

    for name, content in files_of(tmp_path / "c").items():
        for new in (content[:-1], content[: len(content) // 2], b"", b"x" + content[1:], None):
            shutil.copytree(tmp_path / "c", altered)
            (altered / name).unlink()
            if new is not None and not (name == "_counts.json" and new == content[:-1]):
                (altered / name).write_bytes(new)
            refused()
    document = json.loads((tmp_path / "c" / "_counts.json").read_text())
    other: Any
    for key, value in document.items():
        for other in (None, "x", -1, [], {}, 10**30, 2.5, *([value + 1] if isinstance(value, int) else [])):
            if (key, other) in (("weight", None), ("options", {})):  # which are the same
                continue
            shutil.copytree(tmp_path / "c", altered)
            (altered / "_counts.json").write_text(json.dumps({**document, key: other}))
            refused()


def test_wrong_rows_with_fitting_checksums_are_refused(tmp_path: Path) -> None:
    import hashlib

    import pyarrow as pa

    (tmp_path / "a.txt").write_text("emma\nava\n")
    count_to(tmp_path / "c", tmp_path / "a.txt", order=2)
    good = pq.read_table(tmp_path / "c" / "00000.parquet").to_pydict()
    document = json.loads((tmp_path / "c" / "_counts.json").read_text())
    ngrams, counts = good["ngram"], good["count"]
    for texts, numbers in (
        (ngrams[::-1], counts),  # the order
        (ngrams, [0, *counts[1:]]),  # a count of 0
        (ngrams, [3, *counts[1:]]),  # another sum
        (ngrams, [-(2**63), *counts[1:]]),
        (ngrams, [2**63 - 1, *counts[1:]]),
        (["abc", *ngrams[1:]], counts),  # another length
        (["a", *ngrams[1:]], counts),
        (["a\n\n", "a", *ngrams[2:]], counts),
        ([*ngrams[:-1], "xy"], counts),  # a character that the alphabet lacks
        (ngrams[:-1], counts[:-1]),  # one is missing
        ([ngrams[0], *ngrams], [1, *counts]),  # one appears twice
    ):
        shutil.rmtree(tmp_path / "d", ignore_errors=True)
        shutil.copytree(tmp_path / "c", tmp_path / "d")
        table = pa.table({"ngram": texts, "count": numbers}, schema=counts_folder.schema())
        pq.write_table(table, tmp_path / "d" / "00000.parquet")
        digest = hashlib.sha256((tmp_path / "d" / "00000.parquet").read_bytes()).hexdigest()
        sums = {**document["checksums"], "00000.parquet": digest}
        (tmp_path / "d" / "_counts.json").write_text(json.dumps({**document, "checksums": sums}))
        with pytest.raises(CountsError):
            CountsFolder.open(tmp_path / "d").counts()


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    """A folder that no process holds; one that is being written stays, and so does what has another name."""
    (tmp_path / "a.txt").write_text("emma\n")
    for name in (".c.0123456789abcdef.part", ".d.0123456789abcdef.part", ".c.x.part"):
        (tmp_path / name / "runs").mkdir(parents=True)
        (tmp_path / name / "runs" / "run1.counts").write_bytes(b"1234")
    with new_part_folder(tmp_path / "c") as written:
        assert not (tmp_path / ".c.0123456789abcdef.part").exists()
        command = [sys.executable, "-m", "nextchar", "count", "a.txt", "--order", "2", "-o", "c"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        assert written.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".c.x.part", ".d.0123456789abcdef.part", "a.txt", "c"]


def test_a_killed_process_leaves_no_half_written_folder(tmp_path: Path) -> None:
    """Killed at several moments: the folder is whole or not there, and the next run removes what was left."""
    write(tmp_path / "a.txt", "abcdefghijklmnopqrstuvwxyz", 20_000)
    command = [sys.executable, "-m", "nextchar", "count", "a.txt", "--order", "6", "-o", "c"]
    for seconds in (0.4, 0.8):
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        process.wait()
        if (tmp_path / "c").exists():
            assert CountsFolder.open(tmp_path / "c").counts().order == 6
            shutil.rmtree(tmp_path / "c")
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "c"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory as Linux tells it")
def test_counting_keeps_to_its_memory(tmp_path: Path) -> None:
    """30 MB of distinct items at order 7: 7 million n-grams, which need 0.6 GB at once, counted in 100 MB and numba."""
    chance = random.Random(1)
    with (tmp_path / "a.txt").open("w") as file:
        for number in range(1_400_000):
            file.write(f"{''.join(chance.choices('abcdefghijklmnopqrst', k=14))} {number}\n")
    program = (
        "import nextchar; nextchar.count_to('c', 'a.txt', order=7, memory='100MB')\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )  # a child takes over the ru_maxrss of the process that started it
    told = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert int(told.stdout) < 450_000  # KB
    assert CountsFolder.open(tmp_path / "c").total == (tmp_path / "a.txt").stat().st_size
