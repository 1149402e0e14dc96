"""How the reference shows the settings of models: `steps: int = 100`, and not the call that makes the field.

An extension of Griffe, which reads the code for the documentation. Each field that `core.settings.setting` makes has
its default as its value and its help as its text.
"""

from __future__ import annotations

import ast
from typing import Any

import griffe

__all__ = ["SettingsExtension"]


class SettingsExtension(griffe.Extension):
    """Puts the default and the help of a setting in the place of the call of `setting`."""

    def on_attribute_instance(self, *, attr: Any, **_: Any) -> None:
        """A field has been read."""
        call = attr.value
        if not isinstance(call, griffe.ExprCall) or str(call.function) != "setting":
            return
        attr.value = call.arguments[0]
        for argument in call.arguments:
            if isinstance(argument, griffe.ExprKeyword) and argument.name == "help" and attr.docstring is None:
                attr.docstring = griffe.Docstring(ast.literal_eval(str(argument.value)), parent=attr)
