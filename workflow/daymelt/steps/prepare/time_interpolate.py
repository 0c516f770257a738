"""Time-interpolated SAR and the age of the nearest observation, every day of a season."""

from pathlib import Path

from daymelt.core import cube
from daymelt.core.dates import season_days
from daymelt.core.encoding import PERCENT, SAR_AGE
from daymelt.science.temporal import observation_age, window_mean
from daymelt.settings.inputs import Seasons
from daymelt.settings.processing import Temporal
from daymelt.steps.prepare.acquisitions import gaps_as_text, open_acquisitions
from daymelt.steps.prepare.gaps import warn_of_gaps


def time_interpolate(
    season: int, sar: list[Path], out: Path, age: Path, seasons: Seasons, temporal: Temporal
) -> None:
    """Average the neighbouring acquisitions of every day, whatever their split, and count the days
    to the nearest.
    """
    before, after = temporal.acquisitions_before, temporal.acquisitions_after
    days = season_days(season, seasons.months)
    with open_acquisitions(season, sar, before + after) as acquired:
        about = {"inputs": acquired.digest, "gaps": gaps_as_text(acquired.days, days)}
        means = window_mean(acquired.fields, acquired.days, days, before, after)
        cube.write_stream(out, means, grid=acquired.grid, encoding=PERCENT, attributes=about)
        ages = observation_age(acquired.fields, acquired.days, days)
        cube.write_stream(age, ages, grid=acquired.grid, encoding=SAR_AGE, attributes=about)
        warn_of_gaps(season, days, acquired.days)
