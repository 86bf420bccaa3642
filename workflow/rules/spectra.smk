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
                    settings=engine_settings(study),
                    threads=parameters.threads,
                    code=code(
                        f"spectra_{parameters.spectra.engine}", parameters.problem.path
                    ),
                script:
                    "../scripts/spectra_{params.engine}.py"


# the published tool at some points of the first path
for study, reference in REFERENCES.items():

    rule:
        name:
            f"reference_{study}"
        input:
            data=data_files(study),
            path=pair_files(
                "paths",
                study,
                reference.tracker,
                "safetensors",
            )[0],
        output:
            table=f"results/{study}/reference.csv",
        log:
            f"logs/{study}/reference.log",
        benchmark:
            f"logs/{study}/reference.benchmark.tsv"
        priority: PATH_STUDIES[study].priority
        threads: PATH_STUDIES[study].threads
        resources:
            mem_mb=2000,
        params:
            seed=PARAMETERS.seed,
            study=study,
            device=PARAMETERS.device,
            problem=problem_parameters(study),
            points=reference.points,
            ours=engine_settings(study),
            theirs=dict(
                top=PATH_STUDIES[study].spectra.top,
                iterations=reference.iterations,
                tolerance=reference.tolerance,
                trace_samples=PATH_STUDIES[study].spectra.trace_samples,
            ),
            threads=PATH_STUDIES[study].threads,
            code=code("compare_engines", PATH_STUDIES[study].problem.path),
        script:
            "../scripts/compare_engines.py"
