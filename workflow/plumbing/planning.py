"""What Snakemake is kept from while it plans: there is no setting for either."""

from functools import cache
from typing import Any

import snakemake.jobs
from snakemake.rules import Rule


def ignore_times_of_scripts() -> None:
    """Have no script count as changed because of its time.

    Whether a script changed is told by the digest among a rule's params. Its time changes with every checkout, and
    would run everything again.
    """
    snakemake.jobs.get_script_mtime = lambda path: float("-inf")


def look_up_producers() -> None:
    """Find what a rule without wildcards makes by the file's name.

    Whether a rule makes a file is asked for every file that a job reads. Snakemake compares it with all files of a rule
    one after the other, which grows with the square where one job makes the solutions of many data sets.
    """
    by_patterns, matched = Rule.is_producer, Rule.get_wildcards
    products = cache(lambda made: {str(file) for file in made.products()})

    def is_producer(made: Any, file: Any) -> Any:
        return by_patterns(made, file) if made.has_wildcards() else file in products(made)

    def get_wildcards(made: Any, file: Any, wildcards_dict: Any = None) -> Any:
        return matched(made, file, wildcards_dict) if made.has_wildcards() else {}

    Rule.is_producer, Rule.get_wildcards = is_producer, get_wildcards
