"""Where the draws come from: uniform numbers that a seed fixes on every machine.

The library's own stream gives every item a sequence of its own, so that item i of a seed is the same however many
items are drawn, in whatever batches and by whichever code path. Item i starts from key = mix(seed * G + i + 1), and
its t-th uniform is the SplitMix64 output (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators", section 4): mix(key + (t + 1) * G), of which the upper 53 bits are the double in [0, 1).

The other streams are those of torch.multinomial with one sample: one sequence from MT19937 for all draws, in the order
in which they are made. Up to torch 1.13, from which the lecture's published output comes, each draw compares one
uniform with the cumulative probabilities; from torch 2.0 on it divides the row by exponential numbers and takes the
largest quotient, so that the same code and seed give other items.

Letters: B items in a batch, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.hashing import GOLDEN, MASK, checked_seed, mix
from nextchar.extras import need_torch

__all__ = ["TORCH_STREAMS", "Choose", "item_keys", "torch1_uniforms", "torch_rand", "uniforms"]

U64 = npt.NDArray[np.uint64]
Choose = Callable[[npt.NDArray[np.float64]], int]  # from a row of probabilities (V,), not all 0, to the symbol drawn


def item_keys(seed: int, first: int, count: int) -> U64:
    """The keys of items first .. first + count - 1, shape (B,)."""
    base = np.uint64((checked_seed(seed) * GOLDEN + first + 1) & MASK)
    return mix(base + np.arange(count, dtype=np.uint64))


def uniforms(keys: U64, t: int) -> npt.NDArray[np.float64]:
    """The t-th uniform in [0, 1) of each item's sequence, shape of `keys`."""
    bits = mix(keys + np.uint64((t + 1) * GOLDEN & MASK))
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def torch1_uniforms(seed: int) -> Iterator[float]:
    """The uniforms that torch <= 1.13 draws for multinomial with this seed, one after the other, without end.

    Each takes two outputs a, b of MT19937: ((a << 32 | b) & (2^53 - 1)) * 2^-53.
    """
    state = _mt19937(seed)
    while True:
        words = _words(state, 2048).astype(np.uint64)
        pairs = (words[0::2] << np.uint64(32)) | words[1::2]
        yield from ((pairs & np.uint64(2**53 - 1)) * 2.0**-53).tolist()


def _torch1(seed: int) -> Choose:
    source = torch1_uniforms(seed)

    def choose(probs: npt.NDArray[np.float64]) -> int:
        cumulative = np.cumsum(probs)
        return int(np.searchsorted(cumulative, next(source) * cumulative[-1]))

    return choose


def _torch2(seed: int) -> Choose:
    """By torch itself, since its exponential numbers depend on how it was built."""
    need_torch("the stream torch2")
    import torch

    generator = torch.Generator().manual_seed(checked_seed(seed))

    def choose(probs: npt.NDArray[np.float64]) -> int:
        row = torch.from_numpy(probs).float()  # the lecture's rows are float32
        return int(torch.multinomial(row, num_samples=1, replacement=True, generator=generator).item())

    return choose


TORCH_STREAMS: Final[dict[str, Callable[[int], Choose]]] = {"torch1": _torch1, "torch2": _torch2}


def torch_rand(seed: int, count: int) -> npt.NDArray[np.float32]:
    """What torch.rand gives for fewer than 16 numbers after manual_seed: the low 24 bits of each MT19937 output."""
    words = _words(_mt19937(seed), count) & np.uint32(2**24 - 1)
    return words.astype(np.float32) * np.float32(2.0**-24)


def _mt19937(seed: int) -> np.random.RandomState:
    return np.random.RandomState(checked_seed(seed) & 0xFFFFFFFF)


def _words(state: np.random.RandomState, count: int) -> npt.NDArray[np.uint32]:
    return state.randint(0, 2**32, size=count, dtype=np.uint32)
