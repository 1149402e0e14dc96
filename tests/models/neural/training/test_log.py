"""The training log as JSON lines and as TensorBoard's curves, read back by TensorBoard's own reader."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nextchar.cli import main
from nextchar.core.metrics import CurvePoint, StepDiagnostics
from nextchar.errors import MissingExtraError, SettingsError
from nextchar.models.neural.training import log as recording
from nextchar.models.neural.training.log import Recorder

ITEMS = [f"{first}{last}" for first in ("emm", "av", "mi", "zo", "viol") for last in ("a", "ia", "y")]


def point_at(step: int, validation: float | None = None) -> CurvePoint:
    return CurvePoint(
        step=step,
        epoch=step / 4,
        seconds=step / 10,
        share=0.5,
        train_nats=3.0 - step / 100,
        validation_nats=validation,
        diagnostics=StepDiagnostics(
            learning_rate=0.01, symbols_per_second=1000.0, gradient_norm=0.5, update_ratios={"blocks.0.rise": 0.002}
        ),
    )


def line_at(step: int, validation: float | str | None = None) -> dict[str, Any]:
    return {
        "step": step,
        "epoch": step / 4,
        "seconds": step / 10,
        "share": 0.5,
        "train_nats": 3.0 - step / 100,
        "validation_nats": validation,
        "learning_rate": 0.01,
        "symbols_per_second": 1000.0,
        "gradient_norm": 0.5,
        "update_ratios": {"blocks.0.rise": 0.002},
    }


def curves(folder: Path) -> Mapping[str, list[tuple[int, Any]]]:
    """What TensorBoard shows of a folder: steps and values by name."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = reader.EventAccumulator(str(folder))
    found.Reload()
    return {name: [(point.step, point.value) for point in found.Scalars(name)] for name in found.Tags()["scalars"]}


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("of another training")
    recorder = Recorder(path, None)
    recorder.begin([point_at(1), point_at(2)])
    recorder.add(point_at(3, float("inf")))
    recorder.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [line_at(1), line_at(2), line_at(3, "inf")]


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    recorder = Recorder(None, tmp_path / "new" / "board")
    recorder.begin([])
    recorder.add(point_at(10))
    recorder.add(point_at(20, 2.5))
    assert curves(tmp_path / "new" / "board")["train_nats"] == [(10, pytest.approx(2.9)), (20, pytest.approx(2.8))]
    recorder.close()
    assert curves(tmp_path / "new" / "board") == {
        "train_nats": [(10, pytest.approx(2.9)), (20, pytest.approx(2.8))],
        "validation_nats": [(20, 2.5)],
        "learning_rate": [(10, pytest.approx(0.01)), (20, pytest.approx(0.01))],
        "symbols_per_second": [(10, 1000.0), (20, 1000.0)],
        "gradient_norm": [(10, 0.5), (20, 0.5)],
        "update_ratios/blocks.0.rise": [(10, pytest.approx(0.002)), (20, pytest.approx(0.002))],
    }


def test_a_training_that_goes_on_leaves_one_curve(tmp_path: Path) -> None:
    """Cut off at step 30, resumed from step 20: the second step 30 takes the place of the first."""
    pytest.importorskip("tensorboard")
    first = Recorder(None, tmp_path)
    first.begin([])
    for step in (10, 20, 30):
        first.add(point_at(step))
    first.close()
    second = Recorder(None, tmp_path)
    second.begin([point_at(10), point_at(20)])
    second.add(replace(point_at(30), train_nats=1.0))
    second.add(point_at(40))
    second.close()
    assert curves(tmp_path)["train_nats"] == [
        (step, pytest.approx(v)) for step, v in zip((10, 20, 30, 40), (2.9, 2.8, 1.0, 2.6), strict=True)
    ]


def test_a_new_training_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    for steps in ((10, 20, 30), (15,)):
        recorder = Recorder(None, tmp_path)
        recorder.begin([])
        for step in steps:
            recorder.add(point_at(step))
        recorder.close()
    assert [step for step, _ in curves(tmp_path)["train_nats"]] == [15]


@pytest.mark.parametrize("kind", ["log", "tensorboard"])
def test_a_place_that_cannot_be_written(kind: str, tmp_path: Path) -> None:
    if kind == "tensorboard":
        pytest.importorskip("tensorboard")
    (tmp_path / "file").touch()
    wrong = tmp_path / "file" / "below"
    recorder = Recorder(wrong, None) if kind == "log" else Recorder(None, wrong)
    with pytest.raises(SettingsError, match="below: the training log cannot be written there: Not a directory"):
        recorder.begin([])


@pytest.mark.parametrize("kind", ["log", "tensorboard"])
def test_a_disk_that_fills_up_does_not_end_training(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "tensorboard":
        pytest.importorskip("tensorboard")
    recorder = Recorder(tmp_path / "log", None) if kind == "log" else Recorder(None, tmp_path / "log")
    recorder.begin([])

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recording.JsonLines if kind == "log" else recording.TensorBoard, "add", full)
    with pytest.warns(UserWarning, match=r"log: No space left on device; training goes on without this log"):
        recorder.add(point_at(1))
    recorder.add(point_at(2))  # and says nothing more
    recorder.close()


def test_without_tensorboard_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nextchar.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r'pip install "nextchar\[tensorboard\]"'):
        Recorder(None, tmp_path / "board")
    Recorder(tmp_path / "log", None)
    pytest.importorskip("torch")
    command = ["train", "-", "-o", str(tmp_path / "m"), "--model", "mlp", "--tensorboard", str(tmp_path / "board")]
    done = CliRunner().invoke(main, command, input="emma\n")
    assert done.exit_code == 1
    assert 'a log for TensorBoard needs the extra "tensorboard"' in done.output
    assert not list(tmp_path.iterdir())


# -- the command -----------------------------------------------------------------------------------------------------


def train(tmp_path: Path, *arguments: str) -> Any:
    data = tmp_path / "names.txt"
    data.write_text("\n".join(ITEMS))
    options = ["--model", "mlp", "--preset", "small", "--steps", "40", "-o", str(tmp_path / "m.safetensors")]
    return CliRunner().invoke(main, ["train", str(data), *options, *arguments])


def test_train_writes_both(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    log, board = tmp_path / "log.jsonl", tmp_path / "board"
    done = train(tmp_path, "--log", str(log), "--tensorboard", str(board), "--split", "distinct")
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(2, 41, 2))  # twenty points
    drawn = curves(board)
    for name in ("train_nats", "validation_nats", "learning_rate", "symbols_per_second", "gradient_norm"):
        assert drawn[name] == [(line["step"], pytest.approx(line[name], rel=1e-6)) for line in lines], name
    # the rate falls in a straight line; the last step is taken with 39 of 40 done
    assert lines[-1]["learning_rate"] == pytest.approx(0.01 * (1 - 39 / 40))


@pytest.mark.parametrize(
    ("option", "path", "words"),
    [
        ("--log", "names.txt", "is also an input, which the log would replace"),
        ("--checkpoint", "names.txt", "is also an input, which the checkpoint would replace"),
        ("--log", "m.safetensors", "--log and --output are both"),
        ("--checkpoint", "m.safetensors", "--checkpoint and --output are both"),
        ("--log", "m.safetensors.checkpoint", "--log and --checkpoint are both"),
        ("--log", "missing/log.jsonl", "there is no folder"),
    ],
)
def test_what_is_written_replaces_nothing(option: str, path: str, words: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = train(tmp_path, option, str(tmp_path / path))
    assert done.exit_code in (1, 2)
    assert words in done.output
    assert (tmp_path / "names.txt").read_text().split() == ITEMS
    assert [found.name for found in tmp_path.iterdir()] == ["names.txt"]
