"""The data sets that nextchar knows by name: some ship with the package, others can be fetched and checked.

Fetching lives in `nextchar.data.download`; this module only says what there is, and reads what ships.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nextchar.errors import DataSetError

__all__ = ["NAMED", "PLACEHOLDERS", "DataSet", "are_texts", "meant_by", "named", "shipped_names", "shipped_path"]

PLACEHOLDERS: Final = frozenset(
    {"baby", "babyboy", "babygirl", "boy", "girl", "infant", "infantboy", "unknown", "unnamed"}
)
"""What names-2018 has where a child had no name yet, in lower case."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A file known by its content: whatever place it comes from, its hash says whether it is the right one.

    Attributes:
        name: what users call it.
        description: one line on what is in it.
        items: how many names or texts it holds, repeats counted.
        file_name: the name of its file, in the package or in the cache.
        size_bytes: size of the file.
        sha256: hash of the file, 64 lower-case hexadecimal digits.
        origin: who made it, and under which terms.
        url: the file itself if it is fetched; None if it ships with the package.
        variable: environment variable that may point to the user's own copy; None if there is none.
        column: that of the names, if it is a table.
        text: whether it is one running text, whose line ends are symbols, and not a list.
    """

    name: str
    description: str
    items: int
    file_name: str
    size_bytes: int
    sha256: str
    origin: str
    url: str | None = None
    variable: str | None = None
    column: str | None = None
    text: bool = False


NAMED: Mapping[str, DataSet] = MappingProxyType(
    {
        data_set.name: data_set
        for data_set in (
            DataSet(
                name="names-2018",
                description="US given names of 2018, with sex and number of births (CSV)",
                items=32_178,
                file_name="names-2018.csv",
                size_bytes=380_875,
                sha256="34493a37a92d9fa976c21248ff3b7243f414f03c91aa9752db5169a2635252ca",
                origin="US Social Security Administration, national data, public domain",
                column="name",
            ),
            DataSet(
                name="makemore-names",
                description="names.txt of the makemore lectures, one lower-case name a line",
                items=32_033,
                file_name="makemore-names.txt",
                size_bytes=228_145,
                sha256="0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
                origin="github.com/karpathy/makemore, from data of the US Social Security Administration",
                url="https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
                variable="NEXTCHAR_NAMES",
            ),
            DataSet(
                name="tiny-shakespeare",
                description="input.txt of char-rnn and nanoGPT, one running text of plays",
                items=1,
                file_name="tiny-shakespeare.txt",
                size_bytes=1_115_394,
                sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                origin="github.com/karpathy/char-rnn, from plays of Shakespeare, public domain",
                url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
                variable="NEXTCHAR_SHAKESPEARE",
                text=True,
            ),
            DataSet(
                name="genesis",
                description="Genesis in the King James Version, one running text",
                items=1,
                file_name="genesis.txt",
                size_bytes=196_867,
                sha256="037cbb491e232356eaa005801cd5a2676667952fda9dd6b2db3c37625eaf7784",
                origin="King James Version of 1611, public domain, from Debian's package bible-kjv-text",
                text=True,
            ),
            DataSet(
                name="creatures",
                description="names of creatures for games, one a line",
                items=360,
                file_name="creatures.txt",
                size_bytes=3_220,
                sha256="91f30aae2043c6f23f5beda994f8e4cf36ef9268ad4020911968ee6edcd8e6a0",
                origin="invented for nextchar, under its own licence",
            ),
            DataSet(
                name="us-names",
                description="the different names of names-2018 without placeholders such as Unknown, one a line",
                items=29_610,
                file_name="us-names.txt",
                size_bytes=212_192,
                sha256="da755b43a636b3c503e43ed814364ea31a4e0d122c719b52c1b6b38e6d35e12e",
                origin="US Social Security Administration, national data, public domain",
            ),
            DataSet(
                name="chinese-given-names",
                description="common Chinese given names, one a line",
                items=554,
                file_name="chinese-given-names.txt",
                size_bytes=3_818,
                sha256="88b680bc831a8eb55e62258219c55a9ef33fc25445826856c085e493e0dc9568",
                origin="common names written down for nextchar, under its own licence; copied from no list",
            ),
            DataSet(
                name="cities",
                description="cities of the world by their usual English names, one a line",
                items=658,
                file_name="cities.txt",
                size_bytes=5_477,
                sha256="706313e15103f89e513cf29683a1d40259941ccb70cc4dbc89550093a7950f38",
                origin="well-known names written down for nextchar, under its own licence; copied from no list",
            ),
        )
    }
)
"""Every data set that has a name, by its name."""


def named(name: str) -> DataSet:
    """The data set of that name.

    Raises:
        DataSetError: there is none; the message lists those there are.
    """
    if name not in NAMED:
        raise DataSetError(f'no data set is called "{name}"; there are: {", ".join(NAMED)}')
    return NAMED[name]


def meant_by(source: str) -> DataSet | None:
    """The data set that someone means who gives its name where a file is asked for and no file is called so."""
    return None if source not in NAMED or Path(source).exists() else NAMED[source]


def are_texts(sources: Sequence[str]) -> bool:
    """Whether the names of data sets that are given as sources are those of running texts, to be read as such.

    Raises:
        DataSetError: only some of them are.
    """
    texts = [source for source in sources if (data_set := meant_by(source)) is not None and data_set.text]
    if texts and len(texts) < len(sources):
        other = next(source for source in sources if source not in texts)
        raise DataSetError(
            f"{texts[0]} is a running text, and {other} is read as a list unless you say that it is a text too",
            argument="documents",
        )
    return bool(texts)


def shipped_path(name: str = "names-2018") -> Path:
    """The file of a data set that ships with the package; by default the table whose header is `name,sex,births`."""
    from importlib.resources import files

    return Path(str(files("nextchar.data").joinpath(NAMED[name].file_name)))


def shipped_names() -> list[str]:
    """The 32,178 names of the shipped file, in its order: girls' then boys', capitalised.

    A name given to both sexes appears twice; make the list distinct before you split it.

    Raises:
        DataSetError: the file is missing, so the package is not whole.
    """
    path = shipped_path()
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return [row["name"] for row in csv.DictReader(lines)]
    except FileNotFoundError:
        raise DataSetError(f"{path} is missing, though it ships with nextchar; install nextchar again") from None
