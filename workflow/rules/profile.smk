# data, a path -> its profile: loss, error and margin at every stored point
rule profile:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        paths=["results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors"],
    output:
        tables=["results/{study}/profile/{tracker}/{dataset}-{a}-{b}.csv"],
    log:
        "logs/{study}/profile-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/profile-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 6
    threads: threads_of
    params:
        study="{study}",
        given=given(*NETWORKS),
        threads=threads_of,
        code=code("profile", "studies.{study}.problem.path"),
    script:
        "../scripts/profile.py"
