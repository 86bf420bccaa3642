"""Figures of paths that can be turned and zoomed in a browser, from the tables that the printed ones are drawn from."""

INTERACTIVE = ("plane", "spectrum", "top_eigenvalues")  # kinds of figures
