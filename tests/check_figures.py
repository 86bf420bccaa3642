"""Check that every figure in a folder is a valid, non-empty picture in all three formats."""

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path

from matplotlib import image

DRAWINGS = (
    "fig1",
    "fig2",
    "fig3",
    "fig4",
    "nonzero",
    "fig2-paper_tuned",
    "fig2-guarded",
    "fig3-guarded",
    "fig4-guarded",
    "randomization_bowl",
    "randomization_bounds",
    "randomization_step_sizes",
    "randomization_rest",
    "randomization_depth_by_layer",
)


def check_figures(folder: Path, drawings: Iterable[str] = DRAWINGS) -> list[str]:
    """Return the names of the checked pictures; raises AssertionError naming a bad one."""
    names = [f"{drawing}.{suffix}" for drawing in drawings for suffix in ("svg", "png", "pdf")]
    for name in names:
        content = (folder / name).read_bytes()
        match name.rpartition(".")[2]:
            case "png":
                pixels = image.imread(folder / name)
                assert min(pixels.shape[:2]) > 500, f"{name} is too small"
                assert pixels[..., :3].std() > 0.02, f"{name} is blank"
            case "svg":
                root = ElementTree.fromstring(content)
                paths = root.findall(".//{http://www.w3.org/2000/svg}path")
                assert len(paths) > 50, f"{name} has hardly anything drawn"
            case "pdf":
                assert content.startswith(b"%PDF-"), f"{name} is no PDF"
                assert b"%%EOF" in content[-32:], f"{name} is cut off"
                assert b"/FontFile2" in content, f"{name} does not embed its fonts"
    return names


if __name__ == "__main__":
    print("checked:", ", ".join(check_figures(Path(sys.argv[1]))))
