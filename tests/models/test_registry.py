"""The one table of models: a toy model comes in by one row, and what the rows say is true of the classes."""

from __future__ import annotations

import importlib
import json
import math
import re
import subprocess
import sys
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.cli import main
from nextchar.core.model_file import write_model_file
from nextchar.core.settings import settings_of
from nextchar.core.spec import Spec
from nextchar.data.corpus import Corpus
from nextchar.errors import ModelFileError, NotAModelError, SettingsError
from nextchar.models import registry
from nextchar.models.ngram.count_settings import CountSpec
from nextchar.models.registry import MODELS, Kind, spec_of, trained
from nextchar.tasks import train as training
from nextchar.tasks.leaderboard import candidates
from nextchar.tasks.train import TrainingFiles

ITEMS = ["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "zoe", "max", "leo", "lea", "mila"]


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("\n".join(ITEMS) + "\n", "utf-8")
    return path


# -- a model in one file, and one row ---------------------------------------------------------------------------------


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The row, and nothing else."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    row = Kind(
        name="toy",
        description="All characters alike.",
        settings="toy_model:Toy",
        load="toy_model:ToyModel.from_saved",
        candidates=({}, {"end": 0.5}),
    )
    monkeypatch.setitem(MODELS, "toy", row)
    return importlib.import_module("toy_model")


def nats_per_symbol(end: float) -> float:
    """Of ITEMS: every end costs -ln end, every character -ln((1 - end) / V), V different ones."""
    characters, V = sum(map(len, ITEMS)), len(set("".join(ITEMS)))
    nats = -len(ITEMS) * math.log(end) - characters * math.log((1 - end) / V)
    return nats / (characters + len(ITEMS))


def test_the_toy_trains_samples_scores_saves_and_loads_from_python(toy: Any, names: Path, tmp_path: Path) -> None:
    trained_ = training.train(spec_of("toy", {"end": 0.5}), TrainingFiles(sources=(str(names),)), division="none")
    model = trained_.model
    assert model.metrics.losses["train"].nats_per_symbol == pytest.approx(nats_per_symbol(0.5))
    model.save(tmp_path / "m.safetensors")
    again = nextchar.load(tmp_path / "m.safetensors")
    assert isinstance(again, toy.ToyModel)
    assert again.settings == toy.Toy(end=0.5)
    assert again.sample(5, seed=1) == model.sample(5, seed=1)
    V = len(set("".join(ITEMS)))
    assert again.score(["ava"])[0].nats == pytest.approx(-math.log(0.5) - 3 * math.log(0.5 / V))


@pytest.mark.usefixtures("toy")
def test_the_toy_on_the_command_line(names: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    got = json.loads(
        run("train", names, "-o", out, "--model", "toy", "--end", 0.5, "--set", "mood=merry", "--json").stdout
    )
    assert (got["model"], got["settings"]) == ("toy", {"end": 0.5, "mood": "merry", "seed": 0})
    assert got["splits"]["train"]["nats_per_symbol"] == pytest.approx(nats_per_symbol(0.5))
    assert len(run("sample", out, "-n", 7, "--seed", 1).stdout.splitlines()) == 7
    assert json.loads(run("evaluate", out, names, "--json").stdout)["nats_per_symbol"] == pytest.approx(
        nats_per_symbol(0.5)
    )
    information = json.loads(run("info", out, "--json").stdout)
    assert (information["model"], information["settings"]["mood"]) == ("toy", "merry")
    assert "toy" in run("info", out).stdout


@pytest.mark.usefixtures("toy")
def test_the_toy_in_help_and_in_messages(names: Path, tmp_path: Path) -> None:
    assert re.search(r"^ *toy +All characters alike\.$", run("train", "--help").stdout, re.MULTILINE)
    text = " ".join(run("train", "--model", "toy", "--help").stdout.split())
    assert "--end P" in text
    assert "Share of the end. [default: 0.25; above 0 and below 1]" in text
    assert "--set mood=[calm|merry]" in text
    assert "'toy'" in run("train", names, "-o", tmp_path / "m", "--model", "trigram", code=2).stderr
    refused = run("train", names, "-o", tmp_path / "m", "--model", "ngram", "--end", 0.5, code=2)
    assert "--end does not go with --model ngram" in refused.stderr
    refused = run("train", names, "-o", tmp_path / "m", "--model", "toy", "--end", 2, code=2)
    assert "end is a number above 0 and below 1, not 2" in refused.stderr
    with pytest.raises(SettingsError, match=r"choose one of .*toy"):
        spec_of("trigram")


@pytest.mark.usefixtures("toy")
def test_the_toy_is_compared(names: Path) -> None:
    results = json.loads(run("compare", names, "--models", "toy", "--json").stdout)["results"]
    assert sorted(result["settings"] for result in results) == ["end 0.25, calm", "end 0.5, calm"]
    assert {candidate.kind for candidate in candidates()} == {"ngram", "toy"}


@pytest.mark.usefixtures("toy")
def test_the_page_lists_the_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    httpx = pytest.importorskip("httpx")
    anyio = pytest.importorskip("anyio")
    from nextchar.web.server import create_app

    monkeypatch.setitem(MODELS, "ngram", replace(MODELS["ngram"], candidates=({"order": 2},)))  # the others take long
    app = create_app()

    async def answer() -> Any:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client,
        ):
            return (await client.get("/api/models")).json()

    shown = anyio.run(answer)
    assert {entry["model"] for entry in shown["models"]} == {"ngram", "toy"}


# -- what the rows say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", MODELS.values(), ids=lambda row: row.name)
def test_a_row_is_true_of_its_classes(row: Kind) -> None:
    assert row.load or row.settings or row.origin
    assert bool(row.settings) != bool(row.origin), "trained here, or from somewhere"
    if row.load:
        assert callable(registry._resolved(row.load))
        owner = registry._resolved(row.load.rpartition(".")[0])
        if row.settings and not row.run:
            assert owner.kind == row.name
            assert issubclass(owner, AutomatonModel) == row.automaton
    if row.settings:
        spec = spec_of(row)
        assert (isinstance(spec, CountSpec) and spec.counts_suffice) == row.counts_suffice
        names = [entry.name for entry in row.offered()]
        assert not row.timed or "seconds" in names  # others may take a time without needing one
        assert set(row.fixed) | set(row.offers) <= {entry.name for entry in settings_of(type(spec))}
        assert not set(row.fixed) & set(names)
        assert all(entry.help for entry in row.offered()), "every setting has help"
        assert row.presets == tuple(getattr(type(spec), "presets", ()))
        for settings in row.candidates:
            spec_of(row, settings)


@pytest.mark.parametrize("row", trained(), ids=lambda row: row.name)
def test_the_same_defaults_from_python_and_from_the_command_line(
    row: Kind, names: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `train --model X` hands on, with no other option, is what the class makes of no arguments."""
    if row.extra == "neural":
        pytest.importorskip("torch")

    class SeenError(Exception):
        pass

    def seen(spec: Spec, *_: object, **__: object) -> None:
        raise SeenError(getattr(spec, "spec", spec))

    monkeypatch.setattr(training, "train", seen)
    result = CliRunner().invoke(main, ["train", str(names), "-o", str(tmp_path / "m"), "--model", row.name])
    assert isinstance(result.exception, SeenError), result.output
    assert result.exception.args[0] == row.settings_class(**row.fixed)


@pytest.mark.parametrize(
    ("settings", "order"),
    [
        ({}, 4),
        ({"smoothing": "witten-bell"}, 6),
        ({"smoothing": "modified-kneser-ney"}, 6),
        ({"smoothing": "pitman-yor"}, 8),
        ({"smoothing": "pitman-yor", "order": 3}, 3),
    ],
)
def test_the_order_follows_the_smoothing(settings: dict[str, Any], order: int, names: Path, tmp_path: Path) -> None:
    assert asdict(nextchar.Ngram(**settings))["order"] == order
    options = [text for name, value in settings.items() for text in (f"--{name}", value)]
    got = json.loads(run("train", names, "-o", tmp_path / "m", "--model", "ngram", *options, "--json").stdout)
    assert got["settings"]["order"] == order


def test_a_special_case_keeps_what_it_has_decided() -> None:
    assert spec_of("bigram", {"add": 1.0}) == nextchar.Ngram(order=2, smoothing="add", add=1.0)
    with pytest.raises(
        SettingsError, match="the model bigram has no setting 'order'; the settings of bigram are add, tune"
    ):
        spec_of("bigram", {"order": 3})


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("trigram", {}, "there is no model 'trigram'; choose one of bigram, ngram"),
        ("classifier", {}, "there is no model 'classifier'"),
        ("ensemble", {}, "a model of kind ensemble is not trained; it is made of models"),
        ("automaton", {}, "a model of kind automaton is not trained; it is made from other models"),
        ("ngram", {"settings": {"depth": 3}}, "has no setting 'depth'; the settings of ngram are order, smoothing"),
        ("ngram", {"assignments": ["order"]}, "'order' is not NAME=VALUE"),
        ("ngram", {"assignments": ["order=3", "order=4"]}, "order is set twice, to '3' and to '4'"),
        ("ngram", {"assignments": ["add=much"]}, "add is a number, not 'much'"),
        ("ngram", {"assignments": ["tune=always"]}, "there is no tune 'always'; choose one of none, held-out"),
        ("ngram", {"preset": "large"}, "the model ngram has no presets"),
    ],
)
def test_settings_that_cannot_be(kind: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        spec_of(kind, **arguments)


def test_a_classifier_is_no_model_and_the_command_line_says_what_to_do(tmp_path: Path) -> None:
    from nextchar.tasks.classifier import Classifier

    path = tmp_path / "c.safetensors"
    Classifier(folds=2).fit(["emma", "leo", "ava", "max"], ["f", "m", "f", "m"]).save(path)
    with pytest.raises(NotAModelError, match="is a classifier") as caught:
        nextchar.load(path)
    assert "nextchar classify" not in str(caught.value)
    assert "nextchar classify MODEL FILE" in run("sample", path, code=1).stderr


# -- without torch ---------------------------------------------------------------------------------------------------


def test_settings_of_nets_without_torch() -> None:
    """They are made, shown and refused; training says which extra is missing. And the table loads nothing heavy."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from nextchar.models.registry import MODELS, nets, spec_of, trained\n"
        "assert 'numpy' not in sys.modules\n"
        "from nextchar.errors import NextcharError\n"
        "import nextchar\n"
        "for kind in nets():\n"
        "    spec = spec_of(kind, preset='small')\n"
        "    print(kind, spec.summary)\n"
        "    for attempt in (lambda: spec_of(kind, {'width': 0}),\n"
        "                    lambda: spec.fit(nextchar.Corpus.from_items(['emma']))):\n"
        "        try: attempt()\n"
        "        except NextcharError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3 * len(registry.nets())
    assert lines[1::3] == ["width is a whole number of at least 1, not 0"] * len(registry.nets())
    assert all(line.endswith('needs the extra "neural": pip install "nextchar[neural]"') for line in lines[2::3])


def test_no_default_is_left_out() -> None:
    for row in trained():
        assert all(entry.default is not MISSING for entry in fields(type(spec_of(row))))  # type: ignore[arg-type]


def test_a_corpus_of_one_item_can_be_learned_by_every_row_of_counts() -> None:
    corpus = Corpus.from_items(["emma"])
    for row in trained():
        if row.counts_suffice and row.extra is None:
            assert spec_of(row).fit(corpus).alphabet.size == 4  # e, m, a and the boundary


def test_known_items_that_are_not_in_order_are_refused(tmp_path: Path) -> None:
    """They are searched in their order; a file in which they are not would call known items new."""
    model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava", "mia"]))
    content, path = model.content(), tmp_path / "m.safetensors"
    turned = content.arrays["known_items"][::-1].copy()
    write_model_file(path, replace(content, arrays={**content.arrays, "known_items": turned}))
    with pytest.raises(ModelFileError, match="known items are not in order"):
        nextchar.load(path)
