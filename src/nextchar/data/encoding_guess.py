"""Which encoding bytes are in, judged by the letters that come out: advice for people, never used by itself.

Detectors of encodings need a paragraph; a list of names has one letter in twenty that tells anything. So each
candidate is an encoding together with the letters of a language that is written in it: it is as good as the share of
its characters beyond ASCII that are among them, a little better where these are the frequent ones, and a little less
good where the encoding is less usual. Of Latin encodings the best is named; of others all that are nearly as good.
"""

from __future__ import annotations

import codecs
from typing import Final, NamedTuple

__all__ = ["Mark", "advice", "doubt", "guess", "is_utf8", "mark_of", "may_open_a_mark"]

_SAMPLE: Final = 1 << 14  # bytes of lines that have more than ASCII
_SURE: Final = 0.85  # the score from which a guess is one
_NEAR: Final = 0.03  # and within which several are named
_FREQUENT: Final = 10  # letters of an alphabet other than the Latin, which stand first in its list
_BONUS: Final = 0.1  # for these, where an alphabet is good
_BONUS_OF_FREQUENT: Final = 0.03  # the same of Latin letters, for the most frequent ones
_UNUSUAL: Final = 0.015  # less for each place of an encoding among those of its languages
_SELDOM: Final = 0.04  # less for what differs from a more usual one in few letters
_PAIRS_BONUS: Final = 0.06  # East Asian characters, where all are common ones
_SIGNS: Final = frozenset("‘’‚“”„–—…€«»·•™ªº\xa0\u202f")
_INSIDE: Final = frozenset("‘’–—…·\xa0\u202f")  # those that may stand between letters
_BEFORE: Final = {"õ": "eE", "ã": "oOeE \n,;\t"}  # what follows in Portuguese: ações, João, irmã
_AFTER_BLANKS: Final = frozenset("£°§©®½¼²¿¡")
_SEVERAL: Final = "éèáüöäíóçàñêãâåøôúïëæîûœùßõìò"  # languages beside each other, which is less likely
_WESTERN: Final = ("cp1252", "mac_roman", "cp850")  # the usual one first: of two that are as good it is meant
_CENTRAL: Final = ("cp1250", "iso8859-2", "cp852")
_TURKISH: Final = ("cp1254", "cp857")
_BALTIC: Final = ("cp1257",)
_LESS: Final = {_WESTERN: 0.0, _CENTRAL: 0.0225, _TURKISH: 0.0285, _BALTIC: 0.0285}  # one frequent letter decides less
_LATIN: Final = (  # the encodings of a language, and its letters, the frequent ones first
    (_WESTERN, "éèêàçîïôûùâëœüæ"),  # French
    (_WESTERN, "üäöß"),
    (_WESTERN, "óíáéñúü"),
    (_WESTERN, "ãáçéíóúêâõôàü"),
    (_WESTERN, "àèùéòìíóçïü"),  # Italian and Catalan
    (_WESTERN, "äåöéü"),  # Swedish and Finnish
    (_WESTERN, "øåæéöäü"),
    (_WESTERN, "áíóöéúýþðæ"),
    (_CENTRAL, "łóąężśćńź"),
    (_CENTRAL, "áíéěřčýšžůúťňďóüä"),
    (_CENTRAL, "áéóöőüíúű"),
    (_CENTRAL, "áíčéýžšúľťňôďäóŕĺ"),
    (_CENTRAL, "ćčšžđ"),
    (_CENTRAL, "ăşîţâ"),
    (_TURKISH, "ıüşöğçİâî"),
    (_BALTIC, "ėšūąžįųęč"),
    (_BALTIC, "āīēšņļūķčžģ"),
    (_BALTIC, "äõüöšž"),  # Estonian
    (_WESTERN, _SEVERAL),
)
_CYRILLIC: Final = "оеаинтсрвлбгдёжзйкмпуфхцчшщъыьэюяіїєґў"
_ARABIC: Final = "اليمونرتبعثجحخدذزسشصضطظغفقكهىةءآأؤإئپچژگ"
_GREEK: Final = "αοιετσνηυρςβγδζθκλμξπφχψωάέήίόύώϊϋΐΰ"
_OTHER_ALPHABETS: Final = (  # the frequent letters first
    ("cp1251", _CYRILLIC),
    ("koi8-r", _CYRILLIC),
    ("koi8-u", _CYRILLIC),
    ("cp866", _CYRILLIC),
    ("iso8859-5", _CYRILLIC),
    ("mac_cyrillic", _CYRILLIC),
    ("cp1253", _GREEK),
    ("iso8859-7", _GREEK),
    ("cp737", _GREEK),
    ("cp1255", "יוהלארמשתבגדזחטךכםןנסעףפץצק"),
    ("cp1256", _ARABIC),
    ("iso8859-6", _ARABIC),
    ("cp874", "านรอกเงมยล" + "".join(map(chr, range(0x0E01, 0x0E4F)))),
)
_COMMON_PAIRS: Final = {  # of East Asian encodings: which bytes open the characters that are common
    "shift_jis": (*range(0x82, 0x84), *range(0x88, 0x98)),
    "gb18030": tuple(range(0xB0, 0xD8)),
    "big5": tuple(range(0xA4, 0xC7)),
    "euc-kr": tuple(range(0xB0, 0xC9)),
    "euc-jp": (0xA4, 0xA5, *range(0xB0, 0xD0)),
}


class Mark(NamedTuple):
    """A byte order mark.

    Attributes:
        sign: the bytes that a text begins with.
        encoding: that it is in then.
        codecs: names of all codecs that say the same.
    """

    sign: bytes
    encoding: str
    codecs: tuple[str, ...]


_MARKS: Final = (  # the longer ones first
    Mark(codecs.BOM_UTF32_LE, "utf-32", ("utf-32", "utf-32-le")),
    Mark(codecs.BOM_UTF32_BE, "utf-32", ("utf-32", "utf-32-be")),
    Mark(codecs.BOM_UTF16_LE, "utf-16", ("utf-16", "utf-16-le")),
    Mark(codecs.BOM_UTF16_BE, "utf-16", ("utf-16", "utf-16-be")),
    Mark(codecs.BOM_UTF8, "utf-8", ("utf-8", "utf-8-sig")),
)


def mark_of(sample: bytes) -> Mark | None:
    """The byte order mark that bytes begin with, if they do."""
    return next((mark for mark in _MARKS if sample.startswith(mark.sign)), None)


def may_open_a_mark(sample: bytes) -> bool:
    """Whether bytes, the first of a text, are too few to tell which mark they are, if any."""
    return any(mark.sign.startswith(sample) and mark.sign != sample for mark in _MARKS)


def advice(sample: bytes, *, otherwise: str = "cp1252") -> str:
    """Which encoding to give: the one that the bytes look like, or an example."""
    found = guess(sample)
    return f"probably {' or '.join(found)}" if found else f"for example {otherwise}"


def guess(sample: bytes) -> tuple[str, ...]:
    """The encoding that bytes are in, or several that are as likely; ASCII and UTF-8 are both utf-8."""
    if (mark := mark_of(sample)) is not None:
        return (mark.encoding,)
    if (wide := _wide(sample)) is not None:
        return (wide,)
    if _escaped(sample):
        return ("iso2022_jp",)
    if is_utf8(sample):
        return ("utf-8",)
    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:_SAMPLE]
    scores: dict[str, float] = {}
    for encodings, letters in _LATIN:
        for place, encoding in enumerate(encodings):
            less = _LESS[encodings] + _UNUSUAL * place
            score = _latin(telling, encoding, letters) * (1 - _NEAR * (letters is _SEVERAL)) - less
            scores[encoding] = max(scores.get(encoding, 0), score)
    for encoding, letters in _OTHER_ALPHABETS:
        scores[encoding] = _alphabet(telling, encoding, letters) - _SELDOM * (encoding == "koi8-u")
    for encoding in _COMMON_PAIRS:
        scores[encoding] = _pairs(telling, encoding)
    best = max(scores.values())
    if best < _SURE:
        return ()
    latin = [encoding for encodings, _ in _LATIN for encoding in encodings if scores[encoding] == best]
    return tuple(latin[:1]) or tuple(encoding for encoding, score in scores.items() if score > best - _NEAR)


def _wide(sample: bytes) -> str | None:
    """UTF-16 and UTF-32 without a mark, by where the zero bytes of plain letters are."""
    zeros = [sample[k::4].count(0) for k in range(4)]
    if sum(zeros) * 5 < len(sample) or not sample:  # fewer than one byte in five
        return None
    if sum(zeros) * 2 > len(sample):
        return "utf-32-le" if zeros[0] <= zeros[3] else "utf-32-be"
    return "utf-16-le" if zeros[0] + zeros[2] <= zeros[1] + zeros[3] else "utf-16-be"


def _escaped(sample: bytes) -> bool:
    """Whether there are the escape sequences of ISO-2022-JP, whose bytes are all ASCII."""
    return b"\x1b$B" in sample or b"\x1b$@" in sample


def is_utf8(sample: bytes) -> bool:
    """Whether bytes are valid UTF-8, of which the end may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(telling: bytes, encoding: str) -> str:
    """The text, or none where the encoding does not have these bytes; the sample may end inside a character."""
    errors = "replace" if encoding == "cp1252" else "strict"  # of which Python lacks five bytes
    try:
        return codecs.getincrementaldecoder(encoding)(errors).decode(telling)
    except UnicodeDecodeError:
        return ""


def _latin(telling: bytes, encoding: str, letters: str) -> float:
    """The share of characters beyond ASCII that are letters of the language, or signs, where writing has them.

    A little more where these are its frequent letters.
    """
    good = letter = total = 0
    frequent = 0.0
    western = encoding in _WESTERN  # where letters beyond ASCII do not come by threes
    text = f" {_decoded(telling, encoding)} "
    for before, character, after in zip(text, text[1:], text[2:], strict=False):
        if character.isascii():
            continue
        total += 1
        if character in _SIGNS:
            fits = character in _INSIDE or not (before.isalpha() and after.isalpha())
            good += fits
            frequent += fits and encoding == "cp1252"
        elif character in _AFTER_BLANKS:
            good += not before.isalpha()
        elif (place := max(letters.find(character), letters.find(character.lower()[0]))) >= 0:
            shouted = character.isupper() and before.islower()
            crowded = western and not before.isascii() and not after.isascii()
            fits = not shouted and not crowded and (not western or after in _BEFORE.get(character.lower(), after))
            good += fits
            letter += fits
            frequent += fits / (1 + place / 3)
    if not (letter or (good and encoding == "cp1252")):
        return 0.0
    return (good + _BONUS_OF_FREQUENT * frequent) / total


def _alphabet(telling: bytes, encoding: str, letters: str) -> float:
    """The same for an alphabet of its own, where words have no letter of ASCII; frequent letters are better."""
    good = frequent = total = 0
    text = f" {_decoded(telling, encoding)} "
    for before, character, after in zip(text, text[1:], text[2:], strict=False):
        if character.isascii():
            continue
        total += 1
        mixed = any(c.isascii() and c.isalpha() for c in (before, after))
        shouted = character.isupper() and before.islower()
        if character in _SIGNS or (character.lower() in letters and not mixed and not shouted):
            good += 1
            frequent += character.lower() in letters[:_FREQUENT]
    return (good + _BONUS * frequent) / total if total else 0.0


def _pairs(telling: bytes, encoding: str) -> float:
    """The share of the characters beyond ASCII that are among the common ones."""
    good = total = 0
    text = f" {_decoded(telling, encoding)} "
    for before, character, after in zip(text, text[1:], text[2:], strict=False):
        if character.isascii():
            continue
        total += 1
        pair = character.encode(encoding)
        common = len(pair) == 2 and pair[0] in _COMMON_PAIRS[encoding]
        good += common and not any(c.isascii() and c.isalpha() for c in (before, after))
    return good / total * (1 + _PAIRS_BONUS) if total else 0.0


def doubt(sample: bytes, text: str, encoding: str) -> str | None:
    """Why another encoding than the given one is meant, or None; of what can be decoded either way.

    Args:
        sample: the first bytes.
        text: what the encoding makes of them.
        encoding: the one that was given.
    """
    codec = codecs.lookup(encoding).name
    if _escaped(sample) and not codec.startswith("iso2022"):
        return f"read as {encoding} it holds escape sequences; its encoding is probably iso2022_jp"
    if codec in ("utf-8", "utf-8-sig", "utf-7") or not sample:
        return None
    if codec in ("iso8859-1", "iso8859-15") and any("\x80" <= c <= "\x9f" and c != "\x85" for c in text):
        return f"read as {encoding} it holds control characters; its encoding is {advice(sample)}"
    plain = codec.startswith(("utf-16", "utf-32")) and b"\0" not in sample
    if codec in ("utf-16-le", "utf-16-be") and (wide := _wide(sample)) not in (None, codec):
        return f"it was read as {encoding}, but where its zero bytes are its encoding is probably {wide}"
    if (plain or not sample.isascii()) and b"\x1b" not in sample and is_utf8(sample) and not _wide(sample):
        return f"it was read as {encoding}, but its bytes are valid UTF-8; its encoding is probably utf-8"
    return None
