"""The file of a model: one safetensors file that holds arrays and one JSON document.

The header's metadata has two entries: `nextchar`, the JSON document (format version, kind, settings, alphabet,
training data, metrics, package version), and `checksum`, the SHA-256 over that document and all arrays with their
names, types and shapes, so that any damage shows. There is no pickle anywhere: loading runs no code from the file.
A file appears under its name only when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
import numpy.typing as npt

from nextchar._version import __version__
from nextchar.data.arguments import need_path
from nextchar.data.display import LONGEST, shortened
from nextchar.data.mapped import mapped_array, pieces_of
from nextchar.data.writing import write_atomically, writing_to
from nextchar.errors import ModelFileError

__all__ = ["FORMAT", "ModelFile", "package_of", "read_model_file", "verify_model_file", "write_model_file"]

FORMAT: Final = 1
MAPPED_FROM: Final = 1 << 26  # bytes of a file
LONGEST_KIND: Final = 60  # characters
_TYPES: Final = {  # by numpy's names, in the order in which the library sorts arrays
    "u8": "U64",
    "i8": "I64",
    "f8": "F64",
    "f4": "F32",
    "u4": "U32",
    "i4": "I32",
    "f2": "F16",
    "u2": "U16",
    "i2": "I16",
    "i1": "I8",
    "u1": "U8",
    "b1": "BOOL",
}
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class ModelFile:
    """The content of a model file: which kind of model, its arrays, and its JSON document."""

    kind: str
    arrays: Arrays
    document: Mapping[str, Any]


def write_model_file(path: str | Path, content: ModelFile) -> None:
    """Write a model file, whole or not at all.

    Raises:
        ModelFileError: the file cannot be written there.
    """
    need_path(path)
    document = {"format": FORMAT, "kind": content.kind, "package": __version__, **content.document}
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, allow_nan=False)
    arrays = {name: np.ascontiguousarray(array) for name, array in content.arrays.items()}
    metadata = {"checksum": _checksum(text, arrays), "nextchar": text}
    with writing_to(path, ModelFileError):
        write_atomically(path, _safetensors(arrays, metadata))


def _safetensors(arrays: Arrays, metadata: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    """A safetensors file in pieces, as the library writes it, but with the metadata in the order given.

    The library leaves that order to chance, and equal models shall be equal files; and it makes all of the file in
    memory, while arrays may lie in a file that is larger.
    """
    types = list(_TYPES)
    order = sorted(arrays, key=lambda name: (types.index(arrays[name].dtype.str[1:]), name))
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name in order:
        array, begin = arrays[name], end
        end += array.nbytes
        shape = list(array.shape)
        header[name] = {"dtype": _TYPES[array.dtype.str[1:]], "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little")
    yield text
    for name in order:
        yield from pieces_of(arrays[name])


def read_model_file(path: str | Path, *, mapped: Collection[str] = ()) -> ModelFile:
    """Read a model file and check that it is whole.

    Args:
        path: the file.
        mapped: the kinds whose arrays are not read but mapped into memory, where the file is large: several processes
            share them then. Their checksum is not compared, since that would read them all: see `verify_model_file`.

    Raises:
        ModelFileError: it does not exist, is something else, is damaged, or comes from a newer version.
    """
    import safetensors
    import safetensors.numpy

    need_path(path)
    path = Path(path)
    try:
        if path.is_dir():
            raise ModelFileError(f"{path}: is a directory; give a model file")
        if not stat.S_ISREG(path.stat().st_mode):
            raise ModelFileError(f"{path}: is a pipe or a device, and a model is read at many places; give a file")
        with safetensors.safe_open(path, framework="numpy") as handle:
            metadata = handle.metadata() or {}
            text = metadata.get("nextchar")
            if text is None:
                raise ModelFileError(f"{path}: is a safetensors file, but not a nextchar model")
            document = _parsed(path, text)
            if document["kind"] in mapped and path.stat().st_size >= MAPPED_FROM:
                return ModelFile(document["kind"], _mapped(path), document)
            arrays = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 - not a mapping
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such file; train a model and save it there", argument="model_file") from None
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (safetensors.SafetensorError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path}: is not a model file, or is damaged ({shortened(str(error), LONGEST)})") from None
    if _checksum(text, arrays) != metadata.get("checksum"):
        raise ModelFileError(f"{path}: is damaged: its checksum does not fit its content")
    return ModelFile(document["kind"], arrays, document)


def verify_model_file(path: str | Path) -> None:
    """See that a file which can be read is as it was written: that its checksum fits.

    Raises:
        ModelFileError: it does not.
    """
    import safetensors

    with safetensors.safe_open(path, framework="numpy") as handle:
        metadata = handle.metadata() or {}
    if _checksum(metadata.get("nextchar", ""), _mapped(Path(path))) != metadata.get("checksum"):
        raise ModelFileError(f"{path}: is damaged: its checksum does not fit its content")


def _mapped(path: Path) -> Arrays:
    """The arrays of a file that the library has found in order, where they lie."""
    with path.open("rb") as handle:
        size = int.from_bytes(handle.read(8), "little")
        header = json.loads(handle.read(size))
    types = {name: np.dtype(f"<{kind}" if kind != "b1" else "?") for kind, name in _TYPES.items()}
    return {
        name: mapped_array(path, types[entry["dtype"]], tuple(entry["shape"]), at=8 + size + entry["data_offsets"][0])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def package_of(path: str | Path) -> str:
    """The version of nextchar that wrote a model file which can be read."""
    import safetensors

    with safetensors.safe_open(path, framework="numpy") as handle:
        document = json.loads((handle.metadata() or {})["nextchar"])
    return str(document.get("package", "of an unknown version"))


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_refused)
        version = document["format"]
        kind = document["kind"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ModelFileError(f"{path}: is damaged: its description cannot be read") from None
    if isinstance(version, int) and version > FORMAT:
        writer = shortened(ascii(str(document.get("package", "of a newer version")))[1:-1])
        raise ModelFileError(
            f"{path}: has format {shortened(str(version))}, written by nextchar {writer}; "
            f"this is nextchar {__version__}, which reads up to format {FORMAT}: upgrade it"
        )
    if version != FORMAT or not isinstance(kind, str) or len(kind) > LONGEST_KIND:
        found = f"format {shortened(repr(version))} and kind {shortened(repr(kind))}"
        raise ModelFileError(f"{path}: is damaged: it has {found}")
    return dict(document)


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _checksum(text: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        for piece in pieces_of(np.ascontiguousarray(array)):
            digest.update(piece)
    return digest.hexdigest()
