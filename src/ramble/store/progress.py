"""Progress that a person sees: a bar on a terminal, plain lines every few seconds in a log."""

import logging
import sys
import time
from types import TracebackType

from tqdm import tqdm

logger = logging.getLogger("ramble")


class Progress:
    """Count the steps of one long task.

    Args:
        label: what is being done, as the reader knows it ("tcm: paths, paper").
        total: number of steps, an upper bound where the task may stop early.
        every: seconds between two lines in the log.
    """

    def __init__(self, label: str, total: int, every: float = 5.0) -> None:
        self.label, self.total, self.every = label, total, every
        self.done = self._before = 0
        self._started = self._spoke = time.monotonic()
        self._bar = tqdm(total=total, desc=label, leave=False, disable=not sys.stderr.isatty(), file=sys.stderr)

    def resume(self, steps: int) -> None:
        """Count steps that an earlier run finished: they tell nothing of this one's pace."""
        self.done += steps
        self._before += steps
        self._bar.initial = self._before
        self._bar.n = self._bar.last_print_n = self.done
        self._bar.refresh()

    def advance(self, steps: int = 1, **facts: object) -> None:
        """Add finished steps; the facts (t=0.31, errors=0) are shown beside the count."""
        self.done += steps
        self._bar.update(steps)
        now = time.monotonic()
        if now - self._spoke >= self.every:
            self._spoke = now
            shown = ", ".join(f"{name} {value}" for name, value in facts.items())
            self._bar.set_postfix_str(shown)
            logger.info(
                "%s: %d of %d, %.0f s%s%s",
                self.label,
                self.done,
                max(self.done, self.total),
                now - self._started,
                self._eta(now - self._started),
                f", {shown}" * bool(shown),
            )

    def _eta(self, elapsed: float) -> str:
        """Say how long the other steps take at the pace of this run's own, once it has one."""
        own = self.done - self._before
        return f", ETA {max(0, self.total - self.done) * elapsed / own:.0f} s" if own else ""

    def __enter__(self) -> "Progress":
        """Start the bar."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bar and say how long it took."""
        self._bar.close()
        if kind is None:
            logger.info("%s: done in %.1f s", self.label, time.monotonic() - self._started)
