# paths, profiles, spectra, .. -> pictures
from functools import reduce

for figure, settings in figures_of_kind("plane").items():
    study = settings.study

    rule:
        name:
            settings.table or f"plane_{figure}"
        input:
            data=data_files(study),
            solutions=solution_files(study),
            paths=pair_files("paths", study, settings.tracker, "safetensors"),
        output:
            **settings.tables(figure),
        log:
            f"logs/figures/{settings.table_name(figure)}.log",
        threads: PATH_STUDIES[study].threads
        resources:
            mem_mb=2000,
        params:
            study=study,
            device=PARAMETERS.device,
            problem=problem_parameters(study),
            grid=settings.grid,
            threads=PATH_STUDIES[study].threads,
            code=code("cut_plane", PATH_STUDIES[study].problem.path),
        script:
            "../scripts/cut_plane.py"


for figure, settings in figures_of_kind("nonzero").items():
    study = settings.study

    rule:
        name:
            "nonzero_counts" if settings.table else f"nonzero_counts_{figure}"
        input:
            data=data_files(study),
            solutions=solution_files(study),
            paths=pair_files("paths", study, settings.tracker, "safetensors"),
        output:
            **settings.tables(figure),
        log:
            f"logs/figures/{settings.table_name(figure)}-counts.log",
        benchmark:
            f"logs/figures/{settings.table_name(figure)}-counts.benchmark.tsv"
        threads: PATH_STUDIES[study].threads
        resources:
            mem_mb=1500,
        params:
            device=PARAMETERS.device,
            problem=problem_parameters(study),
            counted=settings.counting,
            threads=PATH_STUDIES[study].threads,
            code=code("count_nonzero", PATH_STUDIES[study].problem.path),
        script:
            "../scripts/count_nonzero.py"


for figure, settings in PARAMETERS.figures.items():

    rule:
        name:
            f"draw_{figure}"
        input:
            **settings.sources(figure, PARAMETERS.studies),
        output:
            pictures(figure),
        log:
            f"logs/figures/{figure}.log",
        threads: 1
        resources:
            mem_mb=1000,
        params:
            draw=settings.drawn_by,
            values={
                keyword: reduce(getattr, key.split("."), PARAMETERS)
                for keyword, key in settings.keys.items()
            },
            threads=1,
            code=code("draw", settings.drawn_by),
        script:
            "../scripts/draw.py"
