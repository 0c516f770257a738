"""A small area that the twin's world is laid out in."""

import pytest

from daymelt.core.grid import Grid

SEED = 42


@pytest.fixture(scope="session")
def area() -> Grid:
    """The embedded area at a quarter of its side."""
    return Grid("EPSG:3413", 100, 294900, -2566500, 64, 64)


@pytest.fixture(scope="session")
def seed() -> int:
    return SEED
