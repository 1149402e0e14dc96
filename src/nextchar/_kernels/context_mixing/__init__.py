"""The compiled loops of `models.context_mixing`: contexts, lookup, prediction, update, rows, and reading a text."""
