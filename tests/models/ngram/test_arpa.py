"""ARPA files: what we write, KenLM reads and scores alike; what others write, we read or refuse with line and cause."""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import nextchar
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.cli import main
from nextchar.core.metrics import Metrics
from nextchar.core.model_file import read_model_file, write_model_file
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.errors import CorpusError, ModelFileError, SettingsError
from nextchar.models.neural.bigram.model import BigramNet
from nextchar.models.ngram.arpa import read_arpa, write_arpa
from nextchar.models.ngram.arpa.words import character_of, cluster_of, word_of
from nextchar.models.ngram.backoff import BackoffModel
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.model import Ngram
from nextchar.models.registry import spec_of

DATA = Path(__file__).parents[2] / "fixtures"
ITEMS = ["emma", "ava", "mia", "amelia", "eve", "viola", "oliva", "a", "zoë", "m.a", "anna lee", "mamma"]
CORPUS = Corpus.from_items(ITEMS)
OTHERS = ["emmie", "lea", "o", "zzz", "lee anna", "ë.ë"]

# A bigram over a and b that anyone can check: 1/2, 1/4, 1/4; after a 3/4 of b, after the beginning 1/2 of a.
# 10^-0.30103 = 1/2, 10^-0.60206 = 1/4, 10^-0.1249387 = 3/4. Weights: after a 1/4 over the 3/4 that b leaves: 1/3;
# after the beginning 1/2 over 3/4: 2/3, its log10 -0.1760913.
SMALL = """\\data\\
ngram 1=4
ngram 2=2

\\1-grams:
-99\t<s>\t-0.1760913
-0.30103\t</s>
-0.60206\ta\t-0.4771213
-0.60206\tb

\\2-grams:
-0.30103\t<s> a
-0.1249387\ta b

\\end\\
"""

KENLM = "needs KenLM, which is compiled when it is installed: pip install kenlm; make test-slow does so"


def unknown() -> AutomatonModel:
    counts = count(CORPUS, 3)
    counts = counts.encoded_in(Alphabet(counts.alphabet.characters, has_unknown=True))
    return Ngram(order=3, smoothing="witten-bell").from_counts(counts)


def smoothed(method: Any, order: int) -> Callable[[], AutomatonModel]:
    return lambda: Ngram(order=order, smoothing=method, sweeps=4).fit(CORPUS)


MODELS: dict[str, Callable[[], AutomatonModel]] = {
    f"{method} {order}": smoothed(method, order)
    for method in ("add", "witten-bell", "absolute", "kneser-ney", "modified-kneser-ney", "pitman-yor")
    for order in (1, 2, 3, 6)
}
MODELS |= {
    "unsmoothed 3": lambda: Ngram(order=3, add=0).fit(CORPUS),
    "unknown 3": unknown,
    "bigram-net": lambda: BigramNet().fit(CORPUS),
}


def read(text: str | bytes, path: Path) -> BackoffModel:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_arpa(path)


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> AutomatonModel:
    if request.param == "bigram-net":
        pytest.importorskip("torch")
    return MODELS[request.param]()


# -- out ---------------------------------------------------------------------------------------------------------


def test_a_file_by_hand(tmp_path: Path) -> None:
    # a, a at order 2, add 1/2, V = 2: after . 2 a: (2 + .5)/3, (.5)/3; after a 2 ends: the same; below them 1/2 each.
    # The weight of both contexts is k V / (N + k V) = 1/3.
    model = Ngram(order=2, add=0.5).fit(Corpus.from_items(["a", "a"]))
    summary = write_arpa(model, tmp_path / "m.arpa")
    assert summary.ngrams == (3, 2)
    assert summary.zeros == 0
    half, third, most = (f"{math.log10(p):.7f}" for p in (1 / 2, 1 / 3, 2.5 / 3))
    assert (tmp_path / "m.arpa").read_text() == (
        f"\\data\\\nngram 1=3\nngram 2=2\n\n\\1-grams:\n-99\t<s>\t{third}\n{half}\t</s>\n{half}\ta\t{third}\n\n"
        f"\\2-grams:\n{most}\t<s> a\n{most}\ta </s>\n\n\\end\\\n"
    )


@pytest.mark.slow
def test_kenlm_gives_our_scores(model: AutomatonModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each item's log10 p, from KenLM's own reading of the file, to 1e-4."""
    kenlm = pytest.importorskip("kenlm", reason=KENLM)
    if model.context_length == 0:
        pytest.skip("KenLM reads no models of order 1")
    path = tmp_path / "m.arpa"
    write_arpa(model, path)
    theirs = kenlm.Model(str(path))
    capfd.readouterr()  # it writes of its progress
    items = [*ITEMS, *OTHERS]
    ours = -model.nats(items) / math.log(10)
    for item, log10 in zip(items, ours, strict=True):
        score = theirs.score(" ".join(map(word_of, item)), bos=True, eos=True)
        assert score == pytest.approx(log10, abs=1e-4) if math.isfinite(log10) else score < -90


def test_equal_models_are_equal_files_and_gz_is_the_same_text(tmp_path: Path) -> None:
    model = Ngram(order=3, smoothing="kneser-ney").fit(CORPUS)
    for name in ("a.arpa", "b.arpa", "a.arpa.gz", "b.arpa.gz"):
        write_arpa(model, tmp_path / name)
    a, b, az, bz = ((tmp_path / n).read_bytes() for n in ("a.arpa", "b.arpa", "a.arpa.gz", "b.arpa.gz"))
    assert a == b == gzip.decompress(az)
    assert az == bz


def test_text_is_made_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Ngram(order=4, smoothing="witten-bell").fit(CORPUS)
    write_arpa(model, tmp_path / "a.arpa")
    monkeypatch.setattr("nextchar.models.ngram.arpa.writer.CHUNK", 7)
    shares: list[float] = []
    write_arpa(model, tmp_path / "b.arpa", progress=lambda at: shares.append(at.share))
    assert (tmp_path / "a.arpa").read_bytes() == (tmp_path / "b.arpa").read_bytes()
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_write_that_is_interrupted_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "m.arpa").write_bytes(b"old")

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_arpa(Ngram().fit(CORPUS), tmp_path / "m.arpa", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["m.arpa"]
    assert (tmp_path / "m.arpa").read_bytes() == b"old"


@given(st.characters(exclude_categories=["Cs"]))
def test_words_can_be_read_back(character: str) -> None:
    word = word_of(character)
    assert character_of(word) == character
    assert not any(part.isspace() for part in word)
    assert word not in ("<s>", "</s>", "<unk>")


def test_words() -> None:
    assert [word_of(c) for c in "a<é字 \u3000\u200d\t"] == [
        "a", "<", "é", "字", "<U+0020>", "<U+3000>", "<U+200D>", "<U+0009>",
    ]  # fmt: skip
    assert character_of("<U+1F600>") == "😀"
    assert [read(w) for read in (character_of, cluster_of) for w in ("<space>", "<SPACE>")] == [" "] * 4
    assert [character_of(w) for w in ("ab", "<U+20>", "<U+FFFFFF>", "<u+0020>", "e\u0301")] == [None] * 5


# -- there and back ----------------------------------------------------------------------------------------------


def test_there_and_back(model: AutomatonModel, tmp_path: Path) -> None:
    write_arpa(model, tmp_path / "m.arpa")
    again = read_arpa(tmp_path / "m.arpa")
    assert again.alphabet == model.alphabet
    assert again.context_length == model.context_length
    ids = np.random.default_rng(1).integers(0, model.alphabet.size, size=(40, 15)).astype(model.alphabet.dtype)
    ids[:, 0] = 0
    with np.errstate(invalid="ignore"):
        difference = model.log_probs(ids) - again.log_probs(ids)
    assert np.array_equal(np.isnan(difference), np.isneginf(model.log_probs(ids)) & np.isneginf(again.log_probs(ids)))
    assert np.nanmax(np.abs(difference)) < 1e-6
    write_arpa(again, tmp_path / "again.arpa")
    assert scores(read_arpa(tmp_path / "again.arpa")) == pytest.approx(scores(again), abs=1e-6)


def scores(model: AutomatonModel) -> list[float]:
    known = [item for item in [*ITEMS, *OTHERS] if set(item) <= set(model.alphabet.characters)]
    return [min(nats, 1e9) for nats in model.nats(known).tolist()]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r"), min_size=1), min_size=1),
    st.integers(1, 5),
)
def test_any_text_there_and_back(items: list[str], order: int) -> None:
    corpus = Corpus.from_items([*items, "x"], options=nextchar.TextOptions(strip=False))
    model = Ngram(order=order, smoothing="witten-bell").fit(corpus)
    path = Path(PLACE.name) / "any.arpa"
    write_arpa(model, path)
    again = read_arpa(path, options=nextchar.TextOptions(strip=False))
    np.testing.assert_allclose(again.symbol_nats(corpus), model.symbol_nats(corpus), atol=1e-6)


# -- in ----------------------------------------------------------------------------------------------------------


def test_a_small_file(tmp_path: Path) -> None:
    model = read(SMALL, tmp_path / "s.arpa")
    rows = np.exp(model.log_probs(np.array([[0, 1, 2]])))[0]
    np.testing.assert_allclose(rows, [[1 / 3, 1 / 2, 1 / 6], [1 / 6, 1 / 12, 3 / 4], [1 / 2, 1 / 4, 1 / 4]], atol=1e-6)
    assert model.settings.order == 2
    # ab: 1/2 * 3/4 * 1/2
    assert model.score(["ab"])[0].nats == pytest.approx(-math.log(3 / 16), abs=1e-6)
    assert len(model.sample(20, seed=1)) == 20


@pytest.mark.slow
def test_what_lmplz_writes() -> None:
    """Against KenLM's own scores of its file."""
    kenlm = pytest.importorskip("kenlm", reason=KENLM)
    model, theirs = read_arpa(DATA / "cities.arpa"), kenlm.Model(str(DATA / "cities.arpa"))
    for item in ["york", "london", "xanadu", "q", "été", "tokyo"]:
        ours = [-nats / math.log(10) for nats in model.score([item])[0].surprisal]
        assert ours == pytest.approx([p for p, _, _ in theirs.full_scores(" ".join(item))], abs=1e-5)


def by_definition(text: str) -> Callable[[str], list[float]]:
    """log10 p of each symbol of an item by what ngram-format(5) says of an ARPA file, on dictionaries."""
    probs: dict[tuple[str, ...], float] = {}
    weights: dict[tuple[str, ...], float] = {}
    for line in text.split("\n"):
        fields = line.split("\t")
        if len(fields) > 1:
            gram = tuple(fields[1].split(" "))
            probs[gram] = float(fields[0])
            weights[gram] = float(fields[2]) if len(fields) > 2 else 0.0
    order = max(map(len, probs))

    def log10(gram: tuple[str, ...]) -> float:
        return probs[gram] if gram in probs else weights.get(gram[:-1], 0.0) + log10(gram[1:])

    def scores_of(item: str) -> list[float]:
        words = ("<s>", *map(word_of, item), "</s>")
        return [log10(words[max(end - order, 0) : end]) for end in range(2, len(words) + 1)]

    return scores_of


def check_by_definition(text: str, items: list[str]) -> None:
    path = Path(PLACE.name) / "checked.arpa"
    model, scores_of = read(text, path), by_definition(text)
    for item in items:
        ours = [-nats / math.log(10) for nats in model.score([item])[0].surprisal]
        assert ours == pytest.approx(scores_of(item), abs=1e-9)


def test_a_pruned_file_with_contexts_missing() -> None:
    """SRILM's pruning leaves `a b a` where `b a` is gone."""
    text = SMALL.replace("ngram 2=2\n", "ngram 2=2\nngram 3=2\n").replace("\ta b", "\ta b\t0")
    # after ab: a 1/2, the end 1/4; so b has 1/4, as it has in the shorter contexts (b has no bigrams): the weight is 1
    text = text.replace("\\end", "\\3-grams:\n-0.30103\ta b </s>\n-0.60206\ta b a\n\n\\end")
    check_by_definition(text, ["abab", "ababa", "aabba", "b", "ab", "abb"])


@given(st.randoms(use_true_random=False), st.integers(2, 5))
@settings(max_examples=20)
def test_pruned_models(random: Any, order: int) -> None:
    """n-grams taken out at random, down to missing suffixes, with the weights made right again."""
    text = pruned(Ngram(order=order, smoothing="witten-bell").fit(CORPUS), random)
    check_by_definition(text, [item for item in [*ITEMS, *OTHERS] if set(item) <= set(CORPUS.alphabet.characters)])


@pytest.mark.slow
def test_a_pruned_file_as_kenlm_reads_it() -> None:
    """What lmplz --prune leaves: every suffix of an n-gram is still there."""
    kenlm = pytest.importorskip("kenlm", reason=KENLM)
    theirs = kenlm.Model(str(DATA / "cities-pruned.arpa"))
    model = read_arpa(DATA / "cities-pruned.arpa")
    for item in ["york", "london", "xanadu", "berlin", "tokyo"]:
        ours = [-nats / math.log(10) for nats in model.score([item])[0].surprisal]
        assert ours == pytest.approx([p for p, _, _ in theirs.full_scores(" ".join(item))], abs=1e-5)


def pruned(model: AutomatonModel, random: Any) -> str:
    """An ARPA file of the model with a third of its n-grams gone; contexts of others stay."""
    buffer = Path(PLACE.name) / "whole.arpa"
    write_arpa(model, buffer)
    probs: dict[tuple[str, ...], float] = {}
    for line in buffer.read_text(encoding="utf-8").split("\n"):
        fields = line.split("\t")
        if len(fields) > 1:
            probs[tuple(fields[1].split(" "))] = float(fields[0])
    gone = {gram for gram in probs if len(gram) > 1 and random.random() < 0.3}
    contexts = {gram[:n] for gram in probs if gram not in gone for n in range(1, len(gram))}
    kept = {gram: p for gram, p in probs.items() if gram not in gone or gram in contexts}
    weights: dict[tuple[str, ...], float] = {}

    def p(gram: tuple[str, ...]) -> float:
        if gram in kept:
            return float(10 ** kept[gram])
        return weights.get(gram[:-1], 1.0) * p(gram[1:])

    for context in sorted(contexts, key=len):
        listed = [gram for gram in kept if gram[:-1] == context]
        left = 1 - sum(p(gram) for gram in listed)
        below = 1 - sum(p(gram[1:]) for gram in listed)
        weights[context] = left / below
    order = max(map(len, kept))
    layers = [[gram for gram in kept if len(gram) == n] for n in range(1, order + 1)]
    lines = ["\\data\\", *(f"ngram {n}={len(layer)}" for n, layer in enumerate(layers, start=1))]
    for n, layer in enumerate(layers, start=1):
        lines += ["", f"\\{n}-grams:"]
        for gram in layer:
            weight = f"\t{math.log10(weights[gram]):.9f}" if gram in weights else ""
            lines.append(f"{kept[gram]:.9f}\t{' '.join(gram)}{weight}")
    return "\n".join([*lines, "", "\\end\\", ""])


def test_forms_that_others_write(tmp_path: Path) -> None:
    expected = read(SMALL, tmp_path / "s.arpa").automaton
    for text in (
        SMALL.replace("\t", " "),
        SMALL.replace("\n", "\r\n"),
        "\n\n" + SMALL + "\n\n",
        "\ufeff" + SMALL,
        SMALL.replace("ngram 1=4", "ngram 1 =   4"),
        SMALL.replace("a b\n", "a b  \n"),
        SMALL.replace("-99\t", "0\t"),  # lmplz's <s>
        SMALL.replace("-0.60206\ta", "-6.0206e-1\ta")
        .replace("a\t", "<U+0061>\t")
        .replace("a b", "<U+0061> b")
        .replace("<s> a", "<s> <U+0061>"),
        SMALL.replace("b\n\n\\2", "b\t0\n\n\\2"),
        SMALL.replace("-0.60206\tb\n", "\n-0.60206\tb\n\n"),
    ):
        automaton = read(text, tmp_path / "t.arpa").automaton
        assert np.array_equal(automaton.log_prob, expected.log_prob)
        assert np.array_equal(automaton.target, expected.target)
        assert np.array_equal(automaton.price, expected.price)


@pytest.mark.parametrize("word", ["<space>", "<SPACE>", "<U+0020>"])
def test_a_blank_has_several_names(tmp_path: Path, word: str) -> None:
    model = read(SMALL.replace("\tb\n", f"\t{word}\n").replace("a b", f"a {word}"), tmp_path / "b.arpa")
    assert model.alphabet == Alphabet(" a")
    assert model.nats(["a a"]) == pytest.approx(read(SMALL, tmp_path / "s.arpa").nats(["aba"]))
    with pytest.raises(ModelFileError, match="among the 1-grams already"):
        read(SMALL.replace("\tb\n", "\t<space>\n-99\t<U+0020>\n"), tmp_path / "b.arpa")


def test_the_unknown_symbol(tmp_path: Path) -> None:
    # the quarter of b goes to <unk>
    for sign in ("<unk>", "<UNK>"):
        text = SMALL.replace("\tb\n", f"\t{sign}\n").replace("a b", f"a {sign}")
        model = read(text, tmp_path / "u.arpa")
        assert model.alphabet == Alphabet("a", has_unknown=True)
        assert model.score(["a?"])[0].nats == pytest.approx(-math.log(3 / 16), abs=1e-6)


def test_what_is_impossible(tmp_path: Path) -> None:
    text = SMALL.replace("-0.60206\tb", "-99\tb").replace("-0.30103\t</s>", "-0.1249387\t</s>")
    # after a still 3/4 of b: 1/4 is left for the end and a, which have it all below: the weight is 1/4
    text = text.replace("a\t-0.4771213", "a\t-0.60206").replace("<s>\t-0.1760913", "<s>\t-0.1760913")
    for number in ("-99", "-inf", "-99.0"):
        model = read(text.replace("-99\tb", f"{number}\tb"), tmp_path / "i.arpa")
        assert model.score(["ab"])[0].nats == pytest.approx(-math.log(1 / 2 * 3 / 4 * 3 / 4), abs=1e-6)
        assert model.score(["bb"])[0].nats == math.inf


# As the CMU toolkit writes it: a bigram over a and b in which <s> itself has probability, 1/4 of each 1-gram, and
# follows on others. Weights: after <s> (1 - 1/2 - 1/10) / (1 - 1/4 - 1/4) = 4/5, after a (1 - 3/4) / (1 - 1/2) = 1/2,
# after </s>, which nothing follows in an item, (1 - 9/10) / (1 - 1/4).
CMU = """This is a 2-gram language model, based on a vocabulary of 4 words.
The beginning of data mark: \\data\\
\\1-grams:
p_1     wd_1 bo_wt_1
end of data mark: \\end\\

\\data\\
ngram 1=4
ngram 2=5

\\1-grams:
-0.6021 </s>\t-0.8751
-0.6021 <s>\t-0.0969
-0.6021 a\t-0.3010
-0.6021 b\t0.0000

\\2-grams:
-0.0458 </s> <s> 0.0000
-1.0000 <s> <s> 0.0000
-0.3010 <s> a 0.0000
-0.3010 a b 0.0000
-0.6021 a <s> 0.0000

\\end\\
"""


def test_a_file_of_the_cmu_toolkit(tmp_path: Path) -> None:
    model = read(CMU, tmp_path / "c.arpa")
    # <s> a 1/2, a b 1/2, then after b, of weight 1, the 1-gram </s>: 1/4
    assert model.score(["ab"])[0].nats == pytest.approx(-math.log(1 / 2 * 1 / 2 * 1 / 4), abs=1e-3)
    # <s> b: 4/5 of 1/4; b b: 1/4; b a: 1/4; a </s>: 1/2 of 1/4
    assert model.score(["bba"])[0].nats == pytest.approx(-math.log(1 / 5 * 1 / 4 * 1 / 4 * 1 / 8), abs=1e-3)
    assert {len(item) for item in model.sample(200, seed=1)} > {1, 2}


def three(text: str) -> str:
    """With the announcement of 3-grams."""
    return text.replace("ngram 2=2\n", "ngram 2=2\nngram 3=0\n")


LENIENT = {
    "text before": "A model of SRILM.\n\nngram 1=9\n" + SMALL,
    "comments before": "# made by hand\n## \\1-grams:\n" + SMALL,
    "zero weights in the highest order": SMALL.replace("<s> a", "<s> a\t0").replace("a b", "a b\t-0.0"),
    "3-grams announced and empty": three(SMALL).replace("\\end", "\\3-grams:\n\n\\end"),
    "3-grams announced and left out": three(SMALL),
    "<s> inside": three(SMALL)
    .replace("3=0", "3=1")
    .replace("\\end", "\\3-grams:\n-99\t<s> <s> a\n\n\\end")
    .replace("ngram 2=2", "ngram 2=4")
    .replace("\ta b\n", "\ta b\n-99\t</s> <s>\n-99\t<s> <s>\n"),
    "</s> inside": SMALL.replace("ngram 2=2", "ngram 2=3").replace("\ta b\n", "\ta b\n-1\t</s> a\n"),
    "blanks": SMALL.replace("\t", " \t ")
    .replace("a b", "a \t b  ")
    .replace("1=4", " 1 = 4 ")
    .replace("\\data\\", "\\data\\ "),
    "Windows": SMALL.replace("\n", "\r\n"),
    "weights of 0": SMALL.replace("a\t-0.4771213", "a -0.4771213").replace("\tb\n", " b 0\n"),
    "a byte order mark": "\ufeff" + SMALL,
}
KENLM_REFUSES = ("text before", "weights of 0", "3-grams announced", "blanks", "a byte order mark")


@pytest.mark.parametrize("name", LENIENT)
def test_files_as_others_write_them(name: str, tmp_path: Path) -> None:
    """The same model as of the plain file: ab has 1/2 of a, 3/4 of b, and 1/2 of the end."""
    model = read(LENIENT[name], tmp_path / "l.arpa")
    assert model.score(["ab"])[0].nats == pytest.approx(-math.log(1 / 2 * 3 / 4 * 1 / 2), abs=1e-6)
    assert model.score(["b"])[0].nats == pytest.approx(-math.log(2 / 3 * 1 / 4 * 1 / 2), abs=1e-6)
    assert model.context_length == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", [*(name for name in LENIENT if not name.startswith(KENLM_REFUSES)), "CMU"])
def test_files_as_others_write_them_with_the_scores_of_kenlm(name: str, tmp_path: Path) -> None:
    kenlm = pytest.importorskip("kenlm", reason=KENLM)
    text = (
        LENIENT[name]
        if name != "CMU"
        else re.sub(r"^(-\S+) | (?=0.0)", r"\1\t", CMU[CMU.index("\n\\data") + 1 :], flags=re.M)
    )
    model = read(text, tmp_path / "l.arpa")
    theirs = kenlm.Model(str(tmp_path / "l.arpa"))
    for item in ("ab", "b", "bba", "aab", "a"):
        ours = -model.score([item])[0].nats / math.log(10)
        assert ours == pytest.approx(theirs.score(" ".join(item), bos=True, eos=True), abs=1e-5)


def test_rows_that_do_not_quite_sum_to_one_are_read_with_a_warning(tmp_path: Path) -> None:
    """3/4 of b written as 0.77: the row of a sums to 1.02; KenLM reads such files and so do we."""
    with pytest.warns(UserWarning, match=r"what may follow 'a' has probabilities that sum to 1\.02"):
        model = read(SMALL.replace("-0.1249387", "-0.1135093"), tmp_path / "w.arpa")
    assert model.score(["ab"])[0].nats == pytest.approx(-math.log(1 / 2 * 0.77 * 1 / 2), abs=1e-6)


def faults() -> dict[str, tuple[str | bytes, str]]:
    """Files that must be refused, and what the message says."""
    return {
        "empty": ("", "is empty"),
        "blank": ("\n \n", "is empty"),
        "no header": ("emma\nava\n", r"line 1: an ARPA file begins with \data\, not with 'emma'"),
        "header never": (
            "\nx\n" + SMALL.replace("\\data", "data"),
            r"line 2: an ARPA file begins with \data\, not with 'x'",
        ),
        "wrong header": (SMALL.replace("\\data\\", "\\daten\\"), r"line 1: an ARPA file begins with \data\ "),
        "no counts": (SMALL.replace("ngram 1=4\nngram 2=2\n", ""), "line 3: there are no lines such as ngram 1=27"),
        "odd count": (SMALL.replace("1=4", "1=four"), "line 2: 'ngram 1=four' in the header"),
        "negative count": (SMALL.replace("1=4", "1=-4"), "line 2: 'ngram 1=-4' in the header"),
        "counts out of order": (SMALL.replace("ngram 2", "ngram 3"), "line 3: the number of 3-grams"),
        "too many promised": (SMALL.replace("1=4", "1=5"), "line 2: it promises 5 1-grams; up to line 11 there are 4"),
        "too few promised": (SMALL.replace("2=2", "2=1"), "line 3: it promises 1 2-grams; up to line 15 there are 2"),
        "order 65": ("\\data\\\n" + "".join(f"ngram {n}=1\n" for n in range(1, 70)), "line 66: orders above 64"),
        "no end": (SMALL.replace("\\end\\\n", ""), r"ends without \end\; it was cut off"),
        "cut off": (SMALL[:100], "line 9: 1 field in"),
        "section missing": (SMALL.replace("\\2-grams:\n", ""), "line 11: '<s>' is among the 1-grams already"),
        "section twice": (SMALL.replace("\\2-grams:", "\\1-grams:"), r"where \2-grams: should stand"),
        "section more": (SMALL.replace("\\end\\", "\\3-grams:\n\\end\\"), r"where \end\ should stand"),
        "end early": (SMALL.replace("\\2-grams:", "\\end\\"), r"where \2-grams: should stand"),
        "after the end": (SMALL + "x\n", r"line 16: 'x' after \end\ "),
        "not a number": (SMALL.replace("-0.1249387", "-0.1x"), "line 13: the log-probability '-0.1x' is not a number"),
        "nan": (SMALL.replace("-0.1249387", "nan"), "line 13: the log-probability 'nan' is not a number"),
        "underscore": (SMALL.replace("-0.1249387", "-0_1"), "line 13: the log-probability '-0_1' is not a number"),
        "arabic": (SMALL.replace("-0.1249387", "-٠"), "line 13: the log-probability '-٠' is not a number"),
        "weight": (SMALL.replace("a\t-0.4771213", "a\tx"), "line 8: the backoff weight 'x' is not a number"),
        "endless weight": (SMALL.replace("a\t-0.4771213", "a\tinf"), "line 8: a backoff weight without bounds"),
        "above 0": (SMALL.replace("-0.1249387", "0.1249387"), "line 13: a log-probability above 0"),
        "twice": (SMALL.replace("<s> a", "a b"), "line 13: the same 2-gram as in line 12"),
        "1-gram twice": (SMALL.replace("\tb\n", "\ta\n"), "line 9: 'a' is among the 1-grams already"),
        "in two ways": (SMALL.replace("\tb\n", "\t<U+0061>\n"), "line 9: '<U+0061>' is among the 1-grams already"),
        "no context": (
            SMALL.replace("ngram 2=2\n", "ngram 2=2\nngram 3=1\n").replace("\\end", "\\3-grams:\n-1\tb a b\n\n\\end"),
            "line 17: the first 2 of its 3 words are not among the 2-grams",
        ),
        "not a word": (SMALL.replace("a b", "a c"), "line 13: the word 'c' is not among the 1-grams"),
        "a word": (SMALL.replace("\tb\n", "\tbe\n"), "line 9: the word 'be' is not one character"),
        "an accent": (SMALL.replace("\tb\n", "\te\u0301\n"), "line 9: the word 'e\u0301' is not one character"),
        "a carriage return": (SMALL.replace("\tb\n", "\t<U+000D>\n"), r"line 9: '\r' (U+000D) cannot be a symbol"),
        "a surrogate": (SMALL.replace("\tb\n", "\t<U+D800>\n"), "(U+D800) cannot be a symbol"),
        "no beginning": (SMALL.replace("\t<s>\t", "\tc\t"), "line 11: <s> is not among the 1-grams"),
        "no boundary": (SMALL.replace("\t</s>", "\tc"), "line 11: </s> is not among the 1-grams"),
        "nothing": ("\\data\\\nngram 1=0\n\n\\1-grams:\n\n\\end\\\n", "line 6: <s> is not among the 1-grams"),
        "nothing at all": ("\\data\\\nngram 1=0\n\n\\end\\\n", "has no 1-grams"),
        "too many fields": (SMALL.replace("a b", "a b -1"), "line 13: 4 fields in"),
        "too few fields": (SMALL.replace("a b", "a"), "line 13: 2 fields in"),
        "no probabilities": (SMALL.replace("-0.30103\t</s>", "-0.20103\t</s>"), "sum to 1.12946, not to 1"),
        "one row wrong": (SMALL.replace("-0.1249387", "-0.7249387"), "what may follow 'a' has probabilities that sum"),
        # After a only a is left, at 1/4 x 10^0.6232493 = 1.05: within what a row may differ, and no probability.
        "above 1 by its weight": (
            SMALL.replace("2=2", "2=3")
            .replace("a\t-0.4771213", "a\t0.6232493")
            .replace("-0.1249387\ta b", "-6\ta b\n-6\ta </s>"),
            "after 'a' a character has a probability above 1, by a backoff weight",
        ),
        "gzip": (gzip.compress(SMALL.encode()), "give its name the ending .gz"),
        "NUL": (SMALL.replace("a b", "a \0"), "line 13: holds a NUL character"),
        "latin-1": (SMALL.replace("b", "é").encode("latin-1"), "not utf-8"),
    }


@pytest.mark.parametrize("name", faults())
def test_faults_are_named_with_their_line(name: str, tmp_path: Path) -> None:
    text, message = faults()[name]
    path = tmp_path / "f.arpa"
    with pytest.raises((ModelFileError, CorpusError)) as caught:
        read(text, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message.strip() in str(caught.value)


@pytest.fixture(scope="module", autouse=True)
def _place(tmp_path_factory: pytest.TempPathFactory) -> None:
    PLACE.name = str(tmp_path_factory.mktemp("arpa"))


class PLACE:
    """A folder for tests that hypothesis runs many times."""

    name = ""


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["delete", "insert", "replace", "line out", "line twice", "lines swapped", "cut"]),
        st.integers(0, 10**6),
        st.one_of(st.sampled_from([*"0123456789-.\t\n \\ab<>s/=e", "ngram 3=1\n", "\\end\\"]), st.characters()),
    ),
    min_size=1,
    max_size=4,
)


def mutated(text: str, mutations: list[tuple[str, int, str]]) -> str:
    for kind, number, extra in mutations:
        lines = text.split("\n")
        at, line = number % (len(text) + 1), number % len(lines)
        match kind:
            case "delete":
                text = text[:at] + text[at + 1 :]
            case "insert":
                text = text[:at] + extra + text[at:]
            case "replace":
                text = text[:at] + extra + text[at + 1 :]
            case "cut":
                text = text[:at]
            case "line out":
                text = "\n".join([*lines[:line], *lines[line + 1 :]])
            case "line twice":
                text = "\n".join([*lines[:line], lines[line], *lines[line:]])
            case "lines swapped":
                other = (number // 7) % len(lines)
                lines[line], lines[other] = lines[other], lines[line]
                text = "\n".join(lines)
    return text


@settings(max_examples=300)
@given(MUTATIONS)
def test_a_damaged_file_is_refused_or_still_a_model(mutations: list[tuple[str, int, str]]) -> None:
    """Either one of our errors, or a warning, or rows that sum to 1 to the digits of the file."""
    path = Path(PLACE.name) / "mutated.arpa"
    path.write_bytes(mutated(SMALL, mutations).encode("utf-8", "surrogatepass"))
    try:
        model = read_arpa(path)
    except (ModelFileError, CorpusError, UserWarning):
        return
    rows = np.exp(model.automaton.rows(np.arange(model.automaton.size, dtype=np.int32)))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=5e-3)
    model.sample(3, seed=1, max_length=20)


# -- the kind of model -------------------------------------------------------------------------------------------


def test_a_model_from_a_file_does_what_models_do(tmp_path: Path) -> None:
    model = read_arpa(DATA / "cities.arpa")
    model.save(tmp_path / "m.safetensors")
    again = nextchar.load(tmp_path / "m.safetensors")
    corpus = Corpus.from_file(DATA / "cities.txt")
    assert again.kind == "backoff"
    assert again.sample(10, seed=3) == model.sample(10, seed=3)
    assert again.evaluate(corpus) == model.evaluate(corpus)
    assert again.metrics == model.metrics
    assert model.metrics.imported is not None
    assert model.metrics.imported.ngrams == (29, 303, 745, 818)
    assert model.with_metrics(Metrics(notes=("a",))).metrics == Metrics(notes=("a",))
    assert model.training_nats() is None  # an ARPA file does not tell what it was trained on
    with pytest.raises(SettingsError, match="comes from an ARPA file"):
        spec_of("backoff", {})


@pytest.mark.parametrize(
    "change",
    [
        {"start": np.array([99999])},
        {"first": np.zeros(3, dtype=np.int64)},
        {"link": None},
        {"target": -1},
        {"symbols": 0},
        {"price": np.inf},
        {"log_prob": 0.5},
        {"log_prob": np.nan},
    ],
    ids=str,
)
def test_arrays_that_are_no_automaton(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    read_arpa(DATA / "cities.arpa").save(path)
    good = read_model_file(path)
    arrays = dict(good.arrays)
    for name, value in change.items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif value is None:
            arrays[name] = arrays[name][::-1]
        else:
            arrays[name] = np.full_like(arrays[name], value)
    write_model_file(path, type(good)(good.kind, arrays, good.document))
    with pytest.raises(ModelFileError, match="is not a usable model"):
        nextchar.load(path)


# -- the commands ------------------------------------------------------------------------------------------------


def run(*args: object, stdin: bytes | None = None, code: int = 0) -> Any:
    result = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def test_the_commands(tmp_path: Path) -> None:
    model, arpa, back = tmp_path / "m.safetensors", tmp_path / "m.arpa.gz", tmp_path / "b.safetensors"
    Ngram(order=3, smoothing="witten-bell").fit(CORPUS).save(model)
    assert "n-grams of orders 1 to 3" in run("export", model, arpa).stdout
    assert "backoff (order 3), alphabet of 13 symbols" in run("import", arpa, "-o", back, "--lower").stdout
    ours, theirs = (run("score", path, stdin=b"emma\n").stdout for path in (model, back))
    assert ours == theirs
    assert run("score", back, stdin=b"EMMA\n").stdout == theirs.replace("emma", "EMMA")  # --lower; as it came in
    text = gzip.decompress(arpa.read_bytes())
    assert '"order": 3' in run("import", "-", "-o", back, "--json", stdin=text).stdout


def test_impossible_things_are_noted(tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    Ngram(order=2, add=0).fit(CORPUS).save(model)
    assert "numbers are -99" in run("export", model, tmp_path / "m.arpa").stderr


def test_commands_that_cannot_work_write_nothing(tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    Ngram(order=2).fit(CORPUS).save(model)
    before = model.read_bytes()
    for args, says in (
        (("export", model, model), "is also an input"),
        (("export", model, tmp_path), "is a directory"),
        (("export", model, tmp_path / "no" / "x.arpa"), "there is no folder"),
        (("export", model, tmp_path / "x.arpa.xz"), "end the name in .gz"),
        (("export", tmp_path / "none", tmp_path / "x.arpa"), "no such file"),
        (("import", model, "-o", tmp_path / "y.safetensors"), "it is a safetensors file, perhaps a model"),
        (("import", tmp_path / "none", "-o", tmp_path / "y.safetensors"), "no such file"),
        (("import", DATA / "cities.txt", "-o", tmp_path / "y.safetensors"), "line 1: an ARPA file begins with"),
    ):
        result = run(*args, code=2 if "xz" in str(args[-1]) else 1)  # a name that no model and no data could allow
        assert says in result.stderr
        assert result.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]
    assert model.read_bytes() == before


def test_other_models_have_no_arpa_form(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not made of n-grams"):
        write_arpa(type("Net", (), {"kind": "net", "log_probs": len})(), tmp_path / "m.arpa")
