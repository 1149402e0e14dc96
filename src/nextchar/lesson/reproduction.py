"""Every number of the two source documents, computed anew: what was claimed, what comes out, and the verdict.

The documents work in 32-bit floating point, as torch does by default; where their printed digits depend on it, so
does the computation here, and the note gives the value in 64 bits. Everything is computed when it is asked for, from
makemore's names.txt; only the expected values are written down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nextchar.core.random_streams import torch_rand
from nextchar.data.corpus import Corpus
from nextchar.data.datasets import NAMED
from nextchar.errors import DataSetError, MissingExtraError
from nextchar.extras import need_torch
from nextchar.models.neural.bigram.model import LECTURE_SEED, BigramNet, BigramNetModel
from nextchar.models.ngram.counts import Counts, count
from nextchar.models.ngram.model import Ngram

__all__ = ["CLAIMS", "CheckedClaim", "Claim", "Facts", "checked_claim", "reproduce"]

F32 = npt.NDArray[np.float32]

Verdict = Literal["holds", "source is wrong", "not checked", "UNEXPECTED"]


class Facts:
    """What the claims are checked on: the names, their bigram counts, and the lecture's tables of probabilities."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    @cached_property
    def counts(self) -> Counts:
        """The bigrams."""
        return count(self.corpus, 2)

    @cached_property
    def table(self) -> npt.NDArray[np.int64]:
        """N, (27, 27)."""
        return self.counts.table()

    def probabilities(self, add: int) -> F32:
        """P as the documents compute it: float32 counts over float32 row sums, (27, 27)."""
        counts = (self.table + add).astype(np.float32)
        P: F32 = counts / counts.sum(axis=1, keepdims=True)
        return P

    def pair(self, pair: str) -> int:
        """The count of a pair in which `.` is the boundary."""
        first, second = ("\0abcdefghijklmnopqrstuvwxyz".index(c.replace(".", "\0")) for c in pair)
        return int(self.table[first, second])

    def loss_in_float32(self, add: int) -> float:
        """Mean NLL on the names with P in float32, logs and sum in float64."""
        seen = self.table > 0
        logs = np.log(self.probabilities(add)[seen].astype(np.float64))
        return float(-(self.table[seen] @ logs) / self.table.sum())

    def loss(self, add: float) -> float:
        """Mean NLL on the names in float64."""
        model = Ngram(order=2, add=add).from_counts(self.counts)
        return model.nats_of_counts() / self.counts.total

    def andrejz(self, add: int) -> tuple[str, F32]:
        """The documents' table for "andrejz", one `pair probability log` each, and the logs."""
        P = self.probabilities(add)
        ids = [0, *self.corpus.alphabet.encode("andrejz").tolist(), 0]
        probs = P[ids[:-1], ids[1:]]
        with np.errstate(divide="ignore"):
            logs = np.log(probs)
        pairs = [".a", "an", "nd", "dr", "re", "ej", "jz", "z."]
        text = ", ".join(f"{pair} {p:.4f} {log:.4f}" for pair, p, log in zip(pairs, probs, logs, strict=True))
        return text, logs

    @cached_property
    def lecture_net(self) -> BigramNetModel:
        """The net after 300 steps at rate 50 with L2 0.01, from torch's own init; by the counts, the same path."""
        return BigramNet(solver="gd", l2=0.01, steps=300, learning_rate=50).from_counts(self.counts)

    def mean_generated_length(self) -> float:
        """Expected characters of an item of the unsmoothed bigram model, from the chain's fundamental matrix."""
        P = self.table / self.table.sum(axis=1, keepdims=True)
        visits = np.linalg.solve((np.eye(26) - P[1:, 1:]).T, P[0, 1:])  # P[0] (I - Q)^-1
        return float(visits.sum())


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim of the documents.

    Attributes:
        row: its number in the list of claims.
        text: what is claimed.
        source: which document: S1 the tutorial with the quiz, S2 the article.
        expected: the right value, as it is printed.
        compute: gives the value.
        wrong: where the document's own value is wrong: its value and why.
        note: what to know beside it.
    """

    row: int
    text: str
    source: str
    expected: str
    compute: Callable[[Facts], str]
    wrong: str | None = None
    note: Callable[[Facts], str] | None = None


@dataclass(frozen=True, kw_only=True)
class CheckedClaim:
    """A claim and what came out."""

    row: int
    claim: str
    source: str
    expected: str
    got: str
    verdict: Verdict
    note: str

    def document(self) -> dict[str, Any]:
        """As the JSON of the command line has it."""
        return dict(vars(self))


def reproduce(path: str | Path) -> Iterator[CheckedClaim]:
    """Check every claim on makemore's names.txt.

    Raises:
        CorpusError: the file cannot be read.
        DataSetError: it is another file.
    """
    corpus = Corpus.from_file(path)
    wanted = NAMED["makemore-names"].sha256
    found = hashlib.sha256(corpus.text().removesuffix("\n").encode()).hexdigest()
    if found != wanted:
        raise DataSetError(
            f"{path}: is not makemore's names.txt, which the claims are about: its SHA-256 should be {wanted}; "
            "get the file with: nextchar data fetch makemore-names"
        )
    facts = Facts(corpus)
    for claim in CLAIMS:
        yield checked_claim(claim, facts)


def checked_claim(claim: Claim, facts: Facts) -> CheckedClaim:
    """Compute one claim."""
    verdict: Verdict = "UNEXPECTED"
    try:
        got = claim.compute(facts)
        notes = [claim.wrong or "", claim.note(facts) if claim.note else ""]
        if got == claim.expected:
            verdict = "source is wrong" if claim.wrong else "holds"
    except MissingExtraError as error:
        got, verdict, notes = "-", "not checked", [str(error)]
    return CheckedClaim(
        row=claim.row,
        claim=claim.text,
        source=claim.source,
        expected=claim.expected,
        got=got,
        verdict=verdict,
        note="; ".join(filter(None, notes)),
    )


def _sizes(facts: Facts) -> str:
    lengths = facts.corpus.lengths
    return f"{len(facts.corpus):,} names, shortest {lengths.min()}, longest {lengths.max()}"


def _alphabet(facts: Facts) -> str:
    alphabet = facts.corpus.alphabet
    return f"{len(alphabet.characters)} letters, {alphabet.size} ids, the boundary {alphabet.boundary_sign} is id 0"


def _emma(facts: Facts) -> str:
    alphabet = facts.corpus.alphabet
    ids = [0, *alphabet.encode("emma").tolist(), 0]
    pairs = [alphabet.show(pair) for pair in pairwise(ids)]
    return f"{' '.join(pairs)}: {ids[:-1]} -> {ids[1:]}"


def _bigrams(facts: Facts) -> str:
    frequent = ", ".join(f"{pair} {number}" for pair, number in facts.counts.most_frequent(3))
    empty = int((facts.table == 0).sum())
    return f"{facts.counts.total:,} bigrams, {empty} of {facts.table.size} cells empty; most frequent {frequent}"


def _where_149(facts: Facts) -> str:
    cells = ", ".join(facts.corpus.alphabet.show(cell) for cell in np.argwhere(facts.table == 149))
    return f"149 stands at {cells}"


def _andrejz(facts: Facts) -> str:
    text, logs = facts.andrejz(0)
    return f"{text}; NLL {-logs.sum():.4f}"


def _andrejz_smoothed(facts: Facts) -> str:
    text, logs = facts.andrejz(1)
    total = np.float32(0)
    for log in logs:  # one after the other, as the document's loop adds them
        total += log
    return f"{text}; log-likelihood {total:.4f}; mean {-total / len(logs):.7f}"


def _lecture_samples(facts: Facts) -> str:
    model = Ngram(order=2, add=0).from_counts(facts.counts)
    return " ".join(f"{item}." for item in model.sample(5, seed=LECTURE_SEED, stream="torch1"))


def _random_row(_: Facts) -> str:
    numbers = torch_rand(LECTURE_SEED, 3)
    return " ".join(f"{p:.4f}" for p in numbers / numbers.sum())


def _lecture_run(facts: Facts) -> str:
    curve = facts.lecture_net.metrics.curve
    first = f"first step {curve[0].train_nats:.4f}, with L2 {curve[0].objective:.4f}"
    later = ", ".join(f"{curve[step - 1].train_nats:.4f}" for step in (100, 200, 300))
    return f"{first}; steps 100, 200, 300: {later}"


def _learning_rates(facts: Facts) -> str:
    def loss(rate: float) -> float:
        net = BigramNet(solver="gd", l2=0.01, steps=100, learning_rate=rate).from_counts(facts.counts)
        return net.metrics.curve[100].train_nats

    return ", ".join(f"{rate:g}: {loss(rate):.4f}" for rate in (0.1, 1, 10, 50))


def _weights_as_counts(facts: Facts) -> str:
    optimum = BigramNet(l2=0).from_counts(facts.counts)
    ratios = np.where(facts.table > 0, np.exp(optimum.weights) / np.maximum(facts.table, 1), np.nan)
    spread = float(np.nanmax(np.nanmax(ratios, axis=1) / np.nanmin(ratios, axis=1)))
    items = facts.lecture_net.sample(5, seed=LECTURE_SEED, stream="torch1")
    return f"exp(W) / N is one factor a row: {spread - 1 < 1e-9}; {' '.join(f'{item}.' for item in items)}"


def _uniform_ends(facts: Facts) -> str:
    zero = BigramNet(solver="gd", init="zeros", l2=0.01, steps=1).from_counts(facts.counts)
    at_zero = zero.metrics.curve[0].train_nats
    stiff = BigramNet(l2=1e9).from_counts(facts.counts).training_nats() / facts.counts.total
    return f"W = 0: {at_zero:.4f}; l2 10^9: {stiff:.4f}; add 10^12: {facts.loss(1e12):.4f}"


def _cross_entropy(facts: Facts) -> str:
    need_torch()
    import torch
    import torch.nn.functional as F

    from nextchar.models.neural.bigram.lecture import initial_weights

    W = initial_weights(len(facts.table), LECTURE_SEED)
    xs, ys = torch.from_numpy(np.repeat(np.argwhere(facts.table), facts.table[facts.table > 0], axis=0).T.copy())
    logits = W[xs]
    counts = logits.exp()
    by_hand = -(counts / counts.sum(1, keepdim=True))[torch.arange(len(ys)), ys].log().mean()
    return f"equal within 1e-6: {abs(float(by_hand - F.cross_entropy(logits, ys))) < 1e-6}"


def _table_sizes(facts: Facts) -> str:
    V = facts.corpus.alphabet.size
    return "; ".join(f"{V}^{n} = {V**n:,}" for n in (2, 3, 4, 10))


def _marginals(facts: Facts) -> str:
    same = np.array_equal(facts.table.sum(axis=0), facts.table.sum(axis=1))
    return "row sums equal column sums" if same else "row sums differ from column sums"


def _mean_lengths(facts: Facts) -> str:
    return f"generated {facts.mean_generated_length():.4f}, training {facts.corpus.lengths.mean():.4f}"


CLAIMS: tuple[Claim, ...] = (
    Claim(
        row=1,
        text="number of names, shortest and longest",
        source="S1",
        expected="32,033 names, shortest 2, longest 15",
        compute=_sizes,
        note=lambda f: f"{len(f.corpus.distinct()):,} of them are distinct",
    ),
    Claim(
        row=2,
        text="the alphabet",
        source="S1, S2",
        expected="26 letters, 27 ids, the boundary . is id 0",
        compute=_alphabet,
        note=lambda _: "one symbol for both ends saves an empty row and an empty column: 28 x 28 becomes 27 x 27",
    ),
    Claim(
        row=3,
        text="the bigrams of emma",
        source="S1, S2",
        expected=".e em mm ma a.: [0, 5, 13, 13, 1] -> [5, 13, 13, 1, 0]",
        compute=_emma,
    ),
    Claim(
        row=4,
        text="bigrams in all",
        source="S1",
        expected="228,146 bigrams, 102 of 729 cells empty; most frequent n. 6763, a. 6640, an 5438",
        compute=_bigrams,
        note=lambda f: f"{int(f.corpus.lengths.sum()):,} characters + {len(f.corpus):,} ends",
    ),
    Claim(
        row=5,
        text="N[0, 5], the names that start with e",
        source="S1",
        expected="1531",
        compute=lambda f: str(f.pair(".e")),
        wrong="S1 prints 149, an illustration that was not computed",
        note=_where_149,
    ),
    Claim(
        row=6,
        text="mean NLL of the unsmoothed model on its own data, about 2.45",
        source="S1",
        expected="2.4540144884",
        compute=lambda f: f"{f.loss_in_float32(0):.10f}",
        note=lambda f: f"with probabilities in float32, as in the documents; in float64 it is {f.loss(0):.10f}",
    ),
    Claim(
        row=7,
        text="the same quantity",
        source="S2",
        expected="2.4540",
        compute=lambda f: f"{f.loss(0):.4f}",
        wrong="S2 prints 2.4764, which the lecture's notebook shows once P holds the neural model's probabilities",
        note=lambda f: f"add-1 smoothing gives {f.loss(1):.7f}",
    ),
    Claim(
        row=8,
        text="andrejz, unsmoothed",
        source="S2",
        expected=(
            ".a 0.1377 -1.9829, an 0.1605 -1.8296, nd 0.0384 -3.2594, dr 0.0771 -2.5620, re 0.1336 -2.0127, "
            "ej 0.0027 -5.9171, jz 0.0000 -inf, z. 0.0667 -2.7072; NLL inf"
        ),
        compute=_andrejz,
    ),
    Claim(
        row=9,
        text="andrejz, one added to every count",
        source="S2",
        expected=(
            ".a 0.1376 -1.9835, an 0.1604 -1.8302, nd 0.0384 -3.2594, dr 0.0770 -2.5646, re 0.1334 -2.0143, "
            "ej 0.0027 -5.9004, jz 0.0003 -7.9817, z. 0.0664 -2.7122; log-likelihood -28.2463; mean 3.5307815"
        ),
        compute=_andrejz_smoothed,
        note=lambda f: (
            f"in float64 the mean is {Ngram(order=2, add=1).from_counts(f.counts).nats(['andrejz'])[0] / 8:.7f}"
        ),
    ),
    Claim(
        row=10,
        text=f"samples with seed {LECTURE_SEED}",
        source="S2",
        expected="mor. axx. minaymoryles. kondlaisah. anchshizarie.",
        compute=_lecture_samples,
        note=lambda _: "the stream of torch up to 1.13 (torch1); torch 2 gives other names from the same code",
    ),
    Claim(
        row=11,
        text="torch.rand(3) with that seed, normalised",
        source="S1",
        expected="0.6064 0.3033 0.0903",
        compute=_random_row,
    ),
    Claim(
        row=12,
        text=f"the neural bigram: randn with seed {LECTURE_SEED}, rate 50, L2 0.01; ends near 2.47, or about 2.45",
        source="S1, S2",
        expected="first step 3.7590, with L2 3.7686; steps 100, 200, 300: 2.4750, 2.4653, 2.4627",
        compute=_lecture_run,
        note=lambda f: (
            f"{f.loss(0):.4f} is the limit, which 100 steps do not reach; the optimum with this L2 is "
            f"{BigramNet(l2=0.01).from_counts(f.counts).training_nats() / f.counts.total:.4f}"
        ),
    ),
    Claim(
        row=13,
        text="loss after 100 steps at learning rates 0.1, 1, 10 and 50",
        source="S1",
        expected="0.1: 3.6723, 1: 3.1843, 10: 2.5751, 50: 2.4748",
        compute=_learning_rates,
        note=lambda _: "S1's listing trains with 0.1, which comes nowhere near 2.45 in 100 steps",
    ),
    Claim(
        row=14,
        text="exp(W) plays the part of N, and both draw the same names",
        source="S1, S2",
        expected="exp(W) / N is one factor a row: True; mor. axx. minaymoryles. kondlaisah. anchthizarie.",
        compute=_weights_as_counts,
        note=lambda _: "the factor is exact at the optimum without L2; after 300 steps one name of five still differs",
    ),
    Claim(
        row=15,
        text="L2 acts like added counts: both lead to the uniform model, ln 27",
        source="S1, S2",
        expected="W = 0: 3.2958; l2 10^9: 3.2958; add 10^12: 3.2958",
        compute=_uniform_ends,
    ),
    Claim(
        row=16,
        text="how tables grow with the context",
        source="S1",
        expected="27^2 = 729; 27^3 = 19,683; 27^4 = 531,441; 27^10 = 205,891,132,094,649",
        compute=_table_sizes,
    ),
    Claim(
        row=17,
        text="F.cross_entropy(logits, ys) equals softmax, pick, log and mean by hand",
        source="S1",
        expected="equal within 1e-6: True",
        compute=_cross_entropy,
    ),
    Claim(
        row=18,
        text="every symbol that starts a bigram also ends one",
        source="neither",
        expected="row sums equal column sums",
        compute=_marginals,
    ),
    Claim(
        row=19,
        text="mean length of generated names and of the training names",
        source="neither",
        expected="generated 6.1222, training 6.1222",
        compute=_mean_lengths,
        note=lambda f: f"they differ by {abs(f.mean_generated_length() - float(f.corpus.lengths.mean())):.0e}",
    ),
)
