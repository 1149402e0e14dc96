"""What `nextchar` offers: each name has a home, an idea, an example that runs, and a line on the page of names."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import runpy
from importlib.util import find_spec
from pathlib import Path

import pytest

import nextchar
from nextchar.data.item_sum import ItemSum
from nextchar.models.ngram.counts_folder import CountsFolder

ROOT = Path(__file__).parents[1]
PACKAGE = Path(nextchar.__file__).parent
NAMES = [name for name in nextchar.__all__ if name != "__version__"]
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def module_of(path: Path) -> str:
    return ".".join(("nextchar", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_type_checkers_see_the_same_names_from_the_same_places() -> None:
    [block] = [node for node in ast.parse(SOURCES[PACKAGE / "__init__.py"]).body if isinstance(node, ast.If)]
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        [alias] = node.names
        assert alias.asname == alias.name, "without `as` it is not exported"
        seen[alias.name] = str(node.module).removeprefix("nextchar.")
    assert seen == nextchar._HOME


def test_the_names_are_sorted_and_each_is_there() -> None:
    assert nextchar.__all__ == sorted(["__version__", *nextchar._HOME])
    for name in NAMES:
        assert inspect.isclass(getattr(nextchar, name)) or inspect.isfunction(getattr(nextchar, name)), name


# -- docstrings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_an_idea_and_has_an_example(name: str) -> None:
    doc = inspect.getdoc(getattr(nextchar, name)) or ""
    assert re.match(r"[A-Z].*[.:]$", doc.split("\n", 1)[0]), "the first line is a sentence"
    assert re.search(r"^ *>>> ", doc, re.MULTILINE), "an example shows how it is used"


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_explained(name: str) -> None:
    """Each argument of a function is named in its text."""
    thing = getattr(nextchar, name)
    if not inspect.isfunction(thing):
        return
    doc = inspect.getdoc(thing) or ""
    for argument in inspect.signature(thing).parameters:
        assert re.search(rf"\b{argument}\b", doc), f"{name} does not say what {argument} is"


WITH_EXAMPLES = [path for path, text in SOURCES.items() if ">>> " in text]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=module_of)
def test_examples(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of a file's docstrings, in a folder of their own."""
    if ("neural" in path.parts or path.name == "training.py") and not find_spec("torch"):
        pytest.skip("needs torch")
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(module_of(path))
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, module.__name__):
        said: list[str] = []
        assert runner.run(test, out=said.append).failed == 0, "".join(said)
    assert runner.tries


# -- documents ------------------------------------------------------------------------------------------------------


def test_the_page_of_names_is_that_of_the_package() -> None:
    tools = runpy.run_path(str(ROOT / "tools" / "names.py"))
    shown = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert shown == tools["page"](), "python tools/names.py --write brings the page up to date"


@pytest.mark.parametrize("path", [*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")], ids=lambda path: path.name)
def test_what_the_documents_name_is_there(path: Path) -> None:
    """`nextchar.something` in a document is a public name."""
    for first, second in re.findall(r"\bnextchar\.(\w+)(?:\.(\w+))?", path.read_text(encoding="utf-8")):
        assert first in NAMES
        assert not second or hasattr(getattr(nextchar, first), second), f"{first}.{second}"


# -- no two of one name ----------------------------------------------------------------------------------------------


def public_definitions(text: str) -> set[str]:
    """The names in a module's `__all__` that it defines itself."""
    tree = ast.parse(text)
    defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    public = [node.value for node in assigned if ast.unparse(node.targets[0]) == "__all__"]
    return defined & set(ast.literal_eval(public[0])) if public and isinstance(public[0], ast.List) else set()


def test_no_two_public_things_have_one_name() -> None:
    """Commands are named as the functions that they call, and so are the requests that the page sends."""
    homes: dict[str, list[str]] = {}
    for path, text in SOURCES.items():
        module = module_of(path)
        if not module.startswith(("nextchar.cli", "nextchar.web.endpoints")):
            for name in public_definitions(text):
                homes.setdefault(name, []).append(module)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


# -- at a prompt ------------------------------------------------------------------------------------------------------

HUGE = nextchar.Corpus.from_items(["x" * 5000, "a\u2028b" * 300, *(f"item{i}\U000e0001" for i in range(2000))])


def instances() -> dict[str, object]:
    """One of each public class whose instances can be made without training, as large as may be."""
    model = nextchar.Ngram(order=2).fit(HUGE)
    mix = nextchar.Mix(epochs=1).fit(nextchar.Corpus.from_items(["emma", "ava", "mia"]))
    return {
        "Alphabet": HUGE.alphabet,
        "BigramNet": nextchar.BigramNet(
            solver="lecture", l2=0.123456789, steps=10**9, learning_rate=1e-9, init="zeros"
        ),
        "Classifier": nextchar.Classifier([nextchar.Ngram(order=n) for n in range(2, 60)]),
        "Conditional": nextchar.given(model, new=True, max_length=10),
        "Constraint": nextchar.Constraint(match=["a" * 999], not_in=list(HUGE), prefix="x" * 4000, contains="b" * 999),
        "ContextMixing": nextchar.ContextMixing(
            learning="adaptive", seconds=1e9, contexts=37, passes=100, megabytes=2**20, seed=2**62
        ),
        "ContextMixingModel": nextchar.ContextMixing(contexts=9, passes=1).fit(["emma", "ava", "mia"]),
        "Corpus": HUGE,
        "Counts": nextchar.count(HUGE, 30),
        "CountsFolder": CountsFolder(
            path=Path("x" * 999),
            order=64,
            alphabet=HUGE.alphabet,
            provenance=nextchar.Ngram(order=1).fit(HUGE).provenance,
            item_sum=ItemSum(),
            size=2**62,
            total=2**63 - 1,
            checksums={},
        ),
        "EnsembleModel": nextchar.combine([model, nextchar.Ngram(order=1).fit(HUGE)], HUGE.take([2, 3])),
        "Evaluation": model.evaluate(HUGE),
        "Format": nextchar.Format(column="x" * 999, label="y" * 999, delimiter=";", errors="replace"),
        "Mix": nextchar.Mix(seconds=1e-9, epochs=1e9, seed=2**62),
        "MixModel": mix,
        "Ngram": nextchar.Ngram(order=64, smoothing="pitman-yor", sweeps=10**9, seed=2**62),
        "NgramModel": model,
        "OutlierDetector": nextchar.OutlierDetector(model),
        "Plan": nextchar.Plan(seed=2**62, temperature=1e-9, top_k=10**9, top_p=1e-9, distinct=True, new=True),
        "Samples": model.draw(2000, nextchar.Plan(seed=1), nextchar.Constraint(max_length=5)),
        "Score": model.score([HUGE[0]])[0],
        "Split": nextchar.split(HUGE),
        "Tabulation": nextchar.tabulate(mix, nextchar.Corpus.from_items(["emma"]), context=2),
        "TextOptions": nextchar.TextOptions(lower=True, nfc=True, strip=False),
        "TrainingFiles": nextchar.TrainingFiles(sources=("x" * 999,) * 99, distinct=True),
        **{
            name: getattr(nextchar, name)(dropout=0.123456789, steps=10**9, batch=10**6, seed=2**62)
            for name in ("BoW", "GRU", "LSTM", "MLP", "RNN", "Transformer", "WaveNet")
        },
    }


def test_all_show_themselves_in_one_short_line() -> None:
    made = instances()
    classes = {name for name in NAMES if inspect.isclass(getattr(nextchar, name))}
    assert classes - set(made) == {"Model", "TextReader", "NextcharError", "BigramNetModel"}, (
        "base classes, an error, needs torch"
    )
    for name, thing in made.items():
        assert type(thing) is getattr(nextchar, name)
        shown = repr(thing)
        assert len(shown.splitlines()) == 1, name
        assert len(shown) < 160, shown
        assert shown.startswith(f"{name}("), shown
