"""Where commands write: one test over everything that writes, and what each kind of target comes to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")

FULL = Path("/dev/full")  # Linux has it
WHOLE_PROCESS = [sys.executable, "-c", "from nextchar.cli import main; main()"]
ITEMS = ["emma", "ava", "mia", "anna", "lia", "mila", "ella", "nora", "ada", "amelia", "elena", "lina"]


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, its ARPA file and its items."""
    folder = tmp_path_factory.mktemp("place")
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(ITEMS))
    model.save(folder / "m")
    nextchar.Mix().fit(nextchar.Corpus.from_items(ITEMS)).save(folder / "mix")
    nextchar.write_arpa(model, folder / "m.arpa")
    (folder / "items").write_text("\n".join(ITEMS), "utf-8")
    (folder / "good").write_text("\n".join(model.sample(300, seed=1, distinct=True, min_length=7)), "utf-8")
    return folder


WRITERS = {
    "train": "train {items} --order 2 -o {out}",
    "train without --model": "train {items} -o {out}",
    "blend": "blend {m} {m} -o {out}",
    "update": "update {m} {items} -o {out}",
    "compile": "compile {mix} {items} --context 2 -o {out}",
    "calibrate": "calibrate {m} {good} -o {out}",
    "import": "import {arpa} -o {out}",
    "export": "export {m} -o {out}",
    "export's argument": "export {m} {out}",
    "plot": "plot counts {m} -o {out}",
    "sample": "sample {m} -n 3 --seed 1 -o {out}",
    "sample --json": "sample {m} -n 3 --seed 1 --json -o {out}",
}


def words(writer: str, place: Path, out: object) -> list[str]:
    names = {
        "items": place / "items",
        "m": place / "m",
        "mix": place / "mix",
        "arpa": place / "m.arpa",
        "good": place / "good",
    }
    return WRITERS[writer].format(**names, out=out).split()


@pytest.mark.parametrize("writer", WRITERS)
def test_every_kind_of_target(writer: str, place: Path, tmp_path: Path) -> None:
    ending = ".arpa" if "export" in writer else ".png"  # which says what export writes
    pipe, link, file = tmp_path / "pipe", tmp_path / f"link{ending}", tmp_path / "file.png"
    # a directory, and a folder that is not there: one line, nothing written
    for out, says in ((tmp_path, "is a directory"), (tmp_path / "none" / "x.png", "there is no folder")):
        result = run(*words(writer, place, out))
        assert (result.exit_code, result.stdout) == (1, "")
        assert says in result.stderr
        assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    # a link is followed and stays
    link.symlink_to(file)
    assert run(*words(writer, place, link)).exit_code == 0
    assert link.is_symlink()
    content = file.read_bytes()
    assert content
    # devices and pipes stay what they are
    assert run(*words(writer, place, "/dev/null")).exit_code == 0
    assert Path("/dev/null").is_char_device()
    if FULL.exists():
        full = run(*words(writer, place, FULL))
        assert (full.exit_code, "No space left" in full.stderr) == (1, True)
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    assert run(*words(writer, place, pipe)).exit_code == 0
    reader.join()
    assert pipe.is_fifo()
    # standard output has what is written for itself
    result = run(*words(writer, place, "-"))
    assert result.exit_code == 0, result.stderr
    assert "train" in writer or result.stdout_bytes == content == found[0]  # a training notes how long it took
    assert result.stdout_bytes[:20] == content[:20] or "train" in writer
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", link.name, "file.png"}


@pytest.mark.parametrize("writer", WRITERS)
def test_an_empty_name_is_none(writer: str, place: Path) -> None:
    """As a shell makes it of a variable that is not set: nothing is written, and no model replaced in its stead."""
    before = {path: path.read_bytes() for path in place.iterdir()}
    result = run(*(word if word != "OUT" else "" for word in words(writer, place, "OUT")))
    assert result.exit_code == 1
    assert "is empty; give one" in result.stderr
    assert {path: path.read_bytes() for path in place.iterdir()} == before


def test_a_model_through_a_pipe(place: Path, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(run("train", place / "items", "--order", 2, "-o", "-").stdout_bytes)
    assert nextchar.load(tmp_path / "m").sample(3, seed=1) == nextchar.load(place / "m").sample(3, seed=1)
    result = run("train", place / "items", "--order", 2, "-o", "-", "--json")
    assert result.stdout_bytes[8:9] == b"{"  # safetensors, and no report
    assert '"model": "ngram"' in result.stderr


def test_export_takes_one_target(place: Path) -> None:
    for more in ([], ["a", "-o", "b"]):
        result = run("export", place / "m", *more)
        assert result.exit_code == 2
        assert "export writes one file" in result.stderr


def test_checkpoints_and_logs(place: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    net = ["train", place / "items", "--model", "mlp", "--preset", "small", "--steps", 3]
    result = run(*net, "-o", "/dev/null", "--log", "-")
    assert result.exit_code == 0, result.stderr
    assert all(line.startswith("{") for line in result.stdout.splitlines())
    assert not Path("/dev/null.checkpoint").exists()
    (tmp_path / "log").symlink_to(tmp_path / "real")
    assert run(*net, "-o", tmp_path / "net", "--log", tmp_path / "log").exit_code == 0
    assert (tmp_path / "log").is_symlink()
    assert (tmp_path / "real").read_text("utf-8").startswith("{")
    result = run(*net, "-o", tmp_path / "net", "--checkpoint", "/dev/null")
    assert result.exit_code == 1
    assert "a checkpoint has to be read again" in result.stderr
    assert Path("/dev/null").is_char_device()


def test_process_substitution_and_redirection(place: Path, tmp_path: Path) -> None:
    nextchar_ = f"{sys.executable} -c 'from nextchar.cli import main; main()'"
    script = f"{nextchar_} export {place}/m >(wc -l)\n"
    script += f"(echo first; {nextchar_} export {place}/m /dev/stdout) > {tmp_path}/out"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    arpa = (place / "m.arpa").read_text("utf-8")
    assert str(arpa.count("\n")) in done.stdout.decode()
    assert (tmp_path / "out").read_text("utf-8") == "first\n" + arpa


def test_closed_and_full_standard_output(place: Path) -> None:
    nextchar_ = f"{sys.executable} -c 'from nextchar.cli import main; main()'"
    full, closed = (f"> {FULL}", "No space left on device"), (">&-", "Bad file descriptor")
    for command, (redirection, says) in (("sample", closed), ("sample", full), ("top", full), ("info", full)):
        if redirection != closed[0] and not FULL.exists():
            continue
        script = f"{nextchar_} {command} {place}/m {redirection}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
        assert done.returncode == 1
        assert done.stderr.decode() == f"Error: standard output: cannot be written: {says}\n"


@pytest.mark.parametrize("name", ["missing/", ""])
@pytest.mark.parametrize("option", ["--log", "--checkpoint"])
def test_what_is_written_beside_a_net_is_a_file(
    option: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("emma\nava\n", encoding="utf-8")
    command = ["train", "a.txt", "-o", "m", "--model", "mlp", "--steps", "2", option, name]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert f"{name!r} is the name of a folder; give that of a file ({option})" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
