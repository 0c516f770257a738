"""The onset of several systems on the cells that all of them have."""

from pathlib import Path

import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.encoding import ONSET
from daymelt.core.grid import Grid
from daymelt.steps.benchmark.compare import onsets_in_common
from daymelt.steps.benchmark.daily_table import onset_maps

GRID = Grid("EPSG:3413", 100, 294900, -2566500, 5, 6)


@pytest.fixture
def written(tmp_path):
    """Function of a system, season, onsets and truth that writes them; the daily table's path."""

    def write(system: str, season: int, onset, truth) -> Path:
        daily = tmp_path / system / f"{season}.csv"
        daily.parent.mkdir(exist_ok=True)
        fields = {"onset": (onset, ONSET), "truth": (truth, ONSET)}
        cube.write_layers(onset_maps(daily), fields, grid=GRID, attributes={"season": season})
        return daily

    return write


def onsets(seed):
    random = np.random.default_rng(seed)
    days = random.integers(91, 274, GRID.shape).astype(np.float32)
    days[random.random(GRID.shape) < 0.3] = np.nan
    return days


def test_every_system_is_compared_on_the_cells_that_all_have_over_all_seasons(written):
    truths = {2019: onsets(1), 2020: onsets(2)}
    fields = {
        (name, year): onsets(10 * year + index)
        for year in truths
        for index, name in enumerate("ab")
    }
    daily = {
        name: [written(name, year, fields[name, year], truths[year]) for year in truths]
        for name in "ab"
    }
    expected = {name: [] for name in "ab"}
    for year, truth in truths.items():
        for cell in np.ndindex(GRID.shape):
            both = [fields[name, year][cell] for name in "ab"]
            if not np.isnan([*both, truth[cell]]).any():
                for name, day in zip("ab", both, strict=True):
                    expected[name].append(float(day - truth[cell]))
    found = onsets_in_common(daily)
    for name, differences in expected.items():
        assert found[name] == {
            "onset_common_mae_days": pytest.approx(np.abs(differences).mean()),
            "onset_common_bias_days": pytest.approx(np.mean(differences)),
            "onset_common_cells": len(differences),
        }


def test_without_a_common_cell_there_is_no_error(written):
    nowhere = np.full(GRID.shape, np.nan, np.float32)
    truth = onsets(1)
    daily = {"a": [written("a", 2019, onsets(2), truth)], "b": [written("b", 2019, nowhere, truth)]}
    for error in onsets_in_common(daily).values():
        assert error["onset_common_cells"] == 0 and np.isnan(error["onset_common_mae_days"])
