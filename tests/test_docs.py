"""The documentation: what its pages show is run, both languages say the same, and the site has everything."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import click
import pytest
from tests.shown import blocks, run_page
from tools.docs_site import CONFIGURATION, SITE, build, sources
from tools.reference import commands, glossary, names

import nextchar
from nextchar.cli import main
from nextchar.data.download import find
from nextchar.lesson.glossary import load_glossary
from nextchar.models.registry import trained

DOCS = Path(__file__).parents[1] / "docs"
CHINESE = sorted((DOCS / "zh").rglob("*.md"))
PAGES = sorted(path for path in DOCS.rglob("*.md") if path not in CHINESE)
LANGUAGES = {"console", "python", "text"}


def name_of(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", [*PAGES, *CHINESE], ids=name_of)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    for block in blocks(page):
        assert block.language in LANGUAGES or block.not_run, f"line {block.line}"
        assert block.language, f"line {block.line} does not say what it is"
    fences = re.findall("^```", page.read_text(encoding="utf-8"), flags=re.M)
    assert len(fences) == 2 * len(blocks(page))


def is_run(page: Path) -> bool:
    return any(block.language != "text" and block.not_run is None for block in blocks(page))


@pytest.mark.parametrize("page", [page for page in PAGES if is_run(page)], ids=name_of)
def test_what_a_page_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = "".join(block.text for block in blocks(page) if block.not_run is None)
    for name in ("makemore-names", "tiny-shakespeare"):
        if name in shown and find(name) is None:
            pytest.skip(f"needs {name}: run nextchar data fetch {name}")
    monkeypatch.chdir(tmp_path)
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", CHINESE, ids=name_of)
def test_both_languages_have_the_same_commands_and_numbers(page: Path) -> None:
    english = DOCS / page.relative_to(DOCS / "zh")
    assert [(block.language, block.text) for block in blocks(page)] == [
        (block.language, block.text) for block in blocks(english)
    ]
    assert [block.not_run is None for block in blocks(page)] == [block.not_run is None for block in blocks(english)]
    assert numbers(page) == numbers(english)


def numbers(page: Path) -> Counter[str]:
    """The numbers in digits of a page's prose and tables."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return Counter(re.findall(r"\d[\d.,]*\d|\d", re.sub(r"\]\([^)]*\)", "]", prose)))


@pytest.mark.parametrize("page", [*PAGES, *CHINESE], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose):
        assert "://" in target or (page.parent / target).exists(), target


def test_every_page_is_in_the_navigation() -> None:
    configuration = CONFIGURATION.read_text(encoding="utf-8")
    for place in sources().values():
        assert f'"{place}"' in configuration, place


def test_every_command_has_a_page_with_all_its_options() -> None:
    pages = commands()

    def check(command: click.Command, words: tuple[str, ...]) -> None:
        text = pages[f"commands/{'-'.join(words)}.md"]
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                missing = [name for name in option.opts if name not in text and name not in rest]
                assert not missing, words
        for name, inner in getattr(command, "commands", {}).items():
            check(inner, (*words, name))

    rest = "".join(pages[f"commands/train-{row.name}.md"] for row in trained())
    for name, command in main.commands.items():
        check(command, (name,))
        assert f"({name}.md)" in pages["commands/index.md"]


def test_every_public_name_has_a_page() -> None:
    pages = names()
    for name in nextchar.__all__:
        if name != "__version__":
            assert pages[f"python/{name}.md"] == f"::: nextchar.{name}\n"
            assert f"({name}.md)" in pages["python/index.md"]


def test_the_glossary_has_all_terms_in_both_languages() -> None:
    english, chinese = glossary("en"), glossary("zh")
    for term in load_glossary():
        assert f"## {term.terms['en']}\n" in english
        assert f"## {term.terms['zh']}\n" in chinese


def test_the_start_has_all_extras_for_users() -> None:
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    (extras,) = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]["all"]
    for name in extras.removeprefix("nextchar[").removesuffix("]").split(","):
        assert re.search(rf"^\|.*`{name}`.*\|.*\|$", text, flags=re.M), name


@pytest.mark.slow
def test_the_site_is_built_and_its_search_finds_words() -> None:
    pytest.importorskip("zensical")
    build()
    found = json.loads((SITE / "search.json").read_text(encoding="utf-8"))
    text = json.dumps(found, ensure_ascii=False)
    for word in ("Kneser-Ney", "--column", "keepdim", "边界符"):
        assert word in text, word
    for path in SITE.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link)[^>]* (?:src|href)="(https?:[^"]*)"', path.read_text(encoding="utf-8")
        )
        assert not loaded, f"{path.name} fetches {loaded}"
    page = (SITE / "reference" / "python" / "Ngram.html").read_text(encoding="utf-8")
    shown = re.sub(r"<[^>]*>", "", page)
    assert "sweeps: int = 30" in shown  # the default, and not the call that makes the field
    assert "setting(" not in shown
    start, chinese = ((SITE / place).read_text(encoding="utf-8") for place in ("index.html", "zh/index.html"))
    assert '<html lang="en"' in start
    assert '<html lang="zh-CN"' in chinese
    for words in ("On this page", "Search\n", ">Search<", "Next"):
        assert words in start
        assert words not in chinese  # the theme's words are Chinese too
