"""The library is loaded while nothing is asked for."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import anyio
import pytest

from nextchar.web import warm_up as module
from nextchar.web.warm_up import PIECES, Requests, warm_up


def test_quiet_is_counted_from_the_last_answer() -> None:
    now = [10.0]
    requests = Requests(lambda: now[0])
    now[0] = 11.5
    assert requests.quiet_seconds == 1.5
    requests.begin()
    requests.begin()
    now[0] = 13.0
    requests.end()
    assert requests.quiet_seconds == 0
    requests.end()
    now[0] = 13.25
    assert requests.quiet_seconds == 0.25


def test_pieces_wait_for_a_quiet_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_SECONDS", 1e-9)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)
    done: list[str] = []
    monkeypatch.setattr(module, "import_module", done.append)
    requests = Requests()
    requests.begin()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(warm_up, requests, lambda: done.append("texts"), lambda: done.append("all"))
            await anyio.sleep(0.05)
            assert done == ["texts"]  # a request is open
            requests.end()

    anyio.run(main)
    assert done == ["texts", *PIECES, "all"]


def test_who_asks_without_end_does_not_hold_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a training does that streams."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.001)
    done: list[str] = []
    monkeypatch.setattr(module, "import_module", done.append)
    requests = Requests()
    requests.begin()
    anyio.run(warm_up, requests, lambda: None, lambda: done.append("all"))
    assert done == [*PIECES, "all"]


@pytest.mark.parametrize("piece", PIECES)
def test_the_pieces_are_there(piece: str) -> None:
    assert piece in sys.modules or find_spec(piece) is not None
