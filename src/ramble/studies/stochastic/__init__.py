"""Studies of paths on training sets so large that gradients are those of minibatches."""
