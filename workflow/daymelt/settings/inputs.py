"""Settings of the inputs: the area, the seasons, each source and its provider, the archives, the
twin.
"""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from daymelt.core.grid import Grid, check_crs, transformer
from daymelt.settings.base import (
    NAME,
    Integer,
    Month,
    Number,
    Platform,
    Section,
    Year,
    rising,
    winter,
)

STATION_NAME = re.compile(
    "[A-Za-z0-9]+([_-][A-Za-z0-9]+)*"
)  # it becomes part of an address and of file names

TWIN_MONTHS = range(1, 10)  # that the twin's world covers


class Area(Section):
    """Where: the study grid, north up, square cells. The default is a window over the front of
    Helheim Glacier.
    """

    name: str = Field(
        "embedded",
        pattern=NAME,
        max_length=60,
        description="folder name of the area: small letters, digits and hyphens",
    )
    crs: str = Field(
        "EPSG:3413",
        description="any projected coordinate reference system in metres: EPSG code, WKT or PROJ",
    )
    spacing_m: Number = Field(100, gt=0, description="side of a cell, m")
    left: Number = Field(294900, description="outer edge of the first column, m in the crs")
    top: Number = Field(-2566500, description="outer edge of the first row, m in the crs")
    rows: Integer = Field(256, ge=1, description="number of cells from top to bottom")
    columns: Integer = Field(256, ge=1, description="number of cells from left to right")
    # the jobs get what was read from it, so that a raster that moves makes nothing due again
    grid_file: Path | None = Field(
        None,
        strict=False,
        exclude=True,
        description="a raster that crs, spacing, corner and size are read from instead; null for "
        "none",
    )

    @field_validator("crs")
    @classmethod
    def _crs(cls, value: str) -> str:
        check_crs(value)
        return value

    @property
    def grid(self) -> Grid:
        """The study grid."""
        return Grid(self.crs, self.spacing_m, self.left, self.top, self.rows, self.columns)

    @property
    def latitude(self) -> float:
        """Latitude of the centre, degrees north; infinite where the projection has none."""
        left, bottom, right, top = self.grid.bounds
        centre = (left + right) / 2, (bottom + top) / 2
        return float(transformer(self.crs, "EPSG:4326").transform(*centre)[1])


class Seasons(Section):
    """When: every day of these months in each of these years is mapped."""

    years: tuple[Year, ...] = Field(
        (2017, 2018, 2019, 2020, 2021, 2022, 2023),
        min_length=1,
        strict=False,
        description="calendar years, rising",
    )
    months: tuple[Month, ...] = Field(
        (4, 5, 6, 7, 8, 9),
        min_length=1,
        strict=False,
        description="months of the melt season, consecutive numbers 1 to 12",
    )

    @field_validator("years")
    @classmethod
    def _years(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return rising(value)

    @field_validator("months")
    @classmethod
    def _months(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != list(range(value[0], value[0] + len(value))):
            raise ValueError(
                f"found {list(value)}; expected consecutive months, such as [4, 5, 6, 7, 8, 9]"
            )
        return value


class Sentinel1(Section):
    """Sentinel-1 backscatter (radiometrically terrain-corrected gamma0)."""

    provider: Literal["twin", "opera", "planetary-computer", "meltwaterbench"] = Field(
        "twin", description="where the files come from"
    )
    polarisation: Literal["hh", "hv", "vv", "vh"] = Field(
        "hh", description="transmitted and received; Greenland is acquired in hh"
    )
    spacing_m: Number = Field(
        30,
        gt=0,
        description="side of a backscatter cell, m: 30 for opera, 10 for planetary-computer",
    )
    keep_raw: bool = Field(
        True,
        description="whether a month's files stay once its winter reference and melt fractions "
        "stand",
    )


class Microwave(Section):
    """Passive microwave brightness temperature (enhanced resolution, NSIDC-0630)."""

    provider: Literal["twin", "nsidc-0630", "meltwaterbench"] = Field(
        "twin", description="where the files come from"
    )
    platform: Platform = Field("F17", description="satellite of the SSMIS radiometer")
    fallback_platforms: tuple[Platform, ...] = Field(
        (),
        strict=False,
        description="satellites that stand in on days that it lacks, in this order; they pass at "
        "other local times",
    )
    overpass: Literal["M", "E"] = Field(
        "M", description="local time of the overpass: M morning, E evening"
    )
    channel: Literal["37H"] = Field(
        "37H",
        description="37H: 37 GHz, horizontal polarisation, the channel that the melt threshold "
        "is made for",
    )
    winter_months: tuple[Month, ...] = Field(
        (1, 2),
        min_length=1,
        strict=False,
        description="months of the dry-snow mean, in order of time: 7 to 12 are of the year "
        "before the season",
    )
    longest_gap_days: Integer = Field(
        5, ge=0, le=30, description="missing days in a row that may be filled, linear in time, days"
    )

    @field_validator("winter_months")
    @classmethod
    def _winter(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return winter(value)

    @field_validator("fallback_platforms")
    @classmethod
    def _fallback(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if len(set(value)) < len(value) or info.data.get("platform") in value:
            raise ValueError(
                f"found {list(value)}; expected each satellite once, and not microwave.platform"
            )
        return value


class Mar(Section):
    """MAR regional climate model."""

    provider: Literal["twin", "mar-http", "meltwaterbench"] = Field(
        "twin", description="where the files come from"
    )
    variable: Literal["WA1"] = Field(
        "WA1", description="WA1: liquid water content of snow, kg/kg, a profile"
    )
    depth_m: Number = Field(
        1.0,
        gt=0,
        le=20,
        description="the uppermost part of the snow that the profile is averaged over, m",
    )
    longest_gap_days: Integer = Field(
        0,
        ge=0,
        le=30,
        description="missing days in a row that may be filled, linear in time, days; for daily "
        "rasters (meltwaterbench)",
    )


class Terrain(Section):
    """Surface height with the ocean and ice masks."""

    provider: Literal["twin", "arcticdem", "nsidc-0645", "meltwaterbench"] = Field(
        "twin", description="where the files come from"
    )


class Archives(Section):
    """Addresses of the archives that live providers retrieve from, and how patiently; without
    effect on the provider twin.
    """

    cmr: str = Field(
        "https://cmr.earthdata.nasa.gov/search/", description="granule search of NASA's archives"
    )
    earthdata_login: str = Field(
        "urs.earthdata.nasa.gov",
        description="host of Earthdata Login; name and password go to it alone",
    )
    earthdata_hosts: tuple[str, ...] = Field(
        (
            "datapool.asf.alaska.edu",
            "cumulus.asf.alaska.edu",
            "data.nsidc.earthdatacloud.nasa.gov",
            "daacdata.apps.nsidc.org",
        ),
        strict=False,
        description="hosts that the Earthdata token may go to",
    )
    microwave_granules: str = Field(
        "*N3.125km?{platform}_*{channel}*",
        description="granule names of NSIDC-0630, with * and ?; {platform} and {channel} are "
        "filled in",
    )
    height_names: tuple[str, ...] = Field(
        ("gimpdem_90m_v*.tif", "gimpdem_90m*.tif"),
        min_length=1,
        strict=False,
        description="file names of the GIMP DEM in NSIDC-0645; the first that any file fits "
        "decides",
    )
    ocean_mask_names: tuple[str, ...] = Field(
        ("GimpOceanMask_90m_2015_v*.tif", "GimpOceanMask_90m_v*.tif", "GimpOceanMask_90m*.tif"),
        min_length=1,
        strict=False,
        description="those of the ocean mask in NSIDC-0714",
    )
    ice_mask_names: tuple[str, ...] = Field(
        ("GimpIceMask_90m_2015_v*.tif", "GimpIceMask_90m_v*.tif", "GimpIceMask_90m*.tif"),
        min_length=1,
        strict=False,
        description="those of the ice mask in NSIDC-0714",
    )
    benchmark: str = Field(
        "https://huggingface.co/datasets/blutjens/meltwaterbench/resolve/main/",
        description="files of the published benchmark, whose grid `daymelt probe` reads",
    )
    mar_5km: str = Field(
        "http://ftp.climato.be/fettweis/MARv3.14/Greenland/ERA5-5km-daily/",
        description="folder of MAR's yearly files of 5 km, taken first",
    )
    mar_10km: str = Field(
        "http://ftp.climato.be/fettweis/MARv3.14/Greenland/ERA5-10km-daily/",
        description="those of 10 km, where 5 km lacks the variable",
    )
    promice: str = Field(
        "https://thredds.geus.dk/thredds/fileServer/aws/l3sites/netcdf/hour/{station}_hour.nc",
        description="hourly file of a weather station; {station} stands for its name",
    )
    arcticdem: str = Field(
        "/vsis3/pgc-opendata-dems/arcticdem/mosaics/v4.1/32m_dem_tiles.vrt",
        description="the 32 m mosaic of ArcticDEM, as GDAL names it",
    )
    s3_endpoint: str = Field("s3.amazonaws.com", description="host of the bucket's service")
    s3_https: bool = Field(True, description="whether that is asked by https")
    s3_virtual_hosting: bool = Field(
        True, description="whether the bucket is part of the host name"
    )
    stac: str = Field(
        "https://planetarycomputer.microsoft.com/api/stac/v1",
        description="search of the Planetary Computer",
    )
    sas: str = Field(
        "https://planetarycomputer.microsoft.com/api/sas/v1/token",
        description="desk that signs its addresses",
    )
    sas_hosts: tuple[str, ...] = Field(
        (".blob.core.windows.net",), strict=False, description="hosts whose addresses it signs"
    )
    connections_per_host: Integer = Field(
        4, ge=1, le=32, description="files fetched at once from one host"
    )
    timeout_s: Number = Field(
        60, gt=0, description="without an answer or a byte for so long an attempt is given up, s"
    )
    attempts: Integer = Field(
        6, ge=1, le=50, description="attempts in a row without progress before a file is given up"
    )

    @field_validator("microwave_granules")
    @classmethod
    def _granules(cls, value: str) -> str:
        try:
            value.format(platform="F17", channel="37H")
        except (LookupError, ValueError, AttributeError):
            raise ValueError(
                f"found {value!r}; expected a pattern with no other braces than {{platform}} and "
                f"{{channel}}"
            ) from None
        return value


class MeltwaterBench(Section):
    """The published dataset behind the provider `meltwaterbench`; without effect on other
    providers.
    """

    folder: Path | None = Field(
        None,
        strict=False,
        description="data root of a local copy, used where it lies; null fetches what is needed "
        "from the hub",
    )
    repo: str = Field(
        "blutjens/meltwaterbench", min_length=1, description="dataset on the Hugging Face hub"
    )
    revision: str = Field("main", min_length=1, description="its branch, tag or commit")
    endpoint: str = Field(
        "https://huggingface.co",
        min_length=1,
        description="address of the hub; the token in HF_TOKEN goes to it alone",
    )


class Twin(Section):
    """The synthetic world behind the provider `twin`; without effect on other providers."""

    seed: Integer = Field(
        42,
        ge=0,
        le=2**32 - 1,
        description="another seed, another world; the same seed, the same bytes",
    )


class Station(Section):
    """A weather station and where it stands."""

    name: str = Field(max_length=60, description="as its file is called")
    lat: Number = Field(ge=-90, le=90, description="degrees north, WGS84")
    lon: Number = Field(ge=-180, le=180, description="degrees east, WGS84")

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not STATION_NAME.fullmatch(value):
            raise ValueError(
                f"found {value!r}; expected letters, digits and single hyphens or underscores "
                "between them, such as TAS_L"
            )
        return value


class Stations(Section):
    """Weather stations that the maps are compared with, day by day; those outside the area are left
    out.
    """

    provider: Literal["twin", "promice"] = Field("twin", description="where the files come from")
    sites: tuple[Station, ...] = Field(
        (
            Station(name="TWIN_L", lat=66.3321, lon=-38.2631),
            Station(name="TWIN_M", lat=66.345, lon=-38.3481),
            Station(name="TWIN_U", lat=66.4175, lon=-38.3715),
        ),
        strict=False,
        description="name, latitude and longitude (degrees) of each; [] for none",
    )
    variable: str = Field(
        "t_surf",
        min_length=1,
        description="variable of the files, such as t_surf (surface) or t_u (air)",
    )
    units: str = Field(
        "degC",
        min_length=1,
        description="its unit; degC takes kelvin too, any other must be that of the files",
    )
    threshold: Number = Field(
        -1.0, description="a day melts where the variable exceeds it, in that unit"
    )
    rule: Literal["hour", "daily-maximum"] = Field(
        "hour", description="which value of a day counts: that of one hour, or the highest"
    )
    hour: Integer = Field(7, ge=0, le=23, description="the hour of the rule hour, UTC")

    @field_validator("sites")
    @classmethod
    def _sites(cls, value: tuple[Station, ...]) -> tuple[Station, ...]:
        names = [site.name for site in value]
        if len({name.lower() for name in names}) < len(names):
            raise ValueError(f"found {names}; expected each name once")
        return value
