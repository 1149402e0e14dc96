"""What can be asked about the list in use, and how visitors put their own in its place."""

from __future__ import annotations

from typing import Any, Final

from nextchar.data.corpus import Corpus
from nextchar.errors import BadValueError, NextcharError
from nextchar.lesson.snippets import LIST_FILE
from nextchar.tasks.list_file import WHOLE_LINES, NoTextError, read_list
from nextchar.web.dataset import Dataset
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.parameters import LONGEST_WORD
from nextchar.web.json_views import data_view
from nextchar.web.request_errors import RequestError

__all__ = [
    "ENDPOINTS", "OWN_BYTES", "drop_data", "get_data", "items", "list_file", "own_corpus", "put_data", "read_file",
]  # fmt: skip

OWN_BYTES: Final = 2_000_000
OWN_ITEMS: Final = 100_000
OWN_ITEM_CHARACTERS: Final = 1_000
OWN_ALPHABET: Final = 2_000
LISTED: Final = 200
FILE_BYTES: Final = 8_000_000  # of a file; a column of it may be short enough to use
LONGEST_FILE_NAME: Final = 300
MOST_COLUMNS: Final = 10_000


def get_data(call: ApiCall) -> Any:
    """The data in use."""
    return data_view(call.cache.summary(call.data), call.data_name, call.data.own)


def put_data(call: ApiCall) -> Any:
    """Use a list of the visitor's own."""
    session = call.need_session()
    call.sessions.note_upload(session)
    text = call.fields.text("text", longest=OWN_BYTES, lines=True).removeprefix("\ufeff")
    call.sessions.use(session, Dataset("own", True, own_corpus(text)))
    return get_data(call)


def own_corpus(text: str) -> Corpus:
    """A visitor's list, within limits."""
    size = len(text.encode())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    items = sum(not line.isspace() for line in lines if line)
    longest = max(map(len, lines))
    characters = len(set(text) - set("\r\n"))
    for status, code, key, have, most in (
        (413, "too-large", "list-too-large", size, OWN_BYTES),
        (422, "too-many-items", "too-many-items", items, OWN_ITEMS),
        (422, "item-too-long", "item-too-long", longest, OWN_ITEM_CHARACTERS),
        (422, "too-many-characters", "too-many-characters", characters, OWN_ALPHABET),
    ):
        if have > most:
            raise RequestError(status, code, key, have=have, most=most)
    if not items:
        raise RequestError(422, "empty", "empty-list")
    return Corpus.from_lines(lines)


def drop_data(call: ApiCall) -> Any:
    """Go back to the data that were there at first."""
    if call.session is not None:
        call.sessions.use(call.session, None)
    return get_data(call)


def items(call: ApiCall) -> Any:
    """Items in the order of the data, or those that contain a text, in capitals or not."""
    wanted = call.fields.text("contains", "", longest=LONGEST_WORD).casefold()
    begin = call.fields.whole("offset", 0, low=0, high=10**9)
    most = call.fields.whole("limit", 24, low=1, high=LISTED)
    corpus = call.data.corpus
    found = list(corpus) if not wanted else [item for item in corpus if wanted in item.casefold()]
    return {"found": len(found), "items": found[begin : begin + most]}


def list_file(call: ApiCall) -> Any:
    """The list in use as a text file, for the code that the lesson shows."""
    return {"name": LIST_FILE, "text": "".join(f"{item}\n" for item in call.data.corpus)}


def read_file(call: ApiCall) -> Any:
    """The list in a file that a visitor picked; nothing is put in use yet."""
    name = call.fields.text("name", "list.txt", longest=LONGEST_FILE_NAME)
    content = call.fields.content("content", most=FILE_BYTES)
    column = call.fields.optional_whole("column", low=WHOLE_LINES, high=MOST_COLUMNS)
    try:
        found = read_list(name, content, column=column)
    except NoTextError:
        raise RequestError(422, "no-text-file", name=name) from None
    except BadValueError:
        raise RequestError(422, "no-column") from None
    except (NextcharError, ValueError):
        raise RequestError(422, "unreadable-file", name=name) from None
    return {
        "text": "\n".join(found.items),
        "items": len(found.items),
        "encoding": found.encoding,
        "columns": [called or str(number) for number, called in enumerate(found.columns, start=1)],
        "column": found.column,
    }


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/data", answer=get_data),
    Endpoint(method="POST", path="/api/data", answer=put_data, work="sampling", body_bytes=2 * OWN_BYTES + 64_000),
    Endpoint(method="POST", path="/api/file", answer=read_file, work="sampling", body_bytes=FILE_BYTES * 3 // 2),
    Endpoint(method="DELETE", path="/api/data", answer=drop_data),
    Endpoint(method="GET", path="/api/items", answer=items),
    Endpoint(method="GET", path="/api/data/file", answer=list_file, work="sampling"),
)
