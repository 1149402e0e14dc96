"""What a benchmark gives back, and how it is shown: a Markdown table for people, a document for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.measure import Timing

__all__ = ["Row", "Section", "Target", "document", "markdown", "rows_of_speeds"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table.

    Attributes:
        name: what was measured.
        value: the figure, or None where the row was skipped.
        unit: of the figure.
        median: the figure of the run in the middle, where there were several.
        ours: whether it is nextchar's.
        ours_is: how many times better ours is than this rival, or None for ours.
        cores: how many cores it had.
        note: what a reader should know; for a skipped row the reason.
    """

    name: str
    value: float | None
    unit: str
    median: float | None = None
    ours: bool = False
    ours_is: float | None = None
    cores: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the project wants of a figure, and whether it got it."""

    wanted: str
    got: str
    met: bool


@dataclass(frozen=True, kw_only=True)
class Section:
    """One table with its targets.

    Attributes:
        title: its heading.
        about: what the sides do, and on what.
        rows: the table.
        targets: what was wanted.
    """

    title: str
    about: str
    rows: Sequence[Row]
    targets: Sequence[Target] = field(default_factory=tuple)


def rows_of_speeds(timings: Sequence[Timing], unit: str, scale: float, *, notes: dict[str, str]) -> list[Row]:
    """One row a side, speeds in `unit` of `scale` pieces of work a second; ratios are to the first side."""
    first = timings[0]
    return [
        Row(
            name=timing.side.name,
            value=timing.rate / scale,
            unit=unit,
            median=timing.median_rate / scale,
            ours=timing.side.ours,
            ours_is=None if timing.side.ours or not timing.side.rival else first.rate / timing.rate,
            cores=timing.cores,
            note=notes.get(timing.side.name, ""),
        )
        for timing in timings
    ]


def document(machine: dict[str, str], sections: Sequence[Section]) -> dict[str, Any]:
    """For `--json`."""
    return {"machine": machine, "sections": [asdict(section) for section in sections]}


def markdown(date: str, command: str, machine: dict[str, str], sections: Sequence[Section]) -> str:
    """The whole report."""
    lines = ["# Benchmarks", "", f"Measured on {date} by `{command}`; written by that command, not by hand.", ""]
    lines += [f"- {name}: {value}" for name, value in machine.items()]
    lines += [
        "",
        "A speed is that of the best of several runs in which the sides took turns; the median stands beside it.",
        "Cores: processor time of the process over wall time. Bold rows are nextchar's.",
    ]
    for section in sections:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> list[str]:
    columns = ["", "figure", "unit"]
    has_median = any(row.median is not None for row in section.rows)
    has_ratio = any(row.ours_is is not None for row in section.rows)
    has_cores = any(row.cores is not None for row in section.rows)
    columns += ["median"] * has_median + ["ours is"] * has_ratio + ["cores"] * has_cores + ["note"]
    right = ["---:" if column not in ("", "unit", "note") else "---" for column in columns]
    table = [columns, right]
    for row in section.rows:
        cells = [f"**{row.name}**" if row.ours else row.name, _figure(row.value), row.unit]
        cells += [_figure(row.median)] * has_median
        cells += ["" if row.ours_is is None else f"{_figure(row.ours_is)} x"] * has_ratio
        cells += ["" if row.cores is None else f"{row.cores:.2f}"] * has_cores
        table.append([*cells, row.note])
    lines = [f"## {section.title}", "", section.about, "", *("| " + " | ".join(cells) + " |" for cells in table)]
    if section.targets:
        lines += ["", "| wanted | got | |", "|---|---|---|"]
        lines += [f"| {t.wanted} | {t.got} | {'met' if t.met else '**missed**'} |" for t in section.targets]
    return lines


def _figure(value: float | None) -> str:
    """Three digits that mean something."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
