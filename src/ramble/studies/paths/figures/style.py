"""One style for all figures, and how they are saved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.store.artifacts import write_whole
from ramble.store.stamps import stamp

# no dates: the same data give the same bytes
METADATA: dict[str, dict[str, str | None]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
    ".png": {"Software": "ramble"},
}
# where a format keeps what a picture says of itself
ABOUT = {".svg": "Description", ".pdf": "Subject", ".png": "Description"}


@contextmanager
def styled() -> Iterator[None]:
    """Draw without a screen, in the project's style, whatever the user's matplotlibrc says."""
    mpl.use("Agg")
    with plt.style.context(Path(__file__).with_name("ramble.mplstyle"), after_reset=True):
        yield


def save(figure: Figure, outputs: Sequence[str]) -> None:
    """Write a figure, and where it comes from, in every format that `outputs` name by their suffix."""
    with styled():
        for output in outputs:
            suffix = Path(output).suffix
            metadata = METADATA[suffix] | {ABOUT[suffix]: stamp()}
            write_whole(output, lambda aside, told=metadata: figure.savefig(aside, metadata=told))  # type: ignore[misc]
    plt.close(figure)
