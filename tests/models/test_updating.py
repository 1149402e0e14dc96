"""Models after more items: counts added, nets trained further."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main
from nextchar.core.progress import Report
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.neural.training.settings import Run
from nextchar.models.registry import nets, spec_of

pytest.importorskip("torch")

from nextchar.models.neural.training.planning import set_aside

FIRST = Corpus.from_items([a + b + c for a in "abc" for b in "de" for c in "abcde"])
OTHER = Corpus.from_items([a + b + c for a in "de" for b in "xy" for c in "aexyde"])


def small(kind: str, **settings: object) -> nextchar.Model:
    shape = {"width": 12, "heads": 2} if kind == "transformer" else {"width": 12}
    return spec_of(kind, {"steps": 40, "batch": 48, "seed": 2, **shape, **settings}, preset="small").fit(FIRST)


@pytest.mark.parametrize("kind", nets())
def test_a_net_learns_other_items_and_their_characters(kind: str) -> None:
    before = small(kind)
    weights = {name: array.copy() for name, array in before.arrays().items()}
    after = nextchar.update(before, OTHER, steps=150)
    assert after.alphabet.characters == "abcdexy"
    held = Corpus.from_items(["dxe", "eya", "dyd"])
    at_first = np.log(8)  # each of 7 characters and the end equally likely: what knowing nothing costs
    assert after.evaluate(held).nats_per_symbol < 0.9 * at_first
    assert after.provenance.items == len(FIRST) + len(OTHER) == 54
    assert (after.kind, after.settings.summary.endswith("150 steps")) == (kind, True)
    assert all(np.array_equal(before.arrays()[name], array) for name, array in weights.items())


@pytest.mark.parametrize("kind", ["mlp", "transformer", "lstm"])
def test_it_begins_where_the_net_was(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate so small that nothing moves: the same probabilities, over a larger alphabet too, up to the new symbols."""
    before = small(kind)
    still = spec_of(kind, {"width": 12, **({"heads": 2} if kind == "transformer" else {})}, preset="small")
    assert still.summary
    object.__setattr__(before.settings, "rate", 1e-12)
    object.__setattr__(before.settings, "adam_rate", 1e-12)
    same = nextchar.update(before, FIRST, steps=2)
    assert same.score(["adb"])[0].nats == pytest.approx(before.score(["adb"])[0].nats, rel=1e-5)
    wider = nextchar.update(before, OTHER, steps=2)
    mine, old = wider.score(["adb"])[0].surprisal, before.score(["adb"])[0].surprisal
    gone = [a - b for a, b in zip(mine, old, strict=True)]  # what the new symbols take away: the same factor, or nearly
    assert all(0 <= loss < 1 for loss in gone)


def test_where_nothing_is_better_the_weights_stay() -> None:
    before = small("mlp")
    object.__setattr__(before.settings, "rate", 50.0)  # each step ruins it
    object.__setattr__(before.settings, "adam_rate", 50.0)
    after = nextchar.update(before, FIRST, steps=20)
    assert after.score(["adb"])[0].nats == pytest.approx(before.score(["adb"])[0].nats, rel=1e-5)
    assert any("better than those that the net had" in note for note in after.metrics.notes)


def test_an_update_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    before = small("mlp")
    run = Run(checkpoint=tmp_path / "c", every_seconds=0.0)
    whole = nextchar.update(before, OTHER, steps=60)

    def stop(report: Report) -> None:
        if report.share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nextchar.update(before, OTHER, steps=60, run=run, progress=stop)
    assert (tmp_path / "c").exists()
    with pytest.raises(SettingsError, match="a new one would replace it"):  # a checkpoint is not dropped
        nextchar.update(before, OTHER, steps=60, run=run)
    on = replace(run, resume=True)
    with pytest.raises(SettingsError, match="other data"):  # of a net with other weights
        nextchar.update(small("mlp", steps=41), OTHER, steps=60, run=on)
    resumed = nextchar.update(before, OTHER, steps=60, run=on)
    assert all(np.array_equal(whole.arrays()[name], array) for name, array in resumed.arrays().items())


def test_of_items_that_are_given_again_the_same_are_held_out() -> None:
    first, again = small("mlp"), nextchar.update(small("mlp"), FIRST, steps=2)
    assert again.metrics.losses["validation"].items == first.metrics.losses["validation"].items
    held = [part.validation for part in (set_aside(data, None, 0.1) for data in (FIRST, FIRST))]
    assert held[0] is not None
    assert held[1] is not None
    assert list(held[0]) == list(held[1])


def test_what_is_held_out_can_be_said() -> None:
    old = small("mlp", hold_out=0)  # as models of the first version are read
    assert "validation" not in old.metrics.losses
    assert "validation" in nextchar.update(old, OTHER, steps=2).metrics.losses
    assert "validation" not in nextchar.update(old, OTHER, steps=2, hold_out=0).metrics.losses
    chosen = nextchar.update(old, OTHER, steps=2, validation=["dxe", "eya"])
    assert "validation" not in chosen.metrics.losses  # the caller's is the caller's to measure
    assert chosen.metrics.curve[-1].validation_nats is not None


def test_an_update_runs_where_it_is_told(tmp_path: Path) -> None:
    nextchar.update(small("gru"), OTHER, steps=20, run=Run(log=tmp_path / "log", device="cpu"))
    assert '"step": 20' in (tmp_path / "log").read_text().splitlines()[-1]
    with pytest.raises(SettingsError, match="no device 'gpu'"):
        nextchar.update(small("gru"), OTHER, steps=2, run=Run(device="gpu"))


def test_what_cannot_be() -> None:
    count = nextchar.Ngram(order=2).fit(FIRST)
    assert nextchar.update(count, OTHER).provenance.items == 54
    with pytest.raises(SettingsError, match="kind ngram is not trained step by step, and has no epochs"):
        nextchar.update(count, OTHER, epochs=3)
    with pytest.raises(SettingsError, match="has no run"):
        nextchar.update(count, OTHER, run=Run())
    with pytest.raises(SettingsError, match="has no validation"):
        nextchar.update(count, OTHER, validation=["dxe"])
    with pytest.raises(SettingsError, match="treats text"):
        nextchar.update(small("mlp"), Corpus.from_items(["AB"], options=nextchar.TextOptions(lower=True)))
    with pytest.raises(SettingsError, match="one of steps, epochs and seconds"):
        nextchar.update(small("mlp"), OTHER, steps=3, epochs=2)


def test_the_command(tmp_path: Path) -> None:
    model, more = tmp_path / "m", tmp_path / "more.txt"
    small("mlp").save(model)
    more.write_text("\n".join(OTHER) + "\n")
    done = CliRunner().invoke(main, ["update", str(model), str(more), "--steps", "30", "-o", str(tmp_path / "n")])
    assert done.exit_code == 0, done.output
    assert "24 items more, 54 in all" in done.output
    assert "items were held out" in done.output
    assert "x" in nextchar.load(tmp_path / "n").alphabet.characters
    counted = CliRunner().invoke(main, ["train", str(more), "-o", str(model)])
    assert counted.exit_code == 0
    refused = CliRunner().invoke(main, ["update", str(model), str(more), "--seconds", "3"])
    assert refused.exit_code == 1
    assert "has no seconds" in refused.output


def test_the_command_says_how_a_net_is_trained_further(tmp_path: Path) -> None:
    model, more, log = tmp_path / "m", tmp_path / "more.txt", tmp_path / "log"
    small("mlp").save(model)
    more.write_text("\n".join(OTHER) + "\n")

    def update(*options: object, code: int = 0, target: Path = model) -> str:
        given = ["update", model, more, "--steps", 20, "-o", target, *options]
        done = CliRunner().invoke(main, [str(one) for one in given])
        assert done.exit_code == code, done.output
        return done.output

    told = update("--device", "cpu", "--log", log, "--hold-out", 0, target=tmp_path / "n")
    assert "held out" not in told
    assert '"step": 20' in log.read_text().splitlines()[-1]
    assert {path.name for path in tmp_path.iterdir()} == {"m", "more.txt", "n", "log"}, "the checkpoint is removed"
    assert "no device 'gpu'" in update("--device", "gpu", code=2)
    assert "hold_out" in update("--hold-out", 2, code=2).replace("-", "_")
    assert "is also an input" in update("--log", more, code=1)
    assert "is also an input" in update("--checkpoint", model, code=1)
    assert "are both" in update("--log", log, "--checkpoint", log, code=2)
    (tmp_path / "m.checkpoint").write_bytes(b"left by another")
    assert "the checkpoint of a training that was not finished is there" in update(code=1)
    assert "(--resume)" in update(code=1)
    (tmp_path / "m.checkpoint").unlink()
    update("--resume")  # there is none to go on from
    nextchar.Ngram(order=2).fit(FIRST).save(model)
    for option in (("--device", "cpu"), ("--log", log), ("--checkpoint", tmp_path / "c"), ("--resume",)):
        done = CliRunner().invoke(main, [str(one) for one in ("update", model, more, *option)])
        assert done.exit_code == 2
        assert f"{option[0]} is for nets, and {model} is a model of kind ngram" in done.output


@pytest.mark.slow
def test_an_update_that_is_interrupted_goes_on(tmp_path: Path) -> None:
    model, more, out, log = tmp_path / "m", tmp_path / "more.txt", tmp_path / "n", tmp_path / "log"
    small("mlp").save(model)
    more.write_text("\n".join(OTHER) + "\n")
    start = [sys.executable, "-c", "from nextchar.cli import main; main()", "update", str(model), str(more)]
    budget = ["--steps", "3000"]
    child = subprocess.Popen([*start, *budget, "-o", str(out), "--log", str(log)], stderr=subprocess.PIPE, text=True)
    while not (log.exists() and log.stat().st_size) and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    assert child.stderr is not None
    said = child.stderr.read()
    assert (child.wait(60), said.splitlines()[-2:]) == (
        130,
        [f"{out}.checkpoint: written; to go on, give the same command with --resume", "Interrupted."],
    )
    child.stderr.close()
    for arguments in (["-o", str(out), "--resume"], ["-o", str(tmp_path / "whole")]):
        subprocess.run([*start, *budget, *arguments], check=True, capture_output=True)
    first, second = nextchar.load(out).arrays(), nextchar.load(tmp_path / "whole").arrays()
    assert all(np.array_equal(first[name], array) for name, array in second.items())
    assert not Path(f"{out}.checkpoint").exists()
