"""Text in: files, tables and pipes become items, ids and splits; the data sets known by name."""
