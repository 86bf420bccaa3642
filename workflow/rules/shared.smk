# Where a study asks for several paths a job, one rule makes the files of all of them.
# {study: the trackers whose paths a figure shows}
SHOWN = {}
for figure in PARAMETERS.figures.values():
    if figure.of_study in PATH_STUDIES:
        SHOWN.setdefault(figure.of_study, set()).add(figure.tracker)

for kind in ("paths", "profile", "spectra"):
    shared = [
        # the jobs that a figure waits for come first: what is shared by several paths is short, a path that has a job of
        # its own is long, and figures come long before the last of the long walks
        share(named, kind, study, tracker, job // size, pairs[job : job + size], tracker in SHOWN.get(study, ()))
        for study, parameters in PATH_STUDIES.items()
        for size, pairs in [(parameters.paths_per_job, parameters.pair_names)]
        for tracker in (parameters.spectra.all_trackers if kind == "spectra" else parameters.tracker_names)
        if size > 1 and tracker not in parameters.one_path_per_job
        for job in range(0, len(pairs), size)
    ]
    workflow.ruleorder(*shared, kind)
