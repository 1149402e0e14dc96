"""The code of the lesson is run in a process of its own: what it prints, its error, and an end if it takes too long."""

from __future__ import annotations

from nextchar.lesson.snippets import run_code


def test_what_it_prints_and_the_list_beside_it() -> None:
    done = run_code('print(open("names.txt", encoding="utf-8").read().split(chr(10)))', ["ada", "李", "a b"])
    assert done.output == "['ada', '李', 'a b', '']\n"
    assert (done.error, done.timed_out) == (None, False)


def test_an_error_is_its_last_line_and_what_was_printed_before_stays() -> None:
    done = run_code("print(1)\nprint(2 / 0)", [])
    assert done.output == "1\n"
    assert done.error == "ZeroDivisionError: division by zero"


def test_it_is_ended_where_it_takes_too_long() -> None:
    done = run_code("import time\nprint(1, flush=True)\ntime.sleep(60)", [], longest_seconds=1.5)
    assert (done.error, done.timed_out) == (None, True)
    assert done.seconds < 30


def test_it_reads_no_standard_input_and_leaves_nothing() -> None:
    done = run_code("import os\nprint(os.getcwd())\ninput()", ["ada"])
    assert done.error == "EOFError: EOF when reading a line"
    from pathlib import Path

    assert not Path(done.output.strip()).exists()
