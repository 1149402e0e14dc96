"""The nets that ship with the lesson, trained anew: `python tools/lesson_nets.py [NAME ...]`, all by default.

One thread and fixed seeds: on the same machine the same weights come out.
All of them take about eight minutes of one core.
"""

from __future__ import annotations

import argparse
import hashlib
import time

import torch

from nextchar.lesson.lesson_nets import (
    NETS,
    NetFacts,
    facts_document,
    facts_path,
    net_facts,
    net_parts,
    net_path,
    trained_net,
)

__all__ = ["main"]


def main() -> None:
    """Train, save and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NETS, []], help="which of them")
    names = parser.parse_args().names or list(NETS)
    torch.set_num_threads(1)
    facts_path().parent.mkdir(exist_ok=True)
    for name in names:
        parts = net_parts(name)
        begun = time.process_time()
        model = trained_net(name, parts)
        seconds = time.process_time() - begun
        model.save(net_path(name))
        found = NetFacts(
            parameters=model.parameters,
            seconds=round(seconds, 1),
            validation_nats=model.evaluate(parts.validation).nats_per_symbol,
            test_nats=model.evaluate(parts.test).nats_per_symbol,
            sha256=hashlib.sha256(net_path(name).read_bytes()).hexdigest(),
        )
        known = dict(net_facts()) if facts_path().exists() else {}
        facts_path().write_text(facts_document({**known, name: found}), encoding="utf-8")
        net_facts.cache_clear()
        size = net_path(name).stat().st_size
        print(
            f"{name}: {found.test_nats:.4f} nats/symbol, {found.parameters:,} weights, {size:,} bytes, {seconds:.0f} s"
        )


if __name__ == "__main__":
    main()
