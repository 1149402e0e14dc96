"""`sample` with --prompt, --prompt-file, --length and --until: texts, as they are drawn."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar import Corpus
from nextchar.cli import main

TEXT = "the cat sat on the mat\nthe mat sat\n" * 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    nextchar.Ngram(order=4, smoothing="witten-bell").fit(Corpus.from_documents([TEXT])).save(folder / "text")
    nextchar.ContextMixing(contexts=9).fit(Corpus.from_documents([TEXT])).save(folder / "mixing")
    nextchar.Ngram(order=3).fit(["emma", "ava", "mia"]).save(folder / "names")
    return folder


def run(*args: object, stdin: bytes = b"", code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["sample", *(str(arg) for arg in args)], input=stdin)
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("kind", ["text", "mixing", "names"])
def test_it_writes_what_the_library_writes(folder: Path, kind: str) -> None:
    prompt = "em" if kind == "names" else "the c"
    expected = nextchar.load(folder / kind).write(prompt, length=30, seed=4, temperature=0.8, top_k=5, top_p=0.9)
    given = (folder / kind, "--prompt", prompt, "--length", 30, "--seed", 4)
    found = run(*given, "--temperature", 0.8, "--top-k", 5, "--top-p", 0.9)
    assert found.stdout_bytes.decode() == prompt + expected + ("" if expected.endswith("\n") else "\n")
    assert len(run(*given).stdout) in (len(prompt) + 30, len(prompt) + 31)  # a line end at the end


def test_several_texts_have_a_line_between_them(folder: Path) -> None:
    given = (folder / "text", "--prompt", "the", "--until", "sat", "--length", 400, "--seed", 1, "-n", 3)
    texts = run(*given).stdout.split("\n%\n")
    assert len(texts) == 3
    assert all(text.startswith("the") and text.rstrip("\n").endswith("sat") for text in texts), texts
    rows = [json.loads(line) for line in run(*given, "--json").stdout.splitlines()]
    assert [row["prompt"] + row["text"] for row in rows] == [text.rstrip("\n") for text in texts]
    assert {row["ended"] for row in rows} == {"until"}
    assert all(row["symbols"] == len(row["text"]) for row in rows)
    assert run(*given, "--tsv").stdout.splitlines()[0].split("\t")[2] == str(rows[0]["symbols"])


def test_a_prompt_from_a_file_or_a_pipe(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(b"\xef\xbb\xbfthe cat\r\nthe")
    given = ("--length", 9, "--seed", 1)
    typed = run(folder / "text", "--prompt", "the cat\nthe", *given).stdout
    assert typed.startswith("the cat\nthe")
    assert run(folder / "text", "--prompt-file", tmp_path / "p.txt", *given).stdout == typed
    assert run(folder / "text", "--prompt-file", "-", *given, stdin=b"the cat\nthe").stdout == typed
    nothing = run(folder / "text", "--length", 9, "--seed", 1).stdout
    assert run(folder / "text", "--prompt", "", *given).stdout == nothing
    assert run(folder / "text", "--prompt-file", os.devnull, *given).stdout == nothing


def test_a_model_of_texts_writes_texts(folder: Path) -> None:
    assert len(run(folder / "text", "--seed", 1).stdout) > 30
    assert len(run(folder / "names", "--seed", 1).stdout.splitlines()) == 10
    assert len(run(folder / "text", "--max-length", 20, "--seed", 1, "-n", 2).stdout) <= 2 * 21  # items, as asked for


def test_it_learns_where_it_is_told_to(folder: Path) -> None:
    prompt = "sat the cat the " * 6 + "sat the "
    model = nextchar.load(folder / "mixing")
    given = (folder / "mixing", "--prompt", prompt, "--length", 30, "--seed", 4, "--temperature", 0)
    learned = run(*given, "--adaptive", "--json").stdout
    assert json.loads(learned)["text"] == model.write(prompt, length=30, seed=4, temperature=0, adaptive=True)
    assert json.loads(run(*given, "--json").stdout)["text"] == model.write(prompt, length=30, seed=4, temperature=0)
    assert json.loads(learned)["text"].startswith("cat the sat the cat")
    assert run(*given, "--adaptive", "--json").stdout == learned


def test_a_file_is_written_whole(folder: Path, tmp_path: Path) -> None:
    given = (folder / "text", "--prompt", "the", "--length", 50, "--seed", 1)
    run(*given, "-o", tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == run(*given).stdout
    refused = run(*given[:1], "--prompt-file", tmp_path / "out.txt", "-o", tmp_path / "out.txt", code=1)
    assert "is also an input" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--prompt", "the wolf"), 1, "the prompt, line 1, character 5: the model does not know 'w'"),
        (("--prompt", "a", "--prompt-file", "b"), 2, "exclude each other"),
        (("--prompt", "a", "--prefix", "b"), 2, "--prefix is for items, and --prompt writes texts"),
        (("--length", "9", "--min-length", "0"), 2, "--min-length is for items, and --length writes texts"),
        (("--until", "a", "--distinct"), 2, "--distinct is for items, and --until writes texts"),
        (("--length", "0"), 2, "--length"),
        (("--length", "many"), 2, "--length"),
        (("--until", ""), 2, "not empty (--until)"),
        (("--until", "é"), 1, "what it ends with, line 1, character 1"),
        (("--length", "9", "-n", "-1"), 2, "at least 0"),
        (("--length", "9", "--adaptive"), 1, "a model of kind ngram stays as it was trained"),
        (("--adaptive", "--prefix", "t"), 2, "--prefix is for items, and --adaptive writes texts"),
        (("--length", "9", "--encoding", "latin1"), 2, "--encoding is for the files of --prompt-file"),
        (("--prompt-file", "none.txt"), 1, "none.txt"),
        (("--prompt-file", "MODEL"), 1, "safetensors"),
        (("--prompt-file", "BAD"), 1, "line 2, byte 7 of the file: not utf-8"),
        (("--prompt-file", "BAD", "--errors", "replace"), 1, "line 2, character 3: the model does not know"),
        (("--prompt-file", "NUL"), 1, "NUL"),
    ],
)
def test_what_cannot_be_is_said(folder: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    (tmp_path / "bad").write_bytes(b"the\nca\xe9t")
    (tmp_path / "nul").write_bytes(b"the\0cat")
    files = {"MODEL": str(folder / "text"), "BAD": str(tmp_path / "bad"), "NUL": str(tmp_path / "nul")}
    refused = run(folder / "text", *(files.get(argument, argument) for argument in arguments), code=code)
    assert says in refused.stderr
    assert refused.stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_it_comes_as_it_is_drawn_and_ctrl_c_ends_it(folder: Path) -> None:
    command = [sys.executable, "-m", "nextchar", "sample", str(folder / "text"), "--length", str(10**9), "--seed", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = os.read(process.stdout.fileno(), 1 << 16)  # long before the end
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(30) == 130
        assert process.stderr.read() == b"Interrupted.\n"
    text = (first + rest).decode()
    assert text.endswith("\n")
    whole = nextchar.load(folder / "text").write(length=len(text), seed=1)
    assert whole.startswith(text[:-1])


def test_a_reader_that_has_seen_enough_ends_it(folder: Path) -> None:
    command = [sys.executable, "-m", "nextchar", "sample", str(folder / "text"), "--length", str(10**9)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        os.read(process.stdout.fileno(), 10)
        process.stdout.close()
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() == 0


def test_completing_a_text(folder: Path, tmp_path: Path) -> None:
    def complete(*args: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, ["complete", *(str(arg) for arg in args)])
        assert result.exit_code == code, result.output
        return result

    for kind in ("text", "mixing"):
        found = json.loads(complete(folder / kind, "the c", "--length", 6, "--json").stdout)
        assert found["texts"][0]["text"] == "at sat"
        assert found["next"][0]["symbol"] == "a"
        assert found["texts"][0]["share"] == pytest.approx(math.exp(-found["texts"][0]["nats"]))
    (tmp_path / "long").write_text(TEXT * 50 + "the c")
    found = json.loads(complete(folder / "mixing", "--prompt-file", tmp_path / "long", "--json", "-n", 2).stdout)
    assert found["texts"][0]["text"].startswith("at sat")
    assert "at sat on the mat\\nth" in complete(folder / "text", "the c").stdout
    assert "'em' starts an item" in complete(folder / "names", "em").stdout
    assert (
        "--prompt-file is for models" in complete(folder / "names", "--prompt-file", tmp_path / "long", code=2).stderr
    )
    learned = json.loads(complete(folder / "mixing", "mat the " * 9, "--adaptive", "--length", 8, "--json").stdout)
    assert learned["texts"][0]["text"] == "mat the "
    assert "stays as it was trained" in complete(folder / "text", "the c", "--adaptive", code=1).stderr
    assert "--adaptive is for models" in complete(folder / "names", "em", "--adaptive", code=2).stderr
    assert "give PREFIX" in complete(folder / "text", code=2).stderr
    assert "does not know 'é'" in complete(folder / "text", "thé", code=1).stderr
