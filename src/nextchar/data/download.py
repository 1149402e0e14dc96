"""Fetch a named data set once, keep it, and never use a copy whose hash is not the promised one.

A download goes to a temporary file beside its place in the cache and is renamed when its hash is right, so
the cache holds the right file or none. `find` and `locate` look only at this machine and need no network.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import platformdirs

from nextchar._version import __version__
from nextchar.data.datasets import DataSet, named, shipped_path
from nextchar.data.writing import write_atomically
from nextchar.errors import DataSetError

__all__ = [
    "cache_folder",
    "cache_path",
    "cached",
    "fetch",
    "fetch_data_set",
    "find",
    "find_data_set",
    "locate",
]

WAIT_SECONDS = 30.0
"""How long a server may stay silent."""

TOTAL_SECONDS = 600.0
"""How long a whole download may take, for servers that send a byte now and then."""

_BLOCK_BYTES = 1 << 16


def cache_folder() -> Path:
    """The folder for fetched data sets, in the user's cache; it need not exist yet."""
    return platformdirs.user_cache_path("nextchar") / "data"


def cache_path(data_set: DataSet, *, folder: Path | None = None) -> Path:
    """Where a data set is kept once fetched; the file need not exist yet."""
    return (cache_folder() if folder is None else folder) / data_set.file_name


def cached(data_set: DataSet, *, folder: Path | None = None) -> Path | None:
    """The kept copy of a data set if there is one and its hash is right, else None."""
    path = cache_path(data_set, folder=folder)
    try:
        return path if _fault(path, data_set) is None else None
    except OSError:
        return None


def find(name: str, *, folder: Path | None = None) -> Path | None:
    """A checked copy of a named data set on this machine, or None; the network is not used.

    Looked at in this order: the shipped file; the file that the data set's environment variable points to
    (NEXTCHAR_NAMES for makemore-names, NEXTCHAR_SHAKESPEARE for tiny-shakespeare); the cache.

    Args:
        name: a key of `nextchar.data.datasets.NAMED`.
        folder: look here instead of in the user's cache.

    Raises:
        DataSetError: no data set has this name, or the environment variable points to something else.
    """
    return find_data_set(named(name), folder=folder)


def find_data_set(data_set: DataSet, *, folder: Path | None = None) -> Path | None:
    """`find` for a data set that need not be among the named ones."""
    if data_set.url is None:
        return shipped_path(data_set.name)
    own = os.environ.get(data_set.variable, "") if data_set.variable else ""
    if not own:
        return cached(data_set, folder=folder)
    path = Path(own)
    remedy = f"Set {data_set.variable} to a copy of {data_set.url}, or unset it"
    try:
        fault = _fault(path, data_set)
    except OSError as error:
        raise DataSetError(
            f"{data_set.variable} points to {path}, which cannot be read: {_reason(error)}. {remedy}"
        ) from error
    if fault is not None:
        raise DataSetError(
            f"{data_set.variable} points to {path}, which is not {data_set.name}: {fault}. "
            f"{remedy}; a copy with other line ends, or with one after the last name, is another file"
        )
    return path


def locate(name: str, *, folder: Path | None = None) -> Path:
    """Like `find`, for callers that cannot go on without the file.

    Raises:
        DataSetError: also if there is no copy; the message says how to get one.
    """
    data_set = named(name)
    path = find_data_set(data_set, folder=folder)
    if path is None:
        raise DataSetError(
            f"{name} is not on this machine. Fetch it with: nextchar data fetch {name}. "
            f"Without a network: {_by_hand(data_set, cache_path(data_set, folder=folder))}"
        )
    return path


def fetch(name: str, *, url: str | None = None, folder: Path | None = None) -> Path:
    """The path of a named data set, downloaded first unless a right copy is in the cache.

    A shipped data set is returned as it is, and so is the copy that its environment variable points to, unless an
    address or a folder is given. A damaged copy in the cache is replaced.

    Args:
        name: a key of `nextchar.data.datasets.NAMED`.
        url: another http or https address of the same file, such as a mirror; its hash must be the same.
        folder: keep it here instead of in the user's cache.

    Raises:
        DataSetError: no data set has this name, or its file cannot be fetched or kept, or is a wrong one.
    """
    return fetch_data_set(named(name), url=url, folder=folder)


def fetch_data_set(
    data_set: DataSet, *, url: str | None = None, folder: Path | None = None, timeout: float = WAIT_SECONDS
) -> Path:
    """`fetch` for a data set that need not be among the named ones.

    Args:
        data_set: what to fetch; its size limits the download and its hash decides.
        url: another http or https address of the same file.
        folder: keep it here instead of in the user's cache.
        timeout: seconds that the server may stay silent.

    Raises:
        DataSetError: the file cannot be fetched or kept, or is a wrong one. Nothing is kept then.
    """
    if data_set.url is None:
        return shipped_path(data_set.name)
    kept = cached(data_set, folder=folder) if url or folder else find_data_set(data_set)
    if kept is not None:
        return kept
    target = cache_path(data_set, folder=folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(_download(data_set, url or data_set.url, target, timeout)) as blocks:
            write_atomically(target, blocks)
    except OSError as error:
        # Only from keeping the file: for the network's faults _download raises DataSetError.
        advice = "Free that place or make the folder writable"
        if data_set.variable:
            advice += f", or save {data_set.url} elsewhere and set {data_set.variable} to its path"
        raise DataSetError(f"{data_set.name} cannot be kept as {target}: {_reason(error)}. {advice}") from error
    return target


def _download(data_set: DataSet, url: str, target: Path, timeout: float) -> Generator[bytes, None, None]:
    """The blocks of the file as they come; whoever reads to the end without an error has the right file.

    Raises:
        DataSetError: whatever went wrong between here and the server, or a hash that is not the promised one.
    """
    size = data_set.size_bytes
    refused = f"{data_set.name} could not be fetched from {url}"
    by_hand = _by_hand(data_set, target)
    again = f"Nothing was kept. Try again; if that does not help, {by_hand}"
    if not url.lower().startswith(("http://", "https://")):
        raise DataSetError(f"{refused}: wanted an address that starts with http:// or https://")
    deadline = time.monotonic() + TOTAL_SECONDS
    digest = hashlib.sha256()
    received = 0
    start = b""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": f"nextchar/{__version__}"})
        with urllib.request.urlopen(request, timeout=timeout) as response:
            promised: int | None = response.length
            while promised is None or received < promised:
                # One byte beyond the known size is enough to see that the file is another one.
                block = response.read1(min(_BLOCK_BYTES, size + 1 - received))
                received += len(block)
                if not block or received > size:
                    break
                start = start or block[:64]
                digest.update(block)
                yield block
                if time.monotonic() > deadline:
                    raise DataSetError(f"{refused}: only {_progress(received, size)} in {TOTAL_SECONDS:g} s. {again}")
    except urllib.error.HTTPError as error:
        with error:  # it is also the response, and holds the connection
            meaning = http.client.responses.get(error.code, "unknown status")
            nowhere = ", a redirect that leads nowhere" if 300 <= error.code < 400 else ""
            where = f" for {error.url}" if error.url != url else ""
            raise DataSetError(
                f"{refused}: the server answered {error.code} {meaning}{where}{nowhere}. {again}"
            ) from error
    except DataSetError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        so_far = f" after {_progress(received, size)}" if received else ""
        raise DataSetError(f"{refused}: {_network_reason(error, timeout)}{so_far}. {again}") from error
    if received <= size and digest.hexdigest() == data_set.sha256:
        return
    if promised is not None and received < min(promised, size):
        raise DataSetError(f"{refused}: the connection was cut after {_progress(received, size)}. {again}")
    came = f"{received:,} bytes, sha256 {digest.hexdigest()}"
    if received > size:
        came = f"more than {size:,} bytes"
    page = ""
    if start.startswith(b"<"):
        page = "It looks like a web page: a proxy or a sign-in page may have answered. "
    raise DataSetError(
        f"what {url} sent is not {data_set.name}: wanted {size:,} bytes, sha256 {data_set.sha256}; "
        f"came {came}. {page}{again}"
    )


def _progress(received: int, size: int) -> str:
    return f"{received:,} of {size:,} bytes"


def _by_hand(data_set: DataSet, target: Path) -> str:
    """What to do without this module: the end of a sentence."""
    own = f", or set {data_set.variable} to the path of your copy" if data_set.variable else ""
    return f"get {data_set.url} by other means and save it as {target}{own}"


def _fault(path: Path, data_set: DataSet) -> str | None:
    """What shows that the file is not the data set; None if it is. An OSError means it cannot be read."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # a folder, or a pipe that could be read only once
        return "it is not a regular file"
    if status.st_size != data_set.size_bytes:
        return f"it has {status.st_size:,} bytes, wanted {data_set.size_bytes:,}"
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return None if digest == data_set.sha256 else f"it has sha256 {digest}, wanted {data_set.sha256}"


def _network_reason(error: Exception, timeout: float) -> str:
    """Why nothing more came, in words; the address is in the message already."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    match cause:
        case TimeoutError():
            return f"the server was silent for {timeout:g} s"
        case socket.gaierror():
            return f"no network, or the server's name is not known ({_reason(cause)})"
        case http.client.IncompleteRead() | ConnectionResetError():
            return "the connection was cut"
        case http.client.InvalidURL() | ValueError():
            return f"this is not a whole address ({cause})"
        case http.client.HTTPException():
            return f"the server's answer is not HTTP ({type(cause).__name__})"
        case OSError():
            return _reason(cause)
        case _:
            return str(cause)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
