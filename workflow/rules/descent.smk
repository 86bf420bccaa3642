# nothing but the seed -> what gradient descent does to small losses, beside the bounds on it -> claims
DESCENT_STUDIES = studies_of_kind("descent")


rule descent:
    output:
        **{table: f"results/{{study}}/{table}.csv" for table in ("bowl", "contours", "bounds", "schedules", "rest")},
    log:
        "logs/{study}/descent.log",
    benchmark:
        "logs/{study}/descent.benchmark.tsv"
    wildcard_constraints:
        study=one_of(DESCENT_STUDIES),
    priority: 2
    threads: threads_of
    params:
        study="{study}",
        given=given("seed", "studies.{study}"),
        threads=threads_of,
        code=code("descent"),
    script:
        "../scripts/descent.py"


rule claims_of_descent:
    input:
        bowl="results/{study}/bowl.csv",
        bounds="results/{study}/bounds.csv",
        schedules="results/{study}/schedules.csv",
        rest="results/{study}/rest.csv",
    output:
        csv="results/tables/claims-{study}.csv",
        md="results/tables/claims-{study}.md",
    log:
        "logs/{study}/claims.log",
    wildcard_constraints:
        study=one_of(DESCENT_STUDIES),
    priority: 7
    params:
        study="{study}",
        given=given("companions.randomization_theorems"),
        code=code("judge_descent"),
    script:
        "../scripts/judge_descent.py"
