"""The compiled loops of the mix."""
