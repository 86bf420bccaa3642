"""Measurements at points in weight space."""
