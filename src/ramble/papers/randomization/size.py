"""What of a study is not as the text has it: what its verdicts say."""

from typing import Any

from ramble.studies.depth.parameters import Study as DepthStudy
from ramble.studies.runs.parameters import PLAIN, Study
from ramble.training.run_settings import Initialisation

IMAGES, VALIDATION, EPOCHS = 50_000, 10_000, 50  # in print
DATA = "ramble.problems.cifar.cifar10_images"
# the networks of the text, and the arguments that make them smaller than there
NETWORKS: dict[str, dict[str, Any]] = {"carlini": {"width": 64}, "residual": {"depth": 56}}
PATHS = {"carlini": "ramble.problems.carlini.CarliniProblem", "residual": "ramble.problems.resnet.ResNetProblem"}
# what the names of initialisations stand for: of weights, and of biases
INITIALISATIONS = {
    "ones": ("ones_", "uniform"),
    "zeros": ("zeros_", "uniform"),
    "zeros_and_biases": ("zeros_", "zero"),
    "kaiming_normal": ("kaiming_normal_", "uniform"),
    "xavier_uniform": ("xavier_uniform_", "uniform"),
}
OPTIMISER: dict[str, Any] = {"name": "Adam", "arguments": {"lr": 1e-4}}


def size_of(study: Study) -> tuple[str, bool]:
    """Return the size of a study in words, with all that is not as printed, and whether all of it is."""
    images = study.data.arguments.get("train", 0)
    printed = images == IMAGES and study.epochs == EPOCHS
    words = [f"{images:,} training images", f"{study.epochs} epochs"]
    for name, network in study.networks.items():
        own = NETWORKS.get(name, {}) | network.arguments
        printed &= own == NETWORKS.get(name)
        words.append(" ".join([name, *(f"{key} {value}" for key, value in own.items())]))
    for name, optimiser in study.optimisers.items():
        own = {"name": optimiser.name, "arguments": optimiser.arguments}
        printed &= own == OPTIMISER
        arguments = ", ".join(f"{key} = {value}" for key, value in optimiser.arguments.items())
        words.append(f"{optimiser.name} ({arguments})" if arguments else name)
    others = _not_as_printed(study)
    return ", ".join([*words, *others]), printed and not others


def _not_as_printed(study: Study) -> list[str]:
    """Name what else of a study is not as printed: its data, and what its names stand for."""
    found = [f"data by {study.data.path}"] if study.data.path != DATA else []
    images = study.data.arguments.get(study.validation, 0)
    found += [f"{images:,} validation images"] if images != VALIDATION else []
    found += [f"{name} by {one.path}" for name, one in study.networks.items() if one.path != PATHS.get(name)]
    found += [words for name, one in study.initialisations.items() for words in _of_its_own(name, one)]
    runs = study.runs.values()
    found += [f"schedule {name}" for name in sorted({one.schedule for one in runs} - {PLAIN})]
    found += [f"augmentation {name}" for name in sorted({one.augmentation for one in runs} - {PLAIN})]
    return found


def _of_its_own(name: str, one: Initialisation) -> list[str]:
    """Name an initialisation that is not what its name stands for."""
    weights = one.weights.name if one.weights and not one.weights.arguments else None
    return [] if (weights, one.biases) == INITIALISATIONS.get(name) else [f"initialisation {name} of its own"]


def departures_of_depth(study: DepthStudy) -> dict[str, str]:
    """Return what of the network of a study of depth is not as printed, in words, by initialisation; mostly none."""
    width = [f"width {study.width}"] if study.width != NETWORKS["carlini"]["width"] else []
    return {name: ", ".join(width + _of_its_own(name, one)) for name, one in study.initialisations.items()}


def settings_of(study: Study) -> dict[str, tuple[str, str, int]]:
    """Return network, initialisation and batch of every setting of a study, by its name."""
    return {name: (one.network, one.initialisation, one.batch) for name, one in study.runs.items()}
