# What was measured -> pages to be read in a browser, and what Snakemake's report shows
import sys
from pathlib import Path

from plumbing.report import CLAIMS, Captions, refuse_unmade, shown_claims, shown_figures, shown_tables
from ramble.papers.titles import TITLES, paper_of
from ramble.studies.paths.interactive import INTERACTIVE

CAPTIONS = Captions(f"{workflow.basedir}/workflow/report")
PAPER = TITLES["ramble"]  # whose claims there are tables of


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


def tables_of_studies(studies):
    files = [Path(file) for study in studies for file in study_files(study)]
    return [file.stem for file in files if file.parent == Path("results/tables") and file.suffix == ".md"]


def reported(studies):
    """What a report of some studies shows: their figures, the tables, and each claim."""
    shown = [
        name
        for name, figure in PARAMETERS.figures.items()
        if f"results/figures/{name}.svg" in study_pictures(figure.of_study)
        and (figure.of_study in studies or (figure.of_study is None and set(studies) == set(PARAMETERS.studies)))
    ]
    turned = [name for name in shown if PARAMETERS.figures[name].kind in INTERACTIVE]
    tables = ["claims", "trackers", *tables_of_studies(studies)]
    return [
        *shown_figures(CAPTIONS, shown, PARAMETERS, paper_of, turned),
        *shown_tables(CAPTIONS, tables, PAPER),
        shown_claims(CAPTIONS, PAPER),
    ]


REPORTS = {"report": PARAMETERS.paper, "report_all": list(PARAMETERS.studies)}  # {target: the studies that it shows}
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
