"""Which scripts a changed module changes."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ramble import provenance

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that the digests are taken of."""
    copy = tmp_path / "ramble"
    shutil.copytree(provenance.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGE", copy)
    clear_cache()
    yield copy
    clear_cache()


def clear_cache() -> None:
    for value in vars(provenance).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def digests() -> dict[str, str]:
    clear_cache()
    return {
        script.stem: provenance.code_digest(provenance.code_files(script)) for script in sorted(SCRIPTS.glob("*.py"))
    }


def modules(script: str) -> set[str]:
    files = provenance.source_files(SCRIPTS / f"{script}.py")
    return {
        file.relative_to(provenance.PACKAGE).as_posix() for file in files if file.is_relative_to(provenance.PACKAGE)
    }


@pytest.mark.parametrize(
    ("script", "runs", "spares"),
    [
        (
            "draw_fig4",
            {"figures/fig4.py", "figures/sources.py", "artifacts.py"},
            {"tracking/paper.py", "spectra/exact.py"},
        ),
        (
            "track_line",
            {"tracking/line.py", "certificates/segments.py", "certificates/paths.py"},
            {"tracking/paper.py", "spectra/exact.py"},
        ),
        ("track_paper", {"tracking/paper.py", "tracking/path.py"}, {"tracking/line.py", "figures/fig1.py"}),
        ("spectra_exact", {"spectra/exact.py", "spectra/spectrum.py"}, {"spectra/pyhessian.py", "figures/fig2.py"}),
        ("find_solutions", {"training.py", "seeds.py"}, {"planes.py", "figures/style.py"}),
    ],
)
def test_a_script_depends_on_what_it_imports_and_on_nothing_else(script, runs, spares):
    found = modules(script)
    assert runs <= found
    assert not spares & found
    assert {"__init__.py", "console.py", "errors.py"} <= found


def test_the_check_of_segments_runs_no_code_of_what_it_verifies():
    for check in ("committee", "network", "findings"):
        files = provenance.source_files(provenance.PACKAGE / "verification" / f"{check}.py")
        found = {file.relative_to(provenance.PACKAGE).parts[0] for file in files}
        assert "verification" in found
        assert not {"tracking", "certificates"} & found


def test_an_edited_module_changes_the_scripts_that_run_it(package):
    before = digests()
    module = package / "tracking" / "paper.py"
    text = module.read_text()
    module.write_text(text + "\n# an edit\n")
    changed = {name for name, digest in digests().items() if digest != before[name]}
    assert "track_paper" in changed
    assert not changed & {"track_line", "draw_fig4", "find_solutions", "make_data"}
    module.write_text(text)
    assert digests() == before


def test_an_edited_base_module_changes_every_script(package):
    before = digests()
    (package / "errors.py").write_text((package / "errors.py").read_text() + "\n# an edit\n")
    after = digests()
    assert all(after[name] != digest for name, digest in before.items())


def test_an_edited_init_file_changes_the_scripts_below_it(package):
    before = digests()
    (package / "spectra" / "__init__.py").write_text('"""Edited."""\n')
    after = digests()
    assert after["spectra_exact"] != before["spectra_exact"]
    assert after["make_data"] == before["make_data"]


def test_imports_of_imports_and_imports_inside_functions_count(package, tmp_path):
    (package / "one.py").write_text("def f():\n    import ramble.two\n")
    (package / "two.py").write_text("from ramble import three\n")
    (package / "three.py").write_text("import os\n")
    script = tmp_path / "script.py"
    script.write_text("from ramble.one import f\n")
    names = {file.name for file in provenance.source_files(script)}
    assert names == {"script.py", "__init__.py", "one.py", "two.py", "three.py"}


def test_the_search_misses_no_statement_that_a_parser_finds():
    for file in (*provenance.PACKAGE.rglob("*.py"), *SCRIPTS.glob("*.py"), *Path(__file__).parent.glob("*.py")):
        names = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        parsed = set().union(*map(provenance._files, names))
        assert parsed <= provenance._imports(file), file


@pytest.mark.parametrize(
    "text",
    [
        "import os, ramble.seeds",
        "import os; import ramble.seeds as s",
        "if True: from ramble import seeds",
        "from ramble import (  # why\n    errors,\n    seeds as s,\n)",
        "from ramble import errors, \\\n    errors, \\\n    seeds",
        "def f():\n\tfrom ramble.seeds import *",
        "print('import of '); import ramble.seeds",
        "# no import (\nimport ramble.seeds  # )",
    ],
)
def test_statements_that_no_formatter_has_seen_count_too(tmp_path, text):
    script = tmp_path / "script.py"
    script.write_text(text)
    assert provenance.PACKAGE / "seeds.py" in provenance.source_files(script)


def test_the_digest_is_the_same_in_every_process():
    code = (
        "import sys; from pathlib import Path; from ramble.provenance import code_digest, code_files\n"
        "print([code_digest(code_files(file)) for file in sorted(Path(sys.argv[1]).glob('*.py'))])"
    )
    printed = set()
    for hash_seed in range(6):
        environment = os.environ | {"PYTHONHASHSEED": str(hash_seed)}
        command = [sys.executable, "-c", code, str(SCRIPTS)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        printed.add(done.stdout)
    assert len(printed) == 1
