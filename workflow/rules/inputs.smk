# What rules read, and which parameters they rest on, where that is no pattern with wildcards.
from ramble.studies.paths.figures import Tabulated

# {(study, name of the table): the figure that is drawn from it}
TABLES = {
    (figure.study, figure.table_name(name)): name
    for name, figure in PARAMETERS.figures.items()
    if isinstance(figure, Tabulated)
}


def tables_of(kind):
    """What the tables of one kind of figure are called."""
    return one_of(table for (_, table), name in TABLES.items() if PARAMETERS.figures[name].kind == kind)


def shown_paths(wildcards):
    """The paths that a table of a figure is of."""
    figure = PARAMETERS.figures[TABLES[wildcards.study, wildcards.table]]
    return pair_files("paths", wildcards.study, figure.tracker, "safetensors")


def table_keys(*names):
    """Keys of the figure that a table is of."""
    return lambda wildcards: [f"figures.{TABLES[wildcards.study, wildcards.table]}.{name}" for name in names]


def spectra_of(wildcards):
    return PATH_STUDIES[wildcards["study"]].spectra


def spectra_keys(wildcards):
    names = ["engine", "points", *type(spectra_of(wildcards).settings).model_fields]
    return [f"studies.{{study}}.spectra.{name}" for name in names]


def samples_key(wildcards):
    """The training samples that spectra are taken on, of a study that does not take all."""
    return ["studies.{study}.spectra.samples"] * bool(getattr(spectra_of(wildcards), "samples", None))


def part_keys(wildcards, part=None):
    """What one part of a study's spectra says, and what it takes from the settings of the engine."""
    spectra, part = spectra_of(wildcards), part or wildcards["part"]
    own = type(getattr(spectra, part)).model_fields
    shared = [name for name in type(spectra.settings_of(part)).model_fields if name not in own]
    return [f"studies.{{study}}.spectra.{name}" for name in [*shared, *(f"{part}.{name}" for name in own)]]


def load_of(wildcards):
    """The load that comes to so many patterns."""
    study = LOAD_STUDIES[wildcards.study]
    return study.loads[study.sizes(PATH_STUDIES[study.of]).index(int(wildcards.patterns))]


# keys of a study's trackers, or of something of each
load_trackers = lambda ending: lambda wildcards: [
    f"studies.{{of}}.trackers.{name}{ending}" for name in LOAD_STUDIES[wildcards["study"]].trackers
]


def run_keys(wildcards):
    """Keys of what the runs of a setting are made of."""
    return [f"studies.{{study}}.{key}" for key in RUN_STUDIES[wildcards["study"]].keys_of(wildcards["run"])]


def run_network(wildcards):
    """Key of the import path of their network."""
    study = RUN_STUDIES[wildcards["study"]]
    return [f"studies.{{study}}.networks.{study.runs[wildcards['run']].network}.path"]


def claim_inputs(studies, tracker, prefix=""):
    """What the claims are judged by on this tracker's paths, by name, of the studies that have all of it."""
    judged = [
        study
        for study in studies
        if {tracker, "line"} <= set(PATH_STUDIES[study].trackers) and tracker in PATH_STUDIES[study].spectra.trackers
    ]
    parts = dict(
        paths=("paths", tracker, "safetensors"),
        profiles=("profile", tracker, "csv"),
        line_paths=("paths", "line", "safetensors"),
        lines=("profile", "line", "csv"),
        spectra=("spectra", tracker, "csv"),
    )
    return {
        f"{prefix}{name}": [file for study in judged for file in pair_files(kind, study, walker, suffix)]
        for name, (kind, walker, suffix) in parts.items()
    }
