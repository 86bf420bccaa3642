"""Texts that are rebuilt, one package each: figures, claims, thresholds."""
