"""The noise of dropout: SplitMix64 at the place where it is used, the same for any division of the batch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from nextchar.models.neural.nets.base import DropsOut  # noqa: E402
from nextchar.models.neural.nets.noise import Places, kept, layer_keys  # noqa: E402

MASK = (1 << 64) - 1


def splitmix(state: int) -> int:
    """The output of SplitMix64 for a state, as in the paper's listing."""
    z = state & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def by_hand(rows: int, numbers: int, first: int, key: int, share: float) -> list[list[bool]]:
    """Which are kept, one after the other: word w of place r is output r W + w + 1 of the key, its low bits first."""
    words = -(-numbers // 4)
    found = []
    for row in range(first, first + rows):
        bits = [splitmix(key + (row * words + i // 4 + 1) * 0x9E3779B97F4A7C15) >> 16 * (i % 4) for i in range(numbers)]
        signed = [((value & 0xFFFF) ^ 0x8000) - 0x8000 for value in bits]
        found.append([value < round((1 - share) * 65536) - 32768 for value in signed])
    return found


@pytest.mark.parametrize("key", [0, 5, -3, (1 << 63) - 1, -(1 << 63)])
@pytest.mark.parametrize("numbers", [1, 6, 8])
def test_it_is_splitmix_at_the_place(key: int, numbers: int) -> None:
    found = kept(torch.arange(2, 5), numbers, key, 0.25)
    assert (found > 0).tolist() == by_hand(3, numbers, 2, key, 0.25)
    assert set(found.flatten().tolist()) <= {0.0, torch.tensor(1 / 0.75).item()}  # 0.75 is 49,152 of 65,536


@pytest.mark.parametrize("shape", [(7,), (7, 4), (7, 3, 3)])
@pytest.mark.parametrize("number", [1, 4, 6])
def test_a_place_has_the_noise_of_its_number_wherever_it_is(shape: tuple[int, ...], number: int) -> None:
    places = torch.randint(-(1 << 62), 1 << 62, shape, generator=torch.Generator().manual_seed(1))
    whole = kept(places, number, 99, 0.4)
    assert whole.shape == (*shape, number)
    for first, end in ((0, 3), (3, 7), (6, 7)):
        assert torch.equal(kept(places[first:end], number, 99, 0.4), whole[first:end])
    assert torch.equal(kept(places.flip(0), number, 99, 0.4), whole.flip(0))


def test_seeds_steps_and_layers_have_noise_of_their_own() -> None:
    keys = [key for seed in (0, 1, MASK) for step in (0, 1, 10**9) for key in layer_keys(seed, step, 4)]
    assert len(set(keys)) == 3 * 3 * 4
    assert layer_keys(1, 2, 2) == layer_keys(1, 2, 4)[:2]
    masks = [kept(torch.arange(64), 64, key, 0.5).flatten() for key in keys[:8]]
    agreement = torch.corrcoef(torch.stack(masks)) - torch.eye(8)
    assert agreement.abs().max() < 6 / 64  # of 4,096 coins: six standard deviations


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.97])
def test_the_share_and_the_mean_are_kept(share: float) -> None:
    found = kept(torch.arange(400), 500, 17, share)
    n = found.numel()
    off = (share * (1 - share) / n) ** 0.5
    assert float((found == 0).float().mean()) == pytest.approx(share, abs=6 * off)
    assert float(found.mean()) == pytest.approx(1.0, abs=6 * off / (1 - share))


@pytest.mark.parametrize("share", [1e-9, 1 - 1e-9])
def test_shares_beyond_16_bits_are_the_nearest(share: float) -> None:
    found = kept(torch.zeros(1, dtype=torch.int64), 1000, 3, share)
    assert float((found == 0).float().mean()) == pytest.approx(share, abs=0.01)
    assert torch.isfinite(found).all()


def test_nothing_is_left_out_but_in_training() -> None:
    layer = DropsOut(0.5)
    layer.places = Places(0, 0, torch.arange(2)[None], torch.arange(2))
    x = torch.ones(2, 50)
    assert (layer.dropped(x) == 0).any()
    assert torch.equal(layer.eval().dropped(x), x)
