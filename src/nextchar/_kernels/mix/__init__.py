"""The compiled loops of `models.mix`: contexts, what the experts say, the gate, predictions."""
