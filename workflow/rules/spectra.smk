# data, a path -> Hessian eigenvalues at points of it, and what else its study asks for
rule spectra:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        paths=["results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors"],
    output:
        tables=["results/{study}/spectra/{tracker}/{dataset}-{a}-{b}.csv"],
    log:
        "logs/{study}/spectra-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/spectra-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 5
    threads: threads_of
    params:
        study="{study}",
        settings=lambda wildcards: spectra_of(wildcards).settings,
        given=given("seed", *NETWORKS, spectra_keys, samples_key),
        threads=threads_of,
        code=code("spectra", "studies.{study}.problem.path", "studies.{study}.spectra.path"),
    script:
        "../scripts/spectra.py"


rule reference:
    input:
        data="results/{study}/data/0.safetensors",
        path=lambda wildcards: pair_files(
            "paths", wildcards.study, spectra_of(wildcards).reference.tracker, "safetensors"
        )[0],
    output:
        table="results/{study}/reference.csv",
    log:
        "logs/{study}/reference.log",
    benchmark:
        "logs/{study}/reference.benchmark.tsv"
    priority: 3
    threads: threads_of
    params:
        study="{study}",
        points=lambda wildcards: spectra_of(wildcards).reference.points,
        ours=lambda wildcards: spectra_of(wildcards).settings,
        theirs=lambda wildcards: spectra_of(wildcards).settings_of("reference"),
        given=given("seed", *NETWORKS, spectra_keys, lambda wildcards: part_keys(wildcards, "reference")),
        threads=threads_of,
        code=code("reference", "studies.{study}.problem.path"),
    script:
        "../scripts/reference.py"


# what else a study asks for at points of some paths: the Gauss-Newton part, the whole spectrum, and those of layers
rule spectra_part:
    input:
        data=["results/{study}/data/{dataset}.safetensors"],
        paths=["results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors"],
    output:
        tables=["results/{study}/{part}/{tracker}/{dataset}-{a}-{b}.csv"],
    log:
        "logs/{study}/{part}-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/{part}-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    wildcard_constraints:
        part="gauss_newton|density|layers",
    priority: 3
    threads: threads_of
    params:
        study="{study}",
        settings=lambda wildcards: spectra_of(wildcards).settings_of(wildcards.part),
        given=given("seed", *NETWORKS, part_keys, "studies.{study}.spectra.{part}.points", samples_key),
        threads=threads_of,
        code=code("spectra", "studies.{study}.problem.path", "studies.{study}.spectra.{part}.path"),
    script:
        "../scripts/spectra.py"


rule eigenvectors:
    input:
        data="results/{study}/data/{dataset}.safetensors",
        path="results/{study}/paths/{tracker}/{dataset}-{a}-{b}.safetensors",
    output:
        table="results/{study}/eigenvectors/{tracker}/{dataset}-{a}-{b}.csv",
        vectors="results/{study}/eigenvectors/{tracker}/{dataset}-{a}-{b}.safetensors",
    log:
        "logs/{study}/eigenvectors-{tracker}-{dataset}-{a}-{b}.log",
    benchmark:
        "logs/{study}/eigenvectors-{tracker}-{dataset}-{a}-{b}.benchmark.tsv"
    priority: 3
    threads: threads_of
    params:
        study="{study}",
        settings=lambda wildcards: spectra_of(wildcards).settings_of("eigenvectors"),
        given=given(
            "seed",
            *NETWORKS,
            lambda wildcards: part_keys(wildcards, "eigenvectors"),
            "studies.{study}.spectra.eigenvectors.points",
        ),
        threads=threads_of,
        code=code("eigenvectors", "studies.{study}.problem.path"),
    script:
        "../scripts/eigenvectors.py"
