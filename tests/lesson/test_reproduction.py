"""`nextchar reproduce`: every claim of the source documents, the verdicts, and the files that it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nextchar.cli import main
from nextchar.data import download as fetching
from nextchar.errors import CorpusError, DataSetError, MissingExtraError
from nextchar.lesson import reproduction as book

COUNTING_ROWS = {*range(1, 12), 16}
TORCH_ROWS = {12, 13, 14, 15, 17}

# The numbers of the project's ledger, which was computed twice, with torch and with numpy. Row 16: 27^10 by hand is
# 3^30 = 205,891,132,094,649. Rows without a number are the two facts that neither document states.
LEDGER: dict[int | str, tuple[str, ...]] = {
    1: ("32,033 names", "shortest 2", "longest 15"),
    2: ("26 letters", "27 ids", "boundary ."),
    3: (".e em mm ma a.", "[0, 5, 13, 13, 1] -> [5, 13, 13, 1, 0]"),
    4: ("228,146 bigrams", "102 of 729", "n. 6763", "a. 6640", "an 5438"),
    5: ("1531",),
    6: ("2.4540144884",),
    7: ("2.4540",),
    8: (
        ".a 0.1377 -1.9829",
        "an 0.1605 -1.8296",
        "nd 0.0384 -3.2594",
        "dr 0.0771 -2.5620",
        "re 0.1336 -2.0127",
        "ej 0.0027 -5.9171",
        "jz 0.0000 -inf",
        "z. 0.0667 -2.7072",
        "NLL inf",
    ),
    9: (
        ".a 0.1376 -1.9835",
        "an 0.1604 -1.8302",
        "nd 0.0384 -3.2594",
        "dr 0.0770 -2.5646",
        "re 0.1334 -2.0143",
        "ej 0.0027 -5.9004",
        "jz 0.0003 -7.9817",
        "z. 0.0664 -2.7122",
        "-28.2463",
        "3.5307815",
    ),
    10: ("mor. axx. minaymoryles. kondlaisah. anchshizarie.",),
    11: ("0.6064 0.3033 0.0903",),
    16: ("729", "19,683", "531,441", "205,891,132,094,649"),
    "row sums": ("row sums equal column sums",),
    "mean length": ("generated 6.1222", "training 6.1222"),
}
NOTES: dict[int, tuple[str, ...]] = {
    1: ("29,494",),
    4: ("196,113 characters", "32,033 ends"),
    5: ("149", "dd, oa, we", "illustration"),
    7: ("2.4764", "neural", "2.4545768"),
}


def run(*args: object, code: int = 0, **options: Any) -> Result:
    result = CliRunner(**options).invoke(main, ["reproduce", *map(str, args)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def documents(names_path: Path) -> list[dict[str, Any]]:
    result = run("--names", names_path, "--json")
    assert result.stderr == ""
    read: list[dict[str, Any]] = json.loads(result.stdout)
    return read


@pytest.fixture
def few_claims(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives the command only the claims named by their rows, changed where asked for."""

    def choose(*rows: int, **changes: Any) -> None:
        chosen = [claim for claim in book.CLAIMS if claim.row in rows]
        chosen[0] = replace(chosen[0], **changes)
        monkeypatch.setattr(book, "CLAIMS", tuple(chosen))

    return choose


def test_every_row_is_there(documents: list[dict[str, Any]]) -> None:
    rows = [document["row"] for document in documents]
    assert rows == sorted(rows)
    assert set(rows) >= COUNTING_ROWS
    assert sum(document["source"] == "neither" for document in documents) >= 2
    for document in documents:
        assert list(document) == ["row", "claim", "source", "expected", "got", "verdict", "note"]
        assert document["claim"]
        assert document["source"] in {"S1", "S2", "S1, S2", "neither"}


def test_every_counting_row_as_the_ledger_has_it(documents: list[dict[str, Any]]) -> None:
    for row, parts in LEDGER.items():
        if isinstance(row, int):
            found = [document for document in documents if document["row"] == row]
        else:
            found = [document for document in documents if document["source"] == "neither" and row in document["got"]]
            found = found or [document for document in documents if row in document["claim"]]
        assert len(found) == 1, row
        (document,) = found
        for part in parts:
            assert part in document["got"], (row, part)
        assert document["got"] == document["expected"]
        assert document["verdict"] == ("source is wrong" if row in (5, 7) else "holds")
        for part in NOTES.get(row, ()) if isinstance(row, int) else ():
            assert part in document["note"], (row, part)


def test_no_verdict_is_unexpected(documents: list[dict[str, Any]]) -> None:
    verdicts = {document["row"]: document["verdict"] for document in documents}
    assert set(verdicts.values()) <= {"holds", "source is wrong", "not checked"}
    assert {row for row, verdict in verdicts.items() if verdict == "source is wrong"} == {5, 7}
    assert {row for row, verdict in verdicts.items() if verdict == "not checked"} <= TORCH_ROWS


def test_the_table_for_people(names_path: Path, few_claims: Callable[..., None]) -> None:
    few_claims(1, 5, 10)
    result = run("--names", names_path)
    text = " ".join(result.stdout.split())
    assert "3 claims: 1 where the source is wrong, 0 unexpected" in text
    for part in ("32,033 names", "source is wrong", "S1 prints 149", "minaymoryles."):
        assert part in text
    assert result.stderr == ""


def test_names_from_the_environment(names_path: Path, few_claims: Callable[..., None]) -> None:
    few_claims(1)
    (document,) = json.loads(run("--json", env={"NEXTCHAR_NAMES": str(names_path)}).stdout)
    assert document["verdict"] == "holds"


def test_a_wrong_expectation_is_an_unexpected_verdict(names_path: Path, few_claims: Callable[..., None]) -> None:
    few_claims(1, 5, expected="32,034 names, shortest 2, longest 15")
    first, second = json.loads(run("--names", names_path, "--json", code=1).stdout)
    assert first["verdict"] == "UNEXPECTED"
    assert first["got"] == "32,033 names, shortest 2, longest 15"
    assert second["verdict"] == "source is wrong"
    text = run("--names", names_path, code=1).stdout
    assert "UNEXPECTED" in text
    assert "2 claims: 1 where the source is wrong, 1 unexpected" in " ".join(text.split())


def test_a_wrong_source_does_not_excuse_a_wrong_result(names_path: Path, few_claims: Callable[..., None]) -> None:
    few_claims(5, expected="149")  # what the document prints
    (document,) = json.loads(run("--names", names_path, "--json", code=1).stdout)
    assert (document["verdict"], document["got"]) == ("UNEXPECTED", "1531")


def test_a_changed_result_is_an_unexpected_verdict(names_path: Path, few_claims: Callable[..., None]) -> None:
    few_claims(11, compute=lambda _: "0.6064 0.3033 0.0904")
    run("--names", names_path, code=1)


def test_a_claim_that_needs_what_is_not_there_is_not_checked(names_path: Path, few_claims: Callable[..., None]) -> None:
    def compute(_: book.Facts) -> str:
        raise MissingExtraError("this claim", "neural")

    few_claims(1, compute=compute)
    (document,) = json.loads(run("--names", names_path, "--json").stdout)
    assert document["verdict"] == "not checked"
    assert "nextchar[neural]" in document["note"]


def test_without_torch_the_counting_rows_hold(names_path: Path) -> None:
    args = ["reproduce", "--names", str(names_path), "--json"]
    code = f"import sys; sys.modules['torch'] = None\nfrom nextchar.cli import main; main({args!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    verdicts = {document["row"]: document["verdict"] for document in json.loads(done.stdout)}
    assert {row for row, verdict in verdicts.items() if verdict == "not checked"} <= TORCH_ROWS
    assert {verdicts[row] for row in COUNTING_ROWS} == {"holds", "source is wrong"}


def test_only_the_content_of_the_file_counts(tmp_path: Path, names_path: Path, few_claims: Callable[..., None]) -> None:
    few_claims(1)
    content = names_path.read_bytes()
    for name, changed in (
        ("names.txt", content),
        ("lf.txt", content + b"\n"),
        ("w.txt", content.replace(b"\n", b"\r\n")),
    ):
        (tmp_path / name).write_bytes(changed)
        run("--names", tmp_path / name)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"emma", b"anna", 1),
        lambda content: content[:-6],  # without the last name, zzyzx, and the line feed before it
        lambda content: content + b"\nemma",
        lambda content: b"\n".join(reversed(content.split(b"\n"))),
        lambda content: content.upper(),
    ],
)
def test_another_file_is_refused(tmp_path: Path, names_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "other.txt"
    path.write_bytes(change(names_path.read_bytes()))
    result = run("--names", path, code=1)
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {path}: is not makemore's names.txt")
    assert result.stderr.count("\n") == 1
    assert "nextchar data fetch makemore-names" in result.stderr
    with pytest.raises(DataSetError, match="SHA-256"):
        next(book.reproduce(path))


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "none.txt: no such file" in run("--names", tmp_path / "none.txt", code=1).stderr
    with pytest.raises(CorpusError, match="no such file"):
        next(book.reproduce(tmp_path / "none.txt"))
    monkeypatch.setattr(fetching, "cache_folder", lambda: tmp_path / "cache")
    result = run(code=1, env={"NEXTCHAR_NAMES": None})
    assert result.stdout == ""
    assert "nextchar data fetch makemore-names" in result.stderr
    assert list(tmp_path.iterdir()) == []
