"""Character-level language models: train, sample, score, evaluate and plot, from bigram counts upwards.

    >>> import nextchar
    >>> corpus = nextchar.Corpus.from_items(["emma", "olivia", "ava"])
    >>> model = nextchar.Ngram(order=2, add=1).fit(corpus)
    >>> round(model.evaluate(corpus).nats_per_symbol, 4)
    1.8294

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nextchar._version import __version__

if TYPE_CHECKING:
    from nextchar.alphabet import Alphabet
    from nextchar.arpa import read_arpa, write_arpa
    from nextchar.classify import Classifier
    from nextchar.compiling import compile_model
    from nextchar.corpus import Corpus, TextOptions
    from nextchar.counting import Counts, count, count_files
    from nextchar.decoding import Plan, Samples
    from nextchar.errors import NextcharError
    from nextchar.evaluation import Evaluation, Score, evaluate
    from nextchar.exact import Conditional, given
    from nextchar.models.base import Model
    from nextchar.models.bigram_net import BigramNet, BigramNetModel
    from nextchar.models.build import load
    from nextchar.models.ensemble import combine
    from nextchar.models.ensemble_training import mix_with_nets
    from nextchar.models.ngram import Ngram, NgramModel
    from nextchar.splitting import Split, split

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
    "Alphabet": "alphabet",
    "BigramNet": "models.bigram_net",
    "BigramNetModel": "models.bigram_net",
    "Classifier": "classify",
    "Conditional": "exact",
    "Corpus": "corpus",
    "Counts": "counting",
    "Evaluation": "evaluation",
    "Model": "models.base",
    "Ngram": "models.ngram",
    "NgramModel": "models.ngram",
    "NextcharError": "errors",
    "Plan": "decoding",
    "Samples": "decoding",
    "Score": "evaluation",
    "Split": "splitting",
    "TextOptions": "corpus",
    "combine": "models.ensemble",
    "compile_model": "compiling",
    "count": "counting",
    "count_files": "counting",
    "evaluate": "evaluation",
    "given": "exact",
    "load": "models.build",
    "mix_with_nets": "models.ensemble_training",
    "read_arpa": "arpa",
    "split": "splitting",
    "write_arpa": "arpa",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"nextchar.{_HOME[name]}"), name)
    raise AttributeError(f"module 'nextchar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
