"""What the workbench has done, as a command and as lines of Python that do the same."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.spec import Spec
from nextchar.data.datasets import NAMED
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.naming import FAITHFULNESS
from nextchar.web.dataset import Dataset
from nextchar.web.name_lists import NameModel
from nextchar.web.name_models import GUIDE

__all__ = ["MODEL_FILE", "OWN_FILE", "Recipe", "compare_recipe", "score_recipe", "top_recipe", "write_recipe"]

OWN_FILE: Final = "my-names.txt"
MODEL_FILE: Final = "names.safetensors"
TO_SCORE: Final = "to-score.txt"
GUIDE_FILE: Final = "guide.safetensors"
Recipe = dict[str, str]


def _source(data: Dataset) -> tuple[str, str | None]:
    """What a list is called where a file is asked for, and its column."""
    return (OWN_FILE, None) if data.own else (data.name, NAMED[data.name].column)


def _words(data: Dataset) -> list[str]:
    name, column = _source(data)
    return [name, *(["--column", column] if column else [])]


def _read(data: Dataset) -> str:
    name, column = _source(data)
    return f"nextchar.Corpus.from_file({name!r}{f', column={column!r}' if column else ''}).distinct()"


def _train(data: Dataset, kind: str, spec: Spec, output: str) -> str:
    settings = [word for name, value in _given(spec).items() for word in ("--set", f"{name}={value}")]
    words = ["nextchar", "train", *_words(data), "--distinct", "--model", kind, *settings, "-o", output]
    return shlex.join(words)


def _fit(spec: Spec) -> str:
    settings = ", ".join(f"{key}={value!r}" for key, value in _given(spec).items())
    return f"nextchar.{type(spec).__name__}({settings}).fit(names)"


def _given(spec: Spec) -> dict[str, Any]:
    """The settings that are not the defaults; of n-grams the order in any case."""
    settings: Any = spec
    usual, values = asdict(type(settings)()), asdict(settings)
    of_ngrams = ("order",) if isinstance(spec, Ngram) else ()
    return {name: value for name, value in values.items() if value != usual[name] or name in of_ngrams}


def write_recipe(data: Dataset, found: NameModel, n: int, plan: Plan, constraint: Constraint) -> Recipe:
    """How to write these names."""
    words = ["nextchar", "sample", MODEL_FILE, "-n", str(n), "--seed", str(plan.seed), "--distinct"]
    arguments = [str(n), f"seed={plan.seed}", "distinct=True"]
    for pattern in constraint.match:
        words += ["--match", pattern]
    if constraint.match:
        arguments.append(f"match={list(constraint.match)!r}")
    for key in ("min_length", "max_length"):
        value = getattr(constraint, key)
        if value is not None:
            words += [f"--{key.replace('_', '-')}", str(value)]
            arguments.append(f"{key}={value}")
    if plan.new:
        words.append("--new")
        arguments.append("new=True")
    if plan.min_distance:
        words += ["--min-distance", str(plan.min_distance)]
        arguments.append(f"min_distance={plan.min_distance}")
    if plan.new or plan.min_distance:
        words += ["--data", *_words(data)]
        arguments.append("data=names")
    if not found.exact:
        words += ["--look-ahead", GUIDE_FILE]
        arguments.append("look_ahead=guide")
    return _recipe(
        data, found, [shlex.join(words)], _call("names = model.sample", arguments, 'print(*names, sep="\\n")')
    )


def top_recipe(data: Dataset, found: NameModel, constraint: Constraint, n: int) -> Recipe:
    """How to get the most probable names that fit patterns."""
    words = ["nextchar", "top", MODEL_FILE, "-n", str(n)]
    for pattern in constraint.match:
        words += ["--match", pattern]
    lines = [
        f"found = nextchar.given(model, match={list(constraint.match)!r})",
        f'print(*[name.text for name in found.top({n})], sep="\\n")',
    ]
    return _recipe(data, found, [shlex.join(words)], lines)


def score_recipe(data: Dataset, found: NameModel, most: int) -> Recipe:
    """How to score a list: the most surprising first, without names that have a character which the model lacks."""
    words = ["nextchar", "score", MODEL_FILE, TO_SCORE, "--errors", "skip", "--most", str(most)]
    lines = [
        f'with open("{TO_SCORE}", encoding="utf-8") as file:',
        "    pasted = [line.strip() for line in file]",
        "known = set(model.alphabet.characters)",
        "scores = model.score([name for name in pasted if name and known.issuperset(name)])",
        "for score in sorted(scores, key=lambda score: -score.nats_per_symbol):",
        "    print(score.nats_per_symbol, score.item)",
    ]
    return _recipe(data, found, [shlex.join(words)], lines)


def compare_recipe(data: Dataset, models: Sequence[str]) -> Recipe:
    """How to compare models on a list."""
    name, column = _source(data)
    words = ["nextchar", "compare", *_words(data), "--models", ",".join(models)]
    lines = [
        "import nextchar",
        "",
        f"names = nextchar.Corpus.from_file({name!r}{f', column={column!r}' if column else ''})",
        f"field = nextchar.candidates(models={list(models)!r})",
        'entries = nextchar.compare(field, nextchar.split(names, "distinct"))',
        "for entry in sorted(entries, key=lambda entry: entry.nats_per_symbol):",
        "    print(entry)",
    ]
    return {"command": shlex.join(words), "python": "\n".join(lines)}


def _call(function: str, arguments: Sequence[str], then: str) -> list[str]:
    line = f"{function}({', '.join(arguments)})"
    if len(line) > 88:
        line = f"{function}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
    return [line, then]


def _recipe(data: Dataset, found: NameModel, commands: Sequence[str], lines: Sequence[str]) -> Recipe:
    trained = [_train(data, found.kind, found.spec, MODEL_FILE)]
    fitted = ["import nextchar", "", f"names = {_read(data)}", f"model = {_fit(found.spec)}"]
    if not found.exact:
        guide = FAITHFULNESS[int(GUIDE) - 1]
        trained.append(_train(data, "ngram", guide, GUIDE_FILE))
        fitted.append(f"guide = {_fit(guide)}")
    return {"command": "\n".join([*trained, *commands]), "python": "\n".join([*fitted, *lines])}
