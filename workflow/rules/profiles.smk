# paths -> profiles: loss, error and margin at every stored point
for study, parameters in PATH_STUDIES.items():
    for tracker in parameters.tracker_names:

        rule:
            name:
                f"profile_{study}_{tracker}"
            input:
                data=data_files(study),
                paths=pair_files("paths", study, tracker, "safetensors"),
            output:
                tables=pair_files("profile", study, tracker, "csv"),
            log:
                f"logs/{study}/profile-{tracker}.log",
            benchmark:
                f"logs/{study}/profile-{tracker}.benchmark.tsv"
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
