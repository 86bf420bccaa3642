"""params.yaml as shipped is accepted; every mistake is one sentence that names its key."""

import copy
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from unhurried import unhurried

from ramble.errors import RambleError
from ramble.papers.titles import figures_of_papers
from ramble.parameters import makers
from ramble.parameters.document import Parameters, read_parameters, validate
from ramble.parameters.schema import schema_text
from ramble.studies.paths.study import PathStudy
from ramble.tracking.paper_settings import PaperSettings

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
TCM = "studies.tcm"
OVERLAYS = ("tests/small.yaml", "tests/tiny.yaml")
TREE = "ramble.problems.tree_committee"
VOCABULARY = re.compile(
    r"type=|For further information|validation error|\bInput\b|pydantic|discriminator|expected tags?|\btag\b"
)
REMOVED = object()


def changed(key: str, value: object) -> dict:
    """The shipped parameters with one value set (or removed) at a dotted key."""
    config = copy.deepcopy(SHIPPED)
    *folders, last = key.split(".")
    here = config
    for folder in folders:
        here = here.setdefault(folder, {})
    if value is REMOVED:
        del here[last]
    else:
        here[last] = value
    return config


def complaint(config: dict) -> str:
    with pytest.raises(RambleError) as caught:
        validate(config)
    text = str(caught.value)
    assert text.startswith("params.yaml: ")
    assert "\n" not in text
    assert not VOCABULARY.search(text), text
    return text


def test_the_shipped_parameters_are_accepted():
    parameters = validate(SHIPPED)
    assert isinstance(parameters, Parameters)
    assert set(parameters.paper) <= set(parameters.studies)


def test_pairs_are_all_pairs_of_solutions_of_all_data_sets():
    study = validate(SHIPPED).studies["tcm"]
    assert isinstance(study, PathStudy)
    by_hand = [(d, a, b) for d in range(10) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert study.pairs == by_hand


@pytest.mark.parametrize("max_errors", [3, 0.01])
def test_a_study_may_allow_errors_and_says_so_only_then(max_errors):
    plain, lenient = (validate(config).studies["tcm"] for config in (SHIPPED, changed(f"{TCM}.max_errors", max_errors)))
    assert (plain.max_errors, plain.threshold, "max_errors" in plain.model_dump()) == (0, [], False)
    assert (lenient.max_errors, lenient.threshold) == (max_errors, ["max_errors"])
    assert lenient.model_dump()["max_errors"] == max_errors


def test_a_tracker_that_is_left_out_has_no_paths():
    config = changed(f"{TCM}.trackers.line", REMOVED)
    assert validate(config).studies["tcm"].tracker_names == ["paper", "paper_tuned", "guarded", "curve", "band"]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("sead", 1, "not a known key"),
        ("studies.mnist.solutions.settling", {}, "studies.mnist.solutions.settling is not a known key"),
        ("studies.mnist.solutions.focus", 0.5, "greater than or equal to 1"),
        (
            "studies.mnist.trackers.curve",
            {},
            "there is no algorithm 'curve'; give it one with the key algorithm: paper, guarded",
        ),
        ("studies.mnist.trackers.guarded.margin_share", 0.0, "greater than 0"),
        ("studies.mnist.checkpoint_seconds", 0.0, "greater than 0"),
        ("studies.mnist_boosting.boosting.widths", [0.0], "greater than 0"),
        ("studies.mnist_boosting.boosting.members", [1], "greater than or equal to 2"),
        ("studies.mnist100_graph10.of", "mnist", "studies.mnist100_graph10.of: no study of paths 'mnist'"),
        (f"{TCM}.tread", 1, "not a known key"),
        (f"{TCM}.max_errors", -1, "max_errors: -1 is neither a whole number of errors nor a share between 0 and 1"),
        (f"{TCM}.max_errors", 1.5, "max_errors: 1.5 is neither a whole number of errors nor a share"),
        (f"{TCM}.max_errors", True, "max_errors"),
        (f"{TCM}.max_errors", "3", "max_errors"),
        (f"{TCM}.solutions.settling.windw", 1, "not a known key"),
        (f"{TCM}.trackers.papers", {}, "give it one with the key algorithm: paper, guarded, line, curve, band"),
        (f"{TCM}.trackers.curve.shape", "spline", "'bezier' or 'polygon'"),
        (f"{TCM}.trackers.curve.seed", 1, "not a known key"),
        (f"{TCM}.trackers.curve.bends", 0, "greater than or equal to 1"),
        (f"{TCM}.trackers.band.insert_share", 0.0, "greater than 0"),
        (f"{TCM}.trackers.band.resolution", 0.7, "less than or equal to 0.5"),
        ("seed", REMOVED, "missing"),
        (f"{TCM}.data.path", REMOVED, "missing"),
        ("seed", "2019", "integer"),
        ("seed", -1, "greater than or equal to 0"),
        ("seed", True, "integer"),
        ("device", "gpu", "match"),
        (f"{TCM}.threads", 0, "greater than or equal to 1"),
        (f"{TCM}.threads", 1.5, "integer"),
        (f"{TCM}.threads", 2**31, "less than or equal to 2147483647"),
        (f"{TCM}.threads", "two", "integer"),
        (f"{TCM}.data.arguments", [1], "is [1], not keys with values"),
        ("figures.fig5", [], "is [], not keys with values"),
        ("figures", None, "is null, not keys with values"),
        ("studies", None, "is null, not keys with values"),
        (f"{TCM}", [], "is [], not keys with values"),
        (f"{TCM}.trackers", None, "is null, not keys with values"),
        (f"{TCM}.trackers.paper", 3, "is 3, not keys with values"),
        (f"{TCM}.solutions.rate", -0.1, "greater than 0"),
        (f"{TCM}.solutions.rate", "fast", "number"),
        (f"{TCM}.solutions.rate", float("nan"), ""),
        (f"{TCM}.solutions.rate", float("inf"), ""),
        (f"{TCM}.solutions", {"count": 1}, "count = 1 makes no pair to walk between; ask for at least 2"),
        (f"{TCM}.solutions.max_cosine", 1.5, "less than or equal to 1"),
        (f"{TCM}.trackers.paper.eta", 0, "greater than 0"),
        (f"{TCM}.trackers.paper.gamma", 2.0, "less than or equal to 1"),
        (f"{TCM}.trackers.paper.resolution", 0, "greater than 0"),
        (f"{TCM}.trackers.line.resolution", 0.75, "less than or equal to 0.5"),
        (f"{TCM}.trackers.line.points", 1, "greater than or equal to 2"),
        (f"{TCM}.spectra.trackers", REMOVED, "missing"),
        ("figures.fig2.trackers", ["paper"], "not a known key"),
        ("figures.mine", {"study": "tcm"}, "figures.mine.kind is missing; add it"),
        ("figures.mine", {"kind": "loss"}, "figures.mine.kind = loss is unknown; write one of bowl, connectivity"),
        ("figures.mine", {"kind": "losses", "study": "tcm"}, "figures.mine.tracker is missing; add it"),
        ("figures.Mine", {"kind": "load"}, "figures.Mine is no name"),
        ("claims.low_loss_factor", 0.5, "greater than or equal to 1"),
        (f"{TCM}.spectra.points", 1, "greater than or equal to 2"),
        ("studies.mnist100.spectra.trace_samples", 1, "greater than or equal to 2"),
        ("studies.mnist100.spectra.reference.points", 1, "greater than or equal to 2"),
        ("studies.recipe.rate", -1.0, "greater than 0"),
        ("studies.recipe.input_scales", [], "at least 1"),
        ("studies.recipe.restarts", "three", "integer"),
        ("studies.recipe.reductions", ["median"], "'mean' or 'sum'"),
        ("studies.recipe.of", "tmc", "no study of paths 'tmc'; there are tcm, mnist100"),
        (f"{TCM}.data.path", "ramble.problems.patterns", "has no 'patterns'; give package.module.Name"),
        (f"{TCM}.problem.path", "ramble.problems.tree_committee.Tree", "has no 'Tree'; it has TreeCommittee"),
        ("studies.tcm_graph12.of", "tmc", "no study of paths 'tmc'"),
        ("studies.tcm_graph12.of", "tcm_load", "no study of paths 'tcm_load'"),
        ("studies.tcm_graph12.solutions", 1, "greater than or equal to 2"),
        ("studies.tcm_graph12.datasets", 11, "study 'tcm' has only 10; take fewer"),
        ("studies.tcm_graph12.dataset", 1, "not a known key"),
        ("studies.tcm_load.of", "mnist100", "no number of patterns and inputs"),
        ("studies.tcm_load.of", "tmc", "no study of paths 'tmc'"),
        ("studies.tcm_load.solutions", 1, "greater than or equal to 2"),
        ("studies.tcm_load.loads", [], "at least 1"),
        ("studies.tcm_load.loads", [1.0, 1.001], "1.0 to 300, 1.001 to 300; give loads that come to different ones"),
        ("studies.tcm_load.loads", [0.001], "0.001 to 0; give loads"),
        ("studies.tcm_load.trackers", [], "at least 1"),
        ("paper", [], "at least 1"),
        ("paper", ["tmc"], "no study 'tmc'"),
        ("paper", ["recipe"], "no study of kind paths or stochastic"),
        ("paper", ["recipe", "tcm_load"], "no study of kind paths or stochastic"),
        ("paper", ["tcm", "recipe", "tcm"], "a study is named twice"),
        ("figures.fig1.grid", 9, "greater than or equal to 10"),
        ("claims.minimum_window", 0.5, "less than 0.5"),
    ],
)
def test_a_mistake_names_its_key(key, value, says):
    text = complaint(changed(key, value))
    assert re.search(rf"(: |; |^){re.escape(key)}\b", text), text
    assert says in text


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        (f"{TCM}.kind", "path", "studies.tcm"),
        (f"{TCM}.kind", REMOVED, "studies.tcm"),
        (f"{TCM}.spectra.engine", "lanczos", "studies.tcm.spectra"),
        ("studies.TCM", SHIPPED["studies"]["tcm"], "studies.TCM"),
        ("figures.fig2.study", "nowhere", "figures.fig2: no paths of study 'nowhere'"),
        ("figures.fig1.tracker", "train", "figures.fig1: no paths of study 'tcm' by tracker 'train'"),
        (
            "figures.mine",
            {"kind": "losses", "study": "mnist100", "tracker": "train"},
            "figures.mine: no paths of study 'mnist100' by tracker 'train'",
        ),
        ("figures.fig4.tracker", "line", "figures.fig4: no spectra of paths of study 'mnist100' by tracker 'line'"),
        (
            "figures.fig1.kind",
            "losses",
            "figures.fig1.kind: 'fig1' is a figure of the paper, of kind plane; give yours",
        ),
        ("figures.load.studies", ["tcm"], "figures.load.studies: no study of kind load 'tcm'; there are tcm_load"),
        (
            f"{TCM}.spectra.trackers",
            ["papers"],
            f"{TCM}: spectra: no tracker 'papers'; this study has paper, paper_tuned",
        ),
        (f"{TCM}.spectra.on_request", ["papers"], f"{TCM}: spectra: no tracker 'papers'"),
        (f"{TCM}.one_path_per_job", ["papers"], f"{TCM}: one_path_per_job: no tracker 'papers'"),
        ("figures.density.tracker", "paper", "figures.density: the study's spectra measure no density on the paths"),
        ("studies.mnist100.spectra.density.tracker", "papers", "spectra.density: no tracker 'papers'"),
        ("studies.mnist100.spectra.bottom", 300, "budget = 200 is less than bottom = 300"),
        (f"{TCM}.spectra.on_request", ["paper"], f"{TCM}: spectra: a tracker is named twice"),
        ("studies.tcm_load.trackers", ["paper", "paper"], "studies.tcm_load: trackers: one is named twice"),
    ],
)
def test_an_unknown_choice_names_its_key(key, value, named):
    assert named in complaint(changed(key, value))


def test_a_budget_smaller_than_the_top():
    text = complaint(changed("studies.mnist100.spectra.budget", 19))
    assert "studies.mnist100.spectra: " in text
    assert "budget = 19 is less than top = 20" in text


def test_hidden_units_that_do_not_divide_the_inputs():
    text = complaint(changed(f"{TCM}.problem.arguments.hidden", 7))
    assert "studies.tcm" in text
    assert "problem.arguments.hidden = 7 does not divide data.arguments.inputs = 300" in text


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("ramble.problems.nothing.TreeCommittee", "no module 'ramble.problems.nothing'"),
        ("nothing.at.All", "no module 'nothing.at'"),
        ("TreeCommittee", "no module"),
        ("", "no module"),
        (".tree_committee.TreeCommittee", ""),
        ("ramble..problems.Tree", ""),
        ("os.system", "module 'os' is of Python itself"),
        ("os.path.join", "module 'os.path' is of Python itself"),
        ("math.sqrt", "module 'math' is of Python itself"),
        ("math.pi", "module 'math' is of Python itself"),
        ("subprocess.call", "module 'subprocess' is of Python itself"),
        ("builtins.eval", "module 'builtins' is of Python itself"),
        ("__main__.Tree", ""),
        ("torch._C.Tensor", "is no Python source"),
        ("ramble.problems.downloads.os", "is neither a class nor a function"),
        (f"{TREE}.Tree\nCommittee", ""),
        ("a" * 5000, "no module"),
        (f"{TREE}.TreeComittee", f"module '{TREE}' has no 'TreeComittee'; it has "),
        (f"{TREE}.TreeCommittee.hessians", "no module"),
    ],
)
def test_an_import_path_that_leads_nowhere(path, says):
    text = complaint(changed(f"{TCM}.problem.path", path))
    assert "studies.tcm.problem.path" in text
    assert says in text


@pytest.mark.parametrize(
    ("maker", "arguments", "says"),
    [
        ("tcm.problem", {"hiden": 3}, f"{TREE}.TreeCommittee takes no 'hiden'; it takes hidden, input_scale, initial"),
        ("tcm.problem", {"hidden": 3, "input_scale": 1.0}, "initial_sigma is missing"),
        ("tcm.problem", {"device": "cpu"}, "takes no 'device'"),
        ("tcm.problem", {"self": 1}, "takes no 'self'"),
        ("tcm.data", {"patterns": 9, "input": 9}, "random_patterns takes no 'input'; it takes patterns, inputs"),
        ("tcm.data", {"patterns": 9, "inputs": 9, "seed": 1}, "takes no 'seed'"),
        ("tcm.data", REMOVED, "patterns is missing"),
        ("mnist100.data", {"data_root": "data", "train": 9}, "test is missing"),
        ("mnist.problem", {"input_mean": 0.1, "input_sd": 0.3}, "takes no 'input_sd'; it takes input_mean, input_std"),
    ],
)
def test_an_argument_that_a_maker_does_not_take_names_study_and_key(maker, arguments, says):
    text = complaint(changed(f"studies.{maker}.arguments", arguments))
    assert f"studies.{maker}.arguments: " in text
    assert says in text


@pytest.mark.parametrize(
    "source",
    [
        "from ramble.problems.tree_committee import TreeCommittee as Mine",
        "class Mine(Base):\n    pass",
        "class Mine:\n    def __init__(self, *sets, **settings): pass",
        "def Mine(sets, device, units, **others): pass",
        "@changed\ndef Mine(sets, device): pass",
        "class Mine:\n    def __init__(self, sets, units, *, device, bias=True): pass",
    ],
)
def test_arguments_are_left_to_the_job_where_the_source_does_not_tell(source, tmp_path, monkeypatch):
    (tmp_path / "own_networks.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    config = changed(f"{TCM}.problem", {"path": "own_networks.Mine", "arguments": {"units": 4}})
    assert validate(config).studies["tcm"].problem.arguments == {"units": 4}


def test_files_are_laid_over_one_another_and_named_together(tmp_path):
    wrong, right = tmp_path / "wrong.yaml", tmp_path / "right.yaml"
    wrong.write_text("studies: {tcm: {threads: 0}}")
    right.write_text("studies: {tcm: {threads: 3}}")
    shipped = Path(__file__).parents[2] / "params.yaml"
    with pytest.raises(RambleError, match=rf"^{shipped} \+ {wrong}: studies\.tcm\.threads = 0 "):
        read_parameters([shipped, wrong])
    assert read_parameters([shipped, wrong, right]).studies["tcm"].threads == 3
    with pytest.raises(RambleError, match=r"none\.yaml: is missing; name a file"):
        read_parameters([shipped, tmp_path / "none.yaml"])


def test_a_home_is_expanded_in_the_name_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.yaml").write_bytes((Path(__file__).parents[2] / "params.yaml").read_bytes())
    assert read_parameters([Path("~/mine.yaml")]) == validate(SHIPPED)


def test_the_reduced_parameters_of_the_tests_can_be_laid_over():
    shipped, small, tiny = (Path(__file__).parents[2] / name for name in ("params.yaml", *OVERLAYS))
    for files in ([shipped, small], [shipped, tiny], [shipped, small, tiny]):
        parameters = read_parameters(files)
        assert ("tcm_load" in parameters.studies) == (tiny not in files)


def test_a_study_of_null_is_left_out():
    parameters = validate(changed("studies.tcm_load", None))
    assert "tcm_load" not in parameters.studies
    assert list(parameters.studies) == [name for name in SHIPPED["studies"] if name != "tcm_load"]


@pytest.mark.parametrize(
    ("study", "says"),
    [
        ("tcm", "paper: study 'tcm' is left out, for it is null; name another one here, or leave this out too"),
        ("mnist100", "paper: study 'mnist100' is left out, for it is null"),
    ],
)
def test_what_names_a_study_that_is_left_out_says_so(study, says):
    assert says in complaint(changed(f"studies.{study}", None))


def test_figures_of_the_paper_go_with_the_study_that_they_show_unless_they_are_given():
    config = changed("studies.mnist", None)
    assert "fig5" not in validate(config).figures
    config["figures"] = {"fig5": {"tracker": "guarded"}}
    assert "figures.fig5.study: study 'mnist' is left out, for it is null" in complaint(config)


def test_a_figure_of_null_is_left_out():
    drawn = validate(changed("figures", {"fig1": None})).figures
    assert [name for name in figures_of_papers() if name != "fig1"] == list(drawn)


def test_a_figure_of_ones_own_stands_beside_those_of_the_paper():
    mine = {"kind": "losses", "study": "mnist100", "tracker": "line"}
    drawn = validate(changed("figures.mine", mine)).figures
    assert list(drawn) == [*figures_of_papers(), "mine"]
    assert drawn["mine"].model_dump() == mine


def test_a_study_built_on_one_that_is_left_out_says_so():
    config = changed("studies.tcm", None)
    config["paper"] = ["mnist100"]
    assert "studies.recipe.of: study 'tcm' is left out, for it is null" in complaint(config)


@pytest.mark.parametrize(
    "name", ["n" * 65, "a/b", "..", ".", "a b", "-rf", "größe", "A", "1a", "a\nb", "", "a.b", "a\x1b[2Jb", "~", "con "]
)
def test_a_study_has_a_name_that_files_can_have(name):
    config = changed(f"studies.{TCM.partition('.')[2]}", REMOVED)
    config["studies"][name] = SHIPPED["studies"]["tcm"]
    text = complaint(config)
    assert "is no name; write 1 to 64 of a to z, 0 to 9, _ and -, a letter first" in text
    assert text.isprintable()
    assert len(text) < 2000


def test_names_of_64_characters_are_names():
    config = changed("paper", ["mnist100", "n" * 64])
    config["studies"]["n" * 64] = SHIPPED["studies"]["tcm"]
    assert "n" * 64 in validate(config).studies


@pytest.mark.parametrize(
    ("key", "value", "files"),
    [
        ("studies.tcm.data.datasets", 10**6, 67_000_000),
        ("studies.tcm.data.datasets", 2**30, 67 * 2**30),
        ("studies.tcm.solutions.count", 2**62, None),
        ("studies.mnist100.solutions.count", 10**6, None),
        ("studies.mnist.solutions.count", 10**6, None),
        ("studies.tcm_graph12.solutions", 10**6, None),
    ],
)
def test_more_files_than_a_run_can_look_at_are_refused_at_once(key, value, files):
    before = time.process_time()
    text = complaint(changed(key, value))
    assert time.process_time() - before < 1
    assert f"{key.rpartition('.')[2]} = {value} " in text
    assert "files, more than the 100000 that a study may have; lower one of them" in text
    assert files is None or f"{files} files" in text


def test_what_a_sentence_repeats_is_short_and_printable():
    config = changed("studies.tcm.threads", "x\n" * 10_000)
    config |= {f"k\x1b{number}" + "k" * 10_000: 1 for number in range(100)}
    text = complaint(config)
    assert text.isprintable()
    assert len(text) < 10_000
    assert text.endswith("and 81 more")


def test_reading_parameters_does_not_load_torch():
    code = (
        "import sys, pathlib; from ramble.parameters.document import read_parameters\n"
        "read_parameters([pathlib.Path('params.yaml')]); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


@pytest.mark.parametrize("name", ["Tree", "Committee"], ids=["imported", "assigned"])
def test_a_class_that_its_module_imports_or_assigns_is_found(name, tmp_path, monkeypatch):
    (tmp_path / "my_networks.py").write_text(f"from {TREE} import TreeCommittee as Tree\nCommittee = Tree\n")
    monkeypatch.syspath_prepend(tmp_path)
    parameters = validate(changed(f"{TCM}.problem.path", f"my_networks.{name}"))
    assert parameters.studies["tcm"].problem.path == f"my_networks.{name}"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("Mine = 3", "own_module.Mine is neither a class nor a function; name one"),
        ("Mine: list = []", "own_module.Mine is neither a class nor a function; name one"),
        ("def mine(: pass", "own_module.py cannot be read as Python (invalid syntax"),
        ("Mine = '\0'", "own_module.py cannot be read as Python"),
        (
            "class Mine_:\n    Mine = 3\ndef other():\n    Mine = 3",
            "module 'own_module' has no 'Mine'; it has Mine_, other",
        ),
        ("Mine = 3\nclass Mine: pass", None),
        ("if True:\n    class Mine: pass", None),
        ("try:\n    from fast import Mine\nexcept ImportError:\n    class Mine: pass", None),
        ("from other import *", None),
        ("def __getattr__(name): return dict", None),
        ("Mine: type = make()", None),
        ("Mine, Other = make()", None),
        ("Mine = lambda sets, device: None", None),
    ],
)
def test_an_import_path_is_looked_up_in_the_source(source, says, tmp_path, monkeypatch):
    (tmp_path / "own_module.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    makers._source.cache_clear()
    makers._body.cache_clear()
    config = changed(f"{TCM}.problem", {"path": "own_module.Mine"})
    if says is None:
        validate(config)
    else:
        assert says in complaint(config)


@pytest.mark.parametrize("raised", ["ValueError('no such\\nthing')", "SystemExit(3)", "ImportError('broken')"])
def test_a_package_that_fails_when_it_is_imported_is_named(raised, tmp_path, monkeypatch):
    (tmp_path / "failing").mkdir()
    (tmp_path / "failing" / "__init__.py").write_text(f"raise {raised}")
    (tmp_path / "failing" / "networks.py").write_text("class Mine: pass")
    monkeypatch.syspath_prepend(tmp_path)
    text = complaint(changed(f"{TCM}.problem.path", "failing.networks.Mine"))
    assert "studies.tcm.problem.path: module 'failing.networks' cannot be found" in text
    assert f"raised {raised.partition('(')[0]}" in text


def test_a_band_has_room_for_its_first_pivots():
    text = complaint(changed(f"{TCM}.trackers.band.pivots", 99))
    assert text == "params.yaml: studies.tcm.trackers.band: max_pivots = 15 is less than pivots = 99"


def test_two_mistakes_are_two_sentences():
    config = changed("seed", -1)
    config["studies"]["tcm"]["threads"] = 0
    text = complaint(config)
    assert text.count("params.yaml: ") == 2
    assert "seed" in text
    assert "studies.tcm.threads" in text


def test_the_name_of_the_file_is_that_of_the_caller():
    with pytest.raises(RambleError, match=r"^other\.yaml: seed"):
        validate(changed("seed", -1), source="other.yaml")


@unhurried
@given(st.sampled_from(sorted(PaperSettings.model_fields)), st.text("xyz", min_size=1, max_size=3))
def test_any_misspelt_key_of_the_tracker_is_reported(key, ending):
    text = complaint(changed(f"{TCM}.trackers.paper.{key}{ending}", 1))
    assert f"studies.tcm.trackers.paper.{key}{ending} is not a known key" in text


@unhurried
@given(st.sampled_from(["eta", "gamma", "stall_gain"]), st.floats(max_value=0, allow_nan=False))
def test_no_rate_is_zero_or_negative(key, value):
    assert f"studies.tcm.trackers.paper.{key} = " in complaint(changed(f"{TCM}.trackers.paper.{key}", value))


def test_the_json_schema_is_that_of_the_models():
    schema = Path(__file__).parents[2] / "workflow" / "schemas" / "params.schema.json"
    assert schema.read_text() == schema_text(), "run make schema"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("data.arguments.validation", "the data have no validation images; set data.arguments.validation"),
        ("trackers.guarded", "starts from the paths of tracker 'guarded'; give the study one"),
    ],
)
def test_boosting_says_what_it_needs(key, says):
    assert f"studies.mnist_boosting: boosting: {says}" in complaint(changed(f"studies.mnist_boosting.{key}", REMOVED))


def test_a_study_that_needs_a_tracker_of_another_says_so():
    config = changed(f"{TCM}.trackers.guarded", REMOVED)
    config["studies"]["tcm"]["spectra"]["trackers"] = ["paper"]
    for study in ("tcm_graph12", "tcm_graph40", "tcm_load", "tcm_ablation"):
        assert f"studies.{study}.of: study 'tcm' has no tracker 'guarded'" in complaint(config)
        del config["studies"][study]


def test_a_variant_of_an_ablation_is_checked_like_the_tracker():
    text = complaint(changed("studies.tcm_ablation.variants.as_shipped", {"contraction": 2.0}))
    assert "studies.tcm_ablation.variants.as_shipped.contraction" in text
    assert "bend: " not in text
    text = complaint(changed("studies.tcm_ablation.variants.as_shipped", {"bend": 2}))
    assert "studies.tcm_ablation.variants.as_shipped.bend" in text


def test_printed_settings_are_those_of_the_paper():
    studies = validate(SHIPPED).studies
    printed = studies["tcm"].trackers["paper"]
    assert (printed.eta, printed.gamma, printed.gradient_steps) == (0.1, 0.001, 5)
    assert (studies["recipe"].rate, studies["recipe"].initial_sigma) == (0.1, 0.1)
    # so long do the printed walks go on moving: a rule that looks at fewer steps ends some of them too early
    assert printed.max_steps == 12_000
    assert printed.stall_steps >= 2000
    assert printed.stall_gain <= 1e-4


def test_spectra_of_some_samples_say_so_and_only_then():
    all_samples, some = (
        validate(changed("studies.mnist.spectra.samples", value)).studies["mnist"].spectra.model_dump()
        for value in (None, 50)
    )
    assert "samples" not in all_samples
    assert some["samples"] == 50
    says = complaint(changed("studies.mnist100.spectra.samples", 50))
    assert "samples = 50: reference and eigenvectors are of all training samples" in says
