"""Hypothesis settings: the machine may be busy, so no example is judged by its time."""

from hypothesis import settings

unhurried = settings(deadline=None, max_examples=30, derandomize=True)
