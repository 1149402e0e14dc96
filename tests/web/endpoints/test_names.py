"""The workbench: lists, conditions, names; errors in the visitor's language; recipes that give the same names."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.web.conftest import Visitor

from nextchar.automata.conditional import given
from nextchar.cli import main
from nextchar.data.corpus import Corpus
from nextchar.data.splits import split
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import load
from nextchar.tasks.leaderboard import candidates, compare

CREATURES = Corpus.from_file("creatures")
OWN = ["anna", "bob", "otto", "hanna", "bella", "ella", "emma", "anna"]


def names(answer: Any) -> list[str]:
    return [name["text"] for name in answer["names"]]


def test_the_lists_that_ship(client: Visitor) -> None:
    lists = {entry["list"]: entry for entry in client.fetch("names/examples")["lists"]}
    assert list(lists) == ["us-names", "creatures", "cities", "chinese-given-names"]
    assert lists["creatures"]["names"] == 360
    assert lists["us-names"]["names"] == 29_610
    assert all(entry["origin"] for entry in lists.values())


def test_no_name_is_made_from_entries_that_are_none(client: Visitor) -> None:
    for stem in ("unkn", "infan", "babyb", "unnam"):
        wanted = {"list": "us-names", "starts": stem, "max_length": 9, "model": "5", "n": 20}
        assert not set(names(client.submit("names/write", **wanted))) & {"Unknown", "Infant", "Infantboy", "Babyboy"}


def test_a_list_of_ones_own(client: Visitor) -> None:
    found = client.submit("names/list", text="\r\n".join(OWN) + "\n\n")
    assert (found["lines"], found["names"], found["characters"], found["own"]) == (8, 7, 9, True)
    assert client.submit("names/list", text="\n".join(OWN))["list"] == found["list"]  # what is in it makes it the same
    assert client.submit("names/list", text="\n".join(OWN[1:]))["list"] != found["list"]
    assert client.fetch("names/list", list=found["list"])["names"] == 7
    assert names(client.submit("names/write", list=found["list"], starts="b", n=3, max_length=8))


def test_a_file_is_opened(client: Visitor) -> None:
    content = base64.b64encode("名字;n\n王芳;1\n李伟;2\n".encode("gb18030")).decode()
    found = client.submit("names/open", name="a.csv", content=content)
    assert (found["text"], found["names"], found["file"]["column"]) == ("王芳\n李伟\n", 2, 1)
    assert client.submit("names/list", text=found["text"])["list"] == found["list"]
    for name, bad in (("a.png", base64.b64encode(b"\x89PNG" + bytes(50)).decode()), ("a.txt", ""), ("b.txt", "?")):
        answer = client.post("/api/names/open", json={"name": name, "content": bad, "lang": "zh"})
        assert answer.status_code == 422
        assert name in answer.json()["error"]["message"]


def test_names_meet_the_conditions_and_the_odds_are_exact(client: Visitor) -> None:
    wanted = {"list": "creatures", "starts": "s", "ends": "l", "min_length": 5, "max_length": 9, "new": True}
    found = names(client.submit("names/write", **wanted, n=30))
    assert len(found) == 30
    assert all(name[0] == "S" and name[-1] == "l" and 5 <= len(name) <= 9 for name in found)
    assert not set(found) & set(CREATURES)
    model = Ngram(order=4, smoothing="modified-kneser-ney").fit(CREATURES)
    patterns = ["[Ss].*", ".*l", "[A-Z].*", ".[a-z]*"]  # creatures are written with one capital
    expected = given(model, new=True, data=CREATURES, match=patterns, min_length=5, max_length=9).probability
    assert client.submit("names/write", **wanted)["one_in"] == pytest.approx(1 / expected, rel=1e-9)


def test_more_of_the_same_and_the_same_again(client: Visitor) -> None:
    few = names(client.submit("names/write", list="cities", n=5, seed=7))
    more = names(client.submit("names/write", list="cities", n=12, seed=7))
    assert more[:5] == few
    assert names(client.submit("names/write", list="cities", n=5, seed=8)) != few


def test_names_are_far_from_the_list(client: Visitor) -> None:
    answer = client.submit("names/write", list="creatures", min_distance=4, n=10)
    assert all(name["edits"] >= 4 for name in answer["names"])
    assert 0 < answer["far_share"] < 1


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        ({"starts": "ü"}, "not-in-list", "starts"),
        ({"ends": "7"}, "not-in-list", "ends"),
        ({"pattern": "/(a/"}, "bad-pattern", "pattern"),
        ({"pattern": "/(?=a)b/"}, "bad-pattern", "pattern"),
        ({"min_length": 5, "max_length": 3}, "lengths", None),
        ({"starts": "q", "contains": "zz", "max_length": 2}, "no-name", None),
        ({"list": "cities", "min_distance": 5, "max_length": 2}, "none-far", None),
    ],
)
def test_what_cannot_be_is_said_in_the_visitors_language(
    client: Visitor, wanted: dict[str, Any], code: str, field: str | None
) -> None:
    for language in ("en", "zh"):
        answer = client.post("/api/names/write", json={"list": "creatures", "lang": language, **wanted})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error.get("field")) == (422, code, field)
        assert any("\u4e00" <= character <= "\u9fff" for character in error["message"]) == (language == "zh")


@pytest.mark.parametrize("path", ["write", "fill", "why", "learn", "score"])
def test_a_list_that_is_gone_is_said_to_be(client: Visitor, path: str) -> None:
    answer = client.post(f"/api/names/{path}", json={"list": "own-0123456789abcdef", "text": "a", "locked": "0"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "list-gone")


def test_letters_that_stay(client: Visitor) -> None:
    answer = client.submit("names/fill", list="creatures", text="Flarnip", locked="1100011")
    found = names(answer)
    assert all(len(name) == 7 and name.startswith("Fl") and name.endswith("ip") for name in found)
    assert "Flarnip" not in found
    assert [name["nats"] for name in answer["names"]] == sorted(name["nats"] for name in answer["names"])
    refused = client.post("/api/names/fill", json={"list": "creatures", "text": "Flarnip", "locked": "11"})
    assert refused.status_code == 422


def test_why_a_name(client: Visitor) -> None:
    answer = client.submit("names/why", list="creatures", text="Flarnip", model="1")
    expected = Ngram(order=2, smoothing="kneser-ney").fit(CREATURES).surprisal("Flarnip")
    assert [(step["symbol"], step["nats"]) for step in answer["steps"]] == [
        (symbol, pytest.approx(nats)) for symbol, nats in expected
    ]
    assert answer["nats"] == pytest.approx(sum(nats for _, nats in expected))


def trained(client: Visitor, **body: Any) -> list[tuple[str, Any]]:
    """The events of a training: name and document."""
    events: list[tuple[str, Any]] = []
    with client.stream("POST", "/api/names/train", json=body) as answer:
        assert answer.status_code == 200, answer.read()
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
    return events


def test_the_best_model_is_found_and_used(client: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    early = client.post("/api/names/write", json={"list": "chinese-given-names", "model": "best"})
    assert (early.status_code, early.json()["error"]["code"]) == (409, "not-trained")
    events = trained(client, list="chinese-given-names", model="best")
    rows = [document["nats_per_symbol"] for name, document in events if name == "row"]
    shares = [document["share"] for name, document in events if name == "progress"]
    assert len(rows) > 5
    assert shares == sorted(shares)
    assert events[-1][0] == "done"
    best = min(compare(candidates(models=["ngram"]), split(Corpus.from_file("chinese-given-names"), "distinct")),
               key=lambda entry: entry.nats_per_symbol)  # fmt: skip
    assert min(rows) == pytest.approx(best.nats_per_symbol)
    assert events[-1][1]["text"] == best.settings
    same_as_page(client.submit("names/write", list="chinese-given-names", model="best", n=5, max_length=2, new=True))


def test_a_list_too_short_to_compare_on(client: Visitor) -> None:
    own = client.submit("names/list", text="\n".join(OWN))["list"]
    answer = client.post("/api/names/train", json={"list": own, "model": "best", "lang": "zh"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "too-few-names")
    assert "滑块" in answer.json()["error"]["message"]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mix", "gru"])
def test_a_model_is_trained_with_progress(client: Visitor, model: str) -> None:
    events = trained(client, list="creatures", model=model, seconds=10)
    assert events[-1][0] == "done"
    assert any(name == "progress" for name, _ in events)
    answer = client.submit("names/write", list="creatures", model=model, starts="f", new=True, n=6)
    assert len(answer["names"]) == 6
    assert all(name["text"].startswith("F") and not name["known"] for name in answer["names"])
    assert not answer["exact"]
    refused = client.post("/api/names/file", json={"list": "creatures", "model": model, "what": "page"})
    assert refused.json()["error"]["code"] == "no-export"


def test_files_to_take_away(client: Visitor, tmp_path: Path) -> None:
    def taken(what: str, **more: str) -> bytes:
        answer = client.post("/api/names/file", json={"list": "creatures", "what": what, **more})
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        return answer.content

    assert taken("list").decode().splitlines() == list(CREATURES)
    path = tmp_path / "m.safetensors"
    path.write_bytes(taken("model", model="2"))
    assert load(path).sample(5, seed=1) == Ngram(order=3, smoothing="kneser-ney").fit(CREATURES).sample(5, seed=1)
    assert taken("page").startswith(b"<!doctype html>")
    assert b"export" in taken("module")


def test_a_pasted_list_is_scored(client: Visitor) -> None:
    pasted = ["Flarnip", "Drakowl", "xqzv", "Flarnip", "", "naïve", "Zzzzzzz"]
    answer = client.submit("names/score", list="creatures", text="\r\n".join(pasted))
    found = answer["names"]
    assert {name["text"]: name["unknown"] for name in found if name["unknown"]} == {"naïve": "ï"}
    model = Ngram(order=4, smoothing="modified-kneser-ney").fit(CREATURES)
    known = [name for name in found if name["unknown"] is None]
    assert {name["text"]: name["nats_per_symbol"] for name in known} == {
        score.item: pytest.approx(score.nats_per_symbol) for score in model.score([name["text"] for name in known])
    }
    costs = [name["nats_per_symbol"] for name in known]
    assert costs == sorted(costs, reverse=True)
    odd = {name["text"] for name in found if name["odd"]}
    assert {"naïve", "xqzv"} <= odd
    assert not {"Flarnip", "Drakowl"} & odd
    assert answer["odd"] == len(odd)


def test_the_lesson_takes_the_list(client: Visitor) -> None:
    client.submit("names/learn", list="cities")
    assert client.fetch("data")["items"] == 658


RECIPES = [
    {"list": "creatures", "starts": "f", "pronounceable": True, "new": True, "min_distance": 2, "n": 8},
    {"list": "cities", "contains": "'", "model": "5", "n": 5},
    {"list": "chinese-given-names", "ends": "华", "max_length": 2, "new": True, "model": "2", "n": 6},
    {"list": "own", "pattern": "_a*", "max_length": 9, "n": 6},
]


@pytest.mark.parametrize("wanted", RECIPES, ids=lambda wanted: wanted["list"])
def test_the_command_and_the_python_lines_write_the_same_names(
    client: Visitor, wanted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if wanted["list"] == "own":
        Path("my-names.txt").write_text("\n".join(OWN) + "\n", encoding="utf-8")
        wanted = {**wanted, "list": client.submit("names/list", text="\n".join(OWN))["list"]}
    answer = client.submit("names/write", **wanted, seed=3)
    assert names(answer)
    same_as_page(answer)


def same_as_page(answer: Any, without: str = "") -> None:
    """Runs the command and the lines of Python of an answer; the names are those of the answer."""
    expected = names(answer)
    printed = ""
    for line in answer["recipe"]["command"].splitlines():
        program, *arguments = shlex.split(line)
        assert program == "nextchar"
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        printed = result.stdout
    lines = printed.splitlines()
    if lines[0].startswith("probability"):  # a table, whose last column has the names
        lines = [line.split()[-1] for line in lines[1:]]
    assert [line for line in lines if line != without] == expected
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(answer["recipe"]["python"], "recipe", "exec"), {})
    assert [line for line in out.getvalue().splitlines() if line != without] == expected


def test_the_lines_for_names_like_one_give_the_same(
    client: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = client.submit("names/fill", list="creatures", text="Mistowl", locked="0001111")
    same_as_page(answer, without="Mistowl")


def ran(recipe: dict[str, str]) -> tuple[str, str]:
    """What the last command of a recipe prints, and what its lines of Python print."""
    printed = ""
    for line in recipe["command"].splitlines():
        program, *arguments = shlex.split(line)
        assert program == "nextchar"
        result = CliRunner().invoke(main, [*arguments, *(["--json"] if arguments[0] in ("score", "compare") else [])])
        assert result.exit_code == 0, result.output
        printed = result.stdout
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(recipe["python"], "recipe", "exec"), {})
    return printed, out.getvalue()


@pytest.mark.parametrize("own", [False, True], ids=["example", "own"])
def test_the_lines_for_scoring_give_the_same(
    client: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "creatures"
    if own:
        name = client.submit("names/list", text="\n".join(OWN))["list"]
        Path("my-names.txt").write_text("\n".join(OWN) + "\n", encoding="utf-8")
    pasted = (
        ["bella", "anna", "", "na\u00efve", "otto", "abba"] if own else ["Flarnip", "xqzv", "", "na\u00efve", "Drakowl"]
    )
    Path("to-score.txt").write_text("\n".join(pasted) + "\n", encoding="utf-8")
    answer = client.submit("names/score", list=name, text="\n".join(pasted), model="2")
    wanted = [(one["text"], one["nats_per_symbol"]) for one in answer["names"] if one["unknown"] is None]
    printed, lines = ran(answer["recipe"])
    rows = [json.loads(line) for line in printed.splitlines()]
    assert [(row["item"], pytest.approx(row["nats_per_symbol"])) for row in rows] == wanted
    parts = [line.split() for line in lines.splitlines()]
    assert [(item, pytest.approx(float(nats))) for nats, item in parts] == wanted


@pytest.mark.slow
def test_the_lines_for_comparing_give_the_same(
    client: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "".join(f"{name}\n" for name in list(CREATURES)[::6])
    Path("my-names.txt").write_text(text, encoding="utf-8")
    events = trained(client, list=client.submit("names/list", text=text)["list"], model="best")
    wanted = sorted(document["nats_per_symbol"] for name, document in events if name == "row")
    printed, lines = ran(events[-1][1]["recipe"])
    rows = json.loads(printed)["results"]
    assert sorted(row["nats_per_symbol"] for row in rows) == pytest.approx(wanted)
    told = [float(part.split()[0]) for part in lines.split(", ") if part.endswith("nats/symbol")]
    assert told == pytest.approx(wanted, abs=5e-5)  # in order, as far as they are shown
