"""One model, one probability: samples, lists, probabilities and scores agree on what an item is, for every model.

No item is one that the text options would change; none is empty unless that is asked for; and none begins with what
the model holds impossible.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.automata.automaton_reader import AutomatonReader
from nextchar.cli import main
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.protocol import LanguageModel
from nextchar.data.corpus import Corpus
from nextchar.data.text_options import TextOptions
from nextchar.errors import NextcharError, SettingsError
from nextchar.models.mix.model import Mix
from nextchar.models.ngram.arpa import read_arpa, write_arpa
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of

# Blanks inside items; small letters alone; a dot below that joins e and not x, so that e and dot may come about.
TEXTS = ["Ae x\u0323 e\u0323", "e xa\u0301", "aE\u0323 \u0301x", "x ee", "a\u0323x e", "X\u0301 a", "e a x\u0301"]
OPTIONS = TextOptions(lower=True, nfc=True, strip=True)


def corpus(*more: str) -> Corpus:
    return Corpus.from_items([*TEXTS, *more], options=OPTIONS)


def imported(folder: Path) -> Model:
    write_arpa(Ngram(order=2, add=0.5).fit(corpus()), f"{folder}/m.arpa")
    return read_arpa(f"{folder}/m.arpa")


def mlp(folder: Path) -> Model:
    settings = {"context": 3, "embedding": 4, "width": 8, "layers": 1, "steps": 5, "batch": 8}
    return spec_of("mlp", settings).fit(corpus())


def unknown(folder: Path) -> Model:
    known = corpus().alphabet
    return Ngram(order=2, add=0.5).fit(corpus().encoded_in(nextchar.Alphabet(known.characters, has_unknown=True)))


MODELS: dict[str, Callable[[Path], Model]] = {
    "ngram": lambda folder: Ngram(order=2, add=0.5).fit(corpus()),
    "unigram": lambda folder: Ngram(order=1, add=0).fit(corpus()),
    "kneser-ney": lambda folder: Ngram(order=3, smoothing="kneser-ney").fit(corpus()),
    "unknown": unknown,
    "backoff": imported,
    "automaton": lambda folder: nextchar.interpolate(
        Ngram(order=2).fit(corpus()), Ngram(order=3, add=0.2).fit(corpus()), 0.3
    ),
    "mix": lambda folder: Mix(epochs=1).fit(corpus()),
}
if find_spec("torch"):
    MODELS |= {
        "bigram-net": lambda folder: nextchar.BigramNet().fit(corpus()),
        "mlp": mlp,
        "ensemble": lambda folder: nextchar.combine([Ngram(order=2).fit(corpus()), mlp(folder)], corpus()),
        "table": lambda folder: nextchar.tabulate(mlp(folder), corpus()).model,
    }


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path]:
    folder = tmp_path_factory.mktemp("models")
    made = MODELS[request.param](folder)
    made.save(folder / "m")
    return made, folder / "m"


def command(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


WAYS: list[dict[str, Any]] = [
    {},
    {"temperature": 3.0},
    {"max_length": 3},
    {"prefix": "e", "max_length": 4},
    {"min_length": 2, "max_length": 5, "temperature": 2.0},
    {"match": ".*e.*", "max_length": 6},
    {"not_in": ["e"], "max_length": 4},
    {"new": True, "max_length": 4},
    {"stream": "torch1", "max_length": 12},
    {"min_length": 0, "max_length": 2},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_sampled_is_scored_as_it_was_sampled(model: tuple[Model, Path], way: dict[str, Any]) -> None:
    made, _ = model
    if way.get("new") and made.provenance.known is None:
        pytest.skip("the model does not know its training items")
    options = made.provenance.options
    items = made.sample(120, seed=1, **way)
    assert len(items) == 120
    assert all(options.apply(item) == item for item in items)
    empty = way.get("min_length") == 0 or "stream" in way
    assert empty or "" not in items
    filled = [item for item in items if item]
    for item, score in zip(filled, made.score(filled), strict=True):
        assert score.item == item
        ids = made.alphabet.encode(item)
        row = made.log_probs(np.concatenate([[0], ids])[None].astype(made.alphabet.dtype))[0]
        targets = np.append(ids, 0).astype(np.intp)
        assert score.nats == pytest.approx(-row[np.arange(len(targets)), targets].sum(), rel=1e-5)


def test_no_two_distinct_items_are_one(model: tuple[Model, Path]) -> None:
    made, _ = model
    items = made.sample(80, seed=2, distinct=True, temperature=2.0, max_length=8)
    assert len({made.provenance.options.apply(item) for item in items}) == len(items) == 80


def test_probabilities_are_sums_over_items(model: tuple[Model, Path]) -> None:
    """Of at most two characters, by the sum over all texts that the options leave as they are."""
    made, path = model
    if not isinstance(made, AutomatonReader):
        pytest.skip("no exact answers")
    options = made.provenance.options
    pool = ["".join(x) for n in (1, 2) for x in itertools.product(made.alphabet.characters, repeat=n)]
    items = [text for text in pool if options.apply(text) == text]
    assert len(items) < len(pool)
    probability = dict(zip(items, np.exp(-made.nats(items)), strict=True))
    found = nextchar.given(made, max_length=2)
    assert found.probability == pytest.approx(sum(probability.values()), rel=1e-9)
    listed = {item.text: item.probability for item in found.top()}
    possible = {item: p for item, p in probability.items() if p > 0}
    assert listed == pytest.approx(possible, rel=1e-9)
    empty = math.exp(made.start(1).log_probs[0, 0])
    with_empty = nextchar.given(made, max_length=2, min_length=0).probability
    assert with_empty == pytest.approx(found.probability + empty, rel=1e-9)
    lines = command("top", path, "-n", 500, "--max-length", 2, "--json").stdout.splitlines()
    assert len(lines) == len(possible)
    shown = command("complete", path, "e", "--json").stdout
    told = command("prob", path, "--prefix", "e", "--json").stdout
    assert f'"probability": {nextchar.given(made, prefix="e").probability}' in shown
    assert f'"probability": {nextchar.given(made, prefix="e").probability}' in told


def test_shares_of_samples(model: tuple[Model, Path]) -> None:
    """Items of one character: the counts of draws against the probabilities."""
    made, _ = model
    options = made.provenance.options
    items = [x for x in made.alphabet.characters if options.apply(x) == x]
    p = np.exp(-made.nats(items))
    drawn = made.sample(2000, seed=5, match=".") if isinstance(made, AutomatonReader) else []
    plain = [item for item in made.sample(6000, seed=5) if len(item) == 1]
    for sampled in (drawn, plain):
        expected = len(sampled) * p / p.sum()
        seen = np.array([sampled.count(item) for item in items])
        large = expected > 3
        chi, terms = ((seen - expected)[large] ** 2 / expected[large]).sum(), int(large.sum())
        assert chi <= terms + 4 * math.sqrt(2 * terms) + 6  # mean, four standard deviations, and a long tail


def test_ends_that_no_item_has(model: tuple[Model, Path]) -> None:
    made, path = model
    for asked in ({"prefix": " e"}, {"suffix": "e "}, {"prefix": ["e", " x"]}):
        with pytest.raises(SettingsError, match="a blank, which no item of this model does"):
            made.sample(2, seed=1, **asked)
        if isinstance(made, AutomatonReader):
            with pytest.raises(SettingsError, match="a blank, which no item of this model does"):
                nextchar.given(made, **asked)
    assert "blank" in command("sample", path, "--prefix", " e", code=1).stderr
    assert all(item.startswith("e ") and item != "e " for item in made.sample(20, seed=1, prefix="e "))


@pytest.mark.parametrize("text", [" e", "e xa\u0301 ", "E", "Xe\u0323", "\u3000a\t"])
def test_a_corpus_is_read_as_text_is(model: tuple[Model, Path], text: str) -> None:
    """However it was made: before, the same item had another probability in a corpus than in a list."""
    made, _ = model
    items = Corpus.from_items([text, "a", text], weights=[2, 1, 3], options=TextOptions(strip=False))
    options = made.provenance.options
    if not set(options.apply(text)) <= set(made.alphabet.characters):
        pytest.skip("an import knows nothing of the options")
    nats = made.nats([options.apply(text), "a"])
    np.testing.assert_allclose(made.nats(items), nats[[0, 1, 0]], rtol=1e-6)
    assert made.evaluate(items).nats == pytest.approx(5 * nats[0] + nats[1], rel=1e-6)
    with pytest.raises(NextcharError, match="item 1 is blank"):
        made.nats(Corpus.from_items([" ", text], options=TextOptions(strip=False)))


# -- a prefix of probability 0 ------------------------------------------------------------------------------------

SEEN = Corpus.from_items(["ab", "abb", "ba", "bac", "c"])  # no a after a, nothing after c


def ensemble_of_counts(folder: Path) -> Model:
    return nextchar.combine([Ngram(order=2, add=0).fit(SEEN), Ngram(order=3, add=0).fit(SEEN)], SEEN)


UNSMOOTHED: dict[str, Callable[[Path], Model]] = {
    "ngram": lambda folder: Ngram(order=2, add=0).fit(SEEN),
    "order 4": lambda folder: Ngram(order=4, add=0).fit(SEEN),
    "automaton": lambda folder: nextchar.interpolate(
        Ngram(order=2, add=0).fit(SEEN), Ngram(order=3, add=0).fit(SEEN), 0.4
    ),
    "given": lambda folder: nextchar.given(Ngram(order=2, add=0.1).fit(SEEN), match="(ab|ba|c)b?").model,
    "ensemble": ensemble_of_counts,
}


@pytest.mark.parametrize("kind", UNSMOOTHED)
@pytest.mark.parametrize("prefix", ["aa", "baa", "aab"])
def test_no_item_begins_with_what_is_impossible(kind: str, prefix: str, tmp_path: Path) -> None:
    made = UNSMOOTHED[kind](tmp_path)
    made.save(tmp_path / "m")
    message = f"no item of this model begins with '{prefix}'"
    asked: list[dict[str, Any]] = [
        {},
        {"max_length": 6},
        {"suffix": "b"},
        {"temperature": 0},
        {"temperature": 2.0, "top_k": 2, "match": ".*"},
        {"new": True},
        {"distinct": True, "min_length": 3},
        {"stream": "torch1"},
    ]
    for more in asked:
        if more.get("new") and made.provenance.known is None:
            continue
        with pytest.raises(SettingsError, match=message):
            made.sample(3, seed=1, prefix=prefix, **more)
        with pytest.raises(SettingsError, match=message):
            made.draw(0, Plan(seed=1), nextchar.Constraint(prefix=prefix))
    commands = [("sample", "--prefix", prefix), ("sample", "--prefix", prefix, "--max-length", 5)]
    if isinstance(made, AutomatonReader):
        with pytest.raises(SettingsError, match=message):
            nextchar.given(made, prefix=prefix)
        commands += [("prob", "--prefix", prefix), ("top", "--prefix", prefix), ("complete", prefix)]
        assert "no item" in command("fill", tmp_path / "m", f"{prefix}_", code=1).stderr
    for name, *rest in commands:
        assert message in command(name, tmp_path / "m", *rest, code=1).stderr
    # one of several prefixes is enough
    assert {item[0] for item in made.sample(20, seed=1, prefix=[prefix, "b"])} == {"b"}


@pytest.mark.parametrize("more", [{}, {"max_length": 6}, {"contains": "b"}, {"new": True}], ids=str)
@pytest.mark.parametrize("shape", [{"temperature": 0}, {"top_k": 1}, {"top_p": 0.1}, {"temperature": 1e-9}], ids=str)
def test_a_prefix_is_given_and_not_drawn(shape: dict[str, Any], more: dict[str, Any]) -> None:
    """However improbable it is: temperature and the like begin after it, whatever else is asked for."""
    model = Ngram(order=2, add=0.001).fit(Corpus.from_items(["aab", "aaab", "ab", "ba"] * 9 + ["cab"]))
    assert {item[:2] for item in model.sample(5, seed=1, prefix="cb", **shape, **more)} == {"cb"}
    # greedy: after b most often the end; after "ca", b and the end
    assert model.sample(1, seed=1, prefix="ca", **shape) == ["cab"]
    assert model.sample(1, seed=1, prefix="ca", **shape, max_length=5) == ["cab"]
    assert set(model.sample(9, seed=1, prefix=["ca", "cb"], **shape)) == {"cab"}  # ca is the more probable of the two


def test_a_first_symbol_is_drawn_among_symbols() -> None:
    """The end is out of the first row before it is reshaped: greedy items are the same whatever else is asked for.

    Of 10 symbols after the boundary, 6 are ends, 3 are a's and 1 is b (the model of the items "a" and "b", and six
    empty ones, which no corpus holds: so by its rows alone).
    """
    rows = np.log(np.array([[0.6, 0.3, 0.1], [0.9, 0.05, 0.05], [0.9, 0.05, 0.05]]))
    machine = nextchar.automata.automaton.Automaton.from_rows(
        nextchar.Alphabet("ab"), 0, rows, np.tile(np.arange(3), (3, 1))
    )
    model = nextchar.automata.stored_model.DerivedModel(
        settings=nextchar.automata.stored_model.Derived(how="by hand"),
        machine=machine,
        provenance=nextchar.data.provenance.Provenance(items=0, symbols=0),
    )
    reader: LanguageModel = model
    assert reader.start(1).log_probs[0, 0] == math.log(0.6)
    for more in ({}, {"max_length": 4}, {"match": ".*"}, {"prefix": ["a", "b"]}):
        for shape in ({"temperature": 0}, {"top_k": 1}, {"top_p": 0.5}):
            assert model.sample(3, seed=1, **shape, **more) == ["a", "a", "a"]
    assert model.sample(3, seed=1, temperature=0, min_length=0, max_length=4) == ["", "", ""]


def test_the_empty_item() -> None:
    model = Ngram(order=1, add=0.5).fit(Corpus.from_items(["ab", "b"]))
    p = math.exp(model.start(1).log_probs[0, 0])  # of the end, at once
    assert nextchar.given(model).probability == pytest.approx(1 - p, rel=1e-12)
    assert nextchar.given(model, min_length=0).probability == 1
    assert "" not in [item.text for item in nextchar.given(model).top(20)]
    assert "" in [item.text for item in nextchar.given(model, min_length=0).top(20)]
    assert "" not in model.sample(500, seed=1)
    assert "" in model.sample(500, seed=1, min_length=0)
    for asked in ({"match": ""}, {"max_length": 0}, {"match": "a{0}"}):
        with pytest.raises(NextcharError):
            nextchar.given(model, **asked)
        with pytest.raises(NextcharError):
            model.sample(1, **asked)
    assert nextchar.given(model, match="", min_length=0).probability == pytest.approx(p, rel=1e-12)
    assert model.sample(2, match="", min_length=0) == ["", ""]
    assert model.sample(2, max_length=0, min_length=0) == ["", ""]
