"""Small provider files for the readers."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daymelt.core.grid import Grid
from daymelt.twin import files

ACQUIRED = dt.datetime(2019, 7, 31, 9, 3, 12, tzinfo=dt.UTC)
PROCESSED = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def write_burst() -> Callable[..., list[Path]]:
    """Write a burst, by default all valid, and return [gamma0, mask]."""

    def write(
        folder: Path,
        gamma0,
        grid: Grid,
        mask=None,
        burst: int = 81234,
        swath: int = 2,
        processed=PROCESSED,
        acquired=ACQUIRED,
    ):
        name = files.burst_name(39, burst, swath, acquired, processed, "S1A")
        codes = np.zeros(grid.shape, np.uint8) if mask is None else mask
        return files.write_burst(
            folder, name, np.asarray(gamma0, np.float32), codes, grid, acquired
        )

    return write
