"""Randomization in Machine Learning: Weight Initialization and Training (Manicke)."""
