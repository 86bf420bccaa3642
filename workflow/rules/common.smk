# What all rules share: the checked parameters and the names of the files.
from snakemake.exceptions import WorkflowError

from ramble.errors import RambleError
from ramble.parameters import PathStudy, RecipeStudy, validate
from ramble.provenance import code_digest

try:
    PARAMETERS = validate(config)
except RambleError as error:
    raise WorkflowError(str(error))

PATH_STUDIES = {name: study for name, study in PARAMETERS.studies.items() if isinstance(study, PathStudy)}
RECIPE_STUDIES = {name: study for name, study in PARAMETERS.studies.items() if isinstance(study, RecipeStudy)}


wildcard_constraints:
    study="[a-z][a-z0-9_]*",
    tracker="[a-z]+",
    dataset=r"\d+",


def code(script):
    """Digest of a script and of all modules it runs: a rule's parameter, so that a changed module re-runs it."""
    return code_digest(f"{workflow.basedir}/workflow/scripts/{script}.py")


def data_files(study):
    return [f"results/{study}/data/{d}.safetensors" for d in range(PATH_STUDIES[study].data.datasets)]


def solution_files(study):
    p = PATH_STUDIES[study]
    return [
        f"results/{study}/solutions/{d}-{s}.safetensors"
        for d in range(p.data.datasets)
        for s in range(p.solutions.count)
    ]


def pair_names(study):
    return [f"{d}-{a}-{b}" for d, a, b in PATH_STUDIES[study].pairs]


def pair_files(kind, study, tracker, suffix, pairs=None):
    """Files results/<study>/<kind>/<tracker>/<pair>.<suffix> of some or all pairs."""
    return [f"results/{study}/{kind}/{tracker}/{pair}.{suffix}" for pair in pairs or pair_names(study)]


def jobs(study):
    """Share a study's pairs out to jobs: {"0": [pair, ..], ..}."""
    pairs, size = pair_names(study), PATH_STUDIES[study].paths_per_job
    return {str(n // size): pairs[n : n + size] for n in range(0, len(pairs), size)}


def problem_parameters(study):
    """What building a study's problem depends on, for a rule's params."""
    p = PATH_STUDIES[study]
    return dict(path=p.problem.path, arguments=p.problem.arguments)
