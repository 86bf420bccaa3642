# what was measured -> pages to be read in a browser, and what Snakemake's report shows
rule claim_pages:
    input:
        claims="results/tables/claims.csv",
    output:
        pages=directory(CLAIMS),
    log:
        "logs/claim_pages.log",
    priority: 7
    params:
        code=code("claim_pages"),
    script:
        "../scripts/claim_pages.py"


rule table_page:
    input:
        table="results/tables/{table}.csv",
    output:
        page="results/report/tables/{table}.html",
    log:
        "logs/table_page-{table}.log",
    wildcard_constraints:
        table="[^/]+",
    priority: 7
    params:
        title=lambda wildcards: wildcards.table,
        code=code("table_page"),
    script:
        "../scripts/table_page.py"


# a figure to turn and zoom, from the tables that it is drawn from
rule interactive:
    input:
        unpack(lambda wildcards: PARAMETERS.figures[wildcards.figure].sources(wildcards.figure, PARAMETERS.studies)),
    output:
        page="results/report/interactive/{figure}.html",
    log:
        "logs/interactive/{figure}.log",
    wildcard_constraints:
        figure=one_of(name for name, figure in PARAMETERS.figures.items() if figure.kind in INTERACTIVE),
    priority: 7
    params:
        kind=lambda wildcards: PARAMETERS.figures[wildcards.figure].kind,
        given=given(lambda wildcards: PARAMETERS.figures[wildcards.figure].keys),
        code=code("interactive"),
    script:
        "../scripts/interactive.py"


REPORTS = {"report": PARAMETERS.paper, "report_all": ALL}  # {target: the studies that it shows}
REPORTING = any(word.startswith("--report") for word in sys.argv)  # no run: what was made is to be shown
ASKED = [target for target in REPORTS if target in sys.argv] or ["report"] * REPORTING

for target, studies in REPORTS.items():

    # which files it shows, and their captions, are looked up only where a report is asked for
    rule:
        name:
            target
        input:
            reported(studies) if target in ASKED else [],


if REPORTING and workflow.is_main_process:
    refuse_unmade(file for target in ASKED for file in workflow.get_rule(target).input)
