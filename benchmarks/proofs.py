"""What the proof of a path costs: this checkout's against another one's, on the same path and the same machine.

A LeNet5 is trained twice on the first 100 images of MNIST and the two are joined by tracker `guarded`, as study
`mnist100` does. Then fresh processes prove the first segments of that path in turn, one with the package of this
checkout and one with that of the other, such as a worktree of an earlier commit. Their bounds must agree. Processor
seconds of the whole certificate, its looks at networks included, the least of some repeats; and what a process pays
once before its first proof, to read the network.

    RAMBLE_DATA_ROOT=... python benchmarks/proofs.py ../earlier/src [--segments 30] [--repeats 3]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor

from ramble.certificates.paths import certify_path
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.mnist import mnist_images

RESOLUTION = 1 / 64
ZERO = torch.tensor([0])


def problem_of_100_images() -> LeNet5Problem:
    """The images of study `mnist100`."""
    root = os.environ.get("RAMBLE_DATA_ROOT", "data")
    data = mnist_images(seed=0, name="proofs", dataset=0, data_root=root, train=100, test=1)
    return LeNet5Problem([data], input_mean=0.1307, input_std=0.3081)


def path_between_two_solutions(problem: LeNet5Problem) -> Tensor:
    """Train two networks and join them; the settings are those of params.yaml, the contract's defaults included."""
    from ramble.store.progress import Progress
    from ramble.tracking.guarded import GuardedTracker
    from ramble.tracking.guarded_settings import GuardedSettings

    ends = []
    for seed in (1, 2):
        weights = problem.initial_weights(torch.Generator().manual_seed(seed))[None]
        for _ in range(400):
            weights = weights - 0.1 * problem.gradients(weights, ZERO)[1]
        ends.append(weights)
    tracker = GuardedTracker(GuardedSettings(resolution=RESOLUTION))
    with Progress("a path to prove", tracker.settings.budget) as progress:
        return tracker.track(problem, *ends, ZERO, progress)[0].points


def timed(points: Tensor) -> dict[str, float]:
    """Prove a path; returns processor seconds and the bound."""
    problem = problem_of_100_images()
    begin = time.process_time()
    certify_path(problem, points[:2], 0, RESOLUTION)
    first = time.process_time() - begin
    begin = time.process_time()
    certify_path(problem, points[:2], 0, RESOLUTION)
    again = time.process_time() - begin
    begin = time.process_time()
    found = certify_path(problem, points, 0, RESOLUTION)
    assert found.kind == "sound", found
    return {"once": first - again, "proof": time.process_time() - begin, "bound": found.min_margin}


def in_a_process(source: Path, file: Path) -> dict[str, float]:
    """Run `timed` with the package in another folder."""
    environment = os.environ | {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, str(source), "--prove", str(file)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the folder `src` of the other checkout")
    parser.add_argument("--segments", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--prove", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.prove:
        print(json.dumps(timed(torch.load(arguments.prove))))
        return
    own = Path(__file__).resolve().parents[1] / "src"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "points.pt"
        torch.save(path_between_two_solutions(problem_of_100_images())[: arguments.segments + 1], file)
        rounds = [[in_a_process(each, file) for each in (own, arguments.other)] for _ in range(arguments.repeats)]
    ours, theirs = ({key: min(one[side][key] for one in rounds) for key in rounds[0][0]} for side in (0, 1))
    assert abs(ours["bound"] - theirs["bound"]) < 1e-9, (ours, theirs)
    print(f"{arguments.segments} segments of LeNet5 on 100 images, margin at least {ours['bound']:.6g} by both")
    for key, what in (("proof", "certificate"), ("once", "once a process")):
        print(f"{what:>15}: {ours[key]:.2f} s here, {theirs[key]:.2f} s there", end="")
        print(f", ratio {ours[key] / theirs[key]:.2f}" if key == "proof" else "")


if __name__ == "__main__":
    main()
