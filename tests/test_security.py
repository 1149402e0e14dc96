"""What SECURITY.md promises of files that someone else has made."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nextchar
from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.errors import CountsError, ModelFileError

TESTS = Path(__file__).parent
FIXTURES = TESTS / "fixtures"

READER = r"""
import sys
from pathlib import Path
import nextchar

folder, *names = sys.argv[1:]

def read():
    for name in names:
        path = f"{folder}/{name}"
        if name.endswith(".arpa"):
            nextchar.read_arpa(path).score(["ava"])
        elif name.endswith((".txt", ".csv", ".gz")):
            nextchar.Corpus.from_file(path, column="1" if ".csv" in name else None)
        elif name == "counts":
            nextchar.CountsFolder.open(path).counts()
        elif name.startswith("classifier"):
            nextchar.Classifier.load(path).predict(["ava"])
        else:
            nextchar.load(path).score(["ava"])

for _ in range(4):  # modules and compiled loops are loaded, some of them when they have been of use
    read()
seen = []
sys.addaudithook(lambda event, arguments: seen.append((event, repr(arguments[:1]))))
read()
strange = {
    f"{event} {what}"
    for event, what in seen
    if event.split(".")[0] in ("exec", "compile", "import", "pickle", "marshal", "socket", "subprocess", "urllib")
    or event in ("os.system", "os.exec", "os.remove", "os.rename", "os.mkdir", "ctypes.dlopen")
    or (event == "open" and folder not in what)
}
assert not strange, strange
"""


def test_nothing_in_a_file_is_executed_and_no_other_file_is_touched(tmp_path: Path) -> None:
    """Python's own audit events, of reading each kind of file once all is loaded."""
    pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'nextchar[counts]'")
    nets = {"bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer", "ensemble"}
    models = [path for path in (FIXTURES / "models").glob("*.safetensors") if path.stem not in nets]
    for path in (*models, FIXTURES / "cities.arpa", FIXTURES / "cities.txt"):
        shutil.copy(path, tmp_path)
    (tmp_path / "table.csv").write_text("name,url\nemma,https://example.org/x\nava,/etc/passwd\n")
    nextchar.count_to(tmp_path / "counts", tmp_path / "table.csv", column="name", order=2)
    names = sorted(path.name for path in tmp_path.iterdir())
    command = [sys.executable, "-c", READER, str(tmp_path), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'nextchar[counts]'")
    (tmp_path / "list").write_text("emma\nava\nolivia")
    nextchar.count_to(tmp_path / "counts", tmp_path / "list", order=3)
    return tmp_path / "counts"


def altered_facts(counts: Path, **facts: object) -> None:
    document = json.loads((counts / "_counts.json").read_text())
    (counts / "_counts.json").write_text(json.dumps(document | facts))


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "00001.parquet", "x/../00000.parquet", ""])
def test_names_in_a_folder_of_counts_are_no_paths(counts: Path, name: str) -> None:
    altered_facts(counts, checksums={name: "0" * 64})
    with pytest.raises(CountsError, match="its description cannot be read"):
        nextchar.CountsFolder.open(counts)


@pytest.mark.parametrize(("how", "texts"), [("dictionary", 1), ("compressed", 1), ("many rows", 300_000)])
def test_a_small_file_of_counts_does_not_fill_the_memory(counts: Path, how: str, texts: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from nextchar.models.ngram.counts_folder import schema

    rows = ["aaa"] * texts if texts > 1 else ["a" * 100_000] * 200  # 20 MB of texts
    table = pa.Table.from_arrays([pa.array(rows), pa.array([1] * len(rows), pa.int64())], schema=schema())
    shard = counts / "00000.parquet"
    options = {"use_dictionary": how == "dictionary", "compression": "zstd", "store_schema": False}
    pq.write_table(table, shard, **options)
    assert shard.stat().st_size < 200_000
    altered_facts(
        counts,
        ngrams=len(rows),
        total=len(rows),
        symbols=len(rows),
        checksums={shard.name: hashlib.sha256(shard.read_bytes()).hexdigest()},
    )
    before = pa.total_allocated_bytes()
    with pytest.raises(CountsError, match="stored otherwise"):
        nextchar.CountsFolder.open(counts).counts()
    assert pa.total_allocated_bytes() - before < 1 << 20


ESCAPES = "\x1b]0;title\x07\x1b[2J\x9b2J"  # what sets a terminal's title and clears it


@pytest.mark.parametrize("where", ["kind", "settings", "package", "notes"])
def test_a_file_does_not_command_the_terminal(where: str, tmp_path: Path) -> None:
    whole = read_model_file(FIXTURES / "models" / "ngram.safetensors")
    document = {name: value for name, value in whole.document.items() if name not in ("format", "kind")}
    changes: dict[str, object] = {
        "settings": {**document["settings"], ESCAPES: 1},
        "package": ESCAPES,
        "notes": {"notes": [ESCAPES]},
    }
    if where != "kind":
        document["metrics" if where == "notes" else where] = changes[where]
    path = tmp_path / "m"
    write_model_file(path, ModelFile(ESCAPES if where == "kind" else "ngram", whole.arrays, document))
    terminal = (
        "import sys; from nextchar.cli import main\n"
        "for stream in (sys.stdout, sys.stderr): stream.reconfigure(encoding='utf-8')\n"
        "import nextchar.cli._output as output\n"
        "class Terminal:  # a pipe that is taken for one\n"
        "    def __getattr__(self, name): return getattr(sys.__stdout__, name)\n"
        "    def isatty(self): return True\n"
        "sys.stdout = Terminal()\n"
        "main(['info', sys.argv[1]])\n"
    )
    done = subprocess.run([sys.executable, "-c", terminal, str(path)], capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert "title" in said
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", said.replace("\x1b[3m", "").replace("\x1b[0m", ""))


@pytest.mark.parametrize("document", [{"settings": {"é" * 5_000: 1}}, {"format": "é" * 5_000}, {"kind": "é" * 5_000}])
def test_a_message_does_not_repeat_all_that_a_file_says(document: dict[str, object], tmp_path: Path) -> None:
    whole = read_model_file(FIXTURES / "models" / "ngram.safetensors")
    inner = {name: value for name, value in whole.document.items() if name not in ("format", "kind")}
    write_model_file(tmp_path / "m", ModelFile(str(document.get("kind", "ngram")), whole.arrays, inner | document))
    with pytest.raises(ModelFileError) as refused:
        nextchar.load(tmp_path / "m")
    assert len(str(refused.value)) < 1_000
