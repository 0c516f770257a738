"""Which acquisition days train, validate and test."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from daymelt.core import cube
from daymelt.core.errors import MissingInputError
from daymelt.core.split_files import read_rows
from daymelt.science.split import (
    blocked,
    check_split,
    hindcast,
    leave_one_year_out,
    split_days,
)
from daymelt.settings.processing import Split
from daymelt.settings.protocols import BLOCKED, HINDCAST, LEAVE_OUT, PUBLISHED
from daymelt.steps.splits import fit_without_strays, write_split


def split(name: str, season: int, sar: list[Path], out: Path, split: Split) -> None:
    """Assign every acquisition day of a season to training, validation or test, by the rule of the
    split called `name`.

    The split `published` is drawn from the seed or read from a file; the others are the protocols
    of `daymelt.settings.protocols`.
    """
    acquired = acquisition_days(sar)
    if not acquired:
        raise MissingInputError(
            f"season {season}: no Sentinel-1 acquisition in {len(sar)} months; none was found, or "
            "none has a winter reference (sar.winter_months, sar.reference_years_back; the log of "
            "the melt fractions tells): take the year out of seasons.years"
        )
    if name == PUBLISHED and split.file is not None:
        rows = [(day, part) for day, part in read_rows(split.file) if day.year == season]
        fit = fit_without_strays if split.strays == "leave-out" else check_split
        write_split(out, fit(rows, acquired, str(split.file)))
    else:
        write_split(out, drawn(name, acquired, split))


def drawn(name: str, acquired: list[dt.date], split: Split) -> Mapping[dt.date, str]:
    """The split called `name` of some acquisition days."""
    per_month = split.validation_days_per_month
    if name.startswith(LEAVE_OUT):
        return leave_one_year_out(
            acquired, int(name.removeprefix(LEAVE_OUT)), split.seed, per_month
        )
    if name == HINDCAST:
        return hindcast(acquired, split.hindcast_training_years, split.hindcast_validation_years)
    if name == BLOCKED:
        return blocked(
            acquired, split.seed, split.block_days, training_only_years=split.training_only_years
        )
    return split_days(
        acquired, split.seed, split.test_days_per_month, per_month, split.training_only_years
    )


def acquisition_days(sar: list[Path]) -> list[dt.date]:
    """Days that the SAR streams hold, in order."""
    days: list[dt.date] = []
    for path in sar:
        with cube.open_stream(path) as stream:
            days += stream.dates
    return sorted(days)
