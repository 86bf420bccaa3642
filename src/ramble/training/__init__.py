"""Training: to zero errors, by full batches or by minibatches, and on from there."""
