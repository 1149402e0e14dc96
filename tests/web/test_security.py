"""The server of the lesson page against other web sites, hostile texts and whatever else a visitor may send."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route

from nextchar.web.security import HEADERS
from nextchar.web.server import _listen, create_app
from nextchar.web.sessions import UPLOADS_AN_HOUR

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def app() -> Starlette:
    return create_app()


@pytest.fixture(scope="module")
def port(app: Starlette) -> Iterator[int]:
    listener = _listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=3, ws="none"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield int(listener.getsockname()[1])
    server.should_exit = True
    app.state.api.sessions.close()
    thread.join()
    listener.close()


@pytest.fixture
def client(port: int) -> Iterator[httpx.Client]:
    address = f"http://localhost:{port}"
    with httpx.Client(base_url=address, timeout=60, trust_env=False, verify=False) as client:  # no TLS: no certificates
        yield client


@pytest.fixture(autouse=True)
def no_defects(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing of what a test sends may end in a traceback."""
    yield
    defects = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not defects, "\n".join(str(record.exc_info) for record in defects)


def raw(port: int, request: bytes) -> bytes:
    """What the server answers to some bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


# -- who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/data", "/lesson/1", "/", "/static/js/app.js", "/nowhere"])
def test_only_names_of_this_machine_are_served(client: httpx.Client, port: int, path: str) -> None:
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "localhost",  # without the port
        f"localhost:{port + 1}",
        f"localhost:{port}.evil.example",
        f"localhost.:{port}",
        f"127.0.0.1.nip.io:{port}",
        f"0.0.0.0:{port}",
        "",
    ):
        answer = client.get(path, headers={"host": host})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "host")
    for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert client.get(path, headers={"host": host}).status_code != 403


def test_no_host_and_two_hosts(port: int) -> None:
    good = f"Host: localhost:{port}\r\n".encode()
    assert status(raw(port, b"GET /api/data HTTP/1.0\r\n\r\n")) == 403
    assert status(raw(port, b"GET /api/data HTTP/1.1\r\n" + good + b"Host: evil\r\nConnection: close\r\n\r\n")) >= 400
    assert status(raw(port, b"GET http://evil/api/data HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n")) == 403


CHANGING = [("POST", "/api/data"), ("DELETE", "/api/data"), ("POST", "/api/net/train"), ("PUT", "/api/data")]


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://localhost"},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "text/plain; application/json"},
        {"content-type": ""},
    ],
    ids=str,
)
def test_other_sites_cannot_start_work(client: httpx.Client, method: str, path: str, headers: dict[str, str]) -> None:
    answer = client.request(method, path, content=b'{"text":"a"}', headers={**JSON, **headers})
    assert answer.status_code in (403, 415)
    assert "set-cookie" not in answer.headers


def test_the_own_page_can(client: httpx.Client, port: int) -> None:
    for headers in ({"origin": f"http://localhost:{port}", "sec-fetch-site": "same-origin"}, {}):
        for content_type in ("application/json", "application/json; charset=utf-8"):
            sent = {**headers, "content-type": content_type}
            assert client.post("/api/encode", content=b'{"text":"a"}', headers=sent).status_code == 200


def test_other_sites_cannot_read(client: httpx.Client, port: int) -> None:
    for site in ("cross-site", "same-site"):
        assert client.get("/api/data", headers={"sec-fetch-site": site}).status_code == 403
        assert client.get("/favicon.ico", headers={"sec-fetch-site": site}).status_code == 204  # a link from elsewhere
    assert client.get("/api/data", headers={"origin": "http://evil.example"}).status_code == 403
    for site in ("same-origin", "none"):
        assert client.get("/api/data", headers={"sec-fetch-site": site}).status_code == 200
    answer = client.options(
        "/api/data", headers={"origin": "http://evil.example", "access-control-request-method": "POST"}
    )
    assert answer.status_code in (403, 415)
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_every_kind_of_answer_has_the_headers(client: httpx.Client) -> None:
    answers = {
        200: client.get("/api/data"),
        204: client.get("/favicon.ico"),
        400: client.post("/api/encode", content=b"{", headers=JSON),
        403: client.get("/", headers={"host": "evil"}),
        404: client.get("/nowhere"),
        405: client.get("/api/score"),
        415: client.post("/api/score"),
        422: client.get("/api/counts?add=x"),
    }
    charts = "/static/vendor/plotly-cartesian.min.js"
    bundle = client.get(charts)
    answers[304] = client.get(charts, headers={"if-none-match": bundle.headers["etag"]})
    for code, answer in [
        *answers.items(),
        (200, bundle),
        (404, client.get("/api/none")),
        (200, client.head("/api/data")),
    ]:
        assert answer.status_code == code
        for name, value in HEADERS.items():
            assert answer.headers.get_list(name) == [value]
        assert "server" not in answer.headers or answer.headers["server"] == "uvicorn"
        if answer.request.url.path.startswith("/api"):
            assert answer.headers["cache-control"] == "no-store"
    policy = HEADERS["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    with client.stream("POST", "/api/net/train", json={"steps": 1}) as stream:
        assert all(stream.headers[name] == value for name, value in HEADERS.items())
        stream.read()


# -- paths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/..%2fserver.py",
        "/static/%2e%2e/server.py",
        "/static/....//server.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/js/..%5c..%5cserver.py",
        "/static/%00",
        "/static/index.html%00.js",
        "/static/vendor/../../pages.py",
        "/static/",
        "/static",
        "/static/.",
        "/static/" + "a/" * 500,
        "/static/" + "%f0%9f%98%80" * 500,
        "/source/../pyproject.toml",
        "/source/..%2f..%2fpyproject.toml",
        "/source/web/server.py",
        "/source/%00",
        "/source/",
        "/source//etc/passwd",
        "/lesson/../api/data",
        "/lesson/0",
        "/lesson/99",
        "/lesson/-1",
        "/lesson/1/../../static/",
        "/lesson/99999999999999999999999999",
        "/lesson/%D9%A1%D9%A2",
        "/lesson/" + "9" * 5000,
        "/api/chapter/" + "9" * 5000,
        "/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_path_reaches_the_file_system(port: int, path: str) -> None:
    if path.startswith("/source"):
        pytest.importorskip("nextchar.lesson.texts")
    answer = raw(port, f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
    assert 400 <= status(answer) < 500
    assert b"root:" not in answer
    assert b"import " not in answer


# -- what is sent ---------------------------------------------------------------------------------------------------


def refused(answer: httpx.Response, code: int, name: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (code, name)
    assert answer.json()["error"]["message"]


def test_bodies_are_limited_with_and_without_a_length(client: httpx.Client) -> None:
    def chunks(size: int) -> Iterator[bytes]:  # sent without a content length
        yield b'{"text":"'
        for _ in range(size // 1000):
            yield b"a" * 1000
        yield b'"}'

    refused(client.post("/api/encode", content=b" " * 70_000, headers=JSON), 413, "too-large")
    refused(client.post("/api/encode", content=chunks(70_000), headers=JSON), 413, "too-large")
    refused(client.post("/api/data", content=chunks(5_000_000), headers=JSON), 413, "too-large")
    refused(client.post("/api/data", json={"text": "ab\n" * 700_000}), 422, "too-long")
    refused(client.post("/api/data", json={"text": "中\n" * 700_000}), 413, "too-large")  # 2.8 MB in UTF-8
    refused(client.post("/api/net/train", content=chunks(70_000), headers=JSON), 413, "too-large")


def test_a_body_that_never_ends_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from nextchar.web import requests as inputs

    monkeypatch.setattr(inputs.read_json, "__defaults__", (0.3,))
    begin = f"POST /api/data HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
    begin += "Connection: close\r\n"  # or it is kept for another five seconds
    answer = raw(port, begin.encode() + b"Content-Length: 100\r\n\r\n{")
    assert status(answer) == 408
    assert b"too-slow" in answer


def test_a_body_that_is_cut_off_is_no_defect(port: int) -> None:
    begin = f"POST /api/data HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n"
    for path in (b"/api/data", b"/api/net/train"):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(begin.encode().replace(b"/api/data", path) + b"Content-Length: 100\r\n\r\n{")
    time.sleep(0.3)


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b"null", b'"a"', b"{", b"\xff\xfe", b"{'text': 'a'}", b'{"text": NaN}', b"[" * 60_000,
        b'{"a":' * 10_000, b'{"text": 1' + b"0" * 5000 + b"}", b"\x00", b'{"text": "\n"}',
    ],
    ids=lambda body: str(body[:12]),
)  # fmt: skip
def test_what_is_not_a_json_object_is_refused(client: httpx.Client, body: bytes) -> None:
    refused(client.post("/api/encode", content=body, headers=JSON), 400, "not-json")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("encode", {}, "missing"),
        ("encode", {"text": None}, "missing"),
        ("encode", {"text": 5}, "wrong-value"),
        ("encode", {"text": ["a"]}, "wrong-value"),
        ("encode", {"text": "a" * 201}, "too-long"),
        ("encode", {"text": "a\nb"}, "not-one-line"),
        ("encode", {"text": "a\0b"}, "not-text"),
        ("encode", {"text": "\ud800"}, "not-text"),
        ("score", {"text": "emma", "add": -1}, "wrong-value"),
        ("score", {"text": "emma", "add": 10**400}, "wrong-value"),
        ("score", {"text": "emma", "add": True}, "wrong-value"),
        ("score", {"text": "emma", "order": 7}, "wrong-value"),
        ("score", {"text": "emma", "order": 2.5}, "wrong-value"),
        ("sample", {"n": 20_001}, "wrong-value"),
        ("sample", {"n": "9" * 5000}, "wrong-value"),
        ("sample", {"seed": -1}, "wrong-value"),
        ("sample", {"seed": 2**64}, "wrong-value"),
        ("sample", {"temperature": -0.1}, "wrong-value"),
        ("sample", {"new": 1}, "wrong-value"),
        ("sample", {"min_length": 9, "max_length": 3}, "settings"),
        ("sample", {"prefix": "aaaa", "max_length": 3}, "settings"),
        ("sample", {"prefix": "\ud800"}, "not-text"),
        ("step", {"prefix": "!"}, "unknown-symbol"),
        ("step", {"draw": -1}, "wrong-value"),
        ("step", {"prefix": "a", "temperature": -1}, "wrong-value"),
        ("step", {"prefix": "a", "temperature": "inf"}, "wrong-value"),
        ("net/train", {"steps": 0}, "wrong-value"),
        ("net/train", {"steps": 20_001}, "wrong-value"),
        ("net/train", {"learning_rate": 0}, "wrong-value"),
        ("net/train", {"init": "ones"}, "wrong-value"),
        ("net/forward", {"first": 10_000}, "wrong-value"),
        ("data", {"text": ""}, "empty"),
        ("data", {"text": " \n\t\n"}, "empty"),
        ("data", {"text": "a\0b"}, "not-text"),
        ("data", {"text": "\udfff"}, "not-text"),
        ("data", {"text": "a" * 1_000_000}, "item-too-long"),
        ("data", {"text": "a\n" * 100_001}, "too-many-items"),
        ("data", {"text": "\n".join(map(chr, range(0x20000, 0x20000 + 100_000)))}, "too-many-characters"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_wrong_values_are_refused_clearly(
    client: httpx.Client, path: str, body: dict[str, Any], code: str, language: str
) -> None:
    answer = client.post(f"/api/{path}", content=json.dumps({**body, "lang": language}).encode(), headers=JSON)
    refused(answer, 422, code)
    if code != "settings":  # those speak English only
        assert any("\u4e00" <= c <= "\u9fff" for c in answer.json()["error"]["message"]) == (language == "zh")


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE names; --",
    "{{7*7}}${7*7}",
    "\x01\x02\x1b[31m",
    "\u202egnp.exe",
    "a\u2028b\u2029c",
    "../../etc/passwd",
    "e\u0301\u0327",
    "👩\u200d👩\u200d👧",
]


def test_hostile_texts_come_back_as_data(client: httpx.Client) -> None:
    text = "\n".join(HOSTILE)
    answer = client.post("/api/data", json={"text": text})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["examples"] == [item.strip() for item in HOSTILE]
    for path in ("counts", "keepdim", "smoothing", "pair?first=1&second=2", "row?first=0", "items", "equivalence"):
        answer = client.get(f"/api/{path}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
    for item in HOSTILE:
        item = item.strip()
        assert client.post("/api/score", json={"text": item}).json()["item"] == item
        assert "".join(client.post("/api/encode", json={"text": item}).json()["symbols"][1:-1]) == item


def test_uploads_are_limited_in_number(client: httpx.Client) -> None:
    for _ in range(UPLOADS_AN_HOUR):
        assert client.post("/api/data", json={"text": "a"}).status_code == 200
    refused(client.post("/api/data", json={"text": "a"}), 429, "too-many-uploads")
    assert client.get("/api/data").json()["own"]


# -- everything else ------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=30) | st.sampled_from(
    [*HOSTILE, "emma", "", "\0", "\ud800", "9" * 400, "nan", "inf", "-0", "1e999"]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 30)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
ODD_HEADERS: list[dict[str, str]] = [
    {},
    {},
    {"x-nextchar-list": "0"},
    {"cookie": 'nextchar=x; "=;;'},
    {"accept-language": ";q=,,zh;q=x"},
]
PARTS = ["1", "5", "j", "é", "..", "%00", "a b", "-3", "", "1/2", "?", "9" * 30]
NAMES = st.sampled_from(
    [
        "content", "column", "text", "lang", "add", "what", "first", "second", "prefix", "seed", "draw", "order", "n",
        "stream",
        "temperature", "min_length", "max_length", "new", "l2", "learning_rate", "steps_per_second", "init", "contains",
        "offset", "limit", "list", "model", "starts", "ends", "pattern", "pronounceable", "min_distance", "locked",
        "name", "content", "column", "header", "encoding",
        "net", "unit", "context", "moves", "holds", "cuts", "arc", "layers", "growth", "depth", "scale", "normed",
        "rate",
        "steps", "family",
    ]
)  # fmt: skip


def paths(app: Starlette) -> list[str]:
    api = app.state.api.load()
    return [route.path for route in [*app.routes, *api.routes] if isinstance(route, Route)]


def nothing_that_is_sent_is_a_defect(app: Starlette, client: httpx.Client, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(app)))
    for name in ("{number}", "{letter}", "{name:path}", "{rest:path}"):
        path = path.replace(name, data.draw(st.sampled_from(PARTS)))
    method = data.draw(
        st.sampled_from(["GET", "POST", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH", "TRACE", "X"])
    )
    body = data.draw(
        st.binary(max_size=50)
        | st.dictionaries(NAMES | TEXTS, VALUES, max_size=6).map(lambda value: json.dumps(value).encode())
        | st.dictionaries(NAMES, NUMBERS | st.sampled_from(["emma", "ab"]), max_size=6).map(
            lambda v: json.dumps(v).encode()
        )
    )
    query = data.draw(st.dictionaries(NAMES, TEXTS | NUMBERS.map(str), max_size=4))
    query = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    headers = {**JSON, **data.draw(st.sampled_from(ODD_HEADERS))}
    with client.stream(method, path, params=query, content=body, headers=headers) as answer:
        assert answer.status_code < 500
        assert answer.headers["x-content-type-options"] == "nosniff"
        if "event-stream" not in answer.headers.get("content-type", ""):
            content = answer.read()
            if path.startswith("/api") and content and answer.headers["content-type"] == "application/json":
                json.loads(content, parse_constant=pytest.fail)


def sent(examples: int) -> Callable[..., Any]:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, suppress_health_check=checks)(
        given(data=st.data())(nothing_that_is_sent_is_a_defect)
    )


test_nothing_that_is_sent_is_a_defect = sent(100)
test_nothing_of_much_that_is_sent_is_a_defect = pytest.mark.slow(sent(400))


# What is sent to the door and the workbench as their pages do; then something of it is something else.
WELL: list[tuple[str, dict[str, Any]]] = [
    ("/api/door", {"text": "emma"}),
    ("/api/file", {"name": "a.csv", "content": "bmFtZSxuCmFubmEsMQpvdHRvLDIK", "column": 1}),
    ("/api/names/list", {"text": "anna\nbob\notto"}),
    ("/api/names/open", {"name": "a.csv", "content": "bmFtZSxuCmFubmEsMQpvdHRvLDIK", "column": 1, "header": "yes"}),
    (
        "/api/names/write",
        {
            "list": "creatures",
            "model": "2",
            "starts": "a",
            "contains": "",
            "ends": "",
            "pattern": "*_*",
            "seed": "3",
            "pronounceable": True,
            "min_distance": 1,
            "n": 5,
            "new": True,
            "min_length": 3,
            "max_length": 9,
        },
    ),
    ("/api/names/fill", {"list": "creatures", "model": "1", "text": "Acornix", "locked": "1110000"}),
    ("/api/names/why", {"list": "creatures", "model": "1", "text": "Amberoo"}),
    ("/api/names/score", {"list": "creatures", "model": "1", "text": "Amberoo\nxqz\n\nAnemoth"}),
    ("/api/names/file", {"list": "creatures", "model": "1", "what": "module"}),
    ("/api/names/file", {"list": "creatures", "model": "1", "what": "page"}),
    ("/api/names/learn", {"list": "creatures"}),
]
# And what would take its time, or run for long, were it sent well.
HARDLY: list[tuple[str, dict[str, Any]]] = [
    ("/api/names/train", {"list": "creatures", "model": "none"}),
    ("/api/nets/train", {"family": "none", "steps": 1}),
    ("/api/chapter/1/code/none", {}),
]  # fmt: skip


def test_what_is_sent_well_is_answered(client: httpx.Client) -> None:
    for path, body in WELL:
        assert client.post(path, json=body).status_code == 200, path
    for path, body in HARDLY:
        assert client.post(path, json=body).status_code in (404, 422), path


def nothing_that_is_sent_nearly_well_is_a_defect(client: httpx.Client, data: st.DataObject) -> None:
    path, body = data.draw(st.sampled_from([*WELL, *HARDLY]))
    changed = data.draw(st.dictionaries(st.sampled_from([*body, "lang"]), VALUES, min_size=1, max_size=2))
    sent = json.dumps({**body, **changed}).encode()
    with client.stream("POST", path, content=sent, headers=JSON) as answer:
        assert answer.status_code < 500
        if answer.status_code >= 400:
            assert json.loads(answer.read())["error"]["message"]


def nearly_well(examples: int) -> Callable[..., Any]:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=None, suppress_health_check=checks)(
        given(data=st.data())(nothing_that_is_sent_nearly_well_is_a_defect)
    )


test_nothing_that_is_sent_nearly_well_is_a_defect = nearly_well(40)
test_nothing_of_much_that_is_sent_nearly_well_is_a_defect = pytest.mark.slow(nearly_well(600))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(min_size=1, max_size=80))
def test_bytes_that_are_no_request_are_no_defect(port: int, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /" + junk + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        answer = connection.recv(100)
    assert not answer or 200 <= status(answer) < 500
