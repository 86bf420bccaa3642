"""How long `ramble connect` takes for two given networks with batch norm: about 20,000 weights, 500 images.

The networks are trained by plain PyTorch and handed over as checkpoints. The command runs as a user runs it, a process
of its own, with its profile and its pictures.

    python benchmarks/connect_batch_norm.py DATA_ROOT [--threads 2] [--pairs 1]
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from batch_norm_ways import OPTIMISERS, trained

from ramble.studies.zoo.families import digits

COMMAND = str(Path(sys.executable).with_name("ramble"))
GIVEN = """
import torch
from torch import nn


def network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(288, 50), nn.BatchNorm1d(50), nn.ReLU(), nn.Linear(50, 10),
    )


def train():
    return torch.load("images.pt", weights_only=True)
"""


def main() -> None:
    """Train networks, join them by the command, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_root")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=1)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        (Path(folder) / "given.py").write_text(GIVEN)
        sys.path.insert(0, folder)
        from given import network  # type: ignore[import-not-found]

        data = digits(500, given.data_root)
        torch.save(data, Path(folder) / "images.pt")
        for number in range(given.pairs + 1):
            torch.save(trained(network, data, number, OPTIMISERS[0]).state_dict(), Path(folder) / f"{number}.pt")
        print(f"{sum(weight.numel() for weight in network().parameters()):,} weights; load {os.getloadavg()[0]:.1f}")
        for number in range(given.pairs):
            command = [COMMAND, "connect", f"{number}.pt", f"{number + 1}.pt"]
            options = ["--network", "given:network", "--data", "given:train"]
            before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            done = subprocess.run(
                [*command, *options], cwd=folder, capture_output=True,
                text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": str(given.threads)},
            )  # fmt: skip
            wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
            busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(done.stdout if done.returncode == 0 else done.stdout + done.stderr)
            print(f"{wall:.0f} s by the clock, {busy:.0f} s of processor time, {given.threads} threads\n", flush=True)


if __name__ == "__main__":
    main()
