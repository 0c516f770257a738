"""Files of a dataset on the Hugging Face hub, fetched into a local data root under the same names.

The hub's own client does the work: several files at a time, resumed, kept where they are already
there. The listing is checked before and the files on disk after, since the client returns what is
there without an error when the hub cannot be reached.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from daymelt.archives.access import hub_token
from daymelt.archives.web import hide_queries
from daymelt.core.atomic import storage_errors
from daymelt.core.errors import MissingCredentialError, MissingInputError, RetrievalError

ENDPOINT = "https://huggingface.co"
REMEDY = "set HF_TOKEN to a token of an account that may read it, or check meltwaterbench.repo"


@dataclass(frozen=True)
class Dataset:
    """A dataset at one commit: `revision` is a branch, a tag or a commit."""

    repo: str
    revision: str
    endpoint: str = ENDPOINT


@dataclass(frozen=True)
class HubFile:
    """A file of a dataset: its path below the data root and its size in bytes."""

    path: PurePosixPath
    size: int


def resolve(dataset: Dataset) -> str:
    """The commit that a revision stands for now; errors as `fetch`."""
    from huggingface_hub import HfApi

    with _answers(dataset):
        info = HfApi(endpoint=dataset.endpoint, token=_token(dataset)).dataset_info(
            dataset.repo, revision=dataset.revision
        )
    if not info.sha:
        raise RetrievalError(
            f"dataset {dataset.repo}: no commit for revision {dataset.revision!r}; check "
            "meltwaterbench.revision"
        )
    return str(info.sha)


def listing(dataset: Dataset, folder: PurePosixPath) -> list[HubFile]:
    """The files of one folder, without its subfolders.

    Raises
    ------
    MissingInputError
        The dataset has no such folder.
    MissingCredentialError, RetrievalError
        As `fetch`.
    """
    from huggingface_hub.hf_api import RepoFile

    files = [
        HubFile(PurePosixPath(item.path), item.size)
        for item in _entries(dataset, folder)
        if isinstance(item, RepoFile)
    ]
    return sorted(files, key=lambda file: file.path)


def folders(dataset: Dataset, folder: PurePosixPath) -> list[PurePosixPath]:
    """The subfolders of a folder; errors as `listing`."""
    from huggingface_hub.hf_api import RepoFolder

    return sorted(
        PurePosixPath(item.path)
        for item in _entries(dataset, folder)
        if isinstance(item, RepoFolder)
    )


def fetch(
    dataset: Dataset, files: Sequence[HubFile], root: Path, connections: int = 4
) -> dt.datetime:
    """Bring files below `root`; those that are there unchanged are kept. Returns when, in UTC.

    Raises
    ------
    MissingCredentialError
        The hub wants a token, or refuses the one in HF_TOKEN.
    RetrievalError
        The hub cannot be reached, or a file did not come whole.
    StorageError
        The disk is full.
    """
    from huggingface_hub import snapshot_download

    if files:
        with _answers(dataset), storage_errors(root / "files"):
            snapshot_download(
                dataset.repo,
                repo_type="dataset",
                revision=dataset.revision,
                local_dir=root,
                allow_patterns=[str(file.path) for file in files],
                max_workers=connections,
                endpoint=dataset.endpoint,
                token=_token(dataset),
            )
    for file in files:
        found = (root / file.path).stat().st_size if (root / file.path).is_file() else None
        if found != file.size:
            raise RetrievalError(
                f"{root / file.path}: {found or 0} bytes came, {dataset.repo} says {file.size}; "
                "retrieve it again"
            )
    return dt.datetime.now(dt.UTC)


def address(dataset: Dataset, path: PurePosixPath) -> str:
    """Where a file of a dataset lies."""
    return f"{dataset.endpoint}/datasets/{dataset.repo}/resolve/{dataset.revision}/{path}"


def _entries(dataset: Dataset, folder: PurePosixPath) -> list[Any]:
    """What the hub lists of a folder."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import EntryNotFoundError

    api = HfApi(endpoint=dataset.endpoint, token=_token(dataset))
    try:
        with _answers(dataset):
            return list(
                api.list_repo_tree(
                    dataset.repo, str(folder), revision=dataset.revision, repo_type="dataset"
                )
            )
    except EntryNotFoundError:
        raise MissingInputError(
            f"dataset {dataset.repo}: no folder {folder} in {dataset.revision}; check "
            "meltwaterbench.revision"
        ) from None


def _token(dataset: Dataset) -> str | bool:
    """The token of the environment, or False, with which the client does not look for one
    elsewhere on the machine.
    """
    secret = hub_token(dataset.endpoint)
    return secret.reveal() if secret else False


@contextmanager
def _answers(dataset: Dataset) -> Iterator[None]:
    """Errors of the client as one line, without what was sent to the hub."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    where = f"dataset {dataset.repo} at {dataset.endpoint}"
    hide_queries()
    try:
        yield
    except LocalEntryNotFoundError:
        raise _not_reached(where, "LocalEntryNotFoundError") from None
    except EntryNotFoundError:
        raise
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in {401, 403}:
            raise MissingCredentialError(f"{where}: answered {status}; {REMEDY}") from None
        raise RetrievalError(
            f"{where}, revision {dataset.revision!r}: answered {status}; check its name or try "
            "again"
        ) from None
    except HFValidationError:
        raise RetrievalError(
            f"{where}: no possible name of a dataset; expected owner/name in meltwaterbench.repo"
        ) from None
    except Exception as error:
        # the client's transport, which has changed its name between versions
        if not type(error).__module__.startswith("httpx"):
            raise
        raise _not_reached(where, type(error).__name__) from None


def _not_reached(where: str, reason: str) -> RetrievalError:
    return RetrievalError(
        f"{where}: not reached ({reason}); try again, or set meltwaterbench.folder to a local copy"
    )
