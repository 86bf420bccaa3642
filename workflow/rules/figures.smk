# profiles, spectra, paths, .. -> pictures, and the tables that some of them are drawn from
rule figure:
    input:
        unpack(lambda wildcards: PARAMETERS.figures[wildcards.figure].sources(wildcards.figure, PARAMETERS.studies)),
    output:
        pictures("{figure}"),
    log:
        "logs/figures/{figure}.log",
    priority: 7
    params:
        draw=lambda wildcards: PARAMETERS.figures[wildcards.figure].drawn_by,
        given=given(lambda wildcards: PARAMETERS.figures[wildcards.figure].keys),
        code=code("draw", "figures.{figure}.drawn_by"),
    script:
        "../scripts/draw.py"


rule plane:
    input:
        data=lambda wildcards: data_files(wildcards.study),
        solutions=lambda wildcards: solution_files(wildcards.study),
        paths=shown_paths,
    output:
        grid="results/{study}/{table}/grid.csv",
        curve="results/{study}/{table}/curve.csv",
    log:
        "logs/{study}/{table}.log",
    wildcard_constraints:
        table=tables_of("plane"),
    priority: 7
    threads: threads_of
    params:
        given=given(table_keys("grid"), *NETWORKS),
        threads=threads_of,
        code=code("plane", "studies.{study}.problem.path"),
    script:
        "../scripts/plane.py"


rule nonzero_counts:
    input:
        data=lambda wildcards: data_files(wildcards.study),
        solutions=lambda wildcards: solution_files(wildcards.study),
        paths=shown_paths,
    output:
        table="results/{study}/{table}.csv",
    log:
        "logs/{study}/{table}.log",
    benchmark:
        "logs/{study}/{table}.benchmark.tsv"
    wildcard_constraints:
        table=tables_of("nonzero"),
    priority: 7
    threads: threads_of
    params:
        given=given(table_keys("points", "factors", "thresholds"), *NETWORKS),
        threads=threads_of,
        code=code("nonzero", "studies.{study}.problem.path"),
    script:
        "../scripts/nonzero.py"
