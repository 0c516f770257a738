"""The daily melt extents of the regions of an area as one table."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from daymelt.api.finished import finished, folder_of
from daymelt.core.errors import FormatError, cause_of
from daymelt.plan import places

if TYPE_CHECKING:
    import pandas as pd


def read_regions(
    area: str | os.PathLike[str], model: str | None = None, seasons: Iterable[int] | None = None
) -> "pd.DataFrame":
    """Read the daily melt extents of the regions of an area.

    Parameters
    ----------
    area, model, seasons : as for `daymelt.open`

    Returns
    -------
    pandas.DataFrame
        A row a day and region, by season, day and region: `date`, `region`, `melt_extent_km2`, its
        bounds `melt_extent_low_km2` and `melt_extent_high_km2` where the model has an interval,
        `mean_fraction` (0-1), `area_km2` and `observed_share` (0-1).

    Raises
    ------
    MissingInputError
        There are no extents, or none of the model or a season that is asked for.
    ConfigError
        There are several models and none is named.
    FormatError
        A file is not one that the workflow wrote.

    Examples
    --------
    >>> import daymelt
    >>> extents = daymelt.regions("results/small")
    >>> whole = extents[extents.region == "whole area"].set_index("date").melt_extent_km2
    >>> len(whole)
    60
    """
    import pandas as pd

    place = places.REGION_EXTENTS["parquet"]
    _, files = finished(folder_of(area), place, "snakemake", model, seasons)
    return pd.concat([_season(path) for path in files.values()], ignore_index=True)


def _season(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    try:
        table = pd.read_parquet(path)
        table["date"] = pd.to_datetime(table["date"])
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"{path}: no table of extents ({cause_of(error)}); delete it and run `snakemake` again"
        ) from None
    return table
