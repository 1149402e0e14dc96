"""What the workbench can ask for: lists, names that meet conditions, and what can be said of a name.

A request says which list and which model it means, and all that is wanted; nothing else is remembered between two of
them. So an address of the page brings the same names on any machine.
"""

from __future__ import annotations

import base64
import io
from dataclasses import asdict, replace
from typing import Any, Final

from nextchar.automata.conditional import gaps_pattern
from nextchar.automata.regex import parse
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.data.datasets import NAMED
from nextchar.errors import NextcharError, TooLargeError, UnknownSymbolError
from nextchar.tasks.export import export_module, export_page
from nextchar.tasks.list_file import WHOLE_LINES, NoTextError, read_list
from nextchar.tasks.naming import (
    Wanted,
    consonants_in_a_row,
    constraint_of,
    described,
    list_facts,
    scored,
    writing_pattern,
)
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.data import OWN_BYTES, own_corpus
from nextchar.web.endpoints.name_training import trainable
from nextchar.web.endpoints.parameters import seed_of
from nextchar.web.name_lists import EXAMPLES
from nextchar.web.name_models import GUIDE, count_model, model_bytes, model_of, qualifying, surprise, write_names
from nextchar.web.recipes import MODEL_FILE, OWN_FILE, score_recipe, top_recipe, write_recipe
from nextchar.web.request_errors import RequestError
from nextchar.web.responses import FileAnswer

__all__ = ["ENDPOINTS", "add", "add_file", "examples", "fill", "learn", "score", "show", "take", "why", "write"]

USUAL_LIST: Final = "creatures"
MOST_NAMES: Final = 200
MOST_FILLED: Final = 24
LONGEST: Final = 100  # characters of a name that is written
LONGEST_FIELD: Final = 200
MOST_EDITS: Final = 5
FILE_CHARACTERS: Final = 4 * (2 * OWN_BYTES) // 3 + 4  # of base64: in UTF-16, a list has twice the bytes
MOST_SCORED: Final = 5_000
SCORED_CHARACTERS: Final = 200_000
GAPS: Final = ("_", "?", *map(chr, range(0x2460, 0x2460 + LONGEST)))


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


def add_file(call: ApiCall) -> Any:
    """Use a list from a file: its encoding is guessed, and of a table its column, unless they are said."""
    fields = call.fields
    name = fields.text("name", longest=255)
    column = fields.optional_whole("column", low=WHOLE_LINES, high=1000)
    encoding = fields.text("encoding", "", longest=20) or None
    said = fields.choice("header", ("yes", "no", "guess"), "guess")
    try:
        content = base64.b64decode(fields.text("content", longest=FILE_CHARACTERS), validate=True)
        header = None if said == "guess" else said == "yes"
        found = read_list(name, content, encoding=encoding, column=column, header=header)
    except NoTextError:
        raise RequestError(422, "no-text-file", name=name) from None
    except (NextcharError, ValueError):
        raise RequestError(422, "unreadable-file", name=name) from None
    text = "".join(f"{item}\n" for item in found.items)
    return {
        **_list_view(call, call.cache.lists.add(own_corpus(text))),
        "lines": len(found.items),
        "text": text,
        "file": {key: value for key, value in asdict(found).items() if key != "items"},
    }


def _lines(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip())


def _data(call: ApiCall) -> Dataset:
    return call.cache.lists.find(call.fields.text("list", USUAL_LIST, longest=60))


def _list_view(call: ApiCall, data: Dataset) -> dict[str, Any]:
    facts = call.cache.keep(data, "list facts", lambda: asdict(list_facts(data.corpus)))
    return {
        "list": data.name,
        "own": data.own,
        "origin": None if data.own else NAMED[data.name].origin,
        "consonants": call.cache.keep(data, "consonants", lambda: consonants_in_a_row(data.corpus)),
        "trainable": trainable(),
        "written_alike": call.cache.keep(data, "written", lambda: writing_pattern(data.corpus)) is not None,
        **facts,
    }


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


# -- names ------------------------------------------------------------------------------------------------------------


def write(call: ApiCall) -> Any:
    """Names that meet the conditions."""
    data = _data(call)
    constraint, plan = _constraint(call, data), _plan(call)
    n = call.fields.whole("n", 24, low=1, high=MOST_NAMES)
    found = model_of(call, data)
    written = write_names(call, data, found, n, plan, constraint)
    names = described(found.model, data.corpus, written.names, surprise(call, data, found))
    return {
        "names": [asdict(name) for name in names],
        "wanted": n,
        "one_in": written.one_in,
        "exact": found.exact,
        "far_share": written.far_share,
        "recipe": write_recipe(data, found, n, plan, constraint),
    }


def fill(call: ApiCall) -> Any:
    """Names like one of which some letters stay: the most probable ones, and the letters that were given up anew."""
    data = _data(call)
    text = call.fields.text("text", longest=LONGEST)
    letters = data.corpus.alphabet.split(text)
    locked = call.fields.text("locked", longest=LONGEST)  # one sign a letter: 1 for those that stay
    if len(locked) != len(letters) or set(locked) - {"0", "1"}:
        raise RequestError(422, "wrong-value", "wrong-text", name="locked")
    gap = next(sign for sign in GAPS if sign not in text)  # more signs than a name has letters
    pattern = "".join(letter if kept == "1" else gap for letter, kept in zip(letters, locked, strict=True))
    found = model_of(call, data)
    counts = found if found.exact else count_model(call, data, GUIDE)  # the gaps of others are filled by counts
    written = writing_pattern(data.corpus)
    constraint = Constraint(match=[gaps_pattern(pattern, gap), *([] if written is None else [written])])
    try:
        likely = qualifying(call, data, counts, constraint, new=False).top(MOST_FILLED + 1)
    except TooLargeError:
        raise RequestError(422, "too-large-to-fill") from None
    names = [item.text for item in likely if item.text != text][:MOST_FILLED]
    return {
        "names": [asdict(name) for name in described(counts.model, data.corpus, names, surprise(call, data, counts))],
        "recipe": top_recipe(data, counts, constraint, MOST_FILLED + 1),
    }


def why(call: ApiCall) -> Any:
    """What each symbol of a name costs."""
    data = _data(call)
    text = call.fields.text("text", longest=LONGEST)
    found = model_of(call, data)
    try:
        [name] = described(found.model, data.corpus, [text], surprise(call, data, found))
        steps = found.model.surprisal(text)
    except UnknownSymbolError as error:
        raise RequestError(422, "not-in-list", character=error.character) from None
    except NextcharError:
        raise RequestError(422, "empty", "no-character") from None
    return {**asdict(name), "steps": [{"symbol": symbol, "nats": nats} for symbol, nats in steps]}


def score(call: ApiCall) -> Any:
    """Names that were pasted, the most surprising first, with the odd ones marked."""
    data = _data(call)
    text = call.fields.text("text", longest=SCORED_CHARACTERS, lines=True)
    names = text.splitlines()
    if not any(name.strip() for name in names):
        raise RequestError(422, "empty", "empty-list")
    if len(names) > MOST_SCORED:
        raise RequestError(422, "too-many-items", have=len(names), most=MOST_SCORED)
    found = model_of(call, data)
    results = scored(found.model, names, surprise(call, data, found))
    return {
        "names": [asdict(result) for result in results],
        "odd": sum(result.odd for result in results),
        "recipe": score_recipe(data, found, MOST_SCORED),
    }


def take(call: ApiCall) -> FileAnswer:
    """A model or the list, as a file."""
    data = _data(call)
    what = call.fields.choice("what", ("list", "model", "page", "module"))
    if what == "list":
        text = "".join(f"{name}\n" for name in data.corpus)
        return FileAnswer(OWN_FILE if data.own else f"{data.name}.txt", text.encode(), "text/plain; charset=utf-8")
    found = model_of(call, data)
    content = io.BytesIO()
    if what == "model":
        return FileAnswer(MODEL_FILE, model_bytes(found.model))
    try:
        if what == "page":
            export_page(found.model, content)
        else:
            export_module(found.model, content)
    except NextcharError:
        raise RequestError(422, "no-export") from None
    if what == "page":
        return FileAnswer("names.html", content.getvalue(), "text/html; charset=utf-8")
    return FileAnswer("names.mjs", content.getvalue(), "text/javascript; charset=utf-8")


ENDPOINTS: Final = (
    Endpoint(method="POST", path="/api/names/file", answer=take, work="names"),
    Endpoint(method="POST", path="/api/names/learn", answer=learn),
    Endpoint(method="GET", path="/api/names/examples", answer=examples, work="names"),
    Endpoint(method="GET", path="/api/names/list", answer=show),
    Endpoint(method="POST", path="/api/names/list", answer=add, work="names", body_bytes=2 * OWN_BYTES + 64_000),
    Endpoint(method="POST", path="/api/names/open", answer=add_file, work="names", body_bytes=FILE_CHARACTERS + 64_000),
    Endpoint(method="POST", path="/api/names/write", answer=write, work="names"),
    Endpoint(method="POST", path="/api/names/fill", answer=fill, work="names"),
    Endpoint(method="POST", path="/api/names/why", answer=why, work="names"),
    Endpoint(method="POST", path="/api/names/score", answer=score, work="names", body_bytes=2 * SCORED_CHARACTERS),
)
