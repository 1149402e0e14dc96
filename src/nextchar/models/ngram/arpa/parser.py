r"""From the text of an ARPA file to numbers, order by order, with every fault named by its line.

Files of several programs are read, with what each allows itself: text before `\data\`, blanks of any kind
between fields, orders that are announced and empty, backoff weights of 0 in the highest order. N-grams that no item
can contain are left out: those with `<s>` inside, or with `</s>` before the last word.

Letters: M n-grams of one order n, V size of the alphabet; as a word, id V is `<s>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nextchar.data.alphabet import BOUNDARY, Alphabet
from nextchar.data.format import Block
from nextchar.errors import ModelFileError, SettingsError
from nextchar.models.ngram.arpa.words import BEGIN, END, UNKNOWN, character_of, cluster_of
from nextchar.models.ngram.counts import MAX_ORDER

__all__ = ["NgramSection", "Place", "sections"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_COUNT: Final = re.compile(r"ngram\s*(\d{1,3})\s*=\s*(\d{1,15})", flags=re.ASCII)
_HEADER: Final = re.compile(r"\\(\d{1,3})-grams:", flags=re.ASCII)
_NUMERIC: Final = frozenset("0123456789+-.eEinf")  # inf for those who write -inf and not -99
_SIGNS: Final = frozenset((BEGIN, END, UNKNOWN[0]))
_SHOWN: Final = 40  # characters of a line that an error message shows


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    name: str
    line: int

    def fault(self, message: str) -> ModelFileError:
        """An error that says where."""
        return ModelFileError(f"{self.name}: line {self.line}: {message}")


@dataclass(frozen=True, eq=False)
class NgramSection:
    """The n-grams of one order that an item can ask for, as they stand in the file.

    Where `<s>` is the last word, it takes probability that no symbol of an item has.

    Attributes:
        alphabet: of the whole file.
        words: (M, n) ids.
        log10_prob: (M,) at most 0.
        log10_weight: (M,) the backoff weight, 0 where the file has none.
        lines: (M,) where each stands.
    """

    alphabet: Alphabet
    words: I64
    log10_prob: F64
    log10_weight: F64
    lines: I64


class _Piece(NamedTuple):
    """One line that begins with a backslash, or all lines up to the next such line.

    Attributes:
        mark: whether it is the former.
        text: without the last line feed.
        line: the number of its first line.
    """

    mark: bool
    text: str
    line: int


def _pieces(blocks: Iterable[Block]) -> Iterator[_Piece]:
    for block in blocks:
        text, at, line = block.text, 0, block.first_line
        while at < len(text):
            mark = text[at] == "\\"
            end = text.find("\n" if mark else "\n\\", at)
            end = end if end >= 0 else len(text) - 1
            yield _Piece(mark, text[at:end], line)
            line += text.count("\n", at, end + 1)
            at = end + 1


def sections(name: str, blocks: Iterable[Block], *, by_clusters: bool = False) -> Iterator[NgramSection]:
    """The n-grams of an ARPA file, order by order.

    Args:
        name: of the file, for error messages.
        blocks: its text.
        by_clusters: whether a word may be a cluster of code points that readers see as one character.

    Raises:
        ModelFileError: it is not an ARPA file of characters, or is damaged; with line and cause.
    """
    header: list[tuple[int, int]] = []  # for each order the line and the number that it promises
    vocabulary = _Vocabulary(by_clusters)
    section: _Gathered | None = None
    before: tuple[int, str] | None = None  # the first line of what stands before the header
    begun = ended = False
    for piece in _pieces(blocks):
        place = Place(name, piece.line)
        if not begun or ended or (section is None and not piece.mark):
            for number, line in enumerate(piece.text.split("\n"), start=piece.line):
                text, place = line.strip(), Place(name, number)
                if text and ended:
                    raise place.fault(f"{_shown(text)} after \\end\\")
                if text and begun:
                    header.append((number, _promised(text, len(header) + 1, place)))
                if text and before is None:
                    before = (number, text)
                begun = begun or text == "\\data\\"
        elif not piece.mark:
            assert section is not None
            section.add(piece)
        else:
            done = 0 if section is None else section.n
            if section is not None:
                yield from section.closed(*header[done - 1], place)
            mark = piece.text.strip()
            while done < len(header) and header[done][1] == 0 and mark != f"\\{done + 1}-grams:":
                done += 1  # announced and empty: some programs leave its section out
            expected = f"\\{done + 1}-grams:" if done < len(header) or not header else "\\end\\"
            if mark != expected:
                raise place.fault(f"{_shown(mark)} where {expected} should stand")
            if not header:
                raise place.fault("there are no lines such as ngram 1=27 before it")
            ended = done == len(header)
            section = None if ended else _Gathered(name, done + 1, done + 1 == len(header), vocabulary)
    if before is None:
        raise ModelFileError(f"{name}: is empty; an ARPA file begins with \\data\\")
    if not begun:
        shown = _shown(before[1])
        raise Place(name, before[0]).fault(
            f"an ARPA file begins with \\data\\, not with {shown}, and no such line follows"
        )
    if not ended:
        raise ModelFileError(f"{name}: ends without \\end\\; it was cut off")
    if not vocabulary.signs:
        raise ModelFileError(f"{name}: has no 1-grams")


def _promised(text: str, n: int, place: Place) -> int:
    """The number in a line of the header."""
    count = _COUNT.fullmatch(text)
    if count is None:
        raise place.fault(f"{_shown(text)} in the header; a line such as ngram {n}=27 should stand there")
    if int(count[1]) != n:
        raise place.fault(f"the number of {count[1]}-grams, where that of {n}-grams should stand")
    if n > MAX_ORDER:
        raise place.fault(f"orders above {MAX_ORDER} cannot be read")
    return int(count[2])


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


@dataclass
class _Vocabulary:
    """The words of the 1-grams.

    Attributes:
        by_clusters: whether a word may be several code points that are seen as one character.
        signs: what each stands for, a character or one of the three signs, in the order of the file.
        ids: the id of each word; while the 1-grams are being read, its place in `signs`.
    """

    by_clusters: bool
    signs: list[str] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)

    def learn(self, words: list[str], lines: list[int], name: str) -> None:
        """Take in words of the 1-grams."""
        for word, line in zip(words, lines, strict=True):
            place = Place(name, line)
            character = cluster_of(word) if self.by_clusters else character_of(word)
            sign = UNKNOWN[0] if word in UNKNOWN else word if word in (BEGIN, END) else character
            if sign is None:
                if not self.by_clusters and cluster_of(word) is not None:
                    raise ModelFileError(
                        f"{name}: line {line}: the word {_shown(word)} is not one character but several code points "
                        "that are seen as one; such words are taken where clusters are symbols",
                        argument="graphemes",
                    )
                raise place.fault(
                    f"the word {_shown(word)} is not one character; a model of characters has blanks between them, "
                    "and <U+0020> for a blank itself"
                )
            if sign not in _SIGNS:
                try:
                    Alphabet.of_names([sign], by_clusters=self.by_clusters)
                except SettingsError as error:
                    raise place.fault(str(error)) from None
            if word in self.ids or (sign != word and sign in self.signs):
                raise place.fault(f"{_shown(word)} is among the 1-grams already")
            self.ids[word] = len(self.signs)
            self.signs.append(sign)

    def settle(self, place: Place) -> tuple[Alphabet, I64]:
        """The alphabet, and the id of each of `signs`; `ids` go by it from now on."""
        for sign in (BEGIN, END):
            if sign not in self.signs:
                raise place.fault(f"{sign} is not among the 1-grams; it stands for the boundary of an item")
        has_unknown = UNKNOWN[0] in self.signs
        characters = [sign for sign in self.signs if sign not in _SIGNS]
        try:
            if len(set(characters)) < len(characters):
                raise SettingsError("one of them twice")
            alphabet = Alphabet.of_names(characters, has_unknown=has_unknown, by_clusters=self.by_clusters)
        except SettingsError:
            raise place.fault("there are no characters among the 1-grams, or one of them twice") from None
        id_of = {END: BOUNDARY, UNKNOWN[0]: alphabet.size - 1, BEGIN: alphabet.size}
        id_of |= {character: i for i, character in enumerate(alphabet.names, start=1)}
        settled = np.array([id_of[sign] for sign in self.signs])
        self.ids = {word: int(settled[at]) for word, at in self.ids.items()}
        self.alphabet = alphabet
        return alphabet, settled


class _Gathered:
    """The n-grams of one order while they are being read."""

    def __init__(self, name: str, n: int, highest: bool, vocabulary: _Vocabulary) -> None:
        self.name, self.n, self.highest, self.vocabulary = name, n, highest, vocabulary
        self.sizes = (n + 1, n + 2)  # fields of a line
        self.log10_prob: list[F64] = [np.empty(0)]
        self.log10_weight: list[F64] = [np.empty(0)]
        self.words: list[I64] = [np.empty((0, n), dtype=np.int64)]
        self.lines: list[I64] = [np.empty(0, dtype=np.int64)]

    def add(self, piece: _Piece) -> None:
        """Take in some lines."""
        n, sizes = self.n, self.sizes
        probs: list[str] = []
        words: list[str] = []
        weights: list[str] = []
        lines: list[int] = []
        for line, text in enumerate(piece.text.replace("\t", " ").split("\n"), start=piece.line):
            fields = text.split(" ")
            if len(fields) not in sizes or "" in fields:
                fields = [part for part in fields if part]
                if not fields:
                    continue
                if len(fields) not in sizes:
                    raise Place(self.name, line).fault(self._miscounted(fields))
            probs.append(fields[0])
            words += fields[1 : n + 1]
            weights.append(fields[n + 1] if len(fields) > n + 1 else "0")
            lines.append(line)
            if self.highest and len(fields) > n + 1 and not _is_zero(fields[n + 1]):
                raise Place(self.name, line).fault(self._miscounted(fields))
        if n == 1:
            self.vocabulary.learn(words, lines, self.name)
        self.log10_prob.append(self._numbers(probs, lines, "log-probability"))
        self.log10_weight.append(self._numbers(weights, lines, "backoff weight"))
        self.words.append(self._ids(words, lines))
        self.lines.append(np.array(lines, dtype=np.int64))

    def _miscounted(self, fields: list[str]) -> str:
        weight = "a backoff weight" + " of 0, as the order is the highest" * self.highest
        also = f", or {self.sizes[1]} with {weight}"
        many = f"{len(fields)} field" + "s" * (len(fields) > 1)
        return f"{many} in {_shown(' '.join(fields))}; a line of {self.n}-grams has {self.sizes[0]}{also}"

    def _ids(self, words: list[str], lines: list[int]) -> I64:
        try:
            ids = np.array([self.vocabulary.ids[word] for word in words], dtype=np.int64)
        except KeyError as error:
            word = error.args[0]
            place = Place(self.name, lines[words.index(word) // self.n])
            raise place.fault(f"the word {_shown(word)} is not among the 1-grams") from None
        return ids.reshape(-1, self.n)

    def _numbers(self, texts: list[str], lines: list[int], what: str) -> F64:
        try:
            if set().union(*texts) <= _NUMERIC:
                return np.array([float(text) for text in texts])
        except ValueError:
            pass
        at = next(i for i, text in enumerate(texts) if not _is_number(text))
        raise Place(self.name, lines[at]).fault(f"the {what} {_shown(texts[at])} is not a number")

    def closed(self, header_line: int, promised: int, end: Place) -> Iterator[NgramSection]:
        """All that were read up to a line, checked one by one; nothing where none of them can be in an item."""
        words, lines = np.concatenate(self.words), np.concatenate(self.lines)
        log10_prob, log10_weight = np.concatenate(self.log10_prob), np.concatenate(self.log10_weight)
        if len(lines) != promised:
            raise Place(self.name, header_line).fault(
                f"it promises {promised:,} {self.n}-grams; up to line {end.line} there are {len(lines):,}"
            )
        if self.n == 1:
            settled = self.vocabulary.settle(end)[1]
            words = settled[words]
        for wrong, message in (
            (~(log10_prob <= 0), "a log-probability above 0"),
            (~(log10_weight < np.inf), "a backoff weight without bounds"),
        ):
            if wrong.any():
                raise Place(self.name, int(lines[np.argmax(wrong)])).fault(message)
        begin = self.vocabulary.alphabet.size
        inside, before_last = words[:, 1:-1], words[:, :-1]
        possible = ~((inside == begin).any(axis=1) | (before_last == BOUNDARY).any(axis=1))
        if possible.any():
            yield NgramSection(
                self.vocabulary.alphabet,
                words[possible],
                log10_prob[possible],
                log10_weight[possible],
                lines[possible],
            )


def _is_zero(text: str) -> bool:
    return _is_number(text) and float(text) == 0


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return set(text) <= _NUMERIC
