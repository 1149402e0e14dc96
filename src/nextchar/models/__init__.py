"""The models: counts, the mix, the nets, ensembles; and the one table of them all, `registry`, which imports none.

Its parts, each importing only from those to its left:

    registry < ngram < mix, neural < context_mixing, ensemble < updating
"""
