# The names of the files that rules make, and which of them belong together.
def data_files(study):
    parameters = PARAMETERS.studies[study]
    sets = getattr(parameters, "data", parameters).datasets
    return [f"results/{study}/data/{d}.safetensors" for d in range(sets)]


def solution_files(study):
    return PATH_STUDIES[study].solution_files(study)


def pair_files(kind, study, tracker, suffix, pairs=()):
    """Files results/<study>/<kind>/<tracker>/<pair>.<suffix> of some or all pairs."""
    return PATH_STUDIES[study].pair_files(study, kind, tracker, suffix, pairs)


def spectra_at_once(study, tracker):
    """The spectra along a tracker's paths where a study takes them, and not on request only."""
    taken = tracker in PATH_STUDIES[study].spectra.trackers
    return pair_files("spectra", study, tracker, "csv") if taken else []


def all_paths(studies, kind, suffix):
    """Artifacts along all trackers' paths of some studies."""
    trackers = [(study, tracker) for study in studies for tracker in PATH_STUDIES[study].tracker_names]
    return [file for each in trackers for file in pair_files(kind, *each, suffix)]


def study_files(study):
    """Every artifact of one study, but for the spectra on request."""
    return PARAMETERS.studies[study].files(study, PARAMETERS.studies)


def pictures(figure):
    return [f"results/figures/{figure}.{suffix}" for suffix in ("svg", "png", "pdf")]


def study_pictures(study):
    """The pictures of all figures that show a study, but for those that need spectra on request."""
    shown = {name: one for name, one in PARAMETERS.figures.items() if one.of_study == study}
    return [file for name, one in shown.items() if not one.waits(PARAMETERS.studies) for file in pictures(name)]
