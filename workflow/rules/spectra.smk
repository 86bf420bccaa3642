# paths -> spectra: Hessian eigenvalues at points of some trackers' paths
for study, parameters in PATH_STUDIES.items():
    for tracker in parameters.spectra.all_trackers:
        for job, pairs in jobs(study, tracker).items():

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
                priority: parameters.priority + 1
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
for study, parts in SPECTRA_PARTS.items():
    if "reference" not in parts:
        continue

    rule:
        name:
            f"reference_{study}"
        input:
            data=data_files(study),
            path=pair_files(
                "paths",
                study,
                parts["reference"].tracker,
                "safetensors",
                part_pairs(study, "reference"),
            )[0],
        output:
            table=part_files(study, "reference")[0],
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
            points=parts["reference"].points,
            ours=engine_settings(study),
            theirs=dict(
                top=PATH_STUDIES[study].spectra.top,
                iterations=parts["reference"].iterations,
                tolerance=parts["reference"].tolerance,
                trace_samples=PATH_STUDIES[study].spectra.trace_samples,
            ),
            threads=PATH_STUDIES[study].threads,
            code=code("compare_engines", PATH_STUDIES[study].problem.path),
        script:
            "../scripts/compare_engines.py"


# what the paper could not see: the Gauss-Newton part, and the whole spectrum
for study, parts in SPECTRA_PARTS.items():
    for part in ("gauss_newton", "density"):
        if part not in parts:
            continue
        for pair in part_pairs(study, part):

            rule:
                name:
                    f"{part}_{study}_{pair}"
                input:
                    data=data_files(study),
                    paths=pair_files(
                        "paths", study, parts[part].tracker, "safetensors", [pair]
                    ),
                output:
                    tables=pair_files(part, study, parts[part].tracker, "csv", [pair]),
                log:
                    f"logs/{study}/{part}-{pair}.log",
                benchmark:
                    f"logs/{study}/{part}-{pair}.benchmark.tsv"
                priority: PATH_STUDIES[study].priority
                threads: PATH_STUDIES[study].threads
                resources:
                    mem_mb=2000,
                params:
                    seed=PARAMETERS.seed,
                    study=study,
                    device=PARAMETERS.device,
                    problem=problem_parameters(study),
                    part=part,
                    points=parts[part].points,
                    settings=part_settings(study, part),
                    threads=PATH_STUDIES[study].threads,
                    code=code(f"measure_{part}", PATH_STUDIES[study].problem.path),
                script:
                    "../scripts/measure_{params.part}.py"
