"""Models that are finite automata, and everything exact: constraints, conditioning, enumeration, tabulation."""
