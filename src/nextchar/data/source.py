"""Where a corpus came from, as a model remembers it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from nextchar.data.display import one_line
from nextchar.data.format import Format

__all__ = ["Source"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a corpus came from: names as given, bytes read (decompressed) and their SHA-256, and how it was read."""

    names: tuple[str, ...]
    size_bytes: int
    sha256: str
    format: Format = Format()  # noqa: RUF009 - frozen

    __repr__ = one_line

    def document(self) -> dict[str, Any]:
        """For a model's file; of how it was read, what is not the default."""
        how = {
            entry.name: value
            for entry in fields(Format)
            if entry.name != "errors" and (value := getattr(self.format, entry.name)) != entry.default
        }
        size = {"names": self.names, "size_bytes": self.size_bytes, "sha256": self.sha256}
        return {**size, "format": how} if how else size
