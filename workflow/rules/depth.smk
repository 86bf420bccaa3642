# nothing but the seed -> values and gradients by layer -> claims
from ramble.papers.randomization.size import departures_of_depth

DEPTH_STUDIES = studies_of_kind("depth")


rule depth:
    output:
        **{table: f"results/{{study}}/{table}.csv" for table in ("products", "layers")},
    log:
        "logs/{study}/depth.log",
    benchmark:
        "logs/{study}/depth.benchmark.tsv"
    wildcard_constraints:
        study=one_of(DEPTH_STUDIES),
    priority: 2
    threads: threads_of
    params:
        study="{study}",
        given=given("seed", "studies.{study}"),
        threads=threads_of,
        code=code("depth"),
    script:
        "../scripts/depth.py"


rule claims_of_depth:
    input:
        products="results/{study}/products.csv",
        layers="results/{study}/layers.csv",
    output:
        csv="results/tables/claims-{study}.csv",
        md="results/tables/claims-{study}.md",
    log:
        "logs/{study}/claims.log",
    wildcard_constraints:
        study=one_of(DEPTH_STUDIES),
    priority: 7
    params:
        study="{study}",
        departures=lambda wildcards: departures_of_depth(DEPTH_STUDIES[wildcards.study]),
        given=given("companions.randomization_theorems", "studies.{study}"),
        code=code("judge_depth"),
    script:
        "../scripts/judge_depth.py"
