"""When a claim of the text counts as reproduced: written down before any of its networks was trained."""

from pydantic import Field

from ramble.settings import Fraction, Model, Positive


class Thresholds(Model):
    """When a claim counts as reproduced; written down before looking at the results."""

    constant_below: Fraction = Field(0.5, description="accuracy that no network of constant weights reaches")
    random_above: Fraction = Field(0.9, description="training accuracy of every network of random weights")
    validation_gap: Fraction = Field(
        0.01, description="between the mean validation accuracies of the two random initialisations, at most"
    )
    no_loss: Positive = Field(0.1, description="nats: a loss below is almost none")
    smoothness_ratio: Fraction = Field(
        1.0,
        description="roughness of loss curves, small batch to large, below",
    )
    weights_tolerance: Fraction = Field(0.05, description="relative difference at which a count is still that number")
