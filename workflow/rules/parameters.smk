# The checked parameters, and what rules take from them.
from functools import partial

from snakemake.exceptions import WorkflowError

from plumbing.keys import Code, Given, Keys, Threads, one_of
from plumbing.settings import read_parameters
from plumbing.shared import Named, share
from ramble.studies.kinds import kinds, study_model
from ramble.studies.paths.study import PathStudy

PARAMETERS, CONFIG_FILES = read_parameters(workflow, config)


def studies_of_kind(kind):
    """The studies of one kind, by name."""
    return {name: study for name, study in PARAMETERS.studies.items() if study.kind == kind}


PATH_STUDIES = {name: study for name, study in PARAMETERS.studies.items() if isinstance(study, PathStudy)}
STOCHASTIC_STUDIES = studies_of_kind("stochastic")
CONNECTIVITY_STUDIES = studies_of_kind("connectivity")
LOAD_STUDIES = studies_of_kind("load")
RUN_STUDIES = studies_of_kind("runs")
ALL = [
    name for name, study in PARAMETERS.studies.items() if not getattr(study, "on_request", False)
]  # of the target `all`
PATHS = [name for name in PARAMETERS.paper if name in PATH_STUDIES]  # of the default target
# kinds that have a file of rules, beside those of the chain from data to spectra
OTHER_KINDS = [kind for kind in kinds() if not issubclass(study_model(kind), PathStudy)]


wildcard_constraints:
    study=one_of(PARAMETERS.studies),
    tracker=one_of({name: None for study in PATH_STUDIES.values() for name in study.trackers}),
    figure=one_of(PARAMETERS.figures),
    dataset="[0-9]+",
    a="[0-9]+",
    b="[0-9]+",


KEYS = Keys(PARAMETERS, f"{workflow.basedir}/workflow/scripts")
source_of = KEYS.source_of  # the study of paths that a study builds on, which may be itself
given, code = partial(Given, KEYS), partial(Code, KEYS)  # what a rule depends on
threads_of = Threads(PARAMETERS)
named = Named(workflow)  # the names of rules that stand for one of the chain
LOAD_KEYS = ["studies.{study}.loads", "studies.{study}.datasets"]  # of training sets
# what every computation with a study's networks rests on
NETWORKS = ("device", "studies.{of}.problem", KEYS.threshold, "studies.{study}.threads")
