"""What `score` and `classify` print can be joined to what came in: one line of output for each line of input."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main
from nextchar.tasks.outliers import find_threshold

WORDS = ["gehen", "sehen", "stehen", "ziehen", "going", "seeing", "standing", "drawing"]
# name -> what came in: bytes, options beyond the command's, and its lines as (number, text, whether it is an item)
INPUTS: dict[str, tuple[bytes, tuple[str, ...], list[tuple[int, str, bool]]]] = {
    "blank lines": (b"gehen\n\n  \nsehen\n\n", (), [(1, "gehen", True), (2, "", False), (3, "  ", False), (4, "sehen", True), (5, "", False)]),  # noqa: E501
    "no line end at the end": (b"gehen\r\nsehen", (), [(1, "gehen", True), (2, "sehen", True)]),
    "what the options change": (b"  gehen \n\tsehen\n", (), [(1, "  gehen ", True), (2, "\tsehen", True)]),
    "unknown characters": ("gehen\nжx\n".encode(), ("--errors", "skip"), [(1, "gehen", True), (2, "жx", False)]),
    "not UTF-8": (b"gehen\ng\xe9h\nsehen\n", ("--errors", "skip"), [(1, "gehen", True), (2, "g\udce9h", False), (3, "sehen", True)]),  # noqa: E501
    "rows of a table": (b"n;name\n1;gehen\n2;\n3; sehen\n", ("--column", "name"), [(2, "gehen", True), (3, "", False), (4, " sehen", True)]),  # noqa: E501
    "signs that have to be escaped": (b'ge"h\\en\ta\x01\n', ("--errors", "skip"), [(1, 'ge"h\\en\ta\x01', False)]),
    "line ends and NUL in a table": (b'n,name\n1,"ge\nhen"\n2,ge\0n\n3,sehen\n', ("--column", "name", "--errors", "skip"), [(2, "ge\nhen", False), (4, "ge\0n", False), (5, "sehen", True)]),  # noqa: E501
    "nothing": (b"", (), []),
}  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model for `score`, one with a threshold, and one for `classify`."""
    folder = tmp_path_factory.mktemp("models")
    corpus = nextchar.Corpus.from_items(WORDS)
    model = nextchar.Ngram(order=2).fit(corpus)
    model.save(folder / "score")
    others = [a[:i] + b[j:] for a in WORDS for b in WORDS for i in (2, 3) for j in (1, 2)]  # made of their parts
    good = nextchar.Corpus.from_items(others, alphabet=model.alphabet)
    threshold, _ = find_threshold(model, good, 0.05)
    model.with_metrics(replace(model.metrics, outliers=threshold)).save(folder / "flag")
    nextchar.Classifier(folds=2).fit(WORDS, ["de"] * 4 + ["en"] * 4).save(folder / "classify")
    return {name: folder / name for name in ("score", "flag", "classify")}


def run(*args: object, stdin: bytes = b"", code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
    assert result.exit_code == code, result.output
    return result


def documents(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def unescaped(field: str) -> str:
    """What a field of tab-separated values stands for."""
    signs = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    found, at = "", 0
    while at < len(field):
        step = 2 if field[at] == "\\" else 1
        found += signs.get(field[at : at + step], field[at : at + step])
        at += step
    return found


def readable(text: str) -> str:
    """With a byte that is not UTF-8 as \\xe9: in JSON, which has no bytes, and for people."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("name", INPUTS)
def test_score_has_one_answer_for_each_line(models: dict[str, Path], name: str) -> None:
    content, options, expected = INPUTS[name]
    model = nextchar.load(models["score"])
    answers = documents(run("score", models["score"], "-", "--json", *options, stdin=content))
    columns = run("score", models["score"], "--tsv", *options, stdin=content).stdout_bytes
    rows = [line.split("\t") for line in columns.decode("utf-8", "surrogateescape").splitlines()]
    table = run("score", models["score"], *options, stdin=content).stdout.splitlines()
    assert [(answer["line"], answer["item"]) for answer in answers] == [(n, readable(text)) for n, text, _ in expected]
    assert [(int(row[0]), unescaped(row[1])) for row in rows] == [line[:2] for line in expected]
    assert len(table) == len(expected) + bool(expected)  # and a header
    for answer, row, shown, (_, text, is_item) in zip(answers, rows, table[1:], expected, strict=True):
        in_one_line = readable(text).replace("\n", " ").replace("\0", "\ufffd").replace("\x01", "\\x01")
        assert shown.endswith(in_one_line)  # for people
        if not is_item:
            assert {value for key, value in answer.items() if key not in ("line", "item", "error")} == {None}
            assert row[2:] == [""] * 5
            assert shown.split()[:2] == ["-", "-"]
            continue
        (score,) = model.score([text])
        per_symbol = score.nats / (len(text.strip()) + 1)
        assert answer["nats"] == score.nats
        assert answer["surprisal"] == list(score.surprisal)
        assert answer["bits_per_symbol"] == pytest.approx(per_symbol / math.log(2), rel=1e-14)
        assert answer["perplexity"] == pytest.approx(math.exp(per_symbol), rel=1e-14)
        numbers = [score.nats, per_symbol, per_symbol / math.log(2), math.exp(per_symbol)]
        assert [row[2], *row[4:]] == [f"{number:.6f}" for number in numbers]
        assert row[3] == str(len(text.strip()) + 1)
        assert shown.split()[:2] == [f"{per_symbol:.4f}", f"{score.nats:.4f}"]


@pytest.mark.parametrize("name", INPUTS)
def test_classify_has_one_answer_for_each_line(models: dict[str, Path], name: str) -> None:
    content, options, expected = INPUTS[name]
    classifier = nextchar.Classifier.load(models["classify"])
    answers = documents(run("classify", models["classify"], "-", "--json", *options, stdin=content))
    result = run("classify", models["classify"], "--tsv", *options, stdin=content)
    rows = [line.split("\t") for line in result.stdout_bytes.decode("utf-8", "surrogateescape").split("\n")[:-1]]
    assert [(answer["line"], answer["item"]) for answer in answers] == [(n, readable(text)) for n, text, _ in expected]
    assert [(int(row[0]), unescaped(row[1])) for row in rows] == [line[:2] for line in expected]
    for answer, row, (_, text, is_item) in zip(answers, rows, expected, strict=True):
        if not is_item and (not text.strip() or set(text) & set("\udce9\n\0")):  # of others a classifier knows all
            assert {answer[key] for key in ("label", "probability", "probabilities", "typicality")} == {None}
            assert row[2:] == ["", ""]
            continue
        shares = dict(zip(classifier.classes_.tolist(), classifier.predict_proba([text])[0].tolist(), strict=True))
        assert answer["probabilities"] == pytest.approx(shares, rel=1e-12)
        assert answer["label"] == row[2] == max(shares, key=shares.__getitem__)
        assert row[3] == f"{answer['probability']:.6f}"


@pytest.mark.parametrize("command", ["score", "classify"])
def test_arguments_that_are_no_text(models: dict[str, Path], command: str) -> None:
    # So Python has the bytes ff, and ed a0 80 (half of a pair in UTF-8), of the command line.
    texts = ("ge\udcff", "gehen", "\udced\udca0\udc80", "a\nb")
    answers = documents(run(command, models[command], "--json", "--errors", "skip", *texts))
    assert [answer["item"] for answer in answers] == [r"ge\xff", "gehen", r"\xed\xa0\x80", "a\nb"]
    assert ["error" in answer for answer in answers] == [True, False, True, True]
    for form in ((), ("--tsv",)):
        lines = run(command, models[command], *form, "--errors", "skip", *texts).stdout.splitlines()
        assert len(lines) == 4 + (not form)  # a table has a header
    assert "half a surrogate pair" in run(command, models[command], *texts, code=1).stderr


def test_why_a_line_was_refused(models: dict[str, Path]) -> None:
    result = run("score", models["score"], "--json", "--errors", "skip", stdin="gehen\nжx\nq\n\n".encode())
    good, first, second, blank = documents(result)
    assert "error" not in good
    assert "error" not in blank
    assert "line 2, character 1: the model does not know 'ж'" in first["error"]
    assert "line 3, character 1: the model does not know 'q'" in second["error"]
    assert "2 lines skipped, the first:" in result.stderr


def test_unknown_characters_come_back_as_they_were(tmp_path: Path) -> None:
    corpus = nextchar.Corpus.from_items(WORDS)
    known = nextchar.Alphabet(corpus.alphabet.characters, has_unknown=True)
    nextchar.Ngram(order=2).fit(corpus.encoded_in(known)).save(tmp_path / "m")
    for form in ("--json", "--tsv"):
        out = run("score", tmp_path / "m", form, stdin="ж😀\n".encode())
        assert "ж😀" in out.stdout
        assert "\ufffd" not in out.stdout


def test_no_surprisal(models: dict[str, Path]) -> None:
    (answer,) = documents(run("score", models["score"], "--json", "--no-surprisal", stdin=b"gehen\n"))
    assert list(answer) == ["line", "item", "nats", "symbols", "nats_per_symbol", "bits_per_symbol", "perplexity"]
    assert "--json" in run("score", models["score"], "--no-surprisal", stdin=b"gehen\n", code=2).stderr


def test_infinite_numbers(tmp_path: Path) -> None:
    nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_items(["ab"])).save(tmp_path / "m")
    result = run("score", tmp_path / "m", "--json", stdin=b"ab\nba\n")
    possible, impossible = documents(result)
    assert possible["perplexity"] == 1
    assert {impossible[key] for key in ("nats", "nats_per_symbol", "bits_per_symbol", "perplexity")} == {"inf"}
    assert impossible["surprisal"][0] == "inf"
    assert "1 of 2 items cannot come from this model; the first obstacle is '.b' in 'ba'" in result.stderr
    row = run("score", tmp_path / "m", "--tsv", stdin=b"ba\n").stdout.rstrip("\n").split("\t")
    assert row == ["1", "ba", "inf", "3", "inf", "inf", "inf"]


def test_flags(models: dict[str, Path]) -> None:
    content = b"gehen\n\nnnnngggg\nsehen\n"
    answers = documents(run("score", models["flag"], "--flag", "--json", stdin=content))
    assert [answer["flagged"] for answer in answers] == [False, None, True, False]
    rows = run("score", models["flag"], "--flag", "--tsv", stdin=content).stdout.splitlines()
    assert [row.split("\t")[-1] for row in rows] == ["0", "", "1", "0"]
    table = run("score", models["flag"], "--flag", stdin=content).stdout.splitlines()
    assert [line.split()[-2:] for line in table[3:4]] == [["!", "nnnngggg"]]


def test_flagged_only_and_its_exit_code(models: dict[str, Path]) -> None:
    """As grep and diff: what was found is told by the exit code, which for wrong input and usage is another one."""
    found = run(
        "score", models["flag"], "--flagged-only", "--json", stdin=b"gehen\n\nnnnngggg\nsehen\nggggnnnn\n", code=3
    )
    assert [(answer["line"], answer["item"]) for answer in documents(found)] == [(3, "nnnngggg"), (5, "ggggnnnn")]
    none = run("score", models["flag"], "--flagged-only", "--json", stdin=b"gehen\n\nsehen\n")
    assert none.stdout == ""
    run("score", models["flag"], "--flag", stdin=b"nnnngggg\n")  # without --flagged-only 0
    assert "no threshold" in run("score", models["score"], "--flagged-only", stdin=b"gehen\n", code=1).stderr


def test_most_and_least_have_their_line_numbers(models: dict[str, Path]) -> None:
    content = b"gehen\n\nnngg\nsehen\nnngg\n"
    most = documents(run("score", models["score"], "--most", 2, "--json", stdin=content))
    assert [(answer["line"], answer["item"]) for answer in most] == [(3, "nngg"), (5, "nngg")]
    rows = run("score", models["score"], "--most", 1, stdin=content).stdout.splitlines()
    assert rows[0].split() == ["line", "nats/symbol", "nats", "item"]
    assert (rows[1].split()[0], rows[1].split()[-1]) == ("3", "nngg")
    least = documents(run("score", models["score"], "--least", 9, "--json", stdin=content))
    costs = [answer["nats_per_symbol"] for answer in least]
    assert costs == sorted(costs)
    assert len(costs) == 4  # without the blank line


def test_columns_for_other_programs(models: dict[str, Path]) -> None:
    """The csv module, without quotes, reads the columns as they are."""
    result = run("score", models["score"], "--tsv", stdin=b"gehen\nsehen\n")
    rows = list(csv.reader(result.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [row[:2] for row in rows] == [["1", "gehen"], ["2", "sehen"]]
    assert {len(row) for row in rows} == {7}


def test_answers_in_a_file(models: dict[str, Path], tmp_path: Path) -> None:
    for command in ("score", "classify"):
        out = tmp_path / command
        result = run(command, models[command], "-", "-o", out, "--tsv", stdin=b"gehen\n\n")
        assert result.stdout == ""
        assert (
            out.read_bytes() == run(command, models[command], "-", "--tsv", "-o", "-", stdin=b"gehen\n\n").stdout_bytes
        )
        before = out.read_bytes()
        failed = run(command, models[command], "-", "-o", out, "--tsv", stdin=b"gehen\n\xff\n", code=1)
        assert "line 2" in failed.stderr
        assert out.read_bytes() == before  # whole or not at all


@pytest.mark.parametrize("command", ["score", "classify"])
def test_options_that_exclude_each_other(models: dict[str, Path], command: str) -> None:
    assert "exclude" in run(command, models[command], "--tsv", "--json", stdin=b"gehen\n", code=2).stderr
    wrong = run(command, models[command], "--column", "1", "--weight", "2", stdin=b"gehen\n", code=2)
    assert "No such option" in wrong.stderr


def test_many_lines_are_the_same_as_few(models: dict[str, Path]) -> None:
    """Beyond so many lines compiled loops write them; and blocks are cut into pieces."""
    words = [word * (i % 3 + 1) for i in range(9000) for word in WORDS] + [""]
    content = "".join(f"{word}\n" for word in words).encode()
    beginning = sum(len(word) + 1 for word in words[:24])
    for form in (["--json"], ["--tsv"], []):
        for command in ("score", "classify"):
            many = run(command, models[command], "-", *form, stdin=content).stdout.splitlines()
            few = run(command, models[command], "-", *form, stdin=content[:beginning]).stdout.splitlines()
            header = not form
            assert many[: len(few)] == few
            assert len(many) == len(words) + header
            if form == ["--tsv"]:
                assert [int(line.split("\t")[0]) for line in many] == list(range(1, len(words) + 1))
                assert [line.split("\t")[1] for line in many] == words


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory as Linux tells it")
def test_evaluate_reads_a_file_of_any_size_in_the_same_memory(tmp_path: Path) -> None:
    nextchar.Ngram(order=2).fit(["emma", "olivia", "ava"]).save(tmp_path / "m")
    peaks = []
    for megabytes in (16, 32):  # each several blocks
        (tmp_path / "t.txt").write_bytes(b"emma\nolivia\nava\nmia\n" * (megabytes * 50_000))  # 20 bytes
        code = (
            "import sys; from nextchar.cli import main\n"
            "main(['evaluate', *sys.argv[1:], '--json'], standalone_mode=False)\n"
            "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
            "print(peak, file=sys.stderr)"
        )  # a child takes over the ru_maxrss of the process that started it
        command = [sys.executable, "-c", code, str(tmp_path / "m"), str(tmp_path / "t.txt")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["items"] == 4 * 50_000 * megabytes
        peaks.append(int(done.stderr.split()[-1]) / 1024)
    assert peaks[1] < peaks[0] + 40, "16 MB more were read, whose numbers would take 130 MB"


TEXT = "the cat sat on the mat\nthe mat sat\n" * 12


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models of a text, and a text that goes on in two files."""
    folder = tmp_path_factory.mktemp("texts")
    corpus = nextchar.Corpus.from_documents([TEXT])
    nextchar.Ngram(order=4).fit(corpus).save(folder / "ngram")
    nextchar.ContextMixing(contexts=9).fit(corpus).save(folder / "mixing")
    (folder / "begin.txt").write_bytes(b"the cat\r\nsat on a cat\r\na cat on a cat\r\n" * 8)
    (folder / "end.txt").write_bytes(b"a cat sat on a cat\n")
    return folder


@pytest.mark.parametrize(("kind", "adaptive"), [("ngram", False), ("mixing", False), ("mixing", True)])
def test_evaluating_a_text_that_goes_on(texts: Path, kind: str, adaptive: bool) -> None:
    model = nextchar.load(texts / kind)
    how = ["--adaptive"] if adaptive else []
    begin = (texts / "begin.txt").read_bytes().decode().replace("\r\n", "\n")
    reader = model.reader(adaptive=adaptive)
    reader.skip(begin)
    expected = (reader.push("a cat sat on a cat\n") + reader.end()) / 20  # 19 characters, and the end
    command = ["evaluate", texts / kind, texts / "end.txt", "--text", "--after", texts / "begin.txt", *how]
    found = json.loads(run(*command, "--json").stdout)
    assert found["nats_per_symbol"] == pytest.approx(expected)
    assert found["bits_per_symbol"] == pytest.approx(expected / math.log(2))
    assert (found["symbols"], found["adaptive"]) == (20, adaptive)
    assert (found["after"], found["read_before"]) == (str(texts / "begin.txt"), len(begin))
    for_people = run(*command).stdout
    assert "read before" in for_people
    assert ("adaptive" in for_people) == adaptive
    alone = json.loads(run("evaluate", texts / kind, texts / "end.txt", "--text", "--json", *how).stdout)
    assert alone["after"] is None
    assert alone["read_before"] == 0
    assert alone["nats_per_symbol"] != found["nats_per_symbol"]


def test_scoring_lines_that_are_learned(texts: Path, tmp_path: Path) -> None:
    nextchar.ContextMixing(contexts=9).fit(WORDS).save(tmp_path / "m")
    lines = "".join(f"{word}\n" for word in ["zegein", *["nesden"] * 9])
    found = [
        row["nats"]
        for row in documents(run("score", tmp_path / "m", "-", "--adaptive", "--json", stdin=lines.encode()))
    ]
    expected = [score.nats for score in nextchar.load(tmp_path / "m").score(lines.split(), adaptive=True)]
    assert found == pytest.approx(expected)
    assert found[-1] < found[1] / 2
    (tmp_path / "first").write_text("nesden\n" * 9)
    after = run("score", tmp_path / "m", "-", "--adaptive", "--after", tmp_path / "first", "--json", stdin=b"nesden\n")
    assert documents(after)[0]["nats"] < found[1] / 2
    assert "was read first, 63 symbols" in after.stderr


@pytest.mark.parametrize("how", [(), ("--by", "word"), ("--adaptive",)])
def test_scores_do_not_replace_what_is_read_first(texts: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    first = tmp_path / "first.txt"
    first.write_bytes(b"the cat\n")
    (tmp_path / "link.txt").symlink_to(first)
    model = texts / ("mixing" if "--adaptive" in how else "ngram")
    for target in ("first.txt", "link.txt"):
        command = ["score", model, texts / "end.txt", "--after", first, "-o", tmp_path / target, *how]
        assert "is also an input" in run(*command, code=1).stderr
    assert first.read_bytes() == b"the cat\n"


@pytest.mark.parametrize("command", [("score",), ("score", "--by", "line"), ("evaluate",)])
@pytest.mark.parametrize("files", [(), ("-",)])
def test_standard_input_is_not_read_twice(texts: Path, command: tuple[str, ...], files: tuple[str, ...]) -> None:
    refused = run(command[0], texts / "ngram", *files, "--after", "-", *command[1:], stdin=b"the cat\n", code=2)
    assert "standard input is read once" in refused.stderr


def test_what_cannot_be_read_on_is_refused(texts: Path, models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "items").write_text("gehen\n")
    refused = run("evaluate", texts / "ngram", texts / "end.txt", "--adaptive", code=1)
    assert "kind ngram stays as it was trained" in refused.stderr
    refused = run("evaluate", models["score"], tmp_path / "items", "--after", tmp_path / "items", code=1)
    assert "each item of a list begins anew" in refused.stderr
    refused = run("score", models["score"], tmp_path / "items", "--after", tmp_path / "none.txt", code=1)
    assert "none.txt" in refused.stderr
    (tmp_path / "bad.txt").write_bytes(b"the c\xe9t")
    refused = run("evaluate", texts / "ngram", texts / "end.txt", "--after", tmp_path / "bad.txt", code=1)
    assert "bad.txt" in refused.stderr
    (tmp_path / "unknown.txt").write_text("the\nwolf")
    refused = run("evaluate", texts / "ngram", texts / "end.txt", "--after", tmp_path / "unknown.txt", code=1)
    assert "line 2" in refused.stderr
    assert "'w'" in refused.stderr
    refused = run("score", models["score"], tmp_path / "items", "--adaptive", "--cluster", "tcp://a:1", code=2)
    assert "--cluster" in refused.stderr
