"""The names of the lesson: those that ship, without entries that are no names."""

from __future__ import annotations

from nextchar.data.datasets import shipped_names
from nextchar.lesson.names import lesson_names


def test_placeholders_are_left_out() -> None:
    names, shipped = lesson_names(), [name.lower() for name in shipped_names()]
    for placeholder in ("unknown", "baby", "infant", "unnamed", "babygirl", "infantboy"):
        assert placeholder in shipped
        assert placeholder not in names
    # girls: unknown, girl, baby, babygirl, infant; boys: unknown, boy, baby, babyboy, unnamed, infantboy, infant again
    assert len(shipped) - len(names) == 12
    assert {"emma", "boyd", "missy", "unique"} <= set(names)
