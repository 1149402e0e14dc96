"""The figures of the lesson's race, measured anew: `python tools/race.py [NAME ...]`, all by default.

Each rung is trained with one thread and measured on the same held-out names; rungs that are not named stay as they are.
"""

from __future__ import annotations

import argparse

import torch

from nextchar.lesson.lesson_nets import lesson_parts
from nextchar.lesson.race import RUNGS, race, race_path, race_text, run_rung

__all__ = ["main"]


def main() -> None:
    """Train, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*RUNGS, []], help="which of them")
    names = parser.parse_args().names or list(RUNGS)
    torch.set_num_threads(1)
    parts = lesson_parts()
    rungs = {rung.id: rung for rung in race().rungs} if race_path().exists() else {}
    for name in names:
        rungs[name] = rung = run_rung(name, parts)
        race_path().write_text(race_text(rungs, parts), encoding="utf-8")
        print(f"{name}: {rung.nats:.4f} nats/symbol, {rung.parameters:,} numbers, {rung.seconds:.1f} s, {rung.names}")


if __name__ == "__main__":
    main()
