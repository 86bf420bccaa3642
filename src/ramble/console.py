"""Running one step from a script: its log, its threads, and errors as one sentence."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tqdm import tqdm

from ramble.errors import RambleError

logger = logging.getLogger("ramble")


@contextmanager
def step(log: str, threads: int) -> Iterator[None]:
    """Run the body as one step of the chain.

    Messages go to the file `log` and to standard error; where that is a terminal, which has the progress bars, only
    warnings do. A RambleError ends the process with its sentence and exit code 1. Enter before numpy and torch are
    imported: the threads of their linear algebra are set here. The count comes from the parameters, not from the
    machine's load, because it decides the order of floating-point sums and with it the last bits of every artifact.
    """
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    # OpenBLAS spins as many threads as there are cores, which starves the jobs beside this one
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    handlers: list[logging.Handler] = [logging.FileHandler(log, mode="w")]
    handlers.append(_AboveBars(logging.WARNING) if sys.stderr.isatty() else logging.StreamHandler())
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers, force=True)
    logger.setLevel(logging.INFO)  # the chatter of other packages stays out
    logging.raiseExceptions = False  # a line that a full disk does not take is lost without a traceback
    try:
        yield
    except RambleError as error:
        _stop(log, f"error: {error}", 1)
    except KeyboardInterrupt:
        _stop(log, "interrupted; run snakemake again to go on from what is finished", 130)


class _AboveBars(logging.Handler):
    """Messages on a terminal, above the progress bars."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message."""
        tqdm.write(self.format(record), file=sys.stderr)


def _end_with_parent(parent: int) -> None:
    """End this process soon after its parent: a killed run must not go on writing beside the next one."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _stop(log: str, message: str, code: int) -> None:
    print(message, file=sys.stderr)
    with suppress(OSError), Path(log).open("a") as file:  # what went wrong may be that the disk is full
        file.write(message + "\n")
    sys.exit(code)
