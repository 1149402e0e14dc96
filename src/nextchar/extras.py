"""Which optional dependencies are there, and how to get those that are not."""

from __future__ import annotations

from importlib.util import find_spec

from nextchar.errors import MissingExtraError

__all__ = ["need_tensorboard", "need_torch"]


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
    if find_spec("tensorboard") is None:
        raise MissingExtraError("a log for TensorBoard", "tensorboard")
