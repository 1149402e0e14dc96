"""The figures of the race: the quick rungs are run again, the others fit what ships."""

from __future__ import annotations

import math

import pytest

from nextchar.lesson.lesson_nets import lesson_parts
from nextchar.lesson.race import QUICK, RUNGS, race, race_path, race_text, run_rung


def test_the_file_has_every_rung_in_the_order_of_the_lesson() -> None:
    found = race()
    assert [rung.id for rung in found.rungs] == list(RUNGS)
    assert found.uniform == pytest.approx(math.log(27))
    assert found.held_out_names == len(lesson_parts().test)
    assert race_path().read_text("utf-8") == race_text({rung.id: rung for rung in found.rungs}, lesson_parts())
    for rung in found.rungs:
        assert len(rung.names) == 10
        assert 1.8 < rung.nats < 2.5
        assert rung.parameters > 0


@pytest.mark.parametrize("name", QUICK)
def test_a_quick_rung_comes_out_again(name: str) -> None:
    shipped = next(rung for rung in race().rungs if rung.id == name)
    again = run_rung(name, lesson_parts())
    assert again.nats == pytest.approx(shipped.nats, abs=1e-9)
    assert (again.names, again.parameters, again.context) == (shipped.names, shipped.parameters, shipped.context)


def test_each_step_from_pairs_to_the_best_mix_gains() -> None:
    nats = {rung.id: rung.nats for rung in race().rungs}
    assert nats["pairs"] > nats["order-3"] > nats["order-4"] > nats["kneser-ney"]
    nets = [nats[rung.id] for rung in race().rungs if rung.chapter in range(12, 18)]
    assert max(nets) < nats["kneser-ney"]
    assert nats["mix"] < min(nets)
