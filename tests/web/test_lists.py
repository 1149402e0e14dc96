"""The list in use, by its fingerprint: a page that shows another one is told so; files; words in the list's letters."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from nextchar.data.corpus import Corpus
from nextchar.web.dataset import Dataset


def test_a_fingerprint_is_of_the_items() -> None:
    def fingerprint(*items: str) -> str:
        return Dataset("x", True, Corpus.from_items(items)).fingerprint

    assert fingerprint("ab", "c") == fingerprint("ab", "c")
    assert len({fingerprint("ab", "c"), fingerprint("a", "bc"), fingerprint("c", "ab"), fingerprint("ba", "c")}) == 4
    assert fingerprint("bc") != fingerprint("ab")  # the same ids, other characters


def test_a_page_that_shows_another_list_is_told_so(client: Any, refused: Any) -> None:
    first = client.fetch("site")["data"]["fingerprint"]
    same = {"x-nextchar-list": first}
    assert client.get("/api/counts", headers=same).status_code == 200
    client.submit("data", text="abc\nabd\n")
    own = client.fetch("site")["data"]["fingerprint"]
    assert own != first
    for lang, word in (("en", "no longer in use"), ("zh", "不再使用")):
        assert word in refused(client.get("/api/counts", params={"lang": lang}, headers=same), 410, "list-gone")
    refused(client.post("/api/score", json={"text": "a"}, headers=same), 410, "list-gone")
    refused(client.post("/api/net/train", json={"steps": 1}, headers=same), 410, "list-gone")
    assert client.get("/api/counts", headers={"x-nextchar-list": own}).status_code == 200
    assert client.get("/api/counts").status_code == 200  # whoever names none takes the one in use


def send(client: Any, content: bytes, name: str = "list.csv", **more: Any) -> Any:
    return client.post("/api/file", json={"name": name, "content": base64.b64encode(content).decode(), **more})


def test_a_file_is_read(client: Any, refused: Any) -> None:
    answer = send(client, "编号;姓名\n1;张伟\n2;李娜\n".encode("gb18030")).json()
    assert (answer["text"], answer["items"], answer["encoding"], answer["column"]) == ("张伟\n李娜", 2, "gb18030", 2)
    assert answer["columns"] == ["编号", "姓名"]
    assert send(client, b"a,b\n1,2\n", column=1).json()["text"] == "1"
    refused(send(client, b"a,b\n1,2\n", column=3), 422, "no-column")
    refused(send(client, b"\x89PNG\r\n\x1a\n\0\0"), 422, "no-text-file")
    refused(send(client, b""), 422, "unreadable-file")
    assert client.fetch("data")["own"] is False  # nothing is put in use yet


@pytest.mark.parametrize("content", ["é", "a", "====", 7, None])
def test_what_is_not_base64_is_refused(client: Any, content: Any) -> None:
    answer = client.post("/api/file", json={"name": "x.txt", "content": content})
    assert answer.status_code == 422


def test_words_are_read_in_the_letters_of_the_list(client: Any) -> None:
    for path in ("encode", "cells", "score"):
        plain = client.submit(path, text="emma")
        assert "read_as" not in plain
        for typed in ("Emma", "EMMA"):
            assert client.submit(path, text=typed) == {**plain, "read_as": "emma"}
    assert client.submit("sample", prefix="Em", n=3)["items"] == client.submit("sample", prefix="em", n=3)["items"]
    assert client.fetch("items", contains="EM") == client.fetch("items", contains="em")
    client.submit("data", text="EMMA\nAVA\n")
    assert client.submit("encode", text="emma")["read_as"] == "EMMA"
    assert client.fetch("items", contains="ava")["items"] == ["AVA"]


def test_what_the_program_is_doing(client: Any) -> None:
    assert client.fetch("doing") == {"doing": []}
