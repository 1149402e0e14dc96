"""Texts that are items as a whole: their line ends are symbols like any other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nextchar.data.alphabet import BOUNDARY, Alphabet, Ids, codepoints_of, unknown_symbol
from nextchar.data.decoding import MARK, REPLACEMENT, Decoder, Digest, line_ends, with_replacements
from nextchar.data.encoded_lines import Encoded
from nextchar.data.files import open_binary
from nextchar.data.format import Format, Tally
from nextchar.data.graphemes import Graphemes, clusters_of
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError

__all__ = ["encode_documents", "read_document"]


def read_document(source: str, name: str, format_: Format, digest: Digest | None, tally: Tally) -> str:
    """The whole text of a source, with line feeds for all line ends.

    Args:
        source: as for `open_binary`.
        name: what messages call it.
        format_: its encoding, and what becomes of what cannot be decoded: a document cannot be left out in part, so
            that only `replace` goes on.
        digest: takes in what is read.
        tally: counts the lines in which something was replaced.

    Raises:
        CorpusError: it cannot be read or decoded, or holds a NUL character; with line and byte.
    """
    if format_.column is not None:
        raise CorpusError(f"{source}: a text has no columns", argument="column")
    pieces: list[str] = []
    line = 1
    with open_binary(source) as handle:
        decoder = Decoder(name, handle, format_.encoding, digest)
        for piece in decoder:
            if MARK in piece or "\0" in piece:
                for place, text in enumerate(piece.split("\n")):
                    if MARK in text or "\0" in text:
                        refusal = decoder.refusal(text, line + place)
                        if format_.errors != "replace":
                            raise refusal.error
                        tally.replaced(line + place, refusal.error)
            line += line_ends(piece)
            pieces.append(with_replacements(piece).replace("\0", REPLACEMENT))
    return "".join(pieces)


def encode_documents(texts: Sequence[str], where: str, options: TextOptions, alphabet: Alphabet | None) -> Encoded:
    """Whole texts as items; empty ones are left out.

    Args:
        texts: with any line ends, which become line feeds.
        where: what stands before an item's number in an error.
        options: what is done to the text.
        alphabet: the characters that may occur; None for those that do.

    Raises:
        CorpusError: a text holds a NUL character or half a surrogate pair.
        UnknownSymbolError: a character is not in the given alphabet; with its place.
    """
    clean = [options.apply(text.replace("\r\n", "\n").replace("\r", "\n")) for text in texts]
    places = np.array([i for i, text in enumerate(clean) if text], dtype=np.int64)
    kept = [clean[i] for i in places]
    for number, text in enumerate(clean, start=1):
        if "\0" in text:
            raise CorpusError(f"{where} {number}: holds a NUL character, which no text has")
    if not kept:
        return Encoded(None, np.empty(0, dtype=np.uint8), None, len(clean), places, {})
    clusters: tuple[str, ...] | None = None
    if alphabet is not None:
        written = [alphabet.written(text) for text in kept]
    elif options.graphemes:
        clusters = tuple(sorted(set().union(*(clusters_of(text) for text in kept))))
        signs = Graphemes(clusters)
        written = [signs.written(text) for text in kept]
    else:
        written = kept
    if alphabet is None:
        alphabet = _alphabet_of(written, where, clusters)
    ids: list[Ids] = []
    end = np.array([BOUNDARY], dtype=alphabet.dtype)
    for place, text in zip(places.tolist(), written, strict=True):
        codepoints = codepoints_of(text)
        if not alphabet.has_unknown and len(missing := alphabet.absent(codepoints)):
            at = int(missing[0])
            line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
            raise unknown_symbol(
                alphabet.split(kept[len(ids) // 2])[at], at, at=f"{where} {place + 1}, line {line}, character {column}"
            )
        ids += [alphabet.encode_codepoints(codepoints), end]
    return Encoded(alphabet, np.concatenate(ids), None, len(clean) - len(kept), places, {})


def _alphabet_of(texts: Sequence[str], where: str, clusters: tuple[str, ...] | None) -> Alphabet:
    characters = "".join(sorted(set().union(*map(set, texts))))
    if half := next((c for c in characters if "\ud800" <= c <= "\udfff"), None):
        raise CorpusError(f"{where}: holds half a surrogate pair (U+{ord(half):04X}); not valid text")
    return Alphabet(characters, clusters=clusters)
