from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nextchar.data.format import Format
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError
from nextchar.models.ngram.model import Ngram
from nextchar.tasks.labelled import LabelledTexts, train_classifier

FORMAT = Format(column="text", label="label")
SMALL = (Ngram(order=3, add=0.3),)


def table(path: Path, rows: list[tuple[str, str, int]]) -> str:
    path.write_text("text,label,n\n" + "".join(f"{text},{label},{n}\n" for text, label, n in rows), encoding="utf-8")
    return str(path)


def many(seed: int = 0) -> list[tuple[str, str, int]]:
    source = np.random.default_rng(seed)
    rows = []
    for _ in range(400):
        label = str(source.choice(["x", "y"]))
        text = "".join(source.choice(["ab", "a", "c"] if label == "x" else ["ba", "b", "c"], size=4))
        rows.append((text, label, int(source.integers(0, 4))))
    return rows


def test_rows_that_count(tmp_path: Path) -> None:
    rows = [("a", "x", 2), ("b", "y", 0), ("", "y", 1), ("A ", "x", 3), ("c", " ", 1), ("a", "y", 1)]
    path = table(tmp_path / "t.csv", rows)
    plain = LabelledTexts.read([path], FORMAT)
    assert (plain.texts, plain.labels, plain.weights) == (["a", "b", "A ", "a"], ["x", "y", "x", "y"], None)
    weighted = LabelledTexts.read([path], Format(column="text", label="label", weight="n"))
    assert (weighted.texts, weighted.labels, weighted.weights) == (["a", "A ", "a"], ["x", "x", "y"], [2, 3, 1])
    once = weighted.distinct(TextOptions(lower=True))
    assert (once.texts, once.labels, once.weights) == (["a", "a"], ["x", "y"], [5, 1])
    empty = table(tmp_path / "e.csv", [("a", "", 1), ("b", "x", 0)])
    with pytest.raises(CorpusError, match="no row has both text and label and a weight above 0"):
        LabelledTexts.read([empty], Format(column="text", label="label", weight="n"))


def test_weights_are_repeats(tmp_path: Path) -> None:
    rows = many()
    weighted = table(tmp_path / "w.csv", rows)
    repeated = table(tmp_path / "r.csv", [(text, label, 1) for text, label, n in rows for _ in range(n)])
    first = train_classifier([weighted], Format(column="text", label="label", weight="n"), specs=SMALL).classifier
    second = train_classifier([repeated], FORMAT, specs=SMALL).classifier
    assert first.sizes_.tolist() == second.sizes_.tolist()
    np.testing.assert_allclose(first.weights_, second.weights_, atol=1e-5)
    texts = [text for text, _, _ in rows[:50]]
    np.testing.assert_allclose(first.predict_proba(texts), second.predict_proba(texts), atol=1e-5)


def test_distinct_leaves_repeats_out(tmp_path: Path) -> None:
    rows = many()
    trained = train_classifier([table(tmp_path / "t.csv", rows)], FORMAT, specs=SMALL, distinct=True)
    pairs = {(text, label) for text, label, _ in rows}
    assert (trained.texts, trained.repeats) == (len(pairs), len(rows) - len(pairs))
    assert trained.sizes == {name: sum(label == name for _, label in pairs) for name in ("x", "y")}


def test_a_split_holds_texts_out(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", many())
    runs = [train_classifier([path], FORMAT, specs=SMALL, division="distinct", seed=seed) for seed in (0, 0, 1)]
    assert runs[0].quality == runs[1].quality != runs[2].quality
    pairs = len({row[:2] for row in many()})
    assert runs[0].texts + sum(part.items for part in runs[0].quality.values()) == pairs
    assert set(runs[0].quality) == {"validation", "test"}
    lecture = train_classifier([path], FORMAT, specs=SMALL, division="lecture")
    # 80, 10 and 10 of 100 rows, repeats and all
    assert (lecture.texts, [part.items for part in lecture.quality.values()]) == (320, [40, 40])
    assert lecture.quality["test"].accuracy > 0.8
    assert 0 < lecture.quality["test"].log_loss_nats < 0.6
