"""The nets, one file a family: torch modules from ids to logits, and nothing else."""
