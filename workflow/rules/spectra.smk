# paths -> spectra: Hessian eigenvalues at points of the paper tracker's paths
for study, parameters in PATH_STUDIES.items():
    if parameters.trackers.paper is not None:
        for job, pairs in jobs(study).items():

            rule:
                name:
                    f"spectra_{study}_{job}"
                input:
                    data=data_files(study),
                    paths=pair_files("paths", study, "paper", "safetensors", pairs),
                output:
                    tables=pair_files("spectra", study, "paper", "csv", pairs),
                log:
                    f"logs/{study}/spectra-{job}.log",
                benchmark:
                    f"logs/{study}/spectra-{job}.benchmark.tsv"
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
                    spectra=parameters.spectra.model_dump(),
                    threads=parameters.threads,
                    code=code(
                        f"spectra_{parameters.spectra.engine}", parameters.problem.path
                    ),
                script:
                    "../scripts/spectra_{params.engine}.py"
