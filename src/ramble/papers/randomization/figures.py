"""The text's figures: what params.yaml says of a figure of the same name is laid over this."""

from typing import Any

FIGURES: dict[str, dict[str, Any]] = {
    # Figures 1, 2 and 6, which are sketches in print
    "randomization_bowl": {"kind": "bowl", "study": "randomization_descent"},
    # Theorems 1 to 4, section 7, and section 3
    "randomization_bounds": {"kind": "descent_bounds", "study": "randomization_descent"},
    "randomization_step_sizes": {"kind": "step_sizes", "study": "randomization_descent"},
    "randomization_rest": {"kind": "rest", "study": "randomization_descent"},
    "randomization_depth_by_layer": {"kind": "depth", "study": "randomization_depth"},
}
