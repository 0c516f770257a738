"""Write the STAC items of the maps of seasons and of their climatology."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from daymelt.core.dates import season_days
from daymelt.core.encoding import Encoding
from daymelt.products import stac_seasons
from daymelt.products.map_index import MapFile, check_content, check_grid
from daymelt.products.season_files import file_name
from daymelt.products.stac_parts import Member, Product
from daymelt.products.stac_seasons import Made, Span
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.publishing import Publish
from daymelt.steps.publish.documents import product_of, write_if_changed
from daymelt.steps.publish.layers import span_of
from daymelt.steps.publish.made_maps import (
    ANOMALIES,
    MEANS,
    MadeMaps,
    check_models,
    read_made_maps,
    read_seasons,
)

SEASON_ITEM, MEAN_ITEM, COLLECTION = "item.json", "item.json", "collection.json"
TITLES = {"seasons": "Melt seasons", "climatology": "Mean of the melt seasons and their anomalies"}


def stac_season_maps(
    season_lists: list[Path],
    climatology: list[Path],
    out: Path,
    model: str,
    area: Area,
    seasons: Seasons,
    publish: Publish,
) -> None:
    """Write an item for each season, and for their mean and the anomalies; a document that would be
    the same is not written again.

    Parameters
    ----------
    season_lists : lists of the maps of each season, which lie in folders beside `out`
    climatology : list of their mean and anomalies; empty: there is none
    out : document of the seasons, written last
    model : name of the model

    Raises
    ------
    MissingInputError, FormatError
        Maps are missing, are of two models, or are not those of their list.
    """
    lists = read_seasons(season_lists)
    means = [read_made_maps(path, of_season=False) for path in climatology]
    check_models([*lists, *means])
    product = product_of(model, area, publish)
    every = {made.season: season_of(made, seasons) for made in lists}
    of_mean = [found for made in means for found in climatology_of(made, list(every.values()))]
    for found in (*every.values(), *of_mean):
        check_files(found, product)
    span = span_of(next(iter(every)), seasons)
    for made in lists:
        item = stac_seasons.made_item(product, every[made.season], "seasons", "..")
        write_if_changed(made.path.parent / SEASON_ITEM, item)
    for made in means:
        write_climatology(made.path.parent, of_mean, product, span)
    document = stac_seasons.made_collection(
        product,
        "seasons",
        TITLES["seasons"],
        list(every.values()),
        [Member(f"./{made.path.parent.name}/{SEASON_ITEM}", str(made.season)) for made in lists],
        [
            Member(f"../{made.path.parent.name}/{COLLECTION}", TITLES["climatology"])
            for made in means
        ],
        "../collection.json",
        span,
    )
    write_if_changed(out, document)


def season_of(made: MadeMaps, seasons: Seasons) -> Made:
    """The maps of a season as an item."""
    days = season_days(made.season, seasons.months)
    encodings = made.layers(made.season)
    return Made(
        f"season-{made.season}",
        f"Melt season {made.season}",
        (days[0], days[-1]),
        {layer: made.file(file_name(layer, made.season)) for layer in encodings},
        encodings,
        made.digest()[:16],
        made.model_checksum,
    )


def climatology_of(made: MadeMaps, seasons: list[Made]) -> Iterator[Made]:
    """The mean of the seasons as an item, then the anomalies of each."""
    version, model = made.digest()[:16], made.model_checksum
    dates = seasons[0].dates[0], seasons[-1].dates[1]
    files = {layer: made.file(layer) for layer in MEANS}
    yield Made("mean", "Mean of the melt seasons", dates, files, MEANS, version, model)
    for season in seasons:
        year = season.dates[0].year
        yield Made(
            f"anomaly-{year}",
            f"Melt season {year} minus the mean",
            season.dates,
            anomaly_files(made, year),
            ANOMALIES,
            version,
            model,
        )


def anomaly_files(made: MadeMaps, year: int) -> Mapping[str, MapFile]:
    """The anomalies of a season by their layer."""
    return {layer: made.file(file_name(layer, year)) for layer in ANOMALIES}


def check_files(made: Made, product: Product) -> None:
    """Check every file of an item against its list and the grid."""
    for layer, file in made.files.items():
        encoding: Encoding = made.encodings[layer]
        check_content(file)
        check_grid(file, product.grid, encoding)


def write_climatology(folder: Path, every: list[Made], product: Product, span: Span) -> None:
    """Write the items of mean and anomalies beside their maps, then their collection."""
    names = [MEAN_ITEM, *(f"{made.name}.json" for made in every[1:])]
    for name, made in zip(names, every, strict=True):
        item = stac_seasons.made_item(product, made, "climatology", ".")
        write_if_changed(folder / name, item)
    members = [Member(f"./{name}", made.title) for name, made in zip(names, every, strict=True)]
    document = stac_seasons.made_collection(
        product,
        "climatology",
        TITLES["climatology"],
        every,
        members,
        [],
        "../seasons/collection.json",
        span,
    )
    write_if_changed(folder / COLLECTION, document)
