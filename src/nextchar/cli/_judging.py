"""What `score` does with each block of lines: scores them, and puts what it found into the form that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from nextchar.cli._output import note

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nextchar.cli._scored import Scored
    from nextchar.core.model import Model
    from nextchar.core.outlier_threshold import OutlierThreshold
    from nextchar.core.protocol import CorpusScorer
    from nextchar.data.corpus import Corpus
    from nextchar.data.lines import LineBlock

    F64 = npt.NDArray[np.float64]

__all__ = ["Form", "Judge", "Obstacles", "tell_of"]


class Obstacles(NamedTuple):
    """How many items were scored, how many of them cannot come from the model, and what is in the way of the first."""

    scored: int = 0
    impossible: int = 0
    example: str = ""

    def __add__(self, other: object) -> Obstacles:
        """Those of both, these first."""
        assert isinstance(other, Obstacles), "a tuple of another kind cannot be added"
        example = self.example if self.impossible else other.example
        return Obstacles(self.scored + other.scored, self.impossible + other.impossible, example)


class Judge:
    """Scores block after block, and remembers what cannot come from the model."""

    def __init__(self, model: Model, flag: bool, rank: bool = False, scorer: CorpusScorer | None = None) -> None:
        from nextchar.tasks.outliers import threshold_of

        self._model = model
        self._scorer = scorer
        self._detector: OutlierThreshold | None = threshold_of(model) if flag else None
        self._ranking = model.ranking() if rank else None
        self.obstacles = Obstacles()

    def __call__(self, block: LineBlock) -> Scored:
        import numpy as np

        from nextchar.cli._rows import line_numbers, lines
        from nextchar.cli._scored import Scored
        from nextchar.core.scoring import item_nats, symbol_nats

        corpus = block.corpus
        if corpus is None:
            none = np.empty(0)
            surprisal, nats, symbols = none, none, none.astype(np.int64)
        else:
            surprisal = symbol_nats(self._model, corpus) if self._scorer is None else self._scorer(corpus)
            nats, symbols = item_nats(corpus, surprisal), corpus.lengths + 1
            self._look_at(corpus, nats, surprisal)
        return Scored(
            numbers=line_numbers(block.numbers),
            items=lines(block.text, block.given),
            places=block.places,
            nats=nats,
            symbols=symbols,
            surprisal=surprisal,
            flagged=None if self._detector is None else self._detector.flags(nats, symbols),
            refused={place: str(error) for place, error in block.refused.items()},
            ranks=None if self._ranking is None else self._ranking.of(nats),
        )

    def _look_at(self, corpus: Corpus, nats: F64, surprisal: F64) -> None:
        """Count what is impossible, and remember the first n-gram that is."""
        import numpy as np

        from nextchar.core.scoring import first_impossible
        from nextchar.data.display import shortened

        found = int(np.isinf(nats).sum())
        example = ""
        if found and not self.obstacles.impossible:
            ngram, item = first_impossible(self._model, corpus, surprisal)
            example = f"{ngram} in {shortened(repr(corpus[item]))}"
        self.obstacles += Obstacles(len(corpus), found, example)


def tell_of(obstacles: Obstacles) -> None:
    """Say so if there was something that cannot come from the model."""
    if obstacles.impossible:
        note(
            f"Note: {obstacles.impossible:,} of {obstacles.scored:,} items cannot come from this model; the first "
            f"obstacle is {obstacles.example}."
        )


class Form:
    """The form that was asked for: JSON, tab-separated, or a table for people, whose header comes first.

    Args:
        as_json: the first.
        as_tsv: the second.
        surprisal: of JSON, whether with the nats of each symbol.
        numbered: of the table, whether with the numbers of the lines.
        begun: whether the header is there already.
    """

    def __init__(self, as_json: bool, as_tsv: bool, *, surprisal: bool, numbered: bool, begun: bool = False) -> None:
        self._as_json, self._as_tsv = as_json, as_tsv
        self._surprisal, self._numbered = surprisal, numbered
        self._begun = begun or as_json or as_tsv

    def rows(self, scored: Scored) -> Iterator[bytes | memoryview]:
        """What was scored as text; a table begins with its header."""
        if not len(scored):
            return
        if not self._begun:
            yield self.header(scored)
            self._begun = True
        if self._as_json:
            yield scored.json(self._surprisal)
        else:
            yield scored.tsv() if self._as_tsv else scored.table(self._numbered)

    def header(self, scored: Scored) -> bytes:
        """The line above a table for people; nothing above others."""
        from nextchar.cli._scored import table_header

        if self._as_json or self._as_tsv:
            return b""
        return (table_header(scored.flagged is not None, self._numbered, scored.ranks is not None) + "\n").encode()
