"""The command line: its interface, the shape of its output, and that it behaves in a pipe."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import zstandard
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main

NAMES = ["emma", "olivia", "ava", "isabella", "sophia"]
WHOLE_PROCESS = [sys.executable, "-c", "from nextchar.cli import main; main()"]
LECTURE = ["mor", "axx", "minaymoryles", "kondlaisah", "anchshizarie"]  # row 10 of the ledger
LECTURE_SEED = "2147483647"

Bigram = tuple[str, str]


def run(*args: object, stdin: str | bytes | None = None, code: int = 0) -> Result:
    """Run a command inside this process; anything but a clean exit is a defect."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.stderr
    return result


def document(*args: object, stdin: str | bytes | None = None) -> Any:
    """The one JSON document that a command prints."""
    return json.loads(run(*args, "--json", stdin=stdin).stdout)


def json_lines(*args: object, stdin: str | bytes | None = None) -> list[Any]:
    """One document for each line of output."""
    return [json.loads(line) for line in run(*args, "--json", stdin=stdin).stdout.splitlines()]


# -- the same quantities as plain dictionaries have them ----------------------------------------------------------


def bigrams(item: str) -> Iterator[Bigram]:
    return zip(f"<{item}", f"{item}>", strict=True)


def bigram_counts(items: Sequence[str]) -> Counter[Bigram]:
    return Counter(pair for item in items for pair in bigrams(item))


def naive_surprisal(train: Sequence[str], item: str, add: float) -> list[float]:
    """-log p of each symbol of an item under the add-k bigram model of the training items."""
    counts = bigram_counts(train)
    V = 1 + len({c for w in train for c in w})
    nats = []
    for first, second in bigrams(item):
        row = sum(n for (begin, _), n in counts.items() if begin == first)
        p = (counts[first, second] + add) / (row + add * V)
        nats.append(-math.log(p) if p else math.inf)
    return nats


def naive_loss(train: Sequence[str], items: Sequence[str], add: float) -> float:
    nats = [x for item in items for x in naive_surprisal(train, item, add)]
    return sum(nats) / len(nats)


def fast_naive_loss(train: Sequence[str], items: Sequence[str], add: float) -> float:
    """The same for thousands of items: nats for each pair that occurs, times how often it does."""
    counts, rows = bigram_counts(train), Counter(a for w in train for a in f"<{w}")
    V = 1 + len({c for w in train for c in w})
    wanted = bigram_counts(items)
    nats = [-n * math.log((counts[a, b] + add) / (rows[a] + add * V)) for (a, b), n in wanted.items()]
    return math.fsum(nats) / sum(wanted.values())


# -- fixtures -----------------------------------------------------------------------------------------------------


@pytest.fixture
def names_file(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def model(tmp_path: Path, names_file: Path) -> Path:
    """A bigram model of the five names, one added to every count."""
    path = tmp_path / "m.safetensors"
    run("train", names_file, "-o", path, "--model", "bigram", "--add", 1)
    return path


@pytest.fixture(scope="session")
def lecture_model(names_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lecture's model: bigrams of makemore's names, nothing added."""
    path = tmp_path_factory.mktemp("lecture") / "bigram.safetensors"
    run("train", names_path, "-o", path, "--model", "bigram", "--add", 0)
    return path


# -- help ---------------------------------------------------------------------------------------------------------


def all_commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from all_commands(command, *path, name)


COMMANDS = dict(all_commands(main))


def test_the_commands() -> None:
    assert {"train", "sample", "score", "evaluate", "plot", "reproduce", "data", "info"} <= set(main.commands)
    assert {"counts", "probs", "surprisal"} <= {path[1] for path in COMMANDS if path[0] == "plot" and len(path) == 2}
    assert {"list", "fetch", "path"} <= {path[1] for path in COMMANDS if path[0] == "data" and len(path) == 2}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(path: tuple[str, ...], flag: str) -> None:
    result = run(*path, flag)
    assert result.stdout.startswith(f"Usage: {' '.join(['main', *path])} ")
    assert result.stderr == ""
    assert COMMANDS[path].help
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.opts} of {path} has no help"


def test_the_help_of_the_whole_lists_every_command() -> None:
    text = run("--help").stdout
    for name in main.commands:
        assert f"\n  {name} " in text
    assert "Exit codes: 0 done, 1" in text


def test_the_help_of_the_whole_has_headings() -> None:
    text = run("--help").stdout
    headings = ["Learn", "Write", "Judge", "Exact answers", "Models of models", "Look inside", "The lecture"]
    assert re.findall(r"^(\w[\w ]*):$", text, flags=re.M) == ["Options", *headings]
    for name in main.commands:
        assert len(re.findall(rf"^  {name} ", text, flags=re.M)) == 1


def test_without_a_command_the_first_steps() -> None:
    text = run().stdout
    told = re.findall(r"^  nextchar (\w+)", text, flags=re.M)
    assert told[:2] == ["train", "sample"]
    assert set(told) <= set(main.commands)
    assert "nextchar --help" in text


def test_version() -> None:
    assert run("--version").stdout == f"nextchar, version {nextchar.__version__}\n"


@pytest.mark.parametrize(
    "code", ["from nextchar.cli import main; main(['--help'], standalone_mode=False)", "import nextchar"]
)
def test_help_and_import_load_nothing_heavy(code: str) -> None:
    report = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert not loaded & {"numpy", "torch", "numba", "matplotlib", "rich", "fsspec", "safetensors"}


# -- train --------------------------------------------------------------------------------------------------------


def test_train_json(tmp_path: Path, names_file: Path) -> None:
    out = tmp_path / "m.safetensors"
    result = run("train", names_file, "-o", out, "--model", "bigram", "--add", 1, "--json")
    assert result.stderr == ""
    got = json.loads(result.stdout)
    assert {"model", "settings", "items", "symbols", "alphabet_size", "seconds", "splits"} <= set(got)
    assert got["model"] == "bigram"
    assert (got["settings"]["order"], got["settings"]["add"]) == (2, 1)
    assert got["items"] == 5
    assert got["symbols"] == 32  # 4 + 6 + 3 + 8 + 6 letters and 5 ends
    assert got["alphabet_size"] == 12  # abehilmopsv and the boundary
    assert 0 < got["seconds"] < 60
    assert set(got["splits"]) == {"train"}
    part = got["splits"]["train"]
    assert set(part) == {"items", "symbols", "nats_per_symbol", "bits_per_symbol"}
    assert (part["items"], part["symbols"]) == (5, 32)
    assert part["nats_per_symbol"] == pytest.approx(naive_loss(NAMES, NAMES, 1), rel=1e-12)
    assert part["bits_per_symbol"] == pytest.approx(part["nats_per_symbol"] / math.log(2), rel=1e-15)
    assert sorted(tmp_path.iterdir()) == [out, names_file]  # and no temporary file


def test_train_for_people(tmp_path: Path, names_file: Path) -> None:
    result = run("train", names_file, "-o", tmp_path / "m", "--model", "bigram", "--add", 1)
    assert result.stderr == ""
    assert f"{naive_loss(NAMES, NAMES, 1):.4f}" in result.stdout
    assert "alphabet of 12 symbols" in result.stdout
    with pytest.raises(json.JSONDecodeError):
        json.loads(result.stdout)


def test_train_without_a_file_takes_the_shipped_names(tmp_path: Path) -> None:
    got = document("train", "-o", tmp_path / "m", "--lower")
    assert got["items"] == 32_178
    assert got["alphabet_size"] == 27
    assert got["model"] == "ngram"
    # nothing was asked for: the best on items held out; KenLM's best order of such names is 6, too
    assert (got["settings"]["order"], got["settings"]["smoothing"]) == (6, "modified-kneser-ney")


def test_train_says_what_it_chose_and_why(tmp_path: Path) -> None:
    result = run("train", "-o", tmp_path / "m", "--lower")
    longer = r"A mix may predict better: --model mix, a minute\."
    assert re.fullmatch(rf"Model: order 6, modified Kneser-Ney, best of \d+\. {longer}\n", result.stderr)
    result = run("train", "-o", tmp_path / "m", "--lower", "--verbose")
    assert re.search(
        r"Note: chose order 6, modified-kneser-ney: \d\.\d{4} nats per symbol on 3,\d{3} items held out", result.stderr
    )
    assert "witten-bell: " in result.stderr
    assert "ngram (order 6, modified-kneser-ney)" in result.stdout
    metrics = document("info", tmp_path / "m")["metrics"]
    losses = [tried["nats_per_symbol"] for tried in metrics["choice"]]
    assert losses == sorted(losses)
    assert len({tried["smoothing"] for tried in metrics["choice"]}) == 4


def test_train_on_too_few_items_to_choose_by(tmp_path: Path, names_file: Path) -> None:
    result = run("train", names_file, "-o", tmp_path / "m")
    assert result.stderr == "Model: order 3, Witten-Bell; too few items to try others.\n"
    result = run("train", names_file, "-o", tmp_path / "m", "--verbose")
    assert "Note: took order 3, witten-bell: too few items to hold some out and choose by them.\n" in result.stderr


@pytest.mark.parametrize("smoothing", ["add", "witten-bell", "absolute", "kneser-ney", "modified-kneser-ney"])
def test_train_with_each_smoothing(tmp_path: Path, names_file: Path, smoothing: str) -> None:
    got = document("train", names_file, "-o", tmp_path / "m", "--smoothing", smoothing, "--order", 3)
    assert (got["settings"]["smoothing"], got["settings"]["order"]) == (smoothing, 3)
    assert document("evaluate", tmp_path / "m", names_file)["nats_per_symbol"] == pytest.approx(
        got["splits"]["train"]["nats_per_symbol"], abs=1e-12
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--smoothing", "witten-bell", "--add", 1], "k is a setting of the smoothing add; witten-bell has none"),
        (["--smoothing", "witten-bell", "--tune", "held-out"], "witten-bell cannot be tuned: it has no parameters"),
        (["--smoothing", "pitman-yor", "--sweeps", 1], "sweeps is a whole number from 2 to"),
        (["--smoothing", "pitman-yor", "--tune", "leave-one-out"], "it infers its parameters by itself"),
    ],
)
def test_train_smoothings_have_settings_of_their_own(
    tmp_path: Path, names_file: Path, options: list[object], says: str
) -> None:
    wrong_whatever_else = "--sweeps" in options  # and so wrong usage
    result = run("train", names_file, "-o", tmp_path / "m", *options, code=2 if wrong_whatever_else else 1)
    assert says in result.stderr
    assert not (tmp_path / "m").exists()


def test_train_options_of_another_model_are_wrong_usage(tmp_path: Path, names_file: Path) -> None:
    result = run("train", names_file, "-o", tmp_path / "m", "--model", "bigram", "--order", 3, code=2)
    assert "--order" in result.stderr
    assert list(tmp_path.iterdir()) == [names_file]


def test_train_replaces_an_older_model(tmp_path: Path, names_file: Path) -> None:
    out = tmp_path / "m"
    out.write_bytes(b"something else")
    run("train", names_file, "-o", out)
    assert document("info", out)["model"] == "ngram"


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_train_orders(tmp_path: Path, names_file: Path, order: int) -> None:
    got = document("train", names_file, "-o", tmp_path / "m", "--order", order, "--add", 0)
    padded = ["<" * (order - 1) + name + ">" for name in NAMES]
    windows = Counter(text[i : i + order] for text in padded for i in range(len(text) - order + 1))
    contexts = Counter(text[i : i + order - 1] for text in padded for i in range(len(text) - order + 1))
    nats = -sum(n * math.log(n / contexts[window[:-1]]) for window, n in windows.items())  # maximum likelihood
    assert got["splits"]["train"]["nats_per_symbol"] == pytest.approx(nats / 32, abs=1e-12)


# -- where the data comes from ------------------------------------------------------------------------------------

TRAIN = ("--model", "bigram", "--add", 1)


def loss_of_training_on(tmp_path: Path, *args: object, stdin: str | bytes | None = None) -> float:
    got = document("train", *args, "-o", tmp_path / "m", *TRAIN, stdin=stdin)
    return float(got["splits"]["train"]["nats_per_symbol"])


def test_train_on_standard_input(tmp_path: Path) -> None:
    assert loss_of_training_on(tmp_path, "-", stdin="\n".join(NAMES)) == pytest.approx(naive_loss(NAMES, NAMES, 1))


def test_train_on_several_files(tmp_path: Path) -> None:
    for number, part in enumerate((NAMES[:2], NAMES[2:])):
        (tmp_path / f"{number}.txt").write_text("\n".join(part), encoding="utf-8")  # no line feed at the end
    got = document("train", tmp_path / "0.txt", tmp_path / "1.txt", "-o", tmp_path / "m", *TRAIN)
    assert got["items"] == 5
    assert got["splits"]["train"]["nats_per_symbol"] == pytest.approx(naive_loss(NAMES, NAMES, 1))


def zstd_in_frames(content: bytes) -> bytes:
    """As `zstd` makes them of a file, and another file after it: two frames, and one to be skipped between them."""
    skipped = b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip"
    frames = [zstandard.ZstdCompressor().compress(part) for part in (content[:9], content[9:])]
    return skipped.join(frames)


@pytest.mark.parametrize(
    ("ending", "compress"),
    [
        (".gz", gzip.compress),
        (".GZ", lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:])),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", zstandard.ZstdCompressor().compress),
        (".zst", zstd_in_frames),
    ],
)
def test_train_on_compressed_files(tmp_path: Path, ending: str, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"names.txt{ending}"
    path.write_bytes(compress("\n".join(NAMES).encode()))
    assert loss_of_training_on(tmp_path, path) == pytest.approx(naive_loss(NAMES, NAMES, 1))


def test_train_on_a_compressed_file_of_many_blocks(tmp_path: Path) -> None:
    rng = random.Random(1)
    items = ["".join(rng.choices("abc", k=9)) for _ in range(450_000)]  # 4.5 MB: more than one block of 4 MiB
    path = tmp_path / "many.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress("\n".join(items).encode()))
    got = document("train", path, "-o", tmp_path / "m", *TRAIN)
    assert (got["items"], got["symbols"]) == (450_000, 4_500_000)
    assert got["splits"]["train"]["nats_per_symbol"] == pytest.approx(fast_naive_loss(items, items, 1), rel=1e-12)


def test_train_on_urls(tmp_path: Path, names_file: Path) -> None:
    import fsspec

    expected = naive_loss(NAMES, NAMES, 1)
    assert loss_of_training_on(tmp_path, names_file.as_uri()) == pytest.approx(expected)
    with fsspec.open("memory://shelf/names.txt.gz", "wb") as handle:
        handle.write(gzip.compress("\n".join(NAMES).encode()))
    assert loss_of_training_on(tmp_path, "memory://shelf/names.txt.gz") == pytest.approx(expected)
    assert document("info", tmp_path / "m")["data"]["source"]["names"] == ["memory://shelf/names.txt.gz"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'name,sex\nemma,F\n"olivia",F\r\nava,F\n'),
        ("a.csv", 'sex,note,name\nF,"one, two",emma\nF,"a ""b""\nc",olivia\n\nF,,ava\n'),
        ("a.tsv", "sex\tname\nF\temma\nF\tolivia\nF\tava\n"),
        ("a.csv", "\ufeffname\nemma\nolivia\nava\n"),
        ("a.csv", "name\remma\rolivia\rava"),
    ],
)
def test_train_on_a_column(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(content.encode())
    expected = naive_loss(NAMES[:3], NAMES[:3], 1)
    assert loss_of_training_on(tmp_path, tmp_path / name, "--column", "name") == pytest.approx(expected)


def test_a_table_without_column_is_read_as_lines_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name\nemma\n", encoding="utf-8")
    result = run("train", tmp_path / "a.csv", "-o", tmp_path / "m", "--json")
    assert json.loads(result.stdout)["items"] == 2
    assert "--column" in result.stderr


def test_weights_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text("name,n\nab,3\nb,1\nzz,0\n", encoding="utf-8")
    options = ("--column", "name", "--weight", "n")
    got = document("train", path, "-o", tmp_path / "m", "--model", "bigram", "--add", 0, *options)
    # Pairs: .a 3, .b 1, ab 3, b. 4. After the start: a 3/4, b 1/4; all else is certain. zz does not count.
    # Three times ab (3 symbols) and once b (2): (3 log(4/3) + log 4) / 11
    expected = (3 * math.log(4 / 3) + math.log(4)) / 11
    assert got["splits"]["train"]["nats_per_symbol"] == pytest.approx(expected, rel=1e-14)
    assert got["alphabet_size"] == 3
    assert got["items"] == 2
    measured = document("evaluate", tmp_path / "m", path, *options)
    assert measured["nats_per_symbol"] == pytest.approx(expected, rel=1e-14)
    assert (measured["items"], measured["symbols"]) == (2, 5)


def test_weights_are_repetitions(tmp_path: Path) -> None:
    weighted = {"emma": 4, "olivia": 3, "ava": 1, "isabella": 2, "sophia": 7}
    (tmp_path / "w.csv").write_text("name,n\n" + "".join(f"{w},{n}\n" for w, n in weighted.items()), encoding="utf-8")
    repeated = [name for name, n in weighted.items() for _ in range(n)]
    (tmp_path / "r.txt").write_text("\n".join(repeated), encoding="utf-8")
    one, other = tmp_path / "one", tmp_path / "other"
    run("train", tmp_path / "w.csv", "--column", "name", "--weight", "n", "-o", one, *TRAIN)
    run("train", tmp_path / "r.txt", "-o", other, *TRAIN)
    for args in (["sample", "-n", 20, "--seed", 3], ["score", tmp_path / "r.txt"], ["evaluate", tmp_path / "r.txt"]):
        outputs = [run(args[0], path, *args[1:]).stdout for path in (one, other)]
        assert outputs[0] == outputs[1]
    got = document("evaluate", one, tmp_path / "w.csv", "--column", "name", "--weight", "n")
    assert got["nats_per_symbol"] == pytest.approx(naive_loss(repeated, repeated, 1), rel=1e-12)


def test_weight_without_column_is_wrong_usage(tmp_path: Path, names_file: Path) -> None:
    result = run("train", names_file, "-o", tmp_path / "m", "--weight", "n", code=2)
    assert "--weight needs --column" in result.stderr


def test_encoding(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_bytes("rené\nzoë\n".encode("latin-1"))
    got = document("train", tmp_path / "l.txt", "--encoding", "latin-1", "-o", tmp_path / "m")
    assert got["symbols"] == 9
    assert document("info", tmp_path / "m")["characters"] == "enorzéë"


# -- what is done to the text -------------------------------------------------------------------------------------


def test_text_options_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("  EMMA \nZoe\u0308\n", encoding="utf-8")  # e and a combining diaeresis
    out = tmp_path / "m"
    assert document("train", path, "-o", out)["symbols"] == 10  # EMMA. Zo e ¨ .
    assert document("info", out)["text"] == {"lower": False, "nfc": False, "strip": True}
    assert document("info", out)["characters"] == "AEMZeo\u0308"
    assert document("train", path, "-o", out, "--no-strip")["symbols"] == 13  # and three blanks
    assert document("info", out)["characters"] == " AEMZeo\u0308"
    assert document("train", path, "-o", out, "--lower", "--nfc")["symbols"] == 9  # emma. zoë.
    assert document("info", out)["text"] == {"lower": True, "nfc": True, "strip": True}
    assert document("info", out)["characters"] == "aemozë"
    one, other = json_lines("score", out, stdin=" ZOE\u0308\nzo\u00eb\n")
    assert (one.pop("line"), other.pop("line")) == (1, 2)
    assert (one.pop("item"), other.pop("item")) == (" ZOE\u0308", "zo\u00eb")  # as they came in
    assert one == other
    assert run("sample", out, "--prefix", "ZO", "-n", 3).stdout.startswith("zo")


def test_distinct(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text("emma\nava\nemma\nemma\n", encoding="utf-8")
    got = document("train", path, "-o", tmp_path / "m", *TRAIN, "--distinct")
    assert (got["items"], got["repeats"]) == (2, 2)
    assert got["splits"]["train"]["nats_per_symbol"] == pytest.approx(naive_loss(["emma", "ava"], ["emma", "ava"], 1))
    assert "2 repeated items" in run("train", path, "-o", tmp_path / "m", *TRAIN, "--distinct").stdout


def test_unknown(tmp_path: Path, names_file: Path) -> None:
    out = tmp_path / "m"
    assert document("train", names_file, "-o", out, *TRAIN, "--unknown")["alphabet_size"] == 13
    assert document("info", out)["unknown"] is True
    (got,) = json_lines("score", out, stdin="qx\n")
    # The unknown symbol was never seen: after the start (5 items of 13 symbols) 1/(5 + 13), after itself 1/13.
    assert got["surprisal"] == pytest.approx([math.log(18), math.log(13), math.log(13)])
    drawn = run("sample", out, "-n", 200, "--seed", 1).stdout
    assert set(drawn) <= set("".join(NAMES) + "\n")  # and is never written


# -- splits -------------------------------------------------------------------------------------------------------

PUBLISHED = {"items", "symbols", "nats_per_symbol", "bits_per_symbol", "new_nats_per_symbol"}


def shuffled_names(path: Path, split: str) -> dict[str, list[str]]:
    """The two published splits, as their authors made them (Python's random, seed 42)."""
    words = path.read_text(encoding="utf-8").splitlines()
    if split == "lecture":
        random.Random(42).shuffle(words)
        n1, n2 = int(0.8 * len(words)), int(0.9 * len(words))
        return {"train": words[:n1], "validation": words[n1:n2], "test": words[n2:]}
    order = list(range(len(words)))
    random.Random(42).shuffle(order)
    cut = {"test": order[:1000], "validation": order[1000:2000], "train": order[2000:]}
    return {name: [words[i] for i in part] for name, part in cut.items()}


@pytest.mark.parametrize(
    ("split", "sizes", "seen"),
    [
        ("eurekalabs", (30_033, 1_000, 1_000), (146, 159)),
        ("lecture", (25_626, 3_203, 3_204), (424, 377)),
    ],
)
def test_published_splits(
    tmp_path: Path, names_path: Path, split: str, sizes: tuple[int, ...], seen: tuple[int, ...]
) -> None:
    result = run("train", names_path, "-o", tmp_path / "m", *TRAIN, "--split", split, "--json")
    got = json.loads(result.stdout)["splits"]
    assert ("zzyzxasani" in result.stderr) == (split == "eurekalabs")
    parts = shuffled_names(names_path, split)
    assert tuple(part["items"] for part in got.values()) == sizes
    assert list(got) == ["train", "validation", "test"]
    assert set(got["train"]) == PUBLISHED - {"new_nats_per_symbol"}
    for name, part in got.items():
        assert part["items"] == len(parts[name])
        assert part["symbols"] == sum(map(len, parts[name])) + len(parts[name])
        loss = fast_naive_loss(parts["train"], parts[name], 1)
        assert part["nats_per_symbol"] == pytest.approx(loss, rel=1e-10)
    known = set(parts["train"])
    for name, familiar in zip(("validation", "test"), seen, strict=True):
        assert set(got[name]) >= PUBLISHED
        new = [word for word in parts[name] if word not in known]
        assert got[name]["items"] - got[name]["new_items"] == familiar == len(parts[name]) - len(new)
        assert got[name]["new_nats_per_symbol"] == pytest.approx(fast_naive_loss(parts["train"], new, 1), rel=1e-10)


def test_split_distinct(tmp_path: Path) -> None:
    words = [f"{a}{b}" for a in "abcdefgh" for b in "vwxyz"]  # 40 items, each of them twice
    (tmp_path / "r.txt").write_text("\n".join(words * 2), encoding="utf-8")
    args = ("train", tmp_path / "r.txt", "-o", tmp_path / "m", *TRAIN, "--split", "distinct")
    got = document(*args)
    assert got["repeats"] == 40
    assert [part["items"] for part in got["splits"].values()] == [32, 4, 4]
    for name in ("validation", "test"):
        part = got["splits"][name]
        assert part["new_items"] == 4
        assert part["new_nats_per_symbol"] == part["nats_per_symbol"]
    other, again = document(*args, "--seed", 1), document(*args)
    assert other["splits"] != got["splits"] == again["splits"]
    text = run(*args).stdout
    assert "new items only" in text
    assert "40 repeated items" in text


# -- sample -------------------------------------------------------------------------------------------------------


def test_the_lectures_names(lecture_model: Path) -> None:
    result = run("sample", lecture_model, "--stream", "torch1", "--seed", LECTURE_SEED, "-n", 5)
    assert result.stdout.split("\n") == [*LECTURE, ""]
    assert result.stderr == ""


def test_the_lectures_names_by_a_process_without_torch(lecture_model: Path) -> None:
    args = ["sample", str(lecture_model), "--stream", "torch1", "--seed", LECTURE_SEED, "-n", "5"]
    code = f"import sys; sys.modules['torch'] = None\nfrom nextchar.cli import main; main({args!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"mor\naxx\nminaymoryles\nkondlaisah\nanchshizarie\n"
    assert done.stderr == b""


def test_a_seed_fixes_the_items(model: Path) -> None:
    def names(*args: object) -> list[str]:
        return run("sample", model, *args).stdout.splitlines()

    fifty = names("-n", 50, "--seed", 7)
    assert len(fifty) == 50
    assert all(fifty)
    assert names("-n", 50, "--seed", 7) == fifty
    assert names("-n", 5, "--seed", 7) == fifty[:5]
    assert names("-n", 50, "--seed", 8) != fifty
    assert names("-n", 50) != names("-n", 50)
    assert names("-n", 50, "--seed", 7, "--stream", "torch1") != fifty
    assert names("-n", 0) == []
    assert len(names()) == 10
    assert names("--seed", 2**64 - 1) == names("--seed", 2**64 - 1)


def test_sample_json(model: Path) -> None:
    drawn = json_lines("sample", model, "-n", 30, "--seed", 5)
    assert [entry["item"] for entry in drawn] == run("sample", model, "-n", 30, "--seed", 5).stdout.splitlines()
    for entry in drawn:
        assert set(entry) == {"item", "nats", "symbols"}
        assert entry["symbols"] == len(entry["item"]) + 1
        assert entry["nats"] == pytest.approx(sum(naive_surprisal(NAMES, entry["item"], 1)))


def test_new_and_distinct(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("ab\nb\nabab\n", encoding="utf-8")
    run("train", tmp_path / "t.txt", "-o", tmp_path / "m", "--model", "bigram", "--add", 0)
    # Items that this chain can write, shortest first: b, ab, bab, abab, babab, ...
    everything = set(run("sample", tmp_path / "m", "-n", 500, "--seed", 1).stdout.splitlines())
    assert {"b", "ab", "bab", "abab"} <= everything
    new = run("sample", tmp_path / "m", "-n", 500, "--seed", 1, "--new").stdout.splitlines()
    assert len(new) == 500
    assert not set(new) & {"ab", "b", "abab"}
    distinct = run("sample", tmp_path / "m", "-n", 5, "--seed", 1, "--distinct").stdout.splitlines()
    assert len(set(distinct)) == 5


@pytest.mark.parametrize("stream", ["nextchar", "torch1"])
def test_more_distinct_items_than_there_are(tmp_path: Path, stream: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if stream == "torch1":  # draws one symbol after the other: 50,000 items in vain take seconds
        monkeypatch.setattr("nextchar.core.drawing.BARREN", 5_000)
    (tmp_path / "t.txt").write_text("ab\nb\nabab\n", encoding="utf-8")
    run("train", tmp_path / "t.txt", "-o", tmp_path / "m", "--model", "bigram", "--add", 0)
    conditions = ("--max-length", 4, "--min-length", 1, "--stream", stream, "--seed", 1)
    result = run("sample", tmp_path / "m", "-n", 50, "--distinct", *conditions)
    # torch1 forces the end after four characters: b, ab, bab, abab and baba. The model itself never ends after a.
    cut = ["baba"] if stream == "torch1" else []
    assert sorted(result.stdout.splitlines()) == ["ab", "abab", "b", "bab", *cut]
    assert f"only {4 + len(cut)} of 50 items" in result.stderr
    if stream == "torch1":
        return  # draws one symbol after the other, which takes seconds here
    result = run("sample", tmp_path / "m", "-n", 50, "--distinct", "--new", *conditions)
    assert result.stdout.splitlines() == ["bab"]
    assert "only 1 of 50 items" in result.stderr


def test_greedy(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("ab\nab\nb\n", encoding="utf-8")
    run("train", tmp_path / "t.txt", "-o", tmp_path / "m", *TRAIN)
    for choice in (["--temperature", 0], ["--top-k", 1], ["--top-p", 0.01]):
        # a after the start (2 of 3), b after a (2 of 2), the end after b (3 of 3)
        assert run("sample", tmp_path / "m", "-n", 4, *choice).stdout == "ab\n" * 4
    assert len(set(run("sample", tmp_path / "m", "-n", 99, "--temperature", 5, "--seed", 1).stdout.split())) > 20


def test_prefix_and_lengths(model: Path) -> None:
    for item in run("sample", model, "-n", 100, "--prefix", "sop", "--seed", 1).stdout.splitlines():
        assert item.startswith("sop")
    for least, most in ((1, 1), (3, 5), (8, 8)):
        drawn = run("sample", model, "-n", 100, "--min-length", least, "--max-length", most, "--seed", 1).stdout
        assert {len(item) for item in drawn.splitlines()} == set(range(least, most + 1))
    drawn = run("sample", model, "-n", 3, "--prefix", "emma", "--max-length", 4).stdout
    assert drawn == "emma\n" * 3  # the prefix counts


# -- score --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["file", "-", "nothing"])
def test_score_json(tmp_path: Path, model: Path, way: str) -> None:
    items = ["emma", "sophia", "bel"]
    text = "\n".join(items) + "\n\n"
    (tmp_path / "s.txt").write_text(text, encoding="utf-8")
    ways: dict[str, list[object]] = {"file": [tmp_path / "s.txt"], "-": ["-"], "nothing": []}
    *got, blank = json_lines("score", model, *ways[way], stdin=None if way == "file" else text)
    assert [(entry["line"], entry["item"]) for entry in got] == list(enumerate(items, start=1))
    fields = ["nats", "symbols", "nats_per_symbol", "bits_per_symbol", "perplexity", "surprisal"]
    assert blank == {"line": 4, "item": "", **dict.fromkeys(fields)}
    for entry in got:
        assert list(entry) == ["line", "item", *fields]
        assert entry["bits_per_symbol"] == pytest.approx(entry["nats_per_symbol"] / math.log(2), rel=1e-15)
        assert entry["perplexity"] == pytest.approx(math.exp(entry["nats_per_symbol"]), rel=1e-15)
        expected = naive_surprisal(NAMES, entry["item"], 1)
        assert entry["surprisal"] == pytest.approx(expected, rel=1e-12)
        assert entry["symbols"] == len(entry["item"]) + 1
        assert entry["nats"] == pytest.approx(sum(expected), rel=1e-12)
        assert entry["nats_per_symbol"] == pytest.approx(sum(expected) / entry["symbols"], rel=1e-12)


def test_score_for_people(model: Path) -> None:
    header, line = run("score", model, stdin="emma\n").stdout.splitlines()
    assert header.split() == ["nats/symbol", "nats", "item"]
    nats = sum(naive_surprisal(NAMES, "emma", 1))
    assert line.split() == [f"{nats / 5:.4f}", f"{nats:.4f}", "emma"]


def test_what_is_certain_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("ab\n", encoding="utf-8")
    text = run("train", tmp_path / "t.txt", "-o", tmp_path / "m", "--add", 0).stdout
    text += run("score", tmp_path / "m", tmp_path / "t.txt").stdout
    assert " 0.0000" in text
    assert "-0.0" not in text
    (got,) = json_lines("score", tmp_path / "m", tmp_path / "t.txt")
    assert (got["nats"], got["surprisal"]) == (0, [0, 0, 0])


def test_most_and_least_surprising(model: Path) -> None:
    items = ["emma", "vvv", "sophia", "pmb", "ava", "hhhh"]
    cost = {item: sum(naive_surprisal(NAMES, item, 1)) / (len(item) + 1) for item in items}
    ranking = sorted(items, key=lambda item: cost[item])
    text = "\n".join(items)
    assert [e["item"] for e in json_lines("score", model, "--least", 2, stdin=text)] == ranking[:2]
    assert [e["item"] for e in json_lines("score", model, "--most", 3, stdin=text)] == ranking[:-4:-1]
    assert len(json_lines("score", model, "--most", 99, stdin=text)) == 6
    assert "exclude" in run("score", model, "--most", 1, "--least", 1, stdin=text, code=2).stderr


def test_score_names_the_impossible(lecture_model: Path) -> None:
    result = run("score", lecture_model, "--json", stdin="emma\nandrejz\n")
    emma, andrejz = (json.loads(line) for line in result.stdout.splitlines())
    # Row 8 of the ledger: .a 1.9829, an 1.8296, nd 3.2594, dr 2.5620, re 2.0127, ej 5.9171, jz never, z. 2.7072
    finite = [1.9829, 1.8296, 3.2594, 2.5620, 2.0127, 5.9171]
    assert andrejz["surprisal"][:6] == pytest.approx(finite, abs=5e-5)
    assert andrejz["surprisal"][6] == "inf"
    assert andrejz["surprisal"][7] == pytest.approx(2.7072, abs=5e-5)
    assert andrejz["nats"] == andrejz["nats_per_symbol"] == "inf"
    assert isinstance(emma["nats"], float)
    assert "1 of 2 items" in result.stderr
    assert "'jz' in 'andrejz'" in result.stderr
    assert "inf" in run("score", lecture_model, stdin="andrejz\n").stdout


def test_score_of_the_ledgers_row_9(tmp_path: Path, names_path: Path) -> None:
    run("train", names_path, "-o", tmp_path / "m", *TRAIN)
    (got,) = json_lines("score", tmp_path / "m", stdin="andrejz")
    expected = [1.9835, 1.8302, 3.2594, 2.5646, 2.0143, 5.9004, 7.9817, 2.7122]
    assert got["surprisal"] == pytest.approx(expected, abs=5e-5)
    assert got["nats"] == pytest.approx(28.2463, abs=5e-5)
    assert got["nats_per_symbol"] == pytest.approx(3.530781, abs=1e-6)


# -- evaluate -----------------------------------------------------------------------------------------------------


def test_evaluate_json(model: Path, tmp_path: Path) -> None:
    items = ["emma", "sophia", "bel", "emma"]
    (tmp_path / "s.txt").write_text("\n".join(items), encoding="utf-8")
    got = document("evaluate", model, tmp_path / "s.txt")
    how = {"adaptive": False, "after": None, "read_before": 0, "context": 1, "stride": 1}
    assert how.items() <= got.items()
    assert got.keys() - how.keys() == {"items", "symbols", "nats_per_symbol", "bits_per_symbol", "perplexity"}
    loss = naive_loss(NAMES, items, 1)
    assert got["items"] == 4
    assert got["symbols"] == 5 + 7 + 4 + 5
    assert got["nats_per_symbol"] == pytest.approx(loss, rel=1e-12)
    assert got["bits_per_symbol"] == pytest.approx(loss / math.log(2), rel=1e-12)
    assert got["perplexity"] == pytest.approx(math.exp(loss), rel=1e-12)
    assert document("evaluate", model, "-", stdin="\n".join(items)) == got
    text = run("evaluate", model, tmp_path / "s.txt")
    assert f"{loss:.6f}" in text.stdout
    assert text.stderr == ""


def test_evaluate_on_the_training_data_agrees_with_train(tmp_path: Path, names_path: Path) -> None:
    trained = document("train", names_path, "-o", tmp_path / "m", "--model", "bigram", "--add", 0)
    loss = trained["splits"]["train"]["nats_per_symbol"]
    assert loss == pytest.approx(2.4540144884, abs=1e-8)  # row 6 of the ledger, in float32
    got = document("evaluate", tmp_path / "m", names_path)
    assert got["nats_per_symbol"] == pytest.approx(loss, rel=1e-12)
    assert (got["items"], got["symbols"]) == (32_033, 228_146)


def test_evaluate_names_the_impossible(lecture_model: Path) -> None:
    got = document("evaluate", lecture_model, stdin="andrejz\n")
    assert got["nats_per_symbol"] == got["bits_per_symbol"] == got["perplexity"] == "inf"
    assert got["impossible"] == "'jz' in item 1, 'andrejz'"
    text = run("evaluate", lecture_model, stdin="emma\nandrejz\n").stdout
    assert "inf" in text
    assert "'jz' in item 2, 'andrejz'" in " ".join(text.split())


# -- info and data ------------------------------------------------------------------------------------------------


def test_info(model: Path) -> None:
    got = document("info", model)
    assert got["model"] == "ngram"
    assert got["alphabet_size"] == 12
    assert got["characters"] == "abehilmopsv"
    assert got["context_length"] == 1
    assert (got["data"]["items"], got["data"]["symbols"], got["data"]["distinct_items"]) == (5, 32, 5)
    assert got["data"]["source"]["names"] == ["names.txt"]  # and not where it lay
    text = b"emma\nolivia\nava\nisabella\nsophia\n"
    assert got["data"]["source"]["sha256"] == hashlib.sha256(text).hexdigest()
    assert got["data"]["source"]["size_bytes"] == len(text)
    assert got["metrics"]["splits"]["train"]["items"] == 5
    result = run("info", model)
    assert "abehilmopsv" in result.stdout
    assert result.stderr == ""


def test_data_list_and_path() -> None:
    listed = {entry["name"]: entry for entry in document("data", "list")}
    assert listed["names-2018"]["items"] == 32_178
    assert "makemore-names" in listed
    path = run("data", "path", "names-2018").stdout.removesuffix("\n")
    assert Path(path).read_text(encoding="utf-8").startswith("name,sex,births\nEmma,F,18770\n")


# -- as a process -------------------------------------------------------------------------------------------------


def process(*args: object, **more: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*WHOLE_PROCESS, *map(str, args)], capture_output=True, timeout=60, check=False, **more)


def test_from_pipe_to_pipe(tmp_path: Path) -> None:
    out = tmp_path / "m"
    done = process("train", "-", "-o", out, "--model", "ngram", "--json", input="zoë\nrené\n".encode())
    assert done.returncode == 0
    assert done.stderr == b""
    assert json.loads(done.stdout)["symbols"] == 9
    done = process("score", out, "--json", input="zoë\n".encode())
    assert json.loads(done.stdout)["item"] == "zoë"
    assert process("info", tmp_path / "none").returncode == 1
    assert process("info").returncode == 2


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["sample", "score"])
def test_a_reader_that_has_seen_enough(model: Path, tmp_path: Path, command: str, unbuffered: str) -> None:
    (tmp_path / "many.txt").write_text("emma\n" * 20_000, encoding="utf-8")
    rest = {"sample": ["-n", "40000"], "score": [str(tmp_path / "many.txt")]}[command]  # more than a pipe holds
    with subprocess.Popen(
        [*WHOLE_PROCESS, command, str(model), *rest],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().strip()
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 0


def test_a_table_whose_reader_has_gone(model: Path) -> None:
    with subprocess.Popen(
        [*WHOLE_PROCESS, "info", str(model)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 0


def test_writes_that_fall_short_are_carried_on(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a buffer, write() may write a part only: near the end of a disk, say, or beyond 2 GB."""

    class Short(io.BytesIO):
        def write(self, part: Any) -> int:
            return super().write(part[:1000])

    stdout = io.TextIOWrapper(Short(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stdout)
    main(["sample", str(model), "-n", "1000", "--seed", "3"], standalone_mode=False)
    content = stdout.buffer.getvalue()
    assert content.decode().splitlines() == nextchar.load(model).sample(1000, seed=3)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to be a full disk")
def test_a_full_disk(model: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*WHOLE_PROCESS, "sample", str(model)], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"Error: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_ends_quietly(tmp_path: Path) -> None:
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"  # also when started with &
    args = [*WHOLE_PROCESS[:-1], heard + WHOLE_PROCESS[-1], "train", "-", "-o", str(tmp_path / "m")]
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.write(b"emma\n" * 100_000)  # has begun to read when the pipe has taken this
        child.stdin.flush()
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        errors = child.stderr.read()
        assert child.wait(60) == 130
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_an_arpa_file_on_standard_output(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("ab\n", encoding="utf-8")
    model, arpa = tmp_path / "m", tmp_path / "m.arpa"
    assert CliRunner().invoke(main, ["train", str(tmp_path / "t.txt"), "-o", str(model)]).exit_code == 0
    assert CliRunner().invoke(main, ["export", str(model), str(arpa)]).exit_code == 0
    result = CliRunner().invoke(main, ["export", str(model), "-"])
    assert result.stdout == arpa.read_text(encoding="utf-8")  # and nothing else
    assert "standard output: written" in result.stderr
    piped = CliRunner().invoke(main, ["train", str(tmp_path / "t.txt"), "-o", "-"])  # as a model is
    assert piped.exit_code == 0
    assert b'"__metadata__"' in piped.stdout_bytes[:40]
    assert "standard output: written" in piped.stderr


def test_a_warning_of_any_command_is_a_note(tmp_path: Path) -> None:
    """An ARPA file whose one row sums to 1/2 + 0.3 + 1/4 = 1.05 is imported, and said to."""
    arpa = tmp_path / "odd.arpa"
    arpa.write_text(
        "\\data\\\nngram 1=4\n\n\\1-grams:\n-99\t<s>\n-0.30103\t</s>\n-0.52288\ta\n-0.60206\tb\n\n\\end\\\n", "utf-8"
    )
    result = run("import", str(arpa), "-o", str(tmp_path / "m.safetensors"))
    assert result.exit_code == 0
    assert re.search(r"^Note: .*odd.arpa: .* sum to 1.05, not to 1; scores go by the file", result.stderr, re.M)
    assert "UserWarning" not in result.stderr
