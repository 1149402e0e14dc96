"""Context mixing: bits of a code tree, predicted from many hashed contexts by learned logistic mixing."""
