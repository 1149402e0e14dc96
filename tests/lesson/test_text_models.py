"""What models of a text say of what is typed, from arithmetic on a tiny text."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nextchar.data.corpus import Corpus
from nextchar.errors import UnknownSymbolError
from nextchar.lesson import text_models
from nextchar.lesson.text_models import (
    COUNTED,
    TEXT_MODELS,
    KnowsText,
    compile_mixing,
    continued,
    learned,
    read_typed,
)
from nextchar.models.ngram.model import Ngram


def known(order: int, add: float, text: Corpus, lead: str = "") -> KnowsText:
    return KnowsText(Ngram(order=order, add=add).fit(text), 0.0, lead)


TEXT = Corpus.from_documents(["abac"])


def test_costs_and_what_is_likely() -> None:
    """The pairs are ·a ab ba ac c·, each once: after a comes b or c, after b and c one thing only."""
    seen = read_typed(known(2, 0, TEXT), "aba", 1, 2)
    assert seen.nats == pytest.approx([0, math.log(2), 0], abs=1e-12)
    assert [(one.symbol, one.probability) for one in seen.likely] == [("b", 0.5), ("c", 0.5)]
    assert seen.rest == pytest.approx(0, abs=1e-12)
    assert seen.came == seen.likely[0]
    at_the_end = read_typed(known(2, 0, TEXT), "abac", 4, 1)
    assert at_the_end.came is None
    assert at_the_end.likely[0].probability == pytest.approx(1)  # the end of the text


def test_what_is_typed_is_read_behind_the_lead() -> None:
    """Behind a lead that ends with a, b costs ln 2, not what it costs at the beginning of the text."""
    assert read_typed(known(2, 0, TEXT, "aba"), "b", 1, 1).nats == pytest.approx([math.log(2)])


def test_what_is_not_told_is_the_rest() -> None:
    """With 1 added to each of 4 pairs that begin with a: b and c have 2/6, a and the end 1/6."""
    seen = read_typed(known(2, 1, TEXT), "a", 1, 1)
    assert seen.likely[0].probability == pytest.approx(2 / 6)
    assert seen.rest == pytest.approx(4 / 6)


def test_it_goes_on() -> None:
    model = known(3, 0, Corpus.from_documents(["abc" * 9]), "abca")
    assert continued(model, "", 2, 1) == "bc"  # behind the lead
    assert continued(model, "bcab", 7, 1) == "cabcabc"
    with pytest.raises(UnknownSymbolError):
        continued(model, "x", 7, 1)


def test_each_is_measured_on_what_it_has_not_learned() -> None:
    train, test = Corpus.from_documents(["ab" * 400]), Corpus.from_documents(["ab" * 40])
    for name in COUNTED:
        made = learned(name, train, test)
        assert made.test_nats == pytest.approx(made.model.symbol_nats(test).mean())
        assert made.lead == "ab" * 150  # 300 characters
    assert TEXT_MODELS == ("order-2", "order-6", "mixing", "transformer")


@pytest.mark.parametrize("before", [True, False])
def test_what_was_never_compiled_is_compiled_elsewhere(before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(text_models, "compiled_before", lambda _: before)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: begun.append(command))
    compile_mixing()
    assert [command[0] for command in begun] == ([] if before else [sys.executable])


@pytest.mark.slow
def test_after_the_rehearsal_nothing_is_left_to_compile(tmp_path: Path) -> None:
    """Both in processes of their own, with a folder of their own for what is compiled."""

    def compiled(code: str) -> set[str]:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        return {path.name for path in tmp_path.rglob("*.nb[ic]")}

    rehearsed = compiled(
        "from nextchar.lesson.text_models import compile_mixing, compiled_before; compile_mixing();"
        "from nextchar._kernels.context_mixing.rows import write_row; assert compiled_before(write_row)"
    )
    asked = compiled(
        "from nextchar.lesson.text_models import *; from nextchar.lesson.running_text import text_parts;"
        "known = learned('mixing', text_parts().train, text_parts().test);"
        "read_typed(known, 'the', 2, 8); continued(known, 'the', 9, 1)"
    )
    assert "context_mixing" in str(sorted(tmp_path.iterdir()))
    assert asked == rehearsed
