from __future__ import annotations

import itertools

import numpy as np
import pytest

import nextchar
from nextchar.core.random_streams import item_keys, torch1_uniforms, torch_rand, uniforms
from nextchar.data.corpus import Corpus
from nextchar.data.hashing import GOLDEN, mix
from nextchar.errors import SettingsError

LECTURE_SEED = 2147483647


def test_mix_is_splitmix64() -> None:
    # The first outputs for seed 1234567, as published with the generator's many implementations.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    states = [(1234567 + (i + 1) * GOLDEN) % 2**64 for i in range(4)]
    assert mix(np.array(states, dtype=np.uint64)).tolist() == published


def python_uniform(seed: int, item: int, t: int) -> float:
    """The documented rule in Python integers."""

    def scatter(z: int) -> int:
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    key = scatter((seed * GOLDEN + item + 1) % 2**64)
    return (scatter((key + (t + 1) * GOLDEN) % 2**64) >> 11) / 2**53


@pytest.mark.parametrize("seed", [0, 1, 2147483647, 2**64 - 1])
def test_uniforms_follow_the_documented_rule(seed: int) -> None:
    keys = item_keys(seed, 5, 3)
    for t in (0, 1, 1000):
        expected = [python_uniform(seed, item, t) for item in (5, 6, 7)]
        assert uniforms(keys, t).tolist() == expected


def test_uniforms_fill_the_unit_interval_evenly() -> None:
    u = uniforms(item_keys(7, 0, 200_000), 3)
    assert u.min() >= 0
    assert u.max() < 1
    counts = np.bincount((u * 100).astype(int), minlength=100)
    # chi-square with 99 degrees of freedom: mean 99, standard deviation 14; 5 of them above is 170
    assert ((counts - 2000) ** 2 / 2000).sum() < 170


def test_torch1_uniforms_follow_the_ledgers_rule() -> None:
    words = np.random.RandomState(LECTURE_SEED).randint(0, 2**32, size=6000, dtype=np.uint32)
    expected = [
        ((int(a) << 32 | int(b)) & (2**53 - 1)) * 2.0**-53 for a, b in zip(words[::2], words[1::2], strict=True)
    ]
    assert list(itertools.islice(torch1_uniforms(LECTURE_SEED), 3000)) == expected


def test_torch_rand_is_torchs() -> None:
    torch = pytest.importorskip("torch")
    for seed in (0, LECTURE_SEED):
        expected = torch.rand(3, generator=torch.Generator().manual_seed(seed))
        assert torch_rand(seed, 3).tolist() == expected.tolist()


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range(seed: int) -> None:
    with pytest.raises(SettingsError, match="a seed is"):
        item_keys(seed, 0, 1)


def test_the_stream_torch2_is_the_lectures_code() -> None:
    """The loop as one writes it with torch, beside the stream: bigrams of a few items, three hundred names."""
    torch = pytest.importorskip("torch")
    corpus = Corpus.from_items(["emma", "ava", "mia", "amelia", "eve", "viola"])
    N = torch.from_numpy(nextchar.count(corpus, order=2).table().astype("int32"))
    P = N.float()
    P /= P.sum(1, keepdim=True)
    generator = torch.Generator().manual_seed(7)
    wanted = []
    for _ in range(300):
        name, at = "", 0
        while at := int(torch.multinomial(P[at], 1, replacement=True, generator=generator).item()):
            name += corpus.alphabet.symbols[at]
        wanted.append(name)
    assert nextchar.Ngram(order=2, add=0).fit(corpus).sample(300, seed=7, stream="torch2") == wanted
