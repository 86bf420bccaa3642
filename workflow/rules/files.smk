# The names of the files that rules make, and which of them belong together.
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


def pictures(figure):
    return [f"results/figures/{figure}.{suffix}" for suffix in PICTURES]


def study_pictures(study):
    """The pictures of all figures that show a study, but for those that need spectra on request."""
    return [
        file
        for name, figure in PARAMETERS.figures.items()
        if figure.of_study == study and not figure.waits(PARAMETERS.studies)
        for file in pictures(name)
    ]


def figures_of_kind(kind):
    """The figures of one kind, by name."""
    return {
        name: figure
        for name, figure in PARAMETERS.figures.items()
        if figure.kind == kind
    }


def section_study(figure):
    """The study that a figure of the paper shows, or None where it is not drawn."""
    shown = PARAMETERS.figures.get(figure)
    return shown and shown.study


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
