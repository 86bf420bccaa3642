"""Hessian spectra of the training loss at the stored points of a path."""
