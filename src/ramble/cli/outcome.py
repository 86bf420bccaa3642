"""Exit codes and sentences that all commands share, and their messages on the way."""

import errno
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from ramble.errors import RambleError, printable

CANNOT = 2  # exit code where the input is of no use


def cannot(error: object) -> int:
    """Say in one sentence why a command cannot do its work; return its exit code."""
    print(f"error: {printable(str(error))}", file=sys.stderr)
    return CANNOT


def done_or_refused(work: Callable[[], int], what: str) -> int:
    """Return the exit code of a command's work; a sentence and 2 where it is refused or the user's code raises."""
    try:
        return work()
    except BrokenPipeError:
        _print_nowhere()  # whoever read has left
        return CANNOT
    except RambleError as error:
        return cannot(error)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            return _stopped(what, error)
        return _no_room(what)
    except MemoryError:
        return cannot(f"{what}: memory ran out; give fewer samples, or take a machine with more.")
    except Exception as error:  # of code that the user names, or a fault of ours
        return _stopped(what, error)


def _stopped(what: str, error: Exception) -> int:
    return cannot(f"{what}: stopped ({type(error).__name__}: {error}), by a fault of the network's code or of ours.")


def _print_nowhere() -> None:
    """Let what is left in the buffer of what is printed go nowhere: it would raise again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _no_room(what: str) -> int:
    _print_nowhere()
    return cannot(f"{what}: what it prints cannot be written (no space left there); make room, or print elsewhere.")


def judge_all(files: Sequence[Path], judge: Callable[[Path], bool]) -> int:
    """Judge every file; return 0 when all are good, 1 when some are not, 2 when some cannot be judged."""
    code = 0
    for file in files:
        try:
            code = max(code, int(not judge(file)))
        except BrokenPipeError:
            _print_nowhere()  # whoever read has left: there is no verdict
            return CANNOT
        except RambleError as error:
            code = cannot(error)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                return _no_room("ramble verify")
            code = _cannot_be_judged(file, error)
        except Exception as error:  # of code that the parameters name, or a fault of ours: no exit code of a verdict
            code = _cannot_be_judged(file, error)
    return code


def _cannot_be_judged(file: Path, error: Exception) -> int:
    reason = f"{type(error).__name__}: {error}"
    return cannot(f"{file}: cannot be judged ({reason}), by a fault of its study's code or of ours.")


def show_messages() -> None:
    """Show what happens on the way: bars on a terminal, with warnings above them; else lines."""
    terminal = sys.stderr.isatty()
    handler = _AboveBars(logging.WARNING) if terminal else logging.StreamHandler()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", handlers=[handler], force=True)
    logging.getLogger("ramble").setLevel(logging.INFO)  # the chatter of other packages stays out


class _AboveBars(logging.Handler):
    """Messages on a terminal, above the progress bars."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message."""
        tqdm.write(self.format(record), file=sys.stderr)
