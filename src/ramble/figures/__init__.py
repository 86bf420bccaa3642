"""The paper's figures, drawn from the artifacts on disk."""
