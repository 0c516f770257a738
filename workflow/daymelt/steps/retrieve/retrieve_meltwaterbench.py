"""The files of the published dataset from which an area is configured: the mask, which gives the
grid, the DEM and the lists of days.
"""

import logging
from pathlib import Path, PurePosixPath

from daymelt.archives import hub
from daymelt.core.errors import MissingInputError
from daymelt.settings.inputs import MeltwaterBench
from daymelt.sources.meltwaterbench import layout

log = logging.getLogger(__name__)


def retrieve_meltwaterbench(
    out: Path, meltwaterbench: MeltwaterBench, dry_run: bool = False
) -> None:
    """Fetch mask, DEM and split files of the published dataset from the hub into the data root
    `out`.

    The daily rasters follow when the workflow runs. The split files are part of the code that the
    dataset belongs to; where the dataset does not hold them, a message says where to put them.
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
    files += split_files(dataset)
    if dry_run:
        print("\n".join(f"{file.size:>12}  {file.path}" for file in files))
        return
    hub.fetch(dataset, files, out)


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
