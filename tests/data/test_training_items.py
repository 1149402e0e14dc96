"""The training items come back from a named data set as the model was trained on it, whatever the options."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_path
from nextchar.data.format import Format
from nextchar.data.provenance import Provenance
from nextchar.data.text_options import TextOptions
from nextchar.data.training_items import known_file

ROWS = list(csv.DictReader(shipped_path().read_text(encoding="utf-8").splitlines()))
LINES = shipped_path().read_text(encoding="utf-8").splitlines()


@pytest.mark.filterwarnings("ignore:.*in the header:nextchar.errors.InputWarning")
@pytest.mark.parametrize(
    ("how", "options", "items"),
    [
        ({}, TextOptions(), LINES),  # the file by its path, line by line
        ({"column": "name"}, TextOptions(), [row["name"] for row in ROWS]),
        ({"column": "name", "weight": "births"}, TextOptions(lower=True), [row["name"].lower() for row in ROWS]),
        ({"column": "3"}, TextOptions(), [row["births"] for row in ROWS]),
        ({"column": "births", "delimiter": ","}, TextOptions(), [row["births"] for row in ROWS]),
        ({"column": "1", "header": False, "encoding": "cp1252"}, TextOptions(), ["name", *(r["name"] for r in ROWS)]),
    ],
)
def test_the_shipped_file_is_read_as_in_training(how: dict[str, Any], options: TextOptions, items: list[str]) -> None:
    seen = Provenance.of(Corpus.read([shipped_path()], Format(**how), options=options))
    found = known_file(seen)
    assert found is not None
    assert list(found) == items


def test_by_its_name_it_is_the_column_of_the_names() -> None:
    found = known_file(Provenance.of(Corpus.from_file("names-2018", options=TextOptions(lower=True))))
    assert found is not None
    assert list(found) == [row["name"].lower() for row in ROWS]


def test_other_data_is_not_known() -> None:
    assert known_file(Provenance.of(Corpus.from_items(["emma"]))) is None


def test_new_items_of_a_model_of_another_column(tmp_path: Path) -> None:
    def run(*arguments: object) -> str:
        result = CliRunner().invoke(main, [str(one) for one in arguments])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    run("train", "names-2018", "--column", "births", "-o", tmp_path / "m", "--order", 2)
    whole = json.loads(run("prob", tmp_path / "m", "--json"))["probability"]
    new = json.loads(run("prob", tmp_path / "m", "--new", "--json"))["probability"]
    model = nextchar.load(tmp_path / "m")
    distinct = sorted({row["births"] for row in ROWS})
    known = float(sum(2.718281828459045**-nats for nats in model.nats(distinct).tolist()))
    assert new == pytest.approx(whole - known, rel=1e-6)
    again = json.loads(run("prob", tmp_path / "m", "--new", "--data", "names-2018", "--json"))["probability"]
    assert again == pytest.approx(new, rel=1e-9)
