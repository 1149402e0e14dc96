"""Errors go to other processes and back; what is missing is said in one line. (The rest needs workers.)"""

from __future__ import annotations

import pickle
import sys

import pytest

from nextchar.core.cluster import connected, on_this_worker
from nextchar.core.cluster_files import for_workers, stretches
from nextchar.data.spans import Span
from nextchar.errors import (
    ConflictError,
    CorpusError,
    MissingExtraError,
    NextcharError,
    NotAModelError,
    UnknownSymbolError,
)


@pytest.mark.parametrize(
    "error",
    [
        CorpusError("a", argument="encoding"),
        UnknownSymbolError("b", character="x", position=3),
        NotAModelError("c", kind="checkpoint"),
        MissingExtraError("counts", "counts"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_of_workers_arrive_as_they_were(error: NextcharError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"nextchar\[cluster\]"), connected("tcp://127.0.0.1:1"):
        pass


def test_what_the_system_says_has_the_name_of_the_worker() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(CorpusError, match=r"^a: cannot be read \(on worker "), on_this_worker():
        raise CorpusError("a: cannot be read") from OSError()
    with pytest.raises(CorpusError, match=r"^line 2$"), on_this_worker():
        raise CorpusError("line 2")
    with pytest.raises(CorpusError, match=r"^no such file \(on worker "), on_this_worker(whatever=True):
        raise CorpusError("no such file")


def test_files_for_workers() -> None:
    """A path is that of this folder; a URL stays."""
    assert for_workers(["s3://b/a.txt", "/x/a.txt"]) == ["s3://b/a.txt", "/x/a.txt"]
    assert for_workers(["a.txt"])[0].endswith("/a.txt")
    with pytest.raises(ConflictError, match="standard input"):
        for_workers(["a.txt", "-"])


def test_stretches() -> None:
    """Ten bytes each: of a file of 25 three, the last with the beginning of the next; what cannot be cut is alone."""
    found = list(stretches([Span("a", 0, 25), Span("z"), Span("b", 0, 7), Span("empty", 0, 0)], 10))
    assert sorted(found, key=str) == sorted(
        [
            (Span("a", 0, 10),),
            (Span("a", 10, 20),),
            (Span("z"),),
            (Span("a", 20, 25), Span("b", 0, 5)),
            (Span("b", 5, 7),),
        ],
        key=str,
    )
