"""The one interface of every model, and what is written once upon it: sampling, scoring, settings, the model file."""
