"""A model as something that draws names without Python: a web page in one file, and an ES module.

packed < files
"""

from __future__ import annotations

from nextchar.tasks.export.files import ExportSummary, export_module, export_page

__all__ = ["ExportSummary", "export_module", "export_page"]
