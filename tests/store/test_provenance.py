"""Which scripts a changed module changes."""

import ast
import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sympy  # torch needs it

from ramble.errors import RambleError
from ramble.store import code

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
FIGURES = "studies/paths/figures"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that the digests are taken of."""
    copy = tmp_path / "ramble"
    shutil.copytree(code.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", copy)
    clear_cache()
    yield copy
    clear_cache()


def clear_cache() -> None:
    for value in vars(code).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def digests() -> dict[str, str]:
    clear_cache()
    return {script.stem: code.code_digest(code.code_files(script)) for script in sorted(SCRIPTS.glob("*.py"))}


def modules(script: str) -> set[str]:
    name, *import_paths = script.split()
    files = code.code_files(SCRIPTS / f"{name}.py", *import_paths)
    return {file.relative_to(code.PACKAGE).as_posix() for file in files if file.is_relative_to(code.PACKAGE)}


@pytest.mark.parametrize(
    ("script", "runs", "spares"),
    [
        (
            "draw ramble.studies.paths.drawing.top_eigenvalues.draw",
            {"studies/paths/drawing/top_eigenvalues.py", "studies/paths/drawing/sources.py", "store/artifacts.py"},
            {"tracking/paper.py", "spectra/exact.py"},
        ),
        (
            "paths ramble.tracking.line.LineTracker",
            {"tracking/line.py", "certificates/segments.py", "certificates/paths.py"},
            {"tracking/paper.py", "spectra/exact.py", "tracking/registry.py"},
        ),
        (
            "paths ramble.tracking.paper.PaperTracker",
            {"tracking/paper.py", "tracking/path.py"},
            {"tracking/line.py", "studies/paths/drawing/plane.py"},
        ),
        (
            "spectra ramble.spectra.exact.ExactEngine",
            {"spectra/exact.py", "spectra/spectrum.py"},
            {"spectra/pyhessian.py", "studies/paths/drawing/spectrum.py"},
        ),
        (
            "solutions",
            {"training/descent.py", "problems/seeds.py"},
            {"measure/plane.py", "studies/paths/drawing/style.py"},
        ),
    ],
)
def test_a_script_depends_on_what_it_imports_and_on_nothing_else(script, runs, spares):
    found = modules(script)
    assert runs <= found
    assert not spares & found
    assert {"__init__.py", "store/console.py", "errors.py"} <= found


def test_the_check_of_segments_runs_no_code_of_what_it_verifies():
    for check in ("committee", "network", "findings"):
        files = code.source_files(code.PACKAGE / "verification" / f"{check}.py")
        found = {file.relative_to(code.PACKAGE).parts[0] for file in files}
        assert "verification" in found
        assert not {"tracking", "certificates"} & found


def test_an_edited_module_changes_the_scripts_that_run_it(package):
    before = digests()
    module = package / "training" / "descent.py"
    text = module.read_text()
    module.write_text(text + "\n# an edit\n")
    changed = {name for name, digest in digests().items() if digest != before[name]}
    assert "solutions" in changed
    assert not changed & {"draw_fig4", "profile", "spectra", "data"}
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
    assert after["spectra"] != before["spectra"]
    assert after["data"] == before["data"]


def test_imports_of_imports_and_imports_inside_functions_count(package, tmp_path):
    (package / "one.py").write_text("def f():\n    import ramble.two\n")
    (package / "two.py").write_text("from ramble import three\n")
    (package / "three.py").write_text("import os\n")
    script = tmp_path / "script.py"
    script.write_text("from ramble.one import f\n")
    names = {file.name for file in code.source_files(script)}
    assert names == {"script.py", "__init__.py", "one.py", "two.py", "three.py"}


def parsed(text: str, package: str) -> set[str]:
    """The full names that a parser finds in the import statements of a module in a package."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            module = importlib.util.resolve_name(module, package) if node.level else module
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names if alias.name != "*"}
    return names


def test_the_search_misses_no_statement_that_a_parser_finds():
    own = [*code.PACKAGE.rglob("*.py"), *SCRIPTS.glob("*.py"), *Path(__file__).parents[1].rglob("*.py")]
    # and modules written by many hands
    library = [*Path(asyncio.__file__).parent.rglob("*.py"), *Path(sympy.__file__).parent.glob("core/*.py")]
    for file in own + library:
        text = file.read_text()
        missed = parsed(text, "a.b.c") - code._names(text, "a.b.c")
        assert not missed, file


@pytest.mark.parametrize(
    "text",
    [
        "import os, ramble.problems.seeds",
        "import os; import ramble.problems.seeds as s",
        "if True: from ramble.problems import seeds",
        "from ramble.problems import (  # why\n    checks,\n    seeds as s,\n)",
        "from ramble.problems import checks, \\\n    checks, \\\n    seeds",
        "from ramble.problems \\\n    import seeds",
        "from ramble.problems import(seeds)",
        "from ramble.problems.seeds import*",
        "def f():\n\tfrom ramble.problems.seeds import *",
        "print('import of '); import ramble.problems.seeds",
        "# no import (\nimport ramble.problems.seeds  # )",
    ],
)
def test_statements_that_no_formatter_has_seen_count_too(tmp_path, text):
    script = tmp_path / "script.py"
    script.write_text(text)
    assert code.PACKAGE / "problems/seeds.py" in code.source_files(script)


def test_the_digest_is_the_same_in_every_process():
    text = (
        "import sys; from pathlib import Path; from ramble.store.code import code_digest, code_files\n"
        "print([code_digest(code_files(file)) for file in sorted(Path(sys.argv[1]).glob('*.py'))])"
    )
    printed = set()
    for hash_seed in range(6):
        environment = os.environ | {"PYTHONHASHSEED": str(hash_seed)}
        command = [sys.executable, "-c", text, str(SCRIPTS)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        printed.add(done.stdout)
    assert len(printed) == 1


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Make modules of a user, by {file: text}; all fall over when they are executed."""
    monkeypatch.setattr(sys, "path", [str(tmp_path / "place"), *sys.path])

    def make(files: dict[str, str]) -> None:
        for name, text in files.items():
            file = tmp_path / "place" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\nraise AssertionError('{name} is executed')\n")
        clear_cache()

    (tmp_path / "place").mkdir()
    yield make
    clear_cache()


def names_of(import_path: str, root: Path) -> set[str]:
    files = code.code_files(SCRIPTS / "data.py", import_path)
    place = root / "place"
    return {file.relative_to(place).as_posix() for file in files if file.is_relative_to(place)}


@pytest.mark.parametrize(
    "statement",
    [
        "import mine.below.helper",
        "import mine.below.helper as h",
        "from mine.below import helper",
        "from mine.below.helper import SIGN",
        "from mine.below.helper import *",
        "from mine.below import *",
        "from .below import helper",
        "from .below.helper import SIGN",
        "from.below import helper",
        "from ..mine.below import (\n    helper as h,\n)",
        "def f():\n    from .below import helper",
        "if 1 > 2:\n    import mine.below.helper",
        "try:\n    import fast\nexcept ImportError:\n    from mine.below import helper",
        "import importlib\nhelper = importlib.import_module('mine.below.helper')",
        'helper = importlib.import_module(".below.helper", __package__)',
        "helper = __import__('mine.below.helper')",
    ],
)
def test_the_imports_of_a_users_module_are_followed_without_executing_them(own, tmp_path, statement):
    own(
        {
            "mine/__init__.py": "",
            "mine/maker.py": statement,
            "mine/below/__init__.py": "__all__ = ['helper']",
            "mine/below/helper.py": "from .. import deep",
            "mine/deep.py": "import mine.maker, alone",  # a circle
            "alone.py": "",
            "mine/other.py": "",
        }
    )
    if statement.startswith("from .."):  # of a package one deeper
        own(
            {
                "up/mine/__init__.py": "",
                "up/mine/below/__init__.py": "",
                "up/mine/below/helper.py": "",
                "up/__init__.py": "",
            }
        )
        own({"up/mine/maker.py": statement})
        assert {"up/__init__.py", "up/mine/below/helper.py"} <= names_of("up.mine.maker.make", tmp_path)
        return
    below = {"mine/below/__init__.py", "mine/below/helper.py"}
    assert names_of("mine.maker.make", tmp_path) == {
        "mine/__init__.py", "mine/maker.py", "mine/deep.py", "alone.py", *below,
    }  # fmt: skip


def test_from_a_package_itself_its_init_file_is_followed(own, tmp_path):
    own(
        {"mine/__init__.py": "from . import helper\nfrom .maker import make", "mine/helper.py": "", "mine/maker.py": ""}
    )
    assert names_of("mine.make", tmp_path) == {"mine/__init__.py", "mine/helper.py", "mine/maker.py"}


def test_namespace_packages_have_no_file_and_are_followed(own, tmp_path):
    own({"space/part/maker.py": "from space.part import helper", "space/part/helper.py": "from . import more"})
    own({"space/part/more.py": ""})
    assert names_of("space.part.maker.make", tmp_path) == {
        "space/part/maker.py", "space/part/helper.py", "space/part/more.py",
    }  # fmt: skip


def test_a_changed_helper_changes_the_digest_and_taking_it_back_too(own, tmp_path):
    own({"maker.py": "import helper", "helper.py": "SIGN = 1"})

    def digest() -> str:
        clear_cache()
        return code.code_digest(code.code_files(SCRIPTS / "data.py", "maker.make"))

    before = digest()
    own({"helper.py": "SIGN = -1"})
    assert digest() != before
    own({"helper.py": "SIGN = 1"})
    assert digest() == before


def test_the_digest_knows_no_place_and_no_border_between_files(tmp_path):
    one, two = tmp_path / "b" / "x.py", tmp_path / "a" / "y.py"
    for file, text in ((one, "ab"), (two, "c")):
        file.parent.mkdir()
        file.write_text(text)
    moved = tmp_path / "c" / "x.py"
    moved.parent.mkdir()
    moved.write_text("ab")
    digest = code.code_digest([one, two])
    assert digest == code.code_digest([moved, two])
    clear_cache()
    one.write_text("a")
    two.write_text("bc")
    assert digest != code.code_digest([one, two])


def test_installed_distributions_are_not_followed(own, tmp_path, monkeypatch):
    own({"maker.py": "import torch, numpy.linalg, installed, editable\nfrom ramble.problems import seeds"})
    installed = tmp_path / "target"
    (installed / "installed-1.0.dist-info").mkdir(parents=True)
    (installed / "installed.py").write_text("import maker")
    editable = tmp_path / "place" / "source"
    editable.mkdir()
    (editable / "editable.py").write_text("")
    monkeypatch.setattr(sys, "path", [*sys.path, str(installed), str(editable)])
    assert names_of("maker.make", tmp_path) == {"maker.py", "source/editable.py"}
    # but for the module itself that is named in params.yaml
    clear_cache()
    files = code.code_files(SCRIPTS / "data.py", "installed.make")
    assert installed / "installed.py" in files
    assert tmp_path / "place/maker.py" in files


def test_what_an_editable_install_finds_by_a_hook_is_followed(own, tmp_path, monkeypatch):
    own({"elsewhere/hooked.py": "", "maker.py": "import hooked"})

    class Hook:
        @staticmethod
        def find_spec(name, path=None, target=None):
            file = tmp_path / "place/elsewhere/hooked.py"
            return importlib.util.spec_from_file_location(name, file) if name == "hooked" else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Hook])
    assert names_of("maker.make", tmp_path) == {"maker.py", "elsewhere/hooked.py"}


def test_a_module_that_is_not_there_is_named():
    for path in ("nowhere.maker.make", "ramble.nowhere.make", "make"):
        with pytest.raises(RambleError, match=rf"{path}: there is no module"):
            code.code_files(SCRIPTS / "data.py", path)


def test_finding_the_files_imports_nothing_heavy():
    text = (
        "import sys; from ramble.store.code import code_files\n"
        f"code_files({str(SCRIPTS / 'paths.py')!r}, 'ramble.problems.lenet.LeNet5Problem')\n"
        "print([name for name in ('torch', 'numpy', 'pandas', 'ramble.problems') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("script", sorted(file.stem for file in SCRIPTS.glob("*.py")))
def test_no_step_depends_on_the_code_of_commands_and_of_verification(script):
    files = code.code_files(SCRIPTS / f"{script}.py")
    rooms = {file.relative_to(code.PACKAGE).parts[0] for file in files if file.is_relative_to(code.PACKAGE)}
    assert rooms
    judges = {"verification"} if script == "zoo_pair" else set()  # its paths are judged where they are made
    assert rooms.isdisjoint({"api", "cli", "verification"} - judges)
