"""A Witten-Bell model of names as an ARPA file, which is what KenLM reads.

    p(w | h) = (count(h w) + kinds(h) p(w | h')) / (count(h) + kinds(h))

with kinds(h) the number of different symbols seen after h, and h' the context h without its oldest symbol (Witten and
Bell 1991). Only its speed matters here; it is a proper model so that the look-ups are those of real use.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

__all__ = ["write_arpa"]

Gram = tuple[str, ...]
BEGIN, END = "<s>", "</s>"


def write_arpa(path: Path, names: Sequence[str], order: int) -> None:
    """Count the names and write the model; symbols are separated by blanks, as if they were words."""
    followers: defaultdict[Gram, Counter[str]] = defaultdict(Counter)
    for name in names:
        symbols = [BEGIN, *name, END]
        for at in range(1, len(symbols)):
            for length in range(min(at, order - 1) + 1):
                followers[tuple(symbols[at - length : at])][symbols[at]] += 1
    probability: dict[Gram, float] = {}
    backoff: dict[Gram, float] = {}
    for context in sorted(followers, key=len):
        seen = followers[context]
        kinds, total = len(seen), seen.total()
        backoff[context] = kinds / (total + kinds)
        for symbol, count in seen.items():
            shorter = probability[(*context[1:], symbol)] if context else 1 / (kinds + 1)  # one more for <unk>
            probability[(*context, symbol)] = (count + kinds * shorter) / (total + kinds)
    unknown = backoff[()] / (len(followers[()]) + 1)
    layers: list[list[str]] = [
        [f"{math.log10(unknown):.7f}\t<unk>", f"-99\t{BEGIN}\t{math.log10(backoff[BEGIN,]):.7f}"]
    ]
    layers += [[] for _ in range(order - 1)]
    for gram, p in probability.items():
        tail = f"\t{math.log10(backoff[gram]):.7f}" if gram in backoff else ""
        layers[len(gram) - 1].append(f"{math.log10(p):.7f}\t{' '.join(gram)}{tail}")
    with path.open("w") as out:
        out.write("\\data\\\n" + "".join(f"ngram {n}={len(layer)}\n" for n, layer in enumerate(layers, start=1)))
        for n, layer in enumerate(layers, start=1):
            out.write(f"\n\\{n}-grams:\n" + "".join(line + "\n" for line in layer))
        out.write("\n\\end\\\n")
