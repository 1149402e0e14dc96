"""How a trained net reads: rows at once, long ones block by block, and the items of a corpus.

Many items are read side by side, symbol by symbol, with one state for all that began alike. Of the few longest, which
would go on alone, all symbols are known, and a net takes a block of them in little more time than a single one: a
block reads on from the state that the one before left, so that a long item takes time in proportion to its length.

Letters: B batch, T time, V size of the alphabet, S symbols of a corpus.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from nextchar.core.protocol import LanguageModel, LogProbs
from nextchar.core.shared_prefixes import branching_nats
from nextchar.data.alphabet import BOUNDARY, Ids
from nextchar.data.corpus import Corpus
from nextchar.models.neural.nets.base import Net

__all__ = ["corpus_nats", "row_blocks"]

F64 = npt.NDArray[np.float64]
LONGEST_ROW: Final = 512  # symbols that are read at once
BLOCK: Final = 256  # of longer rows
READ_CELLS: Final = 1 << 21  # B x T x T of one call of a net, which bounds the memory of attention
FEW: Final = 16  # items side by side: a step costs about as much as that many symbols of a row
LONG: Final = 32  # symbols of an item that is read by itself


def row_blocks(net: Net, ids: Ids) -> Iterator[LogProbs]:
    """What follows each symbol of rows of ids (B, T), block by block: (B, t, V) nats, T in all."""
    B, T = ids.shape
    if T <= LONGEST_ROW:
        most = max(READ_CELLS // T**2, 1)
        parts = [_rows(net, ids[first : first + most]) for first in range(0, B, most)]
        yield np.concatenate(parts)
    elif net.window is not None and net.window <= BLOCK:  # what lies further back changes nothing
        for first in range(0, T, BLOCK):
            begin = max(first - net.window, 0)
            yield _rows(net, ids[:, begin : first + BLOCK])[:, first - begin :]
    else:
        state = net.initial(B)
        for first in range(0, T, BLOCK):
            with torch.inference_mode():
                logits, state = net.read(_tensor(ids[:, first : first + BLOCK]), state)
                yield logits.log_softmax(-1).numpy()


def _rows(net: Net, ids: Ids) -> LogProbs:
    with torch.inference_mode():
        log_probs: LogProbs = net(_tensor(ids)).log_softmax(-1).numpy()
    return log_probs


def _tensor(ids: Ids) -> torch.Tensor:
    return torch.from_numpy(ids.astype(np.int64))


def corpus_nats(model: LanguageModel, net: Net, corpus: Corpus) -> F64:
    """-log p of every symbol of a corpus, shape (S,), nats.

    Args:
        model: the net as a language model.
        net: its module.
        corpus: in its alphabet.
    """
    longest = np.argsort(-corpus.lengths, kind="stable")[:FEW]
    alone = longest[corpus.lengths[longest] >= LONG]
    if not len(alone):
        return branching_nats(model, corpus)
    nats = np.empty(corpus.symbols)
    for item in alone:
        begin, end = corpus.offsets[item], corpus.offsets[item + 1]
        targets = corpus.ids[begin:end].astype(np.intp)
        read = np.concatenate([np.full(1, BOUNDARY, dtype=corpus.ids.dtype), corpus.ids[begin : end - 1]])
        for part in row_blocks(net, read[None]):
            until = begin + part.shape[1]
            nats[begin:until] = -part[0, np.arange(part.shape[1]), targets[: part.shape[1]]]
            targets, begin = targets[part.shape[1] :], until
    others = np.ones(len(corpus), dtype=np.bool_)
    others[alone] = False
    if others.any():
        where = np.repeat(others, corpus.lengths + 1)
        nats[where] = branching_nats(model, corpus.take(np.flatnonzero(others)))
    return nats
