"""Line by line: one place for each line that came in, blank and refused ones too, and answers before the input ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nextchar.data.alphabet import Alphabet
from nextchar.data.format import ErrorPolicy, Format
from nextchar.data.lines import LineBlock, lines_of_items, read_lines
from nextchar.data.text_options import TextOptions
from nextchar.errors import CorpusError, InputWarning, UnknownSymbolError

ABC = Alphabet("abc")


def only(blocks: Iterator[LineBlock]) -> LineBlock:
    (block,) = blocks
    return block


def items_of(block: LineBlock) -> dict[int, str]:
    """The items by the numbers of their lines."""
    items = [] if block.corpus is None else list(block.corpus)
    return {block.numbers[place]: item for place, item in zip(block.places.tolist(), items, strict=True)}


def test_each_line_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b" ab \n\n  \nc\nBA\n")
    block = only(read_lines(str(path), Format(), TextOptions(lower=True), ABC))
    assert list(block.lines) == [" ab ", "", "  ", "c", "BA"]
    assert list(block.numbers) == [1, 2, 3, 4, 5]
    assert items_of(block) == {1: "ab", 4: "c", 5: "ba"}
    assert not block.refused


def test_without_lines_there_is_no_block(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"")
    assert list(read_lines(str(path), Format(), TextOptions(), ABC)) == []
    path.write_bytes(b"\n")
    block = only(read_lines(str(path), Format(), TextOptions(), ABC))
    assert (list(block.lines), block.corpus) == ([""], None)


@pytest.mark.parametrize("errors", ["skip", "replace"])
def test_what_is_skipped_keeps_its_place(tmp_path: Path, errors: ErrorPolicy) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb\xff\nabx\nc\0c\nxx\ncab\n")
    # The model knows neither x nor U+FFFD, so that a replaced character does not mend a line for it.
    with pytest.warns(UserWarning, match=r"4 lines skipped, the first: .*a\.txt: line 2"):
        block = only(read_lines(str(path), Format(errors=errors), TextOptions(), ABC))
    assert list(block.lines) == ["a", "b\ufffd", "abx", "c\ufffdc", "xx", "cab"]
    assert items_of(block) == {1: "a", 6: "cab"}
    assert sorted(block.refused) == [1, 2, 3, 4]
    assert "line 3, character 3: the model does not know 'x'" in str(block.refused[2])


def test_a_symbol_for_the_unknown_takes_what_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb\xff\nc\0\n")
    known = Alphabet("abc", has_unknown=True)
    with pytest.warns(UserWarning, match=r"2 lines read with characters replaced, the first: .*line 2, byte 4"):
        block = only(read_lines(str(path), Format(errors="replace"), TextOptions(), known))
    assert items_of(block) == {1: "a", 2: "b\ufffd", 3: "c\ufffd"}


def test_the_lines_before_the_one_that_stops_are_given(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for content, says in ((b"a\n\ncb\nxa\n", "line 4, character 1"), (b"a\n\ncb\nb\xff\n", "line 4, byte 8")):
        path.write_bytes(content)
        blocks = read_lines(str(path), Format(), TextOptions(), ABC)
        assert items_of(next(blocks)) == {1: "a", 3: "cb"}
        with pytest.raises((CorpusError, UnknownSymbolError), match=says):
            next(blocks)


def test_rows_have_the_number_of_their_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'n,name\n1,a\n"two\nlines",b\n\n3\n4,c\n"5"x,a\n6,b\n')
    with pytest.warns(UserWarning, match=r"2 lines skipped, the first: .*line 6: 1 field where the header has 2"):
        block = only(read_lines(str(path), Format(column="name", errors="skip"), TextOptions(), ABC))
    # line 1 is the header, line 5 blank, line 6 a row too short, and line 8 has a quote where none may be
    assert list(block.numbers) == [2, 3, 5, 6, 7, 8, 9]
    assert items_of(block) == {2: "a", 3: "b", 7: "c", 9: "b"}
    assert sorted(block.refused) == [3, 5]


@pytest.mark.parametrize("errors", ["skip", "replace"])
def test_what_text_has_replaced_is_still_there_as_it_came_in(tmp_path: Path, errors: ErrorPolicy) -> None:
    table = tmp_path / "a.csv"
    table.write_bytes(b'n,name\n1,a\n2,"a\nb"\n3,c\0b\n4,"a\n\xff"\n5,a,"b\nc"\n"x\n"\xff,a\n6,\0')
    with pytest.warns(InputWarning):
        block = only(read_lines(str(table), Format(column="name", errors=errors), TextOptions(), ABC))
    # Rows begin in lines 2, 3, 5, 6, 8 (too many fields: shown whole), 10 and 11 (a quote where none may be), 12.
    assert list(block.lines) == ["a", "a b", "c\ufffdb", "a \ufffd", "5,a,b c", '"x', '"\ufffd,a', "\ufffd"]
    assert block.given == {1: "a\nb", 2: "c\0b", 3: "a\n\udcff", 4: "5,a,b\nc", 7: "\0"}
    plain = tmp_path / "a.txt"
    plain.write_bytes(b"a\nb\0c\0\nc\xff\n\xff\0\n")
    with pytest.warns(InputWarning):
        block = only(read_lines(str(plain), Format(errors=errors), TextOptions(), ABC))
    assert block.given == {1: "b\0c\0", 2: "c\udcff", 3: "\udcff\0"}  # \udcff: so Python has a byte 0xff


def test_texts_that_no_line_can_hold() -> None:
    texts = ["a\nb", "b\r", "c", "a\udcff", "\0", "\ud83d\n"]  # \udcff: so Python has the byte 0xff of an argument
    with pytest.warns(InputWarning, match=r"5 lines skipped, the first: item 1, 'a\\nb': holds a line end"):
        block = only(lines_of_items(texts, TextOptions(), ABC, "skip"))
    assert list(block.lines) == ["a b", "b ", "c", "a\ufffd", "\ufffd", "\ufffd "]
    assert block.given == {0: "a\nb", 1: "b\r", 3: "a\udcff", 4: "\0", 5: "\ud83d\n"}
    assert str(block.refused[3]) == r"item 4, 'a\udcff': holds half a surrogate pair"
    assert items_of(block) == {3: "c"}
    with pytest.raises(CorpusError, match=r"item 1, .*half a surrogate pair"):
        list(lines_of_items(texts[3:], TextOptions(), ABC))


WATCH = """
import sys
from nextchar.data.text_options import TextOptions
from nextchar.data.format import Format
from nextchar.data.lines import read_lines
print("ready", flush=True)
for block in read_lines("-", Format(column=sys.argv[1] if sys.argv[1:] else None), TextOptions()):
    print(list(block.numbers), list(block.lines), flush=True)
"""


@pytest.mark.parametrize("column", [None, "name"])
def test_a_line_is_answered_before_the_next_one_comes(column: str | None) -> None:
    arguments = [sys.executable, "-c", WATCH, *([column] if column else [])]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(60, process.kill)  # instead of waiting for ever, if it does not answer
        timer.start()
        assert process.stdout.readline() == "ready\n"
        first = 1
        if column:
            process.stdin.write("name,n\n")
            first = 2
        ends = ",1\n" if column else "\n"
        for number in (first, first + 1):
            process.stdin.write(f"ab{ends}")
            assert process.stdout.readline() == f"[{number}] ['ab']\n"
        process.stdin.write("half")  # of a line, whose end is not there yet
        time.sleep(0.05)
        process.stdin.write(f" a line{ends}")
        assert process.stdout.readline() == f"[{first + 2}] ['half a line']\n"
        process.stdin.close()
        assert process.wait() == 0
        timer.cancel()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_named_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = b"".join(b"line %d\n" % i for i in range(200_000))
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    blocks = list(read_lines(str(path), Format(), TextOptions()))
    writer.join()
    assert [number for block in blocks for number in block.numbers] == list(range(1, 200_001))
    assert [line for block in blocks for line in block.lines] == content.decode().split("\n")[:-1]


@pytest.mark.parametrize("known", ["äb", "中文字", "😀a"])
def test_plain_letters_are_unknown_to_an_alphabet_of_others(tmp_path: Path, known: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text("xyz\nx\n")
    alphabet = Alphabet.of(known)
    with pytest.raises(UnknownSymbolError, match=r"line 1, character 1: the model does not know 'x' \(U\+0078\)"):
        list(read_lines(str(path), Format(), TextOptions(), alphabet))
    with pytest.warns(InputWarning, match="2 lines skipped"):
        block = only(read_lines(str(path), Format(errors="skip"), TextOptions(), alphabet))
    assert block.corpus is None
    assert sorted(block.refused) == [0, 1]
