# solutions -> paths: every pair of solutions, walked by every tracker of the study


def urgency(study, tracker):
    """How early a tracker's paths are walked: the longest jobs first, and all before what looks at paths only."""
    longest = "guarded" if study in STOCHASTIC_STUDIES else "paper"
    return 2 if tracker == longest else 1


for study, parameters in PATH_STUDIES.items():
    for tracker in parameters.tracker_names:
        for job, pairs in jobs(study, tracker).items():

            rule:
                name:
                    f"paths_{study}_{tracker}_{job}"
                input:
                    data=data_files(study),
                    solutions=solution_files(study),
                output:
                    points=pair_files("paths", study, tracker, "safetensors", pairs),
                    steps=pair_files("paths", study, tracker, "csv", pairs),
                log:
                    f"logs/{study}/paths-{tracker}-{job}.log",
                benchmark:
                    f"logs/{study}/paths-{tracker}-{job}.benchmark.tsv"
                priority: parameters.priority + urgency(study, tracker)
                threads: parameters.threads
                resources:
                    mem_mb=1500,
                params:
                    seed=PARAMETERS.seed,
                    study=study,
                    device=PARAMETERS.device,
                    problem=problem_parameters(study),
                    tracker=tracker,
                    settings=parameters.trackers[tracker],
                    threads=parameters.threads,
                    script=tracker_script(study, tracker),
                    code=code(tracker_script(study, tracker), parameters.problem.path),
                script:
                    "../scripts/{params.script}.py"
