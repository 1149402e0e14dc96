"""How fast and how small nextchar is, each of its jobs beside other ways to do it: `python benchmarks/run.py`."""
