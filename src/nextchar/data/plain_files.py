r"""Plain text files, and blocks of them, straight to ids: no pass over all of the text for each thing there is to do.

The bytes are read in pieces of whole lines that stay in the processor's cache. Plain letters are looked up, one after
the other; a piece with more than that (other characters, blanks to strip, \r, empty lines) goes through a loop that
knows UTF-8. Characters are numbered as they come, and sorted after the first pieces and at the end, when there is
nothing left to do if no new ones came. What text options do to a character is asked once for each. Whatever remains,
and everything that may be an error, is left to `corpus.stream`, which says it best.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from nextchar._kernels.loading import kernels_loaded
from nextchar.data.alphabet import Alphabet, Ids
from nextchar.data.decoding import Digest
from nextchar.data.file_kinds import no_text
from nextchar.data.files import is_plain_local_file, open_binary
from nextchar.data.format import Format
from nextchar.data.text_options import BLANKS, TextOptions

__all__ = ["Plain", "encode_plain", "read_plain"]

COMPILED_FROM: Final = 50_000_000  # bytes from which loading the compiled loops repays itself
PIECE_BYTES: Final = 1 << 17
BLOCK_FROM: Final = 1 << 17  # characters of a block, from which on it repays the tables
LONGEST_LINE: Final = 1 << 24  # that is worth the copying until its end is found
CAREFUL_PIECES: Final = 16  # after one that had more than plain letters
_SORTED_BELOW: Final = 1 << 24  # ids, up to which characters are sorted before the end
_FIRST_BYTES: Final = 1 << 10
_MARK: Final = b"\xef\xbb\xbf"  # of byte order
_UTF8: Final = {"utf-8", "utf8", "ascii"}
_STRANGE: Final = frozenset("\n\r\0\ufffe")
_LF, _CR = 10, 13
_CLOSER_LOOK: Final = 1 << 28  # see `encode_ascii`
_LINE_END: Final = 0b1111 << 24
_BLANK: Final = 0b0110 << 24


class Plain(NamedTuple):
    """What was read: the alphabet, the ids, and how many empty lines were left out."""

    alphabet: Alphabet
    ids: Ids
    blank: int


def read_plain(
    sources: Sequence[str], format_: Format, options: TextOptions, alphabet: Alphabet | None, digest: Digest
) -> Plain | None:
    """The items of local files, or None where some need a closer look, are small, or have no item."""
    if format_.column is not None or format_.encoding.lower() not in _UTF8 or not sources:
        return None
    if options.graphemes or options.documents or (alphabet is not None and alphabet.clusters is not None):
        return None
    if not all(map(is_plain_local_file, sources)):
        return None
    size = sum(Path(source).stat().st_size + 1 for source in sources)
    if size < COMPILED_FROM and not kernels_loaded():
        return None
    try:
        reader = _Reader(size, options, alphabet, ascii_only=format_.encoding.lower() == "ascii")
        for source in sources:
            with open_binary(source) as handle:
                if not reader.take_in(source, handle, digest):
                    return None
    except MemoryError:  # of room that is taken before it is known how much is needed
        return None
    return reader.result()


def encode_plain(text: str, options: TextOptions, alphabet: Alphabet | None) -> Plain | None:
    """The items of a block of lines, or None where some need a closer look, it is small, or has no item.

    Args:
        text: the lines, each with a line feed at its end.
        options: what is done to them.
        alphabet: the characters that may occur; None for those that do.
    """
    if len(text) < BLOCK_FROM or not kernels_loaded() or not text.endswith("\n") or "\r" in text:
        return None
    if options.graphemes or options.documents or (alphabet is not None and alphabet.clusters is not None):
        return None
    try:
        lines = text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair
        return None
    reader = _Reader(len(lines), options, alphabet, ascii_only=False)
    return reader.result() if reader.take_in_lines(lines) else None


class _Reader:
    """Ids of one file after the other.

    Args:
        size: bytes of all files, with a line end at the end of each.
        options: what is done to the text.
        alphabet: the characters that may occur; None for all.
        ascii_only: whether others are errors.
    """

    def __init__(self, size: int, options: TextOptions, alphabet: Alphabet | None, *, ascii_only: bool) -> None:
        self._options, self._alphabet, self._ascii_only = options, alphabet, ascii_only
        self._characters: list[str] = []  # by id, from 1
        self._number: dict[str, int] = {}
        self._met: list[str] = []  # as they stand in the text
        self._table = np.zeros(0x110000, dtype=np.uint32)
        self._blanks = BLANKS if options.strip else BLANKS[:0]
        self._rules = np.full(256, _CLOSER_LOOK, dtype=np.uint32)
        self._rules[_LF] = _LINE_END
        self._pairs: npt.NDArray[np.uint32] | None = None
        if not options.strip:  # only two line ends must not meet
            self._rules[_LF] = 0b0101 << 24
        self._ids: npt.NDArray[Any] = np.empty(size, dtype=np.uint8 if alphabet is None else alphabet.dtype)
        self._filled = self._empty = self._careful = self._room = self._sorted = 0

    def take_in(self, source: str, handle: BinaryIO, digest: Digest) -> bool:
        """Read a file to its end; whether there was nothing that needs a closer look."""
        buffer = np.empty(PIECE_BYTES, dtype=np.uint8)
        held, first = 0, True
        while True:
            if held + PIECE_BYTES // 2 > len(buffer):
                if held > LONGEST_LINE:
                    return False
                buffer = np.concatenate([buffer[:held], np.empty(len(buffer), dtype=np.uint8)])
            got = cast(Any, handle).readinto(buffer.data[held : len(buffer) - 1])
            digest.update(cast(bytes, buffer.data[held : held + got]))
            begin, end = 0, held + got
            if first:
                beginning = buffer[:_FIRST_BYTES].tobytes()[:end]
                if no_text(source, beginning):
                    return False
                begin, first = len(_MARK) * beginning.startswith(_MARK), False
            if not got:
                buffer[held] = _LF
                return not held or self._encode(buffer[: held + 1])
            line_end = _last_line_end(buffer, end)
            if line_end <= begin:
                if begin:
                    buffer[: end - begin] = buffer[begin:end].copy()
                held = end - begin
                continue
            if not self._encode(buffer[begin:line_end]):
                return False
            held = end - line_end
            buffer[:held] = buffer[line_end:end].copy()

    def take_in_lines(self, lines: bytes) -> bool:
        """Read whole lines of UTF-8; whether there was nothing that needs a closer look."""
        begin = 0
        while begin < len(lines):
            end = lines.rfind(b"\n", begin, begin + PIECE_BYTES) + 1 or lines.find(b"\n", begin) + 1
            if not self._encode(np.frombuffer(bytearray(lines[begin:end]), dtype=np.uint8)):  # an array to write to
                return False
            begin = end
        return True

    def _encode(self, piece: npt.NDArray[np.uint8]) -> bool:
        """Add the ids of whole lines; whether there was nothing that needs a closer look."""
        done = self._letters(piece) or self._closer(piece)
        if done and self._filled >= self._sorted and self._filled < _SORTED_BELOW:
            self._sort()
            self._sorted = 2 * self._filled
        return done

    def _letters(self, piece: npt.NDArray[np.uint8]) -> bool:
        """The same where there are plain letters alone."""
        from nextchar._kernels.corpus import encode_ascii, encode_ascii_pairs

        if self._careful:
            self._careful -= 1
            return False
        if self._ids.dtype != np.uint8:
            done = encode_ascii(piece, self._rules, self._ids, self._filled)
        else:
            if self._pairs is None:
                self._pairs = _pairs_of(self._rules)
            done = encode_ascii_pairs(piece, self._pairs, self._rules, self._ids, self._filled)
        self._filled += len(piece) * done
        return bool(done)

    def _closer(self, piece: npt.NDArray[np.uint8]) -> bool:
        from nextchar._kernels.corpus import CLEAN, NEW, encode_utf8

        self._room = len(piece)
        state = np.array([0, self._filled, self._filled, self._filled, -1, 0, 0], dtype=np.int64)
        while (status := encode_utf8(piece, self._table, self._blanks, self._ids, state)) != CLEAN:
            new = int(state[0] if state[4] < 0 else state[4])
            if status != NEW or not self._add(bytes(piece[new : new + 4]).decode("utf-8", "ignore")[0]):
                return False
            if state[4] >= 0:  # the blank has been written without an id, and perhaps others
                state[:6] = 0, self._filled, self._filled, self._filled, -1, 0
        self._filled = int(state[1])
        self._empty += int(state[5])
        if state[6]:
            self._careful = CAREFUL_PIECES
        return True

    def _add(self, character: str) -> bool:
        """Give a character an id; whether it can have one."""
        became = self._options.alone(character)
        if became is None or became in _STRANGE or (self._ascii_only and not character.isascii()):
            return False
        number = self._number.get(became)
        if number is None:
            if self._alphabet is not None:
                number = self._known(self._alphabet, became)
                if not number:
                    return False
            else:
                self._characters.append(became)
                number = len(self._characters)
                if number > np.iinfo(self._ids.dtype).max:
                    wider = np.empty(len(self._ids), dtype=np.min_scalar_type(number))
                    wider[: self._filled + self._room] = self._ids[: self._filled + self._room]
                    self._ids = wider
            self._number[became] = number
        self._met.append(character)
        self._set(character, number)
        return True

    def _set(self, character: str, number: int) -> None:
        """Read a character as this id."""
        self._table[ord(character)] = number
        if character.isascii():
            self._rules[ord(character)] = number | (_BLANK if self._options.strip and character.isspace() else 0)
            self._pairs = None

    def _sort(self) -> None:
        """Number the characters so far in their order; those that come later are numbered as they come."""
        if self._alphabet is not None or self._characters == sorted(self._characters):
            return
        from nextchar._kernels.corpus import renumber

        numbers = np.zeros(len(self._characters) + 1, dtype=self._ids.dtype)
        numbers[1:] = np.argsort(np.argsort(np.array(self._characters))) + 1
        renumber(self._ids[: self._filled], numbers)
        self._characters.sort()
        self._number = {character: i + 1 for i, character in enumerate(self._characters)}
        for character in self._met:
            self._set(character, int(numbers[self._table[ord(character)]]))

    @staticmethod
    def _known(alphabet: Alphabet, character: str) -> int:
        place = alphabet.characters.find(character) + 1
        return place or alphabet.unknown or 0

    def result(self) -> Plain | None:
        """All ids, in an alphabet that is sorted."""
        if not self._filled:
            return None
        ids = self._ids[: self._filled]
        if self._alphabet is not None:
            return Plain(self._alphabet, ids, self._empty)
        self._sort()
        return Plain(Alphabet("".join(self._characters)), ids, self._empty)


def _last_line_end(buffer: npt.NDArray[np.uint8], end: int) -> int:
    """Where the last line that ends before `end` ends; mostly near there."""
    near = max(end - _FIRST_BYTES, 0)
    found = bytes(buffer.data[near:end]).rfind(b"\n") + 1
    return near + found if found else bytes(buffer.data[:near]).rfind(b"\n") + 1


def _pairs_of(rules: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The rules of two bytes that follow each other (see `encode_ascii_pairs`)."""
    both = rules[np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2)]
    first, second = both.T
    ids = both.astype(np.uint8).reshape(-1).view(np.uint16).astype(np.uint32)
    closer = (first | second) & _CLOSER_LOOK
    closer[((first << 2) & second & (3 << 26)) != 0] |= _CLOSER_LOOK
    pairs: npt.NDArray[np.uint32] = ids | (first & (3 << 26)) | (second & (3 << 24)) | closer
    return pairs
