"""Values and gradients by layer: of products of linear layers, and of the Carlini net as it is drawn."""

from dataclasses import asdict

import pandas as pd
import torch

from ramble.measure.layers import layer_sizes, product_sizes
from ramble.problems.carlini import CarliniNet
from ramble.problems.seeds import derive_seed, generator
from ramble.studies.depth.parameters import Study
from ramble.training.named import initialise

LINEAR = ("orthogonal", "gaussian")
CONSTANT = ("zeros_", "ones_", "constant_")


def measure_products(seed: int, name: str, study: Study) -> pd.DataFrame:
    """Return a row per kind of matrix, draw, factor c and layer.

    Columns: matrices (orthogonal, or gaussian with entries of variance 1 / N), draw, factor, layer l from 1,
    forward, the norm of the product of the first l layers times x relative to |x|, and backward, that of a gradient
    that has come back through l layers.
    """
    tables = []
    for kind in LINEAR:
        for draw in range(study.draws):
            matrices, vectors = _matrices(kind, seed, name, draw, study)
            factors = {f"{factor:g}": factor for factor in study.factors}
            forward = product_sizes(matrices, vectors[0], factors)
            backward = product_sizes(matrices.flip(0).transpose(1, 2), vectors[1], factors)
            for told, factor in factors.items():
                columns = {"forward": forward[told], "backward": backward[told]}
                rows = {"matrices": kind, "draw": draw, "factor": factor, "layer": range(1, study.layers + 1)}
                tables.append(pd.DataFrame({**rows, **columns}))
    return pd.concat(tables, ignore_index=True)


def _matrices(kind: str, seed: int, name: str, draw: int, study: Study) -> tuple[torch.Tensor, torch.Tensor]:
    """Return matrices (layers, N, N) and two vectors (2, N)."""
    stream = generator(seed, name, kind, draw)
    normal = torch.randn(study.layers, study.units, study.units, generator=stream, dtype=torch.float64)
    vectors = torch.randn(2, study.units, generator=stream, dtype=torch.float64)
    return (torch.linalg.qr(normal).Q if kind == "orthogonal" else normal / study.units**0.5), vectors


def measure_layers(seed: int, name: str, study: Study) -> pd.DataFrame:
    """Return a row per initialisation, draw and layer of the network, float64, in evaluation mode.

    Columns: initialisation, draw, number (of the layer, from 1), and what `ramble.measure.layers.Layer` has. Pixels are
    standard normal, as normalised images are but for the likeness of neighbours; labels are drawn uniformly.
    """
    stream = generator(seed, name, "images")
    images = torch.randn(study.images, 3, 32, 32, generator=stream, dtype=torch.float64)
    labels = torch.randint(10, (study.images,), generator=stream)
    rows = []
    for initialisation, wanted in study.initialisations.items():
        for draw in range(study.draws):
            with torch.random.fork_rng(devices=[]):  # what draws weights knows only torch's global generator
                torch.manual_seed(derive_seed(seed, name, initialisation, draw))
                network = CarliniNet(study.width)
                initialise(f"studies.{name}.initialisations.{initialisation}", network, wanted)
            found = layer_sizes(network.double(), images, labels)
            rows += [
                {"initialisation": initialisation, "draw": draw, "number": number, **asdict(layer)}
                for number, layer in enumerate(found, 1)
            ]
            if wanted.weights and wanted.weights.name in CONSTANT and wanted.biases == "zero":
                break  # every draw is the same
    return pd.DataFrame(rows)
