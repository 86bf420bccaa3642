"""Studies of many solutions: which pairs of them a path joins."""
