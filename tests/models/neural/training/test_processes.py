"""Several processes train one net: the same losses as one alone, whatever the number, also after a break."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pytest

from nextchar.data.corpus import Corpus
from nextchar.models import registry
from nextchar.models.registry import load

torch = pytest.importorskip("torch")
if not torch.distributed.is_available():
    pytest.skip("this torch has no torch.distributed", allow_module_level=True)
if sys.platform == "win32":
    pytest.skip("processes are ended by POSIX signals", allow_module_level=True)

from nextchar.models.neural.families import NetSpec  # noqa: E402
from nextchar.models.neural.training.packing import Epochs  # noqa: E402
from nextchar.models.neural.training.processes import Processes  # noqa: E402
from nextchar.models.neural.training.settings import Run  # noqa: E402

WORDS: Final = ["emma", "ava", "mia", "amelia", "viola", "oliva", "zoe", "bb", "maximilian", "eve"]
HELD: Final = ["ema", "via", "mila"]
SAME: Final = 1e-5  # nats per symbol

# Rows have 16 places, so 112 symbols are batches of 7 rows, of which two processes get 3 and 4; the words fill 15 rows:
# the last batch of an epoch has one row, and the first process none. Sums of 16 bits depend on how they are grouped, so
# all count in 32.
CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    "transformer": {"kind": "transformer", "width": 12, "heads": 2, "layers": 2, "steps": 50, "dropout": 0.2},
    "gru": {"kind": "gru", "width": 12, "steps": 50, "dropout": 0.3},
    "weighted": {"kind": "mlp", "width": 12, "steps": 30, "dropout": 0.1, "precision": "float32"},
    "text": {"kind": "lstm", "width": 12, "steps": 20, "batch": 384},  # three streams of 128 places: one and two
    "resumed": {"kind": "bow", "width": 12, "steps": 50, "dropout": 0.2, "precision": "float32"},
    "killed": {"kind": "wavenet", "width": 12, "steps": 50, "dropout": 0.2, "precision": "float32"},
}

WORKER: Final = """
import json, os, signal, sys
from pathlib import Path
import numpy as np
from nextchar.data.corpus import Corpus
from nextchar.models import registry
from nextchar.models.neural.training.joining import joined_group
from nextchar.models.neural.training.processes import Processes
from nextchar.models.neural.training.settings import Run

folder, cases, words, held = Path(sys.argv[1]), *map(json.loads, sys.argv[2:])
rank = os.environ["RANK"]
(folder / f"pid.{rank}").write_text(str(os.getpid()))

def kill_all(report):
    if report.share >= 0.5:
        for other in "10":  # itself last
            os.kill(int((folder / f"pid.{other}").read_text()), signal.SIGKILL)

with joined_group():
    processes = Processes.here()
    assert (processes.rank, processes.size) == (int(rank), 2)
    for name, settings in cases.items():
        weights = [1 + i % 3 for i in range(len(words))] if name == "weighted" else None
        data = Corpus.from_items(words, weights=weights)
        if name == "text":
            data = Corpus.from_documents(["\\n".join(words * 8)])
        run = Run()
        if name in ("resumed", "killed"):
            run = Run(checkpoint=folder / name, log=folder / f"{name}.jsonl", resume=True, every_seconds=0)
        spec = registry.spec_of(settings["kind"], {k: v for k, v in settings.items() if k != "kind"}, preset="small")
        progress = kill_all if name == "killed" else None
        model = spec.fit(data, validation=held, run=run, progress=progress)
        model.save(folder / f"{name}.{rank}")
"""


def spec_of(name: str) -> NetSpec:
    settings = {"seed": 4, "batch": 112, **CASES[name]}
    return cast(NetSpec, registry.spec_of(settings.pop("kind"), settings, preset="small"))


def data_of(name: str) -> Corpus:
    words = WORDS * 4
    if name == "text":
        return Corpus.from_documents(["\n".join(words * 8)])
    return Corpus.from_items(words, weights=[1 + i % 3 for i in range(len(words))] if name == "weighted" else None)


def start(arguments: Sequence[str], size: int = 2, **options: Any) -> list[subprocess.Popen[str]]:
    """So many processes of Python with what a launcher leaves in the environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank), "GLOO_SOCKET_IFNAME": "lo"},
            text=True,
            **options,
        )
        for rank in range(size)
    ]


def curve(model: Any) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], model.metrics.document()["training"])


def check_same(mine: Sequence[Mapping[str, Any]], alone: Sequence[Mapping[str, Any]]) -> None:
    assert [point["step"] for point in mine] == [point["step"] for point in alone]
    for name in ("train_nats", "validation_nats", "gradient_norm"):
        found, wanted = ([point[name] for point in points] for points in (mine, alone))
        assert found == pytest.approx(wanted, abs=SAME, rel=SAME), name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes have trained; at the end both were killed in the middle of a training."""
    made = tmp_path_factory.mktemp("processes")

    def press(report: Any) -> None:
        if report.share >= 0.4:
            os.kill(os.getpid(), signal.SIGINT)

    run = Run(checkpoint=made / "resumed", log=made / "resumed.jsonl")
    with pytest.raises(KeyboardInterrupt):
        spec_of("resumed").fit(data_of("resumed"), validation=HELD, run=run, progress=press)
    cases = {name: {"seed": 4, "batch": 112, **settings} for name, settings in CASES.items()}
    processes = start(["-c", WORKER, str(made), json.dumps(cases), json.dumps(WORDS * 4), json.dumps(HELD)])
    assert [process.wait(300) for process in processes] == [-signal.SIGKILL] * 2
    return made


def test_a_batch_has_an_odd_number_of_rows_and_the_last_one_has_one() -> None:
    epochs = Epochs(data_of("gru"), seed=4)
    assert (epochs.T, epochs.rows, 112 // epochs.T) == (16, 2 * 7 + 1, 7)


@pytest.mark.parametrize("name", ["transformer", "gru", "weighted", "text"])
def test_losses_are_those_of_one_process(name: str, folder: Path) -> None:
    alone = spec_of(name).fit(data_of(name), validation=HELD)
    first, second = (load(folder / f"{name}.{rank}") for rank in range(2))
    check_same(curve(first), curve(alone))
    assert curve(second) == curve(first)
    for key, array in first.content().arrays.items():
        assert np.array_equal(second.content().arrays[key], array)
    assert first.evaluate(HELD).nats_per_symbol == pytest.approx(alone.evaluate(HELD).nats_per_symbol, abs=SAME)


def test_a_training_of_one_process_goes_on_with_two(folder: Path) -> None:
    alone = spec_of("resumed").fit(data_of("resumed"), validation=HELD)
    check_same(curve(load(folder / "resumed.0")), curve(alone))
    check_same([json.loads(line) for line in (folder / "resumed.jsonl").read_text().splitlines()], curve(alone))


def test_a_training_of_two_processes_that_were_killed_goes_on_with_one(folder: Path) -> None:
    alone = spec_of("killed").fit(data_of("killed"), validation=HELD)
    log = folder / "killed.jsonl"
    assert 10 <= len(log.read_text().splitlines()) < 20  # of 20 points: killed halfway
    assert not (folder / "killed.0").exists()
    run = Run(checkpoint=folder / "killed", log=log, resume=True)
    assert run.checkpoint is not None
    assert run.checkpoint.exists()
    resumed = spec_of("killed").fit(data_of("killed"), validation=HELD, run=run)
    check_same(curve(resumed), curve(alone))
    check_same([json.loads(line) for line in log.read_text().splitlines()], curve(alone))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("number", [0, 1, 2, 5, 64])
def test_rows_are_shared_out_evenly_and_none_is_left(size: int, number: int) -> None:
    shares = [Processes(rank, size).rows(number) for rank in range(size)]
    assert [row for share in shares for row in range(share.start, share.stop)] == list(range(number))
    lengths = [share.stop - share.start for share in shares]
    assert max(lengths) - min(lengths) <= 1
