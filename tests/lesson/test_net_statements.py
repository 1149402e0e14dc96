"""What the chapters 15 to 18 say about nets holds for the nets that ship, and for the race as it was run."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from nextchar.lesson.lesson_nets import lesson_net, lesson_parts, net_facts
from nextchar.lesson.race import race

pytest.importorskip("torch")

NAMES = ("emma", "olivia", "jazz", "zoe")


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_over_which_keep_is_open_leaves_no_trace(name: str) -> None:
    """Chapter 15: z = 1 makes h' = h, so the prediction after the letter is the one before it."""
    from nextchar.models.neural.interventions import Hold, recalled

    for position in range(1, len(name) + 1):
        rows = recalled(lesson_net("gru"), name, [Hold("keep", 1.0, None, position)]).rows
        assert rows[position] == pytest.approx(rows[position - 1], abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_with_keep_open_everywhere_nothing_is_taken_in(name: str) -> None:
    """Chapter 15: h' = h at every letter, so h stays what it begins as, zeros, and all predictions are the same."""
    from nextchar.models.neural.interventions import Hold, recalled

    seen = recalled(lesson_net("gru"), name, [Hold("keep", 1.0)])
    assert not seen.hidden.any()
    assert seen.rows == pytest.approx(np.tile(seen.rows[0], (len(name) + 1, 1)), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_what_an_lstm_shows_is_its_memory_through_the_output_gate(name: str) -> None:
    """Chapter 15: h' = o tanh(m')."""
    from nextchar.models.neural.interventions import recalled

    seen = recalled(lesson_net("lstm"), name)
    assert seen.memory is not None
    assert seen.hidden == pytest.approx(seen.gates["show"] * np.tanh(seen.memory), abs=1e-6)


@pytest.mark.parametrize(("one", "other"), [("emma", "jazzia"), ("olivia", "anna")])
def test_with_keep_and_reset_shut_only_the_letter_itself_counts(one: str, other: str) -> None:
    """Chapter 15: h' = c, and c does not see h. Both names end in a; what was before it makes no difference."""
    from nextchar.models.neural.interventions import Hold, recalled

    def last_row(name: str, *, shut: bool) -> npt.NDArray[np.float64]:
        holds = [Hold(gate, 0.0, None, len(name)) for gate in ("keep", "reset")] if shut else []
        row: npt.NDArray[np.float64] = recalled(lesson_net("gru"), name, holds).rows[-1]
        return row

    assert last_row(one, shut=True) == pytest.approx(last_row(other, shut=True), abs=1e-12)
    assert np.abs(last_row(one, shut=False) - last_row(other, shut=False)).max() > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_the_memory_crosses_a_letter_unchanged(name: str) -> None:
    """Chapter 15: m' = f m + i g is m with forget at 1 and input at 0."""
    from nextchar.models.neural.interventions import Hold, recalled

    for position in range(1, len(name) + 1):
        holds = [Hold("keep", 1.0, None, position), Hold("enter", 0.0, None, position)]
        memory = recalled(lesson_net("lstm"), name, holds).memory
        assert memory is not None
        assert memory[position] == pytest.approx(memory[position - 1], abs=1e-12)


def test_an_lstm_has_four_times_the_weights_of_an_rnn_and_a_gru_three_times() -> None:
    """Chapter 15, of the recurrent part at the same width."""
    import nextchar

    def weights(spec: type[nextchar.RNN | nextchar.GRU | nextchar.LSTM]) -> int:
        layer = spec(embedding=8, width=16, steps=1).net(27).get_submodule("layer")
        return sum(parameter.numel() for parameter in layer.parameters())

    assert weights(nextchar.LSTM) == 4 * weights(nextchar.RNN)
    assert weights(nextchar.GRU) == 3 * weights(nextchar.RNN)


def test_gated_nets_predict_better_than_the_table_of_pairs() -> None:
    """Chapter 15 sends the reader to compare them."""
    pairs = next(rung.nats for rung in race().rungs if rung.id == "pairs")
    assert max(net_facts()[name].test_nats for name in ("gru", "lstm")) < pairs - 0.2


def test_a_fourth_layer_gains_far_less_than_the_second() -> None:
    """Chapter 16: from 2 to 4 symbols much is gained, from 8 to 16 hardly anything."""
    nats = [net_facts()[f"wavenet{layers}"].test_nats for layers in (1, 2, 3, 4)]
    second, fourth = nats[0] - nats[1], nats[2] - nats[3]
    assert second > 0.05
    assert fourth < second / 3


@pytest.mark.parametrize("name", NAMES)
def test_heads_look_back_only_and_their_weights_add_up_to_1(name: str) -> None:
    """Chapter 17: the causal mask, and softmax."""
    from nextchar.models.neural.interventions import attended

    weights = attended(lesson_net("transformer"), name).weights  # (L, H, T, T)
    assert weights.sum(axis=-1) == pytest.approx(np.ones(weights.shape[:3]))
    T = weights.shape[-1]
    assert (weights[..., np.triu(np.ones((T, T), dtype=bool), k=1)] == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_what_an_arc_no_longer_takes_the_others_share(name: str) -> None:
    """Chapter 17: after a cut the other weights are as before, divided by what is left."""
    from nextchar.models.neural.interventions import Cut, attended

    model = lesson_net("transformer")
    reader = len(name)
    before = attended(model, name).weights[0, 0, reader]
    after = attended(model, name, [Cut(0, 0, reader, 0)]).weights[0, 0, reader]
    assert after[0] == 0
    assert after[1:] == pytest.approx(before[1:] / (1 - before[0]))


def test_no_head_looks_at_one_place_only_and_one_comes_near() -> None:
    """Chapter 17: on average, none gives half of its weight to itself, to so many places back, or to the beginning."""
    from nextchar.models.neural.interventions import attended

    model = lesson_net("transformer")
    found: dict[str, list[npt.NDArray[np.float64]]] = {}
    for name in list(lesson_parts().test)[:100]:
        weights = attended(model, name).weights
        for reader in range(4, weights.shape[-1]):
            found.setdefault("beginning", []).append(weights[:, :, reader, 0])
            for back in range(4):
                found.setdefault(f"{back} back", []).append(weights[:, :, reader, reader - back])
    means = {place: np.mean(shares, axis=0) for place, shares in found.items()}  # (L, H) each
    for place, mean in means.items():
        assert mean.max() < 0.5, place
    assert means["1 back"].argmax() == 3  # head 4 of layer 1
    assert max(means, key=lambda place: float(means[place][0, 3])) == "1 back"


def test_what_the_race_is_said_to_show() -> None:
    """Chapter 18: what looks further than one letter gains most, a well-smoothed table too; the mixture wins."""
    nats = {rung.id: rung.nats for rung in race().rungs}
    nets = [nats[name] for name in ("mlp", "rnn", "gru", "lstm", "wavenet", "transformer")]
    assert max(nats, key=nats.__getitem__) == "pairs"
    assert min(nats, key=nats.__getitem__).startswith("mix")  # of tables, or of tables and nets
    assert nats["pairs"] - nats["kneser-ney"] > 0.5 * (nats["pairs"] - nats["mix"])
    seeing_most = [*nets, nats["kneser-ney"]]
    assert max(seeing_most) - min(seeing_most) < (nats["pairs"] - max(seeing_most)) / 2
    assert nats["pairs"] == pytest.approx(2.45, abs=0.005)
    assert nats["kneser-ney"] - min(nets) < 0.1
    seconds = {rung.id: rung.seconds for rung in race().rungs}
    assert seconds["kneser-ney"] < 1
    assert min(seconds[name] for name in ("mlp", "rnn", "gru", "lstm", "wavenet", "transformer")) > 60


def test_what_a_tenth_of_a_nat_means() -> None:
    """Chapter 18: a tenth more for one symbol, twice as much for the seven of a name of six letters and its end."""
    assert round(math.exp(0.1), 3) == 1.105
    assert round(math.exp(7 * 0.1), 2) == 2.01
