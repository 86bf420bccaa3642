# networks of many kinds -> how often the tracker without tuning joins them; on request
ZOO_STUDIES = studies_of_kind("zoo")


rule zoo_network:
    output:
        network="results/{study}/networks/{family}-{number}.safetensors",
    log:
        "logs/{study}/network-{family}-{number}.log",
    wildcard_constraints:
        study=one_of(ZOO_STUDIES),
    threads: threads_of
    params:
        family="{family}",
        number=lambda wildcards: int(wildcards.number),
        given=given("seed", "studies.{study}.data"),
        threads=threads_of,
        code=code("zoo_network"),
    script:
        "../scripts/zoo_network.py"


rule zoo_pair:
    input:
        networks=expand("results/{{study}}/networks/{{family}}-{number}.safetensors", number=["{a}", "{b}"]),
    output:
        table="results/{study}/pairs/{family}-{a}-{b}.csv",
    log:
        "logs/{study}/pair-{family}-{a}-{b}.log",
    benchmark:
        "logs/{study}/pair-{family}-{a}-{b}.benchmark.tsv"
    wildcard_constraints:
        study=one_of(ZOO_STUDIES),
    threads: threads_of
    params:
        family="{family}",
        pair=lambda wildcards: (int(wildcards.a), int(wildcards.b)),
        given=given("seed", "studies.{study}.data", "studies.{study}.tracker"),
        threads=threads_of,
        code=code("zoo_pair"),
    script:
        "../scripts/zoo_pair.py"


rule zoo_table:
    input:
        pairs=lambda wildcards: ZOO_STUDIES[wildcards.study].pair_files(wildcards.study),
    output:
        csv="results/tables/{study}.csv",
        md="results/tables/{study}.md",
    log:
        "logs/{study}/zoo.log",
    wildcard_constraints:
        study=one_of(ZOO_STUDIES),
    params:
        given=given("studies.{study}.families", "studies.{study}.networks"),
        code=code("zoo_table"),
    script:
        "../scripts/zoo_table.py"
