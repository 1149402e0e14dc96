"""Extended grapheme clusters as symbols: emoji, flags and letters with marks, wherever text goes in or comes out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import nextchar
from nextchar import Corpus, Ngram, TextOptions
from nextchar.cli import main
from nextchar.data.alphabet import Alphabet
from nextchar.data.graphemes import split_graphemes
from nextchar.errors import SettingsError, UnknownSymbolError

BY_CLUSTERS = TextOptions(graphemes=True)
FAMILY, FLAG, THUMB, KEYCAP = "👨‍👩‍👧", "🇩🇪", "👍🏽", "#️⃣"
ITEMS = [f"a{FAMILY}b", f"{FLAG}{FLAG}", "e\u0301te\u0301", f"{THUMB}ok{KEYCAP}", "ok", "नमस्ते"]


def fitted(items: list[str] = ITEMS, order: int = 3, **how: Any) -> Any:
    return Ngram(order=order, **how).fit(Corpus.from_items(items, options=BY_CLUSTERS))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [  # Unicode Standard Annex 29, tables 1a and 2
        (f"a{FAMILY}b", ["a", FAMILY, "b"]),
        (FLAG + "🇫🇷", [FLAG, "🇫🇷"]),
        ("e\u0301te\u0301", ["e\u0301", "t", "e\u0301"]),
        ("각\u1100\u1161", ["각", "\u1100\u1161"]),
        (THUMB + KEYCAP, [THUMB, KEYCAP]),
        ("emma", ["e", "m", "m", "a"]),
    ],
)
def test_the_clusters_of_a_text(text: str, wanted: list[str]) -> None:
    assert split_graphemes(text) == wanted
    corpus = Corpus.from_items([text], options=BY_CLUSTERS)
    assert corpus.lengths.tolist() == [len(wanted)]
    assert [corpus.alphabet.symbols[i] for i in corpus.ids[:-1]] == wanted
    assert list(corpus) == [text]
    assert corpus[0] == text


def test_counts_by_arithmetic() -> None:
    """Of two items, one flag twice and one flag once, with k = 0: after a flag 1/3 flag and 2/3 the end."""
    model = fitted([FLAG * 2, FLAG], 2, add=0)
    assert model.surprisal(FLAG * 2) == [
        (FLAG, pytest.approx(0.0)),
        (FLAG, pytest.approx(math.log(3))),
        (".", pytest.approx(math.log(3 / 2))),
    ]


def test_without_the_option_every_code_point_is_a_symbol() -> None:
    corpus = Corpus.from_items([FLAG])
    assert corpus.lengths.tolist() == [2]
    assert corpus.alphabet.clusters is None


def test_private_code_points_of_the_text_are_kept() -> None:
    items = ["\U000f0001x", "e\u0301\U000f0000"]
    corpus = Corpus.from_items(items, options=BY_CLUSTERS)
    assert list(corpus) == items
    assert corpus.lengths.tolist() == [2, 2]


def test_a_file_of_several_blocks(tmp_path: Path) -> None:
    """Each block has its own clusters; together they are one alphabet, whichever way they are counted."""
    path = tmp_path / "many.txt"
    marks = [chr(0x300 + i) for i in range(60)]
    lines = [f"a{marks[i % 60]}b{chr(0x4E00 + i % 3000)}" for i in range(120_000)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    corpus = Corpus.from_file(path, options=BY_CLUSTERS)
    assert len(corpus.alphabet.names) == 60 + 1 + 3000
    assert list(corpus) == lines
    counts = nextchar.count_files(path, order=2, options=BY_CLUSTERS)
    assert counts.total == 120_000 * 4
    assert counts.alphabet == corpus.alphabet
    same = nextchar.count(corpus, order=2)
    assert np.array_equal(counts.ngrams, same.ngrams)
    assert np.array_equal(counts.counts, same.counts)


MODELS: dict[str, Any] = {
    "add": lambda: Ngram(order=2, add=0.5),
    "kneser-ney": lambda: Ngram(order=4, smoothing="kneser-ney"),
    "bigram-net": lambda: nextchar.BigramNet(),
    "mix": lambda: nextchar.Mix(epochs=2),
    "mlp": lambda: nextchar.MLP(epochs=3, width=16),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> Any:
    if request.param in ("mlp", "bigram-net"):
        pytest.importorskip("torch")
    return MODELS[request.param]().fit(Corpus.from_items(ITEMS * 3, options=BY_CLUSTERS))


def test_what_is_sampled_is_scored_as_it_was_sampled(model: Any, tmp_path: Path) -> None:
    """Also after a file, and no two symbols of an item are one cluster together."""
    model.save(tmp_path / "m")
    again = nextchar.load(tmp_path / "m")
    assert again.alphabet == model.alphabet
    drawn = model.draw(150, nextchar.Plan(seed=1), nextchar.Constraint(max_length=8))
    assert len(drawn.corpus) == 150
    for item, ids in zip(drawn.corpus, np.split(drawn.corpus.ids, drawn.corpus.offsets[1:-1]), strict=True):
        assert len(split_graphemes(item)) == len(ids) - 1
        assert [again.alphabet.symbols[i] for i in ids[:-1]] == [symbol for symbol, _ in again.surprisal(item)][:-1]
    assert again.sample(5, seed=3) == model.sample(5, seed=3)


def test_conditions_take_clusters(model: Any) -> None:
    assert all(item.startswith(FLAG) for item in model.sample(5, seed=1, prefix=FLAG))
    assert all(item.endswith("e\u0301") for item in model.sample(5, seed=1, suffix="e\u0301"))
    assert all(FAMILY in item for item in model.sample(5, seed=1, contains=[FAMILY], max_length=6))
    for item in model.sample(5, seed=1, match=f"({FLAG}|o).?"):
        assert 1 <= len(split_graphemes(item)) <= 2
    assert set("".join(model.sample(5, seed=1, allowed="ok" + THUMB, max_length=5))) <= set("ok" + THUMB)
    assert FLAG * 2 not in model.sample(50, seed=1, not_in=[FLAG * 2], max_length=4)
    with pytest.raises(UnknownSymbolError, match="U\\+1F1EB U\\+1F1F7"):
        model.sample(1, prefix="🇫🇷")


def test_half_a_flag_is_no_item() -> None:
    """🇩 and 🇪 are symbols here; one after the other they are a flag, which is another symbol."""
    model = fitted(["🇩", "🇪", "a🇩b", "a🇪b"], 1, add=1)
    assert nextchar.given(model, prefix="a").probability > 0
    for item in model.sample(400, seed=2, max_length=6):
        assert "🇩🇪" not in item
        assert "🇪🇩" not in item
    with pytest.raises(UnknownSymbolError, match="U\\+1F1E9 U\\+1F1EA"):
        model.score(["🇩🇪"])


def test_unknown_clusters_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownSymbolError, match=r"item 2, character 2: the model does not know .*\(U\+0065 U\+0302\)"):
        fitted().nats(["ok", "oe\u0302"])
    path = tmp_path / "in.txt"
    path.write_text("ok\nko🇫🇷\n", encoding="utf-8")
    with pytest.raises(UnknownSymbolError, match=r"in\.txt: line 2, character 3: .*U\+1F1EB U\+1F1F7"):
        fitted().evaluate(Corpus.from_file(path, options=BY_CLUSTERS, alphabet=fitted().alphabet))


def test_fingerprints_do_not_depend_on_the_alphabet() -> None:
    all_at_once = Corpus.from_items(ITEMS, options=BY_CLUSTERS).fingerprints()
    each = [Corpus.from_items([item], options=BY_CLUSTERS).fingerprints()[0] for item in ITEMS]
    assert all_at_once.tolist() == each
    assert fitted().sample(30, seed=1, new=True, max_length=4)
    assert not set(fitted().sample(200, seed=1, new=True, max_length=4)) & set(ITEMS)


def test_an_edit_is_one_symbol(model: Any) -> None:
    """A family is five code points and one edit; a flag is two and one."""
    far = Corpus.from_items([FAMILY, "ok"], options=BY_CLUSTERS)
    items = model.sample(40, seed=1, not_in=list(far), min_distance=2, max_length=4)
    assert items
    for item in items:  # one symbol alone is one edit from a family
        assert len(split_graphemes(item)) >= 2


def test_alphabets_of_both_kinds_do_not_mix() -> None:
    with pytest.raises(SettingsError, match="clusters of code points as symbols"):
        Alphabet.of("ab").union(Corpus.from_items(ITEMS, options=BY_CLUSTERS).alphabet)
    both = fitted([FLAG, "a"]).alphabet.union(fitted([FAMILY, "b"]).alphabet)
    assert set(both.names) == {FLAG, FAMILY, "a", "b"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"characters": "a\U000f0000", "clusters": ()},
        {"characters": "a", "clusters": ("e\u0301",)},
        {"characters": "a\U000f0000", "clusters": ("ab",)},
        {"characters": "a\U000f0000\U000f0001", "clusters": (FAMILY, FLAG)},
    ],
)
def test_alphabets_that_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Alphabet(**wrong)


def test_an_arpa_file_has_them_as_words(tmp_path: Path) -> None:
    nextchar.write_arpa(fitted(), tmp_path / "m.arpa")
    words = {line.split("\t")[1] for line in (tmp_path / "m.arpa").read_text("utf-8").splitlines() if "\t" in line}
    assert {FLAG, FAMILY, "e\u0301"} <= words


def test_on_the_command_line(tmp_path: Path) -> None:
    def run(*args: object, stdin: str | None = None) -> str:
        result = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    data, model = tmp_path / "in.txt", tmp_path / "m"
    data.write_text("\n".join(ITEMS * 4) + "\n", encoding="utf-8")
    run("train", data, "--graphemes", "--order", 3, "-o", model)
    item = json.loads(run("score", model, "--json", stdin=f"{FLAG}{FAMILY}\n"))
    assert (item["item"], item["symbols"], len(item["surprisal"])) == (FLAG + FAMILY, 3, 3)
    assert json.loads(run("info", model, "--json"))["text"]["graphemes"] is True
    assert len(run("sample", model, "-n", 4, "--seed", 1).splitlines()) == 4
    assert FLAG in run("complete", model, FLAG)
    assert FLAG in run("top", model, "-n", 5)
    filled = run("fill", model, f"a{FAMILY}_")
    assert f"a{FAMILY}b" in filled


LATIN, FLAGS, EMOJI = ["a", "\u0301", "\u0323"], ["🇩", "🇪"], ["👩", "\u200d", "🏽"]
INDIC, HANGUL = ["क", "\u094d", "\u0903"], ["\u1100", "\u1161", "\u11a8", "각", "가"]
PIECES = st.sampled_from([*LATIN, *FLAGS, *EMOJI, *INDIC, *HANGUL, "\u0600"])


@settings(max_examples=150)
@given(st.lists(st.text(PIECES, min_size=1, max_size=6), min_size=1, max_size=6), st.integers(0, 1000), st.booleans())
def test_any_text_comes_back_and_is_sampled_as_it_is_scored(items: list[str], seed: int, nfc: bool) -> None:
    options = TextOptions(graphemes=True, nfc=nfc, strip=False)
    corpus = Corpus.from_items(items, options=options)
    assert list(corpus) == [options.apply(item) for item in items]
    assert corpus.lengths.tolist() == [len(split_graphemes(options.apply(item))) for item in items]
    model = Ngram(order=1, add=1).fit(corpus)
    for item in model.draw(10, nextchar.Plan(seed=seed), nextchar.Constraint(max_length=5)).corpus:
        again = Corpus.from_items([item], options=options, alphabet=model.alphabet)
        assert list(again) == [item]


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def test_models_of_clusters_go_through_arpa_files(tmp_path: Path) -> None:
    # a flag, a letter with two accents, a blank that bears one, and plain letters
    items = ["\U0001f1eb\U0001f1f7a", "a\u0301\u0308b", "b \u0301a", "ab", "\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1eaa"]
    made = nextchar.Ngram(order=3, smoothing="witten-bell").fit(nextchar.Corpus.from_items(items, options=BY_CLUSTERS))
    nextchar.write_arpa(made, tmp_path / "m.arpa")
    again = nextchar.read_arpa(tmp_path / "m.arpa", options=BY_CLUSTERS)
    assert again.alphabet == made.alphabet
    np.testing.assert_allclose(again.nats(items), made.nats(items), atol=1e-5)
    said = run("import", tmp_path / "m.arpa", "-o", tmp_path / "m", code=1).stderr
    assert "is not one character but several code points that are seen as one" in said
    assert "(--graphemes)" in said
    run("import", tmp_path / "m.arpa", "-o", tmp_path / "m", "--graphemes")
    scored = [json.loads(line) for line in run("score", tmp_path / "m", *items, "--json").stdout.splitlines()]
    assert [one["item"] for one in scored] == items
    assert [one["symbols"] for one in scored] == [3, 3, 4, 3, 4]
    two = tmp_path / "two.arpa"
    text = (tmp_path / "m.arpa").read_text(encoding="utf-8")
    two.write_text(text.replace("a\u0301\u0308", "aab"), encoding="utf-8")
    assert "'aab' is not one character" in run("import", two, "-o", tmp_path / "m", "--graphemes", code=1).stderr
