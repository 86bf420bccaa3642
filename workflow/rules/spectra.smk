# paths -> spectra: Hessian eigenvalues at points of some trackers' paths
for study, parameters in PATH_STUDIES.items():
    for tracker in parameters.spectra.all_trackers:
        for job, pairs in jobs(study).items():

            rule:
                name:
                    f"spectra_{study}_{tracker}_{job}"
                input:
                    data=data_files(study),
                    paths=pair_files("paths", study, tracker, "safetensors", pairs),
                output:
                    tables=pair_files("spectra", study, tracker, "csv", pairs),
                log:
                    f"logs/{study}/spectra-{tracker}-{job}.log",
                benchmark:
                    f"logs/{study}/spectra-{tracker}-{job}.benchmark.tsv"
                priority: parameters.priority
                threads: parameters.threads
                resources:
                    mem_mb=2000,
                params:
                    seed=PARAMETERS.seed,
                    study=study,
                    device=PARAMETERS.device,
                    problem=problem_parameters(study),
                    engine=parameters.spectra.engine,
                    points=parameters.spectra.points,
                    settings=parameters.spectra.model_dump(
                        exclude={"engine", "points", "trackers", "on_request"}
                    ),
                    threads=parameters.threads,
                    code=code(
                        f"spectra_{parameters.spectra.engine}", parameters.problem.path
                    ),
                script:
                    "../scripts/spectra_{params.engine}.py"
