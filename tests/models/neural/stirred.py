"""A small net of each family with weights everywhere, for tests of what nets compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch

from nextchar.models import registry
from nextchar.models.neural.families import NetSpec
from nextchar.models.neural.nets.base import Net

V = 9
SETTINGS: dict[str, dict[str, Any]] = {
    "mlp": {"context": 4, "embedding": 6, "width": 10, "layers": 2},
    "bow": {"context": 5, "width": 10, "layers": 2},
    "rnn": {"embedding": 6, "width": 10},
    "gru": {"embedding": 6, "width": 10},
    "lstm": {"embedding": 6, "width": 10},
    "wavenet": {"width": 10, "hidden": 14, "layers": 3},
    "transformer": {"context": 5, "width": 12, "heads": 3, "layers": 2},
}


def net_spec(kind: str, preset: str, assignments: Sequence[str], settings: Mapping[str, Any]) -> NetSpec:
    return cast(NetSpec, registry.spec_of(kind, settings, preset=preset, assignments=assignments))


def spec_of(kind: str, **settings: Any) -> NetSpec:
    return net_spec(kind, "default", [], {**SETTINGS[kind], **settings})


def stirred(kind: str, seed: int = 0) -> Net:
    """A net with weights everywhere, in float64; new ones begin with zeros in places."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = spec_of(kind).net(V).double().eval()
        for parameter in net.parameters():
            parameter.data.normal_(0, 0.5)
    return net
