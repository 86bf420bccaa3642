# everything measured -> one verdict per claim of the paper
rule judge_claims:
    input:
        paths=claim_inputs("paths", "safetensors", "paper"),
        profiles=claim_inputs("profile", "csv", "paper"),
        lines=claim_inputs("profile", "csv", "line", "paper"),
        spectra=claim_inputs("spectra", "csv", "paper"),
        tuned_paths=claim_inputs("paths", "safetensors", "paper_tuned"),
        tuned_profiles=claim_inputs("profile", "csv", "paper_tuned"),
        tuned_lines=claim_inputs("profile", "csv", "line", "paper_tuned"),
        tuned_spectra=claim_inputs("spectra", "csv", "paper_tuned"),
        trackers="results/tables/trackers.csv",
        pairs=[f"results/{study}/pairs.csv" for study in PATHS],
        recipes=[
            f"results/{study}/readings.csv"
            for study in PARAMETERS.paper
            if study in RECIPE_STUDIES
        ],
        nonzero=[
            f"results/{study}/nonzero.csv"
            for study in PATHS
            if study == source("nonzero").study
        ],
    output:
        csv="results/tables/claims.csv",
        json="results/tables/claims.json",
        md="results/tables/claims.md",
    log:
        "logs/claims.log",
    priority: 7
    threads: 1
    resources:
        mem_mb=1000,
    params:
        thresholds=PARAMETERS.claims.model_dump(),
        studies=dict(committee=source("fig2").study, images=source("fig3").study),
        judged=dict(
            committee=PATH_STUDIES[source("fig2").study].model_dump(),
            images=PATH_STUDIES[source("fig3").study].model_dump(),
        ),
        given=given(
            "paper",
            "claims",
            "figures.fig2.study",
            "figures.fig3.study",
            f"studies.{source('fig2').study}",
            f"studies.{source('fig3').study}",
        ),
        threads=1,
        code=code("judge_claims"),
    script:
        "../scripts/judge_claims.py"


# a table of its own for each of these stochastic studies: the default target waits for none of them
for study in JUDGED_STUDIES:

    rule:
        name:
            f"judge_claims_{study}"
        input:
            paths=pair_files("paths", study, "guarded", "safetensors"),
            profiles=pair_files("profile", study, "guarded", "csv"),
            lines=pair_files("profile", study, "line", "csv"),
            controls=pair_files("control", study, "guarded", "csv"),
            printed=pair_files("paths", study, "paper", "safetensors"),
        output:
            csv=f"results/tables/claims-{study}.csv",
            md=f"results/tables/claims-{study}.md",
        log:
            f"logs/{study}/claims.log",
        priority: 7
        threads: 1
        resources:
            mem_mb=1000,
        params:
            study=study,
            thresholds=PARAMETERS.claims.model_dump(),
            given=given("claims"),
            threads=1,
            code=code("judge_stochastic"),
        script:
            "../scripts/judge_stochastic.py"
