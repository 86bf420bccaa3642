# networks of many kinds -> how often the tracker without tuning joins them; on request
ZOO_STUDIES = studies_of_kind("zoo")


rule zoo_family:
    output:
        table="results/{study}/families/{family}.csv",
    log:
        "logs/{study}/family-{family}.log",
    benchmark:
        "logs/{study}/family-{family}.benchmark.tsv"
    wildcard_constraints:
        study=one_of(ZOO_STUDIES),
        family="[a-z0-9_]+",
    threads: threads_of
    params:
        family="{family}",
        given=given(
            "seed",
            "studies.{study}.data",
            "studies.{study}.networks",
            "studies.{study}.tracker",
        ),
        threads=threads_of,
        code=code("zoo_family"),
    script:
        "../scripts/zoo_family.py"


rule zoo_table:
    input:
        families=lambda wildcards: ZOO_STUDIES[wildcards.study].family_files(wildcards.study),
    output:
        csv="results/tables/{study}.csv",
        md="results/tables/{study}.md",
    log:
        "logs/{study}/zoo.log",
    wildcard_constraints:
        study=one_of(ZOO_STUDIES),
    params:
        given=given("studies.{study}.families"),
        code=code("zoo_table"),
    script:
        "../scripts/zoo_table.py"
