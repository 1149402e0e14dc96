"""The floors of docs/design.md: a file imports only from floors below it, and nothing is loaded before it is used."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import nextchar

PACKAGE = Path(nextchar.__file__).parent

FLOORS: list[set[str]] = [
    {"_version", "errors", "compiled"},
    {"_kernels.mixing", "_kernels.hashing", "_kernels.suffixes"},
    {"_kernels.reading", "_kernels.walking", "_kernels.seating"},
    {"_kernels"},
    {"alphabet", "randomness", "reading", "storage", "data", "optimiser"},
    {"corpus", "data.fetch", "pitfalls", "lessons", "recording"},
    {"splitting", "ngram_table", "provenance", "batching"},
    {"counting", "dfa"},
    {"patterns"},
    {"conditions"},
    {"models.protocol", "models.nets", "models.nets.net", "models.mix.experts"},
    {"decoding", "evaluation", "models.nets.recurrent", "training", "models.mix.classes", "models.mix.kernels"},
    {"models.base", "models.branching", "models.automaton", "models.trie", "models.mix.tables", "running"}
    | {f"models.nets.{family}" for family in ("bow", "mlp", "rnn", "gru", "lstm", "wavenet", "transformer")},
    {
        "models.drawing",
        "models.bigram_lecture",
        "models.spec",
        "models.smoothing",
        "models.mix.gate",
        "models.product",
        "models.neural",
    },
    {"models.automaton_model", "models.pitman_yor", "models.tuning", "models.net_specs", "diagnostics"},
    {"models.ngram", "models.bigram_net", "models.backoff", "models.mix.model", "models.mix", "models.derived"}
    | {"models.ensemble"},
    {"models.build", "models", "models.ensemble_training"},
    {"choosing"},
    {"fitting", "comparing", "equivalence", "reproduce", "arpa.words", "exact", "classify", "outliers"},
    {"arpa.parsing", "arpa.writing", "guided", "blending", "compiling"},
    {"arpa.reading"},
    {"arpa"},
    {"plots.canvas"},
    {"plots.counted", "plots.neural", "plots.board"},
    {"plots.nets"},
    {"plots"},
    {"web", "web.inputs", "web.security", "web.stock"},
    {"web.sessions", "web.views", "web.pages"},
    {"web.service"},
    {"web.api", "web.training", "web.api_lesson"},
    {"web.api_sampling", "web.api_scoring", "web.api_net"},
    {"web.server"},
    {"lesson"},
    {"cli", "__init__"},
]
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}


def modules() -> list[str]:
    return sorted(
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for path in PACKAGE.rglob("*.py")
    )


def floor_of(name: str) -> int:
    if name in FLOOR:
        return FLOOR[name]
    room = name.split(".")[0]
    return FLOOR[room] if room in ("cli", "lesson") else -1


def imported(name: str) -> set[str]:
    path = PACKAGE / (name.replace(".", "/") + ".py")
    path = path if path.exists() else PACKAGE / name.replace(".", "/") / "__init__.py"
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "nextchar":
            module = node.module.removeprefix("nextchar").removeprefix(".")
            for alias in node.names:
                inner = f"{module}.{alias.name}".removeprefix(".")
                found.add(inner if inner in modules() else module)
    return found - {""}


@pytest.mark.parametrize("name", [m for m in modules() if m != "__init__"])
def test_a_file_imports_only_from_floors_below(name: str) -> None:
    floor = floor_of(name)
    assert floor >= 0, f"{name} has no floor yet: give it one in {Path(__file__).name} and docs/design.md"
    for other in imported(name):
        same_room = name.split(".")[0] == other.split(".")[0] == "cli"
        assert floor_of(other) < floor or same_room, f"{name} imports {other}, which is not below it"


@pytest.mark.parametrize("name", [m for m in modules() if not m.startswith("_") and m not in ("cli", "lesson")])
def test_all_names_exist_and_nothing_public_is_missing(name: str) -> None:
    module = importlib.import_module(f"nextchar.{name}")
    names = getattr(module, "__all__", None)
    if names is None:
        return
    assert sorted(set(names)) == sorted(names)
    for entry in names:
        assert hasattr(module, entry)


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
