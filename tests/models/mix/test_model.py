"""The mix: against counting in plain Python without each item, against finite differences, and at its edges."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from click.testing import CliRunner

from nextchar._kernels.log_sum import log_sum
from nextchar._kernels.mix.contexts import context_hash, count_contexts, places_of_stream, read_symbol
from nextchar._kernels.mix.exponents import row_exponents
from nextchar._kernels.mix.gate import add_gradient, fit_steps, room_for
from nextchar._kernels.mix.sizes import (
    COARSE,
    FINE,
    MATCHES,
    PLACES,
    POSITIONS,
    STATE,
    TOTAL_BUCKETS,
    USED_BITS,
    USED_SET,
    WINDOW,
    state_words,
)
from nextchar.cli import main
from nextchar.core.constraint import Constraint
from nextchar.core.metrics import Metrics
from nextchar.core.model import SavedModel
from nextchar.core.plan import Plan
from nextchar.core.sampling import draw_plainly
from nextchar.core.scoring import symbol_nats_plainly
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import shipped_path
from nextchar.errors import CorpusError, ModelFileError, SettingsError
from nextchar.models.mix.expert_counts import Tables, _Counter, _discounts, count_experts
from nextchar.models.mix.experts import EXPERTS, Context, Expert, context_table
from nextchar.models.mix.gate import decay_of, first_gate, zeros_like
from nextchar.models.mix.left_out import FIT_CELLS, leave_one_out
from nextchar.models.mix.model import Mix
from nextchar.models.mix.symbol_classes import symbol_classes
from nextchar.models.ngram.counts import count
from nextchar.models.ngram.smoothing import FALLBACK
from nextchar.models.registry import load

ITEMS = ["anna", "ann", "hanna", "nan", "banana", "abba", "anna", "hahahahahaha", "b", "bab"]
CORPUS = Corpus.from_items(ITEMS)
FAST = Mix(epochs=2)
ALL = list(dict.fromkeys(expert.context for expert in EXPERTS))


def tables_of(corpus: Corpus) -> Tables:
    classes = symbol_classes(count(corpus, 2))
    items = np.arange(len(corpus), dtype=np.int64)
    return count_experts(corpus, EXPERTS, classes, items, lambda _share: True)


# -- leaving an item out, against counting without it in plain Python ---------------------------------------------


def seen(prefix: list[int], context: Context, classes: list[int]) -> tuple[Any, ...] | None:
    """What a context holds of a prefix (oldest symbol first), or None where it is none."""
    if context.chain > len(prefix) + 1:
        return None
    newest = [*prefix[::-1], *[BOUNDARY] * 20]
    first = [*prefix, *[BOUNDARY] * 20]
    coarse = [number & COARSE for number in classes]
    window = newest[:WINDOW]
    runs = [symbol for symbol, _ in itertools.groupby(window)]
    own = coarse[newest[0]]
    same = [symbol for symbol in window if symbol and coarse[symbol] == own]
    others = [symbol for symbol in window if symbol and coarse[symbol] != own]
    return (
        tuple(newest[j - 1] for j in context.symbols),
        tuple(coarse[newest[j - 1]] for j in context.classes),
        tuple(first[: context.first]),
        min(len(prefix), 20) if context.position else None,
        tuple(coarse[symbol] for symbol in prefix) if context.all_classes else None,
        frozenset(prefix) if context.used else None,
        tuple(newest[:6].index(symbol) for symbol in newest[:6]) if context.equal else None,
        tuple(sorted(newest[: context.bag])),
        (tuple(runs[: context.runs]), newest[0] == newest[1]) if context.runs else None,
        (own, tuple(same[: context.own_class])) if context.own_class else None,
        (own, tuple(others[: context.other_class])) if context.other_class else None,
        tuple(classes[symbol] >> FINE for symbol in newest[: context.fine]),
    )


class Brute:
    """The experts' counts of some items, in dictionaries."""

    def __init__(self, items: list[list[int]], tables: Tables) -> None:
        self.tables = tables
        self.classes = tables.classes.tolist()
        self.counts: dict[Context, dict[tuple[Any, ...] | None, Counter[int]]] = {}
        for context in {expert.context for expert in EXPERTS}:
            table: dict[tuple[Any, ...] | None, Counter[int]] = defaultdict(Counter)
            for item in items:
                for t, symbol in enumerate([*item, BOUNDARY]):
                    table[seen(item[:t], context, self.classes)][symbol] += 1
            self.counts[context] = table

    def times(self, prefix: list[int], expert: Expert) -> dict[int, float]:
        """How often each symbol counts after a prefix, by an expert."""
        key = seen(prefix, expert.context, self.classes)
        if key is None:
            return {}
        raw = dict(self.counts[expert.context][key])
        k = expert.context.chain
        if expert.family == "raw" or k == 8 or k == len(prefix) + 1:
            return {w: float(n) for w, n in raw.items()}
        longer = Context(symbols=tuple(range(1, k + 2)), chain=k + 1)
        known = [(other[0], c) for other, c in self.counts[longer].items() if other is not None]
        return {w: float(sum(1 for symbols, c in known if symbols[:k] == key[0] and c[w])) for w in raw}

    def probability(self, prefix: list[int], family: str, k: int) -> dict[int, float]:
        """p of each symbol after the suffix of k symbols: interpolated, with the tables' discounts."""
        p = dict(enumerate(self.tables.unigram.tolist()))
        for j in range(1, k + 1):
            e = next(i for i, x in enumerate(self.tables.experts) if x.context.chain == j and x.family == family)
            times = self.times(prefix, self.tables.experts[e])
            if times:
                n = sum(times.values())
                away = {w: float(self.tables.discounts[e][min(int(x), 3)]) for w, x in times.items()}
                given = sum(away.values())
                p = {w: (times.get(w, 0) - away.get(w, 0)) / n + given / n * p[w] for w in p}
        return p

    def gains(self, prefix: list[int], e: int) -> dict[int, float]:
        """log p(w) less that of the shorter suffix, less what unseen symbols have of it."""
        expert = self.tables.experts[e]
        times = self.times(prefix, expert)
        family = "raw" if expert.context.chain and expert.family == "raw" else "kn"
        low = self.probability(prefix, family, expert.backoff)
        away = {w: float(self.tables.discounts[e][min(int(x), 3)]) for w, x in times.items()}
        given, n = sum(away.values()), sum(times.values())
        return {
            w: math.log((x - away[w]) / n + given / n * low[w]) - math.log(given / n * low[w]) for w, x in times.items()
        }


def cells(rows: Any, at: int, e: int) -> dict[int, float]:
    begin = int(rows.first[at] + rows.lengths[at, :e].sum())
    end = begin + int(rows.lengths[at, e])
    return dict(zip(rows.symbols[begin:end].tolist(), rows.gains[begin:end].tolist(), strict=True))


def test_leaving_an_item_out_is_counting_without_it() -> None:
    tables = tables_of(CORPUS)
    before = tables.counts.copy(), tables.continuations.copy()
    rows = leave_one_out(CORPUS, tables, FIT_CELLS)
    assert np.array_equal(tables.counts, before[0])
    assert np.array_equal(tables.continuations, before[1])
    gate = first_gate(tables)
    log_unigram = np.log(tables.unigram)
    items = [CORPUS.alphabet.encode(item).astype(int).tolist() for item in ITEMS]
    at = 0
    for i, item in enumerate(items):
        brute = Brute(items[:i] + items[i + 1 :], tables)
        for t, target in enumerate([*item, BOUNDARY]):
            for e in range(len(EXPERTS)):
                assert cells(rows, at, e) == pytest.approx(brute.gains(item[:t], e), abs=1e-5)
            # with the weights that the fit begins with, the mix is Kneser-Ney smoothing
            nats = add_gradient(at, rows, gate, log_unigram, zeros_like(gate), room_for(gate, len(log_unigram)))
            assert nats == pytest.approx(-math.log(brute.probability(item[:t], "kn", 8)[target]), abs=1e-5)
            at += 1
    assert at == len(rows.target)


def test_the_gradient_is_that_of_finite_differences() -> None:
    tables = tables_of(CORPUS)
    rows = leave_one_out(CORPUS, tables, FIT_CELLS)
    rows.weight[:] = np.arange(len(rows.target)) % 3 + 1
    rng = np.random.default_rng(5)
    gate = first_gate(tables)
    gate.flat[:] += rng.normal(scale=0.1, size=gate.flat.shape)
    log_unigram = np.log(tables.unigram)

    def total(gradient: Any) -> float:
        room = room_for(gate, len(log_unigram))
        return float(sum(add_gradient(at, rows, gate, log_unigram, gradient, room) for at in range(len(rows.target))))

    gradient, spare = zeros_like(gate), zeros_like(gate)
    total(gradient)
    for part, slopes in zip(gate[1:7], gradient[1:7], strict=True):
        used = np.flatnonzero(slopes)
        assert len(used) > 3
        for k in rng.choice(used, 12):
            h, kept = 1e-5, part.flat[k]
            part.flat[k] = kept + h
            above = total(spare)
            part.flat[k] = kept - h
            below = total(spare)
            part.flat[k] = kept
            assert slopes.flat[k] == pytest.approx((above - below) / (2 * h), rel=1e-4, abs=1e-5)


# -- classes ------------------------------------------------------------------------------------------------------


def test_the_classes_of_names_are_vowels_and_consonants() -> None:
    corpus = Corpus.from_file(shipped_path(), column="name")
    corpus = Corpus.from_items([item.lower() for item in corpus])
    classes = symbol_classes(count(corpus, 2))
    of = {c: int(classes[i + 1]) & COARSE for i, c in enumerate(corpus.alphabet.characters)}
    assert classes[BOUNDARY] == 0
    assert len({of[c] for c in "aeiou"}) == 1
    assert {of[c] for c in "bcdfgjklmnpqrstvwxz"} == {3 - of["a"]}


# -- kinds of context ---------------------------------------------------------------------------------------------


def test_what_is_finer_tells_apart_whatever_the_coarser_does() -> None:
    rng = np.random.default_rng(0)
    prefixes = [rng.integers(1, 4, rng.integers(0, 9)).tolist() for _ in range(500)]
    # coarse classes: odd and even; fine ones: one for each symbol
    classes = [0, *(1 + s % 2 | s << FINE for s in range(1, 4))]
    held = {context: [seen(prefix, context, classes) for prefix in prefixes] for context in ALL}
    finer = 0
    for own in ALL:
        for other in ALL:
            if other.chain or not own.is_finer_than(other):
                continue
            finer += 1
            coarse: dict[Any, Any] = {}
            for key, found in zip(held[own], held[other], strict=True):
                assert key is None or coarse.setdefault(key, found) == found, (own, other)
    assert finer > 100
    last_two = Context(symbols=(1, 2), position=True)
    assert Context(symbols=(1, 2, 3), position=True).is_finer_than(last_two)
    assert not last_two.is_finer_than(Context(symbols=(1, 2, 3), position=True))
    assert not Context(symbols=(1, 2, 3)).is_finer_than(last_two)


# -- edges --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("items", [["a"], ["a", "a"], ["ab"], ["x" * 300], ["é", "👩‍👧", "日本"]])
def test_tiny_data(items: list[str]) -> None:
    model = FAST.fit(Corpus.from_items(items))
    ids = np.array([[0, 1, 1, 0, 1]])
    np.testing.assert_allclose(np.exp(model.log_probs(ids)).sum(axis=-1), 1, atol=1e-9)
    assert all(model.sample(5, seed=1, max_length=50))
    nats = model.training_nats()
    assert nats is not None
    assert math.isfinite(nats)


@pytest.mark.slow
def test_an_alphabet_of_thousands(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    points = 0x4E00 + (5000 * rng.random((1500, 3)) ** 3).astype(int)
    corpus = Corpus.from_items(["".join(map(chr, row)) for row in points])
    assert corpus.alphabet.size > 1000
    model = Mix(epochs=0.5).fit(corpus)
    ids = rng.integers(0, corpus.alphabet.size, size=(20, 4))
    ids[:, 0] = 0
    np.testing.assert_allclose(np.exp(model.log_probs(ids)).sum(axis=-1), 1, atol=1e-9)
    few = corpus.take(np.arange(30))
    np.testing.assert_allclose(model.symbol_nats(few), symbol_nats_plainly(model, few), atol=1e-9)
    model.save(tmp_path / "m.safetensors")
    assert np.array_equal(load(tmp_path / "m.safetensors").log_probs(ids), model.log_probs(ids))


@pytest.mark.parametrize("V", [64, 65, 129, 300])
def test_the_set_of_symbols_is_exact_in_any_alphabet(V: int) -> None:
    rng = np.random.default_rng(V)
    characters = [chr(0x4E00 + i) for i in range(V - 1)]
    # ids 1 and 64, 2 and 65 and so on are the same modulo 63; of few symbols many items have the same set
    few = [characters[i] for i in (0, 1, 62, V // 2, V - 2, min(63, V - 2), min(64, V - 2))]
    items = ["".join(characters), *("".join(rng.choice(few, rng.integers(1, 7))) for _ in range(400))]
    corpus = Corpus.from_items(items)
    assert corpus.alphabet.size == V
    kind = _Counter(corpus, np.ones(V, dtype=np.int64)).count(Context(used=True))
    prefixes = [frozenset(item[:t]) for item in items for t in range(len(item) + 1)]
    context = np.searchsorted(kind.row_first, kind.cell, side="right") - 1  # of each position
    pairs = set(zip(prefixes, context.tolist(), strict=True))
    assert len(pairs) == len(set(prefixes)) == len(kind.keys)  # one context for each set, and one set for each


def test_files_with_sets_modulo_63_keep_their_meaning() -> None:
    def scattered(z: int) -> int:  # SplitMix64's finaliser
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    golden = 0x9E3779B97F4A7C15
    V, symbols = 300, [1, 64, 200, 7]
    used = 1 << 1 | 1 << 200 % 63 | 1 << 7  # 64 is 1 modulo 63
    old = np.array([[0, 0, 0, USED_BITS, 0]])
    assert state_words(old, V) == STATE
    expected = scattered((golden + used * golden + 303) % 2**64)
    for words in (STATE, state_words(context_table([Context(used=True)], V), V)):
        state = np.zeros(words, dtype=np.int64)
        for symbol in symbols:
            read_symbol(state, symbol, np.ones(V, dtype=np.int64))
        assert int(context_hash(state, old[0], np.ones(V, dtype=np.int64))) == expected


def test_a_large_alphabet_goes_through_a_file(tmp_path: Path) -> None:
    corpus = Corpus.from_items(["".join(chr(0x4E00 + (i * j) % 150) for j in range(1, 5)) for i in range(150)])
    model = FAST.fit(corpus)
    assert (model.tables["contexts"][:, 3] & USED_SET).any()
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(load(tmp_path / "m").nats(corpus), model.nats(corpus))
    np.testing.assert_allclose(symbol_nats_plainly(model, corpus), model.symbol_nats(corpus), atol=1e-12)


def test_shared_beginnings_are_read_once_and_score_the_same() -> None:
    model = FAST.fit(CORPUS)
    long = "banana" * 30  # longer than the rows that are kept
    corpus = Corpus.from_items([long + "a", "ban", long + "b", "banana", "ban", long], alphabet=CORPUS.alphabet)
    np.testing.assert_allclose(model.symbol_nats(corpus), symbol_nats_plainly(model, corpus), atol=1e-12)


def test_the_same_settings_make_the_same_model() -> None:
    first, second = FAST.fit(CORPUS), FAST.fit(CORPUS)
    for name, array in first.arrays().items():
        assert np.array_equal(array, second.arrays()[name]), name
    ids = np.array([[0, 1, 2]])
    other = Mix(epochs=2, seed=1).fit(CORPUS)
    assert first.settings != other.settings
    np.testing.assert_allclose(np.exp(other.log_probs(ids)).sum(axis=-1), 1)


@pytest.mark.parametrize("meaning", ["importance", "repeats"])
def test_weights_count_by_their_ratios(meaning: Literal["importance", "repeats"]) -> None:
    """All weights times five is the same data; a weight of 0 is no item."""
    weights = [1, 2, 1, 1, 4, 1, 1, 1, 1, 1]
    ids = np.array([[0, 1, 2, 1], [0, 2, 2, 3]])
    spec = replace(FAST, weights=meaning)
    once = spec.fit(Corpus.from_items(ITEMS, weights))
    more = spec.fit(Corpus.from_items([*ITEMS, "bbb"], [*(5 * w for w in weights), 0]))
    np.testing.assert_allclose(more.log_probs(ids), once.log_probs(ids), atol=1e-6)
    plain = FAST.fit(CORPUS)
    assert not np.allclose(plain.log_probs(ids), once.log_probs(ids), atol=1e-3)
    counted = [np.array_equal(once.arrays()[name], plain.arrays()[name]) for name in ("gains", "totals", "buckets")]
    assert counted == [meaning == "importance"] * 3  # what experts say is then as without weights
    with pytest.raises(CorpusError, match="all have weight 0"):
        FAST.fit(replace(CORPUS, weights=np.zeros(len(CORPUS), dtype=np.int64)))


def test_ctrl_c_keeps_the_weights_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[None] = []
    steps = fit_steps

    def interrupted(*arguments: Any) -> Any:
        calls.append(None)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return steps(*arguments)

    monkeypatch.setattr("nextchar._kernels.mix.gate.fit_steps", interrupted)
    model = Mix(epochs=50).fit(CORPUS)
    assert "interrupted after 1.0 epochs" in str(model.metrics.stopped)
    np.testing.assert_allclose(np.exp(model.log_probs(np.array([[0, 1]]))).sum(axis=-1), 1)


def test_a_short_time_leaves_experts_out() -> None:
    model = Mix(seconds=1e-6).fit(CORPUS)
    assert 16 <= len(model.metrics.experts) < len(EXPERTS)
    np.testing.assert_allclose(np.exp(model.log_probs(np.array([[0, 1]]))).sum(axis=-1), 1)
    again = type(model).from_saved(
        SavedModel(model.content().document["settings"], model.arrays(), model.alphabet, model.provenance, Metrics())
    )
    assert again.sample(2, seed=1) == model.sample(2, seed=1)


def test_the_seconds_begin_when_the_loops_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first call that takes longer than all of them, as on a new installation, takes nothing away from them."""
    now = itertools.count(0.0, 1e-6)
    loading = [1000.0]  # seconds
    late = [0.0]

    def counted(*arguments: Any) -> Any:
        late[0] += loading.pop() if loading else 0.0
        return count_contexts(*arguments)

    monkeypatch.setattr("nextchar._kernels.mix.contexts.count_contexts", counted)
    monkeypatch.setattr("nextchar.models.mix.model.time.perf_counter", lambda: next(now) + late[0])
    model = Mix(seconds=60).fit(CORPUS)
    assert loading == []
    assert len(model.metrics.experts) == len(EXPERTS)
    assert model.metrics.training_seconds is not None
    assert model.metrics.training_seconds < 60


def test_where_time_is_short_the_training_loss_is_that_of_a_sample() -> None:
    corpus = Corpus.from_items([f"{i:04d}" for i in range(3000)])  # 15,000 symbols
    model = Mix(seconds=1e-6).fit(corpus)
    loss = model.metrics.losses["train"]
    assert model.training_nats() is None
    assert 495 <= loss.symbols < 15_000
    assert model.metrics.notes == (
        f"the loss on the training data is that of a sample of {loss.symbols:,} of 15,000 symbols",
    )
    assert loss.nats_per_symbol == pytest.approx(model.evaluate(corpus).nats_per_symbol, rel=0.1)
    whole = Mix(epochs=0.1).fit(corpus)
    expected = float(whole.symbol_nats(corpus).sum())
    assert whole.training_nats() == pytest.approx(expected, rel=1e-12)
    assert whole.metrics.losses["train"].nats_per_symbol == pytest.approx(expected / 15_000)
    assert whole.metrics.notes == ()


def test_the_log_of_a_sum_over_thousands_of_scores() -> None:
    rng = np.random.default_rng(0)
    for scores in (rng.normal(-12, 4, 5000), rng.normal(0, 300, 1000), np.array([-745.0, -5.0, -5.0]), np.full(3, 1e4)):
        powers = np.empty(len(scores))
        found = log_sum(scores, np.empty(len(scores)), powers, powers.view(np.int64))
        top = float(scores.max())
        assert found == pytest.approx(top + math.log(math.fsum(np.exp(scores - top).tolist())), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("V", [27, 301])
def test_items_are_drawn_as_from_left_to_right(V: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawer reads each beginning once, of as many items together as there is room for."""
    rest = V - 1
    model = FAST.fit(
        Corpus.from_items(["".join(chr(0x4E00 + (i * j) % rest) for j in range(1, 5)) for i in range(300)])
    )
    assert model.alphabet.size == V
    none = np.empty(0, dtype=model.alphabet.dtype)
    plain = draw_plainly(model, Plan(), Constraint(), 1, none, 3, 50)
    for room in (1 << 22, 20 * V):
        monkeypatch.setattr("nextchar.models.mix.model.ROOM", room)
        made = model.drawer(Plan(), Constraint(), 50)(1, none, 3, 50)
        assert np.array_equal(made.ids, plain.ids)
        assert np.array_equal(made.offsets, plain.offsets)


def test_progress_is_told() -> None:
    told: list[Any] = []
    FAST.fit(CORPUS, progress=told.append)
    shares = [at.share for at in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert "nats per symbol" in told[-1].text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seconds": 0}, "above 0, not 0"),
        ({"seconds": math.inf}, "above 0, not inf"),
        ({"epochs": -1.0}, "above 0 and at most 1,000,000,000, not -1"),
        ({"epochs": math.nan}, "above 0 and at most 1,000,000,000, not nan"),
        ({"seed": -1}, "not -1"),
    ],
)
def test_bad_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Mix(**settings)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("symbols", lambda a: a + 200),
        ("kind", lambda a: a + 1),
        ("gains", lambda a: a[:-1]),
        ("gains", lambda a: a * np.float32("nan")),
        ("row_lengths", lambda a: a[1:]),
        ("slot_of_symbol", lambda a: a + 99),
        ("contexts", lambda a: a * 1000),
        ("totals", lambda a: a + 20),
        ("unigram", lambda a: a * 0),
        ("unigram", lambda a: a + np.inf),
        ("by_symbol", lambda a: a + 1e300),
        ("hidden", lambda a: a[:, 1:]),
        ("hidden", lambda a: a * np.nan),
        ("hidden", lambda a: a.astype(np.float32)),
        ("places", lambda a: a[1:]),
        ("places", lambda a: a[:, :8]),
        ("exponents", lambda a: a.T),
        ("kind", lambda a: np.where(a == a[0], a[1], a)),  # no expert for one kind of context, others for another
    ],
)
def test_tables_that_do_not_fit_are_refused(name: str, change: Any) -> None:
    model = FAST.fit(CORPUS)
    arrays = dict(model.arrays())
    arrays[name] = change(arrays[name])
    with pytest.raises(ModelFileError):
        type(model).from_saved(SavedModel({}, arrays, model.alphabet, model.provenance, Metrics()))


@pytest.mark.parametrize("name", ["hidden", "places"])
def test_half_of_the_hidden_units_is_refused(name: str) -> None:
    model = FAST.fit(CORPUS)
    arrays = {other: array for other, array in model.arrays().items() if other != name}
    with pytest.raises(ModelFileError, match="tables do not fit each other"):
        type(model).from_saved(SavedModel({}, arrays, model.alphabet, model.provenance, Metrics()))


@pytest.mark.parametrize(("units", "places"), [(0, 16), (0, 0), (3, 3), (12, 12)])
def test_another_number_of_hidden_units_is_refused(units: int, places: int) -> None:
    """The loops take them four at a time, and would read beyond three."""
    model = FAST.fit(CORPUS)
    arrays = dict(model.arrays())
    arrays |= {"hidden": arrays["hidden"][:units].copy(), "places": arrays["places"][:, :places].copy()}
    with pytest.raises(ModelFileError, match="tables do not fit each other"):
        type(model).from_saved(SavedModel({}, arrays, model.alphabet, model.provenance, Metrics()))


def test_a_file_without_hidden_units_says_what_its_weights_say() -> None:
    """Units that add nothing to the exponents are none."""
    model = FAST.fit(CORPUS)
    silent = {**model.arrays(), "hidden": np.zeros_like(model.arrays()["hidden"])}
    without = {name: array for name, array in silent.items() if name not in ("hidden", "places")}
    ids = np.array([[0, 1, 2, 3]], dtype=np.uint8)

    def rows(arrays: Any) -> Any:
        saved = SavedModel({}, arrays, model.alphabet, model.provenance, Metrics())
        return type(model).from_saved(saved).log_probs(ids)

    assert np.array_equal(rows(silent), rows(without))
    assert not np.allclose(rows(silent), model.log_probs(ids), atol=1e-9)


def test_where_a_position_is() -> None:
    """The position, the newest five symbols and the first two, of aab and of an item of 20 symbols, in plain Python."""
    items = [[1, 1, 2], [1 + i % 3 for i in range(20)]]
    ids = np.array([symbol for item in items for symbol in (*item, 0)], dtype=np.uint8)
    slots = np.array([5, 6, 7, 8])
    places = np.zeros((len(ids), PLACES), dtype=np.uint8)
    places_of_stream(ids, np.zeros(4, dtype=np.int64), STATE, slots, places)
    at = 0
    for item in items:
        for t in range(len(item) + 1):
            newest = ([0] * 5 + item[:t])[-5:][::-1]
            first = [*item[:t], 0, 0][:2]
            assert places[at].tolist() == [min(t, 15), 0, *(5 + symbol for symbol in newest + first)]
            at += 1


def test_the_exponents_of_a_place_by_hand() -> None:
    """Sums of columns, and softsign of sums of columns times the weights of the hidden units."""
    tables = tables_of(CORPUS)
    gate = first_gate(tables, seed=3)
    gate.flat[:] = np.random.default_rng(4).normal(size=gate.flat.shape)
    L, E = gate.by_symbol.shape[1], len(EXPERTS)
    places = np.array([3, 2, *(j % L for j in range(1, 8))])
    hidden, exponents = np.empty(len(gate.hidden)), np.empty(E + 1)
    row_exponents(places, gate, hidden, exponents)
    begins = [0, POSITIONS, *(POSITIONS + MATCHES + j * L for j in range(7))]
    x = gate.places[np.array(begins) + places].sum(axis=0)
    linear = gate.exponents[TOTAL_BUCKETS + np.array([3, POSITIONS + 2, POSITIONS + MATCHES + 1])].sum(axis=0)
    assert exponents == pytest.approx(linear + (x / (1 + abs(x))) @ gate.hidden)


def test_the_fewer_rows_the_stronger_is_l2() -> None:
    """Half as many rows as are enough: twice as strong against the total; of hidden units as strong as ever."""
    gate = first_gate(tables_of(CORPUS))
    exponents, places = (
        slice(0, gate.exponents.size),
        slice(gate.exponents.size, gate.exponents.size + gate.places.size),
    )
    for R, stronger in ((400_000, 1), (170_000, 1), (85_000, 2), (21_250, 8), (100, 8)):
        decay = decay_of(gate, R)
        assert decay[exponents] == pytest.approx(60 * stronger / R)
        assert decay[places] == pytest.approx(100 / R)


def test_on_the_command_line(tmp_path: Path) -> None:
    names, path = tmp_path / "names.txt", str(tmp_path / "m.safetensors")
    names.write_text("\n".join(ITEMS), encoding="utf-8")
    run = CliRunner().invoke
    made = run(main, ["train", str(names), "-o", path, "--model", "mix", "--epochs", "1"])
    assert made.exit_code == 0, made.output
    assert made.output.startswith("mix (1 epoch)")
    explained = run(main, ["info", path, "--explain"])
    assert explained.exit_code == 0
    assert all(expert.name in explained.output for expert in EXPERTS[:3])
    assert "--explain for its experts" in run(main, ["info", path]).output
    assert run(main, ["sample", path, "-n", "3", "--seed", "1"]).exit_code == 0
    assert run(main, ["train", str(names), "-o", path, "--model", "mix", "--order", "3"]).exit_code == 2
    assert run(main, ["train", str(names), "-o", path, "--seconds", "3"]).exit_code == 2
    assert run(main, ["train", str(names), "-o", path, "--model", "mix", "--seconds", "nan"]).exit_code == 2
    run(main, ["train", str(names), "-o", path])
    refused = run(main, ["info", path, "--explain"])
    assert refused.exit_code == 1
    assert "has no experts" in refused.output


def test_what_it_says_of_an_item_is_much_as_a_mix_without_it() -> None:
    """The gate has seen the item, which for so few makes it somewhat surer; the counts have not."""
    names = Corpus.from_file(shipped_path("names-2018")).take(np.arange(0, 6000, 20))
    settings = Mix(epochs=4)
    model, said = settings.fit_and_say(names)
    assert said is not None
    assert model.settings == settings
    np.testing.assert_allclose(np.exp(said).sum(axis=1), 1, atol=1e-5)
    left_out, without, with_it = [], [], []
    for item in range(0, len(names), 30):
        at = np.arange(names.offsets[item], names.offsets[item + 1])
        alone = names.take(np.array([item]))
        others = settings.fit(names.take(np.delete(np.arange(len(names)), item)).encoded_in(names.alphabet))
        without += others.symbol_nats(alone).tolist()
        left_out += (-said[at, names.ids[at]]).tolist()
        with_it += model.symbol_nats(alone).tolist()
    assert np.corrcoef(left_out, without)[0, 1] > 0.95
    assert np.mean(with_it) + 0.5 < np.mean(left_out) < np.mean(without) < np.mean(left_out) + 0.3


def test_every_count_gives_something_away() -> None:
    """With n1 = n2 = n4 = 1 and n3 = 2, D = 1/3 and the discount of 2 is 2 - 3 x 1/3 x 2/1 = 0: none."""
    assert _discounts(np.array([1.0, 2.0, 3.0, 3.0, 4.0])) == pytest.approx([0, *FALLBACK])
    # with n3 = 1 as well: D = 1/3, 1 - 2/3, 2 - 1 and 3 - 4/3
    assert _discounts(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx([0, 1 / 3, 1, 5 / 3])


def test_where_it_does_not_say_it_of_all_items_it_says_nothing() -> None:
    assert FAST.fit_and_say(Corpus.from_items([chr(0x4E00 + i) for i in range(300)])).log_probs is None
