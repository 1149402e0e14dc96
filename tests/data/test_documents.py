"""Whole texts as items: line ends are symbols, nothing is stripped, and the boundary opens and closes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import nextchar
from nextchar import Corpus, Ngram, TextOptions, TrainingFiles, count, count_files, count_to
from nextchar.cli import main
from nextchar.data.documents import separated_blocks
from nextchar.data.format import Format
from nextchar.data.lines import read_lines
from nextchar.data.pieces import in_context
from nextchar.errors import CorpusError, NextcharError, UnknownSymbolError
from nextchar.models.ngram.counts import counts_of_table, sum_counts
from nextchar.models.ngram.hash_counts import NgramTable

DOCUMENTS = TextOptions(documents=True)
texts = st.lists(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1), min_size=1)


@given(texts)
def test_texts_come_back_as_they_were(given_texts: list[str]) -> None:
    corpus = Corpus.from_documents(given_texts)
    assert list(corpus) == given_texts
    assert corpus.symbols == sum(map(len, given_texts)) + len(given_texts)
    again = corpus.encoded_in(corpus.alphabet.union(nextchar.Alphabet.of("xyz")))
    assert list(again) == given_texts
    assert again.fingerprints().tolist() == corpus.fingerprints().tolist()


def test_a_file_is_one_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf one\r\n\r\ntwo \rthree\n")
    (tmp_path / "b.txt").write_bytes("drei\nvier ü".encode())
    corpus = Corpus.from_file(tmp_path / "a.txt", tmp_path / "b.txt", options=DOCUMENTS)
    assert list(corpus) == [" one\n\ntwo \nthree\n", "drei\nvier ü"]


def test_large_files_are_read_as_small_ones(tmp_path: Path) -> None:
    text = "".join(f"{i} ä\n" for i in range(400_000))  # several megabytes: more than one piece
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert Corpus.from_file(tmp_path / "a.txt", options=DOCUMENTS)[0] == text


def test_bigrams_of_a_text_by_hand() -> None:
    # ab\nab has the bigrams .a ab b\n \na ab b. : b is followed by a line end once and by the end once.
    model = Ngram(order=2, add=0).fit(Corpus.from_documents(["ab\nab"]))
    costs = model.score(["ab\nab"])[0].surprisal
    assert costs == pytest.approx([0, 0, 0.6931471805599453, 0, 0, 0.6931471805599453])
    assert set(model.sample(50, seed=1)) <= {"\n".join(["ab"] * n) for n in range(1, 30)}


def test_a_model_remembers_that_it_learned_from_texts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" to be\nor not\n" * 40)
    trained = nextchar.train(Ngram(order=4), TrainingFiles(sources=(str(tmp_path / "a.txt"),), options=DOCUMENTS))
    trained.model.save(tmp_path / "m")
    loaded = nextchar.load(tmp_path / "m")
    assert loaded.provenance.options == DOCUMENTS
    assert loaded.provenance.items == 1
    assert loaded.nats([" to be\nor"]).tolist() == trained.model.nats([" to be\nor"]).tolist()
    found = CliRunner().invoke(main, ["evaluate", str(tmp_path / "m"), str(tmp_path / "a.txt"), "--text", "--json"])
    assert '"symbols": 561' in found.stdout  # 40 times 14, and the end
    older = nextchar.Ngram(order=2).fit(["ab"])
    assert "documents" not in older.content().document["text"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"one\ntwo\0", "line 2: holds a NUL"),
        (b"one\n\ncaf\xe9 au lait", r"line 3, byte 9 of the file: not utf-8"),
        (b"", "no items"),
        (b"\x89PNG\r\n\x1a\n\0\0", "picture|image|PNG"),
    ],
)
def test_what_is_no_text_is_told_with_its_place(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(CorpusError, match=said):
        Corpus.from_file(tmp_path / "a.txt", options=DOCUMENTS)


def test_what_cannot_be_decoded_is_replaced_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ncaf\xe9\n\0two")
    with pytest.warns(nextchar.errors.InputWarning, match="2 lines"):
        corpus = Corpus.from_file(tmp_path / "a.txt", options=DOCUMENTS, errors="replace")
    assert list(corpus) == ["one\ncaf\ufffd\n\ufffdtwo"]


def test_an_unknown_character_is_told_with_line_and_column() -> None:
    alphabet = Corpus.from_documents(["ab\n"]).alphabet
    with pytest.raises(UnknownSymbolError, match=r"text 2, line 3, character 2.*'x'"):
        Corpus.from_documents(["ab", "a\nb\nax"], alphabet=alphabet)


@pytest.mark.parametrize("wrong", ["one text", 3, [b"bytes"], ["a\0"], [""], []])
def test_what_are_no_texts(wrong: object) -> None:
    with pytest.raises(NextcharError):
        Corpus.from_documents(wrong)  # type: ignore[arg-type]


def test_clusters_of_code_points_in_texts() -> None:
    corpus = Corpus.from_documents(["e\u0301\n🇩🇪\n"], options=TextOptions(graphemes=True))
    assert corpus.symbols == 5  # two clusters, two line ends, the end
    assert list(corpus) == ["e\u0301\n🇩🇪\n"]


def test_an_arpa_file_has_line_ends_as_words(tmp_path: Path) -> None:
    model = Ngram(order=3).fit(Corpus.from_documents(["to be\nor not\nto be"]))
    nextchar.write_arpa(model, tmp_path / "m.arpa")
    again = nextchar.read_arpa(tmp_path / "m.arpa")
    assert again.provenance.options.documents
    assert again.nats(["be\nto"]) == pytest.approx(model.nats(["be\nto"]), abs=1e-5)  # ARPA has few digits


def test_a_list_model_does_not_take_text(tmp_path: Path) -> None:
    Ngram(order=2).fit(["ab"]).save(tmp_path / "m")
    (tmp_path / "a.txt").write_text("ab\n")
    found = CliRunner().invoke(main, ["evaluate", str(tmp_path / "m"), str(tmp_path / "a.txt"), "--text"])
    assert found.exit_code == 2
    assert "trained on a list" in found.stderr


# -- several texts in a file, with lines between them -----------------------------------------------------------------

FORTUNES = "You will be\nrich.\n%\n  Indented,\nwith %\na percent.\n%\n%\nShort.\n%\n"
ITEMS = ["You will be\nrich.", "  Indented,\nwith %\na percent.", "Short."]


@pytest.mark.parametrize(
    ("text", "separator", "items"),
    [
        (FORTUNES, "%", ITEMS),
        (f"%\n{FORTUNES}%", "%", ITEMS),
        (FORTUNES.replace("\n", "\r\n"), "%", ITEMS),
        ("one\ntwo\n\n\n \t\nthree\n", "", ["one\ntwo", "three"]),
        ("\n\n one \n\ntwo", "", [" one ", "two"]),
        ("a\n.*\nb\n..\nc", ".*", ["a", "b\n..\nc"]),
        ("no separator\n\n", "%", ["no separator\n"]),
    ],
)
def test_items_between_separators(text: str, separator: str, items: list[str], tmp_path: Path) -> None:
    assert list(Corpus.from_documents([text], separator=separator)) == items
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert list(Corpus.from_file(tmp_path / "a.txt", options=TextOptions(separator=separator))) == items


pieces = st.lists(st.sampled_from(["%\n", "a", "b\n", "\n", "%", " "]), max_size=12)


@given(pieces, st.sampled_from(["%", ""]), st.integers(1, 4))
def test_however_a_file_comes_in_pieces_it_has_the_same_items(parts: list[str], separator: str, size: int) -> None:
    # by hand, line by line
    text = "".join(parts)
    items: list[str] = []
    item: list[str] = []
    for line in text.split("\n")[: None if not text.endswith("\n") else -1]:
        if line == separator or (not separator and not line.strip()):
            items.append("\n".join(item))
            item = []
        else:
            item.append(line)
    items.append("\n".join(item))
    cut = [text[i : i + size] for i in range(0, len(text), size)]
    blocks = separated_blocks(cut, separator)  # type: ignore[arg-type]
    assert [one for block in blocks for one in block.lines()] == [one for one in items if one]


def test_the_numbers_of_items_are_those_of_their_first_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(FORTUNES)
    blocks = read_lines(str(tmp_path / "a.txt"), Format(), TextOptions(separator="%"))
    assert [number for block in blocks for number in block.numbers] == [1, 4, 9]
    alphabet = Corpus.from_documents(["\n%Ya.bcehiloprtuwS "]).alphabet
    with pytest.raises(UnknownSymbolError, match=r"a.txt: line 4, character 3: .*'I'"):
        Corpus.from_file(tmp_path / "a.txt", options=TextOptions(separator="%"), alphabet=alphabet)


def test_an_item_that_cannot_be_used_is_left_out_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\n%\ntwo\ncaf\xe9\n%\nthree\n")
    options = TextOptions(separator="%")
    with pytest.raises(CorpusError, match="line 4, byte 14 of the file: not utf-8"):
        Corpus.from_file(tmp_path / "a.txt", options=options)
    with pytest.warns(nextchar.errors.InputWarning, match="1 line skipped"):
        assert list(Corpus.from_file(tmp_path / "a.txt", options=options, errors="skip")) == ["one", "three"]
    with pytest.warns(nextchar.errors.InputWarning, match="replaced"):
        corpus = Corpus.from_file(tmp_path / "a.txt", options=options, errors="replace")
    assert list(corpus) == ["one", "two\ncaf\ufffd", "three"]


def test_a_column_whose_fields_have_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,n\n"one\ntwo",2\nthree,1\n"four\r\n\nfive",3\n')
    with pytest.raises(CorpusError, match="holds a line end"):
        Corpus.from_file(tmp_path / "a.csv", column="text")
    corpus = Corpus.from_file(tmp_path / "a.csv", column="text", weight="n", options=DOCUMENTS)
    assert list(corpus) == ["one\ntwo", "three", "four\n\nfive"]
    assert corpus.weights is not None
    assert corpus.weights.tolist() == [2, 1, 3]
    assert not corpus.whole_texts  # so that whole rows are held out
    assert list(Corpus.from_items(["a\nb", "c"], [2, 1], options=DOCUMENTS)) == ["a\nb", "c"]


def run(*arguments: object) -> str:
    found = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert found.exit_code == 0, found.stderr
    return found.stdout


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(FORTUNES * 3)
    run("train", tmp_path / "a.txt", "--separator", "%", "--order", 2, "--add", 1, "-o", tmp_path / "m")
    assert nextchar.load(tmp_path / "m").provenance.options == TextOptions(separator="%")
    written = run("sample", tmp_path / "m", "-n", 300, "--seed", 1)
    lines = run("sample", tmp_path / "m", "-n", 300, "--seed", 1, "--json").splitlines()
    told = [json.loads(line)["item"] for line in lines]
    assert list(Corpus.from_documents([written], separator="%")) == told
    (tmp_path / "b.txt").write_text(written)
    assert json.loads(run("evaluate", tmp_path / "m", tmp_path / "b.txt", "--json"))["items"] == 300
    assert "between them '%' on a line" in run("info", tmp_path / "m")


# -- texts in pieces ---------------------------------------------------------------------------------------------------

GREEK = "ΟΔΥΣΣΕΥΣ' ΕΣ. e\u0301 ab\r\n" * 3 + "ΑΣ" * 40 + " x\u0301🇩🇪"


@pytest.mark.parametrize(
    "options",
    [DOCUMENTS, TextOptions(documents=True, lower=True, nfc=True), TextOptions(documents=True, graphemes=True)],
)
def test_a_text_that_comes_in_pieces(options: TextOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(GREEK.encode())
    (tmp_path / "b.txt").write_bytes(b"to be\n\n")
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    whole = Corpus.from_file(*files, options=options)
    assert list(whole) == [options.apply(GREEK.replace("\r\n", "\n")), "to be\n\n"]
    monkeypatch.setattr("nextchar.data.decoding.BLOCK_BYTES", 17)
    again = Corpus.from_file(*files, options=options)
    assert (again.alphabet, again.ids.tolist()) == (whole.alphabet, whole.ids.tolist())
    for order in (1, 2, 7):
        assert count_files(*files, order=order, options=options) == count(whole, order)
    folder = count_to(tmp_path / "counts", *files, order=3, options=options)
    assert folder.counts() == count(whole, 3)
    assert folder.known is not None
    assert folder.known.tolist() == sorted(whole.fingerprints().tolist())
    assert (folder.provenance.items, folder.provenance.symbols) == (2, whole.symbols)
    for spec in (Ngram(order=3), Ngram(order=3, smoothing="kneser-ney")):
        trained = nextchar.train_on_counts(spec, folder).model
        assert trained.provenance.options == options
        expected = spec.fit(whole)
        assert trained.nats(["to be\n", "ab"]).tolist() == pytest.approx(expected.nats(["to be\n", "ab"]).tolist())
        streamed = nextchar.train(spec, TrainingFiles(sources=tuple(files), options=options)).model
        assert streamed.nats(["to be\n", "ab"]).tolist() == trained.nats(["to be\n", "ab"]).tolist()


@given(st.text("ab\n", min_size=1, max_size=30), st.integers(1, 5), st.integers(1, 7), st.booleans())
def test_counts_of_stretches_add_up_to_those_of_the_whole(text: str, order: int, size: int, compiled: bool) -> None:
    corpus = Corpus.from_documents([text, "ba"])
    parts = list(corpus.stretches(size, order - 1))
    assert all(part.symbols <= size for part in parts)
    if compiled:
        table = NgramTable(order)
        for part in parts:
            table.add(part)
        found = counts_of_table(table)
    else:
        found = sum_counts(count(part, order, compiled=False) for part in parts)
    assert found == count(corpus, order)
    pieces = in_context((replace(part, before=None) for part in parts), order - 1)
    assert sum_counts(count(piece, order) for piece in pieces) == found


def test_a_text_in_pieces_costs_what_it_costs_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(FORTUNES)
    (tmp_path / "b.txt").write_text("Short.\nYou will\n")
    model = Ngram(order=4).fit(Corpus.from_documents([FORTUNES]))
    model.save(tmp_path / "m")
    monkeypatch.setattr("nextchar.data.decoding.BLOCK_BYTES", 2)  # fewer symbols than the model looks back
    whole = model.evaluate(Corpus.from_documents([FORTUNES, "Short.\nYou will\n"]))
    told = json.loads(run("evaluate", tmp_path / "m", tmp_path / "a.txt", tmp_path / "b.txt", "--json"))
    assert told["nats_per_symbol"] == pytest.approx(whole.nats_per_symbol, rel=1e-12)
    assert (told["items"], told["symbols"]) == (2, whole.symbols)
    after = model.evaluate(Corpus.from_documents(["Short.\nYou will\n"]), after=FORTUNES)
    told = json.loads(run("evaluate", tmp_path / "m", tmp_path / "b.txt", "--after", tmp_path / "a.txt", "--json"))
    assert told["nats_per_symbol"] == pytest.approx(after.nats_per_symbol, rel=1e-12)


def test_counts_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(FORTUNES)
    run("count", tmp_path / "a.txt", "--text", "--order", 3, "-o", tmp_path / "c")
    run("train", "--counts", tmp_path / "c", "--smoothing", "witten-bell", "-o", tmp_path / "m")
    run("train", tmp_path / "a.txt", "--text", "--smoothing", "witten-bell", "--order", 3, "-o", tmp_path / "n")
    same = [run("evaluate", tmp_path / model, tmp_path / "a.txt", "--text", "--json") for model in "mn"]
    assert same[0] == same[1]
    run("count", tmp_path / "a.txt", "--separator", "%", "--order", 3, "-o", tmp_path / "d")
    assert "between them" in run("info", _trained_on(tmp_path, "d"))
    found = CliRunner().invoke(main, ["merge", str(tmp_path / "c"), str(tmp_path / "d"), "-o", str(tmp_path / "e")])
    assert found.exit_code == 1  # one has texts, the other items between separators
    assert "treated otherwise" in found.stderr


def _trained_on(folder: Path, counts: str) -> Path:
    run("train", "--counts", folder / counts, "--smoothing", "witten-bell", "-o", folder / "of-counts")
    return folder / "of-counts"


def test_several_texts_are_scored(tmp_path: Path) -> None:
    Ngram(order=2).fit(Corpus.from_documents(["to be\nor\n"])).save(tmp_path / "m")
    (tmp_path / "a.txt").write_text("to\nbe\n")
    (tmp_path / "b.txt").write_text("or\n\nor\n")
    told = run("score", tmp_path / "m", tmp_path / "a.txt", tmp_path / "b.txt", "--json")
    rows = [json.loads(row) for row in told.splitlines()]
    assert [row["item"] for row in rows] == ["to\nbe\n", "or\n\nor\n"]
    assert run("score", tmp_path / "m", tmp_path / "b.txt", "--text", "--tsv").startswith("1\tor\\n\\nor\\n\t")
    assert json.loads(run("score", tmp_path / "m", "to\nbe\n", "--json"))["nats"] == rows[0]["nats"]
    assert json.loads(run("evaluate", tmp_path / "m", tmp_path / "a.txt", tmp_path / "b.txt", "--json"))["items"] == 2
    Ngram(order=2).fit(["ab"]).save(tmp_path / "list")
    for option in (["--text"], ["--separator", "%"]):
        found = CliRunner().invoke(main, ["score", str(tmp_path / "list"), str(tmp_path / "a.txt"), *option])
        assert (found.exit_code, "trained on a list" in found.stderr) == (2, True)


@pytest.mark.parametrize(("separator", "said"), [("%", "--separator '%'"), ("", "--separator blank")])
@pytest.mark.parametrize("command", ["score", "evaluate"])
def test_whole_files_are_not_what_a_model_of_texts_between_separators_reads(
    command: str, separator: str, said: str, tmp_path: Path
) -> None:
    Ngram(order=2).fit(Corpus.from_documents(["to\n%\n\nbe\n"], separator=separator)).save(tmp_path / "m")
    (tmp_path / "a.txt").write_text("to\n%\n\nbe\n")
    found = CliRunner().invoke(main, [command, str(tmp_path / "m"), str(tmp_path / "a.txt"), "--text"])
    assert (found.exit_code, said in " ".join(found.stderr.split())) == (2, True), found.stderr
    assert run(command, tmp_path / "m", tmp_path / "a.txt", "--json")
    assert run(command, tmp_path / "m", tmp_path / "a.txt", "--text", "--separator", separator or "blank", "--json")
