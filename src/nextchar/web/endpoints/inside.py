"""What can be asked about the insides of the nets that ship: vectors, hidden numbers, gates, convolutions, attention.

What a visitor drags, closes or cuts comes with each request, and the answer has the predictions with it and without it;
nothing is remembered between two requests. The nets read the letters a to z, whatever list is in use.

Letters: T symbols of a name with the boundary before it, V size of the alphabet.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from nextchar.data.alphabet import Alphabet
from nextchar.extras import need_torch
from nextchar.lesson.lesson_nets import CONTEXTS, LAYERS, NETS, lesson_net, net_facts
from nextchar.lesson.name_views import costs, finite, means, merge_tree, rows_of_name, shown_probabilities, windows_of
from nextchar.lesson.net_facts import firing_of, gathering, names_with, nearest_symbols
from nextchar.lesson.race import race
from nextchar.web.dispatcher import ApiCall, Endpoint
from nextchar.web.endpoints.net_training import LARGEST_ALPHABET
from nextchar.web.request_errors import RequestError
from nextchar.web.requests import Fields

__all__ = [
    "ENDPOINTS",
    "attention",
    "gates",
    "hidden",
    "layers",
    "letter_map",
    "merges",
    "moved",
    "nets",
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


def nets(_: ApiCall) -> Any:
    """The nets that ship."""
    return {
        "nets": [
            {
                "name": name,
                "kind": spec.kind,
                "summary": spec.summary,
                "parameters": facts.parameters,
                "seconds": facts.seconds,
                "test_nats": facts.test_nats,
            }
            for name, spec in NETS.items()
            if (facts := net_facts().get(name)) is not None
        ]
    }


def _typed(call: ApiCall, alphabet: Alphabet) -> str:
    """The name that a visitor typed, in small letters."""
    text = call.fields.text("text", "emma", longest=LONGEST_NAME)
    read = text.strip().lower()
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


def letter_map(call: ApiCall) -> Any:
    """Where the letters lie in an MLP that looks so many symbols back."""
    need_torch()
    from nextchar.models.neural.diagnostics import embedding_map

    context = _context(call)
    model = lesson_net(f"mlp{context}")
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
        "parameters": model.parameters,
        "test_nats": net_facts()[f"mlp{context}"].test_nats,
        "contexts": [{"context": k, "test_nats": net_facts()[f"mlp{k}"].test_nats,
                      "parameters": net_facts()[f"mlp{k}"].parameters} for k in CONTEXTS],
    }  # fmt: skip


def moved(call: ApiCall) -> Any:
    """What an MLP says of a name, with some letters moved on the map."""
    need_torch()
    from nextchar.models.neural.diagnostics import embedding_map
    from nextchar.models.neural.interventions import moved_rows, vectors_at

    context = _context(call)
    model = lesson_net(f"mlp{context}")
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
    holders = names_with(model.alphabet.symbols[[*places][-1]], HOLDERS) if places else []
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
    model = lesson_net(net)
    text = _typed(call, model.alphabet)
    seen = recalled(model, text)
    return {
        **_read(model.alphabet, text),
        "net": net,
        "hidden": seen.hidden.tolist(),
        "rows": shown_probabilities(seen.rows),
        "nats": costs(model.alphabet, text, seen.rows),
    }


def unit(call: ApiCall) -> Any:
    """Which letters of the list that the nets know fire a unit most."""
    need_torch()
    from nextchar.models.neural.units import unit as when

    net = call.fields.choice("net", RECURRENT, "rnn")
    model = lesson_net(net)
    firing = firing_of(net)
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
    model = lesson_net(net)
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

    layers = call.fields.whole("layers", 3, low=LAYERS[0], high=LAYERS[-1])
    growth = call.fields.whole("growth", 2, low=DILATIONS[0], high=DILATIONS[-1])
    model = lesson_net(f"wavenet{layers}")
    text = _typed(call, model.alphabet)
    tree = merge_tree(len(text) + 1, layers, growth)
    rows = rows_of_name(model, text) if growth == 2 else None  # the nets that ship double it
    return {
        **_read(model.alphabet, text),
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

    model = lesson_net("transformer")
    text = _typed(call, model.alphabet)
    before = attended(model, text)
    L, H, T, _ = before.weights.shape

    def arc_of(given: Fields) -> Cut:
        reader = given.whole("reader", low=0, high=T - 1)
        return Cut(
            given.whole("layer", low=0, high=L - 1),
            given.whole("head", low=0, high=H - 1),
            reader,
            given.whole("read", low=0, high=reader),
        )

    cuts = [arc_of(given) for given in call.fields.several("cuts", most=MOST_CUTS)]
    asked = [arc_of(given) for given in call.fields.several("arc", most=1)]
    after = attended(model, text, cuts) if cuts else before
    document = {
        **_read(model.alphabet, text),
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
    Endpoint(method="GET", path="/api/inside/nets", answer=nets),
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
