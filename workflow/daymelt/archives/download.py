"""Fetch the files that a search found: several at a time, resumed where a run was cut, each checked
before it gets its name.

Files come over HTTP with byte ranges. What is already there and verified is not asked for. A
refusal or a full disk ends the retrieval at once; a file that does not come is named at the end,
and the others stay.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from daymelt.archives.access import Access
from daymelt.archives.partial import PartialFile, tidy
from daymelt.archives.patient import final
from daymelt.archives.remote import Fetched, Remote
from daymelt.archives.retry import Pace, Policy, StoppedError
from daymelt.archives.transfer import Adopted, Line, adopt, fetch, require_space
from daymelt.archives.verified import Verified
from daymelt.archives.web import host_of, read_size, read_text
from daymelt.core.atomic import storage_errors
from daymelt.core.errors import FormatError, RetrievalError

__all__ = [
    "Adopted",
    "Fetched",
    "Policy",
    "Remote",
    "adopt_all",
    "adopt_unasked",
    "fetch_all",
    "fetch_text",
    "size_of",
]


def fetch_all(
    remotes: Sequence[Remote],
    folder: Path,
    access: Access,
    policy: Policy = Policy(),  # noqa: B008 - frozen
    progress: Callable[[int], None] | None = None,
) -> list[Fetched]:
    """Fetch every file into `folder`, in the order given; those that are there and verified are
    kept.

    Parameters
    ----------
    progress : called with the bytes that were added, those already there first; negative where a
        file starts again. Never by two threads at once.

    Raises
    ------
    MissingCredentialError
        A provider refuses; nothing more is asked.
    StorageError
        There is not enough room for all, or the disk is full.
    RetrievalError
        Files that did not come; or another retrieval is at work in this folder.
    FormatError
        Two different files have one name, or an address is not of HTTP.
    ConfigError
        Files lie on hosts that the settings do not know.
    """
    _check(remotes)
    access.check_hosts([remote.addresses for remote in remotes])
    folder = Path(folder)
    report = _one_at_a_time(progress)
    with storage_errors(folder / "files"):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        tidy(folder)
        verified = Verified(folder)
        found = {remote: verified.find(remote) for remote in remotes}
        due = [remote for remote, there in found.items() if there is None]
        # a run may have been killed between giving the name and dropping the note
        for remote in found.keys() - due:
            PartialFile(folder, remote).discard()
        here = {
            remote: remote.size or 0
            if verified.is_adopted(remote)
            else PartialFile(folder, remote).size
            for remote in due
        }
        require_space(folder, sum(max((remote.size or 0) - here[remote], 0) for remote in due))
        report(sum(here.values()) + sum(there.size for there in found.values() if there))
        fetched = (
            _fetch_due(
                due,
                lambda remote, line: fetch(remote, verified, folder, line),
                access,
                policy,
                report,
            )
            if due
            else {}
        )
    return [there or fetched[remote] for remote, there in found.items()]


def adopt_all(
    remotes: Sequence[Remote],
    folder: Path,
    access: Access,
    policy: Policy = Policy(),  # noqa: B008 - frozen
) -> list[Adopted]:
    """Those of the files that lie in `folder` already, checked against the provider's size and
    checksum; none is fetched.

    Raises
    ------
    FormatError
        One is not the provider's file.
    RetrievalError
        Another retrieval is at work in this folder.
    """
    _check(remotes)
    folder = Path(folder)
    with _alone(folder):
        verified = Verified(folder)
        here = [
            remote
            for remote in remotes
            if (folder / remote.path).is_file() and not (folder / remote.path).is_symlink()
        ]
        with access.session() as session:
            line = Line(access, session, policy, Pace(), lambda _count: None)
            return [
                _known(verified, remote) or adopt(remote, verified, folder / remote.path, line)
                for remote in here
            ]


def _known(verified: Verified, remote: Remote) -> Adopted | None:
    found = verified.find(remote)
    return Adopted(found, "checksum") if found else None


def adopt_unasked(paths: Sequence[Path], folder: Path) -> None:
    """Note files whose provider cannot be asked; a later `fetch_all` compares them and keeps those
    that are the provider's.
    """
    with _alone(Path(folder)):
        verified = Verified(Path(folder))
        for path in paths:
            verified.adopt(path)


def fetch_text(
    url: str,
    access: Access,
    policy: Policy = Policy(),  # noqa: B008 - frozen
) -> str:
    """A small text, such as the listing of a folder, asked for until it comes.

    Raises
    ------
    MissingCredentialError, RetrievalError
        As `fetch_all`.
    """
    with final(url, policy), access.session(policy) as session:
        return read_text(session, access.sign(url), policy.timeout_s, access.refusal)


def size_of(
    url: str,
    access: Access,
    policy: Policy = Policy(),  # noqa: B008 - frozen
) -> int | None:
    """Bytes of a file by a HEAD request; None where the server does not tell.

    Raises
    ------
    RetrievalError
        The server cannot be reached.
    """
    with final(url, policy), access.session(policy) as session:
        return read_size(session, url, policy.timeout_s)


def _check(remotes: Sequence[Remote]) -> None:
    names: dict[str, Remote] = {}
    for remote in remotes:
        if urlsplit(remote.url).scheme not in {"http", "https"}:
            raise FormatError(
                f"{remote.id}: address {remote.url}, expected http or https; check the "
                "provider's settings"
            )
        if names.setdefault(remote.path, remote) != remote:
            raise FormatError(
                f"{remote.path}: two different files have this name ({remote.id}, "
                f"{names[remote.path].id}); search again"
            )


def _one_at_a_time(progress: Callable[[int], None] | None) -> Callable[[int], None]:
    lock = threading.Lock()

    def report(count: int) -> None:
        if progress is not None and count:
            with lock:
                progress(count)

    return report


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one retrieval at a time work in a folder; the system lifts the lock of a killed run."""
    descriptor = os.open(folder, os.O_RDONLY)
    taken = False
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            taken = True
        except OSError:
            # some network file systems lock no folders; the workflow does not run two retrievals of
            # one folder either
            pass
        if taken:
            raise RetrievalError(
                f"{folder}: another retrieval is at work in this folder; wait for it or stop it"
            )
        yield
    finally:
        os.close(descriptor)


def _fetch_due(
    due: Sequence[Remote],
    work: Callable[[Remote, Line], Fetched],
    access: Access,
    policy: Policy,
    report: Callable[[int], None],
) -> dict[Remote, Fetched]:
    """Fetch with `connections_per_host` threads for each host; a thread keeps its session."""
    pace, own = Pace(), threading.local()
    with ExitStack() as sessions, ExitStack() as stack:  # the threads end before their sessions do
        lock = threading.Lock()

        def task(remote: Remote) -> Fetched | RetrievalError:
            pace.check()
            if not hasattr(own, "line"):
                with lock:
                    own.line = Line(
                        access, sessions.enter_context(access.session()), policy, pace, report
                    )
            try:
                return work(remote, own.line)
            except RetrievalError as error:
                return error
            except BaseException:
                pace.stop()
                raise

        pools = {
            host: stack.enter_context(ThreadPoolExecutor(policy.connections_per_host))
            for host in dict.fromkeys(host_of(remote.url) for remote in due)
        }
        try:
            futures = {pools[host_of(remote.url)].submit(task, remote): remote for remote in due}
            _first_fatal(futures)
        except BaseException:
            pace.stop()
            raise
    outcomes = {remote: future.result() for future, remote in futures.items()}
    _raise_failed(
        [outcome for outcome in outcomes.values() if isinstance(outcome, RetrievalError)], len(due)
    )
    return {remote: outcome for remote, outcome in outcomes.items() if isinstance(outcome, Fetched)}


def _first_fatal(futures: dict[Future[Fetched | RetrievalError], Remote]) -> None:
    """Wait for all; raise the error that ended the retrieval, if one did."""
    for future in as_completed(futures):
        with suppress(StoppedError):  # it follows from the error that is looked for
            future.result()


def _raise_failed(failed: list[RetrievalError], count: int) -> None:
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise RetrievalError(
            f"{len(failed)} of {count} files did not come, the others are kept; the first: "
            f"{failed[0]}"
        )
