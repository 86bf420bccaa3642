# What all rules share: the checked parameters and the names of the files.
from snakemake.exceptions import WorkflowError

from ramble.errors import RambleError
from ramble.parameters import AblationStudy, PathStudy, RecipeStudy, validate
from ramble.provenance import code_digest

try:
    PARAMETERS = validate(config)
except RambleError as error:
    raise WorkflowError(str(error))

PATH_STUDIES = {
    name: study
    for name, study in PARAMETERS.studies.items()
    if isinstance(study, PathStudy)
}
RECIPE_STUDIES = {
    name: study
    for name, study in PARAMETERS.studies.items()
    if isinstance(study, RecipeStudy)
}
ABLATION_STUDIES = {
    name: study
    for name, study in PARAMETERS.studies.items()
    if isinstance(study, AblationStudy)
}

FIGURES = ("fig1", "fig2", "fig3", "fig4")
PICTURES = ("svg", "png", "pdf")


def code(script, *import_paths):
    """Digest of a script and of all modules it runs: a rule's parameter, so that a changed module re-runs it."""
    return code_digest(
        f"{workflow.basedir}/workflow/scripts/{script}.py", *import_paths
    )


def data_files(study):
    return [
        f"results/{study}/data/{d}.safetensors"
        for d in range(PATH_STUDIES[study].data.datasets)
    ]


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
    return [
        f"results/{study}/{kind}/{tracker}/{pair}.{suffix}"
        for pair in pairs or pair_names(study)
    ]


def jobs(study):
    """Share a study's pairs out to jobs: {"0": [pair, ..], ..}."""
    pairs, size = pair_names(study), PATH_STUDIES[study].paths_per_job
    return {str(n // size): pairs[n : n + size] for n in range(0, len(pairs), size)}


def problem_parameters(study):
    """What building a study's problem depends on, for a rule's params."""
    p = PATH_STUDIES[study]
    return dict(path=p.problem.path, arguments=p.problem.arguments)


def pictures(figure):
    return [f"results/figures/{figure}.{suffix}" for suffix in PICTURES]


def source(figure):
    return getattr(PARAMETERS.figures, figure)


def claim_inputs(kind, suffix, tracker):
    """Artifacts of all default studies whose paths this tracker made."""
    return [
        file
        for study in PARAMETERS.paper
        if study in PATH_STUDIES and tracker in PATH_STUDIES[study].tracker_names
        for file in pair_files(kind, study, tracker, suffix)
    ]


def study_files(study):
    """Every artifact of one study."""
    if study in RECIPE_STUDIES:
        return [f"results/{study}/readings.csv"]
    if study in ABLATION_STUDIES:
        return [f"results/{study}/ablation.csv"]
    files = solution_files(study) + [f"results/{study}/pairs.csv"]
    for tracker in PATH_STUDIES[study].tracker_names:
        files += pair_files("profile", study, tracker, "csv")
    if PATH_STUDIES[study].trackers.paper is not None:
        files += pair_files("spectra", study, "paper", "csv")
    return files
