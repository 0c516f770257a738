"""Small provider files for the readers, and the genuine ones beside the project."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daymelt.grid import Grid
from daymelt.twin import files

REAL = Path(__file__).parents[2].parent / "shared" / "real"
ACQUIRED = dt.datetime(2019, 7, 31, 9, 3, 12, tzinfo=dt.UTC)
PROCESSED = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


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


@pytest.fixture(scope="session")
def write_burst() -> Callable[..., list[Path]]:
    """Write a burst, by default all valid, and return [gamma0, mask]."""

    def write(folder: Path, gamma0, grid: Grid, mask=None, burst: int = 81234, swath: int = 2, processed=PROCESSED, acquired=ACQUIRED):
        name = files.burst_name(39, burst, swath, acquired, processed, "S1A")
        codes = np.zeros(grid.shape, np.uint8) if mask is None else mask
        return files.write_burst(folder, name, np.asarray(gamma0, np.float32), codes, grid, acquired)

    return write
