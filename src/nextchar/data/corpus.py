"""The training or test data: many short texts, as one flat array of ids.

Every item is followed by one boundary, so `ids` is the list of all things that a model has to predict: the
characters of each item and its end. What stands before the first is a boundary too. A name costs its letters plus
one byte where the alphabet has at most 256 symbols. Where the items begin follows from the ids, and is worked out when
someone asks.

Letters: n items, S symbols (characters and one boundary an item), V size of the alphabet.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids
from nextchar.data.arguments import need, need_all, need_ids
from nextchar.data.blocks import name_of, read_blocks
from nextchar.data.datasets import are_texts
from nextchar.data.decoding import Digest, format_as_read
from nextchar.data.display import shortened, table_html, thousands
from nextchar.data.documents import divided, text_block
from nextchar.data.encoded_lines import Encoded, encode_block
from nextchar.data.fingerprints import Begun, Fingerprints, fingerprints_of
from nextchar.data.format import Block, ErrorPolicy, Format, Tally, column_name
from nextchar.data.item_weights import MOST_WEIGHT, exact_sum, whole_weights
from nextchar.data.plain_files import read_plain
from nextchar.data.sequences import texts_of, value_name
from nextchar.data.source import Source
from nextchar.data.text_options import TextOptions
from nextchar.errors import BadValueError, CorpusError, SettingsError

__all__ = ["Corpus", "no_items", "parts_of", "stream", "training_pair"]

_USUAL: Final = TextOptions()


@dataclass(frozen=True, eq=False)
class Corpus:
    """Many short texts to learn from or to score: each one an item, all of them together one array of ids.

    Attributes:
        alphabet: what the ids mean.
        ids: (S,) of the alphabet's dtype; each item's characters and then a boundary.
        weights: (n,) int64, how often each item counts; None for once.
        options: what was done to the text.
        blank: how many blank lines were left out.
        source: the files, or None where the items came from memory.
        before: of a piece of a text, symbols that come before it, as far as they matter: context, and not part of it.

    Examples:
        >>> import nextchar
        >>> corpus = nextchar.Corpus.from_items(["emma", "ava"])
        >>> corpus
        Corpus(2 items, 9 symbols, alphabet of 5)
        >>> corpus.lengths.tolist()
        [4, 3]
    """

    alphabet: Alphabet
    ids: Ids
    _: KW_ONLY
    weights: npt.NDArray[np.int64] | None = None
    options: TextOptions = _USUAL
    blank: int = 0
    source: Source | None = None
    before: Ids | None = None

    # -- making one ---------------------------------------------------------------------------------------------

    @classmethod
    def from_file(
        cls,
        *sources: str | Path,
        column: str | int | None = None,
        weight: str | int | None = None,
        encoding: str = "utf-8",
        delimiter: str | None = None,
        header: bool = True,
        errors: ErrorPolicy = "stop",
        options: TextOptions | None = None,
        alphabet: Alphabet | None = None,
    ) -> Corpus:
        """Read one item a line from files, `-` (standard input), .gz/.bz2/.xz/.zst files or fsspec URLs.

        Args:
            sources: one or more; their items follow each other.
            column: read this column of a table instead of whole lines; by its name, or its number from 1.
            weight: the column of whole-number weights.
            encoding: a Python codec name.
            delimiter: the character between the fields of a table; by default it is found out.
            header: whether a table begins with the names of its columns.
            errors: what becomes of lines that cannot be used: see `Format`.
            options: what to do to the text; by default blanks at the ends are stripped, and the data set
                tiny-shakespeare is read as the text that it is.
            alphabet: encode with this one; by default the characters that occur.

        Raises:
            CorpusError: a source cannot be read, or there is no item in any of them.
            UnknownSymbolError: a character is not in the given alphabet; with file and line.
        """
        format_ = Format(
            encoding=encoding,
            column=column_name("column", column),
            weight=column_name("weight", weight),
            delimiter=delimiter,
            header=header,
            errors=errors,
        )
        return cls.read(sources, format_, options=options, alphabet=alphabet)

    @classmethod
    def read(
        cls,
        sources: Sequence[str | Path],
        format_: Format,
        *,
        options: TextOptions | None = None,
        alphabet: Alphabet | None = None,
    ) -> Corpus:
        """As `from_file`, with all that says how to read in one."""
        if isinstance(sources, str | bytes) or not isinstance(sources, Iterable):
            raise SettingsError(f"sources are a list of paths, not {value_name(sources)}")
        for one in sources:
            if not isinstance(one, str | os.PathLike):
                raise SettingsError(
                    f"a source is a path, '-' or a URL, not {value_name(one)}; several are given one by one, and "
                    "Corpus.from_lines takes an open file"
                )
        names = tuple(str(source) for source in sources)
        options = TextOptions(documents=are_texts(names)) if options is None else TextOptions.of(options)
        need(format_, Format, "format_", "a Format")
        need(alphabet, Alphabet, "alphabet", "an alphabet (Corpus.alphabet, Alphabet.of)", optional=True)
        digest = Digest()
        plain = read_plain(names, format_, options, alphabet, digest)
        if plain is not None:
            corpus = cls(plain.alphabet, plain.ids, options=options, blank=plain.blank)
        else:
            digest = Digest()
            corpus = cls.concatenate(list(stream(names, format_, options, alphabet, digest, pieces=True)))
        source = Source(
            names=names, size_bytes=digest.size, sha256=digest.hexdigest, format=format_as_read(format_, digest)
        )
        return replace(corpus, source=source)

    @classmethod
    def from_lines(
        cls, lines: Iterable[str], *, options: TextOptions | None = None, alphabet: Alphabet | None = None
    ) -> Corpus:
        """Read one item a line from any iterable of lines (an open file, say); blank lines are left out.

        Raises:
            CorpusError: no items.
            UnknownSymbolError: a character is not in the given alphabet; with the line.
        """
        if isinstance(lines, str):
            raise CorpusError(f"give lines, for example an open file or [{shortened(lines)!r}], not one text")
        lines = need_all(lines, str, "lines", "a list of texts or an open text file")
        text = "".join(line if line.endswith("\n") else line + "\n" for line in lines)
        text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
        if "\0" in text:
            raise CorpusError(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}: holds a NUL character")
        return cls._of_block(Block(text, 1), "line", options, alphabet)

    @classmethod
    def from_items(
        cls,
        items: Iterable[str],
        weights: Iterable[int] | None = None,
        *,
        options: TextOptions | None = None,
        alphabet: Alphabet | None = None,
    ) -> Corpus:
        """Take items from memory; blank ones are left out. Of a mapping (a Counter, say) the values are the weights.

        Raises:
            SettingsError: a table, a path or something else instead of items.
            CorpusError: no items; one text instead of a list of them; an item that is no text, or holds a line end or
                a NUL; weights of another length, negative, or too large to add up.
            UnknownSymbolError: a character is not in the given alphabet.
        """
        if isinstance(items, str):
            raise CorpusError(f"give a list of items, for example [{shortened(items)!r}], not one text")
        if isinstance(items, Mapping) and any(value is not None for value in items.values()):  # as dict.fromkeys has it
            if weights is not None:
                raise SettingsError("the values of a mapping are the weights of its items; give no others")
            weights = list(items.values())
        items = texts_of(list(items) if isinstance(items, Mapping) else items, "item")
        options = TextOptions.of(options)
        if options.documents:
            return cls._of_texts(items, "item", options, alphabet, weights)
        text = "\n".join(items) + "\n" if items else ""
        if text.count("\n") != len(items) or "\r" in text or "\0" in text:
            at, item = next((i, s) for i, s in enumerate(items) if set(s) & set("\n\r\0"))
            raise CorpusError(
                f"item {at + 1}, {shortened(item)!r}: an item is one line, without line ends and NUL characters; where "
                "line ends are symbols, give TextOptions(documents=True)"
            )
        counted = None if weights is None else whole_weights(weights, len(items))
        return cls._of_block(Block(text, 1, counted), "item", options, alphabet)

    @classmethod
    def from_documents(
        cls,
        texts: Iterable[str],
        *,
        separator: str | None = None,
        options: TextOptions | None = None,
        alphabet: Alphabet | None = None,
    ) -> Corpus:
        """Take texts from memory, each an item, or several: line ends are symbols, and nothing is stripped.

        Args:
            texts: with any line ends, which become line feeds; empty ones are left out.
            separator: the line between the items of a text, such as %; "" for blank lines, any number of them.
            options: what to do to the text, and a separator as well.
            alphabet: encode with this one; by default the characters that occur.

        Raises:
            SettingsError: something else instead of texts.
            CorpusError: no texts, or all are empty; one holds a NUL.
            UnknownSymbolError: a character is not in the given alphabet; with its place.

        Examples:
            >>> import nextchar
            >>> corpus = nextchar.Corpus.from_documents(["one" + chr(10) + "two"])
            >>> len(corpus), corpus.symbols
            (1, 8)
            >>> stanzas = chr(10).join(["one", "two", "", "", "three"])
            >>> [item.splitlines() for item in nextchar.Corpus.from_documents([stanzas], separator="")]
            [['one', 'two'], ['three']]
        """
        if isinstance(texts, str):
            raise CorpusError(f"give a list of texts, for example [{shortened(texts)!r}], not one text")
        texts = texts_of(texts, "text")
        options = replace(TextOptions.of(options), documents=True)
        if separator is not None:
            options = replace(options, separator=separator)
        if (between := options.separator) is not None:
            lines = (text.replace("\r\n", "\n").replace("\r", "\n") for text in texts)
            texts = [item for text in lines for item, _ in divided(text.removesuffix("\n") + "\n", between)]
        return cls._of_texts(texts, "text", options, alphabet)

    @classmethod
    def _of_texts(
        cls,
        texts: Sequence[str],
        what: str,
        options: TextOptions,
        alphabet: Alphabet | None,
        weights: Iterable[int] | None = None,
    ) -> Corpus:
        try:
            block = text_block(texts)
        except ValueError as error:
            place = int(error.args[0])
            message = f"{what} {place + 1}, {shortened(texts[place])!r}: holds a NUL character, which no text has"
            raise CorpusError(message) from None
        counted = None if weights is None else whole_weights(weights, len(texts))
        return cls._of_block(replace(block, weights=counted), what, options, alphabet)

    @classmethod
    def of(
        cls,
        items: Corpus | Iterable[str],
        *,
        options: TextOptions | None = None,
        alphabet: Alphabet | None = None,
        whole: bool = False,
    ) -> Corpus:
        """A corpus of what was given: one as it is, or items from memory.

        Args:
            items: a corpus, or any sequence of texts.
            options: of items from memory.
            alphabet: to encode with; by default the corpus's own.
            whole: one item of the corpus for each that was given is wanted: blank ones are refused.

        Raises:
            CorpusError: an item is no text, or holds a line end or a NUL; or there are none.
            SettingsError: one text or something else instead of items; or an item is blank and must not be.
            UnknownSymbolError: a character is not in the given alphabet.
        """
        need(alphabet, Alphabet, "alphabet", "an alphabet (Corpus.alphabet, Alphabet.of)", optional=True)
        if isinstance(items, Corpus):
            return items if alphabet is None else items.encoded_in(alphabet)
        texts = texts_of(items, "item")
        options = TextOptions.of(options)
        if whole and not texts and alphabet is not None:
            return cls(alphabet, np.empty(0, dtype=alphabet.dtype), options=options)
        try:
            corpus = cls.from_items(texts, options=options, alphabet=alphabet)
            some_blank = corpus.blank > 0
        except CorpusError:
            if not (whole and texts) or any(map(options.apply, texts)):
                raise
            some_blank = True
        if whole and some_blank:
            first = next(i for i, text in enumerate(texts, start=1) if not options.apply(text))
            raise SettingsError(f"item {first} is blank; blank items cannot be scored or judged; leave them out")
        return corpus

    @classmethod
    def _of_block(cls, block: Block, where: str, options: TextOptions | None, alphabet: Alphabet | None) -> Corpus:
        options = TextOptions.of(options)
        need(alphabet, Alphabet, "alphabet", "an alphabet (Corpus.alphabet, Alphabet.of)", optional=True)
        found = encode_block(block, where, options, alphabet)
        for error in found.refused.values():
            raise error
        corpus = cls.from_encoded(found, options)
        return cls.concatenate([] if corpus is None else [corpus])

    @classmethod
    def from_encoded(cls, found: Encoded, options: TextOptions) -> Corpus | None:
        """The items of a block of lines; None where there is none.

        Raises:
            CorpusError: their weights are too large.
        """
        if found.alphabet is None:
            return None
        return cls(found.alphabet, found.ids, weights=found.weights, options=options, blank=found.blank).checked()

    @classmethod
    def concatenate(cls, parts: Sequence[Corpus]) -> Corpus:
        """The items of all parts in order, over the union of their alphabets.

        Raises:
            CorpusError: there are no items.
        """
        parts = [part for part in need_all(parts, Corpus, "parts", "a list of corpora") if part.symbols]
        if not parts:
            raise CorpusError("no items: the input is empty or has only blank lines")
        if len(parts) == 1:
            return parts[0].closed()
        alphabet = parts[0].alphabet
        for part in parts[1:]:
            alphabet = alphabet.union(part.alphabet)
        weighted = any(part.weights is not None for part in parts)
        return (
            cls(
                alphabet=alphabet,
                ids=np.concatenate([part.encoded_in(alphabet).ids for part in parts]),
                weights=np.concatenate([part.weights_or_ones for part in parts]) if weighted else None,
                options=parts[0].options,
                blank=sum(part.blank for part in parts),
            )
            .closed()
            .checked()
        )

    # -- looking at it ------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._items

    @cached_property
    def _items(self) -> int:
        steps = range(0, len(self.ids), 1 << 20)  # what is compared stays in the cache
        return sum(int(np.count_nonzero(self.ids[at : at + steps.step] == BOUNDARY)) for at in steps)

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """(n + 1,): item i is ids[offsets[i] : offsets[i + 1]], its closing boundary included."""
        return np.concatenate([[0], np.flatnonzero(self.ids == BOUNDARY) + 1])

    def __getitem__(self, index: int) -> str:
        if not isinstance(index, Integral):
            raise BadValueError(f"an item has a whole number, not {value_name(index)}; take() gives several")
        start, end = self.offsets[range(len(self))[index]], self.offsets[range(len(self))[index] + 1]
        return self.alphabet.decode(self.ids[start : end - 1])

    def __iter__(self) -> Iterator[str]:
        if "\n" in self.alphabet.characters:
            return (self[i] for i in range(len(self)))
        return iter(self.text().split("\n")[:-1])

    def __repr__(self) -> str:
        weighted = ", weighted" if self.weights is not None else ""
        size = f"{thousands(len(self), 'item')}, {thousands(self.symbols, 'symbol')}"
        return f"Corpus({size}, alphabet of {self.alphabet.size}{weighted})"

    def _repr_html_(self) -> str:
        return table_html("corpus", self.facts())

    def facts(self) -> list[tuple[str, str]]:
        """What a person wants to know of it, as (name, text)."""
        shown = ", ".join(shortened(self[i], 20) for i in range(min(len(self), 5)))
        return [
            ("items", f"{len(self):,}" + (", weighted" if self.weights is not None else "")),
            ("symbols", f"{self.symbols:,}"),
            ("alphabet", f"{self.alphabet.size}: {shortened(''.join(self.alphabet.names))}"),
            ("longest item", thousands(int(self.lengths.max(initial=0)), "character")),
            ("begins with", shown + (", ..." if len(self) > 5 else "")),
        ]

    @property
    def symbols(self) -> int:
        """S: characters plus one boundary an item; what there is to predict."""
        return len(self.ids)

    @cached_property
    def weighted_symbols(self) -> int:
        """All symbols, each as often as its item counts."""
        return self.symbols if self.weights is None else exact_sum(self.weights, self.lengths + 1)

    @property
    def whole_texts(self) -> bool:
        """Whether its items are files as a whole, which can be cut inside, and no items between separators or rows."""
        return self.options.whole_files and (self.source is None or self.source.format.column is None)

    @property
    def open(self) -> bool:
        """Whether it is a piece of a text that goes on in the next: no boundary closes it."""
        return self.symbols > 0 and int(self.ids[-1]) != BOUNDARY

    def closed(self) -> Corpus:
        """With a boundary at the end, where it is a piece of a text."""
        if not self.open:
            return self
        return replace(self, ids=np.append(self.ids, np.array([BOUNDARY], dtype=self.ids.dtype)))

    def checked(self) -> Corpus:
        """This corpus, if all that there is to count fits into 64 bits.

        Raises:
            CorpusError: it does not.
        """
        if self.weighted_symbols > MOST_WEIGHT:
            raise CorpusError(
                f"the weights are too large: they make {self.weighted_symbols:,} symbols, more than 2^63 - 1; scale "
                "them down"
            )
        return self

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Characters of each item, shape (n,)."""
        return np.diff(self.offsets) - 1

    @property
    def weights_or_ones(self) -> npt.NDArray[np.int64]:
        """How often each item counts, shape (n,)."""
        return np.ones(len(self), dtype=np.int64) if self.weights is None else self.weights

    def characters_used(self) -> tuple[str, ...]:
        """The characters that occur in the items, sorted; the alphabet may have more."""
        present = np.zeros(self.alphabet.size, dtype=np.bool_)
        present[self.ids] = True
        return tuple(c for c, used in zip(self.alphabet.names, present[1:], strict=False) if used)

    def text(self) -> str:
        """All items, each ended by a line feed."""
        codepoints = self.alphabet.codepoints.copy()
        codepoints[BOUNDARY] = ord("\n")
        if codepoints.max() < 128:  # the bytes are the text; translate is the fastest way from ids to them
            table = codepoints.astype(np.uint8).tobytes().ljust(256, b"?")
            return self.ids.tobytes().translate(table).decode("ascii")
        return self.alphabet.read(codepoints[self.ids].tobytes().decode("utf-32-le"))

    def fingerprints(self) -> Fingerprints:
        """A 64-bit number for each item's text, shape (n,), the same in every alphabet and on every machine.

        Two different items share one with probability 2^-64; the chance that any two of 32,000 do is 3e-11.
        """
        return self.fingerprints_onwards(Begun())[0]

    def fingerprints_onwards(self, begun: Begun) -> tuple[Fingerprints, Begun]:
        """As `fingerprints`, where the first item has begun before; and what has begun at the end.

        Args:
            begun: what came before of the first item.
        """
        found = [np.empty(0, dtype=np.uint64)]
        for at in range(0, self.symbols, 1 << 20):
            prints, begun = fingerprints_of(self.ids[at : at + (1 << 20)], self.alphabet, begun)
            found.append(prints)
        return np.concatenate(found), begun

    def slices(self, symbols: int) -> Iterator[Corpus]:
        """The corpus cut into views of about so many symbols, to bound the memory of a computation."""
        begin = items = 0
        while begin < self.symbols:
            part = replace(self, ids=self.ids[begin : self._item_end(begin + symbols - 1)], weights=None)
            part = part if not begin else replace(part, before=None)
            if self.weights is not None:
                part = replace(part, weights=self.weights[items : items + len(part)])
                items += len(part)
            begin += part.symbols
            yield part

    def stretches(self, symbols: int, context: int) -> Iterator[Corpus]:
        """As `slices`, cut inside items too, so that none has more symbols; each knows the symbols before it.

        Args:
            symbols: of each. Where items have weights, it is that of `slices`.
            context: how many symbols before it each knows.
        """
        if self.weights is not None:
            yield from self.slices(symbols)
            return
        for begin in range(0, self.symbols, symbols):
            ids = self.ids[begin : begin + symbols]
            yield (
                replace(self, ids=ids, before=self.symbols_before(begin, context)) if len(ids) < self.symbols else self
            )

    def symbols_before(self, at: int, context: int) -> Ids:
        """The last symbols before a place that belong to the same item, (k,), k being at most `context`."""
        tail = self.ids[max(at - context, 0) : at]
        if len(tail) < context and self.before is not None and len(self.before):
            tail = np.concatenate([self.before[len(tail) - context :], tail])
        ends = np.flatnonzero(tail == BOUNDARY)
        return tail[int(ends[-1]) + 1 :] if len(ends) else tail

    def _item_end(self, at: int) -> int:
        """Where the item ends that has this place, its boundary included; or the corpus, if that is before."""
        step = 1 << 10
        while at < self.symbols:
            ends = np.flatnonzero(self.ids[at : at + step] == BOUNDARY)
            if len(ends):
                return at + int(ends[0]) + 1
            at, step = at + step, 2 * step
        return self.symbols

    # -- other corpora from it ----------------------------------------------------------------------------------

    def encoded_in(self, alphabet: Alphabet) -> Corpus:
        """The same items with the ids of another alphabet that has all their characters.

        Raises:
            UnknownSymbolError: the other alphabet lacks a character of theirs.
        """
        need(alphabet, Alphabet, "alphabet", "an alphabet (Corpus.alphabet, Alphabet.of)")
        if alphabet == self.alphabet:
            return self
        own = self if alphabet.has_unknown else self._in_used_alphabet()
        ids = own.alphabet.ids_in(alphabet).astype(alphabet.dtype)[own.ids]
        before = self.before
        if before is not None:
            before = replace(self, ids=before, before=None).encoded_in(alphabet).ids
        return replace(self, alphabet=alphabet, ids=ids, before=before)

    def _in_used_alphabet(self) -> Corpus:
        """The same items in the alphabet of those characters that occur, where there are some."""
        used = np.zeros(self.alphabet.size, dtype=np.bool_)
        used[self.ids] = True
        names = [name for name, occurs in zip(self.alphabet.names, used[1:].tolist(), strict=False) if occurs]
        unknown = self.alphabet.unknown
        if not names or used.all():
            return self
        small = self.alphabet.only(names, has_unknown=unknown is not None and bool(used[unknown]))
        number = np.zeros(self.alphabet.size, dtype=small.dtype)
        number[small.ids_in(self.alphabet)] = np.arange(small.size)
        return replace(self, alphabet=small, ids=number[self.ids])

    def take(self, indices: npt.ArrayLike) -> Corpus:
        """The items with these numbers, in this order."""
        wanted = need_ids(indices, len(self), "indices", dimensions=1)
        sizes = np.diff(self.offsets)[wanted]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        position = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1][wanted] - offsets[:-1], sizes)
        weights = None if self.weights is None else self.weights[wanted]
        return replace(self, ids=self.ids[position], weights=weights, blank=0, before=None)

    def distinct(self) -> Corpus:
        """Each item once, at its first place; the weights of repeats are added up where there are weights."""
        _, first, which = np.unique(self.fingerprints(), return_index=True, return_inverse=True)
        if len(first) == len(self):
            return self
        weights = self.weights
        if weights is not None:
            self.checked()
            totals = np.zeros(len(first), dtype=np.int64)
            np.add.at(totals, which, weights)
            weights = weights.copy()
            weights[first] = totals
        return replace(self, weights=weights).take(np.sort(first))

    def count_in(self, known: Fingerprints) -> int:
        """How many of the items have a fingerprint in `known`."""
        return int(np.isin(self.fingerprints(), known).sum())


def training_pair(
    data: Corpus | Iterable[str], validation: Corpus | Iterable[str] | None
) -> tuple[Corpus, Corpus | None]:
    """The training data and the validation items, where there are some, as corpora; their text is treated alike."""
    corpus = Corpus.of(data)
    return corpus, None if validation is None else Corpus.of(validation, options=corpus.options)


def stream(
    sources: Sequence[str],
    format_: Format,
    options: TextOptions,
    alphabet: Alphabet | None = None,
    digest: Digest | None = None,
    *,
    pieces: bool = False,
) -> Iterator[Corpus]:
    """The sources as small corpora, one a block, each with an alphabet of its own unless one is given.

    This is how data larger than memory is counted: the counts of the parts are added.

    Args:
        sources: as for Corpus.from_file.
        format_: how to read them.
        options: what to do to the text.
        alphabet: the characters that may occur; None for those that do.
        digest: takes in what is read.
        pieces: give a text that is a whole file in pieces, which are open at their ends, and not as one corpus.

    Raises:
        CorpusError: a source cannot be read.
        UnknownSymbolError: a character is not in the given alphabet; with file and line.
    """
    empty = True
    for source in sources:
        for part in parts_of(source, format_, options, alphabet, digest, pieces=pieces):
            empty = False
            yield part
    if empty:
        raise no_items(sources, format_)


def no_items(sources: Sequence[str], format_: Format) -> CorpusError:
    """What is said of sources that have none."""
    names = ", ".join(map(name_of, sources))
    also = " and weights of 0" if format_.weight else ""
    return CorpusError(f"{names}: no items: empty, or has only blank lines{also}")


def parts_of(
    source: str,
    format_: Format,
    options: TextOptions,
    alphabet: Alphabet | None = None,
    digest: Digest | None = None,
    *,
    pieces: bool = False,
) -> Iterator[Corpus]:
    """As `stream`, for one source, which may be without items."""
    tally = Tally(format_.errors)
    of_text: list[Corpus] = []
    for block in read_blocks(source, format_, digest, tally, options):
        found = encode_block(block, f"{name_of(source)}: line", options, alphabet)
        for place, error in found.refused.items():
            if format_.errors == "stop" or (options.whole_files and format_.column is None):
                raise error
            tally.skip(block.number(place), error)
        corpus = Corpus.from_encoded(found, options)
        if corpus is None:
            continue
        if block.open and not pieces:
            of_text.append(corpus)
            if not corpus.open:
                yield Corpus.concatenate(of_text)
        else:
            yield corpus
    tally.tell()
