"""Searches, texts and tokens: a request is repeated by urllib3's `Retry` until its answer has come
whole.

Files are not asked for in this way: `retry` also resumes at the bytes that came, counts an attempt
that brought some as none that failed, and lets all threads leave a host alone for as long as it
asks. `Retry` can express none of the three.
"""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPResponse, Retry

from daymelt.archives.retry import Policy, TransientError, backoff, give_up
from daymelt.archives.said import LONGEST_BODY, NOTHING, read_said
from daymelt.archives.web import CUT, bare, busy, check_length, is_busy, pieces, reason


class Patience(Retry):
    """`Retry` for the statuses, waits and error texts of a `Policy`; `asked_s` is the wait that the
    last answer asked for, in its header or its text.
    """

    asked_s: float | None = None

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """True for the status of a busy or broken server."""
        return is_busy(method, status_code)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds that the server asks to wait; None where it does not."""
        return self.asked_s

    def get_backoff_time(self) -> float:
        """Seconds before the next attempt."""
        return backoff(len(self.history), self.backoff_factor, self.backoff_max)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> "Patience":
        """Count an attempt that failed.

        Raises
        ------
        TransientError
            It was the last, or the server asks for a longer wait than is allowed.
        SSLError
            The certificate is not trusted, which no further attempt changes.
        """
        if error is not None and "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise error
        failure = _failure(response, error)
        if not self.total or (failure.wait_s or 0) > self.backoff_max:
            if response is not None:
                response.close()
            raise failure
        after = super().increment(method, url, response, error, *args, **kwargs)
        after.asked_s = failure.wait_s
        return after


class PatientAdapter(HTTPAdapter):
    """Sends the requests of a session, repeated as a policy says.

    The body of an answer is read here, so that one which is cut counts as a failed attempt.
    """

    def __init__(self, policy: Policy, longest: int | None = None) -> None:
        super().__init__()
        self._policy, self._longest = policy, longest

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """The answer, its body read.

        Raises
        ------
        RetrievalError
            None comes, or one with a body longer than the longest.
        """
        policy = self._policy
        kwargs["timeout"] = policy.timeout_s
        self.max_retries = Patience(
            policy.attempts - 1,
            backoff_factor=policy.backoff_s,
            backoff_max=policy.longest_wait_s,
            redirect=False,
        )
        with final(request.url or "", policy):
            while True:
                response = super().send(request, *args, **kwargs)
                try:
                    return self._read(response)
                except TransientError as cut:
                    retries = response.raw.retries
                    self.max_retries = retries.increment(request.method, request.url, error=cut)
                    self.max_retries.sleep()

    def _read(self, response: requests.Response) -> requests.Response:
        """The answer with its whole body in memory."""
        content = bytearray()
        with closing(response.raw):
            for piece in pieces(response, decode=True):
                content += piece
                check_length(len(content), self._longest, response.url)
        response.raw = HTTPResponse(io.BytesIO(content), preload_content=False)
        return response


@contextmanager
def final(url: str, policy: Policy) -> Iterator[None]:
    """A failure inside as the RetrievalError that ends all attempts."""
    try:
        yield
    except TransientError as error:
        give_up(error, policy.attempts, policy, bare(url))


def _failure(response: BaseHTTPResponse | None, error: Exception | None) -> TransientError:
    if isinstance(error, TransientError):
        return error
    if response is None:
        return TransientError(reason(error or Exception()))
    try:
        said = read_said(response.read(LONGEST_BODY, decode_content=True))
    except CUT:
        said = NOTHING
    return busy(response.status, response.headers, said)
