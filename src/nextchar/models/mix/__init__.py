"""The mix: many n-gram experts, each counting after contexts of its own kind, weighed by a fitted gate."""
