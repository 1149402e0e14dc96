"""Who says what: the library speaks of arguments, and the command line adds the option that mends a mistake."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import nextchar
from nextchar.cli import main

PACKAGE = Path(nextchar.__file__).parent
WRITES_COMMANDS = PACKAGE / "web" / "recipes.py"  # those that do what was done on the page, to be copied
LIBRARY = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] != "cli"]
LIBRARY.remove(WRITES_COMMANDS)
PROPERTY = re.compile(r"(?:[{;]|var\()--[a-z]+")  # of a stylesheet
OPTION = re.compile(r"(?<![\w-])--[a-z]|(?<![\w-])-[a-z](?![\w-])")


def texts(tree: ast.Module) -> list[str]:
    """All texts of a module but its docstrings, those in f-strings too."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return [node.value for node in found if isinstance(node.value, str)]


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_library_names_no_options(path: Path) -> None:
    found = texts(ast.parse(path.read_text(encoding="utf-8")))
    assert not [text for text in found if OPTION.search(PROPERTY.sub("", text))]


def test_the_check_sees_an_option_in_a_message() -> None:
    wrong = [": give --data", ": give -o"]
    right = [": a - b", ": is no nextchar model", ": word-for-word", ": -log p"]
    tree = ast.parse('"""See --help."""\n' + "\n".join(f'raise ValueError(f"{{x}}{text}")' for text in wrong + right))
    assert [text for text in texts(tree) if OPTION.search(text)] == wrong


@pytest.mark.parametrize(
    ("arguments", "ends"),
    [
        (("prob", "m", "--new"), "give the training data (--data)"),
        (("sample", "m", "--temperature", "0"), "give a max-length (--max-length)"),
        (("evaluate", "m", "latin.txt"), "probably cp1252 (--encoding)"),
        (("score", "m", "other.txt"), "or with a symbol for unknown ones (nextchar train --unknown)"),
        (
            ("classify", "m", "t.txt"),
            "train one on items with labels (nextchar train FILE --column TEXT --label LABEL -o MODEL)",
        ),
    ],
)
def test_the_command_line_adds_the_option(
    arguments: tuple[str, ...], ends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text("aaaab\n", encoding="utf-8")  # the most probable way is a a a a ...
    Path("latin.txt").write_bytes("aé\n".encode("latin-1"))
    Path("other.txt").write_text("x\n", encoding="utf-8")
    nextchar.Ngram(order=2, add=0).fit(nextchar.Corpus.from_file("t.txt")).save("m")
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert result.stderr.rstrip("\n").endswith(ends)


def test_arguments_that_do_not_go_together_are_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["ab"])).save("m")
    result = CliRunner().invoke(main, ["sample", "m", "--stream", "torch1", "--suffix", "b"])
    assert result.exit_code == 2
    assert "the stream torch1 goes symbol by symbol" in result.stderr
