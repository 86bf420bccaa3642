"""Studies of training runs: how networks do that are trained in several ways, and where training leads them."""
