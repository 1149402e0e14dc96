"""Why a deep net will not train: a stack of layers as one would first write it, and what goes on in each of them.

The net is Bengio's with more layers: the vectors of the last symbols, then layer upon layer of h = tanh(W h), then the
logits. It has none of what the library's own nets have against what happens next, no residual path and no optimiser
that makes up for the size of a gradient. Where the first weights are too small each layer's numbers are smaller than
those of the one before, and so are the gradients on their way back; where they are too large tanh is mostly at its
ends, where it is flat, and the gradients that get through elsewhere grow on their way back (Glorot and Bengio 2010).
Norms between the layers (Ioffe and Szegedy 2015; per symbol as here, Ba, Kiros and Hinton 2016) make nearly any scale
train.

Letters: N contexts, k symbols of each, V size of the alphabet, E embedding, C width, L layers.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from nextchar.core.settings import LARGEST_SEED, check, setting
from nextchar.data.corpus import Corpus
from nextchar.models.neural.nets.base import norm, scaled

__all__ = ["Health", "LayerHealth", "Stack", "StackPath", "StackTraining", "stack_path", "windows"]

Ids = npt.NDArray[np.int64]
BINS: Final = 40
SATURATED: Final = 0.97  # beyond which tanh is called flat: its slope is below 0.06
PROBES: Final = 512  # contexts that the layers are looked at on
HEAD: Final = 0.1  # of the usual scale: the net does not begin sure of anything
SPREAD: Final = 4.0  # standard deviations of the widest layer that the histogram of gradients shows
LARGEST: Final = 1e30
LOST: Final = 50.0  # nats per symbol: nothing comes back from there


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The net and how it is trained, by plain gradient descent.

    Attributes:
        depth: layers of tanh.
        scale: of the first weights; 1 keeps the variance of what a layer maps, 5/3 makes up for tanh too.
        normed: whether each layer's numbers are brought to mean 0 and variance 1 before tanh.
        rate: learning rate.
        width, embedding, context, batch: sizes.
        seed: of the first weights and the order of the data.

    Raises:
        SettingsError: a setting is out of its range.
    """

    depth: int = setting(6, help="Layers of tanh.", at_least=1, at_most=20)
    scale: float = setting(1.0, help="Of the first weights.", at_least=0.0, at_most=100.0)
    normed: bool = setting(False, help="Norms between the layers.")
    rate: float = setting(0.1, help="Learning rate.", above=0, at_most=100.0)
    width: int = setting(64, help="Of the layers.", at_least=1, at_most=512)
    embedding: int = setting(10, help="Numbers a symbol.", at_least=1, at_most=512)
    context: int = setting(3, help="Symbols that it looks back.", at_least=1, at_most=16)
    batch: int = setting(64, help="Contexts a step.", at_least=1, at_most=4096)
    seed: int = setting(0, help="Of the first weights and the order of the data.", at_least=0, at_most=LARGEST_SEED)

    def __post_init__(self) -> None:
        check(self)


class LayerHealth(NamedTuple):
    """One layer on some contexts.

    Attributes:
        activations: share of its numbers (after tanh) in each of 40 bins from -1 to 1.
        mean, deviation: of these numbers.
        saturated: share of them beyond 0.97 either way.
        gradients: share of the loss's gradients by these numbers in each of 40 bins of the same range for all layers.
        gradient_deviation: of these gradients.
        update_ratio: standard deviation of the update that the rate makes of the weights' gradient, over that of the
            weights.
    """

    activations: tuple[float, ...]
    mean: float
    deviation: float
    saturated: float
    gradients: tuple[float, ...]
    gradient_deviation: float
    update_ratio: float


class Health(NamedTuple):
    """The net at a moment of its training.

    Attributes:
        step: updates so far.
        loss: on the contexts that it is looked at on, nats per symbol.
        layers: from the first to the last layer of tanh.
        gradient_range: the histograms of gradients go from minus this to this.
    """

    step: int
    loss: float
    layers: tuple[LayerHealth, ...]
    gradient_range: float


def windows(corpus: Corpus, context: int) -> tuple[Ids, Ids]:
    """The symbols before each, the last one first and boundaries before the item, (S, k), and the symbol, (S,)."""
    ids = np.asarray(corpus.ids, dtype=np.int64)
    begin = np.repeat(corpus.offsets[:-1], np.diff(corpus.offsets))
    place = np.arange(len(ids)) - begin
    before = [np.where(place >= back, np.roll(ids, back), 0) for back in range(1, context + 1)]
    return np.stack(before, axis=1), ids


class StackTraining:
    """A stack that is trained step by step.

    Attributes:
        settings: as given.
        step: updates so far.
        losses: of each batch so far, before its update, nats per symbol.
        lost: whether the loss has grown beyond all return, which ends the training.

    Args:
        settings: the net and how it is trained.
        corpus: what it learns from.
    """

    def __init__(self, settings: Stack, corpus: Corpus) -> None:
        self.settings = settings
        self.step = 0
        self.losses: list[float] = []
        self.lost = False
        self._contexts, self._targets = (torch.from_numpy(part) for part in windows(corpus, settings.context))
        V = corpus.alphabet.size
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._table = torch.randn(V, settings.embedding)
            inputs = [settings.context * settings.embedding] + [settings.width] * (settings.depth - 1)
            self._layers = [scaled(settings.width, size).detach() * settings.scale for size in inputs]
            self._head = scaled(V, settings.width).detach() * HEAD
            self._bias = torch.zeros(V)
        self._weights = [self._table, *self._layers, self._head, self._bias]
        for weight in self._weights:
            weight.requires_grad_()
        self._random = np.random.default_rng([settings.seed])
        probes = np.random.default_rng([settings.seed, 1]).integers(len(self._targets), size=PROBES)
        self._probes = torch.from_numpy(probes)

    def advance(self, to_step: int, seconds: float = math.inf) -> None:
        """Go on to a step, or as far as the time allows, but by one step at least where there is one to go."""
        deadline = time.perf_counter() + seconds
        while self.step < to_step and not self.lost:
            chosen = torch.from_numpy(self._random.integers(len(self._targets), size=self.settings.batch))
            loss, _ = self._loss(chosen)
            gradients = torch.autograd.grad(loss, self._weights)
            with torch.no_grad():
                for weight, gradient in zip(self._weights, gradients, strict=True):
                    weight.sub_(gradient, alpha=self.settings.rate)
            self.step += 1
            self.losses.append(loss.item())
            self.lost = not self.losses[-1] < LOST
            if time.perf_counter() > deadline:
                break

    def look(self) -> Health:
        """The layers, on contexts that stay the same."""
        loss, hidden = self._loss(self._probes)
        gradients = torch.autograd.grad(loss, [*hidden, *self._layers])
        by_number, by_weight = gradients[: len(hidden)], gradients[len(hidden) :]
        widest = SPREAD * max((float(part.std()) for part in by_number), default=0.0)
        widest = widest if 0 < widest < math.inf else 1.0
        layers = []
        for h, gradient, weight, slope in zip(hidden, by_number, self._layers, by_weight, strict=True):
            h = h.detach()
            update = self.settings.rate * _number(slope.std())
            layers.append(
                LayerHealth(
                    activations=_shares(h, 1.0),
                    mean=_number(h.mean()),
                    deviation=_number(h.std()),
                    saturated=float((h.abs() > SATURATED).float().mean()),
                    gradients=_shares(gradient, widest),
                    gradient_deviation=_number(gradient.std()),
                    update_ratio=update / max(_number(weight.detach().std()), 1e-30),
                )
            )
        return Health(self.step, _number(loss.detach()), tuple(layers), widest)

    def _loss(self, chosen: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The mean loss of some contexts, and what each layer puts out, (N, C)."""
        x = F.embedding(self._contexts[chosen], self._table).flatten(1)  # (N, k E)
        hidden = []
        for weight in self._layers:
            x = F.linear(x, weight)
            x = torch.tanh(norm(x) if self.settings.normed else x)
            hidden.append(x)
        logits = F.linear(x, self._head, self._bias)
        return F.cross_entropy(logits, self._targets[chosen]), hidden


class StackPath(NamedTuple):
    """The first steps of a stack.

    Attributes:
        now: the layers after the last step.
        lost: whether the loss has grown beyond all return.
        losses: of each batch, before its update, nats per symbol.
        steps: at which the updates were looked at.
        ratios: for each of them, the update ratio of each layer.
        uniform: what a guess without any knowledge comes to, nats per symbol.
    """

    now: Health
    lost: bool
    losses: tuple[float | None, ...]
    steps: tuple[int, ...]
    ratios: tuple[tuple[float, ...], ...]
    uniform: float


def stack_path(settings: Stack, corpus: Corpus, steps: int, every: int) -> StackPath:
    """Train a stack for some steps, and look at it before the first, every so many, and after the last.

    Where a loss is no longer a number it is None.
    """
    training = StackTraining(settings, corpus)
    looks = [training.look()]
    while training.step < steps and not training.lost:
        training.advance(min(training.step + every, steps))
        looks.append(training.look())
    losses = tuple(loss if math.isfinite(loss) else None for loss in training.losses)
    ratios = tuple(tuple(layer.update_ratio for layer in look.layers) for look in looks)
    uniform = math.log(corpus.alphabet.size)
    return StackPath(looks[-1], training.lost, losses, tuple(look.step for look in looks), ratios, uniform)


def _number(value: Tensor) -> float:
    """As a finite number: what has grown beyond all numbers is the largest one that there is here."""
    return float(value.double().nan_to_num(nan=LARGEST, posinf=LARGEST, neginf=-LARGEST).clamp(-LARGEST, LARGEST))


def _shares(values: Tensor, widest: float) -> tuple[float, ...]:
    """Share of the numbers in each bin from -widest to widest; those beyond are in the outermost."""
    inside = values.nan_to_num(0.0).clamp(-widest, widest).double()
    return tuple((torch.histc(inside, BINS, -widest, widest) / inside.numel()).tolist())
