"""Shared by the tests of products: grids, a plausible day, and paths of independent tools."""

import shutil

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from daymelt.core.grid import Grid


def plausible_melt(shape, seed=0):
    """Percent uint8 (y, x): mostly dry, partly all wet, a soft edge between, and nodata along one
    side.
    """
    noise = np.random.default_rng(seed).standard_normal(shape)
    rough = sum(
        weight * sigma * gaussian_filter(noise, sigma)
        for sigma, weight in ((1, 0.2), (5, 0.6), (20, 2.0))
    )
    low, high = np.quantile(rough, [0.65, 0.75])
    stored = np.rint(100 * np.clip((rough - low) / (high - low), 0, 1)).astype(np.uint8)
    stored[:, : shape[1] // 8] = 255
    return stored


@pytest.fixture
def grid():
    return Grid("EPSG:3413", 100, 294900, -2566500, 256, 256)


@pytest.fixture
def melt(grid):
    return plausible_melt(grid.shape)


@pytest.fixture
def tags():
    return {
        "date": "2019-07-31",
        "area": "embedded",
        "model": "unet",
        "model_sha256": "0123456789abcdef" * 4,
        "software": "daymelt 0.1.0",
        "inputs_sha256": "fedcba9876543210" * 4,
        "filled": "microwave: linear in time, 2019-07-30 to 2019-08-01; é",
    }


@pytest.fixture
def tool():
    """Path of a command-line program, or a skip that says which one is absent."""

    def find(name):
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed (GDAL command-line tools)")
        return found

    return find


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were written during a test, to look at what stands in them."""
    from matplotlib.figure import Figure

    kept, save = [], Figure.savefig

    def keep(figure, *arguments, **options):
        kept.append(figure)
        return save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return kept
