"""The bigram as a neural net, in the lecture's own steps; read this first, then `model` for the fast ways.

One linear layer without bias on one-hot inputs: a symbol picks a row of W, and the row, exponentiated and normalised,
is the distribution of the next symbol. Nothing here is fast: every step lays out a vector of V numbers for each bigram
of the data, nearly all of them zero.

Source: Karpathy, "The spelled-out intro to language modeling: building makemore", from 1:02:57 on.

Letters: n bigrams of the data, V size of the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

__all__ = ["initial_weights", "lecture_steps"]


def initial_weights(V: int, seed: int) -> torch.Tensor:
    """W (V, V) from the standard normal distribution, by torch's generator."""
    return torch.randn((V, V), generator=torch.Generator().manual_seed(seed))


def lecture_steps(
    W: torch.Tensor, xs: torch.Tensor, ys: torch.Tensor, learning_rate: float, l2: float
) -> Iterator[tuple[torch.Tensor, float, float]]:
    """Gradient descent on all bigrams at once, without end.

    Args:
        W: (V, V) where to start.
        xs: (n,) the first symbols of the bigrams.
        ys: (n,) the second symbols.
        learning_rate: how far to go along the gradient.
        l2: weight of the mean of W squared in the loss.

    Yields:
        W, its loss, and the part of the loss that comes from the data, nats per symbol; before each update.
    """
    n, V = len(xs), len(W)
    W = W.clone().requires_grad_()
    while True:
        # forward: symbols -> logits ("log counts") -> counts -> probabilities -> loss
        xenc = F.one_hot(xs, num_classes=V).float()  # (n, V)
        logits = xenc @ W  # (n, V): a row of W for each symbol
        counts = logits.exp()
        probs = counts / counts.sum(1, keepdim=True)
        nll = -probs[torch.arange(n), ys].log().mean()
        loss = nll + l2 * (W**2).mean()
        yield W.detach().clone(), loss.item(), nll.item()
        # backward: how the loss changes with each weight
        W.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        # update, outside of the graph
        assert W.grad is not None
        W.data += -learning_rate * W.grad
