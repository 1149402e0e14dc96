"""A server for the tests of a file, and its visitors."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from nextchar.data.corpus import Corpus
from nextchar.models.ngram.counts import Counts, count
from nextchar.web.dataset import default_dataset
from nextchar.web.server import _listen, create_app


class Visitor(httpx.Client):
    """A visitor with a browser of their own."""

    def __init__(self, address: str) -> None:
        headers = {"content-type": "application/json"}
        super().__init__(base_url=address, headers=headers, timeout=60, trust_env=False, verify=False)  # no TLS here

    def fetch(self, path: str, **query: Any) -> Any:
        """What GET answers; it must be well."""
        answer = self.get(f"/api/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def submit(self, path: str, **body: Any) -> Any:
        """What POST answers; it must be well."""
        answer = self.post(f"/api/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def train(self, **body: Any) -> Iterator[tuple[str, Any]]:
        """The events of a training: name and document."""
        with self.stream("POST", "/api/net/train", json=body) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))


@contextlib.contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The address of an application that runs in a thread of its own."""
    listener = _listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=3, ws="none"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://localhost:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        app.state.api.sessions.close()
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def app() -> Starlette:
    """Which computes all that it answers."""
    return create_app(first_answers=False)


@pytest.fixture(scope="module")
def address(app: Starlette) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Visitor]:
    """A visitor of the test's own."""
    with Visitor(address) as client:
        yield client


@pytest.fixture
def visitor() -> Callable[[str], Visitor]:
    """Makes more of them."""
    return Visitor


@pytest.fixture
def refused() -> Callable[[httpx.Response, int, str], str]:
    """Checks status and code of a refusal; gives its message."""

    def check(answer: httpx.Response, status: int, code: str) -> str:
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
        message: str = answer.json()["error"]["message"]
        return message

    return check


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return default_dataset().corpus


@pytest.fixture(scope="module")
def counts(corpus: Corpus) -> Counts:
    return count(corpus, 2)


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="needs the extra neural")
