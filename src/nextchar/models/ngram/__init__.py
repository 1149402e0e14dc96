"""Count models: counts, smoothing, the trie, and what comes from other programs as ARPA files."""
