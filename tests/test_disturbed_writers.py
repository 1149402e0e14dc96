"""What goes wrong while a file is written: no room, no right, no folder, another writer, a signal.

Each command says so in one line and ends with 1 (130 or 143 after a signal); what was there is as it was, and nothing
else is left.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

import nextchar
from nextchar.cli import main
from nextchar.data.writing import write_atomically
from nextchar.errors import CountsError

if sys.platform == "win32":
    pytest.skip("POSIX", allow_module_level=True)

import resource

COMMANDS: Final[dict[str, Sequence[str]]] = {  # each writes more than ROOM
    "train": ("train", "LIST", "--order", "4"),
    "compile": ("compile", "MODEL"),
    "export": ("export", "MODEL"),
    "import": ("import", "ARPA"),
    "blend": ("blend", "MODEL", "MODEL"),
    "count": ("count", "LIST", "--order", "4"),
    "merge": ("merge", "COUNTS", "COUNTS"),
    "sample": ("sample", "MODEL", "-n", "2000"),
    "score": ("score", "MODEL", "LIST", "--tsv"),
    "classify": ("classify", "CLASSIFIER", "LONG", "--tsv"),
    "plot": ("plot", "surprisal", "MODEL", "emma"),
}
FOLDERS: Final = ("count", "merge")
ROOM: Final = 4 << 10  # bytes
every_command = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files that the commands read."""
    pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'nextchar[counts]'")
    folder = tmp_path_factory.mktemp("inputs")
    names = [
        f"{a}{b}{c}" for a in ("em", "li", "no", "Zoë") for b in "aeiouy" for c in ("lia", "mma", "ah", "x", "rst")
    ]
    (folder / "list.txt").write_text("\n".join(names))
    (folder / "long.txt").write_text("\n".join([*names] * 5))
    model = nextchar.Ngram(order=4, smoothing="witten-bell").fit(names)
    model.save(folder / "model")
    nextchar.write_arpa(model, folder / "model.arpa")
    nextchar.count_to(folder / "counts", folder / "list.txt", order=4)
    classifier = Path(__file__).parent / "fixtures" / "models" / "classifier.safetensors"
    made = {"LIST": "list.txt", "LONG": "long.txt", "MODEL": "model", "ARPA": "model.arpa", "COUNTS": "counts"}
    return {word: str(folder / name) for word, name in made.items()} | {"CLASSIFIER": str(classifier)}


def target_of(name: str, folder: Path) -> Path:
    return folder / {"plot": "p.png", "export": "m.arpa"}.get(name, "target")


def said(name: str, inputs: dict[str, str], target: Path) -> str:
    """What a command says that fails with exit code 1."""
    words = [inputs.get(word, word) for word in COMMANDS[name]]
    errors = io.StringIO()
    with (
        contextlib.redirect_stderr(errors),
        contextlib.redirect_stdout(io.StringIO()),
        pytest.raises(SystemExit) as ended,
    ):
        main.main([*words, "-o", str(target)])
    lines = errors.getvalue().splitlines()
    assert ended.value.code == 1, lines
    assert len(lines) == 1, lines
    return lines[0]


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_command_is_forgotten() -> None:
    """Those that have -o; the others are of nets and mixes, and save as `train` does."""
    writing = {name for name, command in main.commands.items() if any("-o" in option.opts for option in command.params)}
    assert writing - {*COMMANDS, "combine", "update", "calibrate", "compare", "plot"} == set()


@every_command
def test_no_room_for_the_file(name: str, inputs: dict[str, str], tmp_path: Path) -> None:
    target = target_of(name, tmp_path)
    before = None if name in FOLDERS else b"before"
    if before is not None:
        target.write_bytes(before)
    with no_file_larger_than(ROOM if name not in FOLDERS else 1 << 9):
        message = said(name, inputs, target)
    assert message == f"Error: {target}: cannot be written: File too large"
    assert (target.read_bytes() if target.exists() else None) == before
    assert list(tmp_path.iterdir()) == ([] if before is None else [target])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for next to nothing."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(options, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@every_command
def test_a_full_disk(name: str, inputs: dict[str, str], small_disk: Path) -> None:
    target = target_of(name, small_disk)
    before = b"" if name not in FOLDERS else None
    if before is not None:
        target.write_bytes(before)
    assert said(name, inputs, target) == f"Error: {target}: cannot be written: No space left on device"
    assert list(small_disk.iterdir()) == ([] if before is None else [target])
    assert before is None or target.read_bytes() == before


@every_command
def test_a_disk_that_can_only_be_read(name: str, inputs: dict[str, str], small_disk: Path) -> None:
    target = target_of(name, small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert said(name, inputs, target) == f"Error: {target}: the folder {small_disk} cannot be written"


@every_command
def test_a_folder_that_vanishes_while_it_is_written_to(
    name: str, inputs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def vanish(number: int, sync: Callable[[int], None] = os.fsync) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        sync(number)

    monkeypatch.setattr(os, "fsync", vanish)  # the last before a file or a folder is renamed into its place
    target = target_of(name, folder)
    assert (
        said(name, inputs, target) == f"Error: {target}: cannot be written: the folder {folder} is not there any more"
    )
    assert list(tmp_path.iterdir()) == []


@every_command
def test_a_folder_is_no_file(name: str, inputs: dict[str, str], tmp_path: Path) -> None:
    target = target_of(name, tmp_path)
    target.mkdir()
    message = said(name, inputs, target)
    assert message.startswith(f"Error: {target}: ")
    assert ("exists already" if name in FOLDERS else "is a directory") in message
    assert list(tmp_path.iterdir()) == [target]
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("second_ends_first", [True, False])
def test_two_writers_of_one_file(second_ends_first: bool, tmp_path: Path) -> None:
    """Who ends last has written it, whole; neither takes the other's part for one that was left."""
    path = tmp_path / "file"

    def second() -> Iterator[bytes]:
        yield b"se"
        if not second_ends_first:
            next(ends_first, None)
        yield b"cond"

    def first() -> Iterator[bytes]:
        yield b"fi"
        write_atomically(path, second())
        yield b"rst"

    def whole() -> Iterator[None]:
        write_atomically(path, b"another")
        assert path.read_bytes() == b"another"
        yield

    ends_first = whole()
    write_atomically(path, first())
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_folder_of_counts(inputs: dict[str, str], tmp_path: Path) -> None:
    """It is the folder of the one that ends first, and the other is told."""
    from nextchar.data.new_folder import folder_being_written

    target = tmp_path / "counts"
    first = folder_being_written(target, CountsError, "counts")
    part = first.__enter__()
    (part / "x").write_bytes(b"x")
    nextchar.count_to(target, inputs["LIST"], order=4)
    with pytest.raises(CountsError, match="exists already"):
        first.__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == [target]
    assert nextchar.CountsFolder.open(target).counts() == nextchar.count_files(inputs["LIST"], order=4)
