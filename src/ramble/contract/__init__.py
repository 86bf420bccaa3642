"""The artifact contract: which file holds what, and how each kind is written and read.

One module per kind of artifact, so that a step depends on the code of its own artifacts only.
"""
