"""What rules take from the parameters."""

import re
from pathlib import Path

import pytest
from snakemake.exceptions import WorkflowError
from snakemake.io import Wildcards

from plumbing.keys import Code, Given, Keys, Threads, one_of
from ramble.parameters.document import read_parameters

ROOT = Path(__file__).parents[3]
SCRIPTS = str(ROOT / "workflow/scripts")


@pytest.fixture(scope="module")
def book() -> Keys:
    return Keys(read_parameters([ROOT / "params.yaml"]), SCRIPTS)


def of(**known: str) -> Wildcards:
    return Wildcards(fromdict=known)


def test_a_wildcard_of_nothing_matches_nothing() -> None:
    assert re.fullmatch(one_of(["a", "b"]), "b")
    assert not re.fullmatch(one_of([]), "")


def test_keys_are_those_of_the_study_and_of_what_it_builds_on(book: Keys) -> None:
    given = Given(book, "seed", "studies.{of}.problem", "studies.{study}.threads")
    assert given.of(of(study="tcm_load")) == ["seed", "studies.tcm.problem", "studies.tcm_load.threads"]
    values = given(of(study="tcm_load"))
    assert list(values) == given.of(of(study="tcm_load"))
    assert values["studies.tcm.problem"] is book.parameters.studies["tcm"].problem


def test_wildcards_of_a_pair_share_their_values(book: Keys) -> None:
    given = Given(book, "studies.{study}.trackers.{tracker}")
    first = given(of(study="tcm", tracker="line", dataset="0", a="0", b="1"))
    assert given(of(study="tcm", tracker="line", dataset="1", a="0", b="2")) is first
    assert given(of(study="tcm", tracker="paper", dataset="0", a="0", b="1")) is not first


def test_known_wildcards_stand_for_those_that_a_rule_has_not(book: Keys) -> None:
    assert Given(book, "studies.{study}.data", study="tcm").of(of(dataset="3")) == ["studies.tcm.data"]


def test_functions_name_keys_too(book: Keys) -> None:
    given = Given(book, lambda wildcards: [f"studies.{wildcards['study']}.threads"], "seed")
    assert given.of(of(study="tcm")) == ["studies.tcm.threads", "seed"]


def test_code_is_of_the_script_and_of_what_the_keys_name(book: Keys) -> None:
    text = Code(book, "profile", "studies.{study}.problem.path")(of(study="tcm"))
    digest, rest = text.split(" of ")
    assert len(digest) == 16
    assert rest == f"profile {book.value('studies.tcm.problem.path')}"


def test_code_that_is_not_there_is_named(book: Keys) -> None:
    with pytest.raises(WorkflowError, match=r"no_such_script\.py: cannot be read"):
        Code(book, "no_such_script")(of())


def test_threads_are_those_of_the_study(book: Keys) -> None:
    assert Threads(book.parameters)(of(study="tcm")) == book.parameters.studies["tcm"].threads
