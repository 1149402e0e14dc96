"""The compiled loops. Each has a twin in numpy that gives the same numbers; a test holds the two together.

Importing this package loads numba (about half a second), so callers import it inside the branch that repays it; see
`compiled`. Machine code is cached on disk beside the package, or in numba's own cache folder where that is read-only.
"""

from nextchar._kernels.hashing import add_to_hash, filled_slots, move_to_hash, radix_sort, unpack_ngrams
from nextchar._kernels.reading import add_byte_triples, add_to_table, drop_recent, fingerprints, mark_seen, strip_lines
from nextchar._kernels.suffixes import list_entries, settle_entries, take_discounts
from nextchar._kernels.walking import draw_items, walk, walk_links

__all__ = [
    "add_byte_triples",
    "add_to_hash",
    "add_to_table",
    "draw_items",
    "drop_recent",
    "filled_slots",
    "fingerprints",
    "list_entries",
    "mark_seen",
    "move_to_hash",
    "radix_sort",
    "settle_entries",
    "strip_lines",
    "take_discounts",
    "unpack_ngrams",
    "walk",
    "walk_links",
]
