"""The random numbers of dropout: a hash of what they are used for, so that they need no state.

The noise of a place depends on the seed, the step, the layer and a number of the place, and on nothing else: not on the
device, nor on how many processes share the batch, nor on what was drawn before. A training that was interrupted goes on
with the same noise, on whatever it is resumed. The number is a fingerprint of what was read up to the place (see
`beginnings`), so that two items which begin alike have the same noise as long as they do.

The hash is SplitMix64 (Steele, Lea and Flood 2014) on whole tensors. Each of its outputs makes four numbers of 16 bits,
so shares are kept to 2^-16; that takes an eighth of the time of torch's own generator on the processor.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from nextchar._kernels.constants import FIRST_FACTOR, GOLDEN, SECOND_FACTOR
from nextchar.data.hashing import MASK, mix

__all__ = ["Places", "kept", "layer_keys"]

LEVELS: Final = 1 << 16  # of a random number


class Places(NamedTuple):
    """Which places of which batch a net reads.

    Attributes:
        seed: of the training.
        step: the number of the batch.
        rows: the number of each place, (B, T).
        computed: of those that are computed, (n,): all, or one of each beginning.
    """

    seed: int
    step: int
    rows: Tensor
    computed: Tensor


def layer_keys(seed: int, step: int, layers: int) -> list[int]:
    """What the noise of each layer depends on beside the place, as signed numbers of 64 bits."""
    at = np.array([(seed + GOLDEN * (step + 1)) & MASK], dtype=np.uint64)
    keys = mix(mix(at) + np.uint64(GOLDEN) * np.arange(1, layers + 1, dtype=np.uint64))
    return [int(key) for key in keys.view(np.int64)]


def kept(places: Tensor, number: int, key: int, share: float) -> Tensor:
    """Which of the numbers of each place are kept, as factors: 0 for those left out, and for the others what makes up.

    Args:
        places: their numbers, of any shape (...).
        number: how many numbers a place has, K.
        key: of the layer, see `layer_keys`.
        share: that is left out.

    Returns:
        (..., K).
    """
    words = -(-number // 4)  # a place
    z = places.reshape(-1, 1) * words + torch.arange(1, words + 1, device=places.device)
    z.mul_(_signed(GOLDEN)).add_(key)
    z.bitwise_xor_(_down(z, 30)).mul_(_signed(FIRST_FACTOR))
    z.bitwise_xor_(_down(z, 27)).mul_(_signed(SECOND_FACTOR))
    z.bitwise_xor_(_down(z, 31))
    level = min(max(round((1 - share) * LEVELS), 1), LEVELS - 1)  # of the random numbers, those below it
    below = z.view(torch.int16)[:, :number] < level - LEVELS // 2
    return below.to(torch.float32).mul_(LEVELS / level).view(*places.shape, number)


def _down(z: Tensor, bits: int) -> Tensor:
    """A logical shift to the right; torch's own repeats the sign."""
    return (z >> bits).bitwise_and_((1 << (64 - bits)) - 1)


def _signed(bits: int) -> int:
    """The same 64 bits as a signed number."""
    return bits - (1 << 64) if bits >> 63 else bits
