"""How to draw: from which numbers, and how boldly."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Final, Literal, get_args

from nextchar.core.settings import check
from nextchar.data.display import one_line
from nextchar.data.hashing import checked_seed
from nextchar.errors import BadValueError

__all__ = ["STREAMS", "Plan", "Stream"]

Stream = Literal["nextchar", "torch1", "torch2"]
MOST_EDITS: Final = 10_000
STREAMS: Final[tuple[Stream, ...]] = get_args(Stream)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to draw; what the items have to be says a `Constraint`.

    Attributes:
        seed: fixes the items; None takes a fresh one.
        stream: "nextchar", or "torch1" for the draws of torch <= 1.13, or "torch2" for those of torch >= 2.0,
            which has to be installed.
        temperature: divides the log-probabilities; below 1 more cautious, 0 always the most probable symbol.
        top_k: only the k most probable symbols.
        top_p: only the most probable symbols that together reach this probability (Holtzman et al. 2020, nucleus).
        distinct: no item twice.
        new: no item of the training data.
        min_distance: no item that is fewer edits than this from one that is known: from one of the constraint's
            `not_in`, or, unless these alone are given, of the training data; 0 for any. An edit inserts, deletes or
            replaces a character.

    Raises:
        SettingsError: a setting is out of its range, or two of them contradict each other.

    Examples:
        >>> import nextchar
        >>> model = nextchar.Ngram(order=2).fit(nextchar.Corpus.from_items(["emma", "ava"]))
        >>> plan = nextchar.Plan(seed=1, temperature=0.8)
        >>> list(model.draw(3, plan).corpus) == model.sample(3, seed=1, temperature=0.8)
        True
    """

    seed: int | None = None
    stream: Stream = "nextchar"
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    distinct: bool = False
    new: bool = False
    min_distance: int = 0

    __repr__ = one_line

    def __post_init__(self) -> None:
        if isinstance(self.temperature, Real) and not 0 <= self.temperature < float("inf"):
            raise BadValueError(
                f"the temperature is a number of at least 0 (0 is greedy), not {self.temperature}",
                argument="temperature",
            )
        if isinstance(self.top_p, Real) and not 0 < self.top_p <= 1:
            raise BadValueError(f"top-p is a probability above 0 and up to 1, not {self.top_p}", argument="top_p")
        if self.stream not in STREAMS:
            raise BadValueError(
                f"there is no stream {self.stream!r}; choose one of {', '.join(STREAMS)}", argument="stream"
            )
        check(self)
        if self.seed is not None:
            checked_seed(self.seed)
        if self.top_k is not None and self.top_k < 1:
            raise BadValueError(f"top-k keeps at least 1 symbol, not {self.top_k}", argument="top_k")
        if self.min_distance < 0:
            raise BadValueError(
                f"min-distance is a number of edits of at least 0, not {self.min_distance}", argument="min_distance"
            )
        if self.min_distance > MOST_EDITS:
            raise BadValueError(
                f"min-distance is a number of edits of at most {MOST_EDITS:,}, not {self.min_distance}",
                argument="min_distance",
            )

    @property
    def least(self) -> int:
        """The least number of characters of an item where the constraint leaves it open: 1, so that none is empty.

        For the streams of torch, which go by the rows as they are and so repeat the lecture's draws, 0.
        """
        return 0 if self.one_sequence else 1

    @property
    def one_sequence(self) -> bool:
        """Whether all items share one sequence of random numbers, as in torch, and are drawn symbol by symbol."""
        return self.stream != "nextchar"

    @property
    def adjusts(self) -> bool:
        """Whether temperature, top_k or top_p change anything."""
        return self.temperature != 1 or self.top_k is not None or self.top_p is not None
