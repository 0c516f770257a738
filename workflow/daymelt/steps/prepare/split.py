"""Which acquisition days train, validate and test."""

import datetime as dt
import logging
from collections.abc import Mapping
from pathlib import Path

from daymelt.core.dates import season_days
from daymelt.core.split_files import read_rows
from daymelt.science.split import (
    blocked,
    check_split,
    hindcast,
    leave_one_year_out,
    split_days,
    without_training_days,
)
from daymelt.science.temporal import acquisition_gaps, describe_gaps
from daymelt.settings.inputs import Seasons
from daymelt.settings.processing import Split
from daymelt.settings.protocols import BLOCKED, HINDCAST, LEAVE_OUT, PUBLISHED
from daymelt.steps.prepare.acquisitions import open_acquisitions
from daymelt.steps.splits import fit_without_strays, write_split

log = logging.getLogger(__name__)


def split(
    name: str, season: int, sar: list[Path], out: Path, split: Split, seasons: Seasons
) -> None:
    """Assign every acquisition day of a season to training, validation or test, by the rule of the
    split called `name`.

    The split `published` is drawn from the seed or read from a file; the others are the protocols
    of `daymelt.settings.protocols`. Warned of are long gaps between acquisitions, and a season
    without a training day.
    """
    with open_acquisitions(season, sar) as opened:
        acquired = opened.days
    if gaps := acquisition_gaps(acquired, season_days(season, seasons.months)):
        log.warning("season %d: no Sentinel-1 acquisition in %s", season, describe_gaps(gaps))
    if name == PUBLISHED and split.file is not None:
        rows = [(day, part) for day, part in read_rows(split.file) if day.year == season]
        fit = fit_without_strays if split.strays == "leave-out" else check_split
        chosen: Mapping[dt.date, str] = fit(rows, acquired, str(split.file))
    else:
        chosen = drawn(name, acquired, split)
    if name == PUBLISHED and "train" not in chosen.values():
        log.warning("season %d: %s", season, without_training_days(chosen))
    write_split(out, chosen)


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
