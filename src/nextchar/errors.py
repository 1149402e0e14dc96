"""What a user can get wrong, as one small family of exceptions.

Every message says what was given, what was wanted, where, and what to do. The command line prints the message
and exits with 1; a traceback means a defect in nextchar, never in the input.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "BadValueError",
    "ClusterError",
    "ConflictError",
    "CorpusError",
    "CountsError",
    "DataSetError",
    "InputWarning",
    "MissingExtraError",
    "ModelFileError",
    "NextcharError",
    "NotAModelError",
    "ProcessError",
    "SettingsError",
    "TooLargeError",
    "UnknownSymbolError",
]


class NextcharError(ValueError):
    """Any fault of the input, the model file or the settings; the base of the family.

    Attributes:
        argument: the library's argument that mends it, where there is one; a command names its option for it.

    Examples:
        >>> import nextchar
        >>> try:
        ...     nextchar.Corpus.from_items([])
        ... except nextchar.NextcharError as error:
        ...     print(error)
        no items: the input is empty or has only blank lines
    """

    def __init__(self, message: str, *, argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it can go to another process, whatever arguments its class takes."""
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(kind: type[NextcharError], args: tuple[Any, ...], attributes: dict[str, Any]) -> NextcharError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


class CorpusError(NextcharError):
    """The training or scoring text cannot be read: missing, empty, not text, a column that is not there."""


class CountsError(NextcharError):
    """What was given is not a whole, undamaged folder of counts, or does not go with others; or cannot be written."""


class ClusterError(NextcharError):
    """A cluster cannot be reached, has lost its workers, or they are of another version."""


class InputWarning(UserWarning):
    """Something about the input that a person should know, though it can be read.

    Attributes:
        argument: as of `NextcharError`.
    """

    def __init__(self, message: str, *, argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument


class UnknownSymbolError(NextcharError):
    """A character that the model's alphabet does not have.

    Attributes:
        character: the character.
        position: its place in the text that was given, counted from 0.
    """

    def __init__(self, message: str, *, character: str, position: int, argument: str | None = None) -> None:
        super().__init__(message, argument=argument)
        self.character = character
        self.position = position


class SettingsError(NextcharError):
    """A setting out of its range, or conditions that no item can meet together."""


class BadValueError(SettingsError):
    """A value that an argument can never have, whatever the model and the data."""


class ConflictError(SettingsError):
    """Arguments that do not go together, whatever their values, the model and the data."""


class TooLargeError(SettingsError):
    """An exact answer that needs more memory than it may take."""


class ModelFileError(NextcharError):
    """The file is not a whole, undamaged nextchar model that this version can read."""


class NotAModelError(ModelFileError):
    """A nextchar file that holds something else than a model.

    Attributes:
        kind: what it holds: classifier or checkpoint.
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class DataSetError(NextcharError):
    """A named data set could not be fetched, or is not the one that its checksum promises."""


class MissingExtraError(NextcharError):
    """A feature needs an optional dependency that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs the extra "{extra}": pip install "nextchar[{extra}]"')


class ProcessError(NextcharError):
    """Another of the processes that train a net together has stopped, or cannot be reached.

    Attributes:
        lost: it is gone, and nothing can be trained with it any more.
    """

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost
