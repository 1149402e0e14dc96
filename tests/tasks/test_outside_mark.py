"""PPMd as a mark for texts."""

from __future__ import annotations

import math
import random
import sys

import pytest

from nextchar.data.corpus import Corpus
from nextchar.data.splits import Split, split
from nextchar.errors import MissingExtraError, SettingsError
from nextchar.tasks.leaderboard import outside_entry
from nextchar.tasks.outside_mark import ORDERS, best_order, ppmd_mark

pyppmd = pytest.importorskip("pyppmd")


def documents(*texts: str) -> Corpus:
    return Corpus.from_documents(texts)


def size(content: bytes, order: int) -> int:
    return len(pyppmd.compress(content, max_order=order, mem_size=1 << 28, variant="I"))


def noise(symbols: str, length: int, seed: int) -> str:
    return "".join(random.Random(seed).choices(symbols, k=length))


def test_it_is_what_the_text_adds_to_the_compressed_beginning() -> None:
    first, second = noise("abcd", 4000, 1), noise("abcd", 1000, 2)
    whole = documents(first, second)
    mark = ppmd_mark(whole.take([0]), whole.take([1]))
    added = size(f"{first}\0{second}\0".encode(), mark.order) - size(f"{first}\0".encode(), mark.order)
    assert mark.nats_per_symbol == pytest.approx(8 * added * math.log(2) / 1001, rel=1e-12)
    # four symbols at random are 2 bits each, and no model knows better
    assert 2.0 < mark.nats_per_symbol / math.log(2) < 2.2
    assert mark.size_bytes == size(f"{first}\0".encode(), mark.order)


def test_a_text_that_was_read_before_costs_next_to_nothing() -> None:
    text = noise("abcdefgh", 3000, 3)
    whole = documents(text, text)
    assert ppmd_mark(whole.take([0]), whole.take([1])).nats_per_symbol < 0.3  # 3 bits a symbol if it were new


def test_symbols_are_ours_and_bytes_those_of_utf8() -> None:
    text = noise("天地玄黃宇宙洪荒", 3000, 4)  # 8 characters of three bytes each: 3 bits a symbol
    whole = documents(text[:2000], text[2000:])
    assert 3.0 < ppmd_mark(whole.take([0]), whole.take([1])).nats_per_symbol / math.log(2) < 3.6


@pytest.mark.parametrize("copies", [1, 30])
def test_the_order_is_the_best_around(copies: int) -> None:
    content = (noise("abcdefgh ", 200, 5) * copies + noise("abcdefgh ", 2000, 6)).encode()
    beginning = content[: len(content) - len(content) // 10]
    cost = {order: size(content, order) - size(beginning, order) for order in ORDERS}
    best = ORDERS.index(best_order(content))
    assert cost[ORDERS[best]] <= min(cost[order] for order in ORDERS[max(best - 1, 0) : best + 2])
    assert cost[ORDERS[best]] <= cost[6]


def test_the_held_out_part_has_no_say_in_the_order() -> None:
    first = noise("abcd", 3000, 7)
    for second in (noise("abcd", 500, 8), first[:500], "a" * 500):
        whole = documents(first, second)
        assert ppmd_mark(whole.take([0]), whole.take([1])).order == best_order(f"{first}\0".encode())


def test_it_is_marked_as_adaptive_and_not_ours() -> None:
    entry = outside_entry(split(documents("to be or not to be, " * 50), "tail:0.1"), part="validation")
    assert entry.name.startswith("ppmd: order ")
    assert entry.name.endswith(", not ours")
    assert (entry.adaptive, entry.outside, entry.new_nats_per_symbol) == (True, True, None)
    assert entry.document()["outside"] is True


def test_what_cannot_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = documents("ab", "b")
    with pytest.raises(SettingsError, match="at least one character"):
        ppmd_mark(whole.take([0]), whole.take([]))
    monkeypatch.setitem(sys.modules, "pyppmd", None)
    with pytest.raises(MissingExtraError, match=r'pip install "nextchar\[pyppmd\]"'):
        outside_entry(Split(train=whole.take([0]), validation=whole.take([1]), test=whole.take([1])))
