"""Kill a process again and again while it writes a file, and look at what is left; run by `test_killed_writers.py`.

    python tests/kills.py FOLDER KILLS SEED KIND...

For each kind a warm process is forked, which writes two contents to one target in turns, and is killed (SIGKILL) at a
random moment of that. Then the target is the one or the other, byte for byte, or both can be read if there are no two;
and once the parent has written it, nothing else is in its folder. Prints how many were killed, and how many of them
left a part of a file behind.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nextchar
from nextchar.cli import main
from nextchar.core import model_file
from nextchar.core.model_file import read_model_file

FIXTURES: Final = Path(__file__).parent / "fixtures" / "models"
NETS: Final = ("bow", "ensemble", "gru", "lstm", "mlp", "rnn", "transformer", "wavenet")
SAVED: Final = (
    "automaton",
    "backoff",
    "bigram-net",
    "classifier",
    "context-mixing",
    "context-mixing-adaptive",
    "mix",
    "ngram",
    "ngram-pitman-yor",
    "ngram-tuned",
)
CLASSIFIER: Final = FIXTURES / "classifier.safetensors"
COMMANDS: Final[Mapping[str, Sequence[object]]] = {
    "export.arpa": ("export", "MODEL"),
    "export.html": ("export", "MODEL"),
    "export.mjs": ("export", "MODEL"),
    "compile": ("compile", "MODEL"),
    "train": ("train", "LIST", "--order", 3),
    "train-memory": ("train", "LIST", "--order", 3, "--memory", "64MB"),  # with a folder for sorted runs
    "sample": ("sample", "MODEL", "-n", 5, "--seed", 1),
    "score": ("score", "MODEL", "LIST", "--tsv"),
    "classify": ("classify", CLASSIFIER, "LIST", "--tsv"),
    "plot.png": ("plot", "surprisal", "MODEL", "emma"),
    "plot.svg": ("plot", "surprisal", "MODEL", "emma"),
}
KINDS: Final = (*SAVED, *NETS, *COMMANDS, "mapped", "arpa", "arpa.gz", "counts", "merge", "checkpoint")
LISTS: Final = (["emma", "olivia", "ava", "isabella"], ["noah", "liam", "Zoë", "elijah", "lucas", "mason"])


@dataclass(frozen=True)
class Case:
    """Something that is written in two ways.

    Attributes:
        folder: which holds the target and nothing else.
        write: writes the one (0) or the other (1), over what is there.
        look: what is there, whole; raises an error if that cannot be read.
        wanted: what that may be; None for everything.
    """

    folder: Path
    write: Callable[[int], object]
    look: Callable[[], Any]
    wanted: Sequence[Any] | None

    def names(self) -> set[str]:
        """What is in the folder."""
        return {path.name for path in self.folder.iterdir()}


def case_of(kind: str, folder: Path) -> Case:
    """All that a kind needs, made in a folder."""
    inputs, place = folder / "inputs", folder / "target"
    inputs.mkdir(parents=True)
    place.mkdir()
    lists, models = [inputs / f"{n}.txt" for n in (0, 1)], [inputs / f"{n}.model" for n in (0, 1)]
    for path, model, items in zip(lists, models, LISTS, strict=True):
        path.write_text("\n".join(items))
        nextchar.Ngram(order=3, smoothing="witten-bell").fit(items).save(model)
    if kind == "checkpoint":
        return _training(place, LISTS[0])
    if kind in ("counts", "merge"):
        return _counts(kind, inputs, place, lists)
    target = place / {"arpa": "m.arpa", "arpa.gz": "m.arpa.gz"}.get(kind, f"m{Path(kind).suffix}")
    known = {"MODEL": models, "LIST": lists}
    if kind in COMMANDS:

        def command(n: int) -> None:
            words = [known[word][n] if word in known else word for word in COMMANDS[kind]]
            run_command(*words, "-o", target)

        # the file of a training has the seconds that it took
        return _compared(
            place, command, (lambda: nextchar.load(target).alphabet) if kind.startswith("train") else target.read_bytes
        )
    loaded = [nextchar.load(path) for path in models]
    if kind in ("arpa", "arpa.gz"):
        return _compared(place, lambda n: nextchar.write_arpa(loaded[n], target), target.read_bytes)
    other: nextchar.Model | nextchar.Classifier
    if kind == "mapped":  # its arrays lie in the file that is replaced
        model_file.MAPPED_FROM = 0  # type: ignore[misc]  # a large file would take long
        run_command("compile", models[1], "-o", target)
        other = nextchar.load(target)
    elif kind == "classifier":
        other = nextchar.Classifier.load(CLASSIFIER)
    else:
        other = nextchar.load(FIXTURES / f"{kind}.safetensors")
    return _compared(place, lambda n: (loaded[0], other)[n].save(target), target.read_bytes)


def _compared(folder: Path, write: Callable[[int], object], look: Callable[[], Any]) -> Case:
    wanted = []
    for n in (0, 1):
        write(n)
        wanted.append(look())
    assert wanted[0] != wanted[1]
    return Case(folder, write, look, wanted)


def run_command(*words: object) -> None:
    """A command of nextchar, in this process."""
    main.main([*map(str, words)], standalone_mode=False)


def _counts(kind: str, inputs: Path, place: Path, lists: Sequence[Path]) -> Case:
    """A folder of counts, which is not replaced: it is not there, or whole."""
    parts, target, trash = [inputs / "counts0", inputs / "counts1"], place / "counts", inputs / "trash"
    for part, path in zip(parts, lists, strict=True):
        nextchar.count_to(part, path, order=3)

    def write(n: int) -> None:
        if target.exists():
            target.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)
        if n == 1 and kind == "counts":
            run_command("count", *lists, "--order", 3, "-o", target)
        elif n == 1:
            run_command("merge", *parts, "-o", target)

    def look() -> dict[str, bytes] | None:
        return {path.name: path.read_bytes() for path in target.iterdir()} if target.exists() else None

    return _compared(place, write, look)


def _training(place: Path, items: Sequence[str]) -> Case:
    """A training that writes a checkpoint and a line of its log at each step."""
    from nextchar.models.neural.training.settings import Run

    checkpoint, log = place / "m.checkpoint", place / "m.jsonl"
    spec = nextchar.MLP(context=2, embedding=2, width=4, layers=0, steps=20, batch=8, hold_out=0)
    corpus = nextchar.Corpus.from_items(items)

    def write(n: int) -> None:
        checkpoint.unlink(missing_ok=True)
        for _ in range(1 + n):
            spec.fit(corpus, run=Run(checkpoint=checkpoint, log=log, resume=True, every_seconds=0))

    def look() -> None:
        if checkpoint.exists():
            assert read_model_file(checkpoint).kind == "checkpoint"
        for line in log.read_text().splitlines():
            json.loads(line)

    write(0)
    return Case(place, write, look, None)


@contextmanager
def silent() -> Iterator[None]:
    """Standard output and error go nowhere."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1), os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os.dup2(kept[0], 1), os.dup2(kept[1], 2)
        for number in (*kept, nowhere):
            os.close(number)


def killed(case: Case, moment: float, *, writing: bool) -> None:
    """Fork, let the child write, and kill it so many seconds after it has begun, or has begun to write a part."""
    begun, beginning = os.pipe()

    def tell(event: str, arguments: Sequence[object]) -> None:
        if event in ("open", "os.mkdir") and str(arguments[0]).endswith(".part"):
            os.write(beginning, b"x")

    child = os.fork()
    if child == 0:
        try:
            if writing:
                sys.addaudithook(tell)
            else:
                os.write(beginning, b"x")
            while True:
                case.write(1)
                case.write(0)
        except BaseException as error:  # which the parent finds in how it ended
            os.write(2, repr(error).encode())
        os._exit(1)
    os.close(beginning)
    os.read(begun, 1)
    os.close(begun)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, "it was writing until then"


def kill_writers(kind: str, folder: Path, kills: int, chance: random.Random) -> int:
    """Kill so many writers of a kind; how many of them left a part behind."""
    with silent():
        case = case_of(kind, folder)
        start = time.perf_counter()
        case.write(1), case.write(0)  # once more, for now everything is loaded
        seconds = time.perf_counter() - start
    here = case.names()
    left = 0
    for n in range(kills):
        before = case.names()
        with silent():
            if chance.random() < 0.7:
                killed(case, seconds * chance.random() ** 4, writing=True)
            else:
                killed(case, seconds * chance.random(), writing=False)
        found = case.look()
        assert case.wanted is None or found in case.wanted, f"{kind}, kill {n}: neither the old nor the new"
        left += len(case.names() - before - here)
        if chance.random() < 0.2 or n == kills - 1:
            with silent():
                case.write(1)
                case.look()
                names = case.names()
                case.write(0)
            assert names - here - {"counts"} == set(), f"{kind}, kill {n}: something is left after the next write"
    return left


def _main(folder: str, kills: str, seed: str, *kinds: str) -> None:
    for i, kind in enumerate(kinds):
        each = (int(kills) + i) // len(kinds)  # together they are as many as that
        chance = random.Random(f"{kind} {seed}")
        left = kill_writers(kind, Path(folder) / kind, each, chance)
        print(f"{kind}: {each} killed, {left} left a part", flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
