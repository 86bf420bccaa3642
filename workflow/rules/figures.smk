# profiles, spectra, paths -> figures 1 to 5
rule plane:
    input:
        data=data_files(source("fig1").study),
        solutions=solution_files(source("fig1").study),
        paths=pair_files(
            "paths", source("fig1").study, source("fig1").tracker, "safetensors"
        ),
    output:
        grid=f"results/{source('fig1').study}/plane/grid.csv",
        curve=f"results/{source('fig1').study}/plane/curve.csv",
    log:
        "logs/figures/plane.log",
    priority: 7
    threads: PATH_STUDIES[source("fig1").study].threads
    resources:
        mem_mb=2000,
    params:
        given=given(
            "figures.fig1.grid", *NETWORKS, study=source("fig1").study
        ),
        threads=PATH_STUDIES[source("fig1").study].threads,
        code=code("plane", "studies.{study}.problem.path", study=source("fig1").study),
    script:
        "../scripts/plane.py"


rule draw_fig1:
    input:
        grid=rules.plane.output.grid,
        curve=rules.plane.output.curve,
        paths=rules.plane.input.paths,
    output:
        pictures("fig1"),
    log:
        "logs/figures/fig1.log",
    priority: 7
    threads: 1
    resources:
        mem_mb=1000,
    params:
        threads=1,
        code=code("draw_fig1"),
    script:
        "../scripts/draw_fig1.py"


for drawing, tracker in drawings("fig2").items():

    rule:
        name:
            f"draw_{drawing}"
        input:
            paths=pair_files("paths", source("fig2").study, tracker, "safetensors"),
            profiles=pair_files("profile", source("fig2").study, tracker, "csv"),
            spectra=pair_files("spectra", source("fig2").study, tracker, "csv"),
        output:
            pictures(drawing),
        log:
            f"logs/figures/{drawing}.log",
        priority: 7
        threads: 1
        resources:
            mem_mb=1000,
        params:
            zero=PARAMETERS.claims.zero_eigenvalue,
            given=given("claims.zero_eigenvalue"),
            threads=1,
            code=code("draw_fig2"),
        script:
            "../scripts/draw_fig2.py"


for drawing, tracker in drawings("fig3").items():

    rule:
        name:
            f"draw_{drawing}"
        input:
            paths=pair_files("paths", source("fig3").study, tracker, "safetensors"),
            profiles=pair_files("profile", source("fig3").study, tracker, "csv"),
        output:
            pictures(drawing),
        log:
            f"logs/figures/{drawing}.log",
        priority: 7
        threads: 1
        resources:
            mem_mb=1000,
        params:
            threads=1,
            code=code("draw_fig3"),
        script:
            "../scripts/draw_fig3.py"


for drawing, tracker in drawings("fig4").items():

    rule:
        name:
            f"draw_{drawing}"
        input:
            paths=pair_files("paths", source("fig4").study, tracker, "safetensors"),
            spectra=pair_files("spectra", source("fig4").study, tracker, "csv"),
        output:
            pictures(drawing),
        log:
            f"logs/figures/{drawing}.log",
        priority: 7
        threads: 1
        resources:
            mem_mb=1000,
        params:
            threads=1,
            code=code("draw_fig4"),
        script:
            "../scripts/draw_fig4.py"


for part in ("gauss_newton", "density"):
    for drawing, tracker in drawings(part).items():

        rule:
            name:
                f"draw_{drawing}"
            input:
                paths=pair_files(
                    "paths",
                    source(part).study,
                    tracker,
                    "safetensors",
                    part_pairs(source(part).study, part),
                ),
                spectra=pair_files(
                    "spectra",
                    source(part).study,
                    tracker,
                    "csv",
                    part_pairs(source(part).study, part),
                ),
                parts=part_files(source(part).study, part),
            output:
                pictures(drawing),
            log:
                f"logs/figures/{drawing}.log",
            priority: 7
            threads: 1
            resources:
                mem_mb=1000,
            params:
                part=part,
                threads=1,
                code=code(f"draw_{part}"),
            script:
                "../scripts/draw_{params.part}.py"


rule nonzero_counts:
    input:
        data=data_files(source("nonzero").study),
        solutions=solution_files(source("nonzero").study),
        paths=pair_files(
            "paths", source("nonzero").study, source("nonzero").tracker, "safetensors"
        ),
    output:
        table=f"results/{source('nonzero').study}/nonzero.csv",
    log:
        "logs/figures/nonzero_counts.log",
    benchmark:
        "logs/figures/nonzero_counts.benchmark.tsv"
    priority: 7
    threads: PATH_STUDIES[source("nonzero").study].threads
    resources:
        mem_mb=1500,
    params:
        given=given("figures.nonzero", *NETWORKS, study=source("nonzero").study),
        threads=PATH_STUDIES[source("nonzero").study].threads,
        code=code(
            "nonzero", "studies.{study}.problem.path", study=source("nonzero").study
        ),
    script:
        "../scripts/nonzero.py"


rule draw_nonzero:
    input:
        table=rules.nonzero_counts.output.table,
    output:
        pictures("nonzero"),
    log:
        "logs/figures/nonzero.log",
    priority: 7
    threads: 1
    resources:
        mem_mb=1000,
    params:
        threads=1,
        code=code("draw_nonzero"),
    script:
        "../scripts/draw_nonzero.py"


for drawing, tracker in drawings("fig5").items():

    rule:
        name:
            f"draw_{drawing}"
        input:
            paths=pair_files("paths", source("fig5").study, tracker, "safetensors"),
            profiles=pair_files("profile", source("fig5").study, tracker, "csv"),
        output:
            pictures(drawing),
        log:
            f"logs/figures/{drawing}.log",
        priority: 7
        threads: 1
        resources:
            mem_mb=1000,
        params:
            threads=1,
            code=code("draw_fig5"),
        script:
            "../scripts/draw_fig5.py"
