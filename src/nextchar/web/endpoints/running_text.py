"""What models of a running text say of what a visitor types: what comes next, what each symbol cost, how it may go on.

The text is the lesson's, or one that the visitor has pasted. The models are made of it when they are first asked for,
each once for all who read the same text. Those that take seconds have paths of their own, so that nobody waits for
them who asks for a quick one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from nextchar.data.corpus import Corpus
from nextchar.extras import need_torch
from nextchar.lesson.running_text import TEXT, divided_text, lesson_text
from nextchar.lesson.text_models import NET, KnowsText, compile_mixing, continued, learned, read_typed, shipped
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint, Work
from nextchar.web.request_errors import RequestError

__all__ = ["ENDPOINTS", "EXAMPLE", "about", "continuation", "drop_text", "lesson_dataset", "next_symbols", "put_text"]

LONGEST_TYPED: Final = 600
MOST_SYMBOLS: Final = 8
WRITTEN: Final = 240  # symbols of a continuation
LARGEST_SEED: Final = 2**53 - 1
OWN_LEAST: Final = 2_000  # characters of a text of the visitor's own
OWN_MOST: Final = 300_000
OWN_ALPHABET: Final = 500
MODEL_BYTES: Final = {"order-2": 1 << 20, "order-6": 32 << 20, "mixing": 192 << 20}
WORK: Final[Mapping[str, Work]] = {"order-2": "quick", "order-6": "quick", "mixing": "texts", NET: "slow"}
EXAMPLE: Final = "And Joseph said unto his brethren, "
OWN_EXAMPLE: Final = 40  # symbols of the part that no model has learned from


@cache
def lesson_dataset() -> Dataset:
    """The lesson's text, the same for all visitors."""
    return Dataset(TEXT, False, lesson_text())


def _text(call: ApiCall) -> Dataset:
    own = call.session.text if call.session else None
    return own or lesson_dataset()


def _model(name: str, call: ApiCall) -> KnowsText:
    """One of the models of the text in use; made now if it is not there."""
    text = _text(call)
    if name == NET:
        need_torch()
        if text.own:
            raise RequestError(409, "not-trained", "net-knows-lesson-text")
        return shipped()

    def make() -> KnowsText:
        if name == "mixing":
            compile_mixing()
        parts = call.cache.keep(text, "text parts", lambda: divided_text(text.corpus), 2 * text.size_bytes)
        return learned(name, parts.train, parts.test)

    return call.cache.keep(text, ("text", name), make, MODEL_BYTES[name])


def about(call: ApiCall) -> Any:
    """The text in use."""
    text = _text(call)
    corpus, parts = text.corpus, divided_text(text.corpus)
    return {
        "own": text.own,
        "characters": corpus.symbols - 1,
        "different": corpus.alphabet.size - 1,
        "learned": parts.train.symbols - 1,
        "measured": parts.test.symbols - 1,
        "example": "".join(parts.test)[:OWN_EXAMPLE] if text.own else EXAMPLE,
        "least": OWN_LEAST,
        "most": OWN_MOST,
    }


def next_symbols(name: str, call: ApiCall) -> Any:
    """What one model says of a typed text."""
    text = call.fields.text("text", "", longest=LONGEST_TYPED, lines=True)
    at = call.fields.whole("at", len(text), low=0, high=len(text))
    known = _model(name, call)
    seen = read_typed(known, text, at, MOST_SYMBOLS)
    return {
        "model": name,
        "at": at,
        "nats": seen.nats,
        "likely": [one._asdict() for one in seen.likely],
        "rest": seen.rest,
        "came": None if seen.came is None else seen.came._asdict(),
        "test_nats": known.test_nats,
    }


def continuation(name: str, call: ApiCall) -> Any:
    """What one model writes after a typed text."""
    text = call.fields.text("text", "", longest=LONGEST_TYPED, lines=True)
    seed = call.fields.whole("seed", 1, low=0, high=LARGEST_SEED)
    return {"model": name, "written": continued(_model(name, call), text, WRITTEN, seed)}


def put_text(call: ApiCall) -> Any:
    """Use a text of the visitor's own."""
    given = call.fields.text("text", longest=OWN_MOST, lines=True).removeprefix("\ufeff")
    text = given.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) < OWN_LEAST:
        raise RequestError(422, "too-short", "text-too-short", have=len(text), least=OWN_LEAST)
    if len(set(text)) > OWN_ALPHABET:
        raise RequestError(
            422, "too-many-characters", "text-too-many-characters", have=len(set(text)), most=OWN_ALPHABET
        )
    session = call.need_session()
    call.sessions.note_upload(session)
    call.sessions.use_text(session, Dataset("own text", True, Corpus.from_documents([text])))
    return about(call)


def drop_text(call: ApiCall) -> Any:
    """Go back to the lesson's text."""
    if call.session is not None:
        call.sessions.use_text(call.session, None)
    return about(call)


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/text", answer=about),
    Endpoint(method="POST", path="/api/text", answer=put_text, body_bytes=4 * OWN_MOST),
    Endpoint(method="DELETE", path="/api/text", answer=drop_text),
    *(
        Endpoint(method="POST", path=f"/api/text/{name}/{verb}", answer=partial(answer, name), work=work)
        for verb, answer in (("next", next_symbols), ("write", continuation))
        for name, work in WORK.items()
    ),
)
