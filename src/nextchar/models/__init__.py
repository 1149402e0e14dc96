"""The models: counts, the mix, the nets, ensembles, and the one table of them all (`registry`).

Its parts, each importing only from those to its left:

    ngram < mix, neural < ensemble < registry
"""
