"""Guesses of an encoding, right for short lists; and doubts where text can be read in two ways."""

from __future__ import annotations

import re

import pytest

from nextchar.data.encoding_guess import advice, doubt, guess

PLAIN = "emma\nolivia\nava\n" * 30
TEXTS = {
    "cp1252": (
        "noël\n",
        "rené\nzoë\n",
        "Müller\nGroß\n",
        "José\nNuñez\n",
        "“quoted”\nit’s\n",
        "Åse\nBjørn\n",
        "name;betrag\nÖzil;10 €\n",
        "João\nConceição\nSimões\n",
        "Ça va très bien, n’est-ce pas ?\n",
        "Sigurður\nÞór\n",
        "naïve\nPiñata\nOsnabrück\n",
    ),
    "cp1250": ("Łukasz\nŚwięty\nŻółć\n", "Jiří\nTomáš\n", "László\nGyőző\n", "Dvořák\n"),
    "cp1251": ("Иван\nМария\n", "имя;число\nОльга;5\n"),
    "cp1253": ("Γιώργος\nΜαρία\n",),
    "cp1254": ("Gülşah\nİbrahim\nIşık\n",),
    "iso8859-2": ("Łukasz\nPaweł\nŚwiętosława\n", "Jiří\nTomáš\nŽofie\n"),
    "cp852": ("Łukasz\nPaweł\nŚwiętosława\n", "Jiří\nTomáš\nŽofie\n"),
    "cp850": ("Müller\nGroß\nKäse\nÖl\n", "Hélène\nFrançois\nGenève\n"),
    "cp437": ("Müller\nGroß\nKäse\nÖl\n", "José\nNúñez\nMaría\n"),
    "cp857": ("Gülşah\nIşık\nÇağrı\n",),
    "cp866": ("Иван\nМария\nСергей\n", "имя,число\nАнна,1\nБорис,2\n"),
    "iso8859-5": ("Иван\nМария\nСергей\n", "имя,число\nАнна,1\nБорис,2\n"),
    "mac_cyrillic": ("Анна Иванова\nБорис Сергеев\n",),
    "koi8-u": ("Олексій\nЮлія\nЄвген\nАндрій\n",),
    "iso8859-7": ("Γιώργος\nΜαρία\nΆννα\n",),
    "cp737": ("Γιώργος\nΜαρία\nΕλένη\n",),
    "iso8859-6": ("محمد\nفاطمة\nعلي\n",),
    "iso2022_jp": ("田中\nさくら\n",),
    "cp1257": ("Šarūnas\nRūta\nĖglė\n", "Jānis\nRūdolfs\nZiedonis Šķēle\n"),
    "koi8-r": ("Иван\nМария\nСергей\n",),
    "mac_roman": ("José\nMüller\nZoë\n",),
    "shift_jis": ("田中\nさくら\nハナコ\n",),
    "gb18030": ("王伟\n李娜\n张敏\n刘洋\n",),
    "big5": ("王偉\n李娜\n張敏\n劉洋\n陳美玲\n",),
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("before", ["", PLAIN])
def test_the_text_can_be_read_as_advised(encoding: str, before: str) -> None:
    for text in TEXTS[encoding]:
        found = guess((before + text).encode(encoding))
        assert found, text
        assert text in [text.encode(encoding).decode(name) for name in found], (text, found)


@pytest.mark.parametrize("text", ["emma\nava\n", "name\tn\nÉlodie\t3\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_unicode_is_recognised(encoding: str, text: str) -> None:
    assert guess(text.encode(encoding)) == (encoding,)


def test_noise_is_not_called_an_encoding() -> None:
    assert guess(b"a\xff\x81\x03b\xfe\x90\x02\n") == ()
    assert advice(b"a\xff\x81\x03b\xfe\x90\x02\n") == "for example cp1252"
    assert advice("zoë\n".encode("cp1252")) == "probably cp1252"


@pytest.mark.parametrize(
    ("data", "encoding", "says"),
    [
        ("it’s\n".encode("cp1252"), "latin-1", "control characters.*cp1252"),
        ("zoë\n".encode(), "latin-1", "UTF-8"),
        ("zoë\n".encode(), "cp1252", "UTF-8"),
        ("Иван\n".encode(), "cp1251", "UTF-8"),
        (b"emma\nava\n", "utf-16-be", "UTF-8"),
        ("田中\n".encode("iso2022_jp"), "utf-8", "escape sequences.*iso2022_jp"),
        ("田中\n".encode("iso2022_jp"), "cp1252", "escape sequences.*iso2022_jp"),
        ("emma\nava\n".encode("utf-16-le"), "utf-16-be", "probably utf-16-le"),
    ],
)
def test_doubts(data: bytes, encoding: str, says: str) -> None:
    found = doubt(data, data.decode(encoding, "replace"), encoding)
    assert found is not None
    assert re.search(says, found), found


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("zoë\n", "latin-1"),
        ("zoë\n", "cp1252"),
        ("it’s\n", "cp1252"),
        ("emma\n", "latin-1"),
        ("emma\n", "utf-16-le"),
        ("王伟\n", "utf-16-le"),
        ("王伟\n", "gb18030"),
        ("日本\n", "iso2022_jp"),
        ("zoë\n", "utf-8"),
    ],
)
def test_no_doubts(text: str, encoding: str) -> None:
    assert doubt(text.encode(encoding), text, encoding) is None
