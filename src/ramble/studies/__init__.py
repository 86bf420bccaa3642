"""Kinds of studies, one package each."""
