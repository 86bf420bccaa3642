# data, a path of a stochastic study -> what equally many further gradients of plain training reach, from the same start
rule control:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        path="results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors",
    output:
        points="results/{study}/control/{tracker}/{dataset}-{a}-{b}.safetensors",
        table="results/{study}/control/{tracker}/{dataset}-{a}-{b}.csv",
    log:
        "logs/{study}/control-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/control-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 3
    threads: threads_of
    params:
        study="{study}",
        given=given("seed", *NETWORKS, "studies.{study}.solutions.rate", "studies.{study}.solutions.batch"),
        threads=threads_of,
        code=code("control", "studies.{study}.problem.path"),
    script:
        "../scripts/control.py"
