"""The nets and how they are trained; the only place where torch is used.

Its parts, each importing only from those to its left:

    nets < bigram, model < training < families < diagnostics < interventions < units, health
"""
