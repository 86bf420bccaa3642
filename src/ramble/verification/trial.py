"""A second opinion on the paths of the zoo, which are judged as they are made and not stored."""

from torch import Tensor

from ramble.problems.problem import Problem
from ramble.problems.tree_committee import TreeCommittee
from ramble.studies.zoo.families import HIDDEN, INPUT_SCALE, committee_patterns
from ramble.verification.committee import CommitteeCheck
from ramble.verification.findings import Check
from ramble.verification.network import NetworkCheck


def confirmed(problem: Problem, points: Tensor) -> bool:
    """Tell whether no error is found between the points (T, P) of a path of the zoo, by code of its own."""
    check: Check = NetworkCheck(problem)
    if isinstance(problem, TreeCommittee):
        given = committee_patterns()
        check = CommitteeCheck(given["patterns"], given["labels"], HIDDEN, INPUT_SCALE)
    return check.segments(points.double()).failure is None
