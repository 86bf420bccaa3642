"""Studies of what gradient descent, with and without chance, does to losses whose constants can be computed."""
