"""One style for all figures, and how they are saved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ramble.artifacts import write_whole

# no dates: the same data give the same bytes
METADATA: dict[str, dict[str, str | None]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
    ".png": {"Software": "ramble"},
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw without a screen, in the project's style."""
    mpl.use("Agg")
    with plt.style.context(Path(__file__).with_name("ramble.mplstyle")):
        yield


def save(figure: Figure, outputs: Sequence[str]) -> None:
    """Write a figure in every format that `outputs` name by their suffix."""
    with styled():
        for output in outputs:
            suffix = Path(output).suffix
            write_whole(output, lambda aside, kind=suffix: figure.savefig(aside, metadata=METADATA[kind]))  # type: ignore[misc]
    plt.close(figure)
