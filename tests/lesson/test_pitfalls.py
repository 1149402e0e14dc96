"""The pitfall lab: the data are whole, and every snippet does today what it is said to do."""

from __future__ import annotations

import json
import os
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nextchar.cli._output import CommandGroup
from nextchar.cli.pitfalls import pitfalls as command
from nextchar.errors import CorpusError, MissingExtraError
from nextchar.lesson.languages import LANGUAGES
from nextchar.lesson.pitfalls import Outcome, Pitfall, PitfallRun, Prose, load_pitfalls, run, run_snippet

LETTERS = string.ascii_lowercase
LAB = {pitfall.letter: pitfall for pitfall in load_pitfalls()}
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
FEW = ["emma", "ava", "mae"]


@pytest.fixture(scope="module")
def names() -> list[str]:
    """The 32,033 names of names.txt, on which the expected numbers rest."""
    pytest.importorskip("torch", reason="the pitfall lab runs torch")
    path = os.environ.get("NEXTCHAR_NAMES")
    if not path:
        pytest.skip("NEXTCHAR_NAMES names no file; set it to names.txt to check the numbers of the lesson")
    words = Path(path).read_text(encoding="utf-8").split()
    if len(words) != 32_033:
        pytest.skip(f"NEXTCHAR_NAMES is not the 32,033 names of the lesson, it holds {len(words):,}")
    return words


def first_number_after(label: str, text: str) -> list[float]:
    """The numbers of the first tensor(...) after a label."""
    found = re.search(re.escape(label) + r"\s*tensor\(\[([^]]*)\]", text)
    assert found, text
    return [float(number) for number in found[1].split(",")]


# The data.


def test_there_are_26_pitfalls_from_a_to_z() -> None:
    assert [pitfall.letter for pitfall in load_pitfalls()] == list(LETTERS)


@pytest.mark.parametrize("letter", LETTERS)
def test_every_text_is_there_in_both_languages(letter: str) -> None:
    pitfall = LAB[letter]
    proses = [pitfall.title, pitfall.why] + ([pitfall.today] if pitfall.today else [])
    for prose in proses:
        assert prose.en.strip()
        assert not CHINESE.search(prose.en)
        assert re.search(r"[\u4e00-\u9fff]", prose.zh)
        assert not re.search(r"[\u4e00-\u9fff] ?[,;:?!]", prose.zh), "Chinese text takes Chinese punctuation"
    assert pitfall.why.en.endswith(".")
    assert pitfall.why.zh.endswith("。")
    assert pitfall.why.zh.count("。") == 1


@pytest.mark.parametrize("letter", LETTERS)
def test_snippets_are_short_and_say_something(letter: str) -> None:
    pitfall = LAB[letter]
    for code in (pitfall.wrong, pitfall.right):
        lines = code.splitlines()
        assert 2 <= len(lines) <= 12
        assert max(map(len, lines)) <= 90
    assert pitfall.wrong != pitfall.right
    assert "print(" in pitfall.right
    assert pitfall.expect.wrong_shows
    assert pitfall.expect.right_shows


def test_only_four_differ_from_what_older_lessons_say() -> None:
    assert [letter for letter in LETTERS if LAB[letter].today] == ["i", "n", "r", "v"]


def test_prose_picks_the_language() -> None:
    prose = Prose(en="sum", zh="总和")
    assert [prose.text(language) for language in LANGUAGES] == ["sum", "总和"]


def test_importing_and_listing_load_neither_torch_nor_numpy() -> None:
    code = (
        "import sys; from nextchar.lesson.pitfalls import load_pitfalls; import nextchar.cli.pitfalls; "
        "load_pitfalls(); sys.exit(bool({'torch', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The runner.


def test_a_snippet_finds_what_it_is_promised() -> None:
    pytest.importorskip("torch")
    outcome = run_snippet("print(torch.__name__, F.__name__, words, N.shape, N.dtype)", FEW)
    assert outcome == Outcome(
        "torch torch.nn.functional ['emma', 'ava', 'mae'] torch.Size([27, 27]) torch.int32\n", None
    )


def test_n_counts_the_bigrams_of_the_words() -> None:
    pytest.importorskip("torch")
    # .e em mm ma a. / .a av va a. / .m ma ae e. are 13 pairs; ma (13, 1) and a. (1, 0) come twice.
    outcome = run_snippet("print(N.sum().item(), N[13, 1].item(), N[1, 0].item(), N[13, 13].item())", FEW)
    assert outcome.stdout == "13 2 2 1\n"


def test_a_snippet_cannot_spoil_the_next_one() -> None:
    pytest.importorskip("torch")
    words = list(FEW)
    assert run_snippet("words.clear(); N.zero_(); left_over = 1", words).error is None
    assert words == FEW
    assert run_snippet("print(len(words), N.sum().item()); left_over", words) == Outcome(
        "3 13\n", "NameError: name 'left_over' is not defined"
    )


def test_output_before_an_error_is_kept() -> None:
    pytest.importorskip("torch")
    assert run_snippet("print(1)\n{}['xy']", FEW) == Outcome("1\n", "KeyError: 'xy'")


@pytest.mark.parametrize("words", [[], ["Emma"], ["zoë"], ["emma", ""], ["a.b"]])
def test_words_must_be_names_of_a_to_z(words: list[str]) -> None:
    pytest.importorskip("torch")
    with pytest.raises(CorpusError):
        run_snippet("pass", words)


def test_without_torch_the_runner_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"the pitfall lab .*nextchar\[neural\]"):
        run(LAB["j"], FEW)


# What each pitfall does.


@pytest.fixture(scope="module")
def runs(names: list[str]) -> dict[str, PitfallRun]:
    return {pitfall.letter: run(pitfall, names) for pitfall in load_pitfalls()}


@pytest.mark.parametrize("letter", LETTERS)
def test_both_snippets_do_what_the_lesson_says(letter: str, runs: dict[str, PitfallRun]) -> None:
    done = runs[letter]
    expect = done.pitfall.expect
    raised = done.wrong.error.split(":")[0] if done.wrong.error else None
    assert raised == expect.wrong_raises
    for text in expect.wrong_shows:
        assert text in done.wrong.stdout + (done.wrong.error or "")
    assert done.right.error is None
    for text in expect.right_shows:
        assert text in done.right.stdout
    assert done.right.stdout != done.wrong.stdout or done.wrong.error


# The cases with numbers of their own; the expected values are worked out, not read off.


def test_e_float32_stops_counting_at_2_to_the_24(runs: dict[str, PitfallRun]) -> None:
    assert str(2**24) in runs["e"].wrong.stdout
    assert str(2**24 + 1) in runs["e"].right.stdout


def test_i_twenty_draws_from_three_outcomes(runs: dict[str, PitfallRun]) -> None:
    message = "RuntimeError: cannot sample n_sample > prob_dist.size(-1) samples without replacement"
    assert runs["i"].wrong.error == message
    draws = first_number_after("20 draws:", runs["i"].right.stdout)
    assert len(draws) == 20
    assert set(draws) <= {0, 1, 2}


def test_j_the_columns_sum_to_1_and_the_rows_do_not(runs: dict[str, PitfallRun]) -> None:
    wrong, right = runs["j"].wrong.stdout, runs["j"].right.stdout
    assert first_number_after("columns", wrong) == [1, 1, 1]
    assert first_number_after("rows", wrong) == [7.02, 4.41, 0.20]
    assert first_number_after("rows", right) == [1, 1, 1]


def test_j_holds_for_all_27_columns(names: list[str]) -> None:
    code = "print(((N / N.sum(1)).sum(0) - 1).abs().max().item() < 1e-6, torch.equal(N.sum(0), N.sum(1)))"
    assert run_snippet(code, names) == Outcome("True True\n", None)


def test_l_loss_of_andrejz(runs: dict[str, PitfallRun]) -> None:
    logs = first_number_after("", runs["l"].right.stdout)
    assert sum(logs) == pytest.approx(-28.2463, abs=5e-4)
    assert "loss: tensor(3.5308)" in runs["l"].right.stdout  # 28.2463 / 8


def test_n_int32_raises_and_int64_is_returned(runs: dict[str, PitfallRun]) -> None:
    assert runs["n"].wrong.stdout == "torch.int64\n"
    assert (runs["n"].wrong.error or "").startswith("RuntimeError: one_hot is only applicable to index tensor")


def test_n_one_hot_has_no_dtype_argument() -> None:
    pytest.importorskip("torch")
    error = run_snippet("F.one_hot(torch.tensor([0]), num_classes=27, dtype=torch.float32)", FEW).error
    assert error is not None
    assert error.startswith("TypeError")


def test_r_the_message_and_both_ways_out(runs: dict[str, PitfallRun]) -> None:
    message = "RuntimeError: a leaf Variable that requires grad is being used in an in-place operation."
    assert runs["r"].wrong.error == message
    through_data = runs["r"].pitfall.wrong.replace("W += ", "W.data += ")
    assert run_snippet(through_data, FEW) == runs["r"].right
    # 1, 2, 3 less a tenth of the gradient 2, 4, 6
    assert first_number_after("", runs["r"].right.stdout) == [0.8, 1.6, 2.4]


def test_t_both_ways_flatten_the_row(runs: dict[str, PitfallRun]) -> None:
    def spread(label: str) -> float:
        row = first_number_after(label, runs["t"].right.stdout)
        assert sum(row) == pytest.approx(1, abs=2e-4)
        assert min(row) > 0
        return max(row) - min(row)

    assert 6 / 8 > spread("added counts 1") > spread("added counts 100")
    assert 6 / 8 > spread("L2 strength 0.1") > spread("L2 strength 1")


def test_v_true_division_gives_float32(runs: dict[str, PitfallRun]) -> None:
    assert runs["v"].right.stdout.startswith("torch.float32 ")
    # 4,410 of 32,033 names begin with a
    assert first_number_after("torch.float32", runs["v"].right.stdout)[1] == round(4410 / 32033, 4)
    error = run_snippet("N /= N.sum()", FEW).error
    assert error is not None
    assert error.startswith("RuntimeError: result type Float can't be cast")


def test_x_228146_pairs(runs: dict[str, PitfallRun]) -> None:
    # 196,113 characters and one end a name; glued together, one pair fewer than there are characters
    assert str(196_113 + 32_033) == "228146"
    assert "[228146]" in runs["x"].right.stdout
    assert f"[{196_113 - 1}]" in runs["x"].wrong.stdout


def test_z_sum_and_mean_of_the_same_losses(runs: dict[str, PitfallRun]) -> None:
    total = int(runs["z"].wrong.stdout.split()[-1])
    assert total == pytest.approx(2.4540144884 * 228_146, abs=2)
    assert runs["z"].right.stdout.split()[-1] == "2.454"


# The command.


def invoke(*arguments: str, **environment: str | None) -> Result:
    return CliRunner().invoke(command, arguments, env={"NEXTCHAR_NAMES": None, **environment})


@pytest.fixture
def few(tmp_path: Path) -> str:
    path = tmp_path / "few.txt"
    path.write_text("Emma\nava\n\nZoë\nmae", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_needs_no_torch(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = invoke("--lang", language)
    assert result.exit_code == 0
    assert [line[:3] for line in result.stdout.splitlines()] == [f"{letter}  " for letter in LETTERS]
    assert bool(CHINESE.search(result.stdout)) == (language == "zh")


def test_the_list_as_json() -> None:
    titles = json.loads(invoke("--json").stdout)
    assert [entry["letter"] for entry in titles] == list(LETTERS)
    assert titles[9]["title"] == LAB["j"].title.en


def test_one_pitfall_shows_code_outcome_and_reason(few: str) -> None:
    pytest.importorskip("torch")
    result = invoke("c", "--names", few)
    assert result.exit_code == 0
    expected = [
        "3 names",
        "counts[pair] + 1",
        "KeyError: 'an'",
        "get(pair, 0)",
        "{'an': 2, 'na': 1}",
        "Why: ",
    ]
    places = [result.stdout.find(text) for text in expected]
    assert -1 not in places
    assert places == sorted(places)
    assert "1 of 4 lines" in result.stderr


def test_one_pitfall_in_chinese(few: str) -> None:
    pytest.importorskip("torch")
    result = invoke("R", "--lang", "zh", "--names", few)
    assert result.exit_code == 0
    today = LAB["r"].today
    assert today is not None
    for text in (LAB["r"].title.zh, "原因：" + LAB["r"].why.zh, "如今：" + today.zh):
        assert text in result.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_pitfall_as_json(language: str, few: str) -> None:
    torch = pytest.importorskip("torch")
    document = json.loads(invoke("q", "--json", "--lang", language, "--names", few).stdout)
    pitfall = LAB["q"]
    assert document["letter"] == "q"
    assert document["title"] == getattr(pitfall.title, language)
    assert document["why"] == getattr(pitfall.why, language)
    assert document["wrong"] == {
        "code": pitfall.wrong,
        "stdout": "tensor([2., 4., 6.])\ntensor([ 4.,  8., 12.])\ntensor([ 6., 12., 18.])\n",
        "error": None,
    }
    assert document["right"]["stdout"] == "tensor([2., 4., 6.])\n" * 3
    assert document["today"] is None
    assert document["torch"] == torch.__version__


def test_all_as_one_json_document(few: str) -> None:
    pytest.importorskip("torch")
    documents: list[dict[str, Any]] = json.loads(invoke("--all", "--json", NEXTCHAR_NAMES=few).stdout)
    assert [document["letter"] for document in documents] == list(LETTERS)
    assert documents[2]["wrong"]["error"] == "KeyError: 'an'"


def test_all_as_text(few: str) -> None:
    pytest.importorskip("torch")
    result = invoke("--all", "--names", few)
    assert result.exit_code == 0
    for pitfall in load_pitfalls():
        assert f"\n{pitfall.letter}  {pitfall.title.en}\n" in result.stdout


@pytest.mark.parametrize("letter", ["1", "jj", "ä", ""])
def test_an_unknown_letter_is_wrong_usage(letter: str) -> None:
    result = invoke(letter)
    assert result.exit_code == 2
    assert "a, b, c" in result.stderr


def test_a_letter_and_all_is_wrong_usage() -> None:
    assert invoke("j", "--all").exit_code == 2


def grouped(*arguments: str) -> Result:
    return CliRunner().invoke(CommandGroup(commands=[command]), ["pitfalls", *arguments])


def test_without_torch_one_line_and_exit_1(few: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = grouped("j", "--names", few)
    assert result.exit_code == 1
    last = result.stderr.splitlines()[-1]
    assert last == 'Error: the pitfall lab needs the extra "neural": pip install "nextchar[neural]"'


def test_a_file_without_names_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "digits.txt"
    empty.write_text("123\n", encoding="utf-8")
    for source in (empty, tmp_path / "missing.txt"):
        result = grouped("j", "--names", str(source))
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: {source}: ")


def test_a_pitfall_is_frozen() -> None:
    with pytest.raises(AttributeError):
        LAB["a"].letter = "b"  # type: ignore[misc]
    assert isinstance(LAB["a"], Pitfall)


def test_the_help_keeps_its_examples_on_their_lines() -> None:
    assert "\n    nextchar pitfalls j --lang zh\n" in invoke("--help").stdout
