# The checked parameters, and what rules take from them.
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from ramble.errors import RambleError
from ramble.parameters.document import validate
from ramble.store.code import code_digest, code_files
from ramble.studies.paths.study import PathStudy

try:
    PARAMETERS = validate(config, CONFIG_FILES)
except RambleError as error:
    raise WorkflowError(str(error))


def studies_of_kind(kind):
    """The studies of one kind, by name."""
    return {
        name: study for name, study in PARAMETERS.studies.items() if study.kind == kind
    }


PATH_STUDIES = {
    name: study
    for name, study in PARAMETERS.studies.items()
    if isinstance(study, PathStudy)
}
STOCHASTIC_STUDIES = list(studies_of_kind("stochastic"))
JUDGED_STUDIES = [name for name in STOCHASTIC_STUDIES if PATH_STUDIES[name].judged]
# the shipped ones come to 730: many more take minutes, and snakemake says nothing meanwhile
if (ASKED_FOR := sum(study.file_count for study in PATH_STUDIES.values())) > 3000:
    logger.warning(
        f"{CONFIG_FILES}: about {ASKED_FOR} files to plan, which takes a while."
    )
BOOSTING_STUDIES = [name for name in STOCHASTIC_STUDIES if PATH_STUDIES[name].boosting]
RECIPE_STUDIES = studies_of_kind("recipe")
CONNECTIVITY_STUDIES = studies_of_kind("connectivity")
LOAD_STUDIES = studies_of_kind("load")
ABLATION_STUDIES = studies_of_kind("ablation")
# {study: what else its spectra ask for, by name}
SPECTRA_PARTS = {name: study.parts for name, study in PATH_STUDIES.items()}

CODES = {}  # {digest: [script, import path, ..]}
CODE_FILES = {}  # {digest: the files that it is of, seen from the project's folder}
PROJECT = Path(workflow.basedir).resolve()


@cache
def in_project(file):
    """A file's path seen from the project's folder, or None where it lies elsewhere."""
    inside = file.is_relative_to(PROJECT)
    return file.relative_to(PROJECT).as_posix() if inside else None


@cache
def code(script, *import_paths):
    """Digest of a script and of all modules it runs: a rule's parameter, so that a changed module re-runs it."""
    script = f"{PROJECT}/workflow/scripts/{script}.py"
    try:
        files = code_files(script, *import_paths)
    except RambleError as error:
        raise WorkflowError(str(error))
    digest = code_digest(files)
    CODES[digest] = [script, *import_paths]
    CODE_FILES[digest] = [file for file in map(in_project, files) if file]
    return digest


def load_sizes(study):
    """How many patterns the loads of a study come to."""
    parameters = LOAD_STUDIES[study]
    return parameters.sizes(PATH_STUDIES[parameters.of])


def pair_names(study):
    return PATH_STUDIES[study].pair_names


def jobs(study, tracker):
    """Share a study's pairs out to a tracker's jobs: {"0": [pair, ..], ..}."""
    p = PATH_STUDIES[study]
    pairs = pair_names(study)
    size = 1 if tracker in p.one_path_per_job else p.paths_per_job
    return {str(n // size): pairs[n : n + size] for n in range(0, len(pairs), size)}


def solutions_script(study):
    """Which script finds a study's solutions."""
    return (
        "find_stochastic_solutions" if study in STOCHASTIC_STUDIES else "find_solutions"
    )


def tracker_script(study, tracker):
    """Which script walks with a tracker of a study; nothing is stochastic about a straight line."""
    algorithm = PATH_STUDIES[study].trackers[tracker].algorithm
    stochastic = study in STOCHASTIC_STUDIES and algorithm != "line"
    return f"track_stochastic_{algorithm}" if stochastic else f"track_{algorithm}"


def problem_parameters(study):
    """What building a study's problem depends on, for a rule's params."""
    p = PATH_STUDIES[study]
    return dict(path=p.problem.path, arguments=p.problem.arguments)


def engine_settings(study):
    """What a study's engine is built from, but for the seed."""
    return PATH_STUDIES[study].spectra.model_dump(
        exclude={
            "engine",
            "points",
            "trackers",
            "on_request",
            "reference",
            "gauss_newton",
            "density",
        }
    )


def part_settings(study, part):
    """What the engine of one part of a study's spectra is built from, but for the seed."""
    spectra = PATH_STUDIES[study].spectra
    own = SPECTRA_PARTS[study][part].model_dump(exclude={"tracker", "points"})
    shared = {
        "gauss_newton": ("top", "tolerance", "budget", "trace_samples", "batch"),
        "density": ("batch",),
    }
    return own | {name: getattr(spectra, name) for name in shared[part]}


def part_pairs(study, part):
    """The pairs on whose paths it is measured: the costly ones on the first path only."""
    return PATH_STUDIES[study].part_pairs(part)
