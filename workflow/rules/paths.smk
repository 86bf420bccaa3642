# data, two solutions -> the path that a tracker walks between them
rule paths:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        solutions=[
            "results/{study}/solutions/{dataset}-{a}.safetensors",
            "results/{study}/solutions/{dataset}-{b}.safetensors",
        ],
    output:
        points=["results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors"],
        steps=["results/{study}/paths/{tracker}/{dataset}-{a}-{b}.csv"],
    log:
        "logs/{study}/paths-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/paths-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 4
    threads: threads_of
    params:
        study="{study}",
        tracker="{tracker}",
        given=given("seed", *NETWORKS, "studies.{study}.trackers.{tracker}"),
        threads=threads_of,
        code=code("paths", "studies.{study}.problem.path", "studies.{study}.trackers.{tracker}.tracker"),
    script:
        "../scripts/paths.py"
