"""The ES module and the page: node draws the items that Python draws, all of them, in every language of the world."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import nextchar
from nextchar import Corpus, Ngram, TextOptions
from nextchar.automata.automaton_model import AutomatonModel
from nextchar.core.model import Model
from nextchar.data.datasets import shipped_names
from nextchar.errors import ModelFileError, NextcharError, SettingsError, TooLargeError
from nextchar.tasks.export import files

NODE: Final = shutil.which("node") or shutil.which("nodejs")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no node here to run JavaScript")

NAMES: Final = [name.lower() for name in shipped_names()[::40]]
SURNAMES, GIVEN = "王李张刘陈杨黄赵", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英文华建国玉兰"
CHINESE: Final = [a + b + c for a in SURNAMES for b, c in zip(GIVEN, GIVEN[3:] + "  *", strict=True) if c not in " *"]
ASTRAL: Final = ["𝔞𝔟𝔠", "𝔟𝔠", "𝔞𝔞𝔟", "𐐀𐐨", "𐐨𐐨a", "😀😺", "😺a😀", "𠮷野", "𠮷田", "𠮷"]
MARKS: Final = ["Zoé", "Zoe\u0301", "Noël", "Ange\u0301lique", "Jose\u0301", "Jōe", "Ja\u0328n", "Ja\u0328\u0301n"]
CLUSTERS: Final = ["👩‍👩‍👧a", "👨‍🌾👩‍👩‍👧", "🇩🇪🇫🇷", "🇫🇷🇩🇪🇫🇷", "e\u0301a", "ae\u0301", "한국", "한\u1112\u1161\u11ab"]
CITIES: Final = ["New York", "San Jose", "San Diego", "Santa Ana", "New Orleans", "El Paso", "Los Angeles", "San Juan"]
MARKUP: Final = ["</script><b>x", "<!--<script>", "a&amp;b", "{{data}}", "${x}`\\n", "\u2028b\u2029", "'\"", "]]>a"]

CONDITIONS: Final[list[dict[str, Any]]] = [
    {},
    {"new": True},
    {"min_length": 0},
    {"max_length": 4},
    {"min_length": 3},
    {"min_length": 2, "max_length": 5, "new": True},
]
WORDS: Final = {"min_length": "minLength", "max_length": "maxLength"}


def ngram(items: list[str], weights: list[int] | None = None, **settings: Any) -> Model:
    options = TextOptions(**{key: settings.pop(key) for key in list(settings) if hasattr(TextOptions(), key)})
    return Ngram(**settings).fit(Corpus.from_items(items, weights, options=options))


def mixed() -> Model:
    corpus = Corpus.from_items(NAMES[:200])
    return nextchar.tabulate(nextchar.Mix(epochs=1).fit(corpus), corpus, context=3).model


def imported(folder: Path) -> Model:
    nextchar.write_arpa(ngram(NAMES, order=4, smoothing="modified-kneser-ney"), folder / "names.arpa")
    return nextchar.read_arpa(folder / "names.arpa")


MODELS: Final[dict[str, Callable[[Path], Model]]] = {
    **{
        name: lambda _, name=name: ngram(NAMES, order=4, smoothing=name)  # type: ignore[misc]
        for name in ("add", "witten-bell", "absolute", "kneser-ney", "modified-kneser-ney", "pitman-yor")
    },
    "unsmoothed": lambda _: ngram(NAMES, order=3, add=0),
    "bigram": lambda _: ngram(NAMES, order=2),
    "order 7": lambda _: ngram(NAMES, order=7, smoothing="modified-kneser-ney"),
    "pruned": lambda _: ngram(NAMES, order=4, smoothing="kneser-ney", min_count=(2,)),
    "weights": lambda _: ngram(NAMES[:300], [1 + 7 * i % 1000 for i in range(300)], order=3, smoothing="kneser-ney"),
    "Chinese": lambda _: ngram(CHINESE, order=3, smoothing="witten-bell"),
    "astral": lambda _: ngram(ASTRAL, order=3),
    "marks": lambda _: ngram(MARKS, order=3),
    "marks composed": lambda _: ngram(MARKS, order=3, nfc=True, lower=True),
    "clusters": lambda _: ngram(CLUSTERS, order=3, graphemes=True),
    "blanks inside": lambda _: ngram(CITIES, order=3),
    "blanks kept": lambda _: ngram([f" {city} " for city in CITIES], order=3, strip=False),
    "markup": lambda _: ngram(MARKUP, order=3),
    "texts": lambda _: ngram(["a b\nb a", "b\nb\nc", "c a\nb"], order=3, separator="--"),
    "unknown": lambda _: Ngram(order=3, smoothing="kneser-ney").fit(
        Corpus.from_items([*NAMES[:50], "ab"], alphabet=nextchar.Alphabet.of("".join(NAMES[:50]), has_unknown=True))
    ),
    "net": lambda _: nextchar.BigramNet().fit(Corpus.from_items(NAMES[:200])),
    "table of a mix": lambda _: mixed(),
    "of an ARPA file": imported,
    "interpolated": lambda _: nextchar.interpolate(ngram(NAMES, order=2), ngram(NAMES, order=4, add=0), 0.3),
    "conditional": lambda _: nextchar.given(ngram(NAMES, order=3), suffix="a", max_length=8).model,
}
QUICK: Final = ["modified-kneser-ney", "unsmoothed", "Chinese", "astral", "marks composed", "clusters", "unknown"]


def beginning(model: Model) -> str:
    """A prefix that items of the model have: the first two symbols of one."""
    return "".join(model.alphabet.split(model.sample(1, seed=99, min_length=3)[0])[:2])


def run(folder: Path, jobs: list[tuple[str, int, dict[str, Any]]]) -> list[Any]:
    """What node draws for each job: a file in the folder, how many, and the options in Python's words."""
    assert NODE is not None
    asked = [[name, n, {WORDS.get(key, key): value for key, value in options.items()}] for name, n, options in jobs]
    script = """
        const out = [];
        for (const [name, n, { big, ...options }] of JSON.parse(await new Response(process.stdin).text())) {
          const { sample } = await import(`./${name}`);
          if (big) options.seed = BigInt(big);
          try {
            out.push(sample(n, options));
          } catch (error) {
            out.push(`${error.name}: ${error.message}`);
          }
        }
        console.log(JSON.stringify(out));
    """
    script = script.replace("new Response(process.stdin).text()", "read()")
    script = "import { text } from 'node:stream/consumers'; const read = () => text(process.stdin);" + script
    (folder / "run.mjs").write_text(script, encoding="utf-8")
    done = subprocess.run([NODE, "run.mjs"], cwd=folder, input=json.dumps(asked), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@needs_node
@pytest.mark.filterwarnings("ignore:only")
@pytest.mark.parametrize("some", [QUICK, pytest.param([*MODELS], marks=pytest.mark.slow)], ids=["some", "all"])
def test_node_draws_what_python_draws(tmp_path: Path, some: list[str]) -> None:
    """Every smoothing and every kind of automaton, several scripts, each with every kind of condition."""
    jobs, expected = [], []
    for number, name in enumerate(some):
        model = MODELS[name](tmp_path)
        nextchar.export_module(model, tmp_path / f"{number}.mjs")
        prefix = beginning(model)
        for conditions in [*CONDITIONS, {"prefix": prefix}, {"prefix": prefix, "max_length": 6, "new": True}]:
            if model.provenance.known is None and conditions.get("new"):
                continue
            options = {"seed": number, **conditions}
            try:
                wanted: Any = model.sample(100, **options)
            except SettingsError:
                wanted = "RangeError"
            jobs.append((f"{number}.mjs", 100, options))
            expected.append((name, options, wanted))
    for found, (name, options, wanted) in zip(run(tmp_path, jobs), expected, strict=True):
        assert (found.split(":")[0] if isinstance(found, str) else found) == wanted, (name, options, found)


@needs_node
@pytest.mark.parametrize("blanks", [False, True])
def test_a_model_too_large_for_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, blanks: bool) -> None:
    """Python then draws lengths in another way: without what text options rule out, where they rule out anything."""
    monkeypatch.setattr("nextchar.automata.automaton.TABLE_BYTES", 0)
    monkeypatch.setattr("nextchar.automata.sparse_drawer.CELLS", 0)
    monkeypatch.setattr("nextchar.automata.conditioned.CELLS", 0)
    model = ngram(CITIES if blanks else NAMES, order=3, smoothing="kneser-ney")
    nextchar.export_module(model, tmp_path / "m.mjs")
    conditions: list[dict[str, Any]] = [{}, {"new": True}, {"max_length": 6}, {"min_length": 4, "new": True}]
    found = run(tmp_path, [("m.mjs", 300, {"seed": 1, **more}) for more in conditions])
    for more, items in zip(conditions, found, strict=True):
        if blanks and more.keys() & {"min_length", "max_length"}:
            assert "this model is too large for lengths" in items
        else:
            assert items == model.sample(300, seed=1, **more), more


@needs_node
def test_ten_thousand_names(tmp_path: Path) -> None:
    model = Ngram(order=5, smoothing="modified-kneser-ney").fit(Corpus.from_items(NAMES))
    nextchar.export_module(model, tmp_path / "names.mjs")
    conditions: list[dict[str, Any]] = [
        {},
        {"new": True},
        {"prefix": "ma"},
        {"prefix": "e", "min_length": 4, "max_length": 7, "new": True},
    ]
    options = [{"seed": 7, **more} for more in conditions]
    found = run(tmp_path, [("names.mjs", 10_000, more) for more in options])
    assert found == [model.sample(10_000, **more) for more in options]


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("smoothing", ["add", "kneser-ney", "pitman-yor"])
def test_ten_thousand_of_all_names(names: Corpus, tmp_path: Path, smoothing: str) -> None:
    """And the files stay below 2 MB."""
    model = Ngram(order=5, smoothing=smoothing).fit(names)  # type: ignore[arg-type]
    assert nextchar.export_module(model, tmp_path / "names.mjs").size < 2_000_000
    assert nextchar.export_page(model, tmp_path / "names.html").size < 2_000_000
    conditions = [*CONDITIONS, {"prefix": "ka"}, {"prefix": "ka", "new": True, "max_length": 6}]
    options: list[dict[str, Any]] = [{"seed": 2**53 - 1, **more} for more in conditions]
    found = run(tmp_path, [("names.mjs", 10_000, more) for more in options])
    assert found == [model.sample(10_000, **more) for more in options]


@needs_node
def test_seeds(tmp_path: Path) -> None:
    """Up to 2^64 - 1, above 2^53 as BigInt; without one the items differ each time."""
    model = ngram(NAMES, order=3)
    nextchar.export_module(model, tmp_path / "m.mjs")
    big = [2**53 + 1, 2**63, 2**64 - 1]
    jobs: list[tuple[str, int, dict[str, Any]]] = [("m.mjs", 20, {"big": str(seed)}) for seed in big]
    *found, one, other = run(tmp_path, [*jobs, ("m.mjs", 20, {}), ("m.mjs", 20, {})])
    assert found == [model.sample(20, seed=seed) for seed in big]
    assert one != other


REFUSED: Final[list[tuple[dict[str, Any], str]]] = [
    ({"seed": -1}, "a seed is a whole number"),
    ({"seed": 1.5}, "a seed is a whole number"),
    ({"seed": "1"}, "a seed is a whole number"),
    ({"prefix": "ж"}, 'does not know "ж"'),
    ({"prefix": "🇩"}, "does not know"),
    ({"prefix": " a"}, "does not know"),
    ({"prefix": 3}, "prefix is a text"),
    ({"min_length": 5, "max_length": 4}, "minLength (by default 1) is above maxLength"),
    ({"max_length": 0}, "minLength (by default 1) is above maxLength"),
    ({"max_length": -1}, "maxLength is a whole number"),
    ({"prefix": "emma", "max_length": 3}, "the prefix is longer than maxLength"),
    ({"minlength": 3}, "there is no option minlength; there are seed, prefix"),
]


@needs_node
def test_node_refuses(tmp_path: Path) -> None:
    """What Python refuses, with what was wanted; and new items of a model that does not know the old ones."""
    nextchar.export_module(ngram(["emma", "ava", "emil"], order=2), tmp_path / "m.mjs")
    nextchar.export_module(imported(tmp_path), tmp_path / "imported.mjs")
    jobs: list[tuple[str, int, dict[str, Any]]] = [("m.mjs", 3, options) for options, _ in REFUSED]
    found = run(tmp_path, [*jobs, ("imported.mjs", 3, {"new": True})])
    expected = [*(said for _, said in REFUSED), "has not kept which items it was trained on"]
    for answer, said in zip(found, expected, strict=True):
        assert answer.startswith("RangeError: "), answer
        assert said in answer


class _Parts(HTMLParser):
    """What a browser's parser sees in a page: each element's attributes, and the text in those that hold text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = f"{tag} {dict(attrs).get('type') or ''}".strip()

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        self.texts[self._open] = self.texts.get(self._open, "") + data


HOSTILE: Final = "</script></title><img src=x onerror=alert(1)>{{data}}"


def test_page_is_closed_off(tmp_path: Path) -> None:
    """A hostile list and title add no element; nothing is loaded from anywhere, and the policy forbids it."""
    page = io.BytesIO()
    nextchar.export_page(ngram(MARKUP, order=3), page, title=HOSTILE)
    text = page.getvalue().decode()
    plain = io.BytesIO()
    nextchar.export_page(ngram(["ab"], order=3), plain, title="plain")
    seen, usual = _Parts(text), _Parts(plain.getvalue().decode())
    assert [tag for tag, _ in seen.elements] == [tag for tag, _ in usual.elements]
    assert seen.texts["title"] == HOSTILE
    assert json.loads(seen.texts["script application/json"])["title"] == HOSTILE
    code = re.sub(r"<script type=\"text/plain.*", "", plain.getvalue().decode())  # without the data
    assert not re.search(r"https?://|\bsrc=|@import|url\(", code)
    assert not [attributes for _, attributes in seen.elements if any(name.startswith("on") for name in attributes)]
    (policy,) = [a["content"] or "" for _, a in seen.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_same_model_same_bytes() -> None:
    """No time and no name of a machine is in the files."""
    one, other = io.BytesIO(), io.BytesIO()
    for stream in (one, other):
        nextchar.export_page(ngram(NAMES, order=3), stream)
        nextchar.export_module(ngram(NAMES, order=3), stream)
    assert one.getvalue() == other.getvalue()


def test_texts_of_both_languages() -> None:
    """The same keys, the same things filled in, and one for every error that the page can show."""
    texts = files.page_texts()
    assert texts["en"].keys() == texts["zh"].keys()
    assert texts["en"]["errors"].keys() == texts["zh"]["errors"].keys()
    for language in ("en", "zh"):
        for key, text in {**texts["en"], **texts["en"]["errors"]}.items():
            other = texts[language].get(key) or texts[language]["errors"][key]
            if key != "errors":
                assert set(re.findall(r"\{\w+\}", other)) == set(re.findall(r"\{\w+\}", text)), key
    folder = Path(files.__file__).parent
    codes = set(re.findall(r'refused\("(\w+)"', (folder / "sampler.js").read_text(encoding="utf-8")))
    assert codes - {"option"} <= texts["en"]["errors"].keys()  # the page gives no wrong option
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert set(re.findall(r'data-text="(\w+)"', page)) <= texts["en"].keys()


def test_only_automata_that_are_small_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus.from_items(NAMES[:50])
    with pytest.raises(
        SettingsError, match=r"a model of kind mix is no finite automaton.*make an automaton of it first"
    ):
        nextchar.export_page(nextchar.Mix(epochs=1).fit(corpus), tmp_path / "m.html")
    running = Ngram(order=3).fit(Corpus.from_documents(["to be or not to be"]))
    with pytest.raises(SettingsError, match="a model of running text"):
        nextchar.export_module(running, tmp_path / "m.mjs")
    monkeypatch.setattr(files, "MOST_NUMBERS", 100)
    with pytest.raises(TooLargeError, match=r"would hold [\d,]+ numbers, and 100 are the most; train one of lower"):
        nextchar.export_page(ngram(NAMES, order=3), tmp_path / "m.html")
    monkeypatch.undo()
    monkeypatch.setattr(files, "MOST_BYTES", 1 << 10)
    with pytest.raises(TooLargeError, match="would have 0 MB"):
        nextchar.export_module(ngram(NAMES, order=3), tmp_path / "m.mjs")
    monkeypatch.undo()
    with pytest.raises(NextcharError, match="target is a path"):
        nextchar.export_module(ngram(["ab"], order=2), 3)  # type: ignore[arg-type]
    with pytest.raises(ModelFileError, match="cannot be written"):
        nextchar.export_page(ngram(["ab"], order=2), tmp_path / "none" / "m.html")
    assert not list(tmp_path.iterdir())


def test_probabilities_are_pythons_own(tmp_path: Path) -> None:
    """All 64 bits of what Python exponentiates; no item's text is in the file."""
    import base64
    import gzip

    model = ngram(["emma", "ava", "emil"], order=2, smoothing="kneser-ney")
    assert isinstance(model, AutomatonModel)
    nextchar.export_module(model, tmp_path / "m.mjs")
    code = (tmp_path / "m.mjs").read_text(encoding="utf-8")
    found = re.match(r'const DATA = "([^"]+)";', code)
    assert found is not None
    raw = gzip.decompress(base64.b64decode(found[1]))
    size = int.from_bytes(raw[:4], "little")
    document, at, arrays = json.loads(raw[4 : 4 + size]), 4 + size, {}
    for name, kind, count in document["arrays"]:
        width = {"Uint8Array": 1, "Uint16Array": 2, "Uint32Array": 4, "Float64Array": 8}[kind]
        planes = np.frombuffer(raw[at : at + count * width], dtype=np.uint8).reshape(width, count)
        arrays[name] = np.ascontiguousarray(planes.T).view(f"<{'f' if width == 8 else 'u'}{width}").reshape(-1)
        at += count * width
    assert at == len(raw)
    assert np.array_equal(arrays["prob"], np.exp(model.automaton.log_prob))
    assert np.array_equal(arrays["target"], model.automaton.target)
    assert b"emma" not in raw
