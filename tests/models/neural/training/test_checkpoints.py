"""Trainings that are interrupted: what was learned is not lost, and going on gives what would have come anyway."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner

from nextchar.cli import main
from nextchar.core.progress import Report
from nextchar.data.corpus import Corpus
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models import registry
from nextchar.models.registry import load

pytest.importorskip("torch")

from nextchar.core.model_file import ModelFile, read_model_file, write_model_file
from nextchar.models.neural.families import NetSpec
from nextchar.models.neural.training import checkpoints
from nextchar.models.neural.training.settings import Run

ITEMS = Corpus.from_items(["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb", "maximilian", "eve"] * 4)
HELD = Corpus.from_items(["ema", "via", "mila"])
SMALL: dict[str, Any] = {"steps": 60, "batch": 48, "dropout": 0.2, "seed": 4}
WIDTHS = {"transformer": {"width": 12, "heads": 2, "layers": 2}}


def spec_of(kind: str, **settings: Any) -> NetSpec:
    given = {**SMALL, **WIDTHS.get(kind, {"width": 12}), **settings}
    return cast(NetSpec, registry.spec_of(kind, given, preset="small"))


def press_at(share: float) -> Callable[[Report], None]:
    """Ctrl-C when so much is done."""

    def progress(report: Report) -> None:
        if report.share >= share and not pressed:
            pressed.append(report.share)
            signal.raise_signal(signal.SIGINT)

    pressed: list[float] = []
    return progress


def fit(spec: NetSpec, run: Run, progress: Callable[[Report], None] | None = None) -> Any:
    return spec.fit(ITEMS, validation=HELD, run=run, progress=progress)


@cache
def uninterrupted(kind: str) -> Any:
    return fit(spec_of(kind), Run())


@pytest.mark.parametrize("kind", registry.nets())
@pytest.mark.parametrize("share", [0.03, 0.4, 0.95])
def test_interrupted_and_resumed_is_bit_for_bit_as_not_interrupted(kind: str, share: float, tmp_path: Path) -> None:
    spec, whole = spec_of(kind), uninterrupted(kind)
    run = Run(checkpoint=tmp_path / "c", resume=True, log=tmp_path / "log.jsonl")
    with pytest.raises(KeyboardInterrupt):
        fit(spec, run, press_at(share))
    assert not list(tmp_path.glob("*.part"))
    resumed = fit(spec, run)
    assert resumed.metrics.stopped is None
    for name, array in whole.arrays().items():
        assert np.array_equal(resumed.arrays()[name], array), name
    points = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for mine, other in zip(points, whole.metrics.document()["training"], strict=True):
        assert {key: mine[key] for key in ("step", "train_nats", "validation_nats", "update_ratios")} == {
            key: other[key] for key in ("step", "train_nats", "validation_nats", "update_ratios")
        }


def test_without_a_checkpoint_ctrl_c_keeps_the_best_weights() -> None:
    model = fit(spec_of("mlp"), Run(), press_at(0.5))
    assert "interrupted after 3" in model.metrics.stopped  # steps 30 to 32 of 60
    assert model.sample(2, seed=1)


def test_resuming_without_a_checkpoint_begins_at_the_beginning(tmp_path: Path) -> None:
    run = Run(checkpoint=tmp_path / "c", resume=True)
    first, second = fit(spec_of("bow"), run), fit(spec_of("bow"), Run())
    assert all(np.array_equal(first.arrays()[name], array) for name, array in second.arrays().items())


@pytest.mark.parametrize("patience", [60, 1])
def test_a_training_that_ended_is_not_done_again(patience: int, tmp_path: Path) -> None:
    spec, run = spec_of("mlp", steps=120, patience=patience), Run(checkpoint=tmp_path / "c", resume=True)
    whole = fit(spec, run)
    told: list[Report] = []
    again = fit(spec, run, told.append)
    assert not told  # of any step
    assert again.metrics.stopped == whole.metrics.stopped
    assert (patience == 1) == (whole.metrics.stopped is not None)
    assert again.metrics.curve == whole.metrics.curve
    assert all(np.array_equal(again.arrays()[name], array) for name, array in whole.arrays().items())


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "c"
    with pytest.raises(KeyboardInterrupt):
        fit(spec_of("mlp"), Run(checkpoint=path), press_at(0.4))
    return path


def test_a_fresh_start_does_not_drop_a_checkpoint(checkpoint: Path) -> None:
    before = checkpoint.read_bytes()
    with pytest.raises(SettingsError, match=r"not finished is there.*resume it, or delete the file") as raised:
        fit(spec_of("mlp"), Run(checkpoint=checkpoint))
    assert raised.value.argument == "resume"
    assert checkpoint.read_bytes() == before


def test_nor_does_the_command(checkpoint: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("emma\nava\n")
    given = ["train", str(names), "--model", "mlp", "--steps", "3", "-o", str(tmp_path / "m")]
    before = checkpoint.read_bytes()
    done = CliRunner().invoke(main, [*given, "--checkpoint", str(checkpoint)])
    assert done.exit_code == 1
    assert "--resume" in done.output
    assert checkpoint.read_bytes() == before
    assert not (tmp_path / "m").exists()


def test_a_checkpoint_of_something_else(checkpoint: Path) -> None:
    run = Run(checkpoint=checkpoint, resume=True)
    with pytest.raises(SettingsError, match="a training with width 12, not 13"):
        fit(spec_of("mlp", width=13), run)
    with pytest.raises(SettingsError, match="with steps 60, not 61"):
        fit(spec_of("mlp", steps=61), run)
    with pytest.raises(SettingsError, match="the checkpoint of a mlp, not of a bow"):
        fit(spec_of("bow"), run)
    with pytest.raises(SettingsError, match="other data"):
        spec_of("mlp").fit(ITEMS, validation=ITEMS, run=run)
    with pytest.raises(ModelFileError, match="the checkpoint of an unfinished training"):
        load(checkpoint)


@pytest.mark.parametrize("array", ["weights.head.weight", "best.head.weight", "optimiser.momentum.0", "adam"])
def test_a_checkpoint_whose_parts_do_not_fit(checkpoint: Path, array: str) -> None:
    content = read_model_file(checkpoint)
    document = {name: value for name, value in content.document.items() if name not in ("format", "kind", "package")}
    name = "optimiser.adam.exp_avg" if array == "adam" else array
    arrays = {**content.arrays, name: np.concatenate([content.arrays[name], content.arrays[name]])}
    write_model_file(checkpoint, ModelFile(content.kind, arrays, document))
    with pytest.raises(ModelFileError, match="is not a usable checkpoint"):
        fit(spec_of("mlp"), Run(checkpoint=checkpoint, resume=True))


def test_a_damaged_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    whole = checkpoint.read_bytes()
    run = Run(checkpoint=checkpoint, resume=True)
    for at in (3, 40, len(whole) // 2, len(whole) - 5):
        checkpoint.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(ModelFileError):
            fit(spec_of("mlp"), run)
    for size in (0, 7, 500, len(whole) - 1):
        checkpoint.write_bytes(whole[:size])
        with pytest.raises(ModelFileError):
            fit(spec_of("mlp"), run)
    fit(spec_of("mlp"), Run()).save(tmp_path / "m")
    with pytest.raises(ModelFileError, match="a model of kind 'mlp', not a checkpoint"):
        fit(spec_of("mlp"), Run(checkpoint=tmp_path / "m", resume=True))


def test_a_full_disk_on_the_way_does_not_end_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    run = Run(checkpoint=tmp_path / "c", every_seconds=0.02)
    with pytest.warns(UserWarning, match=r"No space left on device; training goes on without this checkpoint"):
        model = fit(spec_of("mlp"), run)
    assert model.metrics.curve[-1].share == 1
    with pytest.raises(ModelFileError, match="No space left"):
        fit(spec_of("mlp"), Run(checkpoint=tmp_path / "c"), press_at(0.5))
    assert not list(tmp_path.iterdir())


# -- the command -----------------------------------------------------------------------------------------------------

TRAIN = ["--model", "mlp", "--preset", "small", "--set", "batch=48", "--seed", "2"]
STEPS = ("--steps", "400")

KILLED = """
import os, signal, sys
from nextchar.core import model_file as storage
from nextchar.models.neural.training.settings import Run

where, every = sys.argv[1], float(sys.argv[2])
Run.__init__.__kwdefaults__["every_seconds"] = every
writes = 0

def dies(name, real):
    def call(*arguments):
        global writes
        writes += name == "replace"
        if where == name and writes == 19:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)
    return call

def half(pieces):
    content = b"".join(pieces)
    yield content[: len(content) // 2]
    os.kill(os.getpid(), signal.SIGKILL)

def write(path, content):
    atomically(path, half(content) if where == "write" and writes == 19 else content)

atomically, storage.write_atomically = storage.write_atomically, write
os.replace, os.fsync = dies("replace", os.replace), dies("fsync", os.fsync)
from nextchar.cli import main
main(sys.argv[3:])
"""


def test_a_handler_that_python_did_not_set_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    set_ = []
    monkeypatch.setattr(signal, "getsignal", lambda _: None)  # as where a program embeds Python and handles Ctrl-C
    monkeypatch.setattr(signal, "signal", lambda *handler: set_.append(handler))
    with checkpoints._held_interrupt() as held:
        assert not held.pressed
    assert set_ == []


def same_as_uninterrupted(data: Path, out: Path, budget: Sequence[str], how: Sequence[str] = TRAIN) -> bool:
    """Resume, train the same without a break, and compare bit for bit."""
    expected = out.with_name("expected.safetensors")
    for arguments in ([str(out), "--resume"], [str(expected)]):
        done = CliRunner().invoke(main, ["train", str(data), *how, *budget, "-o", *arguments])
        assert done.exit_code == 0, done.output
    assert not Path(f"{out}.checkpoint").exists()
    first, second = load(out).arrays(), load(expected).arrays()
    return all(np.array_equal(first[name], array) for name, array in second.items())


@pytest.mark.slow
@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
def test_kill_in_the_middle_of_writing_a_checkpoint(where: str, tmp_path: Path) -> None:
    """SIGKILL after half the bytes of a checkpoint, after all, before it is renamed; the one before is whole."""
    data, out = tmp_path / "names.txt", tmp_path / "m.safetensors"
    data.write_text("\n".join(ITEMS))
    command = [sys.executable, "-c", KILLED, where, "0", "train", str(data), *TRAIN, *STEPS, "-o", str(out)]
    killed = subprocess.run(command, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not out.exists()
    checkpoint = Path(f"{out}.checkpoint")
    assert checkpoint.exists()
    begun = [path for path in tmp_path.iterdir() if path not in (data, checkpoint)]
    assert len(begun) == 1  # what was being written
    if where == "write":
        with pytest.raises(ModelFileError):
            read_model_file(begun[0])
    assert same_as_uninterrupted(data, out, STEPS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "steps"),
    [(TRAIN, "1500"), (["--text", *TRAIN], "600"), (["--text", "--model", "lstm", "--preset", "small"], "200")],
    ids=["items", "a text", "a text, with states carried on"],
)
def test_kill_in_the_middle_of_training(how: list[str], steps: str, tmp_path: Path) -> None:
    """SIGKILL from outside, some steps after a checkpoint; those steps are done again."""
    data, out, log = tmp_path / "names.txt", tmp_path / "m.safetensors", tmp_path / "log.jsonl"
    items = [*ITEMS] * 20 if "--text" in how else [a + b for a in ITEMS for b in ITEMS]  # too many to know by heart
    data.write_text("\n".join(items))
    budget = ["--steps", steps]
    command = [sys.executable, "-c", KILLED, "outside", "0.3", "train", str(data), *how, *budget, "-o", str(out)]
    child = subprocess.Popen([*command, "--log", str(log)])
    checkpoint = Path(f"{out}.checkpoint")
    while not checkpoint.exists() and child.poll() is None:
        time.sleep(0.02)
    lines = log.read_text().count("\n")
    while log.read_text().count("\n") < lines + 2 and child.poll() is None:
        time.sleep(0.02)
    child.kill()
    assert child.wait(60) == -signal.SIGKILL
    assert not out.exists()
    passed = read_model_file(checkpoint).document["training"]["share"]
    assert 0 < passed < 1
    assert same_as_uninterrupted(data, out, budget, how)


@pytest.mark.slow
def test_kill_and_ctrl_c_of_the_command(tmp_path: Path) -> None:
    data, out, log = tmp_path / "names.txt", tmp_path / "m.safetensors", tmp_path / "log.jsonl"
    data.write_text("\n".join(ITEMS))
    start = [sys.executable, "-c", "from nextchar.cli import main; main()"]
    command = [*start, "train", str(data), *TRAIN, "--steps", "20000"]
    for number, code, words in ((signal.SIGKILL, -9, ""), (signal.SIGINT, 130, "with --resume\nInterrupted.")):
        child = subprocess.Popen([*command, "-o", str(out), "--log", str(log)], stderr=subprocess.PIPE, text=True)
        while not (log.exists() and log.stat().st_size) and child.poll() is None:
            time.sleep(0.02)
        child.send_signal(number)
        assert child.wait(60) == code
        assert child.stderr is not None
        assert words in child.stderr.read()
        child.stderr.close()
        assert not out.exists()
        log.unlink()
    assert Path(f"{out}.checkpoint").exists()


LIMITED = """
import resource, sys
from nextchar.models.neural.training.settings import Run

Run.__init__.__kwdefaults__["every_seconds"] = 0.3
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from nextchar.cli import main
main(sys.argv[2:])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "code"), [(80_000, 0), (10_000, 1)])
def test_files_that_may_not_grow(limit: int, code: int, tmp_path: Path) -> None:
    """The system itself refuses to write: a checkpoint never fits; the model does in the end, or does not."""
    data, out = tmp_path / "names.txt", tmp_path / "m.safetensors"
    data.write_text("\n".join(ITEMS))
    command = [sys.executable, "-c", LIMITED, str(limit), "train", str(data), *TRAIN, "--steps", "300"]
    done = subprocess.run([*command, "-o", str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    words = "checkpoint: cannot be written: File too large; training goes on without this checkpoint"
    assert done.stderr.count(words) == 1
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.safetensors", "names.txt"][code:]
    if code:
        assert f"Error: {out}: cannot be written: File too large" in done.stderr
    else:
        assert load(out).sample(2, seed=1)


def invoke(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    data = tmp_path / "names.txt"
    data.write_text("\n".join(ITEMS))
    done = CliRunner().invoke(main, ["train", str(data), "-o", str(tmp_path / "m.safetensors"), *arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--model", "mlp", "--set", "depth=3"], 2, "the settings of mlp are steps, epochs, seconds, seed"),
        (["--model", "mlp", "--set", "width"], 2, "'width' is not NAME=VALUE"),
        (["--model", "gru", "--set", "width=many"], 2, "width is a whole number, not 'many'"),
        (["--model", "gru", "--steps", "5", "--seconds", "5"], 1, "not steps and seconds"),
        (["--model", "mlp", "--order", "3"], 2, "--order does not go with --model mlp"),
        (["--preset", "small"], 2, "--preset does not go with --model ngram"),
        (["--model", "mlp", "--device", "warp"], 2, "no device 'warp'"),
        (["--model", "mlp", "--preset", "tiny"], 2, "'tiny' is not one of"),
    ],
)
def test_wrong_options(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    got, output = invoke(tmp_path, *arguments)
    assert (got, words in output) == (code, True), output
    assert "Traceback" not in output
    assert not (tmp_path / "m.safetensors").exists()


def test_cuda_that_is_not_there(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is CUDA here")
    got, output = invoke(tmp_path, "--model", "mlp", "--steps", "3", "--device", "cuda")
    assert got == 1
    assert "torch finds no CUDA here; choose cpu or auto" in output


def test_a_model_whose_settings_ask_for_more_than_its_weights(tmp_path: Path) -> None:
    """A context longer than trained cannot be given to a model from outside: its weights would not fit."""
    from nextchar.core.model_file import ModelFile, write_model_file

    path = tmp_path / "m.safetensors"
    fit(spec_of("transformer"), Run()).save(path)
    content = read_model_file(path)
    settings = {**content.document["settings"], "context": 64}
    write_model_file(path, ModelFile(content.kind, content.arrays, {**content.document, "settings": settings}))
    with pytest.raises(ModelFileError, match=r"distance do not fit its settings: \(2, 64\) wanted"):
        load(path)


@pytest.mark.parametrize("array", ["weights.head.weight", "best.head.weight", "optimiser.momentum.0"])
def test_a_checkpoint_with_numbers_that_are_not_finite(checkpoint: Path, array: str) -> None:
    content = read_model_file(checkpoint)
    document = {name: value for name, value in content.document.items() if name not in ("format", "kind", "package")}
    arrays = {**content.arrays, array: np.full_like(content.arrays[array], np.nan)}
    write_model_file(checkpoint, ModelFile(content.kind, arrays, document))
    with pytest.raises(ModelFileError, match="numbers that are not finite"):
        fit(spec_of("mlp"), Run(checkpoint=checkpoint, resume=True))


@pytest.mark.parametrize(
    ("name", "value"), [("step", "3"), ("epoch", -1), ("row", 0.5), ("rates", "nan"), ("symbols", None), ("stopped", 1)]
)
def test_a_checkpoint_whose_progress_is_none(checkpoint: Path, name: str, value: object) -> None:
    content = read_model_file(checkpoint)
    document = {name: value for name, value in content.document.items() if name not in ("format", "kind", "package")}
    document["training"] = {**document["training"], name: value}
    write_model_file(checkpoint, ModelFile(content.kind, content.arrays, document))
    with pytest.raises(ModelFileError, match="is not a usable checkpoint"):
        fit(spec_of("mlp"), Run(checkpoint=checkpoint, resume=True))
