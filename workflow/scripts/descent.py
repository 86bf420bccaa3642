"""Measure what gradient descent does to losses whose constants can be computed."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.store.artifacts import write_table
    from ramble.studies.descent.bounds import measure_bounds
    from ramble.studies.descent.bowl import measure_bowl
    from ramble.studies.descent.rest import measure_rest
    from ramble.studies.descent.schedules import measure_schedules
    from ramble.studies.descent.sums import Sums

    sums, files = Sums(given.seed, snakemake.params.study, given.study), snakemake.output
    walks, contours = measure_bowl(sums, given.study)
    write_table(files.bowl, walks)
    write_table(files.contours, contours)
    write_table(files.bounds, measure_bounds(sums, given.study))
    write_table(files.schedules, measure_schedules(sums, given.study))
    write_table(files.rest, measure_rest(sums, given.study))
