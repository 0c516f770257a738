"""Writing in threads beside the computation of what is written next."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

THREADS = 4  # a write waits for the disk most of the time
AHEAD = 6  # writes begun or waiting, each with its fields in memory


class Behind:
    """Runs functions in threads, a few at a time, as a context.

    A caller that is ahead by more than `ahead` calls waits for the oldest. The error of a call is
    raised by a later `do` or at the end of the context; calls that have not begun are dropped then.
    Without error the context ends when all calls have.

    Parameters
    ----------
    threads : calls that run side by side
    ahead : calls that are begun or waiting
    """

    def __init__(self, threads: int = THREADS, ahead: int = AHEAD) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._ahead = ahead
        self._begun: deque[Future[None]] = deque()

    def do(self, call: Callable[..., None], *args: Any) -> None:
        """Call a function in a thread, now or when earlier calls have ended."""
        while len(self._begun) >= self._ahead:
            self._begun.popleft().result()
        self._begun.append(self._pool.submit(call, *args))

    def __enter__(self) -> "Behind":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while error is None and self._begun:
                self._begun.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)
