"""Several models as one: the weighted geometric mean, and training it as a whole."""
