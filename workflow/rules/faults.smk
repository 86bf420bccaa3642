# What goes wrong is said in a sentence that names it, before anything is deleted where that is possible.
import logging
import re
import signal
import sys
import threading
import time

import snakemake.jobs
from snakemake.output_index import OutputIndex
from snakemake.rules import Rule
from snakemake_interface_logger_plugins.common import LogEvent

AHEAD = 60  # seconds that another machine's clock may be ahead

# Whether a script changed is told by the digest among a rule's params. Snakemake goes by its time as well, which changes
# with every checkout, and would run everything again; no setting keeps it from that.
snakemake.jobs.get_script_mtime = lambda path: float("-inf")


# Whether a rule makes a file is asked for every file that a job reads. Snakemake compares it with all files of a rule
# one after the other, which grows with the square where one job makes the solutions of many data sets.
by_patterns, matched = Rule.is_producer, Rule.get_wildcards
products = cache(lambda made: {str(file) for file in made.products()})


def is_producer(made, file):
    return by_patterns(made, file) if made.has_wildcards() else file in products(made)


def get_wildcards(made, file, wildcards_dict=None):
    return matched(made, file, wildcards_dict) if made.has_wildcards() else {}


Rule.is_producer, Rule.get_wildcards = is_producer, get_wildcards


class Failures(logging.Handler):
    """Says which rule failed, why where that is known, and where its log is. The default profile hides both."""

    def __init__(self):
        super().__init__()
        self.last = threading.local()  # what was said in this thread before
        self.told = set()  # jobs; snakemake names them again at the end

    def emit(self, record):
        event = getattr(record, "event", None)
        if event == LogEvent.ERROR:
            self.last.text = record.getMessage()
        elif event == LogEvent.JOB_ERROR and record.jobid not in self.told:
            self.told.add(record.jobid)
            logs = ", ".join(map(str, record.log or [])) or "none"
            how = self.how(getattr(self.last, "text", ""))
            # in one piece and on a line of its own: snakemake writes lines and their ends from another thread
            what = f"error: rule {record.rule_name} {how}"
            sys.stderr.write(f"\n{what}; its log: {logs}\n")
            sys.stderr.flush()

    def how(self, text):
        """How a job ended, from what snakemake says of its process."""
        found = re.search(r"Signals\.(SIG\w+)|exit status (\d+)", text)
        if not found:
            return "failed"
        number = int(found[2] or 0) - 128
        if not found[1] and number not in {one.value for one in signal.Signals}:
            return "failed"
        name = found[1] or signal.Signals(number).name
        because = " (as systems do when memory runs out)" if name == "SIGKILL" else ""
        return f"was killed by {name}{because}"


def no_file(entry):
    """What keeps an entry of a folder from being used as an artifact, or None."""
    if entry.is_symlink() and not os.path.exists(entry.path):
        return None  # counts as missing
    if not entry.is_file():
        return "is no regular file, and an artifact belongs there; move it away"
    ahead = entry.stat().st_mtime - time.time()
    if ahead > AHEAD:
        return f"is dated {ahead:.0f} s in the future, so that all that is made from it would count as old; set the clock right or touch it"
    return None


def refuse_unusable(folder="results"):
    """Stop at what stands in the place of an artifact: Snakemake would delete what it was used for first."""
    if not os.path.isdir(folder):
        return
    for entry in os.scandir(folder):
        name, reason = f"{folder}/{entry.name}", no_file(entry)
        if reason is not None and ARTIFACTS.match_producers(name):
            raise WorkflowError(f"{name}: {reason}")
        if entry.is_dir():
            refuse_unusable(name)


def end_at_once(number, frame):
    """The second interrupt waits for nothing: jobs end with this process, and the next run removes its lock."""
    print("interrupted again; run snakemake again to go on", file=sys.stderr)
    os._exit(130)


def end(number, frame):
    """The first interrupt, as ever."""
    signal.signal(signal.SIGINT, end_at_once)
    raise KeyboardInterrupt


ARTIFACTS = OutputIndex(workflow.rules)
if workflow.is_main_process:
    refuse_unusable()
    if (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, end)
