"""Every public function, each of its arguments in turn of a wrong type: an error for people, or it is taken.

What comes from Python's own check of a call (an argument too many) is no matter of these tests; an AttributeError, a
TypeError, an IndexError from within is: it says nothing of what was wanted.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pytest

import nextchar
from nextchar.errors import NextcharError

ITEMS: Final = ["emma", "ava", "olivia", "mia", "anna"]
MANY: Final = [a + b + c for a in "emavoli" for b in "emavoli" for c in "man"]
CORPUS: Final = nextchar.Corpus.from_items(ITEMS)
LARGER: Final = nextchar.Corpus.from_items(MANY)
BIGRAM: Final = nextchar.Ngram(order=2).fit(CORPUS)
OTHER: Final = nextchar.Ngram(order=3).fit(CORPUS)
WRONG: Final = [3, -1, "x", None, b"x", math.nan, 1.5, True, object(), {"a": 1}, [], ["x"], [None], BIGRAM, CORPUS]
# What a number of these would set going for hours, or in a way that no call can stop.
LEFT_OUT: Final = {"seconds", "epochs", "steps", "client"}


class Call(NamedTuple):
    """A function, arguments with which it works, and the other ones that it has."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    others: tuple[str, ...]


def call(function: Callable[..., Any], /, **arguments: Any) -> Call:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = [name for name, one in inspect.signature(function).parameters.items() if one.kind in kinds]
    return Call(function, arguments, tuple(name for name in known if name not in arguments))


def several(function: Callable[..., Any], /, **arguments: Any) -> Call:
    """Of a function that takes several sources: one of them is called `source`."""
    names = [name for name in inspect.signature(function).parameters if name not in ("sources", "folders", "target")]
    others = tuple(name for name in names if name not in arguments)
    return Call(lambda source, **more: function(source, **more), arguments, others)


def classes() -> Iterator[tuple[str, Call]]:
    needed: dict[str, dict[str, Any]] = {
        "Alphabet": {"characters": "ab"},
        "TrainingFiles": {"sources": ("names.txt",)},
    }
    for name in (
        *("Alphabet", "BigramNet", "BoW", "Constraint", "Format", "GRU", "LSTM", "MLP", "Mix", "Ngram", "Plan"),
        *("RNN", "TextOptions", "TrainingFiles", "Transformer", "WaveNet"),
    ):
        yield name, call(getattr(nextchar, name), **needed.get(name, {}))


def of_data() -> Iterator[tuple[str, Call]]:
    Corpus, alphabet = nextchar.Corpus, CORPUS.alphabet
    yield "Corpus.from_items", call(Corpus.from_items, items=["ab"])
    yield "Corpus.from_lines", call(Corpus.from_lines, lines=["ab"])
    yield "Corpus.from_file", several(Corpus.from_file, source="names.txt")
    yield "Corpus.read", call(Corpus.read, sources=["names.txt"], format_=nextchar.Format())
    yield "Corpus.of", call(Corpus.of, items=["ab"])
    yield "Corpus.concatenate", call(Corpus.concatenate, parts=[CORPUS])
    yield "Corpus.take", call(CORPUS.take, indices=[0])
    yield "Corpus.encoded_in", call(CORPUS.encoded_in, alphabet=alphabet)
    yield "Corpus[]", call(CORPUS.__getitem__, index=0)
    yield "Alphabet.of", call(nextchar.Alphabet.of, text="ab")
    yield "Alphabet.of_names", call(nextchar.Alphabet.of_names, names=["a"])
    yield "Alphabet.encode", call(alphabet.encode, text="a")
    yield "Alphabet.split", call(alphabet.split, text="a")
    yield "Alphabet.decode", call(alphabet.decode, ids=[1])
    yield "Alphabet.show", call(alphabet.show, ids=[1])
    yield "Alphabet.union", call(alphabet.union, other=alphabet)
    yield "Alphabet.ids_in", call(alphabet.ids_in, other=alphabet)
    yield "Alphabet.encode_codepoints", call(alphabet.encode_codepoints, codepoints=np.array([97]))
    yield "split", call(nextchar.split, corpus=LARGER, name="distinct")


def of_models() -> Iterator[tuple[str, Call]]:
    model: Any
    for model in (BIGRAM, nextchar.Mix(epochs=1).fit(CORPUS)):
        yield f"{model.kind}.sample", call(model.sample)
        yield f"{model.kind}.draw", call(model.draw, n=2, plan=nextchar.Plan())
        yield f"{model.kind}.drawing", call(model.drawing, n=2, plan=nextchar.Plan())
        yield f"{model.kind}.draw_left_to_right", call(model.draw_left_to_right, n=2, plan=nextchar.Plan())
        yield f"{model.kind}.rank", call(model.rank, items=["ava"], draws=20)
        yield f"{model.kind}.ranking", call(model.ranking, draws=20)
        for name in ("score", "nats"):
            yield f"{model.kind}.{name}", call(getattr(model, name), items=["ava"])
        for name in ("symbol_nats", "evaluate"):
            yield f"{model.kind}.{name}", call(getattr(model, name), corpus=CORPUS)
        yield f"{model.kind}.surprisal", call(model.surprisal, item="ava")
        yield f"{model.kind}.save", call(model.save, path="saved")
        yield f"{model.kind}.start", call(model.start, batch=1)
        yield f"{model.kind}.log_probs", call(model.log_probs, ids=np.zeros((1, 2), dtype=np.uint8))
    found = nextchar.given(BIGRAM)
    yield "Conditional.sample", call(found.sample, n=2)
    yield "Conditional.draw", call(found.draw, n=2)
    yield "Conditional.top", call(found.top, k=2)
    yield "given", call(nextchar.given, model=BIGRAM)
    yield "evaluate", call(nextchar.evaluate, model=BIGRAM, corpus=CORPUS)
    yield "interpolate", call(nextchar.interpolate, first=BIGRAM, second=OTHER, weight=0.3)
    yield "combine", call(nextchar.combine, models=[BIGRAM, OTHER], validation=CORPUS)
    yield "update", call(nextchar.update, model=BIGRAM, items=["ab"])
    yield "merge", call(lambda first, second: nextchar.merge(first, second), first=BIGRAM, second=BIGRAM)
    yield "distil", call(nextchar.distil, model=model, states=10)
    yield "tabulate", call(nextchar.tabulate, model=model, items=CORPUS, context=2)
    yield "load", call(nextchar.load, path="model")
    yield "read_arpa", call(nextchar.read_arpa, source="model.arpa")
    yield "write_arpa", call(nextchar.write_arpa, model=BIGRAM, path="written.arpa")


def of_trainings() -> Iterator[tuple[str, Call]]:
    yield "Ngram.fit", call(nextchar.Ngram(order=2).fit, data=CORPUS)
    yield "Mix.fit", call(nextchar.Mix(epochs=1).fit, data=CORPUS)
    yield "Ngram.from_counts", call(nextchar.Ngram(order=2).from_counts, counts=nextchar.count(CORPUS, 2))
    files = nextchar.TrainingFiles(sources=("names.txt",))
    yield "train", call(nextchar.train, spec=nextchar.Ngram(order=2), data=files)
    yield "candidates", call(nextchar.candidates, models=["ngram"])
    yield "count", call(nextchar.count, corpus=CORPUS, order=2)
    yield "count_files", several(nextchar.count_files, source="names.txt", order=2)
    texts, labels = ["emma", "ava", "bob", "jack"] * 3, ["f", "f", "m", "m"] * 3
    classifier = nextchar.Classifier()
    yield "Classifier.fit", call(classifier.fit, X=texts, y=labels)
    fitted = nextchar.Classifier().fit(texts, labels)
    for name in ("predict", "predict_proba"):
        yield f"Classifier.{name}", call(getattr(fitted, name), X=["emma"])
    yield "Classifier.score", call(fitted.score, X=["emma"], y=["f"])
    yield "Classifier.save", call(fitted.save, path="classifier")
    detector = nextchar.OutlierDetector(BIGRAM).fit(MANY)
    yield "OutlierDetector.fit", call(nextchar.OutlierDetector(BIGRAM).fit, X=MANY)
    for name in ("predict", "decision_function", "score_samples"):
        yield f"OutlierDetector.{name}", call(getattr(detector, name), X=["emma"])
    yield "OutlierDetector.save", call(detector.save, path="detector")
    yield (
        "OutlierDetector",
        Call(lambda **told: nextchar.OutlierDetector(**{"model": BIGRAM, **told}).fit(MANY), {}, ("model",)),
    )


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("names.txt").write_text("\n".join(ITEMS), "utf-8")
        BIGRAM.save("model")
        nextchar.write_arpa(BIGRAM, "model.arpa")
        yield folder


@pytest.mark.parametrize("calls", [classes, of_data, of_models, of_trainings])
def test_a_wrong_type(calls: Callable[[], Iterator[tuple[str, Call]]]) -> None:
    failed = []
    values = WRONG if calls is not of_trainings else WRONG[:6]  # which take their time
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (function, arguments, others) in calls():
            function(**arguments)
            for argument in [one for one in (*arguments, *others) if one not in LEFT_OUT]:
                for wrong in values:
                    try:
                        function(**{**arguments, argument: wrong})
                    except NextcharError:
                        pass
                    except Exception as error:
                        failed.append(f"{name}({argument}={wrong!r:.40}): {type(error).__name__}: {error}")
    assert not failed


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: BIGRAM.save(3), "path is a path, not 3 (int)"),  # type: ignore[arg-type]
        (lambda: nextchar.given("m"), "model is a model (Ngram().fit(...), load(...)), not 'm' (str)"),  # type: ignore[arg-type]
        (lambda: nextchar.interpolate(BIGRAM, "x", 0.5), "second is a model"),  # type: ignore[arg-type]
        (lambda: nextchar.evaluate("m", CORPUS), "model is a model"),  # type: ignore[arg-type]
        (lambda: nextchar.merge(BIGRAM, b"x"), "model is a model (Ngram().fit(...), load(...)), not b'x' (bytes)"),  # type: ignore[arg-type]
        (lambda: nextchar.load(None), "path is a path, not None"),  # type: ignore[arg-type]
        (lambda: BIGRAM.draw(2, 3), "plan is a Plan, not 3 (int)"),  # type: ignore[arg-type]
        (lambda: CORPUS.take(["x"]), "indices are whole numbers from 0 to 4 in 1 dimension, not ['x'] (list)"),
    ],
)
def test_what_is_said(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(NextcharError) as caught:
        wrong()
    assert says in str(caught.value)


def test_the_values_of_a_mapping_are_weights() -> None:
    corpus = nextchar.Corpus.from_items({"ab": 2, "b": 1})
    assert (list(corpus), corpus.weights_or_ones.tolist()) == (["ab", "b"], [2, 1])
    with pytest.raises(NextcharError, match=r"weight 1 is 0\.5; weights must be whole numbers"):
        nextchar.Corpus.from_items({"ab": 0.5})
    with pytest.raises(NextcharError, match="weight 1 is"):
        nextchar.Corpus.from_items({"ab": [1]})
    assert nextchar.Corpus.from_items(dict.fromkeys(["ab", "b"])).weights is None  # an ordered set
    with pytest.raises(NextcharError, match="give no others"):
        nextchar.Corpus.from_items({"ab": 2}, [3])


def test_no_items_have_no_nats() -> None:
    assert BIGRAM.nats([]).tolist() == []
    assert BIGRAM.symbol_nats(CORPUS.take([])).tolist() == []
