# The names of the files that rules make, and which of them belong together.
PATHS = [
    name for name in PARAMETERS.paper if name in PATH_STUDIES
]  # of the default target
PICTURES = ("svg", "png", "pdf")


def data_files(study):
    parameters = PARAMETERS.studies[study]
    sets = getattr(parameters, "data", parameters).datasets
    return [f"results/{study}/data/{d}.safetensors" for d in range(sets)]


def solution_files(study):
    return PATH_STUDIES[study].solution_files(study)


def solutions_script(study):
    """Which script finds a study's solutions, or takes those that are given."""
    if PATH_STUDIES[study].given_files:
        return "given_solutions"
    return "stochastic_solutions" if study in STOCHASTIC_STUDIES else "solutions"


def load_sizes(study):
    """How many patterns the loads of a study come to; none where it is no study of loads."""
    if study not in LOAD_STUDIES:
        return []
    return LOAD_STUDIES[study].sizes(PATH_STUDIES[source_of(study)])


def pair_names(study):
    return PATH_STUDIES[study].pair_names


def part_pairs(study, part):
    """The pairs on whose paths it is measured: the costly ones on the first path only."""
    return PATH_STUDIES[study].part_pairs(part)


def part_paths(study, part):
    tracker = SPECTRA_PARTS[study][part].tracker
    return pair_files("paths", study, tracker, "safetensors", part_pairs(study, part))


def graph_solutions(study, dataset):
    """The solutions of one data set of a connectivity study."""
    return CONNECTIVITY_STUDIES[study].solution_files(study, dataset)


def load_files(study):
    """The tables of a load study, one per load."""
    return LOAD_STUDIES[study].load_files(study, PARAMETERS.studies)


def pair_files(kind, study, tracker, suffix, pairs=()):
    """Files results/<study>/<kind>/<tracker>/<pair>.<suffix> of some or all pairs."""
    return PATH_STUDIES[study].pair_files(study, kind, tracker, suffix, pairs)


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


def all_paths(studies, kind, suffix):
    """Artifacts along all trackers' paths of some studies."""
    return [
        file
        for study in studies
        for tracker in PATH_STUDIES[study].tracker_names
        for file in pair_files(kind, study, tracker, suffix)
    ]


def study_files(study):
    """Every artifact of one study, but for the spectra on request."""
    return PARAMETERS.studies[study].files(study, PARAMETERS.studies)


def spectra_on_request(study):
    return PATH_STUDIES[study].files_on_request(study)
