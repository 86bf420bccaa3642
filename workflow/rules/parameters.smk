# The checked parameters, and what rules take from them.
import inspect
from functools import cache

from ramble.parameters.digests import value_at
from ramble.parameters.document import validate
from ramble.store.code import code_files, code_text
from ramble.studies.kinds import kinds, study_model
from ramble.studies.paths.study import PathStudy

try:
    PARAMETERS = validate(config, CONFIG_FILES)
except RambleError as error:
    raise WorkflowError(str(error))


def studies_of_kind(kind):
    """The studies of one kind, by name."""
    return {
        name: study for name, study in PARAMETERS.studies.items() if study.kind == kind
    }


PATH_STUDIES = {
    name: study
    for name, study in PARAMETERS.studies.items()
    if isinstance(study, PathStudy)
}
# the shipped ones come to some hundreds; 30,000 take a minute, and snakemake says nothing meanwhile
if (ASKED_FOR := sum(study.file_count for study in PATH_STUDIES.values())) > 10000:
    logger.warning(
        f"{CONFIG_FILES}: about {ASKED_FOR} files to plan, which takes a while."
    )
STOCHASTIC_STUDIES = list(studies_of_kind("stochastic"))
JUDGED_STUDIES = [name for name in STOCHASTIC_STUDIES if PATH_STUDIES[name].judged]
BOOSTING_STUDIES = [name for name in STOCHASTIC_STUDIES if PATH_STUDIES[name].boosting]
# kinds that have a file of rules, beside those of the chain from data to spectra
OTHER_KINDS = [kind for kind in kinds() if not issubclass(study_model(kind), PathStudy)]
RECIPE_STUDIES = studies_of_kind("recipe")
CONNECTIVITY_STUDIES = studies_of_kind("connectivity")
LOAD_STUDIES = studies_of_kind("load")
# {study: what else its spectra ask for, by name}
SPECTRA_PARTS = {name: study.parts for name, study in PATH_STUDIES.items()}


def one_of(names):
    """A wildcard's constraint: one of these, or nothing at all where there are none."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    study=one_of(PARAMETERS.studies),
    tracker=one_of(
        {name: None for study in PATH_STUDIES.values() for name in study.trackers}
    ),
    figure=one_of(PARAMETERS.figures),
    dataset="[0-9]+",
    a="[0-9]+",
    b="[0-9]+",


value_of = cache(lambda key: value_at(PARAMETERS, key))


def source_of(study):
    """The study of paths that a study builds on, which may be itself."""
    return getattr(PARAMETERS.studies.get(study), "of", study)


def filled(template, wildcards):
    """A key of params.yaml from its template; {of} is what the study builds on, or the study itself."""
    known = dict(wildcards.items())
    return template.format(**known, of=source_of(known.get("study")))


OF_PAIR = {"dataset", "a", "b"}  # wildcards that no key has
# Snakemake looks at the signature of every function of every job, a tenth of the time of a large dry run
OF_WILDCARDS = inspect.signature(lambda wildcards: None)


class given:
    """A rule's param: {key: value} of the parameters under the keys that some templates name, such as `studies.{study}.problem`.

    It is the one list of what a job depends on: a changed value runs its jobs again, DVC watches the keys, and artifacts
    are stamped with their digests. A template may be a function from wildcards to keys. `known` are wildcards of rules
    without any.
    """

    def __init__(self, *keys, **known):
        self.keys, self.known = keys, known
        self.__signature__ = OF_WILDCARDS
        self.values = {}  # the same for thousands of jobs

    def of(self, wildcards):
        wildcards = self.known or wildcards
        found = (key(wildcards) if callable(key) else [key] for key in self.keys)
        return [filled(key, wildcards) for keys in found for key in keys]

    def __call__(self, wildcards):
        chosen = tuple(one for one in wildcards.items() if one[0] not in OF_PAIR)
        if chosen not in self.values:
            self.values[chosen] = {key: value_of(key) for key in self.of(wildcards)}
        return self.values[chosen]


def threshold(wildcards):
    """The key of the errors that a solution may make, where the study of paths allows some."""
    study = source_of(wildcards["study"])
    return [f"studies.{study}.{key}" for key in PARAMETERS.studies[study].threshold]


# what every computation with a study's networks rests on
NETWORKS = (
    "device",
    "studies.{of}.problem",
    threshold,
    "studies.{study}.threads",
)


@cache
def code_of(script, import_paths):
    script = f"{workflow.basedir}/workflow/scripts/{script}.py"
    try:
        return code_text(script, *import_paths)
    except RambleError as error:
        raise WorkflowError(str(error))


class code(given):
    """A rule's param: digest of a script and of all modules it runs; some keys or functions name more import paths.

    A changed module runs the jobs again, and a job refuses to run other code.
    """

    def __init__(self, script, *keys, **known):
        super().__init__(*keys, **known)
        self.script = script

    def __call__(self, wildcards):
        return code_of(self.script, tuple(super().__call__(wildcards).values()))


def threads_of(wildcards):
    """The threads of a study's jobs; they decide the order of floating-point sums."""
    return PARAMETERS.studies[wildcards.study].threads


threads_of.__signature__ = OF_WILDCARDS


KINDS = {}  # {name of a generated rule: the rule of the chain that it stands for}


def named(kind, *parts):
    """The name of a rule that makes what the chain's rule `kind` makes; what a profile sets for that one holds for it too."""
    name = "_".join([kind, *map(str, parts)])
    KINDS[name] = kind
    settings = workflow.resource_settings
    for option in ("overwrite_threads", "overwrite_resources"):
        chosen = dict(getattr(settings, option))
        if kind in chosen and name not in chosen:
            setattr(settings, option, chosen | {name: chosen[kind]})
    return name
