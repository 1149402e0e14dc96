"""A byte order mark leaves no doubt of the encoding: what begins with one is read by it, everywhere."""

from __future__ import annotations

import codecs
import io
import json
import os
import threading
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main
from nextchar.data.decoding import Decoder
from nextchar.data.remarks import listening
from nextchar.errors import CorpusError
from nextchar.models.registry import load

NAMES = ["emma", "Zoë", "王明", "\U0001f600a"]
TEXT = "".join(f"{name}\r\n" for name in NAMES)
MARKED = {
    "utf-16, little end first": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "utf-16, big end first": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "utf-32, little end first": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "utf-32, big end first": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
}


@pytest.mark.parametrize("given", ["utf-8", "ascii", "UTF_8_SIG", "utf-16", "utf-32-be"])
@pytest.mark.parametrize("what", MARKED)
def test_the_mark_says_the_encoding(tmp_path: Path, what: str, given: str) -> None:
    (tmp_path / "a.txt").write_bytes(MARKED[what])
    heard: list[str] = []
    with warnings.catch_warnings(), listening(heard.append):
        warnings.simplefilter("error")  # nothing is wrong, and so nothing is warned of
        found = nextchar.Corpus.from_file(tmp_path / "a.txt", encoding=given)
    assert list(found) == NAMES
    wide = what[:6]
    told = f"{tmp_path / 'a.txt'}: read as {wide.upper()}, as its byte order mark says"
    assert heard == ([] if given in (wide, f"{wide}-{what[8]}e") else [told])
    assert found.source is not None
    assert found.source.format.encoding == (wide if heard else given), "what is remembered is how it was read"


def test_utf_8_with_a_mark_is_utf_8_whatever_form_of_unicode_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(codecs.BOM_UTF8 + TEXT.encode())
    for given in ("utf-8", "utf-16", "utf-32-le", "ascii"):
        assert list(nextchar.Corpus.from_file(tmp_path / "a.txt", encoding=given)) == NAMES


def test_in_other_encodings_the_bytes_of_a_mark_are_letters(tmp_path: Path) -> None:
    # FF FE is "яю" in cp1251, a pair that a list of pairs of letters begins with
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\n\xfe\xff\n")
    assert list(nextchar.Corpus.from_file(tmp_path / "a.txt", encoding="cp1251")) == ["яю", "юя"]


@pytest.mark.parametrize("what", MARKED)
def test_a_pipe_that_brings_a_byte_at_a_time(what: str) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(1 if size else 0)

    assert "".join(Decoder("a", Slow(MARKED[what]), "utf-8")) == TEXT.replace("\r\n", "\n")


def test_a_mark_alone_is_an_empty_text(tmp_path: Path) -> None:
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        (tmp_path / "a.txt").write_bytes(mark)
        with pytest.raises(CorpusError, match=r"a\.txt: no items"):
            nextchar.Corpus.from_file(tmp_path / "a.txt")


def test_what_the_mark_does_not_hold_is_refused_with_its_place(tmp_path: Path) -> None:
    # mark, emma, line feed: 2 + 8 + 2 = 12 bytes; then a low surrogate alone
    (tmp_path / "a.txt").write_bytes("emma\n".encode("utf-16") + b"\x00\xdc" + "\nava\n".encode("utf-16-le"))
    with pytest.raises(
        CorpusError,
        match=r"line 2, byte 13 of the file: not utf-16 .*, which its byte order mark says it is; is it whole\?",
    ):
        nextchar.Corpus.from_file(tmp_path / "a.txt")
    with pytest.warns(UserWarning, match="1 line skipped"):
        assert list(nextchar.Corpus.from_file(tmp_path / "a.txt", errors="skip")) == ["emma", "ava"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m"
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(NAMES)).save(path)
    return path


@pytest.mark.parametrize("what", MARKED)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_every_command_reads_it(tmp_path: Path, model: Path, what: str, way: str) -> None:
    wide, plain = tmp_path / "wide.txt", tmp_path / "plain.txt"
    wide.write_bytes(MARKED[what])
    plain.write_bytes(TEXT.encode())

    def run(*command: str, path: Path) -> tuple[str, str]:
        arguments = [
            str(path if part == "FILE" and way == "file" else "-" if part == "FILE" else part) for part in command
        ]
        result = CliRunner().invoke(main, arguments, input=path.read_bytes())
        assert result.exit_code == 0, result.stderr
        return result.stdout, result.stderr

    name = "standard input" if way == "pipe" else str(wide)
    command: tuple[str, ...]
    for command in (("score", str(model), "FILE", "--json"), ("evaluate", str(model), "FILE", "--json")):
        out, err = run(*command, path=wide)
        assert out == run(*command, path=plain)[0]
        assert err == f"Note: {name}: read as {what[:6].upper()}, as its byte order mark says.\n"
    if way == "file":
        for option in ("--not-in", "--data"):
            command = ("prob", str(model), option, "FILE", *(["--new"] if option == "--data" else []), "--json")
            assert run(*command, path=wide)[0] == run(*command, path=plain)[0]


def test_tables_labels_and_the_training_data_again(tmp_path: Path) -> None:
    table = "Name\tLang\n" + "".join(
        f"{word}{i}\t{label}\n" for i in range(6) for word, label in (("ja", "de"), ("yé", "en"))
    )
    path = tmp_path / "a.txt"
    path.write_bytes(table.encode("utf-16"))

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(main, [str(one) for one in arguments])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    run("train", path, "--column", "name", "--label", "lang", "-o", tmp_path / "c")
    told = run("classify", tmp_path / "c", path, "--column", "name", "--json").splitlines()
    assert [json.loads(line)["item"] for line in told][:2] == ["ja0", "yé0"]
    run("train", path, "--column", "name", "-o", tmp_path / "m", "--order", 2)
    source = load(tmp_path / "m").provenance.source
    assert source is not None
    assert source.format.encoding == "utf-16"
    (tmp_path / "b.txt").write_bytes(table.encode())
    wide, plain = (
        run("prob", tmp_path / "m", "--new", "--data", tmp_path / name, "--json") for name in ("a.txt", "b.txt")
    )
    assert wide == plain


def test_a_list_beside_a_model_of_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_bytes("Zoë\nemma\n".encode("cp1252"))
    (tmp_path / "list.txt").write_bytes("Zoë\n".encode("utf-16"))
    runner = CliRunner()
    model = str(tmp_path / "m")
    trained = ["train", str(tmp_path / "train.txt"), "--encoding", "cp1252", "-o", model, "--order", "2"]
    made = runner.invoke(main, trained)
    assert made.exit_code == 0, made.stderr
    told = runner.invoke(main, ["sample", model, "-n", "50", "--not-in", str(tmp_path / "list.txt")])
    assert told.exit_code == 0, told.stderr
    assert "Zoë" not in told.stdout.splitlines()


def test_a_pipe_that_pauses_within_the_mark() -> None:
    read, write = os.pipe()

    def send() -> None:
        for piece in (b"\xff", b"\xfe", "emma\nav".encode("utf-16-le"), "a\n".encode("utf-16-le")):
            os.write(write, piece)
        os.close(write)

    thread = threading.Thread(target=send)
    thread.start()
    with os.fdopen(read, "rb", buffering=0) as handle:
        assert "".join(Decoder("a", handle, "utf-8", at_once=True)) == "emma\nava\n"
    thread.join()


@pytest.mark.parametrize(
    ("encoding", "content", "advice"),
    [
        ("utf-16", "x\nJ\N{LATIN SMALL LETTER Y WITH ACUTE}\n".encode("utf-16-be") + b"\xdd\xdd\0y\0\n", "utf-16-be"),
        ("utf-32", "xyz\n".encode("utf-16-le"), "utf-16-le"),
        ("idna", b"a\x80\n", "cp1252"),
        ("punycode", b"\xe9t\xe9\n", "cp1252"),
        ("utf-16-be", b"a\x80\n", "cp1252"),
    ],
)
def test_a_codec_that_gives_up_is_an_error_with_advice(
    encoding: str, content: bytes, advice: str, tmp_path: Path
) -> None:
    """Some codecs say that they fail in a way of their own, or not until another tries to go on."""
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=f"not {encoding}.*give its encoding, probably {advice}"):
        nextchar.Corpus.from_file(path, encoding=encoding)
