"""A second opinion on stored paths, from the artifacts alone.

Segments are checked by code that shares nothing with the trackers and their certificates (`committee`, `network`). What
a header claims of its certificate is recomputed by the code that made it (`certificate`), and held against that check.
"""
