"""A constraint as finite automata over a model's alphabet, one a condition.

With them go the conditions that every item of the model meets: its text options leave it as it is, and it has no
unknown character. All of them together are their product, which is never built: computations go through it state by
state.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from nextchar.automata.dfa import Dfa, lengths_between, nothing_of
from nextchar.automata.regex import Either, Repeat, any_of, compile_node, literal, parse
from nextchar.automata.stable_automata import stable_automata
from nextchar.core.constraint import Constraint
from nextchar.data.alphabet import Alphabet
from nextchar.data.corpus import Corpus
from nextchar.data.display import shortened
from nextchar.data.stable_items import check_ends
from nextchar.data.text_options import TextOptions
from nextchar.errors import SettingsError

__all__ = ["constraint_automata", "nothing_of_texts"]


def constraint_automata(constraint: Constraint, alphabet: Alphabet, options: TextOptions) -> list[Dfa]:
    """One automaton a condition, over the ids of an alphabet, and those that say what an item of the model is.

    Args:
        constraint: what items are wanted.
        alphabet: of the model.
        options: what the model does to text; it is done to the conditions too, but blanks at the ends stay.

    Raises:
        SettingsError: a pattern cannot be read, or is too large; a condition is one that no item can meet, an outer
            blank where the options strip them, say.
        UnknownSymbolError: a condition needs a character that the model does not know.
    """
    constraint.check_line_ends(alphabet, options)
    for prefix in constraint.prefixes:
        check_ends(options, prefix=prefix)
    check_ends(options, suffix=constraint.suffix)
    anything = Repeat(any_of(alphabet), 0, None)

    def written(text: str, what: str, *, before: bool = False, after: bool = False) -> tuple[frozenset[int], ...]:
        size = len(alphabet.written(options.apply(text, strip=False)))
        if constraint.max_length is not None and size > constraint.max_length:
            raise SettingsError(f"{what} is longer than max-length {constraint.max_length}")
        return literal(text, alphabet, options, what, before=before, after=after)

    found: list[tuple[str, Dfa]] = []
    for pattern in constraint.match:
        what = f"the pattern {shortened(pattern)!r}"
        found.append((what, compile_node(parse(pattern, alphabet, options), alphabet, what)))
    if constraint.prefixes:
        parts = tuple(written(text, f"the prefix {shortened(text)!r}", after=True) for text in constraint.prefixes)
        several = len(parts) > 1
        what = f"the {len(parts)} prefixes" if several else f"the prefix {shortened(constraint.prefixes[0])!r}"
        found.append((what, compile_node((Either(parts) if several else parts[0], anything), alphabet, what)))
    if constraint.suffix:
        what = f"the suffix {shortened(constraint.suffix)!r}"
        node = (anything, *written(constraint.suffix, what, before=True))
        found.append((what, compile_node(node, alphabet, what)))
    for text in constraint.contains:
        what = f"the text {shortened(text)!r} to contain"
        node = (anything, *written(text, what, before=True, after=True), anything)
        found.append((what, compile_node(node, alphabet, what)))
    if constraint.allowed is not None:
        what = f"the allowed characters {shortened(constraint.allowed)!r}"
        sets = (
            literal(symbol, alphabet, options, what, before=True, after=True)
            for symbol in alphabet.split(constraint.allowed)
        )
        members = frozenset[int]().union(*itertools.chain.from_iterable(sets))
        found.append((what, compile_node(Repeat(members, 0, None), alphabet, what)))
    if constraint.not_in:
        found.append(("the list of items not to be in", nothing_of_texts(constraint.not_in, alphabet, options)))
    if constraint.shortest or constraint.max_length is not None:
        found.append(("the length", lengths_between(constraint.shortest, constraint.max_length)))
    for what, automaton in found:
        if not automaton.size:
            raise SettingsError(f"nothing fits {what}")
    return [*(automaton for _, automaton in found), *_of_all_items(alphabet, options)]


def _of_all_items(alphabet: Alphabet, options: TextOptions) -> list[Dfa]:
    """What every item of a model is, whatever else is asked for."""
    found = list(stable_automata(alphabet, options))
    if alphabet.unknown is not None:
        known = frozenset(range(1, alphabet.unknown))
        found.append(compile_node(Repeat(known, 0, None), alphabet, "the known characters"))
    return found


def nothing_of_texts(items: Iterable[str], alphabet: Alphabet, options: TextOptions) -> Dfa:
    """All items but these; those with characters that the model does not know are none of its items anyway.

    The empty item is an item like any other, and is left out where it is listed.
    """
    known = set(alphabet.characters)
    texts = {text for item in items if known.issuperset(alphabet.written(text := options.apply(item)))}
    written = sorted(texts - {""})
    if not written:
        return lengths_between(1 if "" in texts else 0, None)
    corpus = Corpus.from_items(
        written, options=TextOptions(strip=False, documents=options.documents), alphabet=alphabet
    )
    return nothing_of(corpus, nor_empty="" in texts)
