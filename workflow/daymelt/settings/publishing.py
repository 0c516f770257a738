"""Settings of the stage publish: season maps, regions, and what is put on a server."""

from pathlib import Path

from pydantic import Field

from daymelt.settings.base import Integer, Number, Positive, Section, Text


class SeasonMaps(Section):
    """Onset, end, days and sum of melt of a season, and how much of it was observed."""

    observed_within_days: Integer = Field(
        6,
        ge=0,
        le=60,
        description="a day of a cell is observed where an acquisition of the cell is at most this "
        "far away, days; 6: every day between the passes of one satellite",
    )
    least_observed: Number = Field(
        0.5,
        ge=0,
        le=1,
        description="counts and sums of a cell with a smaller share of observed days are no data, "
        "0 to 1",
    )
    least_seasons: Positive = Field(
        3, description="fewest seasons of a climatology; a cell with fewer is no data"
    )


class Regions(Section):
    """Regions whose melt extent is told each day, beside the whole area."""

    file: Path | None = Field(
        None,
        strict=False,
        description="polygons of a vector file (GeoPackage, Shapefile, GeoJSON); null for none",
    )
    name_field: Text = Field(
        "name", description="field of that file that holds the name of a region"
    )
    crs: Text | None = Field(
        None, description="crs of that file if it states none; null refuses such a file"
    )
    elevation_band_m: Number | None = Field(
        500,
        gt=0,
        le=10_000,
        description="height of the elevation bands that are regions too, m; null for none",
    )


class Publish(Section):
    """What `snakemake publish` makes of the maps."""

    cube_inputs: bool = Field(
        False,
        description="put the inputs of the maps into the cube too: Sentinel-1, its interpolation, "
        "MAR and passive microwave",
    )
    license: Text = Field(
        "other",
        description="licence of the maps as the catalogue states it: an SPDX identifier, such as "
        "CC-BY-4.0, or other",
    )
    viewer_offline: bool = Field(
        False,
        description="put the libraries of the viewer beside its page, after npm ci --prefix "
        "viewer; false: a browser takes them from the network",
    )
