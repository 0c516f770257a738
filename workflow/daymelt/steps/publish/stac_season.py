"""Put the maps of a season among the published files, and write their STAC items."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daymelt.core.dates import season_days
from daymelt.products import stac, stac_parts
from daymelt.products.map_files import AGE_STYLE, MELT_STYLE
from daymelt.products.map_index import (
    ENCODINGS,
    MapIndex,
    check_content,
    check_grid,
    file_of,
    read_map_index,
)
from daymelt.products.shared_files import remove_others, share
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import Publish
from daymelt.steps.publish.documents import product_of, write_if_changed

STYLES = (MELT_STYLE, AGE_STYLE)


def stac_season(
    maps: Path,
    netcdf: Path,
    out: Path,
    model: str,
    area: Area,
    seasons: Seasons,
    publish: Publish,
) -> None:
    """Write the items of a season; a document that would be the same is not written again.

    Parameters
    ----------
    maps : list of the season's daily maps
    netcdf : the season as one file
    model : name of the model
    out : document of the season, written last; the maps and their items lie beside it

    Raises
    ------
    MissingInputError, FormatError
        Maps are missing, or are not those of their list.
    """
    index = read_map_index(maps)
    dates = season_days(index.season, seasons.months)
    product = product_of(model, area, publish)
    days = list(days_of(index, dates, product))
    for day in days:
        publish_day(out.parent, product, index.season, day)
    for name in STYLES:
        share(maps.parent / name, out.parent / name)
    remove_others(out.parent, set(names_of(days)) | {out.name})
    document = stac.season(product, index.season, days, assets(netcdf, out.parent, index.season))
    write_if_changed(out, document)


def days_of(
    index: MapIndex, dates: list[dt.date], product: stac_parts.Product
) -> Iterator[stac.Day]:
    """The days of a season, after a check of every map against its list."""
    layers = index.layers(dates)
    for date in dates:
        files = {layer: index.file(layer, date) for layer in layers}
        for layer, file in files.items():
            check_content(file)
            check_grid(file, product.grid, ENCODINGS[layer])
        yield stac.Day(date, files, index.digest(layers, date)[:16], notes(index, date))


def notes(index: MapIndex, day: dt.date) -> dict[str, str | bool]:
    """Whether a day had all its inputs, which were filled, absent or withheld, and the model."""
    gap = index.gap(day)
    said = {
        "filled": index.filled.get(day),
        "sar_gap": f"{gap[0]}/{gap[1]}" if gap else None,
        "without": ", ".join(index.without),
    }
    found = {name: text for name, text in said.items() if text}
    return {"complete": not found, **found, "model": index.model_checksum}


def publish_day(folder: Path, product: stac_parts.Product, season: int, day: stac.Day) -> None:
    """Put the files of a day into a folder, then its item."""
    for file in day.files.values():
        share(file.path, folder / file.path.name)
    write_if_changed(folder / f"{day.date}.json", stac.item(product, season, day))


def names_of(days: list[stac.Day]) -> Iterator[str]:
    """Names of the files of a season."""
    yield from STYLES
    for day in days:
        yield f"{day.date}.json"
        yield from (file.path.name for file in day.files.values())


def assets(netcdf: Path, folder: Path, season: int) -> dict[str, Any]:
    """Files of a season as a whole, by their addresses from a folder."""
    href = os.path.relpath(netcdf, folder)
    file = file_of(netcdf)
    found = {
        "netcdf": stac_parts.file_asset(
            href, f"All maps of {season}", stac_parts.NETCDF, ["data"], file
        )
    }
    styles = {name.partition(".")[0]: name for name in STYLES}
    return found | {
        f"{name}_style": stac_parts.file_asset(
            f"./{path}", f"QGIS style, {name}", stac_parts.XML, ["style"]
        )
        for name, path in styles.items()
    }
