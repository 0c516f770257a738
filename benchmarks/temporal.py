"""Time-interpolated Sentinel-1 of a season."""

import datetime as dt
import warnings
from pathlib import Path

import numpy as np
import rasterio
from common import season, speckled_percent, study_grid, write_raster
from harness import Case, Setting, Stage

from daymelt.core import cube
from daymelt.core.encoding import PERCENT
from daymelt.science.temporal import window_mean
from daymelt.steps.prepare.acquisitions import open_acquisitions

TIMED_DAYS = 12  # of the common way; the others are like them
EVERY = 2.5  # days between two acquisitions


def _acquired(setting: Setting) -> list[dt.date]:
    count = max(8, round(setting.days / EVERY))
    return sorted({dt.date(2019, 4, 1) + dt.timedelta(int(n * EVERY)) for n in range(count)})


def prepare(setting: Setting) -> None:
    """A stream as the step reads it, and the same acquisitions as one GeoTIFF each."""
    folder, grid, acquired = Path(setting.folder), study_grid(setting), _acquired(setting)
    fields = [speckled_percent(grid, seed) for seed in range(4)]
    stored = ((day, fields[number % 4]) for number, day in enumerate(acquired))
    cube.write_stream(
        folder / "acquired.nc", stored, grid=grid, encoding=PERCENT, attributes={"inputs": ""}
    )
    for number, field in enumerate(fields):
        write_raster(folder / f"{number}.tif", field, grid, nodata=255)


def season_case(setting: Setting) -> Case:
    """Every day of a season from the stream, against six rasters opened and averaged for each
    day.
    """
    folder, acquired, days = Path(setting.folder), _acquired(setting), season(setting.days)
    timed_days = days[len(days) // 2 :][:TIMED_DAYS]

    def ours() -> None:
        with open_acquisitions(2019, [folder / "acquired.nc"]) as stored:
            for _ in window_mean(stored.fields, stored.days, days):
                pass

    def average(day: dt.date) -> np.ndarray:
        chosen = [i for i, one in enumerate(acquired) if one < day][-3:] + [
            i for i, one in enumerate(acquired) if one > day
        ][:3]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.asarray(np.nanmean([_open(folder / f"{i % 4}.tif") for i in chosen], axis=0))

    def common() -> None:
        for day in timed_days:
            average(day)

    def read() -> None:
        with open_acquisitions(2019, [folder / "acquired.nc"]) as stored:
            for index in range(len(stored.fields)):
                stored.fields[index]

    def check() -> str:
        with open_acquisitions(2019, [folder / "acquired.nc"]) as stored:
            pairs = (
                (field, average(day))
                for day, field in window_mean(stored.fields, stored.days, timed_days[:3])
            )
            difference = max(float(np.nanmax(np.abs(one - other))) for one, other in pairs)
        if difference > 1e-6:
            raise AssertionError(f"time interpolation: {difference}")
        return (
            f"largest difference {difference:.0e}; common way: {len(timed_days)} of "
            f"{len(days)} days timed"
        )

    return Case(ours, common, read, check, len(timed_days) / len(days))


def _open(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        stored = file.read(1)
    field = stored.astype(np.float32) * np.float32(0.01)
    field[stored == 255] = np.nan
    return field


STAGES = [
    Stage(
        *(
            "time-interpolate",
            "time-interpolated SAR of a season of 183 days",
            "opening and averaging six GeoTIFFs a day",
            1 / 8,
        ),
        *(season_case, "reading the acquisitions", prepare),
        days=183,
        days_growth=True,
        repeats=1,
    )
]
