"""Character-level language models: train, sample, score, evaluate and plot, from bigram counts upwards.

    >>> import nextchar
    >>> corpus = nextchar.Corpus.from_items(["emma", "olivia", "ava"])
    >>> model = nextchar.Ngram(order=2, add=1).fit(corpus)
    >>> round(model.evaluate(corpus).nats_per_symbol, 4)
    1.5232

Names are loaded when they are first used, so that importing the package costs nothing.

The packages, each importing only from those to its left:

    errors, extras, _kernels < data < core < automata < models < lesson, tasks < plots, web < cli < __main__
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from nextchar._version import __version__ as __version__

if TYPE_CHECKING:
    from nextchar.automata.conditional import Conditional as Conditional
    from nextchar.automata.conditional import given as given
    from nextchar.automata.distilling import distil as distil
    from nextchar.automata.interpolation import interpolate as interpolate
    from nextchar.automata.tabulation import Tabulation as Tabulation
    from nextchar.automata.tabulation import tabulate as tabulate
    from nextchar.core.constraint import Constraint as Constraint
    from nextchar.core.drawing import Samples as Samples
    from nextchar.core.model import Model as Model
    from nextchar.core.plan import Plan as Plan
    from nextchar.core.reader import TextReader as TextReader
    from nextchar.core.scoring import Evaluation as Evaluation
    from nextchar.core.scoring import Score as Score
    from nextchar.core.scoring import evaluate as evaluate
    from nextchar.data.alphabet import Alphabet as Alphabet
    from nextchar.data.corpus import Corpus as Corpus
    from nextchar.data.format import Format as Format
    from nextchar.data.splits import Split as Split
    from nextchar.data.splits import split as split
    from nextchar.data.text_options import TextOptions as TextOptions
    from nextchar.errors import NextcharError as NextcharError
    from nextchar.models.context_mixing.model import ContextMixing as ContextMixing
    from nextchar.models.context_mixing.model import ContextMixingModel as ContextMixingModel
    from nextchar.models.ensemble.model import EnsembleModel as EnsembleModel
    from nextchar.models.ensemble.model import combine as combine
    from nextchar.models.ensemble.training import mix_with_nets as mix_with_nets
    from nextchar.models.mix.model import Mix as Mix
    from nextchar.models.mix.model import MixModel as MixModel
    from nextchar.models.neural.bigram.model import BigramNet as BigramNet
    from nextchar.models.neural.bigram.model import BigramNetModel as BigramNetModel
    from nextchar.models.neural.families import GRU as GRU
    from nextchar.models.neural.families import LSTM as LSTM
    from nextchar.models.neural.families import MLP as MLP
    from nextchar.models.neural.families import RNN as RNN
    from nextchar.models.neural.families import BoW as BoW
    from nextchar.models.neural.families import Transformer as Transformer
    from nextchar.models.neural.families import WaveNet as WaveNet
    from nextchar.models.ngram.arpa import read_arpa as read_arpa
    from nextchar.models.ngram.arpa import write_arpa as write_arpa
    from nextchar.models.ngram.counts import Counts as Counts
    from nextchar.models.ngram.counts import count as count
    from nextchar.models.ngram.counts_folder import CountsFolder as CountsFolder
    from nextchar.models.ngram.file_counts import count_files as count_files
    from nextchar.models.ngram.model import Ngram as Ngram
    from nextchar.models.ngram.model import NgramModel as NgramModel
    from nextchar.models.ngram.updating import merge as merge
    from nextchar.models.registry import load as load
    from nextchar.models.updating import update as update
    from nextchar.tasks.classifier import Classifier as Classifier
    from nextchar.tasks.counting import count_to as count_to
    from nextchar.tasks.counting import merge_counts as merge_counts
    from nextchar.tasks.export import export_module as export_module
    from nextchar.tasks.export import export_page as export_page
    from nextchar.tasks.leaderboard import candidates as candidates
    from nextchar.tasks.leaderboard import compare as compare
    from nextchar.tasks.outliers import OutlierDetector as OutlierDetector
    from nextchar.tasks.train import TrainingFiles as TrainingFiles
    from nextchar.tasks.train import train as train
    from nextchar.tasks.train import train_on_counts as train_on_counts

_HOME: Final = {
    "Alphabet": "data.alphabet",
    "BigramNet": "models.neural.bigram.model",
    "BigramNetModel": "models.neural.bigram.model",
    "BoW": "models.neural.families",
    "Classifier": "tasks.classifier",
    "Conditional": "automata.conditional",
    "Constraint": "core.constraint",
    "ContextMixing": "models.context_mixing.model",
    "ContextMixingModel": "models.context_mixing.model",
    "Corpus": "data.corpus",
    "Counts": "models.ngram.counts",
    "CountsFolder": "models.ngram.counts_folder",
    "EnsembleModel": "models.ensemble.model",
    "Evaluation": "core.scoring",
    "Format": "data.format",
    "GRU": "models.neural.families",
    "LSTM": "models.neural.families",
    "MLP": "models.neural.families",
    "Mix": "models.mix.model",
    "MixModel": "models.mix.model",
    "Model": "core.model",
    "NextcharError": "errors",
    "Ngram": "models.ngram.model",
    "NgramModel": "models.ngram.model",
    "OutlierDetector": "tasks.outliers",
    "Plan": "core.plan",
    "RNN": "models.neural.families",
    "Samples": "core.drawing",
    "Score": "core.scoring",
    "Split": "data.splits",
    "Tabulation": "automata.tabulation",
    "TextOptions": "data.text_options",
    "TextReader": "core.reader",
    "TrainingFiles": "tasks.train",
    "Transformer": "models.neural.families",
    "WaveNet": "models.neural.families",
    "candidates": "tasks.leaderboard",
    "combine": "models.ensemble.model",
    "compare": "tasks.leaderboard",
    "count": "models.ngram.counts",
    "count_files": "models.ngram.file_counts",
    "count_to": "tasks.counting",
    "distil": "automata.distilling",
    "evaluate": "core.scoring",
    "export_module": "tasks.export",
    "export_page": "tasks.export",
    "given": "automata.conditional",
    "interpolate": "automata.interpolation",
    "load": "models.registry",
    "merge": "models.ngram.updating",
    "merge_counts": "tasks.counting",
    "mix_with_nets": "models.ensemble.training",
    "read_arpa": "models.ngram.arpa",
    "split": "data.splits",
    "tabulate": "automata.tabulation",
    "train": "tasks.train",
    "train_on_counts": "tasks.train",
    "update": "models.updating",
    "write_arpa": "models.ngram.arpa",
}
"""Every public name, and the module that it is loaded from when it is first used."""

__all__ = sorted(["__version__", *_HOME])


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"nextchar.{_HOME[name]}"), name)
    raise AttributeError(f"module 'nextchar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
