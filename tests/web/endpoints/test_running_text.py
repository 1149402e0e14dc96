"""What models say of a typed text, as the page gets it: the library's numbers, texts of a visitor's own, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from nextchar.core.model import Model
from nextchar.core.plan import Plan
from nextchar.data.corpus import Corpus
from nextchar.lesson.running_text import lead_in, text_parts
from nextchar.models.ngram.model import Ngram

Refused = Callable[[Any, int, str], str]
TYPED = "And God said, "
OWN = "abc\n" * 1_000
LEAD = lead_in(text_parts().train)  # which is read before


def costs(model: Model) -> list[float]:
    return [nats for _, nats in model.surprisal(LEAD + TYPED)][len(LEAD) : -1]  # without the end


def test_the_lessons_text(client: Any) -> None:
    seen = client.fetch("text")
    # 196,867 characters, of which a tenth to choose by and a tenth to measure on
    assert (seen["characters"], seen["different"], seen["own"]) == (196_867, 60, False)
    assert (seen["learned"], seen["measured"]) == (157_493, 19_687)


def test_what_comes_next_and_what_each_character_cost(client: Any) -> None:
    model = Ngram(order=2, add=0.1).fit(text_parts().train)
    seen = client.submit("text/order-2/next", text=TYPED, at=4)
    expected = costs(model)
    assert seen["nats"] == pytest.approx(expected)
    assert len(seen["likely"]) == 8
    assert sum(one["probability"] for one in seen["likely"]) + seen["rest"] == pytest.approx(1)
    # after the blank came G, whose surprisal is that of the fifth symbol
    assert seen["came"]["symbol"] == "G"
    assert -math.log(seen["came"]["probability"]) == pytest.approx(expected[4])
    assert client.submit("text/order-2/next", text=TYPED)["came"] is None  # nothing came after the end


def test_it_goes_on_by_the_seed(client: Any) -> None:
    model = Ngram(order=6, smoothing="modified-kneser-ney").fit(text_parts().train)
    written = client.submit("text/order-6/write", text=TYPED, seed=7)["written"]
    assert written == "".join(model.writing(LEAD + TYPED, Plan(seed=7), length=240))
    assert client.submit("text/order-6/write", text=TYPED, seed=8)["written"] != written


def test_a_text_of_ones_own(client: Any, refused: Refused) -> None:
    seen = client.submit("text", text=OWN.replace("\n", "\r\n"))
    assert (seen["own"], seen["characters"], seen["different"]) == (True, 4_000, 4)
    for model in ("order-2", "order-6", "mixing"):
        found = client.submit(f"text/{model}/next", text="abc\na", at=5)
        assert found["likely"][0]["symbol"] == "b"
        assert found["test_nats"] < 0.05  # it repeats itself
    assert refused(client.post("/api/text/order-2/next", json={"text": "God"}), 422, "unknown-symbol")
    pytest.importorskip("torch")
    assert "Genesis" in refused(client.post("/api/text/transformer/next", json={"text": "a"}), 409, "not-trained")
    assert client.delete("/api/text").json()["own"] is False
    assert client.submit("text/order-2/next", text="God")["nats"]


def test_a_text_is_the_visitors_alone(client: Any, address: str, visitor: Callable[[str], Any]) -> None:
    client.submit("text", text=OWN)
    with visitor(address) as other:
        assert other.fetch("text")["own"] is False


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("text", {"text": "short"}, 422, "too-short"),
        ("text", {"text": "".join(map(chr, range(200, 900))) * 3}, 422, "too-many-characters"),
        ("text", {"text": "a" * 300_001}, 422, "too-long"),
        ("text", {}, 422, "missing"),
        ("text/order-2/next", {"text": "a" * 601}, 422, "too-long"),
        ("text/order-2/next", {"text": "God", "at": 4}, 422, "wrong-value"),
        ("text/order-2/next", {"text": "7"}, 422, "unknown-symbol"),
        ("text/order-2/write", {"text": "God", "seed": -1}, 422, "wrong-value"),
        ("text/order-9/next", {"text": "God"}, 404, "not-found"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(
    client: Any, refused: Refused, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    assert refused(client.post(f"/api/{path}", json=body), status, code)


def test_the_transformer_that_ships(client: Any) -> None:
    pytest.importorskip("torch")
    from nextchar.lesson.lesson_nets import TEXT_NET, lesson_net, net_facts

    seen = client.submit("text/transformer/next", text=TYPED)
    assert seen["nats"] == pytest.approx(costs(lesson_net(TEXT_NET)), abs=1e-5)
    assert seen["test_nats"] == net_facts()[TEXT_NET].test_nats


def test_models_of_a_text_are_made_of_its_first_part(client: Any) -> None:
    text = "ab" * 1_600 + "ba " * 267  # the last fifth has what the rest has not
    client.submit("text", text=text)
    seen = client.submit("text/order-2/next", text="ab", at=1)
    model = Ngram(order=2, add=0.1).fit(Corpus.from_documents([text[: 8 * len(text) // 10]]))
    assert seen["nats"][1] == pytest.approx(model.surprisal("ab")[1][1], abs=0.01)
