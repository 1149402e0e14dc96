"""The nets and how they are trained; the only place where torch is used.

Its parts, each importing only from those to its left:

    nets < training, bigram, model < families < diagnostics
"""
