# What a report shows of some studies, and from which captions.
import sys
from pathlib import Path

from plumbing.report import CLAIMS, Captions, refuse_unmade, shown_claims, shown_figures, shown_tables
from ramble.papers.titles import TITLES, paper_of
from ramble.studies.paths.interactive import INTERACTIVE

CAPTIONS = Captions(f"{workflow.basedir}/workflow/report")
PAPER = TITLES["ramble"]  # whose claims there are tables of
RANDOMIZATION_STUDIES = RUN_STUDIES | DESCENT_STUDIES | DEPTH_STUDIES  # whose tables are of that text


def tables_of_studies(studies):
    files = [Path(file) for study in studies for file in study_files(study)]
    return [file.stem for file in files if file.parent == Path("results/tables") and file.suffix == ".md"]


def reported(studies):
    """What a report of some studies shows: their figures, the tables, and each claim."""
    shown = [
        name
        for name, figure in PARAMETERS.figures.items()
        if f"results/figures/{name}.svg" in study_pictures(figure.of_study)
        and (figure.of_study in studies or (figure.of_study is None and set(studies) == set(ALL)))
    ]
    turned = [name for name in shown if PARAMETERS.figures[name].kind in INTERACTIVE]
    of_randomization = tables_of_studies(study for study in studies if study in RANDOMIZATION_STUDIES)
    others = tables_of_studies(study for study in studies if study not in RANDOMIZATION_STUDIES)
    return [
        *shown_figures(CAPTIONS, shown, PARAMETERS, paper_of, turned),
        *shown_tables(CAPTIONS, ["claims", "trackers", *others], PAPER),
        *shown_tables(CAPTIONS, of_randomization, TITLES["randomization"]),
        shown_claims(CAPTIONS, PAPER),
    ]
