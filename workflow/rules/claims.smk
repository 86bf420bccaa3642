# everything measured -> one verdict per claim of the paper
def claim_inputs(kind, suffix, tracker):
    """Artifacts of all default studies whose paths this tracker made."""
    return [
        file
        for study in PARAMETERS.paper
        if study in PATH_STUDIES and tracker in PATH_STUDIES[study].tracker_names
        for file in pair_files(kind, study, tracker, suffix)
    ]


rule judge_claims:
    input:
        paths=claim_inputs("paths", "safetensors", "paper"),
        profiles=claim_inputs("profile", "csv", "paper"),
        lines=claim_inputs("profile", "csv", "line"),
        spectra=claim_inputs("spectra", "csv", "paper"),
        pairs=[f"results/{study}/pairs.csv" for study in PARAMETERS.paper if study in PATH_STUDIES],
        recipes=[f"results/{study}/readings.csv" for study in PARAMETERS.paper if study in RECIPE_STUDIES],
    output:
        csv="results/tables/claims.csv",
        md="results/tables/claims.md",
    params:
        thresholds=PARAMETERS.claims.model_dump(),
        threads=1,
        code=code("judge_claims"),
    log:
        "logs/claims.log",
    threads: 1
    resources:
        mem_mb=1000,
    script:
        "../scripts/judge_claims.py"
