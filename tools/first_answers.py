"""The answers that the pages ask for as they open, for the lists that the program begins with.

    python -m tools.first_answers

See web/first_answers.py. It asks the endpoints and writes src/nextchar/web/answers. To be run again where an endpoint
answers otherwise; tests/web/test_first_answers.py says so. It needs PyTorch and makemore's names.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nextchar.data.corpus import Corpus
from nextchar.data.download import locate
from nextchar.lesson.text_models import TEXT_MODELS
from nextchar.web.dataset import Dataset, shipped_dataset
from nextchar.web.dispatcher import ApiCall, Dispatcher
from nextchar.web.endpoints import counts, door, inside, models, names, net, running_text, sampling, scoring
from nextchar.web.endpoints import data as lists
from nextchar.web.endpoints.lesson import facts_of
from nextchar.web.endpoints.running_text import EXAMPLE
from nextchar.web.first_answers import LISTS, question
from nextchar.web.model_cache import ModelCache
from nextchar.web.requests import Fields
from nextchar.web.responses import encoded
from nextchar.web.sessions import Sessions

Asked = tuple[str, str, dict[str, Any]]  # method, path, values

TARGET: Final = Path(__file__).resolve().parents[1] / "src/nextchar/web/answers"
LECTURE_SEED: Final = 2147483647
LONGEST_NAME: Final = 14  # characters of a name that the chapters on nets show
FIRST_UNIT: Final = 23
USUAL_NAMES: Final = {  # as js/names/settings.js has them
    **dict.fromkeys(("starts", "contains", "ends", "pattern"), ""),
    "model": "3",
    "pronounceable": False,
    "new": True,
    "min_distance": 0,
    "seed": "1",
    "n": 24,
}
L2S: Final = ("0", "0.001", "0.01", "0.1", "1")
OF_THE_MACHINE: Final = ("seconds", "symbols_per_second")  # not said where they are not of this very run


def questions(example: str, first_pair: tuple[int, int], lengths: tuple[int, int]) -> dict[str, list[Asked]]:
    """What each page asks as it opens: the door, the workbench, the chapters by number; and what is soon asked later.

    Args:
        example: the first item, which the chapters take until something is typed.
        first_pair: the cell that chapter 2 begins with.
        lengths: the least and the greatest in the list that the workbench begins with.
    """
    low, high = map(str, lengths)
    cell = {"first": str(first_pair[0]), "second": str(first_pair[1])}
    lecture = {"n": 10, "seed": LECTURE_SEED}
    step = {"prefix": "", "seed": 1, "draw": 0, "order": 2}
    data: Asked = ("GET", "/api/data", {})
    counts: Asked = ("GET", "/api/counts", {})
    probs: Asked = ("GET", "/api/counts", {"what": "probs"})
    curve: Asked = ("GET", "/api/smoothing/curve", {})
    encode, cells = ("POST", "/api/encode", {"text": example}), ("POST", "/api/cells", {"text": example})
    return {
        "door": [
            ("GET", "/api/door", {"seed": "1", "order": "5"}),
            ("POST", "/api/door", {"text": example}),
        ],
        "names": [
            ("GET", "/api/names/list", {"list": names.USUAL_LIST}),
            (
                "POST",
                "/api/names/write",
                {**USUAL_NAMES, "list": names.USUAL_LIST, "min_length": low, "max_length": high},
            ),
        ],
        "1": [data, ("GET", "/api/items", {"contains": "", "offset": "0", "limit": "48"}), encode],
        "2": [data, counts, ("GET", "/api/pair", cell), cells],
        "3": [counts, ("GET", "/api/keepdim", {}), ("GET", "/api/row", {"first": "0"}), data, cells],
        "4": [
            ("POST", "/api/step", step),
            data,
            probs,
            counts,
            ("POST", "/api/step", {**step, "temperature": 1}),
            ("POST", "/api/sample", {"n": 10, "seed": 1, "temperature": 1, "max_length": 30}),
            *(("POST", "/api/sample", {**lecture, "stream": stream}) for stream in ("nextchar", "torch1", "torch2")),
        ],
        "5": [data, ("POST", "/api/score", {"text": example})],
        "6": [
            data,
            *(("GET", "/api/smoothing", {"add": add}) for add in ("0", "1")),
            curve,
            *(("POST", "/api/score", {"text": example, "add": add}) for add in (0, 1)),
        ],
        "7": [
            data,
            encode,
            probs,
            ("GET", "/api/net/onehot", {"text": example}),
            ("POST", "/api/net/forward", {"first": 0, "seed": LECTURE_SEED}),
            *(("GET", "/api/net/optimum", {"l2": l2}) for l2 in L2S),
        ],
        "8": [
            data,
            ("GET", "/api/equivalence", {"l2": "0", "add": "0"}),
            ("GET", "/api/equivalence", {"l2": "0.01", "add": "0", "seed": str(LECTURE_SEED)}),
            ("GET", "/api/equivalence", {"l2": "0.01", "add": "1"}),
            ("GET", "/api/equivalence/map", {}),
        ],
        "9": [
            data,
            ("GET", "/api/orders", {}),
            ("GET", "/api/models", {}),
            *(("POST", "/api/sample", {"n": 1000, "seed": 1, "order": n, "max_length": 40}) for n in range(1, 7)),
            ("POST", "/api/sample", {"n": 20, "seed": 1, "order": 4, "max_length": 40}),
            *(("POST", "/api/score", {"text": example, "order": n, "add": 0.1}) for n in range(1, 7)),
        ],
        **_of_nets(example.lower()[:LONGEST_NAME]),
        "19": [
            ("GET", "/api/text", {}),
            *(("POST", f"/api/text/{name}/next", {"text": EXAMPLE, "at": len(EXAMPLE)}) for name in TEXT_MODELS),
            *(("POST", f"/api/text/{name}/write", {"text": EXAMPLE, "seed": 1}) for name in TEXT_MODELS),
        ],
        "later": [
            *(("GET", "/api/door", {"seed": "1", "order": order}) for order in ("2", "3")),
            *(("GET", "/api/smoothing/curve", {"names": names}) for names in ("100", "1000")),
        ],
    }


def _of_nets(name: str) -> dict[str, list[Asked]]:
    """What the chapters on nets ask as they open, of a name that the nets read."""
    data: Asked = ("GET", "/api/data", {})
    last = max(len(name) - 1, 0)
    arc = {"layer": 0, "head": 0, "reader": last}
    stack = {"depth": 6, "scale": 0.5, "normed": False}
    return {
        "12": [
            data,
            ("GET", "/api/inside/map", {"context": "3"}),
            ("POST", "/api/inside/moved", {"text": name, "context": 3, "moves": []}),
        ],
        "13": [data, *(("POST", "/api/inside/layers", {**stack, "steps": steps}) for steps in (0, 100))],
        "14": [
            data,
            ("POST", "/api/inside/hidden", {"text": name, "net": "rnn"}),
            ("GET", "/api/inside/unit", {"net": "rnn", "unit": str(FIRST_UNIT)}),
        ],
        "15": [data, ("POST", "/api/inside/gates", {"net": "gru", "text": name, "holds": []})],
        "16": [data, ("POST", "/api/inside/merges", {"text": name, "layers": 3, "growth": 2})],
        "17": [data, ("POST", "/api/inside/attention", {"text": name, "cuts": [], "arc": [arc]})],
        "18": [data, ("GET", "/api/inside/race", {})],
    }


class Asker:
    """Asks the endpoints as the page does, about one list.

    Args:
        data: the list.
    """

    def __init__(self, data: Dataset) -> None:
        self._dispatcher = Dispatcher(ModelCache(), Sessions())
        self._session = self._dispatcher.sessions.create()
        self._session.data = data
        self._answers = {
            (endpoint.method, endpoint.path): endpoint.answer
            for part in (counts, lists, door, models, names, net, sampling, scoring, inside, running_text)
            for endpoint in part.ENDPOINTS
        }

    def ask(self, method: str, path: str, values: Mapping[str, Any]) -> Any:
        """What is answered, as JSON has it, without what depends on the machine."""
        document = json.loads(encoded(self._answers[method, path](self._call(values))))
        return {name: value for name, value in document.items() if name not in OF_THE_MACHINE}

    def facts(self) -> dict[str, Any]:
        """What the texts say of the list."""
        facts: dict[str, Any] = json.loads(encoded(facts_of(self._call({}))))
        return facts

    def _call(self, values: Mapping[str, Any]) -> ApiCall:
        call = ApiCall(self._dispatcher, Fields(values), {}, "en")
        call.session = self._session
        return call


def dataset(name: str) -> Dataset:
    """One of the lists that the program begins with."""
    return shipped_dataset() if name == "names-2018" else Dataset("names.txt", False, Corpus.from_file(locate(name)))


def document(name: str) -> dict[str, Any]:
    """What ships for a list."""
    list_ = dataset(name)
    asker = Asker(list_)
    asked = questions(list_.corpus[0], _first_pair(asker), _lengths(asker))
    answers = {question(*one): one for page in asked.values() for one in page}
    return {
        "data": asker.facts(),
        "pages": {page: [question(*one) for one in asks] for page, asks in asked.items()},
        "answers": {key: asker.ask(*one) for key, one in answers.items()},
    }


def _first_pair(asker: Asker) -> tuple[int, int]:
    """The pair that comes most often."""
    answer = asker.ask("GET", "/api/counts", {})
    cells = ((times, r, c) for r, row in enumerate(answer["table"]) for c, times in enumerate(row))
    _, r, c = max(cells, key=lambda cell: cell[0])  # the first of equals, as the page has it
    return answer["ids"][r], answer["ids"][c]


def _lengths(asker: Asker) -> tuple[int, int]:
    """Of the names of the list that the workbench begins with."""
    facts = asker.ask("GET", "/api/names/list", {"list": names.USUAL_LIST})
    return facts["shortest"], facts["longest"]


def main() -> None:
    """Ask and write."""
    TARGET.mkdir(exist_ok=True)
    for name in LISTS:
        text = json.dumps(document(name), ensure_ascii=False, separators=(",", ":"))
        path = TARGET / f"{name}.json.gz"
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        print(f"{path}: {path.stat().st_size:,} bytes, {len(text):,} characters")


if __name__ == "__main__":
    main()
