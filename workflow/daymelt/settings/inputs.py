"""Settings of the inputs: area, seasons, sources with their providers, archives and the twin."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from daymelt.core.grid import Grid, check_crs, transformer
from daymelt.settings.base import (
    NAME,
    Integer,
    Month,
    Number,
    Platform,
    Section,
    Text,
    Year,
    memory_of,
    read_number,
    rising,
    winter,
)

STATION_NAME = re.compile("[A-Za-z0-9]+([_-][A-Za-z0-9]+)*")  # part of addresses and file names
ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
HOST = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:[0-9]+)?")
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
STATION = "{station}"
FARTHEST_M = 20_100_000  # half of the earth's circumference: no projection in use reaches farther
MOST_CELLS = 2_000_000_000  # five times Greenland at 100 m
TWIN_MONTHS = range(1, 10)  # that the twin's world covers
TWIN_REACH_M = 12_000.0  # beyond the area, of the twin's passive microwave


Coordinate = Annotated[float, Field(ge=-FARTHEST_M, le=FARTHEST_M), BeforeValidator(read_number)]


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
    left: Coordinate = Field(294900, description="outer edge of the first column, m in the crs")
    top: Coordinate = Field(-2566500, description="outer edge of the first row, m in the crs")
    rows: Integer = Field(256, ge=1, description="number of cells from top to bottom")
    columns: Integer = Field(256, ge=1, description="number of cells from left to right")
    # excluded from what jobs are given: they get the grid that was read from it
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

    @field_validator("spacing_m")
    @classmethod
    def _spacing(cls, value: float) -> float:
        if value < 1:
            raise ValueError(f"found {value:g} m; expected at least 1 m, finer than any input")
        return value

    @field_validator("rows", "columns")
    @classmethod
    def _side(cls, value: int, info: ValidationInfo) -> int:
        spacing_m = info.data.get("spacing_m", 1)
        if value * spacing_m > 2 * FARTHEST_M:
            raise ValueError(
                f"found {value}, {value * spacing_m / 1000:.4g} km at {spacing_m:g} m; expected at "
                f"most {2 * FARTHEST_M // spacing_m:.0f}, once around the earth"
            )
        return value

    @field_validator("columns")
    @classmethod
    def _cells(cls, value: int, info: ValidationInfo) -> int:
        cells = value * info.data.get("rows", 1)
        if cells > MOST_CELLS:
            raise ValueError(
                f"found {value}, with area.rows {cells:.4g} cells, {memory_of(cells)} for one day "
                f"of one input; expected at most {MOST_CELLS:.4g} cells"
            )
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
        if (
            len(value) > 1
            and all(following == month % 12 + 1 for month, following in pairwise(value))
            and value[0] > value[-1]
        ):
            raise ValueError(
                f"found {list(value)}, a season over New Year; expected months of one calendar "
                "year, as such seasons and southern grids are not supported yet"
            )
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
        ge=1,
        description="side of a backscatter cell, m: 30 for opera, 10 for planetary-computer",
    )
    keep_raw: bool = Field(
        True,
        description="keep raw scenes after use in winter references and melt fractions",
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
        description="satellites for days without data of `platform`, in this order; they pass at "
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
        5, ge=0, le=30, description="longest run of missing days that is filled linearly, days"
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
        description="longest run of missing days that is filled linearly, days; for daily rasters "
        "(meltwaterbench)",
    )


class Terrain(Section):
    """Surface height with the ocean and ice masks."""

    provider: Literal["twin", "arcticdem", "nsidc-0645", "meltwaterbench"] = Field(
        "twin", description="where the files come from"
    )


class Archives(Section):
    """Addresses of the archives of live providers, time-outs and retries; without effect on the
    provider twin.
    """

    cmr: str = Field(
        "https://cmr.earthdata.nasa.gov/search/", description="granule search of NASA's archives"
    )
    earthdata_login: str = Field(
        "urs.earthdata.nasa.gov",
        description="host of Earthdata Login, the only one that name and password are sent to",
    )
    earthdata_hosts: tuple[str, ...] = Field(
        (
            "datapool.asf.alaska.edu",
            "cumulus.asf.alaska.edu",
            "cumulus.asf.earthdatacloud.nasa.gov",
            "data.nsidc.earthdatacloud.nasa.gov",
            "daacdata.apps.nsidc.org",
        ),
        min_length=1,
        strict=False,
        description="hosts of the files of NASA's archives, which the Earthdata token may be sent "
        "to",
    )
    microwave_granules: str = Field(
        "*N3.125km?{platform}_*{channel}*",
        description="granule names of NSIDC-0630, with * and ?; {platform} and {channel} are "
        "filled in",
    )
    height_names: tuple[Text, ...] = Field(
        ("gimpdem_90m_v*.tif", "gimpdem_90m*.tif"),
        min_length=1,
        strict=False,
        description="file names of the GIMP DEM in NSIDC-0645; the first pattern with a match is "
        "used",
    )
    ocean_mask_names: tuple[Text, ...] = Field(
        ("GimpOceanMask_90m_2015_v*.tif", "GimpOceanMask_90m_v*.tif", "GimpOceanMask_90m*.tif"),
        min_length=1,
        strict=False,
        description="file names of the ocean mask in NSIDC-0714",
    )
    ice_mask_names: tuple[Text, ...] = Field(
        ("GimpIceMask_90m_2015_v*.tif", "GimpIceMask_90m_v*.tif", "GimpIceMask_90m*.tif"),
        min_length=1,
        strict=False,
        description="file names of the ice mask in NSIDC-0714",
    )
    benchmark: str = Field(
        "https://huggingface.co/datasets/blutjens/meltwaterbench/resolve/main/",
        description="files of the published benchmark; `daymelt probe` reads its grid",
    )
    mar_5km: str = Field(
        "http://ftp.climato.be/fettweis/MARv3.14/Greenland/ERA5-5km-daily/",
        description="folder of MAR's yearly files at 5 km, used first",
    )
    mar_10km: str = Field(
        "http://ftp.climato.be/fettweis/MARv3.14/Greenland/ERA5-10km-daily/",
        description="folder of those at 10 km, used where 5 km lacks the variable",
    )
    promice: str = Field(
        "https://thredds.geus.dk/thredds/fileServer/aws/l3sites/netcdf/hour/{station}_hour.nc",
        description="hourly file of a weather station; {station} is replaced by its name",
    )
    arcticdem: Text = Field(
        "/vsis3/pgc-opendata-dems/arcticdem/mosaics/v4.1/32m_dem_tiles.vrt",
        description="the 32 m mosaic of ArcticDEM, a path of GDAL",
    )
    s3_endpoint: str = Field(
        "s3.amazonaws.com", description="host of the S3 service of that mosaic"
    )
    s3_https: bool = Field(True, description="access the S3 service over https")
    s3_virtual_hosting: bool = Field(
        True, description="bucket as part of the host name, not of the path"
    )
    stac: str = Field(
        "https://planetarycomputer.microsoft.com/api/stac/v1",
        description="STAC endpoint of the Planetary Computer",
    )
    sas: str = Field(
        "https://planetarycomputer.microsoft.com/api/sas/v1/token",
        description="SAS token endpoint of the Planetary Computer",
    )
    sas_hosts: tuple[str, ...] = Field(
        (".blob.core.windows.net",),
        min_length=1,
        strict=False,
        description="hosts that SAS tokens are used with",
    )
    connections_per_host: Integer = Field(
        4, ge=1, le=32, description="concurrent downloads from one host"
    )
    timeout_s: Number = Field(
        60,
        ge=0.1,
        le=86400,
        description="longest wait for an answer or a byte before an attempt fails, s",
    )
    attempts: Integer = Field(
        6, ge=1, le=50, description="attempts in a row without progress before a download fails"
    )

    @field_validator("cmr", "benchmark", "mar_5km", "mar_10km", "promice", "stac", "sas")
    @classmethod
    def _address(cls, value: str) -> str:
        return address(value)

    @field_validator("promice")
    @classmethod
    def _station(cls, value: str) -> str:
        if STATION not in value:
            raise ValueError(f"found {value!r}; expected an address with {STATION} in it")
        return value

    @field_validator("earthdata_login", "s3_endpoint")
    @classmethod
    def _host(cls, value: str) -> str:
        return host(value)

    @field_validator("earthdata_hosts", "sas_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host(name) for name in value)

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


def address(value: str) -> str:
    """`value`; ValueError unless it is an address of http or https without login and query."""
    if not ADDRESS.fullmatch(value) or not has_port(value):
        raise ValueError(
            f"found {without_secrets(value)!r}; expected an address of http or https, without "
            "login and query"
        )
    return value


def without_secrets(value: str) -> str:
    """An address for a message: its login and its query, which may be secrets, as an ellipsis."""
    return re.sub(r"\?.*", "?…", re.sub(r"(^|//)[^/]*@", r"\1…@", value, flags=re.S), flags=re.S)


def has_port(url: str) -> bool:
    """True for an address with a host whose port, if it names one, is a port."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def host(value: str) -> str:
    """`value`; ValueError unless it is the name of a host, with a port if need be."""
    if not HOST.fullmatch(value) or not has_port(f"https://{value}"):
        raise ValueError(
            f"found {without_secrets(value)!r}; expected the name of a host, such as "
            "urs.earthdata.nasa.gov"
        )
    return value


class MeltwaterBench(Section):
    """The published dataset behind the provider `meltwaterbench`; without effect on other
    providers.
    """

    folder: Path | None = Field(
        None,
        strict=False,
        description="data root of a local copy, read in place; null downloads what is needed from "
        "the hub",
    )
    repo: str = Field(
        "blutjens/meltwaterbench", min_length=1, description="dataset on the Hugging Face hub"
    )
    revision: str = Field("main", min_length=1, description="branch, tag or commit of the dataset")
    endpoint: str = Field(
        "https://huggingface.co",
        min_length=1,
        description="address of the hub, the only host that the token in HF_TOKEN is sent to",
    )

    @field_validator("endpoint")
    @classmethod
    def _address(cls, value: str) -> str:
        return address(value)

    @field_validator("revision")
    @classmethod
    def _revision(cls, value: str) -> str:
        if not re.fullmatch(r"[!-~]+", value):
            raise ValueError(f"found {value!r}; expected a branch, tag or commit, without spaces")
        return value

    @field_validator("repo")
    @classmethod
    def _repo(cls, value: str) -> str:
        if not REPOSITORY.fullmatch(value):
            raise ValueError(
                f"found {value!r}; expected OWNER/NAME, such as blutjens/meltwaterbench"
            )
        return value


class Twin(Section):
    """The digital twin behind the provider `twin`; without effect on other providers."""

    seed: Integer = Field(
        42,
        ge=0,
        le=2**32 - 1,
        description="seed of the synthetic world; the same seed gives the same bytes",
    )


class Station(Section):
    """A weather station and its position."""

    name: str = Field(max_length=60, description="name of its file")
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
    """Weather stations for the daily comparison with the maps; those outside the area are
    ignored.
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
        description="unit of `variable` in the files; degC accepts kelvin too",
    )
    threshold: Number = Field(
        -1.0, description="a day counts as melt where the variable exceeds it, in `units`"
    )
    rule: Literal["hour", "daily-maximum"] = Field(
        "hour", description="value of a day that is compared: that of one hour, or the highest"
    )
    hour: Integer = Field(7, ge=0, le=23, description="hour of the rule `hour`, UTC")

    @field_validator("sites")
    @classmethod
    def _sites(cls, value: tuple[Station, ...]) -> tuple[Station, ...]:
        names = [site.name for site in value]
        if len({name.lower() for name in names}) < len(names):
            raise ValueError(f"found {names}; expected each name once")
        return value
