"""Scoring after something else was read: a text that goes on from another, and items that a model learns from in turn.

Letters: S symbols of a corpus.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nextchar.core.protocol import LanguageModel
from nextchar.core.reader import TextReader
from nextchar.core.scoring import symbol_nats_after
from nextchar.data.corpus import Corpus
from nextchar.errors import ConflictError, SettingsError

__all__ = ["ContinuedScorer"]


class ContinuedScorer:
    """Scores corpora in their order, the first of them after what was read before.

    A text goes on directly behind the one that was read before, without a boundary; texts after it begin anew. A text
    may come in pieces, where the model learns or looks back so many symbols. The items of a list always begin anew, so
    that what was read before them counts only where it is learned.

    Args:
        model: that scores.
        learning: an adaptive reader, which learns all that is scored; None to score with the model as it is.
        after: what was read before; None for nothing.

    Attributes:
        read_before: how many symbols.

    Raises:
        SettingsError: something is read before a list, and is not learned.
        UnknownSymbolError: it has a character that the model does not know.
    """

    def __init__(self, model: LanguageModel, learning: TextReader | None, after: Corpus | None) -> None:
        self._model = model
        self._reader = learning
        self._before = np.empty(0, dtype=model.alphabet.dtype)
        self.read_before = 0
        if after is None or not len(after):
            return
        texts = after.options.whole_files
        if learning is None and not texts:
            raise SettingsError(
                "each item of a list begins anew, so that a list read before matters only to reading that learns",
                argument="adaptive",
            )
        ids = after.encoded_in(model.alphabet).ids[: -1 if texts else None]
        self.read_before = len(ids)
        if learning is not None:
            learning.skip(ids)
        elif model.context_length is None:
            self._before = ids
        else:
            self._before = ids[max(len(ids) - model.context_length, 0) :]

    @property
    def adaptive(self) -> bool:
        """Whether it learns what it scores."""
        return self._reader is not None

    def __call__(self, corpus: Corpus) -> npt.NDArray[np.float64]:
        """-log p of every symbol of a corpus in the model's alphabet, (S,) nats.

        Raises:
            SettingsError: it learns, and the corpus has weights.
        """
        if self._reader is not None:
            if corpus.weights is not None:
                raise ConflictError("reading that learns takes no weights; repeat items instead", argument="weight")
            return self._reader.read(corpus.ids)
        corpus = replace(corpus, before=self._before if len(self._before) else None)
        reach = self._model.context_length
        self._before = corpus.symbols_before(corpus.symbols, reach) if corpus.open and reach else self._before[:0]
        return symbol_nats_after(self._model, corpus)
