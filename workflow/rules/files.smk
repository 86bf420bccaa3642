# The names of the files that rules make, and which of them belong together.
FIGURES = ("fig1", "fig2", "fig3", "fig4", "fig5", "gauss_newton", "density", "nonzero")
# figures of all studies of one kind, where there are any
KIND_FIGURES = [
    figure
    for figure, studies in (
        ("connectivity", CONNECTIVITY_STUDIES),
        ("load", LOAD_STUDIES),
    )
    if studies
]
PATHS = [
    name for name in PARAMETERS.paper if name in PATH_STUDIES
]  # of the default target
PICTURES = ("svg", "png", "pdf")


def data_files(study):
    return PATH_STUDIES[study].data_files(study)


def solution_files(study):
    return PATH_STUDIES[study].solution_files(study)


def graph_solutions(study, dataset):
    """The solutions of one data set of a connectivity study."""
    return CONNECTIVITY_STUDIES[study].solution_files(study, dataset)


def load_files(study):
    """The tables of a load study, one per load."""
    return LOAD_STUDIES[study].load_files(study, PARAMETERS.studies)


def pair_files(kind, study, tracker, suffix, pairs=()):
    """Files results/<study>/<kind>/<tracker>/<pair>.<suffix> of some or all pairs."""
    return PATH_STUDIES[study].pair_files(study, kind, tracker, suffix, pairs)


def control_points(study, pairs):
    """What further training keeps of its networks: all of them where the best is to be chosen, else none."""
    if study not in BOOSTING_STUDIES:
        return {}
    return dict(points=pair_files("control", study, "guarded", "safetensors", pairs))


def part_files(study, part):
    """What one part of a study's spectra measures."""
    return PATH_STUDIES[study].part_files(study, part)


def source(figure):
    return getattr(PARAMETERS.figures, figure)


def drawings(figure):
    """The pictures of a figure and whose paths they show: {"fig2": "paper", "fig2-guarded": "guarded"}."""
    first, *others = source(figure).trackers
    return {figure: first} | {f"{figure}-{tracker}": tracker for tracker in others}


def pictures(drawing):
    return [f"results/figures/{drawing}.{suffix}" for suffix in PICTURES]


def default_pictures(figure):
    """The pictures of a figure that need no spectra on request."""
    wait = PATH_STUDIES[source(figure).study].spectra.on_request
    needs_spectra = figure in PARAMETERS.figures.with_spectra
    return [
        file
        for drawing, tracker in drawings(figure).items()
        if not (needs_spectra and tracker in wait)
        for file in pictures(drawing)
    ]


def study_pictures(study):
    """The pictures of all figures that show a study, but for those that need spectra on request."""
    shown = [figure for figure in FIGURES if source(figure).study == study]
    return [file for figure in shown for file in default_pictures(figure)]


def claim_inputs(kind, suffix, tracker, judged=None):
    """Artifacts along this tracker's paths, of all default studies where claims are judged on it, or on `judged`."""
    judged = judged or tracker
    return [
        file
        for study in PATHS
        if {judged, "line"} <= set(PATH_STUDIES[study].tracker_names)
        and judged in PATH_STUDIES[study].spectra.trackers
        for file in pair_files(kind, study, tracker, suffix)
    ]


def all_paths(kind, suffix):
    """Artifacts along all trackers' paths, of all default studies."""
    return [
        file
        for study in PATHS
        for tracker in PATH_STUDIES[study].tracker_names
        for file in pair_files(kind, study, tracker, suffix)
    ]


def study_files(study):
    """Every artifact of one study, but for the spectra on request."""
    return PARAMETERS.studies[study].files(study, PARAMETERS.studies)


def spectra_on_request(study):
    return PATH_STUDIES[study].files_on_request(study)


# every picture that can be asked for by name
DRAWINGS = [
    drawing for figure in FIGURES for drawing in drawings(figure)
] + KIND_FIGURES
