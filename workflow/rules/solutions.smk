# data -> solutions: networks with zero training errors, all restarts of a study in one batch
from plumbing.faults import refuse_missing

for study, parameters in PATH_STUDIES.items():
    refuse_missing(f"{CONFIG_FILES}: studies.{study}.solutions.files", parameters.given_files)
    found_by = "stochastic_solutions" if study in STOCHASTIC_STUDIES else "solutions"
    found_by = "given_solutions" if parameters.given_files else found_by

    rule:
        name:
            named("solutions", study)
        input:
            data=data_files(study),
            files=PATH_STUDIES[study].given_files,
        output:
            solutions=solution_files(study),
            pairs=f"results/{study}/pairs.csv",
        log:
            f"logs/{study}/solutions.log",
        benchmark:
            f"logs/{study}/solutions.benchmark.tsv"
        priority: 8
        threads: parameters.threads
        params:
            study=study,
            datasets=list(range(parameters.data.datasets)),
            recipe=parameters.solutions,
            given=given("seed", *NETWORKS, "studies.{study}.solutions", study=study),
            threads=parameters.threads,
            script=found_by,
            code=code(found_by, "studies.{study}.problem.path", study=study),
        script:
            "../scripts/{params.script}.py"
