"""A command in several processes: one runs it and speaks, the others help, and all end together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from nextchar.models.registry import load

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("this torch has no torch.distributed", allow_module_level=True)

WORDS: Final = ["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb", "maximilian", "eve"]
NET: Final = ["--model", "mlp", "--preset", "small", "--set", "batch=112", "--seed", "2"]
COMMAND: Final = ["-m", "nextchar"]

# As the command, in a process of which the second one fails in its third step.
FAILS: Final = """
import os
from nextchar.models.neural.training.learner import Learner

learn = Learner.learn

def fails(learner, batch, step, *others, **named):
    if os.environ["RANK"] == "1" and step == 2:
        raise MemoryError("3 TB were wanted")
    return learn(learner, batch, step, *others, **named)

Learner.learn = fails
from nextchar.__main__ import command_line
command_line()
"""


def run(arguments: list[str], folder: Path, program: list[str] = COMMAND, **options: Any) -> list[tuple[int, str, str]]:
    """Exit code, standard output and error of two processes, with what a launcher leaves in the environment."""
    (folder / "words.txt").write_text("\n".join(WORDS * 4))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {
        **os.environ,
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "GLOO_SOCKET_IFNAME": "lo",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }
    processes = [
        subprocess.Popen(
            [sys.executable, *program, *arguments],
            env={**environment, "RANK": rank, "LOCAL_RANK": rank},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    found = [process.communicate(timeout=300, **options) for process in processes]
    return [(process.returncode, *texts) for process, texts in zip(processes, found, strict=True)]


@pytest.mark.slow
def test_an_error_in_one_process_ends_all_and_is_said_once(tmp_path: Path) -> None:
    arguments = ["train", "words.txt", *NET, "--steps", "100000", "-o", "m"]
    (code, out, err), other = run(arguments, tmp_path, ["-c", FAILS])
    assert (code, out) == (1, "")
    assert err == "Error: process 2 of 2 has ended: MemoryError: 3 TB were wanted\n"
    assert other == (1, "", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["words.txt"]


@pytest.mark.slow
def test_one_process_reads_and_writes_and_speaks(tmp_path: Path) -> None:
    arguments = ["train", "-", *NET, "--steps", "20", "-o", "m", "--log", "log.jsonl", "--json"]
    first, other = run(arguments, tmp_path, input="\n".join(WORDS * 4))  # the other one's standard input is not read
    assert (first[0], other) == (0, (0, "", ""))
    assert first[1].count('"model": "mlp"') == 1
    assert load(tmp_path / "m").sample(2, seed=1)
    assert (tmp_path / "log.jsonl").read_text().count("\n") == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "m", "words.txt"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["train", "nothing.txt", *NET, "-o", "m"], 1, "Error: nothing.txt: no such file\n"),
        (["train", "words.txt", "--model", "mlp", "--wrong", "-o", "m"], 2, "No such option '--wrong'"),
        (["train", "words.txt", *NET, "--steps", "1", "--set", "adam_rate=1e308", "-o", "m"], 1, "no longer a number"),
        (["train", "words.txt", *NET, "--device", "mps", "-o", "m"], 1, "Error: the device 'mps'"),
        (["train", "words.txt", "--order", "2", "-o", "m"], 0, "Note: of 2 processes one did all the work"),
        (["train", "words.txt", "--model", "mix", "--with", "mlp:small", "--seconds", "5", "-o", "m"], 0, "held out"),
    ],
)
def test_all_end_with_the_code_of_the_first(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    first, other = run(arguments, tmp_path)
    assert (first[0], other) == (code, (code, "", ""))
    assert first[2].count(words) == 1
    assert "Traceback" not in first[2]
    assert (tmp_path / "m").exists() == (code == 0)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_torchrun_writes_the_checkpoint_and_one_process_goes_on(number: int, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("\n".join(WORDS * 4))
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "--", "nextchar"]
    log = tmp_path / "log.jsonl"
    train = ["train", "words.txt", *NET, "--set", "patience=0", "--steps", "3000", "-o", "m", "--log", str(log)]
    child = subprocess.Popen([*launch, *train], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not (log.exists() and log.stat().st_size) and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(number)
    said = child.communicate(timeout=120)[1]
    assert child.returncode == 1, said  # torchrun's
    assert said.count("m.checkpoint: written; to go on, give the same command with --resume\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "m.checkpoint", "words.txt"]
    alone = subprocess.run(
        [sys.executable, *COMMAND, *train, "--resume"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert alone.returncode == 0, alone.stderr
    assert log.read_text().count("\n") == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "m", "words.txt"]
