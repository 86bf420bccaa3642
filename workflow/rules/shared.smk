# Where a study asks for several paths a job (`paths_per_job`), one rule makes the files of all of them, which one
# with wildcards cannot. It is the rule of the chain, with their files for those of one pair.
from snakemake.ruleinfo import InOutput, RuleInfo

# Added to the priority of the jobs that a figure waits for: what is shared by several paths is short, a path that has a
# job of its own is long, and figures come long before the last of the long walks.
SHOWN_FIRST = 1


def spread(files, pairs):
    """Patterns of files with {dataset}, {a} and {b} replaced by those of every pair; each file once."""
    return list(
        dict.fromkeys(
            pattern.replace("{dataset}", d).replace("{a}", a).replace("{b}", b)
            for pattern in files
            for d, a, b in (pair.split("-") for pair in pairs)
        )
    )


def share(kind, study, tracker, job, pairs):
    """Add a rule that makes what the rule `kind` makes, for some pairs at once."""
    chain, made = workflow.get_rule(kind).ruleinfo, RuleInfo()
    for part in ("input", "output"):
        declared = getattr(chain, part)
        files = {
            name: spread(patterns, pairs) for name, patterns in declared.kwpaths.items()
        }
        setattr(made, part, InOutput((), files, declared.modifier))
    log = f"logs/{{study}}/{kind}-{{tracker}}-{job}"
    made.log = InOutput((f"{log}.log",), {}, chain.log.modifier)
    made.benchmark = InOutput(f"{log}.benchmark.tsv", {}, chain.log.modifier)
    made.wildcard_constraints = ((), dict(study=study, tracker=tracker))
    made.priority = chain.priority + SHOWN_FIRST * (tracker in SHOWN.get(study, ()))
    called = named(kind, study, tracker, job)
    workflow.userule(rules=[kind], name_modifier=called, lineno=0)(made)
    return called


# {study: the trackers whose paths a figure shows}
SHOWN = {}
for figure in PARAMETERS.figures.values():
    if figure.of_study:
        SHOWN.setdefault(figure.of_study, set()).add(figure.tracker)

for kind in ("paths", "profile", "spectra"):
    shared = [
        share(kind, study, tracker, number // size, pairs[number : number + size])
        for study, parameters in PATH_STUDIES.items()
        for size, pairs in [(parameters.paths_per_job, pair_names(study))]
        for tracker in (
            parameters.spectra.all_trackers
            if kind == "spectra"
            else parameters.tracker_names
        )
        if size > 1 and tracker not in parameters.one_path_per_job
        for number in range(0, len(pairs), size)
    ]
    workflow.ruleorder(*shared, kind)
