"""The same conditions and seed give the same items, from Python and from the command line, whatever the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main
from nextchar.core.model import Model
from nextchar.data.corpus import Corpus
from nextchar.errors import ConflictError
from nextchar.models.mix.model import Mix
from nextchar.models.ngram.arpa import read_arpa, write_arpa
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of

ITEMS = ["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "zoe", "ella", "mae", "maeve", "lea"]
TAKEN = ["ma", "lia", "vella", "mela"]
CORPUS = Corpus.from_items(ITEMS)


def imported(folder: Path) -> Model:
    write_arpa(Ngram(order=3, smoothing="kneser-ney").fit(CORPUS), f"{folder}/m.arpa")
    return read_arpa(f"{folder}/m.arpa")


def mlp(folder: Path) -> Model:
    return spec_of("mlp", {"context": 3, "embedding": 8, "width": 16, "layers": 1, "steps": 40, "batch": 32}).fit(
        CORPUS
    )


MODELS: dict[str, Callable[[Path], Model]] = {
    "ngram": lambda folder: Ngram(order=3, add=0.1).fit(CORPUS),
    "backoff": imported,
    "automaton": lambda folder: nextchar.interpolate(Ngram(order=2).fit(CORPUS), Ngram(order=4).fit(CORPUS), 0.3),
    "mix": lambda folder: Mix(epochs=2).fit(CORPUS),
}
if find_spec("torch"):
    MODELS |= {
        "bigram-net": lambda folder: nextchar.BigramNet().fit(CORPUS),
        "mlp": mlp,
        "ensemble": lambda folder: nextchar.combine([Ngram(order=2).fit(CORPUS), mlp(folder)], CORPUS),
    }


@dataclass(frozen=True)
class Ask:
    """What is asked for: in Python's words and the command's; files stand for the items in them."""

    python: dict[str, Any]
    command: str
    files: dict[str, list[str]] = field(default_factory=dict)


ASKED = [
    Ask({}, ""),
    Ask({"temperature": 0.6}, "--temperature 0.6"),
    Ask({"top_k": 3, "min_length": 2}, "--top-k 3 --min-length 2"),
    Ask({"top_p": 0.8, "prefix": "m"}, "--top-p 0.8 --prefix m"),
    Ask({"prefix": "ma", "distinct": True}, "--prefix ma --distinct"),
    Ask({"min_length": 0}, "--min-length 0"),
    Ask({"max_length": 4}, "--max-length 4"),
    Ask({"min_length": 3, "max_length": 5, "temperature": 0.8}, "--min-length 3 --max-length 5 --temperature 0.8"),
    Ask({"match": "[aemv]+"}, "--match [aemv]+"),
    Ask({"match": ["m.*", ".*a"], "max_length": 6}, "--match m.* --match .*a --max-length 6"),
    Ask({"suffix": "a", "top_k": 9}, "--suffix a --top-k 9"),
    Ask({"contains": ["a", "l"], "allowed": "aelm"}, "--contains a --contains l --allowed aelm"),
    Ask({"not_in": TAKEN, "min_length": 0}, "--not-in taken --min-length 0", {"taken": TAKEN}),
    Ask({"new": True}, "--new"),
    Ask({"new": True, "distinct": True, "max_length": 6}, "--new --distinct --max-length 6"),
    Ask({"new": True, "data": CORPUS, "suffix": "a"}, "--new --data data --suffix a", {"data": ITEMS}),
    Ask({"stream": "torch1"}, "--stream torch1"),
    Ask({"stream": "torch1", "prefix": "e", "max_length": 4}, "--stream torch1 --prefix e --max-length 4"),
    Ask({"stream": "torch2"}, "--stream torch2"),
    Ask({"stream": "torch2", "prefix": "e", "max_length": 4}, "--stream torch2 --prefix e --max-length 4"),
    Ask({"stream": "torch1", "new": True, "min_length": 2}, "--stream torch1 --new --min-length 2"),
]


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path]:
    folder = tmp_path_factory.mktemp("models")
    made = MODELS[request.param](folder)
    made.save(folder / "m")
    return made, folder / "m"


def command(path: Path, options: str, *more: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["sample", str(path), "--seed", "3", *options.split(), *map(str, more)])
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: ask.command or "nothing")
def test_the_same_items(model: tuple[Model, Path], ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, path = model
    if ask.python.get("new") and made.provenance.known is None and "data" not in ask.python:
        with pytest.raises(nextchar.NextcharError, match="has not kept its training items"):
            made.sample(12, seed=3, **ask.python)
        assert "give the training data (--data)" in command(path, ask.command, "-n", 12, code=1).stderr
        return
    monkeypatch.chdir(tmp_path)
    for name, items in ask.files.items():
        Path(name).write_text("\n".join(items) + "\n", encoding="utf-8")
    items = made.sample(12, seed=3, **ask.python)
    assert len(items) == 12
    assert command(path, ask.command, "-n", 12).stdout.split("\n")[:-1] == items


def test_the_same_items_with_a_guide(model: tuple[Model, Path], tmp_path: Path) -> None:
    made, path = model
    guide = Ngram(order=2).fit(CORPUS)
    guide.save(tmp_path / "counts")
    items = made.sample(12, seed=3, suffix="a", look_ahead=guide)
    assert command(path, "--suffix a -n 12 --look-ahead", tmp_path / "counts").stdout.split() == items
    assert all(item.endswith("a") for item in items)


@pytest.mark.parametrize("asked", [{"suffix": "a"}, {"match": "a+"}, {"allowed": "a"}, {"not_in": ["ava"]}])
@pytest.mark.parametrize("stream", ["torch1", "torch2"])
def test_the_streams_of_torch_take_a_prefix_and_lengths_alone(
    model: tuple[Model, Path], asked: dict[str, Any], stream: Any, tmp_path: Path
) -> None:
    """Its draws go symbol by symbol; before, models that are no automata gave items that did not meet the condition."""
    made, path = model
    with pytest.raises(ConflictError, match=f"the stream {stream} goes symbol by symbol"):
        made.sample(3, seed=1, stream=stream, **asked)
    (name, value), *_ = asked.items()
    if name == "not_in":
        (tmp_path / "taken").write_text("ava\n", encoding="utf-8")
        value = tmp_path / "taken"
    option = f"--{name.replace('_', '-')}"
    assert f"the stream {stream}" in command(path, f"--stream {stream}", option, value, code=2).stderr


def test_training_data_goes_with_new_items(model: tuple[Model, Path], tmp_path: Path) -> None:
    made, path = model
    (tmp_path / "data").write_text("\n".join(ITEMS), encoding="utf-8")
    with pytest.raises(ConflictError, match="new items alone"):
        made.sample(3, data=CORPUS)
    assert "--new" in command(path, "", "--data", tmp_path / "data", code=2).stderr
