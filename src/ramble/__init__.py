"""Zero-error paths between the solutions of a classification problem."""
