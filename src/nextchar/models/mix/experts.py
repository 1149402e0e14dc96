"""The experts of the mix: what each looks at before it predicts the next symbol.

An expert sorts all prefixes into contexts and counts what follows in each. A longer context knows more and has been
seen less often; contexts that leave symbols out, or see only the class of one, know other things. No single one is
best everywhere, which is why they are mixed. This table is the whole choice; nothing else names an expert.

Letters: t symbols of the item read so far; symbol 1 is the newest, 2 the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from nextchar._kernels.mix.sizes import (
    ALL_CLASSES,
    BAG,
    EQUAL,
    EXACT_BITS,
    FINE_CLASSES,
    OTHER_CLASS,
    OWN_CLASS,
    POSITION,
    RUNS,
    USED_BITS,
    USED_SET,
)

__all__ = ["EXPERTS", "Context", "Expert", "context_table", "newest_symbols"]


Family = Literal["kn", "raw"]


@dataclass(frozen=True, kw_only=True)
class Context:
    """What of a prefix makes a context; equal in all of it means the same context.

    Attributes:
        symbols: these symbols, 1 being the newest.
        classes: the classes of these symbols (see `symbol_classes`), coarse ones: two beside the boundary.
        first: so many symbols from the item's beginning.
        position: t, up to 20.
        all_classes: the classes of all symbols of the item.
        used: the set of the item's symbols.
        equal: which of the newest six symbols are equal.
        bag: which symbols the newest so many are, in whatever order.
        runs: the newest so many symbols with doubled ones taken once, and whether the newest is doubled; of "nna" and
            "na" the same two but for that.
        own_class: the newest so many symbols of the newest one's class, that one included; of "ma" the last vowel, of
            "mari" the last two are "ai" ("i" and "a").
        other_class: the newest so many symbols of the other class, and which class that is.
        fine: the fine classes of so many of the newest symbols.
        chain: it is a suffix of this length; one reaching beyond the item's beginning is no context.
    """

    symbols: tuple[int, ...] = ()
    classes: tuple[int, ...] = ()
    first: int = 0
    position: bool = False
    all_classes: bool = False
    used: bool = False
    equal: bool = False
    bag: int = 0
    runs: int = 0
    own_class: int = 0
    other_class: int = 0
    fine: int = 0
    chain: int = 0

    def row(self, V: int) -> list[int]:
        """As the compiled loops read it, for an alphabet of V symbols: see `_kernels.mix.contexts`."""
        flags = self.position * POSITION | self.all_classes * ALL_CLASSES | self.equal * EQUAL
        flags |= self.used * (USED_BITS if V <= EXACT_BITS else USED_SET)
        flags |= self.bag << BAG | self.runs << RUNS | self.fine << FINE_CLASSES
        flags |= self.own_class << OWN_CLASS | self.other_class << OTHER_CLASS
        return [_bits(self.symbols), _bits(self.classes), self.first, flags, self.chain]

    def is_finer_than(self, other: Context) -> bool:
        """Whether two prefixes with the same context of this kind surely have the same one of the other."""
        return (
            set(other.symbols) <= set(self.symbols)
            and (self.all_classes or set(other.classes) <= {*self.symbols, *self.classes})
            and other.first <= self.first
            and other.position <= (self.position or self.all_classes)
            and other.all_classes <= self.all_classes
            and other.used <= self.used
            and (other.equal <= self.equal or self.suffix >= 6)
            and (other.bag in {0, self.bag} or other.bag <= self.suffix)
            and other.runs <= self.runs
            and other.own_class <= self.own_class
            and other.other_class <= self.other_class
            and other.fine <= max(self.fine, self.suffix)
            and not other.chain
        )

    @property
    def suffix(self) -> int:
        """How many of the newest symbols it holds without a gap."""
        length = 0
        while length + 1 in self.symbols:
            length += 1
        return length


def _bits(symbols: tuple[int, ...]) -> int:
    return sum(1 << (j - 1) for j in symbols)


@dataclass(frozen=True)
class Expert:
    """A predictor: counts after a kind of context, smoothed with the predictions of a shorter suffix.

    Attributes:
        name: for people.
        context: what it looks at.
        family: "kn" counts in how many longer contexts a symbol occurred (Kneser-Ney); "raw" how often.
        backoff: the length of the suffix whose expert of the family it falls back on; 0 is the unigram.
    """

    name: str
    context: Context
    family: Family = "raw"
    backoff: int = field(default=0)


def _last(k: int) -> tuple[int, ...]:
    return tuple(range(1, k + 1))


def _suffix(k: int, family: Family) -> Expert:
    name = f"last {k}" + (", continuations" if family == "kn" else "")
    return Expert(name, Context(symbols=_last(k), chain=k), family, k - 1)


def _other(name: str, context: Context) -> Expert:
    return Expert(name, context, "raw", context.suffix)


def _skip(*symbols: int) -> Expert:
    return _other("symbols " + " ".join(map(str, symbols)), Context(symbols=symbols))


def _with(text: str, k: int) -> str:
    return f"{text}, last {k}" if k else text


# In the order of their use: where time is short, the later ones are left out. The suffixes come first, as the others
# fall back on them.
EXPERTS: Final[tuple[Expert, ...]] = (
    *(_suffix(k, "kn") for k in range(1, 9)),
    *(_suffix(k, "raw") for k in range(1, 9)),
    *(_other(_with("position", k), Context(symbols=_last(k), position=True)) for k in range(6)),
    *(_other(_with("classes of all", k), Context(symbols=_last(k), all_classes=True)) for k in range(5)),
    *(_skip(*symbols) for symbols in ((1, 3), (2, 3), (1, 2, 4), (1, 3, 4), (2, 3, 4))),
    *(_other(_with("classes of 6", k), Context(symbols=_last(k), classes=tuple(range(k + 1, 7)))) for k in range(5)),
    *(
        _other(_with(f"first {n}, position", k), Context(symbols=_last(k), first=n, position=True))
        for n in (1, 2, 3)
        for k in (1, 2, 3)
    ),
    *(
        _other(_with(f"first {n}", k), Context(symbols=_last(k), first=n))
        for n, k in ((1, 3), (2, 1), (2, 2), (3, 1), (4, 1))
    ),
    _other("first 3, position", Context(first=3, position=True)),
    *(_other(f"fine classes of {k}", Context(fine=k)) for k in (4, 6)),
    *(_other(_with("3 of its class", k), Context(symbols=_last(k), own_class=3)) for k in (1, 2)),
    _other("3 of its class, classes of all", Context(symbols=(1,), own_class=3, all_classes=True)),
    _other("3 of the other class, last 1", Context(symbols=(1,), other_class=3)),
    _other("3 of the other class, classes of all", Context(other_class=3, all_classes=True)),
    *(_other(f"{k} runs", Context(symbols=(1,), runs=k)) for k in (2, 3)),
    _other("4 runs, position", Context(symbols=(1,), runs=4, position=True)),
    *(_other(f"{k} in any order", Context(bag=k)) for k in (3, 4)),
    _other("6 in any order, last 2", Context(symbols=_last(2), bag=6)),
    _skip(3, 4, 5),
    *(
        _skip(*symbols)
        for symbols in ((1, 4), (2, 4), (1, 2, 5), (1, 2, 4, 5), (1, 2, 3, 5), (1, 3, 4, 5), (2, 3, 4, 5))
    ),
    *(_other(_with("symbols used", k), Context(symbols=_last(k), used=True)) for k in range(3)),
    *(_other(_with("equal among 6", k), Context(symbols=_last(k), equal=True)) for k in (1, 2)),
)


def context_table(contexts: list[Context], V: int) -> npt.NDArray[np.int64]:
    """The contexts as numbers, (kinds, 5), for the compiled loops and an alphabet of V symbols."""
    return np.array([context.row(V) for context in contexts], dtype=np.int64)


def newest_symbols(contexts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many of the newest symbols each kind looks at without a gap, (K,), of `context_table`."""
    absent = ~contexts[:, :1] >> np.arange(63) & 1
    newest: npt.NDArray[np.int64] = absent.argmax(axis=1)
    return newest
