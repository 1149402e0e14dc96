from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nextchar.data.writing import holds_file, is_standard_output, remove, write_atomically, writing_to
from nextchar.errors import CorpusError, ModelFileError
from nextchar.models.ngram.model import Ngram

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only the superuser gives files away")
def test_a_replaced_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    write_atomically(path, b"new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 2345, 0o640)
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(sys.platform != "linux", reason="attributes of files as Linux has them")
def test_a_replaced_file_keeps_its_attributes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has none")
    write_atomically(path, b"after")
    assert (path.read_bytes(), os.getxattr(path, "user.note")) == (b"after", b"mine")


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/../dev/stdout"])
def test_names_of_standard_output(name: str, tmp_path: Path) -> None:
    """A file that standard output goes to is not begun anew: what is in it stays, and what comes after follows."""
    if not Path("/proc/self/fd").exists() and name.startswith("/proc"):
        pytest.skip("no /proc")
    assert is_standard_output(name)
    assert not holds_file(name)
    script = f"from nextchar.data.writing import write_atomically as w; print('a'); w({name!r}, b'b' * 5); print('c')"
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(["sh", "-c", 'echo before; "$0" -c "$1"', sys.executable, script], stdout=out, check=True)
    assert (tmp_path / "out").read_bytes() == b"before\na\nbbbbbc\n"


def test_a_link_to_standard_output(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    assert is_standard_output(tmp_path / "link")


def test_other_open_files(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        log.write(b"before\n")
        log.flush()
        write_atomically(f"/dev/fd/{log.fileno()}", [b"in", b"side\n"])
        log.write(b"after\n")
    assert (tmp_path / "log").read_bytes() == b"before\ninside\nafter\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_large_write_to_a_pipe_is_whole(unbuffered: str) -> None:
    script = "from nextchar.data.writing import write_atomically as w; w('-', [b'x' * 3_000_000, memoryview(b'y')])"
    shell = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([sys.executable, "-c", script], env=shell, capture_output=True, check=True)
    assert done.stdout == b"x" * 3_000_000 + b"y"


def test_a_name_that_is_a_hyphen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_atomically("./-", b"x")
    assert (tmp_path / "-").read_bytes() == b"x"


def test_pieces_that_fail_leave_the_old_file(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise CorpusError("cut off")

    path = tmp_path / "f"
    path.write_bytes(b"old")
    with pytest.raises(CorpusError):
        write_atomically(path, pieces())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_removed(tmp_path: Path) -> None:
    file, link, pipe = (tmp_path / name for name in ("file", "link", "pipe"))
    file.write_bytes(b"x")
    link.symlink_to(file)
    os.mkfifo(pipe)
    remove(link)
    remove(pipe)
    remove(tmp_path / "nothing")
    assert (file.exists(), link.is_symlink(), pipe.is_fifo()) == (False, True, True)
    remove(Path("/dev/null"))
    assert Path("/dev/null").exists()


def test_a_pipe_without_a_reader_is_an_error_unless_it_is_standard_output(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: os.close(os.open(pipe, os.O_RDONLY)))
    reader.start()
    with pytest.raises(CorpusError, match="pipe: cannot be written: Broken pipe"), writing_to(pipe, CorpusError):
        write_atomically(pipe, (b"x" * 100_000 for _ in range(100)))
    reader.join()
    with pytest.raises(BrokenPipeError), writing_to("-", CorpusError):
        raise BrokenPipeError


@pytest.mark.parametrize(
    "name", ["missing/", "missing/.", "./missing/..", "", ".", "..", "there.txt/", "folder", "folder/"]
)
def test_the_name_of_a_folder_is_no_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "there.txt").write_bytes(b"before")
    with pytest.raises(CorpusError, match="cannot be written: "), writing_to(name, CorpusError):
        write_atomically(name, b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "there.txt"]
    assert (tmp_path / "there.txt").read_bytes() == b"before"
    with pytest.raises(ModelFileError):
        Ngram(order=2).fit(["ab"]).save(name)
    assert (tmp_path / "there.txt").read_bytes() == b"before"
