# paths, profiles -> what every tracker reached and spent, side by side
rule compare_trackers:
    input:
        paths=all_paths(PATHS, "paths", "safetensors"),
        profiles=all_paths(PATHS, "profile", "csv"),
        solutions=[file for study in PATHS for file in solution_files(study)],
    output:
        csv="results/tables/trackers.csv",
        json="results/tables/trackers.json",
        md="results/tables/trackers.md",
    log:
        "logs/trackers.log",
    priority: 7
    params:
        low_loss_factor=PARAMETERS.claims.low_loss_factor,
        given=given("paper", "claims.low_loss_factor"),
        code=code("compare_trackers"),
    script:
        "../scripts/compare_trackers.py"
