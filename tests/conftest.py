"""Shared by the tests of every room: a small disk, the genuine files beside the project, one-line
errors.
"""

import atexit
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from daymelt.sources.formats import netcdf

sys.path.insert(0, str(Path(__file__).parent))
from runs.opener import Opener

pytest_plugins = ["runs.small_run"]
REAL = Path(__file__).parents[2] / "shared" / "real"

if (
    "PYTEST_XDIST_WORKER" in os.environ
):  # one worker a core: threads of numerical libraries would only wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile(
    "unhurried", deadline=None
)  # how long an example takes is a matter of what else the machine does
settings.load_profile("unhurried")


@pytest.fixture(autouse=True, scope="session")
def small_opener():
    """Files are opened for their check in a child of a small process."""
    with Opener() as opener, pytest.MonkeyPatch.context() as patch:
        patch.setattr(netcdf, "check_opens", opener.check)
        yield


@pytest.fixture
def mount_small_disk():
    """Function of a size (as mount(8) writes it) that gives the folder of a new file system of that
    size; needs Linux and root.

    The mount point lies outside pytest's folders, and nothing fails if it stays: HDF5 keeps a file
    that it could not flush open until the process ends, so the file system may outlive its
    unmounting, and its folder with it.
    """
    mounted = []

    def mount(size: str) -> Path:
        if sys.platform != "linux" or os.geteuid() != 0:
            pytest.skip("mounting a small file system needs Linux and root")
        folder = Path(tempfile.mkdtemp(prefix="small-disk-"))
        atexit.register(remove_if_free, folder)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"no small file system: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remove_if_free(folder: Path) -> None:
    """Remove an empty folder unless something still holds it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """Path of a genuine file; skips where the files are not beside the project."""

    def find(name: str) -> Path:
        if not (REAL / name).exists():
            pytest.skip(f"genuine file {name} is not beside the project")
        return REAL / name

    return find


@pytest.fixture(scope="session")
def one_line() -> Callable[..., None]:
    """Check that an error is one line that holds every given part."""

    def check(raised: "pytest.ExceptionInfo[Exception]", *parts: object) -> None:
        message = str(raised.value)
        assert "\n" not in message
        assert [part for part in map(str, parts) if part not in message] == []

    return check
