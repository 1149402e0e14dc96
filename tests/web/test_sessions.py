"""Visitors are kept apart and forgotten in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from nextchar.data.corpus import Corpus
from nextchar.lesson.trained_nets import TrainedNet
from nextchar.web.dataset import Dataset
from nextchar.web.sessions import IDLE_SECONDS, MOST_NETS, MOST_SESSIONS, Sessions

Visit = Callable[[str], Any]


def test_visitors_are_kept_apart(visitor: Visit, address: str) -> None:
    with visitor(address) as one, visitor(address) as two, visitor(address) as three:
        one.submit("data", text="aa\nab\n")
        two.submit("data", text="cc\n")
        assert one.fetch("data")["items"] == 2
        assert two.fetch("data")["alphabet"] == [".", "c"]
        assert three.fetch("data")["own"] is False
        assert len(one.cookies["nextchar"]) > 30
        assert not three.cookies  # who only reads is not remembered
        three.cookies.set("nextchar", "a" * 43, domain="localhost.local")
        assert three.fetch("data")["own"] is False


def test_the_cookie_is_for_the_browser_alone(client: Any) -> None:
    cookie = client.post("/api/data", json={"text": "a"}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "expires" not in cookie


def test_sessions_expire() -> None:
    now = [0.0]
    dropped: list[Dataset] = []
    sessions = Sessions(clock=lambda: now[0], on_drop=dropped.append)
    session = sessions.create()
    data = Dataset("own", True, Corpus.from_items(["a"]))
    sessions.use(session, data)
    now[0] = IDLE_SECONDS - 1
    assert sessions.find(session.token) is session
    now[0] += IDLE_SECONDS + 1
    assert sessions.find(session.token) is None
    assert dropped == [data]
    tokens = [sessions.create().token for _ in range(MOST_SESSIONS)]
    assert sessions.find(tokens[0]) is not None  # no longer the one idle for longest
    sessions.create()
    assert sessions.find(tokens[1]) is None
    assert len(sessions) == MOST_SESSIONS
    sessions.close()
    assert len(sessions) == 0


def test_of_a_visitors_nets_the_one_trained_first_is_forgotten_first() -> None:
    session, net = Sessions().create(), cast(TrainedNet, object())
    for number in range(MOST_NETS + 1):
        session.keep_net(str(number), net)
    assert list(session.nets) == [str(number) for number in range(1, MOST_NETS + 1)]
    session.keep_net("1", net)
    assert next(reversed(session.nets)) == "1"


def test_a_visitors_text_counts_and_goes_like_a_list() -> None:
    gone: list[Dataset] = []
    sessions = Sessions()
    sessions.on_drop = gone.append
    session = sessions.create()
    one, other = (Dataset("text", True, Corpus.from_documents([text])) for text in ("ab" * 9, "cd" * 9))
    sessions.use_text(session, one)
    assert session.own == [one]
    sessions.use_text(session, other)
    assert gone == [one]
    sessions.close()
    assert gone == [one, other]
