"""The nets that ship: their files are those that were measured, and training them anew comes to the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from nextchar.errors import BadValueError, DataSetError
from nextchar.lesson import lesson_nets
from nextchar.lesson.lesson_nets import NETS, facts_document, facts_path, lesson_net, lesson_parts, net_facts, net_path

MOST_BYTES = 3_000_000
NOISE_NATS = 0.02  # between two seeds


def test_the_files_are_those_that_were_measured() -> None:
    assert list(net_facts()) == list(NETS)
    assert facts_path().read_text("utf-8") == facts_document(net_facts())
    files = {path.stem: path for path in facts_path().parent.glob("*.safetensors")}
    assert set(files) == set(NETS)
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == net_facts()[name].sha256, name
    assert sum(path.stat().st_size for path in files.values()) < MOST_BYTES


def test_nothing_is_trained_on_what_is_measured() -> None:
    parts = lesson_parts()
    train, validation, test = (set(part) for part in (parts.train, parts.validation, parts.test))
    assert not train & test
    assert not validation & test
    assert len(test) == len(parts.test) > 2_900


@pytest.mark.parametrize("name", ["mlp3", "rnn", "transformer"])
def test_the_losses_are_those_of_the_held_out_names(name: str) -> None:
    pytest.importorskip("torch")
    model, facts = lesson_net(name), net_facts()[name]
    assert model.parameters == facts.parameters
    assert model.settings.kind == NETS[name].kind
    assert model.evaluate(lesson_parts().test).nats_per_symbol == pytest.approx(facts.test_nats, abs=1e-6)


def test_an_mlp_has_as_many_weights_as_its_layers() -> None:
    pytest.importorskip("torch")
    # 27 vectors of 2; 64 x (3 x 2) and 64; 27 x 64 and 27
    assert lesson_net("mlp3").parameters == 27 * 2 + 64 * 6 + 64 + 27 * 64 + 27


def test_nets_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(BadValueError, match="there is no net 'mlp9'; choose one of mlp1"):
        lesson_net("mlp9")
    monkeypatch.setattr(lesson_nets, "_folder", lambda: tmp_path)
    with pytest.raises(DataSetError, match=r"mlp3.safetensors is missing"):
        lesson_net.__wrapped__("mlp3")
    assert net_path("mlp3").parent == tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp3", "gru", "transformer"])
def test_training_anew_comes_to_the_same_loss(name: str) -> None:
    pytest.importorskip("torch")
    parts = lesson_parts()
    model = replace(NETS[name], seed=1).fit(parts.train, validation=parts.validation)
    found = model.evaluate(parts.test).nats_per_symbol
    assert found == pytest.approx(net_facts()[name].test_nats, abs=NOISE_NATS)
