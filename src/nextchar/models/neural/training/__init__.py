"""How a net is trained: rows, optimiser, the loop, checkpoints, logs."""
