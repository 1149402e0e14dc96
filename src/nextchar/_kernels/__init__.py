"""The compiled loops, one file for each package that uses them; nothing else imports numba.

Each loop has a twin in numpy that gives the same numbers; a test holds the two together. Loading numba takes about half
a second, so callers import these files inside the branch that repays it; see `loading`. Machine code is cached on disk
beside the package, or in numba's own cache folder where that is read-only; what is older than the source is compiled
again.

Its parts, each importing only from those to its left:

    stale, constants, backoff_search < splitmix < context_mixing < mix
"""

from __future__ import annotations

from pathlib import Path

from nextchar._kernels.stale import forget_stale

forget_stale(Path(__file__).parent)
