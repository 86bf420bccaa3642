"""Rules that stand for one of the chain."""

from types import SimpleNamespace

from plumbing.shared import Named, spread


def test_patterns_are_spread_over_pairs_and_each_file_stands_once() -> None:
    pairs = ["0-0-1", "0-1-12"]
    assert spread(["{study}/{dataset}.x"], pairs) == ["{study}/0.x"]
    assert spread(["s/{dataset}-{a}", "s/{dataset}-{b}"], pairs) == ["s/0-0", "s/0-1", "s/0-12"]


def test_what_is_set_for_a_rule_of_the_chain_holds_for_those_that_stand_for_it() -> None:
    settings = SimpleNamespace(overwrite_threads={"paths": 2, "paths_tcm_line_1": 3}, overwrite_resources={})
    named = Named(SimpleNamespace(resource_settings=settings))
    assert [named("paths", "tcm", "line", job) for job in (0, 1)] == ["paths_tcm_line_0", "paths_tcm_line_1"]
    assert named == {"paths_tcm_line_0": "paths", "paths_tcm_line_1": "paths"}
    assert settings.overwrite_threads == {"paths": 2, "paths_tcm_line_0": 2, "paths_tcm_line_1": 3}
    assert settings.overwrite_resources == {}
