"""params.yaml as YAML: every way to spoil it is one sentence with the line, and a number is the same to all readers."""

import copy
import io
import math
import os
import time
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
import yaml
from checkouts import ROOT
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from snakemake.utils import update_config
from unhurried import unhurried

from ramble.errors import RambleError
from ramble.parameters.scalars import FLOAT, plain_value
from ramble.parameters.yaml_file import MOST_BYTES, laid_over, read_merged, read_settings, read_yaml
from ramble.parameters.yaml_text import DEEPEST, MOST_VALUES

PARAMETERS = ROOT / "params.yaml"
# each of nine mappings or lists holds nine times the one before it: 9^9 values
BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
MAPPING_BOMB = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(9))}}}\n" for n in range(1, 10)
)
MERGE_BOMB = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 10)
)
# deep only when its aliases are written out
DEEP = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200))


def complaint(file: Path) -> str:
    with pytest.raises(RambleError) as raised:
        read_yaml(file)
    sentence = str(raised.value)
    assert sentence.startswith(f"{file}")
    assert sentence.isprintable()
    assert len(sentence) - len(str(file)) < 400
    return sentence


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"a: [1, 2\nb: 3\n", "line 2: did not find expected"),
        (b"a: 1\nb: 2: 3\n", "line 2: mapping values are not allowed"),
        (b"a:\n\tb: 1\n", "line 2: found character that cannot start any token"),
        (b"a: 1\nb: 2\na: 3\n", "line 3: a is given twice"),
        (b"a: 1\r\n'a': 3\r\n", "line 2: a is given twice"),
        (b"x:\n  - {a: 1, a: 2}\n", "line 2: a is given twice"),
        (b"x: &x {a: 1}\ny:\n  <<: *x\n  <<: *x\n", "line 4: << is given twice"),
        (b"a: *b\n", "line 1: no anchor b stands above"),
        (b"a: &b 1\nc: &b 2\n", "line 2: the anchor b is given twice"),
        (b"a: &a [*a]\n", "line 1: a holds itself"),
        (b"a: 1\n---\nb: 2\n", "line 2: a second document begins"),
        (b"%YAML 1.1\n---\nb: 2\n", "a directive"),
        (b"a: !!python/name:os.system\n", "line 1: the tag tag:yaml.org,2002:python/name:os.system is not understood"),
        (b"a: !!float 3\n", "line 1: the tag"),
        (b"a: ! 3\n", "line 1: the tag !"),
        (b"? [1, 2]\n: pair\n", "line 1: a key is no plain text"),
        (b"a: &x b\n*x : 1\n", "line 2: a key is no plain text"),
        (b"a: 1\n2: 1\n", "line 2: the key 2 is no text"),
        (b"a: 1\n1.5: 1\n", "line 2: the key 1.5 is no text"),
        (b"a: 1\nnull: 1\n", "line 2: the key null is no text"),
        (b"a: 1\ntrue: 1\n", "line 2: the key true is no text"),
        (b"a: 1\non: 1\n", "line 2: on is a truth value"),
        (b"a: {<<: 3}\n", "line 1: << merges something"),
        (b"a: <<\n", "line 1: << is not the same"),
        (b"a: 1\nb: \x01\n", "line 2: holds '\\x01'"),
        (b"a: 1\nb: \x00\n", "line 2: holds '\\x00'"),
        (b"a: 1\rb: \x00\r", "line 2: holds '\\x00'"),
        (b"a: 1\nb: \xff\n", "line 2: byte 8 is not UTF-8"),
        ("a: größer\n".encode("latin-1"), "line 1: byte 5 is not UTF-8"),
        ("a: 1\n".encode("utf-16"), "line 1: byte 0 is not UTF-8"),
        ("a: 1\n".encode("utf-16-le"), "line 1: holds '\\x00'"),
        (b"", "holds no keys"),
        (b"# nothing yet\n", "holds no keys"),
        (b"---\n...\n", "holds no keys"),
        (b"seed\n", "holds no keys"),
        (b"- 1\n", "holds no keys"),
        (BOMB.encode(), f"more than {MOST_VALUES} values"),
        (MAPPING_BOMB.encode(), f"more than {MOST_VALUES} values"),
        (MERGE_BOMB.encode(), f"more than {MOST_VALUES} values"),
        (DEEP.encode(), f"nested more than {DEEPEST} deep"),
        (b"[" * 200_000, f"line 1: nested more than {DEEPEST} deep"),
        (b"- " * 200_000, f"line 1: nested more than {DEEPEST} deep"),
        (b"? " * 200_000, "a key is no plain text"),
        (b"a: 1\n" + b"#" * MOST_BYTES, f"is larger than {MOST_BYTES} bytes"),
        (b'"a\\nb\\e[2J": 1\n"a\\nb\\e[2J": 2\n', "a\\nb\\x1b[2J is given twice"),
        (b"k" * 1000 + b": 1\n" + b"k" * 1000 + b": 1\n", "kkk.. is given twice"),
        (b"a: " + b"1" * 100_000, "11.. has more than 64 bits"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_what_is_wrong_is_said_with_its_line_at_once(text, says, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_bytes(text)
    before = time.process_time()
    assert says in complaint(file)
    assert time.process_time() - before < 5


def test_a_file_that_is_none_is_named_and_never_waited_for(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "is a pipe, a socket or a device, not a file; name a file" in complaint(pipe)
    assert "is a folder" in complaint(tmp_path)
    assert "is a pipe, a socket or a device" in complaint(Path("/dev/zero"))
    assert "is missing; name a file with 'key: value' lines" in complaint(tmp_path / "none.yaml")
    assert "cannot be read (File name too long)" in complaint(tmp_path / ("n" * 300))
    with pytest.raises(RambleError, match=r"a\\x00b: cannot be read"):
        read_yaml(Path("a\0b"))


@pytest.mark.parametrize(
    "text",
    [
        PARAMETERS.read_text(encoding="utf-8"),
        (ROOT / "tests/small.yaml").read_text(encoding="utf-8"),
        (ROOT / "tests/tiny.yaml").read_text(encoding="utf-8"),
        (ROOT / "dvc.yaml").read_text(encoding="utf-8"),
        "base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\nthird: {<<: [*base, {c: 4}, {a: 7, c: 5}], a: 5}\n",
        # merged before the mapping that it merges is built
        "deep: {deeper: {deepest: &merged {<<: {a: 1}, a: 2}}}\nflat: {<<: *merged, a: 3}\n",
        "a: {b: 1}\nb: 2\nc: [{b: 3}, {b: 4}]\n",
        "a: &a [1, {b: *c}]\n".replace("*c", "2") + "b: [*a, *a]\n",
        "a: 'yes'\nb: \"02017\"\nc: |\n  1_000\nd: >-\n  1:30\n  4\ne:\nf: plain\n  text\n'1': x\n'<<': {z: 1}\n",
        '{"json": [1, 2.5, true, null, "x"],\n "flow": {}}\n',
    ],
    ids=lambda text: text[:15],
)
def test_what_is_right_is_read_as_by_snakemake_and_dvc(text, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text(text, encoding="utf-8")
    assert read_yaml(file) == yaml.safe_load(text) == YAML(typ="safe").load(text)


def test_a_mark_of_byte_order_and_line_ends_of_windows_are_read(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: [x,\r\n  y]\r\n")
    assert read_yaml(file) == {"a": 1, "b": ["x", "y"]}


@pytest.mark.parametrize("value", [1e-5, 1e-300, 1.5e-7, 1e22, 123456.789, 5e-324])
def test_a_number_that_dvc_writes_is_that_number(value, tmp_path):
    file, text = tmp_path / "params.yaml", io.StringIO()
    YAML().dump({"a": value}, text)
    file.write_text(text.getvalue())
    assert read_yaml(file) == {"a": value}


@pytest.mark.parametrize(
    "text",
    [
        *("02017", "-017", "08", "00", "0o17", "0b1", "1_000", "0x_1", "1.5_0", "1:30", "-1:30.5", "yes", "No", "ON"),
        *("off", "2020-01-01", "2001-12-14t21:59:43.10-05:00", "=", "+.5e1", "1e400", "-1e999", "9" * 19),
        "0xffffffffffffffff",
    ],
)
def test_what_readers_of_yaml_differ_about_is_refused_with_a_remedy(text, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text(f"b: 1\na: {text}\n")
    sentence = complaint(file)
    assert f"line 2: {text} " in sentence
    assert "; write " in sentence
    file.write_text(f"a: '{text}'\n")
    assert read_yaml(file) == {"a": text}
    file.write_text(f"a: [{text}]\n")
    assert "line 1: " in complaint(file)


ODD = st.one_of(
    st.text("0123456789_+-.:eExXobB=<~ynolfsTtZz /", min_size=1, max_size=9),
    st.from_regex(r"[-+]?[0-9][0-9_]{0,3}(\.[0-9_]{0,3})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[-+]?0[bxo]?[0-9a-f_]{1,4}", fullmatch=True),
    st.from_regex(r"[0-9]{1,4}(:[0-9]{1,2}){1,2}(\.[0-9]{0,2})?", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?(Z|[-+][0-9]{1,2})?)?",
                  fullmatch=True),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(["yes", "No", "y", "N", "on", "OFF", "true", "False", "TRUE", "null", "~", ".inf", "-.INF"]),
)  # fmt: skip


@unhurried
@given(ODD)
@example("1e-05")
@example("02017")
@example("._")
@example(".1_0e5")
@example("190:20:30.15")
def test_a_plain_word_is_the_same_to_all_readers_or_refused(text):
    document = f"a: {text}\n"
    try:
        (event,) = [one for one in yaml.parse(document) if isinstance(one, yaml.ScalarEvent) and one.value != "a"]
    except (yaml.YAMLError, ValueError):
        return  # not one word
    word = event.value
    try:
        ours = plain_value(word)
    except ValueError:
        return
    try:
        dvc = YAML(typ="safe").load(document)["a"]
    except (YAMLError, ValueError) as error:
        raise AssertionError(f"DVC refuses {word!r}, which we take for {ours!r}") from error
    same = [dvc] if FLOAT.fullmatch(word) else [dvc, yaml.safe_load(document)["a"]]
    for other in same:
        both_nan = isinstance(ours, float) and isinstance(other, float) and math.isnan(ours) and math.isnan(other)
        assert both_nan or (type(ours), ours) == (type(other), other)


@unhurried
@given(st.one_of(st.binary(max_size=60), st.text("ab:-?[]{},&*<!|>'\"%@`#~.01 \n\t\r\\", max_size=60).map(str.encode)))
def test_any_bytes_are_read_or_are_one_sentence(content):
    with NamedTemporaryFile(suffix=".yaml") as file:
        file.write(content)
        file.flush()
        try:
            read = read_yaml(Path(file.name))
        except RambleError as error:
            read = {"says": str(error)}
            assert read["says"].startswith(file.name)
            assert read["says"].isprintable()
    assert isinstance(read, dict)


def test_a_later_file_is_laid_over_an_earlier_one(tmp_path):
    texts = ["a: {b: 1, c: {d: 2}}\ne: [1, 2]\nf: 1\n", "a: {c: {d: 3, g: 4}}\ne: [5]\n", "a: {b: null}\nf: {h: 1}\n"]
    files = [tmp_path / f"{number}.yaml" for number in range(3)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    assert read_merged(files) == {"a": {"b": None, "c": {"d": 3, "g": 4}}, "e": [5], "f": {"h": 1}}
    assert read_merged(files[:1]) == yaml.safe_load(texts[0])


# Snakemake keeps a number over which an empty mapping is laid, which then is refused where it stands
TREES = st.recursive(
    st.integers(), lambda below: st.dictionaries(st.sampled_from("abc"), below, min_size=1, max_size=3)
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


@unhurried
@given(MAPPINGS, MAPPINGS)
def test_files_are_laid_over_one_another_as_snakemake_does(base, top):
    expected = copy.deepcopy(base)
    mine = laid_over(base, top)
    update_config(expected, top)
    assert mine == expected
    assert laid_over(mine, top) == mine


def test_json_with_tabs_is_read(tmp_path):
    file = tmp_path / "overlay.json"
    file.write_text('{\n\t"seed": 5,\n\t"a": {"b": 1E-5}\n}\n')
    assert read_yaml(file) == {"seed": 5, "a": {"b": 1e-5}}


@pytest.mark.parametrize(
    ("text", "value"), [("5", 5), ("1e-5", 1e-5), ("{a: [1, x]}", {"a": [1, "x"]}), ("", None), ("cuda:0", "cuda:0")]
)
def test_a_value_of_the_command_line_is_read_alike(text, value):
    assert read_settings([f"key={text}", "other=1"]) == {"key": value, "other": 1}


@pytest.mark.parametrize(
    ("text", "says"), [("02017", "02017 is not the same"), ("[1", "did not find"), ("a: \x00", "holds '\\x00'")]
)
def test_a_wrong_value_of_the_command_line_names_its_key(text, says):
    with pytest.raises(RambleError) as raised:
        read_settings([f"seed={text}"])
    assert str(raised.value).startswith("--config seed=")
    assert says in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_value_of_the_command_line_is_given_once():
    with pytest.raises(RambleError, match=r"^--config seed: is given twice; give it once$"):
        read_settings(["seed=1", "device=cpu", "seed=2"])
