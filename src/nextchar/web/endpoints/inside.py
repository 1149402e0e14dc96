"""What can be asked about the insides of nets: vectors, hidden numbers, gates, convolutions, attention.

The nets are those that ship, which read the letters a to z, whatever list is in use; or, where a request has the
fingerprint of one, those that the visitor has trained on the page. What a visitor drags, closes or cuts comes with each
request, and the answer has the predictions with it and without it; nothing of it is remembered between two requests.

Letters: T symbols of a name with the boundary before it, V size of the alphabet.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from nextchar.data.alphabet import Alphabet
from nextchar.extras import need_torch
from nextchar.lesson.lesson_nets import CONTEXTS, LAYERS, lesson_net, net_facts
from nextchar.lesson.name_views import costs, finite, means, merge_tree, rows_of_name, shown_probabilities, windows_of
from nextchar.lesson.net_facts import firing_of, gathering, names_with, nearest_symbols
from nextchar.lesson.race import race
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.net_training import LARGEST_ALPHABET
from nextchar.web.request_errors import RequestError
from nextchar.web.requests import Fields

if TYPE_CHECKING:
    from nextchar.lesson.trained_nets import TrainedNet
    from nextchar.models.neural.model import NeuralModel

__all__ = [
    "ENDPOINTS",
    "attention",
    "gates",
    "hidden",
    "layers",
    "letter_map",
    "merges",
    "moved",
    "run_of_all",
    "unit",
]

LONGEST_NAME: Final = 16
MOST_HOLDS: Final = 64
MOST_CUTS: Final = 400
FARTHEST: Final = 1e4  # on the map of letters
MOMENTS: Final = 12
NEAREST: Final = 3
HOLDERS: Final = 6  # names with the moved letter that are shown
DILATIONS: Final = (1, 2, 3, 4)  # by which the dilation grows from layer to layer
DEEPEST: Final = 12
LARGEST_SCALE: Final = 10.0
LARGEST_RATE: Final = 10.0
LARGEST_STACK_SEED: Final = 1_000_000
MOST_STEPS: Final = 200
RATIO_EVERY: Final = 5  # steps
RECURRENT: Final = ("rnn", "gru", "lstm")
FINGERPRINT: Final = 16  # characters
FIRING_BYTES: Final = 4 << 20


def _trained(call: ApiCall, *families: str) -> TrainedNet | None:
    """The net of the visitor's own that is meant, of one of these families; None where one that ships is."""
    fingerprint = call.fields.text("trained", "", longest=FINGERPRINT)
    if not fingerprint:
        return None
    trained = call.session.nets.get(fingerprint) if call.session else None
    if trained is None:
        raise RequestError(410, "net-gone")
    if trained.model.kind not in families:
        raise RequestError(422, "wrong-value", "wrong-choice", name="trained", options=families)
    return trained


def _net(call: ApiCall, name: str, family: str) -> NeuralModel:
    """The net of the visitor's own, or else the one of this name that ships."""
    trained = _trained(call, family)
    return lesson_net(name) if trained is None else trained.model


def _about(call: ApiCall, name: str, model: NeuralModel) -> dict[str, Any]:
    """What is said of the net that a figure shows."""
    trained = _trained(call, model.kind)
    loss = net_facts()[name].test_nats if trained is None else trained.held_out_nats
    return {"parameters": model.parameters, "test_nats": loss, "trained": trained is not None}


def _typed(call: ApiCall, alphabet: Alphabet) -> str:
    """The name that a visitor typed; in small letters, where the net does not know it as it is."""
    text = call.fields.text("text", "emma", longest=LONGEST_NAME)
    read = text.strip()
    if not set(read) <= set(alphabet.characters):
        read = read.lower()
    if len(read) > LONGEST_NAME:  # a few letters have two for one in small ones
        raise RequestError(422, "too-long", "too-long", name="text", most=LONGEST_NAME, have=len(read))
    alphabet.encode(read)  # which knows what it does not know
    if read != text.strip():
        call.read_as = read
    return read


def _read(alphabet: Alphabet, text: str) -> dict[str, Any]:
    """What the net reads, and the labels of what it says."""
    return {"text": text, "symbols": [alphabet.boundary_sign, *text], "labels": list(alphabet.symbols)}


# -- letters on a map -------------------------------------------------------------------------------------------------


def _context(call: ApiCall) -> int:
    return call.fields.whole("context", 3, low=CONTEXTS[0], high=CONTEXTS[-1])


def _window(model: NeuralModel) -> int:
    assert model.context_length is not None, "an MLP has one"
    return model.context_length


def _with_symbol(symbol: str, trained: TrainedNet | None) -> list[str]:
    """Names that have a symbol: held out from the nets that ship, else from the visitor's list."""
    if trained is None:
        return names_with(symbol, HOLDERS)
    items = (item for item in trained.corpus if symbol in item and len(item) <= LONGEST_NAME)
    return list(itertools.islice(items, HOLDERS))


def letter_map(call: ApiCall) -> Any:
    """Where the letters lie in an MLP that looks so many symbols back."""
    need_torch()
    from nextchar.models.neural.diagnostics import embedding_map

    model = _net(call, f"mlp{_context(call)}", "mlp")
    context = _window(model)
    seen = embedding_map(model)
    gathered = gathering(model.alphabet, seen.vectors)
    return {
        "context": context,
        "labels": list(model.alphabet.symbols),
        "places": seen.places.tolist(),
        "shares": list(seen.shares),
        "dimensions": seen.vectors.shape[1],
        "vowels": list(gathered.vowels),
        "nearest": [[model.alphabet.symbols[i] for i in row] for row in nearest_symbols(seen.vectors, NEAREST)],
        "mean_distance": {"vowels": gathered.among_vowels, "consonants": gathered.among_consonants,
                          "between": gathered.between},
        **_about(call, f"mlp{context}", model),
        "contexts": [{"context": k, "test_nats": net_facts()[f"mlp{k}"].test_nats,
                      "parameters": net_facts()[f"mlp{k}"].parameters} for k in CONTEXTS],
    }  # fmt: skip


def moved(call: ApiCall) -> Any:
    """What an MLP says of a name, with some letters moved on the map."""
    need_torch()
    from nextchar.models.neural.diagnostics import embedding_map
    from nextchar.models.neural.interventions import moved_rows, vectors_at

    model = _net(call, f"mlp{_context(call)}", "mlp")
    context = _window(model)
    text = _typed(call, model.alphabet)
    V = model.alphabet.size
    places = {
        move.whole("symbol", low=0, high=V - 1): (
            move.number("x", low=-FARTHEST, high=FARTHEST),
            move.number("y", low=-FARTHEST, high=FARTHEST),
        )
        for move in call.fields.several("moves", most=V)
    }
    vectors = vectors_at(embedding_map(model), places) if places else None
    before = moved_rows(model, text)
    after = before if vectors is None else moved_rows(model, text, vectors)
    trained = _trained(call, "mlp")
    holders = _with_symbol(model.alphabet.symbols[[*places][-1]], trained) if places else []
    return {
        **_read(model.alphabet, text),
        "context": context,
        "windows": windows_of(model.alphabet, text, context),
        "before": shown_probabilities(before),
        "after": shown_probabilities(after),
        "nats_before": sum(costs(model.alphabet, text, before)),
        "nats_after": sum(costs(model.alphabet, text, after)),
        "names": [
            {
                "name": name,
                "nats_before": sum(costs(model.alphabet, name, moved_rows(model, name))),
                "nats_after": sum(costs(model.alphabet, name, moved_rows(model, name, vectors))),
            }
            for name in holders
        ],
    }


# -- layers that will not train ---------------------------------------------------------------------------------------


def layers(call: ApiCall) -> Any:
    """A stack of layers as it is first and after some steps, on the list in use."""
    need_torch()
    from nextchar.models.neural.health import Stack, stack_path

    fields, corpus = call.fields, call.data.corpus
    stack = Stack(
        depth=fields.whole("depth", 6, low=1, high=DEEPEST),
        scale=fields.number("scale", 1.0, low=0.0, high=LARGEST_SCALE),
        normed=fields.flag("normed"),
        rate=fields.number("rate", 0.1, low=1e-6, high=LARGEST_RATE),
        seed=fields.whole("seed", 0, low=0, high=LARGEST_STACK_SEED),
    )
    steps = fields.whole("steps", 0, low=0, high=MOST_STEPS)
    if corpus.alphabet.size > LARGEST_ALPHABET:
        raise RequestError(422, "too-many-characters", have=corpus.alphabet.size, most=LARGEST_ALPHABET)
    path = call.cache.keep(call.data, ("stack", stack, steps), lambda: stack_path(stack, corpus, steps, RATIO_EVERY))
    return {
        "step": path.now.step,
        "loss": path.now.loss,
        "lost": path.lost,
        "layers": [layer._asdict() for layer in path.now.layers],
        "gradient_range": path.now.gradient_range,
        "losses": list(path.losses),
        "ratios": [list(ratios) for ratios in zip(*path.ratios, strict=True)],
        "ratio_steps": list(path.steps),
        "uniform": path.uniform,
    }


# -- what is remembered -----------------------------------------------------------------------------------------------


def hidden(call: ApiCall) -> Any:
    """The hidden numbers of a recurrent net after each symbol of a name."""
    need_torch()
    from nextchar.models.neural.interventions import recalled

    net = call.fields.choice("net", RECURRENT, "rnn")
    model = _net(call, net, net)
    text = _typed(call, model.alphabet)
    seen = recalled(model, text)
    return {
        **_read(model.alphabet, text),
        **_about(call, net, model),
        "net": net,
        "hidden": seen.hidden.tolist(),
        "rows": shown_probabilities(seen.rows),
        "nats": costs(model.alphabet, text, seen.rows),
    }


def unit(call: ApiCall) -> Any:
    """Which letters of the list that the net knows fire a unit most."""
    need_torch()
    from nextchar.models.neural.units import unit as when

    net = call.fields.choice("net", RECURRENT, "rnn")
    trained = _trained(call, net)
    if trained is None:
        model, firing = lesson_net(net), firing_of(net)
    else:
        key = ("firing", call.fields.text("trained", longest=FINGERPRINT))
        model, firing = trained.model, call.cache.keep(call.data, key, trained.firing, FIRING_BYTES)
    number = call.fields.whole("unit", low=0, high=firing.hidden.shape[1] - 1)
    seen = when(firing, number, moments=MOMENTS)
    return {
        "net": net,
        "unit": number,
        "units": firing.hidden.shape[1],
        "names": len(firing.corpus),
        "letters": sorted(
            (
                {"symbol": model.alphabet.symbols[i], "mean": float(seen.by_symbol[i]), "times": int(seen.times[i])}
                for i in range(model.alphabet.size)
                if seen.times[i]
            ),
            key=lambda letter: -letter["mean"],
        ),
        "places": finite(seen.by_place),
        "highest": [moment._asdict() for moment in seen.highest],
        "lowest": [moment._asdict() for moment in seen.lowest],
    }


def gates(call: ApiCall) -> Any:
    """How far the gates of a recurrent net are open at each symbol, with some of them held by hand."""
    need_torch()
    from nextchar.models.neural.interventions import Hold, recalled
    from nextchar.models.neural.nets.recurrent import RecurrentNet

    net = call.fields.choice("net", ("gru", "lstm"), "gru")
    model = _net(call, net, net)
    assert isinstance(model.module, RecurrentNet)
    text = _typed(call, model.alphabet)
    names, H = model.module.gates, int(model.module.layer.hidden_size)

    def hold(given: Fields) -> Hold:
        return Hold(
            given.choice("gate", names),
            given.number("value", 0.0, low=0, high=1),
            given.optional_whole("unit", low=0, high=H - 1),
            given.optional_whole("at", low=0, high=len(text)),
        )

    before = recalled(model, text)
    holds = [hold(given) for given in call.fields.several("holds", most=MOST_HOLDS)]
    after = recalled(model, text, holds) if holds else before
    return {
        **_read(model.alphabet, text),
        **_about(call, net, model),
        "net": net,
        "gates": list(names),
        "open_before": {name: gate.tolist() for name, gate in before.gates.items()},
        "open_after": {name: gate.tolist() for name, gate in after.gates.items()},
        "means_before": means(before.gates),
        "means_after": means(after.gates),
        "hidden": after.hidden.tolist(),
        "memory": None if after.memory is None else after.memory.tolist(),
        "before": shown_probabilities(before.rows),
        "after": shown_probabilities(after.rows),
        "nats_before": costs(model.alphabet, text, before.rows),
        "nats_after": costs(model.alphabet, text, after.rows),
    }


# -- what a node sees -------------------------------------------------------------------------------------------------


def merges(call: ApiCall) -> Any:
    """The tree of convolutions over a name: what each node sees, and in the net that ships how much it minds."""
    need_torch()
    from nextchar.models.neural.interventions import influence
    from nextchar.models.neural.nets.wavenet import WavenetNet

    layers = call.fields.whole("layers", 3, low=LAYERS[0], high=LAYERS[-1])
    growth = call.fields.whole("growth", 2, low=DILATIONS[0], high=DILATIONS[-1])
    model = _net(call, f"wavenet{layers}", "wavenet")
    assert isinstance(model.module, WavenetNet)
    layers = len(model.module.convolutions)
    text = _typed(call, model.alphabet)
    tree = merge_tree(len(text) + 1, layers, growth)
    rows = rows_of_name(model, text) if growth == 2 else None  # the nets double it
    return {
        **_read(model.alphabet, text),
        **_about(call, f"wavenet{layers}", model),
        "layers": layers,
        "growth": growth,
        "dilations": tree.dilations,
        "reach": tree.back[-1] + 1,
        "back": tree.back,
        "sees": tree.sees,
        "taps": tree.taps,
        "influence": None if rows is None else influence(model, text).tolist(),
        "rows": None if rows is None else shown_probabilities(rows),
        "nats": None if rows is None else costs(model.alphabet, text, rows),
        "nets": [
            {
                "layers": n,
                "reach": 2**n,
                "test_nats": net_facts()[f"wavenet{n}"].test_nats,
                "parameters": net_facts()[f"wavenet{n}"].parameters,
            }
            for n in LAYERS
        ],
    }


# -- who looks at whom ------------------------------------------------------------------------------------------------


def attention(call: ApiCall) -> Any:
    """The attention of the Transformer that ships over a name, with some arcs cut, and one of them in numbers."""
    need_torch()
    from nextchar.models.neural.interventions import Cut, arc_numbers, attended

    model = _net(call, "transformer", "transformer")
    text = _typed(call, model.alphabet)
    before = attended(model, text)
    L, H, T, _ = before.weights.shape

    def query_of(given: Fields) -> tuple[int, int, int]:
        layer, head = given.whole("layer", low=0, high=L - 1), given.whole("head", low=0, high=H - 1)
        return layer, head, given.whole("reader", low=0, high=T - 1)

    def cut_of(given: Fields) -> Cut:
        layer, head, reader = query_of(given)
        return Cut(layer, head, reader, given.whole("read", low=0, high=reader))

    cuts = [cut_of(given) for given in call.fields.several("cuts", most=MOST_CUTS)]
    after = attended(model, text, cuts) if cuts else before

    def arc_of(given: Fields) -> Cut:
        layer, head, reader = query_of(given)
        read = given.optional_whole("read", low=0, high=reader)
        strongest = int(after.weights[layer, head, reader, : reader + 1].argmax())
        return Cut(layer, head, reader, strongest if read is None else read)

    asked = [arc_of(given) for given in call.fields.several("arc", most=1)]
    document = {
        **_read(model.alphabet, text),
        **_about(call, "transformer", model),
        "layers": L,
        "heads": H,
        "weights": after.weights.tolist(),
        "before": shown_probabilities(before.rows),
        "after": shown_probabilities(after.rows),
        "nats_before": costs(model.alphabet, text, before.rows),
        "nats_after": costs(model.alphabet, text, after.rows),
        "arc": None,
    }
    for arc in asked:
        numbers = arc_numbers(model, text, arc, cuts)
        document["arc"] = {
            **arc._asdict(),
            "query": numbers.query.tolist(),
            "key": numbers.key.tolist(),
            "products": numbers.products.tolist(),
            "scale": numbers.scale,
            "distance": numbers.distance,
            "scores": finite(numbers.scores),
            "weights": numbers.weights.tolist(),
            "values": numbers.values.tolist(),
            "mixed": numbers.mixed.tolist(),
        }
    return document


# -- the race ---------------------------------------------------------------------------------------------------------


def run_of_all(_: ApiCall) -> Any:
    """What each step from the table of pairs to the best mix bought."""
    return asdict(race())


ENDPOINTS: Final = (
    Endpoint(method="GET", path="/api/inside/map", answer=letter_map),
    Endpoint(method="POST", path="/api/inside/moved", answer=moved),
    Endpoint(method="POST", path="/api/inside/layers", answer=layers, work="sampling"),
    Endpoint(method="POST", path="/api/inside/hidden", answer=hidden),
    Endpoint(method="GET", path="/api/inside/unit", answer=unit, work="sampling"),
    Endpoint(method="POST", path="/api/inside/gates", answer=gates),
    Endpoint(method="POST", path="/api/inside/merges", answer=merges),
    Endpoint(method="POST", path="/api/inside/attention", answer=attention),
    Endpoint(method="GET", path="/api/inside/race", answer=run_of_all),
)
