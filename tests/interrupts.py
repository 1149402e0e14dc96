"""Send signals to commands at random moments, and look at what they say and leave; run by `test_interrupts.py`.

    python tests/interrupts.py FOLDER TIMES SEED NAME...

A warm process is forked, which runs the command as `nextchar` would. It ends with 130 (SIGINT), 143 (SIGTERM) or 129
(SIGHUP) and one line; its target is not there, or whole; nothing else is in the folder, or in that for temporary files.
Prints how often a command was interrupted, and how often the signal came too early or too late.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import math
import os
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import nextchar
from nextchar.cli import main
from nextchar.core.model_file import read_model_file
from nextchar.models.ngram import spilling

CLASSIFIER: Final = Path(__file__).parent / "fixtures" / "models" / "classifier.safetensors"
COMMANDS: Final[Mapping[str, Sequence[object]]] = {
    "train": ("train", "LIST", "--order", 5, "--memory", "64MB", "-o", "TARGET"),
    "train-net": ("train", "LIST", "--model", "mlp", "--steps", 30, "--log", "LOG", "-o", "TARGET"),
    "count": ("count", "LIST", "--order", 5, "--memory", "64MB", "-o", "TARGET"),
    "merge": ("merge", "COUNTS", "COUNTS", "-o", "TARGET"),
    "sample": ("sample", "MODEL", "-n", 2_000, "-o", "TARGET"),
    "score": ("score", "MODEL", "LONG", "--tsv", "-o", "TARGET"),
    "classify": ("classify", CLASSIFIER, "LIST", "--tsv", "-o", "TARGET"),
    "export": ("export", "MODEL", "-o", "ARPA"),
}
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def inputs_of(folder: Path) -> dict[str, object]:
    """The files that the commands read, and the names of those that they write."""
    inputs, place = folder / "inputs", folder / "target"
    for path in (inputs, place, folder / "tmp"):
        path.mkdir(parents=True)
    chance = random.Random(1)
    names = ["".join(chance.choices("abcdefghij", k=8)) for _ in range(20_000)]
    (inputs / "list").write_text("\n".join(names))
    (inputs / "long").write_text("\n".join(names * 10))
    nextchar.Ngram(order=4).fit(names[:500]).save(inputs / "model")
    nextchar.count_to(inputs / "counts", inputs / "list", order=5)
    return {
        **{word: inputs / word.lower() for word in ("LIST", "LONG", "MODEL", "COUNTS")},
        **{word: place / word.lower() for word in ("TARGET", "LOG")},
        "ARPA": place / "target.arpa",
    }


def run(words: Sequence[str], errors: Path) -> NoReturn:
    """In a forked process: run a command, and end as a program does."""
    code = 99
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        main.main(list(words))
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException as error:
        os.write(2, repr(error).encode())
    finally:
        with contextlib.suppress(BaseException):
            sys.stderr.flush()
            atexit._run_exitfuncs()
        os._exit(code)


def interrupted(words: Sequence[str], moment: float, number: signal.Signals, folder: Path) -> bool:
    """Run a command in a fork of this process and send it a signal; whether that has interrupted it."""
    errors = folder / "errors"
    child = os.fork()
    if child == 0:
        run(words, errors)
    time.sleep(moment)
    os.kill(child, number)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = errors.read_text() if errors.exists() else ""
    if code in (0, -number):  # it was done, or had not begun
        return False
    assert code == 128 + number, f"{words[0]}: {code}, {said}"
    assert said.endswith("Interrupted.\n" if number == signal.SIGINT else "Ended.\n"), said
    assert "Traceback" not in said, said
    return True


def check(name: str, folder: Path) -> None:
    """See that what is there is whole, and remove it."""
    target, log = folder / "target" / ("target.arpa" if name == "export" else "target"), folder / "target" / "log"
    checkpoint = target.with_name("target.checkpoint")
    found = {path.name for folder_ in (target.parent, folder / "tmp") for path in folder_.iterdir()}
    allowed = {target.name, *([log.name, checkpoint.name] if name == "train-net" else [])}
    assert found <= allowed, f"{name}: left {sorted(found - allowed)}"
    if log.exists():
        for line in log.read_text().splitlines():
            json.loads(line)
        log.unlink()
    if checkpoint.exists():
        read_model_file(checkpoint)
        checkpoint.unlink()
    if target.is_dir():
        nextchar.CountsFolder.open(target).counts()
        target.rename(folder / "inputs" / f"done{time.monotonic_ns()}")
    elif target.exists():
        if name.startswith("train"):
            nextchar.load(target)
        else:
            assert not target.stat().st_size or target.read_bytes().endswith(b"\n")
        target.unlink()


def _main(folder: str, times: str, seed: str, *names: str) -> None:
    place = Path(folder)
    for number in SIGNALS:  # whatever runs this may have them ignored, as nohup and & do
        signal.signal(number, signal.SIG_DFL)
    spilling.TABLE_SHARE = spilling.SORTED_SHARE = 1e-3  # type: ignore[misc]  # so that a small list is too large
    known = inputs_of(place)
    os.environ["TMPDIR"] = str(place / "tmp")
    for name in names:
        words = [str(known.get(str(word), word)) for word in COMMANDS[name]]
        seconds = math.inf
        for _ in range(3):  # after the first everything is loaded
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                main.main(words, standalone_mode=False)
            seconds = min(seconds, time.perf_counter() - start)
            check(name, place)
        chance = random.Random(f"{name} {seed}")
        hits = 0
        for i in range(int(times)):
            hits += interrupted(words, seconds * chance.random() ** 2, SIGNALS[i % len(SIGNALS)], place)
            check(name, place)
        print(f"{name}: {hits} of {times} interrupted", flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
