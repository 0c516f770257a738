"""Number of torch's threads on a CPU, chosen by the times of the steps of the work itself.

OpenMP's threads wait for each other after each layer. Where another program uses one of their
cores, a step on all granted threads can take ten times as long as on one thread fewer
(docs/performance.md). The choice needs no further work: the steps that are measured count like all
others.
"""

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

ROUNDS = 3  # steps of each candidate that are compared, after one that is not
HOPELESS = 2.0  # times the fastest of a round: a candidate is measured no further
TIE = 1.03  # times the fastest: of such candidates the one with fewest threads is taken
SLOW = 1.5  # times the lowest running median since the choice
WINDOW = 8  # steps of the running median
# pauses between two measurements, seconds and times what the last one lost
PAUSE_WHEN_SLOW, COST_WHEN_SLOW = 10.0, 10.0
PAUSE_FOR_MORE, COST_FOR_MORE = 60.0, 100.0

log = logging.getLogger(__name__)


def candidates(granted: int) -> tuple[int, ...]:
    """Numbers of threads that are compared, ascending: the powers of two up to `granted`, the
    granted number, and one less, which is best beside one busy process.
    """
    powers = {1 << power for power in range(granted.bit_length()) if 1 << power <= granted}
    return tuple(sorted(powers | {granted, max(1, granted - 1)}))


@dataclass(frozen=True)
class Choice:
    """A number of threads, and why it was chosen."""

    threads: int
    reason: str


class ThreadChooser:
    """Choose a number of threads by the times of steps; a function of those times alone.

    The candidates do a step each in turn; a first round, in which libraries prepare their kernels,
    only excludes what is hopeless. Afterwards the steps are watched: they are measured again when
    the running median is clearly above its lowest value since the choice, and, where fewer threads
    are used than granted, from time to time. Pauses grow with what a measurement lost.

    Parameters
    ----------
    granted : largest number of threads, at least 1; with 1 there is nothing to choose

    Attributes
    ----------
    threads : to use in the next step
    """

    def __init__(self, granted: int) -> None:
        self.granted, self.threads = granted, granted
        self._why = "start"
        self._times: dict[int, list[float]] = {}
        self._queue: list[int] = []
        self._window: deque[float] = deque(maxlen=WINDOW)
        self._lowest, self._now, self._chosen_at, self._lost = float("inf"), 0.0, 0.0, 0.0
        if granted > 1:
            self._measure("start")

    @property
    def measuring(self) -> bool:
        """True while candidates are compared."""
        return bool(self._queue)

    def record(self, seconds: float) -> Choice | None:
        """Take the time of a step with `threads`; the choice, where this step leads to one."""
        self._now += seconds
        if self.measuring:
            return self._compare(seconds)
        self._watch(seconds)
        return None

    def _measure(self, why: str) -> None:
        self._why, self._times = why, {count: [] for count in candidates(self.granted)}
        self._queue = list(self._times)
        self.threads = self._queue[0]

    def _compare(self, seconds: float) -> Choice | None:
        self._times[self._queue.pop(0)].append(seconds)
        if not self._queue:
            self._next_round()
        if self._queue:
            self.threads = self._queue[0]
            return None
        return self._choose()

    def _next_round(self) -> None:
        """Queue the candidates that are not hopeless, unless one is left or all are measured."""
        remaining = self._remaining()
        rounds = max(len(times) for times in self._times.values())
        if len(remaining) > 1 and rounds <= ROUNDS:
            self._queue = remaining

    def _remaining(self) -> list[int]:
        """Candidates that did the last round, without those that it showed to be hopeless."""
        rounds = max(len(times) for times in self._times.values())
        last = {count: times[-1] for count, times in self._times.items() if len(times) == rounds}
        least = min(last.values())
        return [count for count, seconds in last.items() if seconds <= HOPELESS * least]

    def _choose(self) -> Choice:
        medians = {
            count: statistics.median(self._times[count][1:] or self._times[count])
            for count in self._remaining()
        }
        least = min(medians.values())
        self.threads = min(count for count, seconds in medians.items() if seconds <= TIE * least)
        self._lost = sum(max(0.0, t - least) for times in self._times.values() for t in times)
        self._chosen_at, self._lowest = self._now, float("inf")
        self._window.clear()
        return Choice(self.threads, self._reason())

    def _reason(self) -> str:
        told = ", ".join(
            f"{statistics.median(times[1:] or times):.2f} s on {count}"
            for count, times in self._times.items()
        )
        why = {
            "start": "at the start",
            "slow": "as steps became slow",
            "more": "as fewer were in use than granted",
        }
        return f"measured {why[self._why]}: a step takes {told}"

    def _watch(self, seconds: float) -> None:
        self._window.append(seconds)
        if self.granted < 2 or len(self._window) < WINDOW:
            return
        median = statistics.median(self._window)
        self._lowest = min(self._lowest, median)
        since = self._now - self._chosen_at
        if median > SLOW * self._lowest and since >= self._pause(PAUSE_WHEN_SLOW, COST_WHEN_SLOW):
            self._measure("slow")
        elif self.threads < self.granted and since >= self._pause(PAUSE_FOR_MORE, COST_FOR_MORE):
            self._measure("more")

    def _pause(self, least: float, cost: float) -> float:
        return max(least, cost * self._lost)


class MeasuredThreads:
    """Run steps on torch's threads as a `ThreadChooser` says; log each measurement, those that
    confirm the choice for debugging only.

    Parameters
    ----------
    granted : largest number of threads, None for torch's; 1 does not choose, and leaves torch's
    clock : seconds
    """

    def __init__(
        self, granted: int | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        granted = granted or torch.get_num_threads()
        self._chooser = ThreadChooser(granted) if granted > 1 else None
        self._clock, self._told = clock, 0

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around one step: measures it, with torch's number of threads set for it alone."""
        before = torch.get_num_threads()
        self.begin()
        try:
            yield
            self.end()
        finally:
            _set_threads(before)

    def begin(self) -> None:
        """Set torch's number of threads for the step that follows."""
        if self._chooser is not None:
            _set_threads(self._chooser.threads)
            self._started = self._clock()

    def end(self) -> None:
        """Measure the step that `begin` was called before."""
        if self._chooser is None:
            return
        choice = self._chooser.record(self._clock() - self._started)
        if choice is not None:
            _set_threads(choice.threads)
            self._tell(choice)

    def _tell(self, choice: Choice) -> None:
        assert self._chooser is not None
        level = logging.DEBUG if choice.threads == self._told else logging.INFO
        told = choice.threads, self._chooser.granted, choice.reason
        log.log(level, "%d of %d threads: %s", *told)
        self._told = choice.threads


def _set_threads(count: int) -> None:
    if count != torch.get_num_threads():
        torch.set_num_threads(count)
