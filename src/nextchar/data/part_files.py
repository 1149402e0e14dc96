"""The file that is written before it is renamed into its place, and what killed processes left of such files.

A process that is killed while it writes leaves a part of a file behind. The next one that writes to the same place
removes it. What tells a part that is left from one that another process is writing now is a lock, which the system
drops when its process ends, however it ends (flock). Where no locks are to be had, nothing is removed; on Windows an
open file cannot be removed, which serves as well.

A signal can come between any two steps, also while a part is made or removed. So parts are noted before they are made,
and what is still noted when the process ends is removed then.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

if sys.platform != "win32":
    import fcntl

__all__ = ["into_place", "new_part", "new_part_folder", "remove_left_parts"]

_ours: Final[dict[Path, int]] = {}  # parts that this process has made or is about to make, and its number


@contextlib.contextmanager
def new_part(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file beside the target, open for writing, which is removed if it is not renamed when the block ends.

    Raises:
        OSError: the folder does not exist or cannot be written.
    """
    while True:
        with _noted(target) as part, part.open("xb") as handle:
            if _locked(handle):  # else another process took it for one that was left
                yield part, handle
                return


@contextlib.contextmanager
def new_part_folder(target: Path, *, private: bool = False) -> Iterator[Path]:
    """A new folder beside the target, which is removed with all in it if it is not renamed when the block ends.

    What killed processes left of such folders is removed first.

    Args:
        target: what it becomes, or after what it is named.
        private: nobody else may look into it.

    Raises:
        OSError: the folder beside which it is to be does not exist or cannot be written.
    """
    _remove_left_folders(target)
    while True:
        with _noted(target) as part, contextlib.ExitStack() as stack:
            part.mkdir(mode=0o700 if private else 0o777)
            with contextlib.suppress(FileNotFoundError):  # another process took it for one that was left
                lock = _folder_lock(part, wait=True)
                if lock is not None:
                    stack.callback(os.close, lock)
            if part.exists():
                yield part
                return


@contextlib.contextmanager
def _noted(target: Path) -> Iterator[Path]:
    """A new name for a part of a target; what has that name when the block ends is removed."""
    part = target.with_name(f"{_beginning(target)}{secrets.token_hex(8)}.part")
    if not _ours:
        atexit.unregister(_remove_ours)
        atexit.register(_remove_ours)
    _ours[part] = os.getpid()
    try:
        yield part
    finally:
        _remove(part)
        del _ours[part]


def _remove_ours() -> None:
    for part, process in list(_ours.items()):
        if process == os.getpid():  # and not of the process that this one was forked from
            _remove(part)


def _remove(part: Path) -> None:
    with contextlib.suppress(OSError):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _remove_left_folders(target: Path) -> None:
    left = re.compile(re.escape(_beginning(target)) + r"[0-9a-f]{16}\.part")
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(target.parent)):
            if left.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    lock = _folder_lock(Path(entry.path), wait=False)
                    if lock is not None:
                        shutil.rmtree(entry.path, ignore_errors=True)
                        os.close(lock)


def _folder_lock(folder: Path, *, wait: bool) -> int | None:
    """An open and locked folder, to be closed; None where no locks are to be had.

    Raises:
        OSError: another process has it, and it is not waited for.
    """
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        if not wait:
            raise
        return None
    return descriptor


def into_place(part: Path, handle: BinaryIO, target: Path) -> None:
    """Rename a part, while it is locked, over the target."""
    if sys.platform == "win32":  # where what is open cannot be renamed
        handle.close()
    os.replace(part, target)  # noqa: PTH105 - which a test of crashes gets hold of


def remove_left_parts(target: Path) -> None:
    """Remove the parts that killed processes left beside a target; those that are being written stay."""
    left = re.compile(re.escape(_beginning(target)) + r"[0-9a-f]{16}\.part")
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(target.parent)):
            if left.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _remove_unless_locked(Path(entry.path))


def _beginning(target: Path) -> str:
    return f".{target.name[:48]}."


def _locked(handle: BinaryIO) -> bool:
    """Lock a new file; whether it is still there then."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # some file systems have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
    return os.fstat(handle.fileno()).st_nlink > 0


def _remove_unless_locked(part: Path) -> None:
    if sys.platform == "win32":
        part.unlink()
        return
    descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
    finally:
        os.close(descriptor)
