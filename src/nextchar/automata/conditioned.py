"""The items of a finite automaton that meet a constraint, as a Markov chain: what exact answers start from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from nextchar.automata.automaton import Automaton
from nextchar.automata.automaton_reader import Reader
from nextchar.automata.backoff_rows import BackoffRows
from nextchar.automata.constraints import constraint_automata
from nextchar.automata.dfa import Dfa, nothing_of
from nextchar.automata.product import Chain, Product
from nextchar.automata.reachable import CELLS
from nextchar.automata.reshaping import begun, reshaping
from nextchar.automata.sparse_cells import SparseCells
from nextchar.automata.sparse_chain import SparseChain
from nextchar.automata.sparse_messages import messages_of
from nextchar.automata.sparse_product import SparseProduct
from nextchar.automata.sparse_reshaping import reshaped_automaton
from nextchar.core.constraint import Constraint
from nextchar.core.plan import Plan
from nextchar.core.prefixes import possible_prefixes
from nextchar.data.corpus import Corpus
from nextchar.data.fingerprints import Fingerprints
from nextchar.data.provenance import Provenance
from nextchar.data.training_items import training_items, unknown_items
from nextchar.errors import TooLargeError

__all__ = ["Conditioned", "conditioned"]


class Conditioned(NamedTuple):
    """The items of an automaton that meet a constraint.

    Attributes:
        log_probability: of the constraint, nats.
        chain: the items.
        known: sorted fingerprints of items that are to be left out besides; None for none.
    """

    log_probability: float
    chain: Chain | SparseChain
    known: Fingerprints | None


def conditioned(
    automaton: Automaton,
    seen: Provenance,
    constraint: Constraint,
    *,
    new: bool = False,
    data: Corpus | None = None,
    reshaped: Plan | None = None,
) -> Conditioned:
    """The items of an automaton that meet a constraint.

    Args:
        automaton: of the model.
        seen: what the model remembers of its training data.
        constraint: what items are wanted.
        new: only items that are not in the training data; exactly so where `data` is given, else by fingerprints.
        data: the training data, or a larger file that holds it.
        reshaped: first the rows of the automaton are reshaped by the temperature, top_k and top_p of this plan; what
            is not drawn is not reshaped (see `reshaping`).

    Raises:
        SettingsError: no item meets the constraint, or its automaton and the model's are too large together; a
            pattern cannot be read; `data` is not the training data; nothing is known of the training items.
        UnknownSymbolError: a condition needs a character that the model does not know.
    """
    alphabet = automaton.alphabet
    automata = constraint_automata(constraint, alphabet, seen.options)
    prefixes = possible_prefixes(Reader(automaton), constraint, seen.options)
    known = None
    if new and data is not None:
        automata.append(_all_but(training_items(seen, alphabet, data), automata))
    elif new:
        known = seen.known
        if known is None:
            raise unknown_items()
    reshape = None
    if reshaped is not None and reshaped.adjusts:
        automaton = begun(automaton, prefixes, constraint.shortest)
        reshape = reshaping(automaton, reshaped)
    if automaton.size * alphabet.size <= CELLS:
        with suppress(TooLargeError):  # few whole rows, but too many of them together with the conditions
            return Conditioned(*Product.of(automaton, automata, reshape).conditional(), known)
    if reshaped is not None and reshaped.adjusts:
        automaton = reshaped_automaton(automaton, reshaped)
    product = SparseProduct.of(BackoffRows.of(automaton), automaton.start, automata)
    cells = SparseCells(product)
    sparse = SparseChain(cells, messages_of(cells), alphabet)
    return Conditioned(sparse.log_probability, sparse, known)


def _all_but(items: Corpus, others: Sequence[Dfa]) -> Dfa:
    """Everything but the items; those that another condition leaves out anyway are not looked at."""
    for dfa in others:
        if len(items):
            items = items.take(np.flatnonzero(dfa.accepts(items)))
    return nothing_of(items)
