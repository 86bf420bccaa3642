# training sets of growing size -> solutions -> paths, all in one job per load
rule load_trials:
    input:
        data=lambda wildcards: data_files(wildcards.study),
    output:
        table="results/{study}/loads/{patterns}.csv",
    log:
        "logs/{study}/load-{patterns}.log",
    benchmark:
        "logs/{study}/load-{patterns}.benchmark.tsv"
    wildcard_constraints:
        patterns="[0-9]+",
    threads: threads_of
    params:
        study="{study}",
        alpha=load_of,
        patterns=lambda wildcards: int(wildcards.patterns),
        trackers=given(load_trackers("")),
        given=given(
            "seed",
            "device",
            "studies.{of}.problem",
            KEYS.threshold,
            "studies.{of}.solutions",
            "studies.{study}",
            load_trackers(""),
        ),
        threads=threads_of,
        code=code("load", "studies.{of}.problem.path", load_trackers(".tracker")),
    script:
        "../scripts/load.py"


rule loads:
    input:
        lambda wildcards: LOAD_STUDIES[wildcards.study].load_files(wildcards.study, PARAMETERS.studies),
    output:
        table="results/{study}/load.csv",
    log:
        "logs/{study}/loads.log",
    benchmark:
        "logs/{study}/loads.benchmark.tsv"
    priority: 7
    params:
        given=given("studies.{study}.loads"),
        code=code("loads"),
    script:
        "../scripts/loads.py"
