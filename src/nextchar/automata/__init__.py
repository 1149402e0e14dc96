"""Models that are finite automata, and everything exact: constraints, products, conditioning, enumeration, tabulation."""
