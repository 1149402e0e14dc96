"""The one interface of every model, and what is written once upon it: settings, sampling, scoring, random streams, files."""
