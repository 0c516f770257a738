"""Attempts at the files of a retrieval: when to try again, when to wait, when to give up; shared by
all its threads.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from daymelt.core.errors import RetrievalError

log = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Policy:
    """Time limits, waits and attempts of requests.

    Seconds: `timeout_s` without an answer or a byte, `stall_s` with next to none, `backoff_s`
    before the second attempt (doubled with each), `longest_wait_s` at most between two. `attempts`
    counts those in a row that brought nothing.
    """

    connections_per_host: int = 4
    timeout_s: float = 60
    stall_s: float = 60
    attempts: int = 6
    backoff_s: float = 1.0
    longest_wait_s: float = 300


class TransientError(Exception):
    """A fault that the next attempt may not meet: a cut, a timeout, a busy server. `wait_s` is the
    wait that the server asks for.
    """

    def __init__(self, problem: str, wait_s: float | None = None, progressed: bool = False) -> None:
        super().__init__(problem)
        self.problem, self.wait_s, self.progressed = problem, wait_s, progressed


class StoppedError(Exception):
    """Another thread met an error that ends the whole retrieval."""


class Pace:
    """State that the threads of a retrieval share: whether all must stop, and until when a host
    must not be asked.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._quiet_until: dict[str, float] = {}
        self._lost: set[str] = set()

    def stop(self) -> None:
        """End every thread at its next step."""
        self._stop.set()

    def check(self) -> None:
        """Raise StoppedError once the retrieval is to end."""
        if self._stop.is_set():
            raise StoppedError

    def wait(self, seconds: float) -> None:
        """Sleep, unless the retrieval ends first."""
        self._stop.wait(max(seconds, 0))
        self.check()

    def hold(self, host: str, seconds: float) -> None:
        """Let no thread ask `host` for so long."""
        self._quiet_until[host] = max(self._quiet_until.get(host, 0), time.monotonic() + seconds)

    def lose(self, host: str) -> None:
        """Note that a file did not come from `host`."""
        self._lost.add(host)

    def is_lost(self, host: str) -> bool:
        """True where a file did not come from `host`."""
        return host in self._lost

    def wait_for(self, host: str) -> None:
        """Sleep until `host` may be asked."""
        self.wait(self._quiet_until.get(host, 0) - time.monotonic())


def retry(work: Callable[[], Result], policy: Policy, pace: Pace, host: str, name: str) -> Result:
    """Result of `work`, tried again after each TransientError.

    Raises
    ------
    RetrievalError
        As many attempts in a row as the policy allows came to nothing, or the server asks for a
        longer wait than it allows.
    """
    failures = 0
    while True:
        pace.wait_for(host)
        try:
            return work()
        except TransientError as error:
            problem = error
        failures = 1 if problem.progressed else failures + 1
        give_up(problem, failures, policy, name)
        if problem.wait_s is not None:
            pace.hold(host, problem.wait_s)
            log.info(
                "%s: %s; the server asks to wait %.0f s", name, problem.problem, problem.wait_s
            )
        pace.wait(backoff(failures, policy.backoff_s, policy.longest_wait_s))


def backoff(failures: int, first_s: float, longest_s: float) -> float:
    """Seconds before the next attempt: doubled with each failure, with a random part that keeps
    threads apart.
    """
    doubled: float = first_s * 2.0 ** min(failures - 1, 30)
    return min(doubled, longest_s) * random.uniform(0.5, 1.0)


def give_up(problem: TransientError, failures: int, policy: Policy, name: str) -> None:
    """RetrievalError after as many failures as a policy allows, or where the server asks for a
    longer wait than it allows.
    """
    if (problem.wait_s or 0) > policy.longest_wait_s:
        asked = (
            f"the server asks to wait {problem.wait_s:.0f} s, more than the "
            f"{policy.longest_wait_s:.0f} s allowed"
        )
        raise RetrievalError(
            f"{name}: {problem.problem}; {asked}; run again later, what came is kept"
        )
    if failures >= policy.attempts:
        raise RetrievalError(
            f"{name}: {problem.problem}, {failures} attempts in a row; run again later, what "
            "came is kept"
        )
