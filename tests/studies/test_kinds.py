"""Kinds of study and of figure are found by their names, and reading the parameters loads nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest

from ramble.parameters.document import read_parameters
from ramble.studies.figure import BaseFigure
from ramble.studies.kinds import figure_models, kinds, study_model
from ramble.studies.study import BaseStudy

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "matplotlib", "pandas", "numpy", "scipy")


def test_every_kind_is_a_package_of_its_name():
    assert " ".join(kinds()) == "ablation connectivity depth descent load paths recipe runs stochastic zoo"
    for kind in kinds():
        model = study_model(kind)
        assert issubclass(model, BaseStudy)
        assert model.model_fields["kind"].annotation.__args__ == (kind,)  # type: ignore[union-attr]


@pytest.mark.parametrize("model", figure_models().values(), ids=figure_models())
def test_every_kind_of_figure_is_drawn_by_a_function_that_there_is(model: type[BaseFigure]):
    module, _, name = model.drawn_by.rpartition(".")
    file = ROOT / "src" / f"{module.replace('.', '/')}.py"
    assert f"\ndef {name}(files: Files" in file.read_text()


def test_what_a_start_reads_loads_nothing_heavy():
    text = (
        "import sys; from pathlib import Path; from ramble.parameters.document import read_parameters\n"
        "parameters = read_parameters([Path('params.yaml')])\n"
        "[study.files(name, parameters.studies) for name, study in parameters.studies.items()]\n"
        "[figure.sources(name, parameters.studies) for name, figure in parameters.figures.items()]\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_studies_name_their_artifacts():
    studies = read_parameters([ROOT / "params.yaml"]).studies

    def files(name: str) -> list[str]:
        return studies[name].files(name, studies)

    assert files("recipe") == ["results/recipe/readings.csv"]
    assert files("tcm_ablation") == ["results/tcm_ablation/ablation.csv"]
    assert "results/tcm_load/loads/720.csv" in files("tcm_load")
    assert len(files("tcm_graph12")) == 2 + 10 + 10 * 12
    assert {"results/tcm/pairs.csv", "results/tcm/profile/band/9-1-2.csv"} <= set(files("tcm"))
    assert {"results/mnist100/reference.csv", "results/mnist100/density/guarded/0-0-1.csv"} <= set(files("mnist100"))
    assert "results/tables/claims-mnist.md" in files("mnist")
    assert "results/tables/boosting-mnist_boosting.md" in files("mnist_boosting")
    for name in studies:
        assert len(files(name)) == len(set(files(name)))


def test_the_table_of_ones_own_figure_lies_beside_that_of_the_paper():
    drawn = read_parameters([ROOT / "params.yaml"]).figures
    plane = drawn["fig1"]
    assert plane.tables("fig1")["grid"] == "results/tcm/plane/grid.csv"  # type: ignore[attr-defined]
    mine = plane.model_copy(update={"table": None})
    assert mine.tables("mine")["grid"] == "results/tcm/plane-mine/grid.csv"  # type: ignore[attr-defined]
