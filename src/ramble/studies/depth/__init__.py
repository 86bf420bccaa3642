"""Studies of what depth does to the values of layers and to the gradients that come back to them."""
