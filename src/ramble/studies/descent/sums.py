"""The losses of a study of descent, drawn from its seed: two classes that overlap, and targets of a teacher."""

import torch
from torch import Tensor

from ramble.problems.finite_sums import LeastSquares, LogisticRegression, SmallNetwork
from ramble.problems.seeds import generator
from ramble.studies.descent.parameters import Study

SPREAD = (1.0, 0.3)  # standard deviations of the first and the last feature: some directions are flatter than others
TARGET_NOISE = 0.3  # standard deviation, of targets that no weights reach
RIDGE = 0.01  # of the network that misses its targets: without it the least loss may be at infinity


class Sums:
    """Makes the losses of one study.

    Args:
        seed: the root seed.
        name: of the study, for the random streams.
        study: its parameters.
    """

    def __init__(self, seed: int, name: str, study: Study) -> None:
        self._seed, self._name, self._study = seed, name, study

    def stream(self, *names: str | int) -> torch.Generator:
        """Return the random stream with a name."""
        return generator(self._seed, self._name, *names)

    def bowl(self) -> LogisticRegression:
        """Return a logistic regression with two weights, one a feature, and no bias."""
        inputs = self._features("bowl", 2)
        return LogisticRegression(inputs, self._labels("bowl", inputs))

    def logistic(self, scale: float = 1.0) -> LogisticRegression:
        """Return a logistic regression whose inputs, the constant one among them, are multiplied by a number."""
        inputs = self._inputs("logistic")
        return LogisticRegression(scale * inputs, self._labels("logistic", inputs))

    def network(self) -> SmallNetwork:
        """Return a network on the same samples, with the logistic loss."""
        inputs = self._inputs("logistic")
        return SmallNetwork(inputs[:, :-1], self._labels("logistic", inputs), self._study.hidden, squared=False)

    def least_squares(self, *, noisy: bool) -> tuple[LeastSquares, Tensor]:
        """Return a linear regression on a teacher's targets, and the teacher (P,): it meets them all unless noisy."""
        inputs = self._inputs("regression")
        teacher = torch.randn(inputs.shape[1], generator=self.stream("regression", "teacher"), dtype=torch.float64)
        return LeastSquares(inputs, inputs @ teacher + noisy * self._noise("regression")), teacher

    def network_on_targets(self, *, noisy: bool) -> tuple[SmallNetwork, Tensor]:
        """Return a network with the squared error on the targets of one like it, and that teacher's weights (P,)."""
        inputs = self._inputs("student")[:, :-1]
        plain = SmallNetwork(inputs, torch.zeros(len(inputs)), self._study.hidden, squared=True)
        teacher = torch.randn(plain.size, generator=self.stream("student", "teacher"), dtype=torch.float64)
        targets = plain.outputs(teacher) + noisy * self._noise("student")
        ridge = RIDGE * noisy
        return SmallNetwork(inputs, targets, self._study.hidden, squared=True, ridge=ridge), teacher

    def network_starts(self, count: int) -> Tensor:
        """Return initial weights (count, P) of the network: normal, of deviation 0.5."""
        size = self.network().size
        return 0.5 * torch.randn(count, size, generator=self.stream("network", "starts"), dtype=torch.float64)

    def _features(self, name: str, count: int) -> Tensor:
        normal = torch.randn(self._study.samples, count, generator=self.stream(name, "features"), dtype=torch.float64)
        return normal * torch.linspace(*SPREAD, count, dtype=torch.float64)

    def _inputs(self, name: str) -> Tensor:
        """Return features and a column of ones (n, features + 1)."""
        features = self._features(name, self._study.features)
        return torch.cat([features, torch.ones(len(features), 1, dtype=torch.float64)], 1)

    def _labels(self, name: str, inputs: Tensor) -> Tensor:
        """Return labels +-1 (n,) drawn with the probabilities of a teacher: the classes overlap."""
        teacher = torch.randn(inputs.shape[1], generator=self.stream(name, "teacher"), dtype=torch.float64)
        chances = torch.sigmoid(inputs @ (self._study.teacher_norm * teacher / teacher.norm()))
        return 2.0 * torch.bernoulli(chances, generator=self.stream(name, "labels")) - 1

    def _noise(self, name: str) -> Tensor:
        noise = torch.randn(self._study.samples, generator=self.stream(name, "noise"), dtype=torch.float64)
        return TARGET_NOISE * noise
