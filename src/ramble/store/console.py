"""Running one step from a script: its code, its log, its threads, and errors as one sentence."""

import errno
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Protocol

from tqdm import tqdm

from ramble.errors import RambleError
from ramble.store import stamps

# how torch, CUDA and the loader of libraries say that memory ran out, each by an exception of another type
NO_MEMORY = (
    "failed to map segment",
    "cannot allocate memory",
    "can't allocate memory",
    "not enough memory",
    "out of memory",
)

logger = logging.getLogger("ramble")


class Job(Protocol):
    """What a step needs to know of the job that it is."""

    log: Sequence[str]  # the first is the file for its messages
    input: Sequence[str]
    scriptdir: str  # where its script lies
    config: dict[str, Any]  # params.yaml as it is written
    # has threads where they are several, and where artifacts are made code: what was planned to run, and given: {key of
    # params.yaml: value}
    params: Any


class Given:
    """The values of parameters by the last parts of their keys; one of many that users name by what they are many of.

    `problem` is what stands under studies.<name>.problem, `tracker` under studies.<name>.trackers.<name>, `study`
    under studies.<name>.
    """

    max_errors: float = 0  # a rule gives it where a study allows some: nothing depends on it where none does
    samples: int | None = None  # likewise of spectra that are taken on some training samples
    MANY: ClassVar[dict[str, str]] = {
        "studies": "study",
        "trackers": "tracker",
        "figures": "figure",
        "networks": "network",
        "optimisers": "optimiser",
        "schedules": "schedule",
        "initialisations": "initialisation",
        "augmentations": "augmentation",
    }

    def __init__(self, values: Mapping[str, Any]) -> None:
        parts = {key: key.split(".") for key in values}
        self.__dict__.update({self._name(parts[key]): value for key, value in values.items()})

    def _name(self, parts: Sequence[str]) -> str:
        return self.MANY.get(parts[-2], parts[-1]) if len(parts) > 1 else parts[-1]

    def __getattr__(self, name: str) -> Any:
        """Say which name is missing."""
        raise AttributeError(f"no key of params.yaml that ends in '{name}' is among the keys that the rule gives")


def settings_of_run(job: Job, device: object) -> dict[str, Any]:
    """Return all that a job's result rests on but its inputs, on its device, and how often it keeps a state.

    Nothing where its study keeps none. How often is not among the params: no job is to run again because of it.
    """
    every = job.config["studies"][job.params.study].get("checkpoint_seconds")
    if every is None:
        return {}
    given: dict[str, Any] = job.params.given
    told = {"study": job.params.study, "code": job.params.code, "device": str(device)}
    return given | told | {"checkpoint_seconds": float(every)}


@contextmanager
def step(job: Job) -> Iterator[Given]:
    """Run the body as one step of the chain; it gets the parameters that its rule gives.

    Messages go to the job's log and to standard error; where that is a terminal, which has the progress bars, only
    warnings do. A RambleError ends the process with its sentence and exit code 1, and so does memory that runs out.
    Enter before numpy and torch are imported: the threads of their linear algebra are set here. The count comes from
    the parameters, not from the machine's load, because it decides the order of floating-point sums and with it the
    last bits of every artifact. Other modules of the step are imported in the body, once their files are known to be
    those that were planned.
    """
    log, threads = job.log[0], job.params.get("threads", 1)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    # OpenBLAS spins as many threads as there are cores, which starves the jobs beside this one
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    handlers: list[logging.Handler] = [logging.FileHandler(log, mode="w")]
    handlers.append(_AboveBars(logging.WARNING) if sys.stderr.isatty() else logging.StreamHandler())
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=handlers, force=True)
    logger.setLevel(logging.INFO)  # the chatter of other packages stays out
    logging.raiseExceptions = False  # a line that a full disk does not take is lost without a traceback
    try:
        given = job.params.get("given", {})
        if planned := job.params.get("code"):
            stamps.begin(planned, job.scriptdir, given, job.input)
        yield Given(given)
    except RambleError as error:
        _stop(log, f"error: {error}", 1)
    except Exception as error:
        if _is_out_of_memory(error):
            _stop(log, f"error: memory ran out ({error}); free some, or run fewer jobs at once (--cores).", 1)
        with suppress(OSError), Path(log).open("a") as file:
            traceback.print_exception(error, file=file)
        raise
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one has nothing more to stop
        _stop(log, "interrupted; run snakemake again to go on from what is finished", 130)


class _AboveBars(logging.Handler):
    """Messages on a terminal, above the progress bars."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message."""
        tqdm.write(self.format(record), file=sys.stderr)


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return any(words in str(error).lower() for words in NO_MEMORY)


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
