"""A net as a language model: the border between numpy and torch when a net is used.

A net is trained with 32-bit numbers and used with 64-bit ones. A sum of 32-bit numbers comes out a little different
with each size of the batch, enough to change an item now and then among millions; with 64 bits item 17 of a seed is
the same alone and among others, and adding up step by step agrees with reading a whole item at once.

Letters: B batch, T time, V size of the alphabet, S symbols of a corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, cast, final

import numpy as np
import numpy.typing as npt
import torch

from nextchar.automata.stepwise_model import StepwiseModel
from nextchar.core.constraint import Constraint
from nextchar.core.metrics import Metrics
from nextchar.core.model import SavedModel
from nextchar.core.plan import Plan
from nextchar.core.protocol import CorpusScorer, Drawer, LogProbs, Settings, Step
from nextchar.core.reader import StaticReader
from nextchar.core.shared_prefixes import MOST_TOGETHER, BranchingDrawer
from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.arguments import need_ids, need_whole
from nextchar.data.display import thousands
from nextchar.data.provenance import Provenance
from nextchar.errors import ModelFileError
from nextchar.models.neural.nets.base import Net, State
from nextchar.models.neural.reading import corpus_nats, row_blocks

__all__ = ["NetSettings", "NeuralModel", "Selected", "for_use", "loader"]

F64 = npt.NDArray[np.float64]
STATE_NUMBERS: Final = 1 << 25  # of the items that are read together: 256 MB


class Selected(NamedTuple):
    """The state of a net, and which of its rows are meant; None for all."""

    state: State
    rows: torch.Tensor | None = None


class NetSettings(Settings, Protocol):
    """Settings that make a net."""

    @property
    def kind(self) -> str:
        """The name of the family."""
        ...

    def net(self, V: int) -> Net:
        """A new net for an alphabet of V symbols, with weights from torch's current random state."""
        ...


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NeuralModel(StepwiseModel):
    """A trained net.

    Attributes:
        module: the net, with 64-bit weights, on the processor.
        settings, alphabet, provenance, metrics: as in Model.
    """

    settings: NetSettings
    alphabet: Alphabet
    module: Net
    provenance: Provenance
    metrics: Metrics = Metrics()  # noqa: RUF009 - frozen

    @property
    def kind(self) -> str:
        """The name of the family."""
        return self.settings.kind

    @property
    def context_length(self) -> int | None:
        """How many symbols it looks back; None for all."""
        return self.module.window

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    def start(self, batch: int) -> Step:
        """The state of `batch` items having read the boundary."""
        need_whole(batch, "batch")
        return self.advance(Selected(self.module.initial(batch)), np.full(batch, BOUNDARY))

    def advance(self, state: object, ids: Ids) -> Step:
        """The state after one more symbol of each item."""
        with torch.inference_mode():
            logits, new = self.module.step(torch.from_numpy(ids.astype(np.int64)), *cast(Selected, state))
            return Step(Selected(new), logits.log_softmax(-1).numpy())

    def nothing_read(self, batch: int) -> object:
        """The state in the middle of `batch` items, as if nothing before were known."""
        return Selected(self.module.initial(batch))

    def read(self, state: object, ids: Ids) -> tuple[LogProbs, Step]:
        """Read a block of symbols of each item, ids (B, T): what follows each, (B, T, V) nats, and the state after it.

        In less time than symbol by symbol, which gives the same.
        """
        chosen = cast(Selected, state)
        before = chosen.state if chosen.rows is None else self.module.picked(chosen.state, chosen.rows)
        with torch.inference_mode():
            logits, new = self.module.read(torch.from_numpy(ids.astype(np.int64)), before)
            rows: LogProbs = logits.log_softmax(-1).numpy()
        return rows, Step(Selected(new), rows[:, -1])

    def own_reader(self, *, adaptive: bool) -> StaticReader | None:
        """A reader that takes blocks of symbols."""
        return None if adaptive else StaticReader(self, self.provenance.options, self.read)

    def select(self, state: object, rows: npt.NDArray[np.intp]) -> object:
        """The state of some of the batch's items; their numbers are copied with the next symbol, not twice."""
        before = cast(Selected, state)
        chosen = torch.from_numpy(rows.astype(np.int64))
        return before._replace(rows=chosen if before.rows is None else before.rows[chosen])

    def log_probs(self, ids: Ids) -> LogProbs:
        """(B, T) -> (B, T, V) nats."""
        ids = need_ids(ids, self.alphabet.size, dimensions=2)
        return np.concatenate(list(row_blocks(self.module, ids)), axis=1)

    @property
    def corpus_scorer(self) -> CorpusScorer:
        """Each distinct beginning of the items is read once, and long ones block by block."""
        return partial(corpus_nats, self, self.module)

    @property
    def batch_limit(self) -> int:
        """As many items as bound the memory of their states."""
        return int(np.clip(STATE_NUMBERS // self.module.largest_state, 64, MOST_TOGETHER))

    def drawer(self, plan: Plan, constraint: Constraint, n: int) -> Drawer:  # noqa: ARG002 - a model's interface
        """A fast way to draw many items."""
        return BranchingDrawer(self, plan, constraint)

    def training_nats(self) -> float | None:
        """-log p of the training data, weights counted, as measured after training."""
        return self.metrics.training_nats

    def with_metrics(self, metrics: Metrics) -> NeuralModel:
        """The same model with other metrics."""
        return replace(self, metrics=metrics)

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The weights, with the 32 bits that they were trained in."""
        return {name: tensor.float().numpy() for name, tensor in self.module.state_dict().items()}


def loader(make: Callable[..., NetSettings]) -> Callable[[SavedModel], NeuralModel]:
    """What makes a model of one family again from a file's content.

    Raises:
        ModelFileError: (the returned function) the arrays do not fit the settings.
        SettingsError: (the returned function) a setting is out of its range.
    """

    def load(saved: SavedModel) -> NeuralModel:
        made, arrays = make(**saved.settings), saved.arrays
        net = _planned(made, saved.alphabet.size, len(arrays))
        expected = net.state_dict()
        for name, tensor in expected.items():
            array = arrays.get(name)
            if array is None or array.shape != tuple(tensor.shape) or array.dtype != np.float32:
                given = "is missing" if array is None else f"has shape {array.shape} and type {array.dtype}"
                raise ModelFileError(
                    f"its weights {name} do not fit its settings: {tuple(tensor.shape)} wanted, {given}"
                )
            if not np.isfinite(array).all():
                raise ModelFileError(f"its weights {name} are not all numbers")
        net.load_state_dict({name: torch.from_numpy(arrays[name].copy()) for name in expected}, assign=True)
        return NeuralModel(
            settings=made,
            alphabet=saved.alphabet,
            module=for_use(net),
            provenance=saved.provenance,
            metrics=saved.metrics,
        )

    return load


def _planned(settings: NetSettings, V: int, arrays: int) -> Net:
    """The net of a file's settings without its numbers: it takes no memory, however large the settings say it is.

    Args:
        settings: as the file has them.
        V: size of the alphabet.
        arrays: how many the file has; each layer has at least one.

    Raises:
        ModelFileError: there is no such net.
    """
    if getattr(settings, "context", 0) is None:
        raise ModelFileError("its settings do not say how many symbols it looks back (context)")
    if (layers := getattr(settings, "layers", 1)) > arrays:
        raise ModelFileError(
            f"its settings say {thousands(layers, 'layer')}, and it has the weights of {arrays} at most"
        )
    try:
        with torch.device("meta"):
            return settings.net(V)
    except RuntimeError as error:  # larger than any machine's memory
        raise ModelFileError(f"its settings make no net: {error}") from None


def for_use(net: Net) -> Net:
    """The net on the processor, with 64-bit weights, and no longer to be trained."""
    return net.cpu().double().eval().requires_grad_(False)
