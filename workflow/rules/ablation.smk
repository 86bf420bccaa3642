# solutions -> which parts of the guarded tracker matter
rule ablation:
    input:
        data=lambda wildcards: data_files(source_of(wildcards.study)),
        solutions=lambda wildcards: solution_files(source_of(wildcards.study)),
    output:
        table="results/{study}/ablation.csv",
    log:
        "logs/{study}/ablation.log",
    benchmark:
        "logs/{study}/ablation.benchmark.tsv"
    threads: threads_of
    params:
        of=lambda wildcards: source_of(wildcards.study),
        pairs=lambda wildcards: PATH_STUDIES[source_of(wildcards.study)].pair_names,
        given=given("seed", "device", "studies.{of}.problem", "studies.{of}.trackers.guarded", "studies.{study}"),
        threads=threads_of,
        code=code("ablation", "studies.{of}.problem.path", "studies.{of}.trackers.guarded.tracker"),
    script:
        "../scripts/ablation.py"
