"""Scoring names with a model of order 6 through the Python API."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np

import nextchar
from benchmarks.arpa import write_arpa
from benchmarks.data import Settings, drawn_names
from benchmarks.measure import Side, take_turns
from benchmarks.report import Row, Section, Target, rows_of_speeds
from benchmarks.rivals import ContextTables

__all__ = ["run"]

ORDER = 6
ADD = 0.1
Way = Callable[[Sequence[str]], list[float]]


def run(settings: Settings) -> list[Section]:
    """One table."""
    import numba  # noqa: F401 - the compiled path is taken once it is loaded

    names = drawn_names(settings.names, settings.score_items)
    corpus = nextchar.Corpus.from_items(names)
    model = nextchar.Ngram(order=ORDER, add=ADD).fit(nextchar.Corpus.from_items(settings.names))
    fresh = _fresh_names(settings, settings.score_items)
    fresh_corpus = nextchar.Corpus.from_items(fresh, alphabet=model.alphabet)
    sides = [
        Side(
            name="nextchar, model.nats(list of str)", run=partial(model.nats, names), amount=corpus.symbols, ours=True
        ),
        Side(name="nextchar, model.nats(corpus)", run=partial(model.nats, corpus), amount=corpus.symbols, ours=True),
        Side(
            name="nextchar, model.nats(list of str), other names",
            run=partial(model.nats, fresh),
            amount=fresh_corpus.symbols,
            ours=True,
        ),
    ]
    notes = {
        sides[0].name: f"{len(names):,} names drawn from the list",
        sides[2].name: f"{len(fresh):,} names written by a bigram model",
    }
    tables = ContextTables(settings.names, ORDER, ADD, model.alphabet.size)
    rivals: list[tuple[str, Way, int]] = [("dictionaries of contexts, Python loop", tables.nats, 50_000)]
    skipped = []
    for name, module, make, most in (
        ("KenLM, Python module", "kenlm", _kenlm, 100_000),
        ("nltk.lm, Lidstone", "nltk", _nltk, 500),
    ):
        if find_spec(module):
            rivals.append((name, make(settings), most))
        else:
            skipped.append(Row(name=name, value=None, unit="", note=f"skipped: no module {module} (see --site)"))
    for name, way, most in rivals:
        part = names[:most]
        symbols = sum(map(len, part)) + len(part)
        _check(name, way(part), model.nats(part), symbols)
        sides.append(Side(name=name, run=partial(way, part), amount=symbols))
        notes[name] = f"{len(part):,} names"
    timings = take_turns(sides, settings.rounds)
    speed = timings[0].rate / 1e6
    return [
        Section(
            title=f"Scoring names with a model of order {ORDER}",
            about=f"-log p of each of many names, models of {len(settings.names):,} names in memory; for nextchar from "
            "a list of Python strings, and from a corpus that has been read. The dictionaries give the same numbers; "
            "KenLM has a Witten-Bell model, to which the strings are given with their blanks in between.",
            rows=[*rows_of_speeds(timings, "million symbols/s", 1e6, notes=notes), *skipped],
            targets=[Target(wanted="at least 40 million symbols/s, from strings", got=f"{speed:.1f}", met=speed >= 40)],
        )
    ]


def _fresh_names(settings: Settings, n: int) -> list[str]:
    """Names that are mostly not in the list, whose contexts are rarer than those of real ones."""
    return list(nextchar.load(settings.model_path).draw(n, nextchar.Plan(seed=2)).corpus)


def _check(name: str, nats: list[float], ours: np.ndarray[tuple[int], np.dtype[np.float64]], symbols: int) -> None:
    """The dictionaries hold the same model; the others a like one, which must cost about as much."""
    same = name.startswith("dictionaries")
    if same and not np.allclose(nats, ours, rtol=0, atol=1e-9):
        raise AssertionError(f"{name}: other numbers than nextchar's")
    if abs(sum(nats) - float(ours.sum())) / symbols > 0.5:
        raise AssertionError(f"{name}: {sum(nats) / symbols} nats per symbol, nextchar {float(ours.sum()) / symbols}")


def _kenlm(settings: Settings) -> Way:
    path = settings.folder / "witten-bell.arpa"
    write_arpa(path, settings.names, ORDER)
    model = import_module("kenlm").Model(str(path))
    spaced: dict[int, list[str]] = {}

    def nats(names: Sequence[str]) -> list[float]:
        if id(names) not in spaced:  # the blanks that KenLM wants are not part of its work
            spaced[id(names)] = [" ".join(name) for name in names]
        return [-model.score(name) * math.log(10) for name in spaced[id(names)]]

    return nats


def _nltk(settings: Settings) -> Way:
    lm, util = import_module("nltk.lm"), import_module("nltk.util")
    model = lm.Lidstone(ADD, ORDER)

    def padded(name: str) -> list[str]:
        return ["<s>"] * (ORDER - 1) + [*name, "</s>"]

    grams = ([gram for n in range(1, ORDER + 1) for gram in util.ngrams(padded(name), n)] for name in settings.names)
    model.fit(grams, [symbol for name in settings.names for symbol in ["<s>", *name, "</s>"]])

    def nats(names: Sequence[str]) -> list[float]:
        totals = []
        for name in names:
            symbols = padded(name)
            bits = sum(
                model.logscore(symbols[at], symbols[at - ORDER + 1 : at]) for at in range(ORDER - 1, len(symbols))
            )
            totals.append(-bits * math.log(2))
        return totals

    return nats
