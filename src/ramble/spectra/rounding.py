"""The ends of a spectrum in the precision that the tolerance asks for."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.curvature import Product
from ramble.problems.network import NetworkProblem
from ramble.problems.trial import first_line
from ramble.spectra.bounds import MISSED
from ramble.spectra.ends import Ends, lanczos_ends, underflow, unit_rounding
from ramble.spectra.perturbed import TIMES, Perturbed, perturbed
from ramble.spectra.products import Curvature, steepness
from ramble.spectra.search import Rounding

FLOAT32_REACHES = 1e-3  # the finest tolerance that float32 is tried for
PROBES = 5
MOST_PROBES = 20
LOOKS = 3  # at what roundings do in float64: one may find two terms changed alike
SMALL = 0.01  # of a product: what is done to it in proportion
CLEARLY = 100  # as many times the rounding seen in one product is less than what is assumed
ARITHMETIC = 10  # units of float32 for what is done with the products


def precise_ends(
    product_in: Callable[[torch.dtype], Product],
    weights: Tensor,
    device: torch.device,
    *,
    top: int,
    bottom: int,
    tolerance: float,
    budget: int,
    random: torch.Generator,
    rounding: Rounding,
) -> tuple[Ends, Product]:
    """Return both ends of the spectrum of a product with second derivatives, and the product that was used.

    That is the one in float32 where the tolerance is `FLOAT32_REACHES` or more, the weights (P,) are not in float64,
    and the measured rounding of the products leaves room; else the one in float64. Rounding is part of the error bars.

    Args:
        product_in: makes the product in a dtype, on the device.
        rounding: of the product in float64, see `RoundingInFloat64`.
        others: as `lanczos_ends` takes them.
    """
    size = len(weights)
    if tolerance >= FLOAT32_REACHES and weights.dtype != torch.float64:
        product = product_in(torch.float32)
        start = torch.randn(size, generator=random).to(device)
        measured = MeasuredRounding(product, lambda: product_in(torch.float64), start, random, rounding)
        ends = lanczos_ends(product, start, top, bottom, tolerance, budget, random, measured, measured.sharper)
        if not ends.coarse:
            return ends, product
    product = product_in(torch.float64)
    start = torch.randn(size, generator=random).to(device, torch.float64)
    return lanczos_ends(product, start, top, bottom, tolerance, budget, random, rounding), product


class RoundingInFloat64:
    """What products with second derivatives may be off in float64: what is assumed, or what is seen if that is more.

    Assumed is the rounding of sums, as many times as the probabilities are units off (`products.steepness`). That is
    too little where a layer, or the formula of a derivative, takes the difference of nearly equal numbers and most of
    the Hessian is what is left: a softmax inside a network, nearly at its limit, and a sum with a large number that is
    taken off again. So it is seen what larger roundings do (`perturbed`) to products with random vectors. That takes
    `LOOKS` products in float64, and `PROBES` where these do not clearly say that the assumption holds; the bound from
    them is that of `MeasuredRounding`. Where the larger roundings change a product as a whole they are made smaller:
    what they do is then no longer in proportion.

    Args:
        problem, weights, label, batch: as `Curvature` takes them.
        of: Curvature -> the product.
        beside: the norm of what was subtracted in it: it leaves its rounding.
    """

    def __init__(
        self,
        problem: NetworkProblem,
        weights: Tensor,
        label: str,
        batch: int | None,
        of: Callable[[Curvature], Product] = Curvature.hessian,
        beside: float = 0.0,
    ) -> None:
        self._label = label
        self._curvature_at: Callable[[Tensor], Curvature] = lambda place: Curvature(problem, place, label, batch)
        self._weights, self._of, self._beside, self._device = weights.double(), of, beside, problem.device
        self._units = steepness(problem, self._weights, label, batch)
        self._random = torch.Generator().manual_seed(0)
        self._seen: list[float] = []  # norms
        self._look(LOOKS)  # before anybody keeps a product: memory may hold one of them in float64, and no two

    def __call__(self, largest: float) -> float:
        """Return the bound where the largest eigenvalue has this magnitude."""
        size = len(self._weights)
        assumed = self._units * unit_rounding(torch.float64, size)(largest + self._beside)
        if len(self._seen) == LOOKS and CLEARLY * max(self._seen) * size**0.5 > assumed:
            self._look(PROBES - LOOKS)
        return max(assumed, max(self._seen) * _certainty(size)) if len(self._seen) > LOOKS else assumed

    def _look(self, count: int) -> None:
        """Keep the norms of what roundings do to products with some random unit vectors."""
        vectors = torch.randn(count, len(self._weights), generator=self._random, dtype=torch.float64).to(self._device)
        vectors = vectors / vectors.norm(dim=1, keepdim=True)
        for vector, exact in zip(vectors, self._exact(vectors), strict=True):
            self._seen.append(self._done_to(vector, exact))

    def _exact(self, vectors: Tensor) -> list[Tensor]:
        product = self._of(self._curvature_at(self._weights))
        return [product(vector) for vector in vectors]

    def _done_to(self, vector: Tensor, exact: Tensor) -> float:
        """Return the norm of what roundings do to a product, from larger ones that do a hundredth of it at most."""
        seed, worst = 1 + len(self._seen), 0.0
        for times in (TIMES, TIMES**0.5, 1.0):
            curvature = self._curvature_at(perturbed(self._weights, seed, times))
            try:
                with Perturbed(seed, times):
                    moved = self._of(curvature)(vector)
            except (RuntimeError, TypeError, NotImplementedError) as error:  # an operation that can do only its own way
                raise RambleError(
                    f"{self._label}: what rounding does to second derivatives cannot be seen ({first_line(error)}), so "
                    "they have no error bars; take other operations in the network."
                ) from error
            off = float((moved - exact).norm())
            worst = max(worst, off / times)
            if off <= SMALL * float(exact.norm()):
                break
        return worst


def rounding_of_hessian(problem: NetworkProblem, weights: Tensor, label: str, batch: int | None) -> Rounding:
    """Return what products with the Hessian at `weights` (P,) may be off in float64; raises as `Curvature` does."""
    beside = lost_in_signals(problem, weights, label, batch)
    return RoundingInFloat64(problem, weights, label, batch, beside=beside)


def lost_in_signals(problem: NetworkProblem, weights: Tensor, label: str, batch: int | None) -> float:
    """Return the norm whose rounding a Hessian keeps where the loss's derivatives in the logits cancel, else 0.

    H = G + R with R = mean_i sum_c s_ic Hess z_ic and s the signals. Where s = z - y is a difference of nearly equal
    numbers, R is off by as much as it would be with signals of the size of the rounding of z, whatever is left of s and
    of H. How large R is for signals of size one is measured: with labels drawn anew H changes by it, at two classes of
    every sample. Bounded from random vectors as in `MeasuredRounding`.
    """
    if not problem.loss.cancels:
        return 0.0
    curvature, size = Curvature(problem, weights.double(), label, batch), len(weights)
    _, labels = problem.data("train")
    classes = problem.outputs(weights[None].to(problem.device), torch.zeros(1, dtype=torch.long)).shape[-1]
    own, random, worst = curvature.hessian(), torch.Generator().manual_seed(0), 0.0
    for _ in range(PROBES):
        steps = torch.randint(1, classes, labels.shape, generator=random).to(labels)
        other = curvature.hessian((labels + steps) % classes)
        vector = torch.randn(size, generator=random, dtype=torch.float64).to(problem.device)
        vector = vector / vector.norm()
        worst = max(worst, float((other(vector) - own(vector)).norm()))
    return worst * math.sqrt(classes / 2) * _certainty(size)


def _certainty(size: int, probes: int = PROBES, missed: float = MISSED) -> float:
    """Return what the largest of some norms |E u| is multiplied by to bound |E|, see `MeasuredRounding`."""
    return math.sqrt(2 * size / math.pi) * float(missed ** (-1 / probes))


class MeasuredRounding:
    """A bound on the norm of E = product - exact from what E does to random vectors.

    For a random unit vector u, |E u| is below w |E| with a probability of at most w sqrt(2 P / pi) (Halko, Martinsson
    and Tropp 2011, lemma 4.1). So the largest of n such norms, times sqrt(2 P / pi) m^(-1 / n), is below |E| with a
    probability of at most m, which is MISSED for the first `PROBES` vectors. A single unit that float32 takes for
    active, and float64 does not, is an E of low rank; the factor is for that. More vectors make the factor smaller, and
    are drawn only where that decides: each time twice as many, with a quarter of the probability, 4 / 3 MISSED in all.

    Args:
        product: v -> A v in float32, as computed.
        exact: makes the same in float64, where it is asked for.
        like: (P,), on the device.
        random: for the vectors.
        rounding: of the exact one.
    """

    def __init__(
        self,
        product: Product,
        exact: Callable[[], Product],
        like: Tensor,
        random: torch.Generator,
        rounding: Rounding,
    ) -> None:
        self._product, self._exact, self._like, self._random = product, exact, like, random
        self._rounding = rounding
        self._in_double: Product | None = None
        self._made, self._worst, self._times = 0, 0.0, 0

    def __call__(self, largest: float) -> float:
        """Return the bound where the largest eigenvalue has this magnitude."""
        if not self._made:
            self._draw(PROBES)
        arithmetic = ARITHMETIC * torch.finfo(torch.float32).eps * largest + underflow(torch.float32)
        certain = self._worst * _certainty(len(self._like), self._made, self._missed)
        return certain + arithmetic + self._rounding(largest)

    def sharper(self, times: float) -> bool:
        """Draw as many vectors again where that may make the bound so many times smaller; say whether it was done."""
        more = _certainty(1, 2 * self._made, self._missed / 4)
        if self._made >= MOST_PROBES or _certainty(1, self._made, self._missed) < times * more:
            return False
        self._draw(self._made)
        self._times += 1
        return True

    @property
    def _missed(self) -> float:
        return float(MISSED / 4**self._times)

    def _draw(self, count: int) -> None:
        self._in_double = self._in_double or self._exact()
        for _ in range(count):
            vector = torch.randn(len(self._like), generator=self._random).to(self._like)
            vector = vector / vector.norm()
            off = self._product(vector).double() - self._in_double(vector.double())
            self._worst = max(self._worst, float(off.norm()))
        self._made += count
