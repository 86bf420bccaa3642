"""A second opinion on stored paths, from the artifacts alone: no code of the trackers or of their certificates."""
