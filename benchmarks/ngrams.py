"""n-gram models beside KenLM: held-out loss, time of training, speed. Writes benchmarks/ngrams.md.

    python benchmarks/ngrams.py --names names.txt --lmplz path/to/lmplz [--english text] [--list words] [--ours COMMAND]

names.txt is makemore's list. lmplz is built from KenLM's source; KenLM reads its files by the Python package kenlm.
Everything runs on one core; the sides of a comparison take turns, and the best of the rounds counts. COMMAND is the
nextchar whose training is timed: in an environment that holds it and what it needs, it starts 0.1 s sooner than here,
where numba finds scipy and loads it.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import chain
from pathlib import Path

import click
import numpy as np

HERE = Path(__file__).resolve().parent
ROUNDS = 3
NAMES_BYTES = 200_000_000
BLANK = "\u2423"  # stands for a blank where symbols are separated by blanks


@click.command()
@click.option("--names", type=click.Path(exists=True, path_type=Path), required=True, help="makemore's names.txt.")
@click.option("--english", type=click.Path(exists=True, path_type=Path), help="30 MB of text, a line an item.")
@click.option("--list", "words", type=click.Path(exists=True, path_type=Path), help="Another list of words.")
@click.option("--lmplz", type=click.Path(exists=True, path_type=Path), help="KenLM's lmplz.")
@click.option("--ours", type=click.Path(exists=True, path_type=Path), help="The nextchar that trains, installed alone.")
def main(names: Path, english: Path | None, words: Path | None, lmplz: Path | None, ours: Path | None) -> None:
    """Measure all of it."""
    sys.path[0] = str(HERE.parent)
    from benchmarks import machine

    machine.use_one_thread()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    about = machine.describe()
    lines = ["# n-gram models beside KenLM", "", f"{date.today().isoformat()}, by `python benchmarks/ngrams.py`."]
    lines += [f"{name}: {value}  " for name, value in about.items()]
    with tempfile.TemporaryDirectory(prefix="nextchar-benchmarks-") as folder:
        parts = chain(
            _losses(names, words, lmplz, Path(folder)),
            _training(ours, names, english, lmplz, Path(folder)),
            _speeds(names, english),
        )
        for line in parts:
            click.echo(line)
            lines.append(line)
    (HERE / "ngrams.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _losses(names: Path, words: Path | None, lmplz: Path | None, folder: Path) -> Iterator[str]:
    from nextchar.core.scoring import evaluate
    from nextchar.core.spec import Spec
    from nextchar.data.corpus import Corpus
    from nextchar.data.splits import split
    from nextchar.models.mix.model import Mix
    from nextchar.models.ngram.model import Ngram

    yield from (
        "",
        "## Held-out loss, nats per symbol",
        "",
        "| data | model | validation | test | test, new | seconds |",
    )
    yield "|---|---|---|---|---|---|"
    specs: list[tuple[str, Spec]] = [
        (f"modified Kneser-Ney, order {order}", Ngram(order=order, smoothing="modified-kneser-ney")) for order in (5, 6)
    ]
    specs.append(("the same, order 6, tuned", Ngram(order=6, smoothing="modified-kneser-ney", tune="held-out")))
    specs.append(("Pitman-Yor, order 8", Ngram(order=8, smoothing="pitman-yor")))
    specs.append(("mix, 60 seconds", Mix(seconds=60)))
    for path, division in [(names, "eurekalabs"), (names, "lecture"), (names, "distinct"), (words, "distinct")]:
        if path is None:
            continue
        data = f"{path.name}, {division}"
        parts = split(Corpus.from_file(path), division)
        known = np.unique(parts.train.fingerprints())
        new = parts.test.take(np.flatnonzero(~np.isin(parts.test.fingerprints(), known)))
        for order in (5, 6) if lmplz is not None else ():
            begun = time.perf_counter()
            arpa = folder / "kenlm.arpa"
            _lmplz(lmplz, order, _separated(parts.train, folder / "train.txt"), arpa)
            seconds = time.perf_counter() - begun
            validation, test, unseen = (_kenlm_loss(arpa, part) for part in (parts.validation, parts.test, new))
            yield f"| {data} | KenLM, order {order} | {validation:.4f} | {test:.4f} | {unseen:.4f} | {seconds:.1f} |"
        for name, spec in specs:
            if name.startswith("Pitman") and parts.train.symbols > 1_000_000:
                continue
            begun = time.perf_counter()
            model = spec.fit(parts.train, validation=parts.validation)
            seconds = time.perf_counter() - begun
            losses = [evaluate(model, part).nats_per_symbol for part in (parts.validation, parts.test, new)]
            yield f"| {data} | {name} | {' | '.join(f'{loss:.4f}' for loss in losses)} | {seconds:.1f} |"


def _separated(items: Iterable[str], path: Path) -> Path:
    with path.open("w", encoding="utf-8") as out:
        for item in items:
            out.write(" ".join(BLANK if symbol == " " else symbol for symbol in item) + "\n")
    return path


def _lmplz(lmplz: Path | None, order: int, text: Path, out: Path) -> None:
    command = [str(lmplz), "-o", str(order), "--discount_fallback", "-S", "4G", "-T", str(out.parent)]
    with text.open("rb") as given, out.open("wb") as written:
        subprocess.run(command, stdin=given, stdout=written, stderr=subprocess.DEVNULL, check=True)


def _kenlm_loss(arpa: Path, items: Iterable[str]) -> float:
    import kenlm

    with _quiet():
        model = kenlm.Model(str(arpa))
    nats = symbols = 0.0
    for item in items:
        nats -= model.score(" ".join(BLANK if symbol == " " else symbol for symbol in item)) * math.log(10)
        symbols += len(item) + 1
    return nats / symbols if symbols else math.nan


@contextmanager
def _quiet() -> Iterator[None]:
    """KenLM writes its progress to stderr past Python."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _training(
    command: Path | None, names: Path, english: Path | None, lmplz: Path | None, folder: Path
) -> Iterator[str]:
    from benchmarks.processes import nextchar_command, run_quietly
    from nextchar.data.corpus import Corpus

    yield from (
        "",
        "## Training at order 6, whole process, seconds",
        "",
        "| data | ours | lmplz | ratio |",
        "|---|---|---|---|",
    )
    program = nextchar_command() if command is None else [str(command)]
    big = folder / "names200.txt"
    once = "\n".join(Corpus.from_file(names)) + "\n"
    with big.open("w", encoding="utf-8") as out:
        for _ in range(-(-NAMES_BYTES // len(once))):
            out.write(once)
    for path, rounds in ((names, ROUNDS), (english, ROUNDS), (big, 1)):
        if path is None:
            continue
        separated = _separated(Corpus.from_file(path), folder / "separated.txt") if lmplz is not None else None
        ours, theirs = [], []
        for _ in range(rounds):
            begun = time.perf_counter()
            model = str(folder / "m.safetensors")
            run_quietly([*program, "train", str(path), "-o", model, "--smoothing", "modified-kneser-ney"])
            ours.append(time.perf_counter() - begun)
            if separated is not None:
                begun = time.perf_counter()
                _lmplz(lmplz, 6, separated, folder / "m.arpa")
                theirs.append(time.perf_counter() - begun)
        size = f"{path.name}, {path.stat().st_size / 1e6:.1f} MB"
        if theirs:
            yield f"| {size} | {min(ours):.2f} | {min(theirs):.2f} | {min(theirs) / min(ours):.1f} |"
        else:
            yield f"| {size} | {min(ours):.2f} | not given | |"


def _speeds(names: Path, english: Path | None) -> Iterator[str]:
    from nextchar.data.corpus import Corpus
    from nextchar.models.ngram.hash_counts import NgramTable
    from nextchar.models.ngram.model import Ngram

    yield from ("", "## Speed, order 6, in the process", "", "| what | figure |", "|---|---|")
    corpus = Corpus.from_file(names)
    model = Ngram(order=6, smoothing="modified-kneser-ney").fit(corpus)
    many = Corpus.concatenate([corpus] * 50)
    seconds = _best(lambda: model.automaton.stream_nats(many.ids, compiled=True))
    yield f"| scoring | {many.symbols / seconds / 1e6:.0f} million symbols/s |"
    states = np.random.default_rng(1).integers(0, model.automaton.size, 100_000).astype(np.int32)
    seconds = _best(lambda: model.automaton.rows(states))
    row = seconds / len(states) * 1e6
    yield f"| a row of {model.alphabet.size} log-probabilities, in batches of 100,000 | {row:.3f} us |"
    for path in (names, english):
        if path is None:
            continue
        text = Corpus.from_file(path)

        def distinct(text: Corpus = text) -> None:
            table = NgramTable(6)
            table.add(text)

        speed = text.symbols / _best(distinct) / 1e6
        yield f"| counting distinct 6-grams, {path.name} | {speed:.0f} million symbols/s |"


def _best(run: Callable[[], object]) -> float:
    run()
    seconds = []
    for _ in range(ROUNDS + 2):
        begun = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


if __name__ == "__main__":
    main()
