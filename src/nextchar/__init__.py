"""Character-level language models: train, sample, score, evaluate and plot, from bigram counts upwards.

    >>> import nextchar
    >>> corpus = nextchar.Corpus.from_items(["emma", "olivia", "ava"])
    >>> model = nextchar.Ngram(order=2, add=1).fit(corpus)
    >>> round(model.evaluate(corpus).nats_per_symbol, 4)
    1.8294

Names are loaded when they are first used, so that importing the package costs nothing.

The packages, each importing only from those to its left:

    errors, extras, _kernels < data < core < automata < models < lesson, tasks < plots, web < cli
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nextchar._version import __version__

if TYPE_CHECKING:
    from nextchar.automata.conditional import Conditional, given
    from nextchar.automata.tabulation import compile_model
    from nextchar.core.model import Model
    from nextchar.core.plan import Plan
    from nextchar.core.sampling import Samples
    from nextchar.core.scoring import Evaluation, Score, evaluate
    from nextchar.data.alphabet import Alphabet
    from nextchar.data.corpus import Corpus, TextOptions
    from nextchar.data.splits import Split, split
    from nextchar.errors import NextcharError
    from nextchar.models.ensemble.model import combine
    from nextchar.models.ensemble.training import mix_with_nets
    from nextchar.models.neural.bigram.model import BigramNet, BigramNetModel
    from nextchar.models.ngram.arpa import read_arpa, write_arpa
    from nextchar.models.ngram.counts import Counts, count
    from nextchar.models.ngram.file_counts import count_files
    from nextchar.models.ngram.model import Ngram, NgramModel
    from nextchar.models.registry import load
    from nextchar.tasks.classifier import Classifier

__all__ = [
    "Alphabet",
    "BigramNet",
    "BigramNetModel",
    "Classifier",
    "Conditional",
    "Corpus",
    "Counts",
    "Evaluation",
    "Model",
    "NextcharError",
    "Ngram",
    "NgramModel",
    "Plan",
    "Samples",
    "Score",
    "Split",
    "TextOptions",
    "__version__",
    "combine",
    "compile_model",
    "count",
    "count_files",
    "evaluate",
    "given",
    "load",
    "mix_with_nets",
    "read_arpa",
    "split",
    "write_arpa",
]

_HOME = {
    "Alphabet": "data.alphabet",
    "BigramNet": "models.neural.bigram.model",
    "BigramNetModel": "models.neural.bigram.model",
    "Classifier": "tasks.classifier",
    "Conditional": "automata.conditional",
    "Corpus": "data.corpus",
    "Counts": "models.ngram.counts",
    "Evaluation": "core.scoring",
    "Model": "core.model",
    "Ngram": "models.ngram.model",
    "NgramModel": "models.ngram.model",
    "NextcharError": "errors",
    "Plan": "core.plan",
    "Samples": "core.sampling",
    "Score": "core.scoring",
    "Split": "data.splits",
    "TextOptions": "data.corpus",
    "combine": "models.ensemble.model",
    "compile_model": "automata.tabulation",
    "count": "models.ngram.counts",
    "count_files": "models.ngram.file_counts",
    "evaluate": "core.scoring",
    "given": "automata.conditional",
    "load": "models.registry",
    "mix_with_nets": "models.ensemble.training",
    "read_arpa": "models.ngram.arpa",
    "split": "data.splits",
    "write_arpa": "models.ngram.arpa",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"nextchar.{_HOME[name]}"), name)
    raise AttributeError(f"module 'nextchar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
