"""Studies of paths: pairs of solutions, and what lies between them."""
