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
    parameters = PARAMETERS.studies[study]
    sets = getattr(parameters, "data", parameters).datasets
    return [f"results/{study}/data/{d}.safetensors" for d in range(sets)]


def solution_files(study):
    p = PATH_STUDIES[study]
    return [
        f"results/{study}/solutions/{d}-{s}.safetensors"
        for d in range(p.data.datasets)
        for s in range(p.solutions.count)
    ]


def solutions_script(study):
    """Which script finds a study's solutions."""
    return "stochastic_solutions" if study in STOCHASTIC_STUDIES else "solutions"


def load_sizes(study):
    """How many patterns the loads of a study come to; none where it is no study of loads."""
    if study not in LOAD_STUDIES:
        return []
    of = PATH_STUDIES[source_of(study)]
    return LOAD_STUDIES[study].patterns(of.data.arguments["inputs"])


def pair_names(study):
    return [f"{d}-{a}-{b}" for d, a, b in PATH_STUDIES[study].pairs]


def part_pairs(study, part):
    """The pairs on whose paths it is measured: the costly ones on the first path only."""
    return pair_names(study) if part == "gauss_newton" else pair_names(study)[:1]


def part_paths(study, part):
    tracker = SPECTRA_PARTS[study][part].tracker
    return pair_files("paths", study, tracker, "safetensors", part_pairs(study, part))


def graph_solutions(study, dataset):
    """The solutions of one data set of a connectivity study."""
    return [
        f"results/{study}/solutions/{dataset}-{s}.safetensors"
        for s in range(CONNECTIVITY_STUDIES[study].solutions)
    ]


def connectivity_files(study):
    """Every artifact of a connectivity study."""
    datasets = range(CONNECTIVITY_STUDIES[study].datasets)
    files = [f"results/{study}/{table}.csv" for table in ("pairs", "components")]
    files += [f"results/{study}/graph/{dataset}.csv" for dataset in datasets]
    return files + [
        file for dataset in datasets for file in graph_solutions(study, dataset)
    ]


def load_files(study):
    """The tables of a load study, one per load."""
    return [f"results/{study}/loads/{size}.csv" for size in load_sizes(study)]


def pair_files(kind, study, tracker, suffix, pairs=None):
    """Files results/<study>/<kind>/<tracker>/<pair>.<suffix> of some or all pairs."""
    return [
        f"results/{study}/{kind}/{tracker}/{pair}.{suffix}"
        for pair in pairs or pair_names(study)
    ]


def part_files(study, part):
    """What one part of a study's spectra measures."""
    if part == "reference":
        return [f"results/{study}/reference.csv"]
    tracker = SPECTRA_PARTS[study][part].tracker
    return pair_files(part, study, tracker, "csv", part_pairs(study, part))


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
    if study in RECIPE_STUDIES:
        return [f"results/{study}/readings.csv"]
    if study in CONNECTIVITY_STUDIES:
        return connectivity_files(study)
    if study in LOAD_STUDIES:
        return [*load_files(study), f"results/{study}/load.csv"]
    if study in ABLATION_STUDIES:
        return [f"results/{study}/ablation.csv"]
    files = solution_files(study) + [f"results/{study}/pairs.csv"]
    for tracker in PATH_STUDIES[study].tracker_names:
        files += pair_files("profile", study, tracker, "csv")
    for tracker in PATH_STUDIES[study].spectra.trackers:
        files += pair_files("spectra", study, tracker, "csv")
    for part in SPECTRA_PARTS[study]:
        files += part_files(study, part)
    if study in JUDGED_STUDIES:
        files += [f"results/tables/claims-{study}.md"]
    if study in BOOSTING_STUDIES:
        files += [f"results/tables/boosting-{study}.md"]
    return files


def spectra_on_request(study):
    return [
        file
        for tracker in PATH_STUDIES[study].spectra.on_request
        for file in pair_files("spectra", study, tracker, "csv")
    ]


# every picture that can be asked for by name
DRAWINGS = [
    drawing for figure in FIGURES for drawing in drawings(figure)
] + KIND_FIGURES
