"""What the project says of itself to tools: workflows, hooks, forms, citation; each names what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import nextchar

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def steps(workflow: Any) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def test_there_are_both_workflows() -> None:
    assert [path.name for path in WORKFLOWS] == ["release.yml", "test.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_targets_that_there_are(path: Path) -> None:
    commands = [step["run"] for step in steps(read(path)) if "run" in step]
    made = [words for command in commands if (words := command.split())[0] == "make"]
    assert made
    for words in made:
        assert words[1] in TARGETS
        assert all(re.fullmatch(r"PYTHON=\w+", word) for word in words[2:])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned(path: Path) -> None:
    used = [step["uses"] for step in steps(read(path)) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", name) for name in used)


def test_the_tests_run_on_every_python_that_is_named() -> None:
    matrix = read(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["test"]["strategy"]["matrix"]
    named = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert matrix["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_only_publishing_may_say_who_it_is() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["publish"]
    assert jobs["publish"]["needs"] == "build"
    assert jobs["build"]["needs"] == "test"


def test_the_hooks_check_what_lint_checks() -> None:
    hooks = [hook for repo in read(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    for tool in ("ruff format", "ruff check", "mypy"):
        assert any(hook["entry"].startswith(f".venv/bin/{tool}") for hook in hooks)
    for hook in hooks:
        for name in re.findall(r"\S+/\S+\.py", hook["entry"]):
            assert (ROOT / name).is_file()


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.name
)
def test_forms(path: Path) -> None:
    form = read(path)
    if path.name == "config.yml":
        assert set(form) == {"blank_issues_enabled"}
        return
    assert {"name", "description", "body"} <= set(form)
    fields = [field["id"] for field in form["body"]]
    assert len(fields) == len(set(fields)) > 0


def test_the_citation_is_of_this_version() -> None:
    citation = read(ROOT / "CITATION.cff")
    assert citation["version"] == nextchar.__version__
    assert citation["license"] == PROJECT["license"]


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md", "README.zh.md"])
def test_documents_name_targets_that_there_are(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    told = re.findall(r"\bmake (?:PYTHON=\S+ )?([a-z-]+)[`\s]", text)
    assert told
    assert set(told) <= TARGETS


def test_the_layout_is_told_as_it_is() -> None:
    def line(name: str) -> list[str]:
        found = re.search(r"^    (errors, extras, _kernels < .*)$", (ROOT / name).read_text("utf-8"), flags=re.M)
        assert found
        return found[1].removesuffix(" < __main__").split(" < ")

    assert line("CONTRIBUTING.md") == line("docs/design.md")
