"""The other ways: what a reader of the lessons, or a good programmer with numpy or torch at hand, would write.

Letters: V size of the alphabet, S symbols, B items in a batch.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "ContextTables",
    "count_with_counter",
    "count_with_dict",
    "count_with_numpy",
    "count_with_numpy_at_once",
    "count_with_numpy_words",
    "count_with_torch",
    "count_with_torch_loop",
    "count_with_translate",
    "draw_with_numpy",
    "draw_with_torch",
    "draw_with_torch_loop",
    "lookup_table",
]

I64 = npt.NDArray[np.int64]
Table = npt.NDArray[np.uint8]

NEWLINE = 10
BATCH = 1 << 14  # names drawn side by side
CHUNK = 1 << 17  # bytes: what fits into a core's own cache with the arrays made of it


def lookup_table(characters: str) -> Table:
    """Byte -> id, (256,): the newline is 0, the characters follow."""
    table = np.zeros(256, dtype=np.uint8)
    table[np.frombuffer(characters.encode("ascii"), dtype=np.uint8)] = np.arange(1, len(characters) + 1)
    return table


# -- counting bigrams: path -> (V, V) -----------------------------------------------------------------------------


def count_with_numpy(path: Path, characters: str) -> I64:
    """Look ids up, make a key of each pair, bincount; in chunks that stay in the cache, keys in the narrowest type."""
    V, table = len(characters) + 1, lookup_table(characters)
    counts = np.zeros(V * V, dtype=np.int64)
    last = np.zeros(1, dtype=np.uint8)
    with path.open("rb", buffering=0) as handle:
        while chunk := handle.read(CHUNK):
            ids = np.concatenate([last, table[np.frombuffer(chunk, dtype=np.uint8)]])
            counts += np.bincount(_keys(ids, V), minlength=V * V)
            last = ids[-1:]
    return counts.reshape(V, V)


def count_with_translate(path: Path, characters: str) -> I64:
    """The same with the table applied by bytes.translate, which is faster than numpy's own look-up."""
    V, table = len(characters) + 1, lookup_table(characters).tobytes()
    counts = np.zeros(V * V, dtype=np.int64)
    last = b"\0"
    with path.open("rb", buffering=0) as handle:
        while chunk := handle.read(CHUNK):
            ids = last + chunk.translate(table)
            counts += np.bincount(_keys(np.frombuffer(ids, dtype=np.uint8), V), minlength=V * V)
            last = ids[-1:]
    return counts.reshape(V, V)


def _keys(ids: Table, V: int) -> npt.NDArray[np.uint16]:
    keys = ids[:-1].astype(np.uint16)
    keys *= np.uint16(V)
    keys += ids[1:]
    return keys


def count_with_numpy_at_once(path: Path, characters: str) -> I64:
    """The same without chunks: the whole file at once, as one writes it first."""
    V, table = len(characters) + 1, lookup_table(characters)
    ids = table[np.fromfile(path, dtype=np.uint8)].astype(np.uint16)
    counts = np.bincount(ids[:-1] * np.uint16(V) + ids[1:], minlength=V * V)
    counts[ids[0]] += 1  # the pair of the boundary before the first name
    return counts.reshape(V, V)


def count_with_numpy_words(path: Path, characters: str) -> I64:
    """A trick: two bytes seen as one 16-bit number are a pair already; the table is applied to the counts."""
    V, table = len(characters) + 1, lookup_table(characters)
    pairs = np.zeros(1 << 16, dtype=np.int64)
    with path.open("rb", buffering=0) as handle:
        last = b"\n"
        while chunk := handle.read(CHUNK):
            text = last + chunk
            for start in (0, 1):
                words = np.frombuffer(text, dtype="<u2", offset=start, count=(len(text) - start) // 2)
                pairs += np.bincount(words, minlength=1 << 16)
            last = text[-1:]
    counts = np.zeros((V, V), dtype=np.int64)
    second, first = np.divmod(np.arange(1 << 16), 256)
    np.add.at(counts, (table[first], table[second]), pairs)
    return counts


def count_with_torch(path: Path, characters: str) -> I64:
    """As count_with_numpy, with torch.bincount."""
    import torch

    V = len(characters) + 1
    table = torch.from_numpy(lookup_table(characters).astype(np.int64))
    counts = torch.zeros(V * V, dtype=torch.int64)
    last = torch.zeros(1, dtype=torch.int64)
    with path.open("rb", buffering=0) as handle:
        while chunk := handle.read(CHUNK):
            ids = torch.cat([last, table[torch.frombuffer(bytearray(chunk), dtype=torch.uint8).int()]])
            counts += torch.bincount(ids[:-1] * V + ids[1:], minlength=V * V)
            last = ids[-1:]
    return np.asarray(counts.reshape(V, V).numpy(), dtype=np.int64)


def count_with_dict(path: Path, characters: str) -> I64:
    """The lessons' first way: a dictionary from pairs of characters to counts."""
    b: dict[tuple[str, str], int] = {}
    for name in path.read_text().splitlines():
        symbols = ["<S>", *name, "<E>"]
        for pair in zip(symbols, symbols[1:], strict=False):  # noqa: RUF007 - as documented
            b[pair] = b.get(pair, 0) + 1
    return _table_of_pairs(b, characters)


def count_with_counter(path: Path, characters: str) -> I64:
    """The standard library's way: a Counter over neighbours, the newline as the boundary."""
    text = "\n" + path.read_text()
    return _table_of_pairs(Counter(pairwise(text)), characters)


def count_with_torch_loop(path: Path, characters: str) -> I64:
    """The lessons' second way: one cell of a torch tensor at a time."""
    import torch

    ids = {character: i for i, character in enumerate(characters, start=1)} | {"<S>": 0, "<E>": 0}
    N = torch.zeros((len(characters) + 1, len(characters) + 1), dtype=torch.int32)
    for name in path.read_text().splitlines():
        symbols = ["<S>", *name, "<E>"]
        for first, second in zip(symbols, symbols[1:], strict=False):  # noqa: RUF007 - as documented
            N[ids[first], ids[second]] += 1
    return np.asarray(N.numpy(), dtype=np.int64)


def _table_of_pairs(pairs: dict[tuple[str, str], int], characters: str) -> I64:
    ids = {character: i for i, character in enumerate(characters, start=1)} | {"<S>": 0, "<E>": 0, "\n": 0}
    counts = np.zeros((len(characters) + 1, len(characters) + 1), dtype=np.int64)
    for (first, second), count in pairs.items():
        counts[ids[first], ids[second]] += count
    return counts


# -- drawing names from rows of probabilities: (V, V) -> text ------------------------------------------------------


def draw_with_torch_loop(P: npt.NDArray[np.float64], characters: str, n: int) -> str:
    """The lessons' way: torch.multinomial for one symbol after the other."""
    import torch

    rows = torch.from_numpy(P).float()
    symbols = "\n" + characters
    generator = torch.Generator().manual_seed(1)
    out = []
    for _ in range(n):
        symbol = 0
        while True:
            drawn = torch.multinomial(rows[symbol], num_samples=1, replacement=True, generator=generator)
            symbol = int(drawn.item())
            out.append(symbols[symbol])
            if symbol == 0:
                break
    return "".join(out)


def draw_with_torch(P: npt.NDArray[np.float64], characters: str, n: int) -> str:
    """torch.multinomial for the next symbol of all names of a batch."""
    import torch

    rows = torch.from_numpy(P).float()
    generator = torch.Generator().manual_seed(1)
    texts = []
    for begin in range(0, n, BATCH):
        B = min(BATCH, n - begin)
        alive, states = torch.arange(B), torch.zeros(B, dtype=torch.int64)
        columns = []
        while len(alive):
            states = torch.multinomial(rows[states], num_samples=1, replacement=True, generator=generator)[:, 0]
            columns.append((alive.numpy(), states.numpy()))
            going = states != 0
            alive, states = alive[going], states[going]
        texts.append(_text_of_columns(columns, B, characters))
    return "".join(texts)


def draw_with_numpy(P: npt.NDArray[np.float64], characters: str, n: int) -> str:
    """One searchsorted for the next symbol of all names of a batch: row i lies between i and i + 1."""
    V = len(P)
    cumulative = P.cumsum(axis=1)
    cumulative[:, -1] = 1.0
    shelves = (cumulative + np.arange(V)[:, None]).ravel()
    source = np.random.default_rng(1)
    texts = []
    for begin in range(0, n, BATCH):
        B = min(BATCH, n - begin)
        alive, states = np.arange(B), np.zeros(B, dtype=np.int64)
        columns = []
        while len(alive):
            places = np.searchsorted(shelves, states + source.random(len(alive)), side="right")
            states = np.minimum(places - states * V, V - 1)
            columns.append((alive, states))
            going = np.flatnonzero(states)
            alive, states = alive[going], states[going]
        texts.append(_text_of_columns(columns, B, characters))
    return "".join(texts)


def _text_of_columns(columns: list[tuple[Any, Any]], B: int, characters: str) -> str:
    """Put side by side what was drawn for the first, second, ... place of a batch's names."""
    codes = np.frombuffer(("\n" + characters).encode("ascii"), dtype=np.uint8)
    sheet = np.zeros((B, len(columns)), dtype=np.uint8)
    for t, (items, ids) in enumerate(columns):
        sheet[items, t] = codes[ids]
    text: bytes = sheet[sheet != 0].tobytes()
    return text.decode("ascii")


# -- scoring names with a model of any order -----------------------------------------------------------------------


class ContextTables:
    """An n-gram model as dictionaries: for each context the log-probabilities of what has followed it."""

    def __init__(self, names: Sequence[str], order: int, add: float, V: int) -> None:
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for name in names:
            context = "\n" * (order - 1)
            for symbol in name + "\n":
                counts[context][symbol] += 1
                context = context[1:] + symbol
        self.order = order
        self.uniform = -math.log(V)
        self.seen: dict[str, dict[str, float]] = {}
        self.unseen: dict[str, float] = {}
        for context, followers in counts.items():
            total = followers.total() + add * V
            self.seen[context] = {symbol: math.log((count + add) / total) for symbol, count in followers.items()}
            self.unseen[context] = math.log(add / total)

    def nats(self, names: Sequence[str]) -> list[float]:
        """-log p of each name."""
        seen, unseen, uniform = self.seen, self.unseen, self.uniform
        result = []
        for name in names:
            context, total = "\n" * (self.order - 1), 0.0
            for symbol in name + "\n":
                followers = seen.get(context)
                if followers is None:
                    total -= uniform
                else:
                    total -= followers[symbol] if symbol in followers else unseen[context]
                context = context[1:] + symbol
            result.append(total)
        return result
