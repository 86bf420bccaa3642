"""params.yaml as YAML: every way to spoil it is one sentence with the line, and what is right is as PyYAML reads it."""

from pathlib import Path

import pytest
import yaml

from ramble.errors import RambleError
from ramble.parameters.yaml_file import read_yaml

PARAMETERS = Path(__file__).parent.parent / "params.yaml"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"a: [1, 2\nb: 3\n", "line 2: did not find expected"),
        (b"a: 1\nb: 2: 3\n", "line 2: mapping values are not allowed"),
        (b"a:\n\tb: 1\n", "line 2: found character that cannot start any token"),
        (b"a: 1\nb: 2\na: 3\n", "line 3: a is given twice"),
        (b"x:\n  - {a: 1, a: 2}\n", "line 2: a is given twice"),
        (b"a: *b\n", "line 1: found undefined alias"),
        (b"a: 1\n---\nb: 2\n", "line 2: but found another document"),
        (b"a: !!python/name:os.system\n", "line 1: could not determine a constructor"),
        (b"? [1, 2]\n: pair\n", "line 1: found unhashable key"),
        (b"a: \x01\n", "not YAML"),
        (b"a: \xff\n", "byte 3 is not UTF-8"),
        (b"", "holds no keys"),
        (b"seed\n", "holds no keys"),
        (b"- 1\n", "holds no keys"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, says, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_bytes(text)
    with pytest.raises(RambleError) as raised:
        read_yaml(file)
    sentence = str(raised.value)
    assert sentence.startswith(f"{file}")
    assert says in sentence
    assert "\n" not in sentence


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RambleError, match=r"none\.yaml: cannot be read \(No such file or directory\)"):
        read_yaml(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "text",
    [
        PARAMETERS.read_text(encoding="utf-8"),
        "base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\nthird: {<<: [*base, {c: 4}], a: 5}\n",
        # merged before the mapping that it merges is built
        "deep: {deeper: {deepest: &merged {<<: {a: 1}, a: 2}}}\nflat: {<<: *merged, a: 3}\n",
        "a: {b: 1}\nb: 2\nc: [{b: 3}, {b: 4}]\n",
    ],
)
def test_what_is_right_is_read_as_by_pyyaml(text, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text(text, encoding="utf-8")
    assert read_yaml(file) == yaml.safe_load(text)


def test_a_list_that_holds_itself_is_read(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text("a: &a [*a]\n", encoding="utf-8")
    content = read_yaml(file)
    assert content["a"][0] is content["a"]
