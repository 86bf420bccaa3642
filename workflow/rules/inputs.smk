# What rules read, and which parameters they rest on, where that is no pattern with wildcards.
from ramble.studies.paths.figures import Tabulated


def spectra_of(wildcards):
    return PATH_STUDIES[wildcards["study"]].spectra


def engine_settings(wildcards):
    return spectra_of(wildcards).settings


def spectra_keys(wildcards):
    names = ["engine", "points", *type(engine_settings(wildcards)).model_fields]
    return [f"studies.{{study}}.spectra.{name}" for name in names]


def part_settings(part):
    return lambda wildcards: spectra_of(wildcards).settings_of(part)


def part_keys(part):
    """What one part of a study's spectra says, and what it takes from the settings of the engine."""

    def keys(wildcards):
        own = type(getattr(spectra_of(wildcards), part)).model_fields
        shared = type(spectra_of(wildcards).settings_of(part)).model_fields
        names = [name for name in shared if name not in own] + [
            f"{part}.{name}" for name in own
        ]
        return [f"studies.{{study}}.spectra.{name}" for name in names]

    return keys


# figures: {(study, name of the table): the figure that is drawn from it}
TABLES = {
    (figure.study, figure.table_name(name)): name
    for name, figure in PARAMETERS.figures.items()
    if isinstance(figure, Tabulated)
}


def tables_of(kind):
    """What the tables of one kind of figure are called."""
    return one_of(
        table
        for (study, table), name in TABLES.items()
        if PARAMETERS.figures[name].kind == kind
    )


def shown_paths(wildcards):
    """The paths that a table of a figure is of."""
    figure = PARAMETERS.figures[TABLES[wildcards.study, wildcards.table]]
    return pair_files("paths", wildcards.study, figure.tracker, "safetensors")


def table_keys(*names):
    """Keys of the figure that a table is of."""
    return lambda wildcards: [
        f"figures.{TABLES[wildcards.study, wildcards.table]}.{name}" for name in names
    ]


def claim_inputs(studies, kind, suffix, tracker, judged=None):
    """Artifacts along this tracker's paths, of studies where claims are judged on it, or on `judged`."""
    judged = judged or tracker
    return [
        file
        for study in studies
        if {judged, "line"} <= set(PATH_STUDIES[study].tracker_names)
        and judged in PATH_STUDIES[study].spectra.trackers
        for file in pair_files(kind, study, tracker, suffix)
    ]
