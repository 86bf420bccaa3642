"""Of which size a study of runs is, against that of the text: what its verdicts say."""

from typing import Any

from ramble.studies.runs.parameters import Study

IMAGES, EPOCHS = 50_000, 50  # in print
# the networks of the text, and the arguments that make them smaller than there
NETWORKS: dict[str, dict[str, Any]] = {"carlini": {"width": 64}, "residual": {"depth": 56}}
OPTIMISER: dict[str, Any] = {"name": "Adam", "arguments": {"lr": 1e-4}}


def size_of(study: Study) -> tuple[str, bool]:
    """Return the size of a study in words, and whether it is the printed one: images, epochs, networks, optimiser."""
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
    return ", ".join(words), printed


def settings_of(study: Study) -> dict[str, tuple[str, str, int]]:
    """Return network, initialisation and batch of every setting of a study, by its name."""
    return {name: (one.network, one.initialisation, one.batch) for name, one in study.runs.items()}
