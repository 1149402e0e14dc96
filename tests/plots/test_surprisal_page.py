"""A text as a page: what stands in it, and that it is a page by itself."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nextchar
from nextchar.cli import main
from nextchar.plots.marked_text import END, LINE_END, MarkedText, marked_text
from nextchar.plots.surprisal_page import save_surprisal_page, surprisal_page


class Cells(HTMLParser):
    """(text, class, bits) of all characters; the names of all tags and what they point to."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[tuple[str, str, str]] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.open: list[str] = []
        self._inside: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.links += [value for name, value in given.items() if name in ("src", "href", "action")]
        if tag not in ("meta",):
            self.open.append(tag)
        if tag == "i":
            self._inside = given["class"], given["data-b"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self.cells.append((data, *self._inside))


def read(page: str) -> Cells:
    found = Cells()
    found.feed(page)
    found.close()
    assert found.open == []
    return found


def marked(training: str, text: str) -> MarkedText:
    model = nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_documents([training]))
    return marked_text(model, nextchar.Corpus.from_documents([text]), symbols=1000)


def test_each_character_with_its_colour_and_its_bits() -> None:
    # after a come b (3 of 4) and a line end (1 of 4), -log2(3/4) = 0.415 and 2; all else is certain
    page = "".join(surprisal_page(marked("abababa\n", "aba\n"), title="t", about="m"))
    assert read(page).cells == [
        ("a", "c0", "0.00"),
        ("b", "c0", "0.42"),
        ("a", "c0", "0.00"),
        (LINE_END, "c3 e", "2.00"),
        (END, "c0 e", "0.00"),
    ]
    # (0.415 + 2) / 5 symbols
    assert "m: 0.483 bits per symbol, 5 symbols</p>" in page
    assert "from the beginning" not in page


def test_what_html_would_take_for_its_own_is_text() -> None:
    text = "<b>&\"'</i>"
    page = "".join(surprisal_page(marked(text, text), title="<x> & y", about="<m>"))
    found = read(page)
    assert "".join(cell[0] for cell in found.cells) == text + END
    assert "<title>Surprisal: &lt;x&gt; &amp; y</title>" in page
    assert "&lt;m&gt;" in page


def test_it_needs_nothing_else() -> None:
    found = read("".join(surprisal_page(marked("ab\n", "ab\n"), title="t", about="m")))
    assert found.links == []
    assert not found.tags & {"script", "link", "img", "iframe", "object"}


def test_what_is_impossible_is_said() -> None:
    page = "".join(surprisal_page(marked("ab", "ba"), title="t", about="m"))
    assert ("b", "c10", "∞") in read(page).cells
    assert "infinite, as some of it cannot come from the model" in page


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.stderr
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of a text and of a list, and a file for each."""
    folder = tmp_path_factory.mktemp("surprisal")
    text = "To be,\nor not.\n" * 3
    (folder / "play.txt").write_bytes(text.replace("\n", "\r\n").encode())
    (folder / "names.txt").write_text("emma\nava\n")
    nextchar.Ngram(order=3).fit(nextchar.Corpus.from_documents([text])).save(folder / "text")
    nextchar.Ngram(order=3).fit(["emma", "ava"]).save(folder / "list")
    return folder


def test_the_command_writes_a_page_or_a_picture(folder: Path) -> None:
    run("plot", "surprisal", folder / "text", folder / "play.txt", "-o", folder / "a.html")
    cells = read((folder / "a.html").read_text(encoding="utf-8")).cells
    assert "".join(cell[0] for cell in cells) == f"To be,{LINE_END}or not.{LINE_END}" * 3 + END  # CRLF is one
    run("plot", "surprisal", folder / "text", folder / "play.txt", "-o", folder / "a.svg", "--lines", 2)
    assert b"T" in (folder / "a.svg").read_bytes()
    run("plot", "surprisal", folder / "list", folder / "names.txt", "-o", folder / "b.html", "--lines", 1)
    cells = read((folder / "b.html").read_text(encoding="utf-8")).cells
    assert "".join(cell[0] for cell in cells) == f"emma{END}"


def test_a_word_has_bars_still_and_no_page(folder: Path) -> None:
    run("plot", "surprisal", folder / "list", "emma", "-o", folder / "w.png")
    assert (folder / "w.png").read_bytes().startswith(b"\x89PNG")
    wrong = run("plot", "surprisal", folder / "list", "emma", "-o", folder / "w.html", code=2)
    assert ".png or .svg; give" in wrong.stderr
    wrong = run("plot", "surprisal", folder / "list", "emma", "-o", folder / "w.png", "--lines", 3, code=2)
    assert "--lines goes with a FILE; emma is a word." in wrong.stderr
    assert not (folder / "w.html").exists()


def test_a_file_that_cannot_be_shown(folder: Path) -> None:
    target = folder / "none.html"
    missing = run("plot", "surprisal", folder / "text", folder / "no.txt", "-o", target, code=1)
    assert "no.txt: no such file" in missing.stderr
    (folder / "other.txt").write_text("To be,\nZ\n")
    unknown = run("plot", "surprisal", folder / "text", folder / "other.txt", "-o", target, code=1)
    assert "'Z' (U+005A)" in unknown.stderr
    assert "line 2, character 1" in unknown.stderr
    (folder / "empty.txt").write_text("")
    empty = run("plot", "surprisal", folder / "text", folder / "empty.txt", "-o", target, code=1)
    assert "no items" in empty.stderr
    wrong = run("plot", "surprisal", folder / "text", folder / "play.txt", "-o", folder / "a.pdf", code=2)
    assert ".png or .svg; the text as a page as .html" in wrong.stderr
    assert not target.exists()


def test_a_long_text_is_cut_and_said_to_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nextchar.plots.surprisal_page.MOST_SYMBOLS", 10)
    said = run("plot", "surprisal", folder / "text", folder / "play.txt", "-o", folder / "cut.html")
    assert "shows the beginning of the text" in said.stderr
    page = (folder / "cut.html").read_text(encoding="utf-8")
    assert len(read(page).cells) == 10
    assert "10 symbols from the beginning" in page
    assert "The text goes on." in page
    text = nextchar.Corpus.from_documents(["To be,\n"])
    assert save_surprisal_page(nextchar.Ngram().fit(text), text, folder / "whole.html")
