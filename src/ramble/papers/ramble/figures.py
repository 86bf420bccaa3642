"""The paper's figures, and ours beside them: what params.yaml says of a figure of the same name is laid over this.

A figure is drawn where the studies have what it shows. Figures of Algorithm 1 at the printed setting have the plain
name; <figure>-<tracker> shows the paths of another tracker.
"""

from typing import Any

SECTIONS = {"committee": "fig2", "images": "fig3"}  # the figures whose studies are those of sections 3.1 and 3.2

FIGURES: dict[str, dict[str, Any]] = {
    "fig1": {"kind": "plane", "study": "tcm", "tracker": "paper", "table": "plane"},  # a sketch in print
    "fig2": {"kind": "spectrum", "study": "tcm", "tracker": "paper"},
    "fig2-paper_tuned": {"kind": "spectrum", "study": "tcm", "tracker": "paper_tuned"},
    "fig2-guarded": {"kind": "spectrum", "study": "tcm", "tracker": "guarded"},
    "fig3": {"kind": "losses", "study": "mnist100", "tracker": "paper"},
    "fig3-guarded": {"kind": "losses", "study": "mnist100", "tracker": "guarded"},
    "fig4": {"kind": "top_eigenvalues", "study": "mnist100", "tracker": "paper"},
    "fig4-guarded": {"kind": "top_eigenvalues", "study": "mnist100", "tracker": "guarded"},
    "fig5": {"kind": "test_errors", "study": "mnist", "tracker": "guarded"},
    # the same for a network of today
    "cifar_errors": {"kind": "test_errors", "study": "cifar", "tracker": "adaptive"},
    "cifar_eigenvalues": {"kind": "top_eigenvalues", "study": "cifar", "tracker": "adaptive"},
    "gauss_newton": {"kind": "gauss_newton", "study": "mnist100", "tracker": "guarded"},
    "density": {"kind": "density", "study": "mnist100", "tracker": "guarded"},
    # the paper counts three eigenvalues that differ from zero: in which regime are there as many?
    "nonzero": {"kind": "nonzero", "study": "tcm", "tracker": "paper", "table": "nonzero"},
    "connectivity": {"kind": "connectivity"},
    "load": {"kind": "load"},
}
