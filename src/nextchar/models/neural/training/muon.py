"""Muon for hidden matrices, Adam for the rest.

Muon (Jordan 2024, "Muon: an optimizer for hidden layers in neural networks") takes the momentum of a matrix's
gradient and makes all its singular values about 1 before it steps: a direction that few examples call for moves as
far as one that many do. The singular values are brought there by five Newton-Schulz steps, odd polynomials of the
matrix, which need matrix products only. A matrix that is several in one (queries, keys, values; the gates of a cell)
is treated block by block.

torch.optim.Muon treats one matrix after the other, fused ones as one, in bfloat16; for nets this small most of its
time would go into starting small operations. Here all blocks of one shape form one stack: parameters and gradients are
views into it, and a step is a few batched products.

Letters: S blocks of a stack, each (m, n).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import torch
from torch import Tensor, nn

__all__ = ["Optimiser", "orthogonalise"]

POLYNOMIAL: Final = (3.4445, -4.7750, 2.0315)  # Jordan's coefficients
STEPS: Final = 5
MOMENTUM: Final = 0.95
BETAS: Final = (0.9, 0.99)
LARGEST_PACE: Final = 1e30  # of a step, which 32 bits hold; long before, the weights are no numbers any more


def orthogonalise(stack: Tensor) -> Tensor:
    """Bring the singular values of each matrix of a stack (S, m, n) to about 1: between 0.7 and 1.2.

    Each step maps X to (a I + b G + c G^2) X with G = X X'. The polynomials commute with G, so for oblong matrices
    the steps are done on the smaller, square G, and X is multiplied once.
    """
    a, b, c = POLYNOMIAL
    tall = stack.shape[1] > stack.shape[2]
    X = stack.transpose(1, 2) if tall else stack
    X = X / X.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    if X.shape[2] < 2 * X.shape[1]:
        for _ in range(STEPS):
            G = X @ X.transpose(1, 2)
            X = torch.baddbmm(X, torch.baddbmm(G, G, G, beta=b, alpha=c), X, beta=a)
    else:
        G = X @ X.transpose(1, 2)
        product: Tensor | None = None
        for step in range(STEPS):
            Q = torch.baddbmm(G, G, G, beta=b, alpha=c)
            Q.diagonal(dim1=1, dim2=2).add_(a)
            product = Q if product is None else Q @ product
            if step < STEPS - 1:
                G = Q @ (Q @ G)
        assert product is not None
        X = product @ X
    return X.transpose(1, 2) if tall else X


class Optimiser:
    """Updates the parameters of a net.

    From its making on, the parameters are views into this object's stacks, and so are their gradients.

    Args:
        net: the net, on its device.
        matrices: names of the hidden matrices, and the number of blocks of each.
        rate: the learning rate of Muon.
        adam_rate: that of Adam.
        decay: decoupled weight decay of the hidden matrices (Loshchilov and Hutter 2019).
    """

    def __init__(
        self, net: nn.Module, matrices: Mapping[str, int], *, rate: float, adam_rate: float, decay: float
    ) -> None:
        self.rate, self.adam_rate, self.decay = rate, adam_rate, decay
        parameters = dict(net.named_parameters())
        by_shape: dict[tuple[int, int], list[tuple[nn.Parameter, int]]] = {}
        for name, blocks in matrices.items():
            parameter = parameters.pop(name)
            shape = (parameter.shape[0] // blocks, parameter.shape[1])
            by_shape.setdefault(shape, []).append((parameter, blocks))
        self._weights = [
            torch.cat([p.detach().view(-1, *shape) for p, _ in group]) for shape, group in by_shape.items()
        ]
        self._gradients = [torch.zeros_like(stack) for stack in self._weights]
        self._momenta = [torch.zeros_like(stack) for stack in self._weights]
        for stack, gradient, group in zip(self._weights, self._gradients, by_shape.values(), strict=True):
            first = 0
            for parameter, blocks in group:
                _become_view(parameter, stack[first : first + blocks], gradient[first : first + blocks])
                first += blocks
        rest = list(parameters.values())
        self._flat = nn.Parameter(torch.cat([p.detach().flatten() for p in rest]))
        self._flat.grad = torch.zeros_like(self._flat)
        first = 0
        for parameter in rest:
            part = slice(first, first + parameter.numel())
            _become_view(parameter, self._flat.data[part], self._flat.grad[part])
            first += parameter.numel()
        self._adam = torch.optim.Adam([self._flat], lr=adam_rate, betas=BETAS, eps=1e-10, fused=True)

    def _all_gradients(self) -> Iterator[Tensor]:
        yield from self._gradients
        assert self._flat.grad is not None
        yield self._flat.grad

    def zero(self) -> None:
        """Forget the gradients."""
        for gradient in self._all_gradients():
            gradient.zero_()

    def clip(self, largest: float) -> Tensor:
        """Shorten the gradient of all parameters together to this norm where it is longer; gives what it was."""
        gradients = list(self._all_gradients())
        total: Tensor = torch.stack([gradient.norm() for gradient in gradients]).norm()
        factor = (largest / (total + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor)
        return total

    @torch.no_grad()
    def step(self, share: float) -> None:
        """Update with a share of the learning rates."""
        for weights, gradients, momenta in zip(self._weights, self._gradients, self._momenta, strict=True):
            momenta.lerp_(gradients, 1 - MOMENTUM)
            update = orthogonalise(gradients.lerp(momenta, MOMENTUM))  # Nesterov's
            m, n = weights.shape[1:]
            if self.decay:
                weights.mul_(1 - share * self.rate * self.decay)
            pace = share * self.rate * max(1.0, m / n) ** 0.5
            weights.add_(update, alpha=-min(pace, LARGEST_PACE))
        self._adam.param_groups[0]["lr"] = share * self.adam_rate
        self._adam.step()

    def forget(self) -> None:
        """Forget momenta and means, as at the beginning; the parameters may have been set to something else."""
        for momenta in self._momenta:
            momenta.zero_()
        self._adam.state.clear()

    def state(self) -> dict[str, Tensor]:
        """What it carries from step to step beside the parameters themselves."""
        found = {f"momentum.{i}": momenta for i, momenta in enumerate(self._momenta)}
        return found | {f"adam.{name}": tensor for name, tensor in self._adam.state[self._flat].items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what another one of the same net carried.

        Raises:
            KeyError, ValueError: it is not one of the same net.
        """
        for i, momenta in enumerate(self._momenta):
            if state[f"momentum.{i}"].shape != momenta.shape:
                raise ValueError("the optimiser's state does not fit the net")
            momenta.copy_(state[f"momentum.{i}"])
        adam = {name.removeprefix("adam."): tensor for name, tensor in state.items() if name.startswith("adam.")}
        if any(tensor.numel() not in (1, self._flat.numel()) for tensor in adam.values()):
            raise ValueError("the optimiser's state does not fit the net")
        document = self._adam.state_dict()
        self._adam.load_state_dict({**document, "state": {0: adam} if adam else {}})


def _become_view(parameter: nn.Parameter, data: Tensor, gradient: Tensor) -> None:
    parameter.data = data.view(parameter.shape)
    parameter.grad = gradient.view(parameter.shape)
