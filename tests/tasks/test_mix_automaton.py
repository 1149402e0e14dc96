"""The best model of a list, the mix included: what is chosen, and what can be done with it."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nextchar.automata.conditional import given
from nextchar.automata.interpolation import interpolate
from nextchar.automata.stored_model import stored
from nextchar.cli import main
from nextchar.core.metrics import CandidateLoss
from nextchar.core.scoring import evaluate
from nextchar.data.corpus import Corpus
from nextchar.data.format import Format
from nextchar.data.splits import tenths
from nextchar.errors import BadValueError, SettingsError
from nextchar.models.ngram.arpa import read_arpa, write_arpa
from nextchar.models.ngram.model import Ngram
from nextchar.models.ngram.selection import Choice, choose
from nextchar.models.registry import load
from nextchar.tasks import mix_automaton
from nextchar.tasks.mix_automaton import BestChoice, MixAutomaton, Reach, choose_with_mix, suits_mix
from nextchar.tasks.train import TrainingFiles, train


def codes(n: int, seed: int = 0) -> list[str]:
    """A letter, five digits, and the same letter again, which no context of a few symbols can know."""
    chance = random.Random(seed)
    letters = chance.choices("abcdefgh", k=n)
    return [f"{c}{chance.randrange(100_000):05d}{c}" for c in letters]


CODES = codes(150)
CHOICE = Choice(((Ngram(order=3), 2.0), (Ngram(order=2), 2.5)), held_out=15)


@pytest.fixture(autouse=True)
def few_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mix_automaton, "STATES", 3000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("best")
    (place / "codes.txt").write_text("\n".join(CODES), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mix_automaton, "STATES", 3000)
        result = run("train", place / "codes.txt", "-o", place / "m", "--best")
    (place / "said").write_text(result.stderr, "utf-8")
    return place


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, list(map(str, args)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def test_the_better_one_is_taken() -> None:
    better, equal, worse = (BestChoice(CHOICE, nats, 2.0, 15) for nats in (1.9, 2.0, 2.25))
    assert better.spec == MixAutomaton()
    assert equal.spec == CHOICE.spec  # of equals the smaller and faster
    assert BestChoice(CHOICE, math.inf, 2.0, 15).spec == CHOICE.spec
    mix = CandidateLoss(model="mix", smoothing=None, order=None, nats_per_symbol=1.9, weights="importance")
    assert better.candidates == (mix, *CHOICE.candidates)
    assert worse.candidates == (*CHOICE.candidates, replace(mix, nats_per_symbol=2.25))
    assert "a mix as an automaton: 1.9000 nats per symbol on 15 items held out" in better.explanation()
    assert "the best n-gram model 2.0000" in better.in_short()
    said = f"{CHOICE.explanation()}; on 15 of them a mix as an automaton: 2.2500, against 2.0000"
    assert worse.explanation() == said
    assert "2.0000 nats per symbol held out, a mix 2.2500" in worse.in_short()


def test_the_mix_is_tried_on_lists_that_are_neither_short_nor_long() -> None:
    corpus = Corpus.from_items(CODES)  # 150 items of 7 characters, of an alphabet of 19
    size = corpus.symbols, corpus.alphabet.size
    assert size == (1200, 19)
    assert suits_mix(CHOICE, *size)
    assert not suits_mix(Choice(CHOICE.tried, held_out=0), *size)
    assert not suits_mix(Choice(CHOICE.tried, held_out=100, texts=True), *size)
    assert suits_mix(CHOICE, *size, Reach(1200, 1200 * 19))
    for reach in (Reach(1199, 1200 * 19), Reach(1200, 1200 * 19 - 1)):
        assert not suits_mix(CHOICE, *size, reach)
        assert choose_with_mix(CHOICE, corpus, reach=reach) is CHOICE
    assert suits_mix(CHOICE, 400, 19)
    assert not suits_mix(CHOICE, 399, 19)


def test_it_is_judged_on_the_items_that_the_others_are_judged_by() -> None:
    corpus = Corpus.from_items(CODES)
    choice = choose(corpus)
    assert choice.held_out == len(corpus)
    found = choose_with_mix(choice, corpus)
    assert isinstance(found, BestChoice)
    parts = list(islice(tenths(corpus), 3))
    assert found.held_out == sum(len(held) for _, held in parts) == 45
    for spec, nats in ((MixAutomaton(), found.mix_nats), (choice.spec, found.ngram_nats)):
        losses = [evaluate(spec.fit(rest), held) for rest, held in parts]
        assert nats == pytest.approx(sum(loss.nats for loss in losses) / sum(loss.weight for loss in losses))
    given = choose_with_mix(CHOICE, *parts[0])
    assert isinstance(given, BestChoice)
    assert given.mix_nats == evaluate(MixAutomaton().fit(parts[0][0]), parts[0][1]).nats_per_symbol
    assert given.held_out == 15


def test_where_the_mix_is_better_it_is_written_and_answers_exactly(folder: Path) -> None:
    said = (folder / "said").read_text("utf-8")
    assert re.fullmatch(
        r"Model: a mix as an automaton, \d\.\d{4} nats per symbol held out, the best n-gram model \d\.\d{4}\. "
        r"The mix itself: --model mix; an n-gram model, which has counts: --order \d --smoothing [a-z-]+\.\n",
        said,
    )
    model = load(folder / "m")
    assert model.kind == "automaton"
    assert model.provenance.items == 150
    assert [tried.model for tried in model.metrics.candidates[:2]] == ["mix", "ngram"]
    new = codes(500, seed=1)
    assert model.nats(new).mean() + 0.3 < choose(Corpus.from_items(CODES)).spec.fit(CODES).nats(new).mean()
    assert run("prob", folder / "m", "--prefix", "a").stdout
    assert len(run("top", folder / "m", "-n", 3, "--json").stdout.splitlines()) == 3
    assert run("complete", folder / "m", "a12").stdout
    assert run("fill", folder / "m", "a1_34_a").stdout
    assert all(line[0] == line[-1] == "b" for line in run(
        "sample", folder / "m", "-n", 5, "--seed", 1, "--prefix", "b", "--suffix", "b", "--new"
    ).stdout.splitlines())  # fmt: skip
    for name in ("m.html", "m.mjs"):
        run("export", folder / "m", "-o", folder / name)
        assert (folder / name).stat().st_size > 1000


def test_what_needs_counts_says_where_they_are(folder: Path) -> None:
    for command in (("update", folder / "m", folder / "codes.txt", "-o", folder / "n"),
                    ("export", folder / "m", "-o", folder / "m.arpa")):  # fmt: skip
        assert "train an n-gram model" in run(*command, code=1).stderr
    assert not (folder / "n").exists()
    assert not (folder / "m.arpa").exists()


def test_automata_that_are_n_grams_still_have_an_arpa_form(tmp_path: Path) -> None:
    """Written and read again they say the same, also of what never occurred; others are refused."""
    three, two = (Ngram(order=order, smoothing="witten-bell").fit(CODES) for order in (3, 2))
    strange = [*CODES, *(code[::-1] for code in CODES), "aabbccdd", "0", "h9h9h9"]
    write_arpa(stored(three), tmp_path / "m.arpa")
    np.testing.assert_allclose(read_arpa(tmp_path / "m.arpa").nats(strange), three.nats(strange), atol=1e-5)
    # the state of a beginning is here not that of the same symbols further on
    for model in (interpolate(three, two, 0.3), given(three, prefix="a").model):
        with pytest.raises(SettingsError, match="not one of n-grams"):
            write_arpa(model, tmp_path / "none.arpa")
    assert not (tmp_path / "none.arpa").exists()


def test_of_a_longer_list_a_line_says_that_there_is_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none = Reach(1199, 10**9)
    monkeypatch.setattr("nextchar.tasks.train.QUICK", none)
    result = run("train", folder / "codes.txt", "-o", folder / "n-grams")
    assert result.stderr.endswith(" A mix may predict better: --best.\n")
    assert load(folder / "n-grams").kind == "ngram"
    assert run("train", folder / "codes.txt", "-o", folder / "n-grams", "--best").stderr.startswith("Model: a mix")
    monkeypatch.setattr("nextchar.tasks.train.MOST", none)
    result = run("train", folder / "codes.txt", "-o", folder / "n-grams", "--best")
    assert result.stderr.startswith("Model: order ")
    assert result.stderr.endswith(" A mix may predict better: --model mix, a minute.\n")
    monkeypatch.setattr("nextchar.tasks.train.BETTER", none)
    assert " mix" not in run("train", folder / "codes.txt", "-o", folder / "n-grams").stderr
    result = run("train", folder / "codes.txt", "-o", folder / "n-grams", "--model", "ngram")
    assert result.stderr == ""


@pytest.mark.parametrize("options", [[], ["--distinct"], ["--split", "distinct"], ["--unknown"], ["--weight", "n"]])
def test_without_settings_a_mix_is_tried(options: list[str], tmp_path: Path) -> None:
    """By whatever way the list comes; what is named for counts is what would have been taken without the mix."""
    table = "code,n\n" + "".join(f"{code},{i % 3 + 1}\n" for i, code in enumerate(CODES))
    (tmp_path / "a.csv").write_text(table, "utf-8")
    read = ["train", tmp_path / "a.csv", "--column", "code", *options]
    said = run(*read, "-o", tmp_path / "m").stderr
    assert "Model: a mix as an automaton" in said
    assert load(tmp_path / "m").kind == "automaton"
    named = said.rpartition("counts: ")[2].strip().removesuffix(".").split()
    assert run(*read, "-o", tmp_path / "n", *named).stdout.startswith("ngram (")
    run("update", tmp_path / "n", tmp_path / "a.csv", "--column", "code", "-o", tmp_path / "n2")


def test_an_automaton_over_thousands_of_characters_has_fewer_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose rows would take gigabytes otherwise."""
    alphabet = Corpus.from_items(CODES).alphabet.size
    sizes = []
    for states in (5400, 500):  # 3,000 and two for each of 1,200 symbols; and fewer
        monkeypatch.setattr(mix_automaton, "STATE_CELLS", states * alphabet)
        sizes.append(MixAutomaton().fit(CODES).machine.size)
    assert sizes[1] < sizes[0] / 5


@pytest.mark.parametrize(("memory", "kind"), [("100MB", "ngram"), ("399MB", "ngram"), ("1GB", "automaton")])
def test_little_memory_has_no_room_for_a_mix(memory: str, kind: str, folder: Path, tmp_path: Path) -> None:
    run("train", folder / "codes.txt", "-o", tmp_path / "m", "--memory", memory)
    assert load(tmp_path / "m").kind == kind


def test_what_comes_in_a_pipe_is_a_list_too(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["train", "-", "-o", str(tmp_path / "m")], input="\n".join(CODES))
    assert result.stderr.startswith("Model: a mix as an automaton"), result.output
    piped, read = (load(place / "m").nats(CODES[:5]) for place in (tmp_path, folder))
    np.testing.assert_array_equal(piped, read)


def test_texts_and_lists_of_a_few_items_have_n_gram_models(tmp_path: Path) -> None:
    (tmp_path / "few.txt").write_text("\n".join(CODES[:15]), "utf-8")
    assert "Model: order 3, Witten-Bell" in run("train", tmp_path / "few.txt", "-o", tmp_path / "m").stderr
    (tmp_path / "text.txt").write_text(" ".join(CODES), "utf-8")
    said = run("train", tmp_path / "text.txt", "--text", "-o", tmp_path / "m").stderr
    assert said.startswith("Model: order ")
    assert " mix" not in said


@pytest.mark.parametrize("options", [["--model", "ngram"], ["--order", "3"], ["--memory", "1GB"]])
def test_best_goes_without_a_model(folder: Path, options: list[str]) -> None:
    result = run("train", folder / "codes.txt", "-o", folder / "none", "--best", *options, code=2)
    assert "--best chooses the model" in result.stderr


def test_weights_count_and_the_same_list_gives_the_same_model(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code,n\n" + "".join(f"{code},{i % 3 + 1}\n" for i, code in enumerate(codes(60))), "utf-8")
    data = TrainingFiles(sources=(str(path),), format=Format(column="code", weight="n"))
    once, again = (train(None, data, best=True) for _ in range(2))
    assert isinstance(once.choice, BestChoice)
    assert once.model.provenance.weight == 120  # 20 times 1 + 2 + 3
    assert once.model.metrics.chosen == again.model.metrics.chosen
    for name, array in once.model.arrays().items():
        np.testing.assert_array_equal(array, again.model.arrays()[name])


def test_ctrl_c_writes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nextchar._kernels.mix.gate.fit_steps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        MixAutomaton().fit(CODES)


def test_best_is_for_no_settings(folder: Path) -> None:
    data = TrainingFiles(sources=(str(folder / "codes.txt"),))
    with pytest.raises(SettingsError, match="best goes without settings"):
        train(Ngram(), data, best=True)
    with pytest.raises(BadValueError, match="best"):
        train(None, data, best="yes")  # type: ignore[arg-type]
