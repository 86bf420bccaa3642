"""Studies of a training recipe: how often it reaches zero errors."""
