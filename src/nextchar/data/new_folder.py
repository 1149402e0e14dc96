"""A folder that is made whole or not at all, and takes the place of nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nextchar.data.part_files import new_part_folder
from nextchar.data.writing import writing_to
from nextchar.errors import NextcharError

__all__ = ["folder_being_written"]


@contextmanager
def folder_being_written(path: str | Path, kind: type[NextcharError], holds: str) -> Iterator[Path]:
    """A folder beside the target, which becomes the target at the end, or is removed if something goes wrong.

    Args:
        path: the target.
        kind: of error.
        holds: what is written, for messages.

    Raises:
        NextcharError: there is something of that name, or no folder to make it in, or one that cannot be written.
    """
    _check_new(path, kind, holds)
    target = Path(path).absolute()
    with writing_to(path, kind), new_part_folder(target) as part:
        yield part
        for file in part.iterdir():
            with file.open("rb+") as handle:  # Windows brings to the disk only what is open for writing
                os.fsync(handle.fileno())
        _check_new(path, kind, holds)
        part.rename(target)


def _check_new(path: str | Path, kind: type[NextcharError], holds: str) -> None:
    if not str(path):
        raise kind(f"the name of the folder for the {holds} is empty; give one")
    if str(path) == "-":
        raise kind(f"{holds} are a folder of files, which standard output cannot hold; give a name for it")
    target = Path(path)
    if os.path.lexists(target):
        raise kind(f"{path}: exists already, and is not replaced; remove it or give another name")
    if not target.absolute().parent.is_dir():
        raise kind(f"{path}: there is no folder {target.absolute().parent}; make it first")
    if not os.access(target.absolute().parent, os.W_OK):
        raise kind(f"{path}: the folder {target.absolute().parent} cannot be written")
