"""The settings of the published dataset: one season can be trained as it is."""

import datetime as dt
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from daymelt.core.grid import Grid
from daymelt.plan.jobs import Jobs
from daymelt.plan.settings import load_run
from daymelt.products.geotiff import write_field
from daymelt.science.split import split_days

AREAS = Path(__file__).parents[2] / "workflow" / "areas"
GRID = Grid("EPSG:3413", 100, 228_900, -2_445_900, 2863, 1633)


@pytest.fixture
def one_season(tmp_path, monkeypatch):
    """The settings of one season, with a raster in the place of the dataset's mask."""
    monkeypatch.chdir(tmp_path)
    values = yaml.safe_load((AREAS / "meltwaterbench-2019.yaml").read_text())
    write_field(Path(values["area"]["grid_file"]), np.ones(GRID.shape, np.float32), GRID)
    return load_run(values, [AREAS / "meltwaterbench-2019.yaml"])


def test_one_season_of_the_dataset_takes_the_grid_of_its_mask_and_that_season_alone(one_season):
    assert one_season.area.grid.shape == GRID.shape
    jobs = Jobs(one_season)
    assert jobs.seasons == (2019,) == (one_season.report.day.year,)
    assert len(jobs.sar_streams()) == 6 and not jobs.has_truth


def test_one_season_has_days_to_train_validate_and_test_on_without_a_list(one_season):
    split = one_season.split
    assert split.file is None
    acquired = [dt.date(2019, month, day) for month in range(4, 10) for day in range(1, 25, 2)]
    drawn = split_days(
        acquired,
        split.seed,
        split.test_days_per_month,
        split.validation_days_per_month,
        split.training_only_years,
    )
    assert Counter(drawn.values()) == {"train": 48, "val": 12, "test": 12}


@pytest.mark.parametrize("name", ["meltwaterbench", "meltwaterbench-2019"])
def test_the_commands_at_the_top_of_a_file_name_its_own_paths(name):
    text = (AREAS / f"{name}.yaml").read_text()
    values = yaml.safe_load(text)
    root = f"resources/{values['area']['name']}/meltwaterbench"
    assert f"--configfile workflow/areas/{name}.yaml --out {root}\n" in text
    assert values["area"]["grid_file"].startswith(f"{root}/raw/")
