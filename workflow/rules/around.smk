# Before a run and after it: what others left behind, what would go wrong, and what DVC recorded.
from snakemake.logging import logger

from plumbing.adopt import begin_stage, end_stage, stage_of_dvc
from plumbing.faults import Failures, hear_second_interrupt, refuse_unusable
from plumbing.grouped import group_short_jobs
from plumbing.planning import ignore_times_of_scripts, look_up_producers
from plumbing.resources import plan_resources, read_table
from plumbing.runs import remove_stale_lock, sign

TABLE = read_table(Path(workflow.basedir) / "workflow/resources.yaml")
plan_resources(named, TABLE)
group_short_jobs(named, TABLE)
ignore_times_of_scripts()
look_up_producers()
remove_stale_lock()
if workflow.is_main_process:
    refuse_unusable(ARTIFACTS)
    hear_second_interrupt()
STAGE = stage_of_dvc()
if STAGE and not {"-n", "--dry-run", "--dryrun"}.intersection(sys.argv):
    begin_stage(STAGE, STEPS, PARAMETERS)


onstart:
    sign()
    # not before: until Snakemake has handlers of its own, Python prints errors where there is none
    logger.addHandler(Failures())


onsuccess:
    if STAGE:
        end_stage(STAGE, STEPS)
