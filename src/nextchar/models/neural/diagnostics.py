"""Looking into a net: what its layers put out, how the loss pulls at its weights, how it has arranged the symbols.

Letters: V size of the alphabet, E embedding, L layers, H heads, T symbols with the boundary.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from nextchar.core.model import Model
from nextchar.data.alphabet import BOUNDARY
from nextchar.data.corpus import Corpus
from nextchar.errors import SettingsError
from nextchar.models.neural.model import NeuralModel
from nextchar.models.neural.nets.transformer import TransformerNet
from nextchar.models.neural.training.packing import IGNORED, pack

__all__ = ["EmbeddingMap", "Inside", "attention_maps", "embedding_map", "inside", "net_of"]

F64 = npt.NDArray[np.float64]
ITEMS = 512  # that are looked at, at most
LONGEST = 512


class Inside(NamedTuple):
    """What goes on in a net on some items, as flat arrays by name.

    Attributes:
        activations: what each layer puts out.
        gradients: of the mean loss by each hidden matrix.
    """

    activations: Mapping[str, F64]
    gradients: Mapping[str, F64]


class EmbeddingMap(NamedTuple):
    """Where the symbols lie in the plane that shows most of their differences.

    Attributes:
        places: (V, 2) their first two principal components.
        shares: how much of the variance each of the two shows.
        axes: (2, E) the directions of the two, each of length 1.
        vectors: (V, E) the embeddings themselves.
    """

    places: F64
    shares: tuple[float, float]
    axes: F64
    vectors: F64


def net_of(model: Model) -> NeuralModel:
    """The model, if it is a net.

    Raises:
        SettingsError: it is none.
    """
    if not isinstance(model, NeuralModel):
        raise SettingsError(f"a model of kind {model.kind} has no layers to look into; a net such as transformer has")
    return model


def inside(model: NeuralModel, corpus: Corpus) -> Inside:
    """Read up to 512 items of at most 511 characters and look at the layers and at the gradients.

    Raises:
        SettingsError: there is no such item.
        UnknownSymbolError: the corpus has a character that the model does not know.
    """
    corpus = corpus.encoded_in(model.alphabet)
    corpus = corpus.take(np.flatnonzero(corpus.lengths < LONGEST)[:ITEMS])
    if not len(corpus):
        raise SettingsError(f"there are no items of less than {LONGEST} characters to look at")
    rows = pack(corpus, max(int(corpus.lengths.max()) + 1, 16))
    used = torch.from_numpy(rows.targets != IGNORED).flatten()
    net = deepcopy(model.module).requires_grad_()
    activations: dict[str, F64] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ARG001 - the shape of a hook
            values = output[0].data if isinstance(output, tuple) else output
            if isinstance(output, tuple) and isinstance(output[0], PackedSequence):
                chosen = values
            else:
                chosen = values.reshape(-1, values.shape[-1])[used]
            activations[name] = chosen.detach().flatten().numpy()

        return hook

    for name, module in net.named_modules():
        parent = name.rpartition(".")[0]
        if name == "layer" or isinstance(net.get_submodule(parent), nn.ModuleList):
            module.register_forward_hook(keep(name))
    logits = net(torch.from_numpy(rows.ids)).flatten(0, 1)
    F.cross_entropy(logits, torch.from_numpy(rows.targets).flatten(), ignore_index=IGNORED).backward()  # type: ignore[no-untyped-call]
    gradients = {name: _gradient(net.get_parameter(name)) for name in net.matrices()}
    return Inside(activations, gradients)


def _gradient(parameter: Tensor) -> F64:
    assert parameter.grad is not None
    gradient: F64 = parameter.grad.flatten().numpy()
    return gradient


def embedding_map(model: NeuralModel) -> EmbeddingMap:
    """The embeddings of the symbols, seen from where they differ most (Pearson 1901, principal components)."""
    table = next(module for module in model.module.modules() if isinstance(module, nn.Embedding)).weight
    vectors: F64 = table.detach().numpy()
    centred = vectors - vectors.mean(axis=0)
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * sizes[:2]
    turn = np.where(places[np.abs(places).argmax(axis=0), [0, 1]] < 0, -1, 1)  # the same way round each time
    shares = sizes**2 / max(float((sizes**2).sum()), 1e-300)
    return EmbeddingMap(places * turn, (float(shares[0]), float(shares[1])), right[:2] * turn[:, None], vectors)


def attention_maps(model: NeuralModel, word: str) -> F64:
    """How much each symbol of a word takes from each before it, the boundary first: (L, H, T, T), rows summing to 1.

    Raises:
        SettingsError: the model is no Transformer.
        UnknownSymbolError: the model does not know a character of the word.
    """
    if not isinstance(model.module, TransformerNet):
        raise SettingsError(f"a {model.kind} has no attention to draw; a transformer has")
    ids = torch.tensor([[BOUNDARY, *model.alphabet.encode(word).tolist()]])
    with torch.inference_mode():
        maps: F64 = model.module.maps(ids)[:, 0].numpy()
    return maps
