# training runs -> the tables and claims of the text on randomization
from ramble.papers.randomization.size import settings_of as settings_of_runs, size_of as size_of_runs

JUDGED_RUNS = {name: study for name, study in RUN_STUDIES.items() if study.judged}


rule randomization_tables:
    input:
        points=lambda wildcards: RUN_STUDIES[wildcards.study].run_files(wildcards.study, "safetensors"),
        tables=lambda wildcards: RUN_STUDIES[wildcards.study].run_files(wildcards.study, "csv"),
    output:
        expand("results/tables/{table}-{{study}}.{suffix}", table=["table1", "table2"], suffix=["csv", "json", "md"]),
        claims=expand("results/tables/claims-{{study}}.{suffix}", suffix=["csv", "json", "md"]),
    log:
        "logs/{study}/randomization.log",
    wildcard_constraints:
        study=one_of(JUDGED_RUNS),
    priority: 7
    params:
        study="{study}",
        size=lambda wildcards: size_of_runs(RUN_STUDIES[wildcards.study]),
        settings=lambda wildcards: settings_of_runs(RUN_STUDIES[wildcards.study]),
        given=given("companions.randomization", "studies.{study}"),
        code=code("randomization_tables"),
    script:
        "../scripts/randomization_tables.py"
