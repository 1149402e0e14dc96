"""What the workbench can ask for: lists, names that meet conditions, and what can be said of a name.

A request says which list and which model it means, and all that is wanted; nothing else is remembered between two of
them. So an address of the page brings the same names on any machine.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any, Final

from nextchar.automata.conditional import Conditional, gaps_pattern, given
from nextchar.automata.regex import parse
from nextchar.core.constraint import Constraint
from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.core.spec import Spec
from nextchar.data.datasets import NAMED
from nextchar.errors import NextcharError, UnknownSymbolError
from nextchar.tasks.naming import (
    FAITHFULNESS,
    Wanted,
    consonants_in_a_row,
    constraint_of,
    described,
    list_facts,
    scale_of,
    writing_pattern,
)
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.data import OWN_BYTES, own_corpus
from nextchar.web.endpoints.parameters import seed_of
from nextchar.web.name_lists import EXAMPLES
from nextchar.web.recipes import top_recipe, write_recipe
from nextchar.web.request_errors import RequestError

__all__ = ["ENDPOINTS", "add", "examples", "fill", "learn", "qualify", "show", "why", "write"]

USUAL_MODEL: Final = "3"
MOST_NAMES: Final = 200
MOST_FILLED: Final = 24
LONGEST: Final = 100  # characters of a name that is written
LONGEST_FIELD: Final = 200
MOST_EDITS: Final = 9
GAPS: Final = "_?~#▢"


# -- lists ------------------------------------------------------------------------------------------------------------


def learn(call: ApiCall) -> Any:
    """Let the lesson of this visitor work with a list."""
    data = _data(call)
    call.sessions.use(call.need_session(), Dataset("own", True, data.corpus))
    return {}


def examples(call: ApiCall) -> Any:
    """The lists that ship."""
    return {"lists": [_list_view(call, call.cache.lists.find(name)) for name in EXAMPLES]}


def show(call: ApiCall) -> Any:
    """A list at a glance."""
    return _list_view(call, _data(call))


def add(call: ApiCall) -> Any:
    """Use a list that was pasted."""
    text = call.fields.text("text", longest=OWN_BYTES, lines=True).removeprefix("\ufeff")
    return {**_list_view(call, call.cache.lists.add(own_corpus(text))), "lines": _lines(text)}


def _lines(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip())


def _data(call: ApiCall) -> Dataset:
    return call.cache.lists.find(call.fields.text("list", EXAMPLES[0], longest=60))


def _list_view(call: ApiCall, data: Dataset) -> dict[str, Any]:
    facts = call.cache.keep(data, "list facts", lambda: asdict(list_facts(data.corpus)))
    return {
        "list": data.name,
        "own": data.own,
        "origin": None if data.own else NAMED[data.name].origin,
        "consonants": call.cache.keep(data, "consonants", lambda: consonants_in_a_row(data.corpus)),
        "written_alike": call.cache.keep(data, "written", lambda: writing_pattern(data.corpus)) is not None,
        **facts,
    }


# -- models -----------------------------------------------------------------------------------------------------------


def _model(call: ApiCall, data: Dataset) -> tuple[str, Spec, Model]:
    """The kind, the settings and the model that a request means."""
    name = call.fields.text("model", USUAL_MODEL, longest=20)
    steps = {str(number): spec for number, spec in enumerate(FAITHFULNESS, start=1)}
    if name not in steps:
        raise RequestError(422, "wrong-value", "wrong-choice", name="model", options=tuple(steps))
    spec = steps[name]
    size = 400 * data.corpus.symbols
    return "ngram", spec, call.cache.keep(data, ("names", name), lambda: spec.fit(data.corpus), size)


def _scale(call: ApiCall, data: Dataset, model: Model) -> list[float]:
    return call.cache.keep(data, ("scale", call.fields.text("model", USUAL_MODEL, longest=20)), lambda: scale_of(model))


# -- conditions -------------------------------------------------------------------------------------------------------


def _constraint(call: ApiCall, data: Dataset) -> Constraint:
    """The conditions of a request, checked one by one so that the answer names the one at fault."""
    fields, corpus = call.fields, data.corpus
    low = fields.optional_whole("min_length", low=1, high=LONGEST)
    high = fields.optional_whole("max_length", low=1, high=LONGEST)
    if low is not None and high is not None and low > high:
        raise RequestError(422, "lengths", low=low, high=high)
    wanted = Wanted(min_length=low, max_length=high, pronounceable=fields.flag("pronounceable"))
    for name in ("starts", "contains", "ends", "pattern"):
        text = fields.text(name, "", longest=LONGEST_FIELD).strip()
        one: dict[str, Any] = {name: text}
        try:
            found = constraint_of(corpus, Wanted(**one))
            if name == "pattern" and text:
                parse(found.match[0], corpus.alphabet, corpus.options)
        except UnknownSymbolError as error:
            more = {"field": name, "character": error.character}
            raise RequestError(422, "not-in-list", more=more, character=error.character) from None
        except NextcharError:
            raise RequestError(422, "bad-pattern", more={"field": name}, pattern=text) from None
        wanted = replace(wanted, **one)
    return constraint_of(corpus, wanted)


def _plan(call: ApiCall) -> Plan:
    return Plan(
        seed=seed_of(call),
        distinct=True,
        new=call.fields.flag("new"),
        min_distance=call.fields.whole("min_distance", 0, low=0, high=MOST_EDITS),
    )


def _found(model: Model, constraint: Constraint, data: Dataset, new: bool) -> Conditional:
    try:
        return given(model, constraint, new=new, data=data.corpus if new else None)
    except NextcharError:
        raise RequestError(422, "no-name") from None


def qualify(call: ApiCall) -> Any:
    """How probable it is that a name of the model meets the conditions, exactly; nearness does not count here."""
    data = _data(call)
    constraint, plan = _constraint(call, data), _plan(call)
    _, _, model = _model(call, data)
    found = _found(model, constraint, data, plan.new)
    return {"probability": found.probability, "one_in": math.exp(min(-found.log_probability, 700.0))}


# -- names ------------------------------------------------------------------------------------------------------------


def write(call: ApiCall) -> Any:
    """Names that meet the conditions."""
    data = _data(call)
    constraint, plan = _constraint(call, data), _plan(call)
    n = call.fields.whole("n", 24, low=1, high=MOST_NAMES)
    kind, spec, model = _model(call, data)
    try:
        drawn = model.draw(n, plan, constraint, data=data.corpus if plan.new or plan.min_distance else None)
    except NextcharError:
        raise RequestError(422, "none-far" if plan.min_distance else "no-name") from None
    names = described(model, data.corpus, list(drawn.corpus), _scale(call, data, model))
    return {
        "names": [asdict(name) for name in names],
        "wanted": n,
        "far_share": len(drawn.corpus) / max(drawn.drawn, 1) if plan.min_distance else None,
        "recipe": write_recipe(data, kind, spec, n, plan, constraint),
    }


def fill(call: ApiCall) -> Any:
    """Names like one of which some letters stay: the most probable ones, and the letters that were given up anew."""
    data = _data(call)
    text = call.fields.text("text", longest=LONGEST)
    letters = data.corpus.alphabet.split(text)
    locked = call.fields.text("locked", longest=LONGEST)  # one sign a letter: 1 for those that stay
    if len(locked) != len(letters) or set(locked) - {"0", "1"}:
        raise RequestError(422, "wrong-value", "wrong-text", name="locked")
    gap = next(sign for sign in GAPS if sign not in text)
    pattern = "".join(letter if kept == "1" else gap for letter, kept in zip(letters, locked, strict=True))
    kind, spec, model = _model(call, data)
    written = writing_pattern(data.corpus)
    constraint = Constraint(match=[gaps_pattern(pattern, gap), *([] if written is None else [written])])
    found = _found(model, constraint, data, new=False)
    names = [item.text for item in found.top(MOST_FILLED + 1) if item.text != text][:MOST_FILLED]
    return {
        "names": [asdict(name) for name in described(model, data.corpus, names, _scale(call, data, model))],
        "recipe": top_recipe(data, kind, spec, constraint, MOST_FILLED + 1),
    }


def why(call: ApiCall) -> Any:
    """What each symbol of a name costs."""
    data = _data(call)
    text = call.fields.text("text", longest=LONGEST)
    _, _, model = _model(call, data)
    try:
        [name] = described(model, data.corpus, [text], _scale(call, data, model))
        steps = model.surprisal(text)
    except UnknownSymbolError as error:
        raise RequestError(422, "not-in-list", character=error.character) from None
    return {**asdict(name), "steps": [{"symbol": symbol, "nats": nats} for symbol, nats in steps]}


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/names/learn", answer=learn),
    Endpoint(method="GET", path="/api/names/examples", answer=examples, work="sampling"),
    Endpoint(method="GET", path="/api/names/list", answer=show),
    Endpoint(method="POST", path="/api/names/list", answer=add, work="sampling", body_bytes=2 * OWN_BYTES + 64_000),
    Endpoint(method="POST", path="/api/names/qualify", answer=qualify, work="sampling"),
    Endpoint(method="POST", path="/api/names/write", answer=write, work="sampling"),
    Endpoint(method="POST", path="/api/names/fill", answer=fill, work="sampling"),
    Endpoint(method="POST", path="/api/names/why", answer=why, work="sampling"),
)
