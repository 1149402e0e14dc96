"""Which optional dependencies are there, and how to get those that are not."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from nextchar.errors import MissingExtraError

__all__ = ["need_extra", "need_tensorboard", "need_torch"]

_MODULES: Final = {"plots": "matplotlib"}  # that an extra installs, where their names differ


def need_extra(extra: str, feature: str) -> None:
    """Say which extra is missing for a feature, before anything is computed.

    Args:
        extra: its name; the module that it installs has the same name, but for neural, which is torch, and plots, which
            is matplotlib.
        feature: what needs it, for the message.

    Raises:
        MissingExtraError: it is not installed.
    """
    if extra == "neural":
        need_torch(feature)
    elif find_spec(_MODULES.get(extra, extra)) is None:
        raise MissingExtraError(feature, extra)


def need_torch(feature: str = "the model bigram-net") -> None:
    """Say which extra is missing for a feature, before anything is computed.

    Raises:
        MissingExtraError: torch is not installed.
    """
    try:
        import torch  # noqa: F401
    except ImportError:
        raise MissingExtraError(feature, "neural") from None


def need_tensorboard() -> None:
    """Say that TensorBoard is missing, before anything is computed.

    Raises:
        MissingExtraError: it is not installed.
    """
    need_extra("tensorboard", "a log for TensorBoard")
