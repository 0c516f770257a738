"""The files of the published dataset from which an area is configured: the mask, which gives the
grid, the DEM and the lists of days.
"""

import logging
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from daymelt.archives import hub
from daymelt.archives.remote import human
from daymelt.core.dates import season_days, winter_days
from daymelt.core.errors import MissingInputError
from daymelt.settings.inputs import MeltwaterBench, Microwave, Seasons
from daymelt.sources.meltwaterbench import layout

log = logging.getLogger(__name__)


def retrieve_meltwaterbench(
    out: Path,
    meltwaterbench: MeltwaterBench,
    seasons: Seasons,
    microwave: Microwave,
    dry_run: bool = False,
) -> None:
    """Fetch mask, DEM and split files of the published dataset from the hub into the data root
    `out`.

    The daily rasters follow when the workflow runs; their number and volume are printed first. The
    split files are part of the code that the dataset belongs to; where the dataset does not hold
    them, a message says where to put them.
    """
    named = hub.Dataset(meltwaterbench.repo, meltwaterbench.revision, meltwaterbench.endpoint)
    dataset = hub.Dataset(named.repo, hub.resolve(named), named.endpoint)
    files = [
        file
        for path in (layout.MASK, layout.HEIGHT)
        for file in hub.listing(dataset, path.parent)
        if file.path == path
    ]
    if len(files) < 2:
        raise MissingInputError(
            f"dataset {named.repo}: no {layout.MASK} and {layout.HEIGHT}; check "
            "meltwaterbench.revision"
        )
    check_years(dataset, seasons)
    files += split_files(dataset)
    for file in files:
        print(f"{human(file.size):>10}  {file.path}")
    print("\n".join(volumes(dataset, seasons, microwave)))
    if not dry_run:
        hub.fetch(dataset, files, out)


def volumes(dataset: hub.Dataset, seasons: Seasons, microwave: Microwave) -> Iterator[str]:
    """What the workflow will fetch of the daily rasters, a line a source, and the sum."""
    summer = {day for year in seasons.years for day in season_days(year, seasons.months)}
    winter = {day for year in seasons.years for day in winter_days(year, microwave.winter_months)}
    total = 0
    for folder in layout.OF_DAYS.values():
        days = summer | winter if folder == layout.MICROWAVE else summer
        sizes = [f.size for f in hub.listing(dataset, folder) if layout.day_of(f.path.name) in days]
        total += sum(sizes)
        yield f"{human(sum(sizes)):>10}  in {len(sizes)} files, when the workflow runs: {folder}"
    years = ", ".join(map(str, seasons.years))
    yield f"{human(total):>10}  at most for {years}; less where winter means are in the dataset"


def check_years(dataset: hub.Dataset, seasons: Seasons) -> None:
    """MissingInputError where the dataset has no day of a year."""
    for folder in layout.OF_DAYS.values():
        days = (layout.day_of(file.path.name) for file in hub.listing(dataset, folder))
        held = sorted({day.year for day in days if day is not None})
        lacking = [year for year in seasons.years if year not in held]
        if lacking:
            raise MissingInputError(
                f"seasons.years: found {lacking[0]}, of which {folder} of the dataset has no day; "
                f"expected years that it has, {', '.join(map(str, held)) or 'none'}"
            )


def split_files(dataset: hub.Dataset) -> list[hub.HubFile]:
    """The lists of days of every model that the dataset has."""
    try:
        models = hub.folders(dataset, PurePosixPath("runs"))
        return [
            file
            for model in models
            for file in hub.listing(dataset, layout.split_folder(model.name))
            if file.path.suffix == ".csv"
        ]
    except MissingInputError:
        where = layout.split_folder("MODEL")
        log.warning(
            "%s: no split files at %s; put train.csv, val.csv and test.csv into the folder of "
            "split.file",
            dataset.repo,
            where,
        )
        return []
