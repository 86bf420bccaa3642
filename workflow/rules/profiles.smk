# paths -> profiles: loss, error and margin at every stored point
for study, parameters in PATH_STUDIES.items():
    for tracker in parameters.tracker_names:
        for job, pairs in jobs(study, tracker).items():

            rule:
                name:
                    f"profile_{study}_{tracker}_{job}"
                input:
                    data=data_files(study),
                    paths=pair_files("paths", study, tracker, "safetensors", pairs),
                output:
                    tables=pair_files("profile", study, tracker, "csv", pairs),
                log:
                    f"logs/{study}/profile-{tracker}-{job}.log",
                benchmark:
                    f"logs/{study}/profile-{tracker}-{job}.benchmark.tsv"
                priority: parameters.priority
                threads: parameters.threads
                resources:
                    mem_mb=2000,
                params:
                    study=study,
                    device=PARAMETERS.device,
                    problem=problem_parameters(study),
                    threads=parameters.threads,
                    code=code("profile_paths", parameters.problem.path),
                script:
                    "../scripts/profile_paths.py"
