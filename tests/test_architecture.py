"""The packages stand in one line, and each imports only from those to its left; so do the parts of a package.

The line of all packages stands at the top of `nextchar/__init__.py`, that of a package's parts at the top of its own
`__init__.py`. A sign `<` says that the right side is built on the left; a comma only that neither needs the other.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import nextchar

PACKAGE = Path(nextchar.__file__).parent
LINE = re.compile(r"^ {4}(\w+(?:(?:, | < )\w+)+)$", re.MULTILINE)


def name_of(path: Path) -> str:
    return ".".join(("nextchar", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


MODULES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def imported(name: str) -> set[str]:
    """The modules of ours that a module imports, wherever in it; a name of a package counts as the package."""
    found: set[str] = set()
    for node in ast.walk(MODULES[name]):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else str(node.module))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {other for other in found if other in MODULES} - {name}


IMPORTS = {name: imported(name) for name in MODULES}


def places(package: str) -> dict[str, int]:
    """The line at the top of a package: what it names -> how far right; none where it has no line."""
    lines = LINE.findall(ast.get_docstring(MODULES[package], clean=False) or "")
    assert len(lines) <= 1, f"{package} has several lines"
    parts = lines[0].split(" < ") if lines else []
    return {name: place for place, name in enumerate(name for part in parts for name in part.split(", "))}


def packages() -> list[str]:
    return [name for name in MODULES if (PACKAGE.parent / name.replace(".", "/") / "__init__.py").exists()]


def inside(package: str, name: str) -> str | None:
    """Which child of a package a module is or lies in."""
    return name.removeprefix(f"{package}.").split(".")[0] if name.startswith(f"{package}.") else None


def upward(package: str, line: dict[str, int], imports: dict[str, set[str]]) -> list[str]:
    """The imports between children of a package that do not go left."""
    wrong = []
    for name, others in imports.items():
        child = inside(package, name)
        for other in others:
            target = inside(package, other)
            if child in line and target in line and child != target and line[target] >= line[child]:
                wrong.append(f"{name} imports {other}")
    return wrong


@pytest.mark.parametrize("package", packages())
def test_imports_go_to_the_left(package: str) -> None:
    line = places(package)
    children = {inside(package, name) for name in MODULES if name != package} - {None}
    assert set(line) <= children, "the line names what is not there"
    assert not upward(package, line, IMPORTS)


def test_every_package_stands_in_the_line_of_the_one_around_it() -> None:
    for package in packages():
        inner = {inside(package, other) for other in packages() if other != package} - {None}
        if package == "nextchar":
            inner |= {inside(package, name) for name in MODULES if name != package} - {None, "_version", "__main__"}
        if len(inner) > 1:
            assert inner <= set(places(package)), f"the line of {package} leaves out {inner - set(places(package))}"


def test_the_check_sees_an_import_that_goes_up() -> None:
    line = {"data": 0, "core": 1}
    assert upward("nextchar", line, {"nextchar.data.corpus": {"nextchar.core.model"}})
    assert not upward("nextchar", line, {"nextchar.core.model": {"nextchar.data.corpus"}})


def test_there_is_no_circle() -> None:
    try:
        list(TopologicalSorter(IMPORTS).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def outside(name: str) -> set[str]:
    """The packages of others that a module imports, wherever in it."""
    nodes = list(ast.walk(MODULES[name]))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    return {module.split(".")[0] for module in found}


def test_only_the_kernels_import_numba() -> None:
    for name in MODULES:
        assert "numba" not in outside(name) or name.startswith("nextchar._kernels."), f"{name} imports numba"


def test_the_server_computes_nothing() -> None:
    """It reads requests, calls the library and sends JSON; arrays are made and reckoned with in the library."""
    for name in MODULES:
        if name.startswith("nextchar.web"):
            assert not outside(name) & {"numpy", "torch"}, f"{name} imports what computes"


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_all_names_exist_and_nothing_public_is_missing(name: str) -> None:
    """`__all__` names what there is, nothing twice, and leaves out no function or class that has no underscore."""
    module = importlib.import_module(name)
    tree = MODULES[name]
    names = getattr(module, "__all__", None)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    public = {entry for entry in defined if not entry.startswith("_")}
    if names is None:
        assert not public, f"{name} has public names and no __all__"
        return
    assert len(set(names)) == len(names)
    assert public <= set(names), f"{name} leaves out {public - set(names)}"
    for entry in names:
        assert hasattr(module, entry), f"{name} has no {entry}"


def test_the_front_door() -> None:
    for name in nextchar.__all__:
        assert getattr(nextchar, name) is not None
    assert dir(nextchar) == nextchar.__all__
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        nextchar.Nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import nextchar", {"numpy", "torch", "numba", "matplotlib", "rich", "click", "fsspec"}),
        ("import nextchar.cli", {"numpy", "torch", "numba", "matplotlib", "rich", "fsspec"}),
        (
            "import nextchar; nextchar.Ngram().fit(nextchar.Corpus.from_items(['emma'])).sample(3)",
            {"torch", "numba", "matplotlib", "rich", "click", "fsspec"},
        ),
    ],
)
def test_nothing_is_loaded_before_it_is_used(statement: str, absent: set[str]) -> None:
    code = f"import sys\n{statement}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not absent & set(loaded)
