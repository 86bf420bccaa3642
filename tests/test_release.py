"""What a release says of itself: one version everywhere, a citation that is whole, a change for every version."""

import json
import re
import tomllib

import pytest
import yaml
from checkouts import ROOT

from ramble.version import VERSION

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_version_is_the_same_everywhere() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert CITATION["version"] == VERSION
    newest, day = re.findall(r"^## (\S+) \((\S+)\)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    assert newest == VERSION
    assert str(CITATION["date-released"]) == day
    schema = json.loads((ROOT / "workflow/schemas/params.schema.json").read_text())
    assert schema["$id"] == f"urn:ramble-paths:{VERSION}:params"
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "ramble.version.VERSION"


def test_citation_has_what_its_format_and_a_citation_need() -> None:
    # https://github.com/citation-file-format/citation-file-format, schema 1.2.0: `required`
    assert {"cff-version", "message", "title", "authors"} <= CITATION.keys()
    assert CITATION["cff-version"] == "1.2.0"
    assert {"abstract", "type", "version", "date-released", "license", "keywords", "references"} <= CITATION.keys()
    assert CITATION["license"] == PROJECT["project"]["license"]
    assert CITATION["keywords"] == PROJECT["project"]["keywords"]
    assert all({"name"} <= author.keys() or {"family-names"} <= author.keys() for author in CITATION["authors"])
    (paper,) = CITATION["references"]
    assert {"type", "title", "authors", "year", "doi", "collection-title"} <= paper.keys()


@pytest.mark.parametrize("extra", ["", *PROJECT["project"]["optional-dependencies"]])
def test_every_dependency_says_what_for(extra: str) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = PROJECT["project"]
    for name in project["optional-dependencies"][extra] if extra else project["dependencies"]:
        line = re.search(rf'((?:^ *#.*\n)?) *"{re.escape(name)}",(.*)$', text, re.MULTILINE)
        assert line, name
        assert "# " in line[1] + line[2], name


def test_commands_of_a_wheel_need_no_extra() -> None:
    needed = {re.split(r"[<>=!]", name)[0] for name in PROJECT["project"]["dependencies"]}
    assert not needed & {"snakemake", "dvc", "psutil", "torchvision", "plotly"}
