"""Time-interpolated SAR from the training days alone, and the age of the nearest of them."""

from pathlib import Path

from daymelt.core import cube
from daymelt.core.dates import season_days
from daymelt.core.digests import combine
from daymelt.core.encoding import PERCENT, SAR_AGE
from daymelt.core.manifest import checksum
from daymelt.science.temporal import observation_age, window_mean
from daymelt.settings.inputs import Seasons
from daymelt.settings.processing import Temporal
from daymelt.steps.prepare.acquisitions import gaps_as_text, open_acquisitions
from daymelt.steps.splits import read_split


def training_pool(
    season: int,
    sar: list[Path],
    split: Path,
    out: Path,
    age: Path,
    seasons: Seasons,
    temporal: Temporal,
) -> None:
    """Average the neighbouring training acquisitions of every day of a season, and count the days
    to the nearest.
    """
    before, after = temporal.acquisitions_before, temporal.acquisitions_after
    days = season_days(season, seasons.months)
    splits = read_split(split)
    with open_acquisitions(season, sar, before + after) as acquired:
        pool = [index for index, day in enumerate(acquired.days) if splits[day] == "train"]
        fields, trained = acquired.fields.chosen(pool), [acquired.days[index] for index in pool]
        about = {
            "inputs": combine([acquired.digest, checksum(split)]),
            "gaps": gaps_as_text(trained, days),
        }
        means = window_mean(fields, trained, days, before, after)
        cube.write_stream(out, means, grid=acquired.grid, encoding=PERCENT, attributes=about)
        cube.write_stream(
            age,
            observation_age(fields, trained, days),
            grid=acquired.grid,
            encoding=SAR_AGE,
            attributes=about,
        )
