"""One epoch of LeNet5 on 60,000 images: our loop against the usual DataLoader loop.

The rival is what most scripts do: torchvision's MNIST behind ToTensor and Normalize, a DataLoader with batches of 128 in
random order, `torch.optim.SGD`. Twice: with the images prepared in this process, and by two workers. Both loops take the
same gradient steps; each is timed on some of the 469 batches of an epoch, after a few that are not counted, and the
times are given for a whole one.

    python benchmarks/mnist_epoch.py [--threads 1] [--batches 100]
"""

import argparse
import os
import time
from collections.abc import Iterable
from itertools import islice

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from ramble.problems.lenet import LeNet5, LeNet5Problem
from ramble.problems.minibatches import epoch
from ramble.problems.mnist import mnist_images

BATCH, RATE, MEAN, STD, WARM = 128, 0.1, 0.1307, 0.3081, 5
