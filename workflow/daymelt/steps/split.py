"""Which acquisition days train, validate and test."""

import datetime as dt
from pathlib import Path

from daymelt import cube
from daymelt.config import Seasons, Split
from daymelt.errors import MissingInputError
from daymelt.science.split import check_split, split_days
from daymelt.steps.splits import read_rows, write_split


def split(sar: list[Path], out: Path, seasons: Seasons, split: Split) -> None:
    """Assign every acquisition day to training, validation or test: drawn from the seed, or as a file says."""
    acquired = acquisition_days(sar)
    for year in seasons.years:
        if not any(day.year == year for day in acquired):
            raise MissingInputError(
                f"season {year}: no Sentinel-1 acquisition in {len(sar)} months; retrieve it or take the year out of seasons.years"
            )
    if split.file is not None:
        chosen = check_split(read_rows(split.file), acquired, str(split.file))
    else:
        drawn = (split.test_days_per_month, split.validation_days_per_month)
        chosen = split_days(acquired, split.seed, *drawn, split.training_only_years)
    write_split(out, chosen)


def acquisition_days(sar: list[Path]) -> list[dt.date]:
    """Days that the SAR streams hold, in order."""
    days: list[dt.date] = []
    for path in sar:
        with cube.open_stream(path) as stream:
            days += stream.dates
    return sorted(days)
