"""One core: tell the libraries before they load, and ask them afterwards."""

from __future__ import annotations

import ctypes
import os
import platform
from importlib.util import find_spec
from pathlib import Path

__all__ = ["describe", "threads_found", "use_one_thread"]

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_OPENBLAS_QUESTIONS = (
    "scipy_openblas_get_num_threads64_",
    "scipy_openblas_get_num_threads",
    "openblas_get_num_threads64_",
    "openblas_get_num_threads",
)


def use_one_thread() -> None:
    """For this process, before numpy, numba or torch are imported, and for those it starts."""
    for variable in _VARIABLES:
        os.environ[variable] = "1"
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)


def threads_found() -> dict[str, int]:
    """How many threads each library says it uses.

    Raises:
        RuntimeError: one of them uses more than one.
    """
    import numba

    found = {"numba": int(numba.get_num_threads())}
    if find_spec("torch"):
        import torch

        found["torch"] = torch.get_num_threads()
    openblas = _openblas_threads()
    if openblas is not None:
        found["OpenBLAS"] = openblas
    if any(threads != 1 for threads in found.values()):
        raise RuntimeError(f"more than one thread in spite of {', '.join(_VARIABLES)}: {found}")
    return found


def _openblas_threads() -> int | None:
    """What numpy's own OpenBLAS says; None where numpy has another library, or one that cannot be asked."""
    import numpy as np

    bundled = Path(np.__file__).parents[1] / "numpy.libs"
    for path in bundled.glob("*openblas*"):
        library = ctypes.CDLL(str(path))
        for question in _OPENBLAS_QUESTIONS:
            if hasattr(library, question):
                return int(getattr(library, question)())
    return None


def describe() -> dict[str, str]:
    """The machine and the versions, in general terms."""
    from importlib.metadata import PackageNotFoundError, version

    versions = [f"Python {platform.python_version()}"]
    for package in ("nextchar", "numpy", "numba", "torch", "nltk", "kenlm"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} not installed")
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores, {_memory()}",
        "system": f"{platform.system()} {platform.machine()}",
        "versions": ", ".join(versions),
        "threads": ", ".join(f"{library} {threads}" for library, threads in threads_found().items())
        + " (as the libraries report them)",
        "load": f"{os.getloadavg()[0]:.1f} before the run (the average of the last minute; 0 is an idle machine)",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return "memory unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB of memory"
