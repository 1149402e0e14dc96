"""Nets inside context mixing: what they say of the bits of a code, and models that take it in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pytest

import nextchar
from nextchar.core.reader import TextReader
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError

torch = pytest.importorskip("torch")

from nextchar.models.context_mixing.code_tree import children, tree_of  # noqa: E402
from nextchar.models.context_mixing.hints import HintReader, Hints, NetsInside  # noqa: E402
from nextchar.models.context_mixing.model import ContextMixing, ContextMixingModel  # noqa: E402
from nextchar.models.context_mixing.with_nets import (  # noqa: E402
    AGAIN,
    FURTHER_SHARE,
    TAUGHT,
    ContextMixingWithNets,
    MixingWithNets,
    _cut,
    _evened,
    _parts,
)
from nextchar.models.neural.families import LSTM, Transformer  # noqa: E402
from nextchar.models.neural.model import NeuralModel  # noqa: E402

CHANCE = np.random.default_rng(4)
WORDS = ["the", "cat", "sat", "on", "mat", "dog", "ran", "far", "Away", "and"]
TEXT = " ".join(CHANCE.choice(WORDS, 900)) + "\n"
DATA = Corpus.from_documents([TEXT])
BEGIN = 3000


@pytest.fixture(scope="module")
def net() -> NeuralModel:
    first = Corpus.from_documents([TEXT[:BEGIN]], alphabet=DATA.alphabet)
    return Transformer(context=24, width=16, heads=2, layers=2, steps=150, hold_out=0.0, seed=1).fit(first)


@pytest.fixture(scope="module")
def other() -> NeuralModel:
    first = Corpus.from_documents([TEXT[:BEGIN]], alphabet=DATA.alphabet)
    return LSTM(embedding=8, width=12, steps=30, hold_out=0.0, seed=2).fit(first)


@pytest.fixture(scope="module")
def mixed(net: NeuralModel, other: NeuralModel) -> ContextMixingModel:
    inside = NetsInside((net, other), (net, other), BEGIN)
    return ContextMixing(contexts=9, passes=1).fit_ordered(DATA, None, inside)


def below(child: np.ndarray[Any, Any], node: int) -> list[int]:
    return [-1 - node] if node < 0 else [s for branch in child[node] for s in below(child, int(branch))]


def test_a_hint_is_the_share_of_the_symbols_below_the_1_branch(net: NeuralModel) -> None:
    tree = tree_of(children(DATA.ids, DATA.alphabet.size))
    hints = Hints.of((net,), tree)
    rows = net.log_probs(np.array([[0, 3, 5, 2]]))[0]
    p = np.exp(rows)
    wanted = np.array(
        [[p[t, below(tree.child, c[1])].sum() / p[t, below(tree.child, n)].sum() for n, c in enumerate(tree.child)]
         for t in range(4)]
    )  # fmt: skip
    assert hints.at_nodes(rows) == pytest.approx(np.clip(wanted, 1e-6, 1 - 1e-6), abs=1e-6)
    ids = np.array([3, 5, 2, 0])
    paths = hints.on_paths(rows, ids)
    for t, symbol in enumerate(ids):
        path = tree.node[tree.first[symbol] : tree.first[symbol + 1]]
        bits = tree.bit[tree.first[symbol] : tree.first[symbol + 1]]
        assert paths[t, : len(path)] == pytest.approx(wanted[t, path], abs=1e-6)
        assert not paths[t, len(path) :].any()
        taken = np.where(bits == 1, wanted[t, path], 1 - wanted[t, path])
        assert np.prod(taken) == pytest.approx(p[t, symbol], rel=1e-6)  # the code says what the row says


def test_hints_do_not_depend_on_how_much_is_read_at_once(net: NeuralModel, other: NeuralModel) -> None:
    hints = Hints.of((net, other), tree_of(children(DATA.ids, DATA.alphabet.size)))
    ids = DATA.ids[:700]
    whole = HintReader(hints).read(ids)
    reader = HintReader(hints)
    parts = [reader.read(ids[at : at + 90]) for at in range(0, 630, 90)]
    fork = reader.fork()
    parts.append(reader.read(ids[630:]))
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-6)
    assert fork.read(ids[630:]) == pytest.approx(whole[630:], abs=1e-6)
    late = HintReader(hints, ids[:600])  # the Transformer looks back 2 layers of 24 symbols, the LSTM forgets
    assert late.read(ids[600:])[:, 0] == pytest.approx(whole[600:, 0], abs=1e-6)
    skipped = HintReader(hints)
    skipped.skip(ids[:630])
    assert skipped.at_nodes == pytest.approx(fork_at(hints, ids[:630]), abs=1e-6)


def fork_at(hints: Hints, ids: Any) -> Any:
    reader = HintReader(hints)
    reader.read(ids)
    return reader.at_nodes


def test_nothing_is_said_before_the_last_part(net: NeuralModel) -> None:
    tree = tree_of(children(DATA.ids, DATA.alphabet.size))
    between = NetsInside((net,), (net,), BEGIN).hinted(DATA, tree)
    assert not between(0, BEGIN).any()
    across = between(BEGIN - 5, BEGIN + 5)
    assert across.shape == (10, 1, int(tree.depth.max()) + 1)
    assert not across[:5].any()
    assert (across[5:, 0, 0] > 0).all()  # at the root
    whole = HintReader(Hints.of((net,), tree)).read(DATA.ids)
    assert between(BEGIN + 7, DATA.symbols) == pytest.approx(whole[BEGIN + 7 :], abs=1e-6)


def test_rows_are_those_that_texts_are_scored_by(mixed: ContextMixingModel) -> None:
    text = TEXT[BEGIN : BEGIN + 120]
    ids = np.concatenate([[0], DATA.alphabet.encode(text)])
    rows = mixed.log_probs(ids[None])[0]
    assert np.exp(rows).sum(1) == pytest.approx(np.ones(121), abs=1e-6)
    scored = mixed.symbol_nats(Corpus.from_documents([text], alphabet=DATA.alphabet))
    assert -rows[np.arange(120), ids[1:]] == pytest.approx(scored[:120], abs=2e-5)  # the same sums, of blocks
    both = mixed.start(2)
    state = mixed.select(mixed.advance(both.state, ids[1:3]).state, np.array([1, 0]))
    one = mixed.advance(mixed.start(1).state, ids[2:3])
    assert mixed.advance(state, ids[3:5]).log_probs[0] == pytest.approx(
        mixed.advance(one.state, ids[3:4]).log_probs[0], abs=2e-5
    )


def test_a_net_inside_helps_where_it_knows_more(net: NeuralModel) -> None:
    few = Corpus.from_documents([" ".join(CHANCE.choice(WORDS, 600))], alphabet=DATA.alphabet)  # new to the net
    unknown = Corpus.from_documents([" ".join(CHANCE.choice(WORDS, 300))], alphabet=DATA.alphabet)
    alone = ContextMixing(contexts=9, passes=1).fit(few)
    mixed = ContextMixing(contexts=9, passes=1).fit_ordered(few, None, NetsInside((net,), (net,), 0))
    assert mixed.evaluate(unknown).nats < alone.evaluate(unknown).nats


def test_nets_are_kept_in_the_file(mixed: ContextMixingModel, tmp_path: Path) -> None:
    unknown = Corpus.from_documents([" ".join(CHANCE.choice(WORDS, 300))], alphabet=DATA.alphabet)
    mixed.save(tmp_path / "m")
    again = cast(ContextMixingModel, nextchar.load(tmp_path / "m"))
    assert [member.kind for member in again.members] == ["transformer", "lstm"]
    assert again.evaluate(unknown).nats == mixed.evaluate(unknown).nats
    assert again.sample(2, seed=3, max_length=20) == mixed.sample(2, seed=3, max_length=20)


def test_weights_of_nets_count_the_bits_that_they_learn_from_by_themselves(mixed: ContextMixingModel) -> None:
    tree = mixed.learned.tree
    bits = np.diff(tree.first)[DATA.ids]
    assert mixed.learned.mixers.steps.tolist() == [bits.sum(), bits[BEGIN:].sum()]  # nothing is said before
    reader = mixed.reader(adaptive=True)
    reader.read(TEXT[:50])
    reader.fork().read("cat")  # what a fork learns is noted, and undone for the other
    assert reader.push("dog") == pytest.approx(mixed_reader_after(mixed, TEXT[:50]).push("dog"), abs=1e-9)
    alone = ContextMixing(contexts=9, passes=1).fit(DATA)
    assert alone.learned.mixers.steps.tolist() == [bits.sum()]


def mixed_reader_after(model: ContextMixingModel, text: str) -> TextReader:
    reader = model.reader(adaptive=True)
    reader.read(text)
    return reader


@pytest.mark.parametrize("adaptive", [False, True])
def test_a_reader_says_the_same_at_once_and_symbol_by_symbol(mixed: ContextMixingModel, adaptive: bool) -> None:
    text = TEXT[500:640]
    whole = mixed.reader(adaptive=adaptive).read(text)
    reader = mixed.reader(adaptive=adaptive)
    for t, symbol in enumerate(DATA.alphabet.encode(text)):
        assert -reader.log_probs[symbol] == pytest.approx(whole[t], abs=2e-5)
        reader.push(text[t])
    assert reader.nats == pytest.approx(whole.sum(), abs=1e-3)
    other = reader.fork()
    assert other.push("cat") == pytest.approx(reader.push("cat"), abs=1e-5)


def test_what_cannot_be_trained_is_said() -> None:
    with pytest.raises(SettingsError, match="there is no net 'gpt'"):
        ContextMixingWithNets(nets=("gpt",)).fit(DATA)
    with pytest.raises(SettingsError, match="1 second is too few for 1 net and context mixing"):
        ContextMixingWithNets(nets=("mlp",), seconds=1).fit(DATA)
    with pytest.raises(SettingsError, match="at least one net"):
        ContextMixingWithNets().fit(DATA)
    with pytest.raises(SettingsError, match="4 symbols are too few"):
        ContextMixingWithNets(nets=("mlp",), seconds=60).fit(["aba"])


def test_hints_and_mixing_have_the_seconds_that_they_need() -> None:
    def mixing(learning: Literal["static", "adaptive"], passes: int | None = None) -> MixingWithNets:
        return MixingWithNets(ContextMixing(learning=learning, passes=passes), (Transformer(seconds=1),), (), 600)

    # 5 seconds, 45 us a symbol and pass, and 20 us a symbol for what the net says
    assert mixing("static")._mixing_share(1_000_000) == pytest.approx((5 + 2 * 45 + 20) / 600)
    assert mixing("static", 1)._mixing_share(1_000_000) == pytest.approx((5 + 45 + 20) / 600)
    assert mixing("adaptive")._mixing_share(1_000_000) == pytest.approx((5 + 45 + 20) / 600)
    assert mixing("adaptive")._mixing_share(10_000_000) == 0.2  # never more


def test_a_net_reads_all_parts_of_the_data_about_equally_often() -> None:
    begin = _cut(DATA)
    _, last = _parts(DATA, begin)
    more = _evened(DATA, last)
    assert more.ids.tolist() == DATA.ids.tolist() + AGAIN * DATA.ids[begin:].tolist()
    assert len(more) == 1 + AGAIN  # texts: the whole one, and its end
    # of each symbol of the data the nets read so many, first from the first part, then from all
    of_all = FURTHER_SHARE / (1 + AGAIN * (1 - TAUGHT))
    of_the_first = (1 - FURTHER_SHARE) / TAUGHT + of_all
    assert (1 + AGAIN) * of_all == pytest.approx(of_the_first, rel=0.1)


@pytest.mark.slow  # it takes its time
@pytest.mark.parametrize("data", [DATA, Corpus.from_items(["emma", "ava", "mia", "amelia", "viola"] * 40)])
def test_it_is_trained_within_a_time(data: Corpus) -> None:
    told: list[float] = []
    spec = ContextMixingWithNets(nets=("mlp:small",), seconds=6, contexts=9, passes=1)
    model = spec.fit(data, progress=lambda at: told.append(at.share))
    assert told == sorted(told)
    assert [member.kind for member in model.members] == ["mlp"]
    assert model.provenance.symbols == model.members[0].provenance.symbols == data.symbols
    assert np.isfinite(model.evaluate(data).nats)
