# a path, further training -> better networks, chosen by validation images
rule boost:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        path="results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors",
        further="results/{study}/control/{tracker}/{dataset}-{a}-{b}.safetensors",
    output:
        table="results/{study}/boosting/{tracker}/{dataset}-{a}-{b}.csv",
    log:
        "logs/{study}/boosting-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/boosting-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 3
    threads: threads_of
    params:
        given=given(*NETWORKS, "studies.{study}.boosting"),
        threads=threads_of,
        code=code("boost", "studies.{study}.problem.path"),
    script:
        "../scripts/boost.py"


rule boosting_table:
    input:
        tables=lambda wildcards: pair_files("boosting", wildcards.study, "guarded", "csv"),
    output:
        csv="results/tables/boosting-{study}.csv",
        md="results/tables/boosting-{study}.md",
    log:
        "logs/{study}/boosting.log",
    priority: 7
    params:
        study="{study}",
        code=code("boosting_table"),
    script:
        "../scripts/boosting_table.py"
