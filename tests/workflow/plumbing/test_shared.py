"""Rules that stand for one of the chain."""

import re
from pathlib import Path
from types import SimpleNamespace

from plumbing.shared import Named, spread
from ramble.parameters.yaml_file import read_yaml

ROOT = Path(__file__).parents[3]


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


def test_memory_is_planned_by_the_rule_of_the_chain_where_nobody_set_another() -> None:
    rules = [
        SimpleNamespace(name=name, resources={"mem_mb": 1000})  # as --default-resources leaves it
        for name in ("paths", "paths_tcm_line_0", "profile", "mine")
    ]
    settings = SimpleNamespace(overwrite_threads={}, overwrite_resources={"profile": {"mem_mb": 7}})
    named = Named(SimpleNamespace(resource_settings=settings, rules=rules))
    named("paths", "tcm", "line", 0)
    named.plan_memory({"paths": 1500, "profile": 2000})
    assert [rule.resources["mem_mb"] for rule in rules] == [1500, 1500, 1000, 1000]


def test_every_rule_of_a_script_has_its_memory_in_the_table() -> None:
    texts = [file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk")]
    named = {
        name for text in texts for name in re.findall(r"^rule (\w+):\n(?:.+\n|\n(?=    ))*?    script:", text, re.M)
    }
    stood_for = {name for text in texts for name in re.findall(r'named\("(\w+)"', text)}
    assert read_yaml(ROOT / "workflow/memory.yaml").keys() == named | stood_for
