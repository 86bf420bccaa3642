"""Settings of training runs by what torch offers under a name: optimisers, schedules of the rate, initialisations.

Names and arguments are looked up in torch by the job that trains, before it reads any data: this module is read by
every start of the workflow, and does not import torch.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from ramble.settings import Count, Model

Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]  # what Python can call something


class Optimiser(Model):
    """An optimiser of torch.optim."""

    name: Word = Field(description="of a class in torch.optim, such as Adam")
    arguments: dict[str, Any] = Field(default={}, description="by name, such as lr")


class Schedule(Model):
    """A schedule of torch.optim.lr_scheduler."""

    name: Word = Field(description="of a class in torch.optim.lr_scheduler, such as CosineAnnealingLR")
    arguments: dict[str, Any] = Field(default={}, description="by name, such as T_max")
    every: Literal["epoch", "step"] = Field(default="epoch", description="after which it is stepped")


class Drawing(Model):
    """A function of torch.nn.init."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*_$", description="such as kaiming_normal_ or constant_")]
    arguments: dict[str, Any] = Field(default={}, description="by name, such as val")


class Initialisation(Model):
    """The weights of a network before training.

    Weights are the tensors called `weight` that have two dimensions or more, biases those called `bias` beside them.
    All others, those of batch norm among them, are as the network's own code draws them.
    """

    weights: Drawing | None = Field(default=None, description="null: as the network's own code draws them")
    biases: Literal["own", "uniform", "zero"] = Field(
        default="own",
        description="own: as the network's own code draws them; uniform: between -1 / sqrt(n) and 1 / sqrt(n) for n "
        "inputs of a unit, as torch's layers do unless told otherwise",
    )


class Augmentation(Model):
    """How images are changed at random each time that they are trained on."""

    flip: bool = Field(default=False, description="left and right are exchanged in half of the cases")
    crop: Annotated[int, Field(ge=0, le=64)] = Field(
        default=0, description="pixels of zeros added on each side, before a part of the old size is cut out"
    )


class RunSettings(Model):
    """How one network is trained."""

    optimiser: Optimiser
    schedule: Schedule | None = None
    initialisation: Initialisation = Initialisation()
    augmentation: Augmentation = Augmentation()
    batch: Count = Field(default=128, description="training samples per step; an epoch's last batch may be smaller")
    epochs: Count = Field(default=50, description="over all training samples")
    points: list[Annotated[int, Field(ge=0)]] = Field(default=[], description="epochs whose weights are kept")
