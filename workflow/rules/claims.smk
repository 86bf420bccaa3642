# everything measured -> one verdict per claim of the paper
from ramble.papers.ramble.figures import SECTIONS

# {section: the study that it is judged on}
JUDGED = {
    section: PARAMETERS.figures[figure].study for section, figure in SECTIONS.items() if figure in PARAMETERS.figures
}


rule judge_claims:
    input:
        **claim_inputs(PATHS, "paper"),
        **claim_inputs(PATHS, "paper_tuned", "tuned_"),
        trackers="results/tables/trackers.csv",
        pairs=[f"results/{study}/pairs.csv" for study in PATHS],
        recipes=[f"results/{study}/readings.csv" for study in PARAMETERS.paper if study in studies_of_kind("recipe")],
        nonzero=[
            file
            for name, figure in PARAMETERS.figures.items()
            if figure.kind == "nonzero" and figure.table and figure.study in PATHS
            for file in figure.tables(name).values()
        ],
    output:
        csv="results/tables/claims.csv",
        json="results/tables/claims.json",
        md="results/tables/claims.md",
    log:
        "logs/claims.log",
    priority: 7
    params:
        judged=JUDGED,
        given=given("paper", "claims", *(f"studies.{study}" for study in JUDGED.values())),
        code=code("judge_claims"),
    script:
        "../scripts/judge_claims.py"


# a table of its own for each study of paths: the default target waits for none of them
rule claims_of_study:
    input:
        unpack(lambda wildcards: claim_inputs([wildcards.study], "paper")),
        all_paths=lambda wildcards: all_paths([wildcards.study], "paths", "safetensors"),
        all_profiles=lambda wildcards: all_paths([wildcards.study], "profile", "csv"),
        solutions=lambda wildcards: solution_files(wildcards.study),
    output:
        csv="results/tables/claims-{study}.csv",
        md="results/tables/claims-{study}.md",
    log:
        "logs/{study}/claims.log",
    wildcard_constraints:
        study=one_of(studies_of_kind("paths")),
    priority: 7
    params:
        study="{study}",
        given=given("claims", "studies.{study}.problem.path"),
        code=code("judge_study"),
    script:
        "../scripts/judge_study.py"


rule claims_of_stochastic_study:
    input:
        paths=lambda wildcards: pair_files("paths", wildcards.study, "guarded", "safetensors"),
        profiles=lambda wildcards: pair_files("profile", wildcards.study, "guarded", "csv"),
        line_paths=lambda wildcards: pair_files("paths", wildcards.study, "line", "safetensors"),
        lines=lambda wildcards: pair_files("profile", wildcards.study, "line", "csv"),
        controls=lambda wildcards: pair_files("control", wildcards.study, "guarded", "csv"),
        printed=lambda wildcards: pair_files("paths", wildcards.study, "paper", "safetensors"),
    output:
        csv="results/tables/claims-{study}.csv",
        md="results/tables/claims-{study}.md",
    log:
        "logs/{study}/claims.log",
    wildcard_constraints:
        study=one_of(name for name, study in STOCHASTIC_STUDIES.items() if study.judged),
    priority: 7
    params:
        study="{study}",
        given=given("claims"),
        code=code("judge_stochastic"),
    script:
        "../scripts/judge_stochastic.py"


rule claims_of_modern_study:
    input:
        paths=lambda wildcards: pair_files("paths", wildcards.study, "adaptive", "safetensors"),
        profiles=lambda wildcards: pair_files("profile", wildcards.study, "adaptive", "csv"),
        line_paths=lambda wildcards: pair_files("paths", wildcards.study, "line", "safetensors"),
        lines=lambda wildcards: pair_files("profile", wildcards.study, "line", "csv"),
        spectra=lambda wildcards: spectra_at_once(wildcards.study, "adaptive"),
    output:
        csv="results/tables/claims-{study}.csv",
        md="results/tables/claims-{study}.md",
    log:
        "logs/{study}/claims.log",
    wildcard_constraints:
        study=one_of(name for name, study in STOCHASTIC_STUDIES.items() if study.judged_as_modern),
    priority: 7
    params:
        study="{study}",
        given=given("claims"),
        threads=1,
        code=code("judge_modern"),
    script:
        "../scripts/judge_modern.py"
