"""The text's figures: what params.yaml says of a figure of the same name is laid over this.

Those that show training runs are of the small size; <figure>-full shows the printed one.
"""

from typing import Any

SMALL, FULL = "randomization_small", "randomization_full"

FIGURES: dict[str, dict[str, Any]] = {
    # loss and accuracy of the runs of Table 1 (Figures 4 and 5 in print), and of those of Table 2 (8 and 9)
    "randomization_fig4_fig5": {"kind": "run_curves", "study": SMALL, "grid": "initialisation"},
    "randomization_fig8_fig9": {"kind": "run_curves", "study": SMALL, "grid": "batch"},
    "randomization_fig4_fig5-full": {"kind": "run_curves", "study": FULL, "grid": "initialisation"},
    "randomization_fig8_fig9-full": {"kind": "run_curves", "study": FULL, "grid": "batch"},
    # Figures 1, 2 and 6, which are sketches in print
    "randomization_bowl": {"kind": "bowl", "study": "randomization_descent"},
    # Theorems 1 to 4, section 7, and section 3
    "randomization_bounds": {"kind": "descent_bounds", "study": "randomization_descent"},
    "randomization_step_sizes": {"kind": "step_sizes", "study": "randomization_descent"},
    "randomization_rest": {"kind": "rest", "study": "randomization_descent"},
    "randomization_depth_by_layer": {"kind": "depth", "study": "randomization_depth"},
}
