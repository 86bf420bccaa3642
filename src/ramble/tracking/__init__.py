"""Trackers: walks through the solution space from one solution to another."""
