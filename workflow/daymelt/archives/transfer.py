"""Transfer of one file: asked for, resumed, checked, renamed to its final name."""

import datetime as dt
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from daymelt.archives.access import Access
from daymelt.archives.partial import PartialFile, content_range, note_of
from daymelt.archives.remote import HEAD_BYTES, Fetched, Remote, is_kind, is_page
from daymelt.archives.retry import Pace, Policy, TransientError, retry
from daymelt.archives.verified import Verified, digests
from daymelt.archives.web import bare, host_of, pieces, read_text
from daymelt.core.atomic import flush, storage_errors
from daymelt.core.errors import FormatError, MissingCredentialError, RetrievalError, StorageError

log = logging.getLogger(__name__)
# an attempt that got so much further does not count as failed; a connection that brings less in
# `stall_s` stalls
PROGRESS_BYTES = 1 << 16


@dataclass(frozen=True)
class Adopted:
    """An adopted file, and by what it was compared with the provider's."""

    file: Fetched
    compared: str


class UnfitError(Exception):
    """What came is not what was announced: other size, checksum or first bytes."""


@dataclass(frozen=True)
class Line:
    """What one thread needs to fetch files."""

    access: Access
    session: requests.Session
    policy: Policy
    pace: Pace
    progress: Callable[[int], None]


def fetch(remote: Remote, verified: Verified, folder: Path, line: Line) -> Fetched:
    """The file under its final name, checked and noted in the folder's record; where one of its
    addresses does not bring it, the next is asked.

    Raises
    ------
    RetrievalError
        It does not come, or comes twice with other bytes than announced.
    MissingCredentialError
        The provider refuses, or sends a page where a file was expected.
    StorageError
        The disk is full or the folder cannot be written.
    """
    brought = _brought(remote, verified, folder / remote.path, line)
    if brought is not None:
        return brought
    faults: list[RetrievalError] = []
    known = [url for url in remote.addresses if line.access.is_known(url)]
    for url in sorted(known or remote.addresses, key=lambda url: line.pace.is_lost(host_of(url))):
        try:
            return _fetch_from(remote.at(url), verified, folder, line)
        except RetrievalError as error:
            line.pace.lose(host_of(url))
            log.info("%s", error)
            faults.append(error)
    raise faults[0]


def _fetch_from(remote: Remote, verified: Verified, folder: Path, line: Line) -> Fetched:
    """The file from its first address."""
    part, fault = PartialFile(folder, remote), ""
    # wrong bytes are fetched once more, from the first: they may have changed on the way or at the
    # provider
    for _ in range(2):
        try:
            retry(
                lambda: _bring(part, line),
                line.policy,
                line.pace,
                host_of(remote.url),
                bare(remote.url),
            )
            fetched = _checked(part, line)
        except UnfitError as error:
            fault = str(error)
            _restart(part, line)
            continue
        verified.add(fetched)
        part.publish()
        return fetched
    raise RetrievalError(
        f"{bare(remote.url)}: {fault}, twice; the provider may have changed the file: search again"
    )


def adopt(remote: Remote, verified: Verified, path: Path, line: Line) -> Adopted:
    """Check a file that was not fetched here against the provider's size and checksum, and note it
    in the folder's record.

    Its checksum file is asked for where there is one; where that cannot be had, the size must do.

    Raises
    ------
    FormatError
        It is not the provider's file.
    """
    sums: list[str] = []

    def told() -> list[str]:
        try:
            sums.extend(_sums(remote, line))
        except (RetrievalError, MissingCredentialError) as error:
            log.info("%s: %s; its checksum is not compared", remote.path, error)
        return sums

    try:
        fetched = _check_file(path, path, remote, told)
    except UnfitError as error:
        raise FormatError(
            f"{path}: {error}; remove it and run `daymelt retrieve`, which fetches it"
        ) from None
    verified.add(fetched)
    return Adopted(
        fetched, "checksum" if sums or remote.checksum else "size" if remote.size else "first bytes"
    )


def _brought(remote: Remote, verified: Verified, path: Path, line: Line) -> Fetched | None:
    """A file that was adopted while its provider was out of reach, now compared with the provider's
    size and checksum; None where there is none or it differs.
    """
    if not verified.is_adopted(remote):
        return None
    try:
        fetched = _check_file(path, path, remote, lambda: _sums(remote, line))
    except UnfitError as error:
        log.warning("%s: was adopted, but %s; it is fetched", path, error)
        return None
    verified.add(fetched)
    return fetched


def _bring(part: PartialFile, line: Line) -> None:
    """One attempt to complete the file; returns when all its bytes are there."""
    line.pace.check()
    remote, start = part.remote, part.resume_point()
    condition = part.note.condition if part.note else None
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", **({"If-Range": condition} if condition else {})}
    patience = min(line.policy.timeout_s, line.policy.stall_s)
    with line.access.ask(line.session, remote.url, headers, patience) as response:
        begins, size = _extent(response)
        if (
            response.status_code == 416
            or begins not in {0, start}
            or (begins and _changed(part, response, size))
        ):
            _restart(part, line)
            raise TransientError("the file changed behind its name, or its server mixes up ranges")
        body = _Body(response, line)
        if begins == 0:
            _check_head(body.head(), remote, line)
        _check_size(size, remote, part, begins)
        if begins == 0:
            _restart(part, line)
            part.begin(note_of(remote, response.headers, size))
        _pour(body, part, begins, size, line)


def _extent(response: requests.Response) -> tuple[int, int | None]:
    """First byte of an answer within its file, and the size of the whole file where it is told."""
    if response.status_code == 206:
        return content_range(response.headers) or (-1, None)
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if re.fullmatch(
        "[0-9]{1,18}", length
    ) and "Transfer-Encoding" not in response.headers else None


def _changed(part: PartialFile, response: requests.Response, size: int | None) -> bool:
    """True where the rest of a file is not of the file that the first bytes are of."""
    old, new = part.note, note_of(part.remote, response.headers, size)
    pairs = (
        [(old.size, new.size), (old.etag, new.etag), (old.modified, new.modified)] if old else []
    )
    return old is None or any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _check_head(head: bytes, remote: Remote, line: Line) -> None:
    if is_page(head):
        raise line.access.refusal(remote.url, 200)
    if not is_kind(head, remote.kind):
        raise UnfitError(f"begins with {head[:8]!r}, expected the first bytes of {remote.kind}")


def _check_size(size: int | None, remote: Remote, part: PartialFile, have: int) -> None:
    if None not in (size, remote.size) and size != remote.size:
        raise UnfitError(f"{size} bytes, expected {remote.size}")
    require_space(part.final.parent, (size or 0) - have)


def require_space(folder: Path, needed: int) -> None:
    """Raise StorageError where the file system of `folder` has not `needed` bytes left."""
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    if needed > free:
        found = f"{free / 1e9:.3g} GB free, {needed / 1e9:.3g} GB needed for what is still to come"
        raise StorageError(f"{folder}: {found}; free some or move the folder")


class _Body:
    """The body of an answer in pieces, watched for stalls."""

    def __init__(self, response: requests.Response, line: Line) -> None:
        self._pieces, self._line = pieces(response), line
        self._first = b""
        # without a length or chunks, the end of a body looks like a cut
        self.has_end = (
            "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
        )

    def head(self) -> bytes:
        """The first bytes; they are given again by iteration."""
        for piece in self._pieces:
            self._first += piece
            if len(self._first) >= HEAD_BYTES:
                break
        return self._first

    def __iter__(self) -> Iterator[bytes]:
        if self._first:
            yield self._first
        since, came = time.monotonic(), 0
        for piece in self._pieces:
            self._line.pace.check()
            yield piece
            came += len(piece)
            if time.monotonic() - since > self._line.policy.stall_s:
                if came < PROGRESS_BYTES:
                    raise TransientError(
                        f"stalled: {came} bytes in {self._line.policy.stall_s:.3g} s"
                    )
                since, came = time.monotonic(), 0


def _pour(body: _Body, part: PartialFile, begins: int, size: int | None, line: Line) -> None:
    """Append a body to the part, which then has all its bytes."""
    at = begins
    expected = size or part.remote.size
    line.progress(begins - part.size)
    try:
        with part.opened(begins) as write:
            for piece in body:
                if expected is not None and at + len(piece) > expected:
                    raise UnfitError(f"more than the {expected} bytes expected")
                write(piece)
                at += len(piece)
                line.progress(len(piece))
    except TransientError as error:
        problem, wait_s = error.problem, error.wait_s
    else:
        if (
            expected is None
            and not body.has_end
            and not (part.remote.checksum or part.remote.checksum_url)
        ):
            raise RetrievalError(
                f"{bare(part.remote.url)}: its server tells no size, so that a cut could not be "
                "seen; fetch it by hand"
            )
        if expected is None or at == expected:
            return
        problem, wait_s = "the connection failed or was cut", None
    progressed, part.furthest = at - part.furthest >= PROGRESS_BYTES, max(at, part.furthest)
    raise TransientError(f"{problem} at byte {at} of {expected or 'unknown'}", wait_s, progressed)


def _restart(part: PartialFile, line: Line) -> None:
    """Forget what came; the bar goes back by as much."""
    line.progress(-part.size)
    part.discard()


def _checked(part: PartialFile, line: Line) -> Fetched:
    """What stands in the part, its bytes on the disk and equal to what the provider says of
    them.
    """
    remote = part.remote
    return _check_file(part.path, part.final, remote, lambda: _sums(remote, line))


def _sums(remote: Remote, line: Line) -> list[str]:
    """Every checksum that the provider tells."""
    return list(filter(None, (remote.checksum, _sidecar(remote, line))))


def _check_file(
    path: Path, final: Path, remote: Remote, sums: Callable[[], Sequence[str]]
) -> Fetched:
    """The bytes of `path`, flushed; UnfitError where first bytes, size or checksums (`md5:…`,
    `sha256:…`) are not as they must be.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if not is_kind(head, remote.kind):
        raise UnfitError(f"begins with {head[:8]!r}, expected the first bytes of {remote.kind}")
    if size != (remote.size or size):
        raise UnfitError(f"{size} bytes, expected {remote.size}")
    found = digests(path)
    for wanted in sums():
        algorithm, _, digits = wanted.partition(":")
        if found[algorithm] != digits:
            raise UnfitError(f"{algorithm} {found[algorithm]}, expected {digits}")
    with storage_errors(final):
        flush(path)
    return Fetched(
        remote, final, size, found["sha256"], dt.datetime.now(dt.UTC).replace(microsecond=0)
    )


def _sidecar(remote: Remote, line: Line) -> str | None:
    """The MD5 that the provider keeps beside the file."""
    url = remote.checksum_url
    if url is None:
        return None
    access, policy = line.access, line.policy
    text = retry(
        lambda: read_text(line.session, access.sign(url), policy.timeout_s, access.refusal),
        policy,
        line.pace,
        host_of(url),
        bare(url),
    )
    if is_page(text.encode()):
        raise access.refusal(url, 200)
    digits = re.match(r"\s*\\?([0-9a-fA-F]{32})(?![0-9a-zA-Z])", text)
    if digits is None:
        raise RetrievalError(
            f"{bare(url)}: no MD5 in it, expected 32 hexadecimal digits first; search again"
        )
    return f"md5:{digits[1].lower()}"
