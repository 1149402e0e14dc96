"""Muon for hidden matrices, Adam for the rest.

Muon (Jordan 2024, "Muon: an optimizer for hidden layers in neural networks") takes the momentum of a matrix's
gradient and makes all its singular values about 1 before it steps: a direction that few examples call for moves as
far as one that many do. The singular values are brought there by five Newton-Schulz steps, odd polynomials of the
matrix, which need matrix products only. A matrix that is several in one (queries, keys, values; the gates of a cell)
is treated block by block.

torch.optim.Muon treats one matrix after the other, fused ones as one, in bfloat16; for nets this small most of its
time would go into starting small operations. Here all blocks of one shape form one stack: parameters and gradients are
views into it, and a step is a few batched products. Adam (Kingma and Ba 2015) is written out: torch.optim's loads
torch's compiler, which takes two seconds, a third of a short budget.

Letters: S blocks of a stack, each (m, n).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

__all__ = ["Optimiser", "orthogonalise"]

POLYNOMIAL: Final = (3.4445, -4.7750, 2.0315)  # Jordan's coefficients
STEPS: Final = 5
MOMENTUM: Final = 0.95
BETAS: Final = (0.9, 0.99)
EPSILON: Final = 1e-10
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


class _Adam:
    """Adam on one flat vector: a step is the mean of the gradients by the root of the mean of their squares.

    Args:
        flat: the parameters; the vector is changed in place.
    """

    def __init__(self, flat: Tensor) -> None:
        self._flat = flat
        self._mean, self._square = torch.zeros_like(flat), torch.zeros_like(flat)
        self._step = 0

    def step(self, gradient: Tensor, rate: float) -> None:
        """One update."""
        self._step += 1
        self._mean.lerp_(gradient, 1 - BETAS[0])
        self._square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        first, second = (1 - beta**self._step for beta in BETAS)  # both means began at zero
        size = self._square.sqrt().mul_(second**-0.5).add_(EPSILON)
        pace = rate / first
        self._flat.addcdiv_(self._mean, size, value=-(pace if pace < LARGEST_PACE else math.inf))

    def forget(self) -> None:
        """Begin anew."""
        self._mean.zero_()
        self._square.zero_()
        self._step = 0

    def state(self) -> dict[str, Tensor]:
        """Nothing before the first step."""
        if not self._step:
            return {}
        step = torch.tensor(float(self._step), dtype=torch.float64)
        return {"step": step, "exp_avg": self._mean, "exp_avg_sq": self._square}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Raises KeyError or ValueError where it is none of such a vector."""
        self.forget()
        if not state:
            return
        mean, square, step = state["exp_avg"], state["exp_avg_sq"], state["step"]
        if mean.shape != self._flat.shape or square.shape != self._flat.shape or step.numel() != 1:
            raise ValueError("the optimiser's state does not fit the net")
        if not 1 <= float(step) < 2**53:
            raise ValueError("the optimiser has made no such number of steps")
        self._mean.copy_(mean)
        self._square.copy_(square)
        self._step = int(step)


class Optimiser:
    """Updates the parameters of a net.

    From its making on, the parameters are views into this object's stacks, and their gradients into one vector.

    Attributes:
        gradient: of all parameters, one after the other; to be added up over processes before `clip` and `step`.

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
        rest = list(parameters.values())
        sizes = [stack.numel() for stack in self._weights] + [sum(p.numel() for p in rest)]
        self.gradient = self._weights[0].new_zeros(sum(sizes)) if self._weights else torch.zeros(sum(sizes))
        *stacks, self._flat_gradient = torch.split(self.gradient, sizes)
        self._gradients = [part.view(stack.shape) for part, stack in zip(stacks, self._weights, strict=True)]
        self._momenta = [torch.zeros_like(stack) for stack in self._weights]
        for stack, gradient, group in zip(self._weights, self._gradients, by_shape.values(), strict=True):
            first = 0
            for parameter, blocks in group:
                _become_view(parameter, stack[first : first + blocks], gradient[first : first + blocks])
                first += blocks
        self._flat = torch.cat([p.detach().flatten() for p in rest])
        first = 0
        for parameter in rest:
            part = slice(first, first + parameter.numel())
            _become_view(parameter, self._flat[part], self._flat_gradient[part])
            first += parameter.numel()
        self._adam = _Adam(self._flat)

    def zero(self) -> None:
        """Forget the gradients."""
        self.gradient.zero_()

    def clip(self, largest: float) -> Tensor:
        """Shorten the gradient of all parameters together to this norm where it is longer; gives what it was."""
        total: Tensor = torch.stack([part.norm() for part in (*self._gradients, self._flat_gradient)]).norm()
        self.gradient.mul_((largest / (total + 1e-6)).clamp(max=1.0))
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
        self._adam.step(self._flat_gradient, share * self.adam_rate)

    def forget(self) -> None:
        """Forget momenta and means, as at the beginning; the parameters may have been set to something else."""
        for momenta in self._momenta:
            momenta.zero_()
        self._adam.forget()

    def state(self) -> dict[str, Tensor]:
        """What it carries from step to step beside the parameters themselves."""
        found = {f"momentum.{i}": momenta for i, momenta in enumerate(self._momenta)}
        return found | {f"adam.{name}": tensor for name, tensor in self._adam.state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what another one of the same net carried.

        Raises:
            KeyError, ValueError: it is not one of the same net.
        """
        for i, momenta in enumerate(self._momenta):
            if state[f"momentum.{i}"].shape != momenta.shape:
                raise ValueError("the optimiser's state does not fit the net")
            momenta.copy_(state[f"momentum.{i}"])
        self._adam.load_state(
            {name.removeprefix("adam."): tensor for name, tensor in state.items() if name.startswith("adam.")}
        )


def _become_view(parameter: nn.Parameter, data: Tensor, gradient: Tensor) -> None:
    parameter.data = data.view(parameter.shape)
    parameter.grad = gradient.view(parameter.shape)
