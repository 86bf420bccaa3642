"""Studies of a tracker's settings, changed one at a time."""
