"""What the text prints: accuracies in per cent, training and validation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One row of a printed table.

    Attributes:
        label: what the row is called.
        network: name of the network in a study.
        initialisation: likewise; the text does not say which one Table 2 has, and ours is the network's own.
        batch: training images per step.
        train: accuracy on the training images, in per cent; None where the text has no such row.
        validation: accuracy on the others, likewise.
    """

    label: str
    network: str
    initialisation: str
    batch: int
    train: float | None = None
    validation: float | None = None


WEIGHTS = 30_000  # of the Carlini net
TABLES: dict[str, tuple[Cell, ...]] = {
    "table1": (
        Cell("all weights 1", "carlini", "ones", 128, 10.00, 10.00),
        Cell("all weights 0", "carlini", "zeros", 128, 45.83, 45.15),
        Cell("all weights 0, and all biases", "carlini", "zeros_and_biases", 128),
        Cell("Kaiming normal", "carlini", "kaiming_normal", 128, 99.33, 75.92),
        Cell("Xavier uniform", "carlini", "xavier_uniform", 128, 93.95, 75.72),
    ),
    "table2": (
        Cell("Carlini net, batch 300", "carlini", "plain", 300, 76.87, 71.23),
        Cell("Carlini net, batch 10", "carlini", "plain", 10, 99.40, 78.71),
        Cell("residual net, batch 300", "residual", "plain", 300, 73.94, 47.32),
        Cell("residual net, batch 10", "residual", "plain", 10, 84.50, 69.93),
    ),
}
