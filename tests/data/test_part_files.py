from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nextchar.data.part_files import new_part, remove_left_parts
from nextchar.data.writing import remove, write_atomically

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

WRITER = """
import sys
from nextchar.data.writing import write_atomically
n = 0
while True:
    n += 1
    write_atomically(sys.argv[1], (b"%06d" % n for _ in range(200)))
    if n == 1:
        print("begun", flush=True)
"""


def _left(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".part"))


def _writer(path: Path) -> subprocess.Popen[bytes]:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"begun\n"
    return writer


def test_killed_at_any_moment_the_target_is_whole_and_the_next_write_leaves_no_part(tmp_path: Path) -> None:
    path, moments = tmp_path / "model.safetensors", random.Random(5)
    for _ in range(8):
        writer = _writer(path)
        time.sleep(moments.random() * 0.02)
        writer.kill()
        writer.communicate()
        content = path.read_bytes()
        assert len(content) == 1200
        assert content == content[:6] * 200
    write_atomically(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.safetensors"]


def test_two_processes_that_write_one_target_do_not_take_each_other_s_parts(tmp_path: Path) -> None:
    path = tmp_path / "table.arpa"
    writers = [_writer(path) for _ in range(2)]
    for _ in range(200):
        write_atomically(path, b"%06d" % 7 * 200)
        content = path.read_bytes()
        assert content == content[:6] * 200
    assert [writer.poll() for writer in writers] == [None, None], "neither has failed"
    for writer in writers:
        writer.kill()
        writer.communicate()


def test_a_part_that_is_being_written_stays(tmp_path: Path) -> None:
    target = tmp_path / "m"
    (tmp_path / f".m.{'0' * 16}.part").write_bytes(b"left")
    with new_part(target) as (part, handle):
        handle.write(b"x")
        remove_left_parts(target)
        assert _left(tmp_path) == [part.name]
    assert _left(tmp_path) == []


def test_only_parts_of_the_target_are_removed(tmp_path: Path) -> None:
    others = [".n.0123456789abcdef.part", "m.0123456789abcdef.part", ".m.0123456789abcdeg.part", ".m.0123.part", ".m"]
    for name in [*others, ".m.0123456789abcdef.part"]:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".m.fedcba9876543210.part").mkdir()
    (tmp_path / "away").write_bytes(b"x")
    (tmp_path / ".m.aaaaaaaaaaaaaaaa.part").symlink_to(tmp_path / "away")
    write_atomically(tmp_path / "m", b"y")
    stay = [*others, ".m.fedcba9876543210.part", ".m.aaaaaaaaaaaaaaaa.part", "away", "m"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(stay)


def test_the_parts_of_a_file_that_is_removed_go_with_it(tmp_path: Path) -> None:
    for name in ("log", ".log.0123456789abcdef.part"):
        (tmp_path / name).write_bytes(b"x")
    remove(tmp_path / "log")
    assert list(tmp_path.iterdir()) == []
