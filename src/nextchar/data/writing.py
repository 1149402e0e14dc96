"""Writing a file: whole or not at all, and through what is no file.

A regular file, or one that does not exist yet, is written beside its place and renamed over it at the end, so that a
full disk or a crash leaves what was there. What is no regular file cannot be replaced: standard output, pipes and
devices are written as they are, piece by piece.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from nextchar.data.part_files import into_place, new_part, remove_left_parts
from nextchar.errors import NextcharError

__all__ = [
    "holds_file",
    "is_standard_output",
    "name_of_target",
    "names_a_folder",
    "remove",
    "through",
    "write_all",
    "write_atomically",
    "writing_to",
]

Pieces = bytes | Iterable[bytes | memoryview]

_DESCRIPTOR: Final = re.compile(r"/(?:dev/(?:std(in|out|err)|fd/(\d+))|proc/(?:self|thread-self)/fd/(\d+))")
_STANDARD: Final = {"in": 0, "out": 1, "err": 2}
_LINKS: Final = 40  # that are followed


def write_atomically(path: str | Path, content: Pieces) -> None:
    """Write a file whole or not at all: to a temporary file beside the target, which is renamed over it at the end.

    A new file has the permissions that new files have; one that replaces another has the other's permissions and
    attributes, and its owner and group, as far as this process may give them. A symbolic link is followed, and stays.
    `-` (standard output) and what is no regular file are written through.

    Args:
        path: the target.
        content: all of it, or pieces that are made one after the other.

    Raises:
        OSError: the folder does not exist or cannot be written, or the disk is full; a file is as it was.
    """
    pieces = [content] if isinstance(content, bytes) else content
    if names_a_folder(path):
        raise IsADirectoryError(errno.EISDIR, "that is the name of a folder; give the name of a file")
    if not holds_file(path):
        with through(path) as stream:
            for piece in pieces:
                write_all(stream, piece)
            stream.flush()
        return
    target = Path(os.path.realpath(path))
    before = target.stat() if target.exists() else None
    remove_left_parts(target)
    with new_part(target) as (part, handle):
        handle.writelines(pieces)
        handle.flush()
        os.fsync(handle.fileno())
        if before is not None:
            _as_before(part, target, before)
        into_place(part, handle, target)


def _as_before(part: Path, target: Path, before: os.stat_result) -> None:
    """Owner, group, permissions and attributes of the file that is replaced; only root may give a file away."""
    now = part.stat()
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        for owner in (before.st_uid, -1):
            try:
                os.chown(part, owner, before.st_gid)
            except OSError:
                continue
            break
    if sys.platform == "linux":  # attributes: what users note, and lists of who else may read it
        with contextlib.suppress(OSError):
            for name in os.listxattr(target):
                with contextlib.suppress(OSError):
                    os.setxattr(part, name, os.getxattr(target, name))
    part.chmod(stat.S_IMODE(before.st_mode))


def holds_file(path: str | Path) -> bool:
    """Whether a regular file is there, or could be made there: what is renamed into its place."""
    if _descriptor(path) is not None or str(Path(path).absolute()).startswith("/proc/"):
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - follows links, as what is opened does
    except (FileNotFoundError, NotADirectoryError):
        return True


def names_a_folder(path: str | Path) -> bool:
    """Whether a text is the name of a folder, if there is one or not: it ends in a slash, a point or two, or is empty.

    A `Path` no longer tells: it has lost the slash.
    """
    last = re.split(f"[/{re.escape(os.sep)}]", path)[-1] if isinstance(path, str) else path.name or "."
    return last in ("", ".", "..")


def is_standard_output(path: str | Path) -> bool:
    """Whether a target is standard output: `-`, /dev/stdout, and other names of it."""
    return _descriptor(path) == 1


def name_of_target(path: str | Path) -> str:
    """A target as messages call it."""
    return "standard output" if str(path) == "-" else str(path)


def remove(path: Path) -> None:
    """Remove a file that was written, if it is there; what is no regular file stays, and so does a link to the file."""
    if holds_file(path):
        target = Path(os.path.realpath(path))
        target.unlink(missing_ok=True)
        remove_left_parts(target)


@contextlib.contextmanager
def writing_to(path: str | Path, kind: type[NextcharError]) -> Iterator[None]:
    """Turn the system's errors into one for people: where, and what is wrong.

    Raises:
        BrokenPipeError: standard output is a pipe whose reader has seen enough.
        NextcharError: of that kind; all others.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, BrokenPipeError) and is_standard_output(path):
            raise
        raise kind(f"{name_of_target(path)}: cannot be written: {_reason(error, path)}") from error


def _reason(error: OSError, path: str | Path) -> str:
    """What is wrong, as the system says it; pyarrow has its number in its own sentence."""
    if isinstance(error, FileNotFoundError) and holds_file(path) and not Path(path).absolute().parent.is_dir():
        return f"the folder {Path(path).absolute().parent} is not there any more"
    number = re.search(r"Detail: \[errno (\d+)\]", str(error))
    return os.strerror(int(number[1])) if number else error.strerror or str(error)


def _descriptor(path: str | Path) -> int | None:
    """The number of the open file that a name stands for: of `-`, /dev/stdout, /dev/fd/63, and of links to them."""
    if str(path) == "-":
        return 1
    place = os.path.normpath(Path(path).absolute())
    for _ in range(_LINKS):
        if found := _DESCRIPTOR.fullmatch(place):
            name, *numbers = found.groups()
            return _STANDARD[name] if name else int(next(number for number in numbers if number))
        try:
            place = os.path.normpath(Path(place).parent / os.readlink(place))  # noqa: PTH115 - a text, as it stands there
        except OSError:
            return None
    return None


@contextlib.contextmanager
def through(path: str | Path) -> Iterator[BinaryIO]:
    """What is no file, open for writing; what is open already goes on where it is, and stays open.

    Raises:
        OSError: it cannot be written.
    """
    number = _descriptor(path)
    if number in (1, 2):
        text = sys.stdout if number == 1 else sys.stderr
        if text is None:  # closed before this program began
            raise OSError(9, "Bad file descriptor")
        text.flush()
        yield text.buffer
        return
    opened = Path(path).open("wb") if number is None else os.fdopen(os.dup(number), "wb")  # noqa: SIM115 - closed below
    with opened as stream:
        yield stream


def write_all(stream: BinaryIO, content: bytes | memoryview) -> None:
    """Write all of it: where the stream has no buffer (PYTHONUNBUFFERED), one write may fall short."""
    rest = memoryview(content).cast("B")
    while rest:
        rest = rest[stream.write(rest) :]
