"""Training sets, networks, losses and margins: what a path is walked on."""
