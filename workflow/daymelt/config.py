"""The settings of a run: every section, setting, unit, bound and default, once.

The JSON schema and the commented `config.yaml` are written from this module (see `schema.py`). Sections are frozen and refuse what
they do not know. Only the workflow, the command line and the steps see them.
"""

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from daymelt.config_errors import explain, nearest
from daymelt.errors import ConfigError
from daymelt.grid import Grid, check_crs
from daymelt.protocols import Protocol, Trial, trials


def read_number(value: Any) -> Any:
    """A number that arrives as text, as from `--config` of Snakemake and from `1e-4` in YAML; anything else as it is."""
    for kind in (int, float) if isinstance(value, str) else ():
        try:
            return kind(value)
        except ValueError:
            continue
    return value


Integer = Annotated[int, BeforeValidator(read_number)]
Number = Annotated[float, BeforeValidator(read_number)]
Year = Annotated[int, Field(ge=1981, le=2100), BeforeValidator(read_number)]
Month = Annotated[int, Field(ge=1, le=12), BeforeValidator(read_number)]
Positive = Annotated[int, Field(ge=1), BeforeValidator(read_number)]
Tile = Annotated[int, Field(ge=32), BeforeValidator(read_number)]
Channel = Literal["microwave", "liquid_water", "sar", "height"]
Platform = Literal["F16", "F17", "F18", "F19"]
Device = Literal["auto", "cpu", "cuda"]
Kind = TypeVar("Kind", bound="Section")
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Name = Annotated[str, Field(pattern=NAME, max_length=60)]
Ablation = Annotated[str, Field(pattern=r"^(only|without)-(microwave|liquid-water|sar|height)$")]
Day = Annotated[dt.date, Field(strict=False)]
NETWORK = "network"
STATION_NAME = re.compile("[A-Za-z0-9]+([_-][A-Za-z0-9]+)*")  # it becomes part of an address and of file names


def rising(value: tuple[int, ...]) -> tuple[int, ...]:
    """`value`; ValueError unless each number is above the one before."""
    for one, following in itertools.pairwise(value):
        if following == one:
            raise ValueError(f"found {one} twice in {list(value)}; expected each once")
        if following < one:
            raise ValueError(f"found {list(value)}; expected rising order, {sorted(set(value))}")
    return value


class Section(BaseModel):
    """Base of the sections: immutable, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True)


class Area(Section):
    """Where: the study grid, north up, square cells. The default is a window over the front of Helheim Glacier."""

    name: str = Field("embedded", pattern=NAME, max_length=60, description="folder name of the area: small letters, digits and hyphens")
    crs: str = Field("EPSG:3413", description="any projected coordinate reference system in metres: EPSG code, WKT or PROJ")
    spacing_m: Number = Field(100, gt=0, description="side of a cell, m")
    left: Number = Field(294900, description="outer edge of the first column, m in the crs")
    top: Number = Field(-2566500, description="outer edge of the first row, m in the crs")
    rows: Integer = Field(256, ge=1, description="number of cells from top to bottom")
    columns: Integer = Field(256, ge=1, description="number of cells from left to right")
    # the jobs get what was read from it, so that a raster that moves makes nothing due again
    grid_file: Path | None = Field(
        None, strict=False, exclude=True, description="a raster that crs, spacing, corner and size are read from instead; null for none"
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


class Seasons(Section):
    """When: every day of these months in each of these years is mapped."""

    years: tuple[Year, ...] = Field(
        (2017, 2018, 2019, 2020, 2021, 2022, 2023), min_length=1, strict=False, description="calendar years, rising"
    )
    months: tuple[Month, ...] = Field(
        (4, 5, 6, 7, 8, 9), min_length=1, strict=False, description="months of the melt season, consecutive numbers 1 to 12"
    )

    @field_validator("years")
    @classmethod
    def _years(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return rising(value)

    @field_validator("months")
    @classmethod
    def _months(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != list(range(value[0], value[0] + len(value))):
            raise ValueError(f"found {list(value)}; expected consecutive months, such as [4, 5, 6, 7, 8, 9]")
        return value


class Sentinel1(Section):
    """Sentinel-1 backscatter (radiometrically terrain-corrected gamma0)."""

    provider: Literal["twin", "opera", "planetary-computer", "meltwaterbench"] = Field("twin", description="where the files come from")
    polarisation: Literal["hh", "hv", "vv", "vh"] = Field("hh", description="transmitted and received; Greenland is acquired in hh")
    spacing_m: Number = Field(30, gt=0, description="side of a backscatter cell, m: 30 for opera, 10 for planetary-computer")
    keep_raw: bool = Field(True, description="whether a month's files stay once its winter reference and melt fractions stand")


class Microwave(Section):
    """Passive microwave brightness temperature (enhanced resolution, NSIDC-0630)."""

    provider: Literal["twin", "nsidc-0630", "meltwaterbench"] = Field("twin", description="where the files come from")
    platform: Platform = Field("F17", description="satellite of the SSMIS radiometer")
    fallback_platforms: tuple[Platform, ...] = Field(
        (), strict=False, description="satellites that stand in on days that it lacks, in this order; they pass at other local times"
    )
    overpass: Literal["M", "E"] = Field("M", description="local time of the overpass: M morning, E evening")
    channel: Literal["37H"] = Field(
        "37H", description="37H: 37 GHz, horizontal polarisation, the channel that the melt threshold is made for"
    )
    winter_months: tuple[Month, ...] = Field(
        (1, 2), min_length=1, strict=False, description="months of the dry-snow mean, before the season in the same year"
    )
    longest_gap_days: Integer = Field(5, ge=0, le=30, description="missing days in a row that may be filled, linear in time, days")

    @field_validator("winter_months")
    @classmethod
    def _winter(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return rising(value)

    @field_validator("fallback_platforms")
    @classmethod
    def _fallback(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if len(set(value)) < len(value) or info.data.get("platform") in value:
            raise ValueError(f"found {list(value)}; expected each satellite once, and not microwave.platform")
        return value


class Mar(Section):
    """MAR regional climate model."""

    provider: Literal["twin", "mar-http", "meltwaterbench"] = Field("twin", description="where the files come from")
    variable: Literal["WA1"] = Field("WA1", description="WA1: liquid water content of the uppermost metre of snow, kg/kg")
    longest_gap_days: Integer = Field(
        0, ge=0, le=30, description="missing days in a row that may be filled, linear in time, days; for daily rasters (meltwaterbench)"
    )


class Terrain(Section):
    """Surface height with the ocean and ice masks."""

    provider: Literal["twin", "arcticdem", "nsidc-0645", "meltwaterbench"] = Field("twin", description="where the files come from")


class Archives(Section):
    """Addresses of the archives that live providers retrieve from, and how patiently; without effect on the provider twin."""

    cmr: str = Field("https://cmr.earthdata.nasa.gov/search/", description="granule search of NASA's archives")
    earthdata_login: str = Field("urs.earthdata.nasa.gov", description="host of Earthdata Login; name and password go to it alone")
    earthdata_hosts: tuple[str, ...] = Field(
        ("datapool.asf.alaska.edu", "cumulus.asf.alaska.edu", "data.nsidc.earthdatacloud.nasa.gov", "daacdata.apps.nsidc.org"),
        strict=False,
        description="hosts that the Earthdata token may go to",
    )
    microwave_granules: str = Field(
        "*N3.125km?{platform}_*{channel}*", description="granule names of NSIDC-0630, with * and ?; {platform} and {channel} are filled in"
    )
    height_names: tuple[str, ...] = Field(
        ("gimpdem_90m_v*.tif", "gimpdem_90m*.tif"),
        min_length=1,
        strict=False,
        description="file names of the GIMP DEM in NSIDC-0645; the first that any file fits decides",
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
        "http://ftp.climato.be/fettweis/MARv3.14/Greenland/ERA5-5km-daily/", description="folder of MAR's yearly files of 5 km, taken first"
    )
    mar_10km: str = Field(
        "http://ftp.climato.be/fettweis/MARv3.14/Greenland/ERA5-10km-daily/", description="those of 10 km, where 5 km lacks the variable"
    )
    promice: str = Field(
        "https://thredds.geus.dk/thredds/fileServer/aws/l3sites/netcdf/hour/{station}_hour.nc",
        description="hourly file of a weather station; {station} stands for its name",
    )
    arcticdem: str = Field(
        "/vsis3/pgc-opendata-dems/arcticdem/mosaics/v4.1/32m_dem_tiles.vrt", description="the 32 m mosaic of ArcticDEM, as GDAL names it"
    )
    s3_endpoint: str = Field("s3.amazonaws.com", description="host of the bucket's service")
    s3_https: bool = Field(True, description="whether that is asked by https")
    s3_virtual_hosting: bool = Field(True, description="whether the bucket is part of the host name")
    stac: str = Field("https://planetarycomputer.microsoft.com/api/stac/v1", description="search of the Planetary Computer")
    sas: str = Field("https://planetarycomputer.microsoft.com/api/sas/v1/token", description="desk that signs its addresses")
    sas_hosts: tuple[str, ...] = Field((".blob.core.windows.net",), strict=False, description="hosts whose addresses it signs")
    connections_per_host: Integer = Field(4, ge=1, le=32, description="files fetched at once from one host")
    timeout_s: Number = Field(60, gt=0, description="without an answer or a byte for so long an attempt is given up, s")
    attempts: Integer = Field(6, ge=1, le=50, description="attempts in a row without progress before a file is given up")

    @field_validator("microwave_granules")
    @classmethod
    def _granules(cls, value: str) -> str:
        try:
            value.format(platform="F17", channel="37H")
        except (LookupError, ValueError, AttributeError):
            raise ValueError(f"found {value!r}; expected a pattern with no other braces than {{platform}} and {{channel}}") from None
        return value


class MeltwaterBench(Section):
    """The published dataset behind the provider `meltwaterbench`; without effect on other providers."""

    folder: Path | None = Field(
        None, strict=False, description="data root of a local copy, used where it lies; null fetches what is needed from the hub"
    )
    repo: str = Field("blutjens/meltwaterbench", min_length=1, description="dataset on the Hugging Face hub")
    revision: str = Field("main", min_length=1, description="its branch, tag or commit")
    endpoint: str = Field("https://huggingface.co", min_length=1, description="address of the hub; the token in HF_TOKEN goes to it alone")


class Twin(Section):
    """The synthetic world behind the provider `twin`; without effect on other providers."""

    seed: Integer = Field(42, ge=0, le=2**32 - 1, description="another seed, another world; the same seed, the same bytes")


class Sar(Section):
    """From backscatter to the melting share of a cell."""

    threshold_db: Number = Field(3.0, gt=0, le=20, description="a pixel melts this far below its winter reference, dB, a positive number")
    smoothing_window: Integer = Field(3, ge=1, le=31, description="side of the box mean against speckle, pixels, odd; 1 for none")
    noise_floor_db: Number = Field(-25.0, lt=0, ge=-60, description="backscatter below it is no data, dB, a negative number")
    winter_months: tuple[Month, ...] = Field(
        (1, 2, 3), min_length=1, strict=False, description="months of the dry-snow reference, in the year of the season"
    )
    min_winter_scenes: Integer = Field(
        4, ge=1, le=255, description="scenes a pixel and orbit need; with fewer, earlier years are pooled in"
    )
    reference_years_back: Integer = Field(2, ge=0, le=50, description="how many earlier configured years may be pooled in, years")
    min_valid_share: Number = Field(0.5, gt=0, le=1, description="share of a cell that must be valid for it to carry data, 0 to 1")

    @field_validator("smoothing_window")
    @classmethod
    def _window(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"found {value}; expected an odd number of pixels, such as {value + 1}")
        return value

    @field_validator("winter_months")
    @classmethod
    def _winter(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return rising(value)


class Regrid(Section):
    """The coarse inputs (MAR, passive microwave) on the study grid."""

    posting_m: Number = Field(
        1000, gt=0, description="spacing at which coarse fields are stored, m; upsampled linearly where they are used"
    )


class Temporal(Section):
    """Time-interpolated Sentinel-1: the mean of neighbouring acquisitions, the day itself excluded."""

    acquisitions_before: Integer = Field(3, ge=0, le=60, description="valid acquisitions before the day")
    acquisitions_after: Integer = Field(3, ge=0, le=60, description="valid acquisitions after the day")

    @field_validator("acquisitions_after")
    @classmethod
    def _some(cls, value: int, info: ValidationInfo) -> int:
        if value + info.data.get("acquisitions_before", 1) == 0:
            raise ValueError("found 0 acquisitions before and 0 after; expected at least one on either side")
        return value


class Split(Section):
    """Which acquisition days train, validate and test."""

    seed: Integer = Field(42, ge=0, le=2**32 - 1, description="seed of the draw")
    test_days_per_month: Integer = Field(2, ge=1, le=15, description="days drawn for the test in each month and year")
    validation_days_per_month: Integer = Field(
        2, ge=1, le=15, description="days drawn for validation in each month and year, after the test days"
    )
    training_only_years: tuple[Year, ...] = Field((2017,), strict=False, description="years without test and validation days")
    file: Path | None = Field(
        None, strict=False, description="a csv of date,split, or a folder with train.csv, val.csv, test.csv; null draws from the seed"
    )
    strays: Literal["refuse", "leave-out"] = Field(
        "refuse", description="days that only the file or only Sentinel-1 has: refuse stops, leave-out says so and does without them"
    )
    block_days: Integer = Field(14, ge=2, le=92, description="protocol blocked: length of the held-out blocks, days")
    hindcast_training_years: tuple[Year, ...] = Field(
        (2019, 2020, 2021, 2022, 2023), min_length=1, strict=False, description="protocol hindcast: years to learn from"
    )
    hindcast_validation_years: tuple[Year, ...] = Field(
        (2018,), strict=False, description="protocol hindcast: years to watch on; the rest is scored"
    )

    @field_validator("training_only_years", "hindcast_training_years", "hindcast_validation_years")
    @classmethod
    def _years(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return rising(value)


class Model(Section):
    """The network: a U-Net with an encoder of segmentation-models-pytorch."""

    name: str = Field("unet-smp", pattern=NAME, max_length=60, description="folder name of the model: small letters, digits and hyphens")
    architecture: Literal["unet", "vanilla-unet", "deeplabv3plus"] = Field("unet", description="kind of network")
    encoder: str = Field("tu-mobilenetv3_small_100", min_length=1, description="encoder by its name in segmentation-models-pytorch")
    encoder_weights: Literal["imagenet"] | None = Field(
        None, description="start of the encoder: null (random) or imagenet (downloaded once)"
    )
    depth: Integer = Field(4, ge=1, le=5, description="halvings of the resolution in the encoder")
    decoder_channels: tuple[Positive, ...] = Field(
        (64, 32, 16, 16),
        min_length=1,
        strict=False,
        description="unet: width of the decoder, coarsest first; one number a level of depth",
    )
    decoder_norm: Literal["batchnorm", "none"] = Field("batchnorm", description="unet: normalisation in the decoder")
    features: Integer = Field(64, ge=1, description="vanilla-unet: width of the finest level, twice that for each level below")
    decoder_width: Integer = Field(256, ge=1, description="deeplabv3plus: width of the decoder")
    atrous_rates: tuple[Positive, ...] = Field(
        (6, 12, 18), min_length=3, max_length=3, strict=False, description="deeplabv3plus: its three dilations, cells of the coarsest level"
    )
    output_stride: Literal[8, 16] = Field(8, description="deeplabv3plus: cells of the input to one of the coarsest level")
    channels: tuple[Channel, ...] = Field(
        ("microwave", "liquid_water", "sar", "height"), min_length=1, strict=False, description="inputs, in this order"
    )

    @field_validator("decoder_channels")
    @classmethod
    def _levels(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        depth = info.data.get("depth", len(value))
        if info.data.get("architecture") == "unet" and len(value) != depth:
            raise ValueError(f"found {len(value)} numbers {list(value)}; expected {depth}, one for each level of model.depth")
        return value

    @field_validator("channels")
    @classmethod
    def _channels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"found {list(value)}; expected each channel once")
        return value


class Training(Section):
    """How the network learns: masked L1, Adam, cosine annealing with warm restarts."""

    crop: Integer = Field(128, ge=8, description="side of a training crop, cells; a multiple of 2 to the power of model.depth")
    batch: Integer = Field(8, ge=1, description="crops a step")
    epochs: Integer = Field(35, ge=1, description="length of the training, epochs")
    steps_per_epoch: Integer = Field(40, ge=1, description="batches an epoch")
    learning_rate: Number = Field(1e-3, gt=0, lt=1, description="largest step size of Adam")
    restart_epochs: Integer = Field(35, ge=1, description="length of the first cosine cycle, epochs")
    restart_factor: Integer = Field(2, ge=1, description="each cycle is so many times as long as the one before")
    clip_norm: Number = Field(1.0, gt=0, description="largest norm of the gradient")
    augment: bool = Field(True, description="turn each crop by one of the eight symmetries of a square")
    validate_every: Integer = Field(5, ge=1, description="epochs between two validations")
    seed: Integer = Field(42, ge=0, le=2**32 - 1, description="seed of the first weights and of the crops")
    precision: Literal["auto", "32", "bf16-mixed", "16-mixed"] = Field(
        "auto", description="arithmetic; auto is mixed where the device has it and 32 elsewhere"
    )
    recompute: bool | None = Field(
        None,
        description="whether layers are computed again rather than kept, for less memory; null: on a CPU where they would take over 4 GiB",
    )
    device: Device = Field("auto", description="where it runs; auto takes a CUDA device if there is one")
    devices: Integer = Field(1, ge=1, le=64, description="CUDA devices of a node (on a CPU: processes) that share the crops of a step")
    nodes: Integer = Field(
        1, ge=1, le=1024, description="nodes of a cluster; more than one are started with srun or torchrun, docs/cluster.md"
    )

    @field_validator("nodes")
    @classmethod
    def _shares(cls, value: int, info: ValidationInfo) -> int:
        batch, devices = info.data.get("batch", 1), info.data.get("devices", 1)
        if {"batch", "devices"} <= set(info.data) and batch % (devices * value):
            raise ValueError(f"found {value}, with devices {devices}; expected both to divide batch, {batch}, into equal shares")
        return value


class Map(Section):
    """The daily maps."""

    sar_pool: Literal["all", "train"] = Field("all", description="acquisitions that enter time-interpolated Sentinel-1 in the maps")
    tile: Tile | None = Field(None, description="side of a tile, cells; null predicts a day in one pass")
    halo: Integer = Field(64, ge=0, description="overlap of neighbouring tiles on each side, cells")
    batch: Integer = Field(8, ge=1, description="days (or tiles) predicted at once")
    device: Device = Field("auto", description="where it runs; auto takes a CUDA device if there is one")


class SystemEntry(Section):
    """One way of mapping: its kind, and what it has other than the defaults.

    For the kind `network` those are the sections `model` and `training`.
    """

    kind: str = Field(pattern=NAME, description="a module of workflow/daymelt/systems")
    model: dict[str, Any] = Field({}, description="settings of the section model that it has other; kind network only")
    training: dict[str, Any] = Field({}, description="settings of the section training that it has other; kind network only")
    options: dict[str, Any] = Field({}, description="its own settings")

    @model_validator(mode="after")
    def _own(self) -> "SystemEntry":
        if self.kind != NETWORK and (self.model or self.training):
            raise ValueError(f"found model and training settings for the kind {self.kind}; expected options")
        return self


SYSTEMS = {
    "unet": SystemEntry(kind=NETWORK, model={"architecture": "vanilla-unet", "features": 16}),
    "deeplabv3plus": SystemEntry(kind=NETWORK, model={"architecture": "deeplabv3plus", "decoder_width": 64}, training={"batch": 16}),
    "linear-dem": SystemEntry(kind="linear-dem"),
    "random-forest": SystemEntry(kind="random-forest", options={"channels": ["microwave", "liquid_water", "sar", "height"], "trees": 50}),
    "time-interpolated-sar": SystemEntry(kind="time-interpolated-sar"),
    "interpolate-mar": SystemEntry(kind="interpolate-mar"),
    "threshold-pmw": SystemEntry(kind="threshold-pmw"),
    "threshold-pmw-fixed": SystemEntry(kind="threshold-pmw", options={"rule": "fixed", "threshold_k": 245}),
    "threshold-pmw-winter": SystemEntry(kind="threshold-pmw", options={"rule": "above-winter", "rise_k": 30}),
}


class System(Section):
    """A way of mapping with everything that it is made of, as a step gets it."""

    kind: str = Field(NETWORK, pattern=NAME, description="a module of workflow/daymelt/systems")
    options: dict[str, Any] = Field({}, description="all of its settings")


class Benchmark(Section):
    """What `snakemake benchmark` compares beside the model, and on which terms."""

    systems: dict[Name, SystemEntry] = Field(SYSTEMS, description="the ways of mapping, by name; a kind is a module of daymelt/systems")
    always: tuple[Name, ...] = Field(
        ("time-interpolated-sar", "interpolate-mar", "threshold-pmw"),
        strict=False,
        description="those that every run scores beside the model",
    )
    protocols: tuple[Protocol, ...] = Field(("published", "truth"), min_length=1, strict=False, description="terms of the comparison")
    ablations: tuple[Ablation, ...] = Field(
        (), strict=False, description="inputs taken from the model, each trained anew: only-sar, without-height and so on"
    )


class Event(Section):
    """A time of some days."""

    first: Day = Field(description="first day, YYYY-MM-DD")
    last: Day = Field(description="last day, included")

    @model_validator(mode="after")
    def _order(self) -> "Event":
        if self.last < self.first:
            raise ValueError(f"found {self.first} to {self.last}; expected the first day before the last")
        return self


class Report(Section):
    """Things to look at."""

    day: dt.date = Field(dt.date(2019, 7, 31), strict=False, description="day shown side by side, YYYY-MM-DD within a season")


class Scores(Section):
    """How maps are scored."""

    events: dict[str, Event] = Field(
        {
            "late July 2019": Event(first=dt.date(2019, 7, 28), last=dt.date(2019, 8, 2)),
            "mid-August 2021": Event(first=dt.date(2021, 8, 13), last=dt.date(2021, 8, 17)),
        },
        description="times of extreme melt that are scored by themselves, by name",
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
            raise ValueError(f"found {value!r}; expected letters, digits and single hyphens or underscores between them, such as TAS_L")
        return value


class Stations(Section):
    """Weather stations that the maps are compared with, day by day; those outside the area are left out."""

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
    variable: str = Field("t_surf", min_length=1, description="variable of the files, such as t_surf (surface) or t_u (air)")
    units: str = Field("degC", min_length=1, description="its unit; degC takes kelvin too, any other must be that of the files")
    threshold: Number = Field(-1.0, description="a day melts where the variable exceeds it, in that unit")
    rule: Literal["hour", "daily-maximum"] = Field("hour", description="which value of a day counts: that of one hour, or the highest")
    hour: Integer = Field(7, ge=0, le=23, description="the hour of the rule hour, UTC")

    @field_validator("sites")
    @classmethod
    def _sites(cls, value: tuple[Station, ...]) -> tuple[Station, ...]:
        names = [site.name for site in value]
        if len({name.lower() for name in names}) < len(names):
            raise ValueError(f"found {names}; expected each name once")
        return value


class Config(Section):
    """All settings of a run."""

    area: Area = Area()
    seasons: Seasons = Seasons()
    sentinel1: Sentinel1 = Sentinel1()
    microwave: Microwave = Microwave()
    mar: Mar = Mar()
    terrain: Terrain = Terrain()
    archives: Archives = Archives()
    meltwaterbench: MeltwaterBench = MeltwaterBench()
    twin: Twin = Twin()
    sar: Sar = Sar()
    regrid: Regrid = Regrid()
    temporal: Temporal = Temporal()
    split: Split = Split()
    model: Model = Model()
    training: Training = Training()
    map: Map = Map()
    scores: Scores = Scores()
    benchmark: Benchmark = Benchmark()
    stations: Stations = Stations()
    report: Report = Report()

    @model_validator(mode="after")
    def _agree(self) -> "Config":
        for contradiction in self._contradictions():
            raise ValueError(contradiction)
        return self

    @property
    def system(self) -> System:
        """The model, as a system."""
        return self.resolve(self.model.name)

    @property
    def ablations(self) -> Mapping[str, tuple[str, ...]]:
        """Name of each ablation of the model to the channels that are left."""
        names = {}
        for ablation in self.benchmark.ablations:
            word, channel = ablation.split("-", 1)
            only = word == "only"
            left = tuple(name for name in self.model.channels if (name == channel.replace("-", "_")) == only)
            names[f"{self.model.name}-{ablation}"] = left
        return names

    def system_names(self) -> list[str]:
        """Every system that can be trained and scored: the model, its ablations, those of the benchmark."""
        return [self.model.name, *self.ablations, *self.benchmark.systems]

    def trials(self) -> list[Trial]:
        """The trials of every configured protocol."""
        years = (self.split.hindcast_training_years, self.split.hindcast_validation_years)
        return [trial for protocol in self.benchmark.protocols for trial in trials(protocol, self.seasons.years, *years)]

    def resolve(self, name: str, sar: bool = True) -> System:
        """A system with all of its settings; without `sar`, one that has no Sentinel-1 among its inputs."""
        if name == self.model.name:
            entry = SystemEntry(kind=NETWORK)
        elif name in self.ablations:
            entry = SystemEntry(kind=NETWORK, model={"channels": list(self.ablations[name])})
        else:
            entry = self.benchmark.systems[name]
        options = dict(entry.options)
        if entry.kind == NETWORK:
            model = {**self.model.model_dump(mode="json"), **entry.model, "name": name}
            options = {"model": model, "training": {**self.training.model_dump(mode="json"), **entry.training}}
        for part in (options, options.get("model", {})):
            if "channels" in part and not sar:
                part["channels"] = [channel for channel in part["channels"] if channel != "sar"]
        return System(kind=entry.kind, options=options)

    def _systems(self) -> Iterator[str]:
        """What is wrong with the systems."""
        for name in (self.model.name, *self.ablations):
            if name in self.benchmark.systems:
                yield f"benchmark.systems: found {name!r}, which is the name of the model; expected another"
        for name in self.benchmark.always:
            if name not in self.benchmark.systems:
                near = nearest(name, self.benchmark.systems)
                yield f"benchmark.always: found {name!r}{near}; expected names of benchmark.systems, {', '.join(self.benchmark.systems)}"
        for name, left in self.ablations.items():
            if not left or left == self.model.channels:
                yield f"benchmark.ablations: {name} leaves {list(left)} of {list(self.model.channels)}; expected some, not all"
        for name, entry in self.benchmark.systems.items():
            for part, section in (("model", self.model), ("training", self.training)):
                try:
                    type(section).model_validate({**section.model_dump(mode="json"), **getattr(entry, part)})
                except ValidationError as error:
                    yield explain(error, type(section), f"benchmark.systems.{name}.{part}.")

    def _contradictions(self) -> Iterator[str]:
        """What no section can see alone, each as `key: found; expected`."""
        area, multiple = self.area, 2**self.model.depth
        if self.sentinel1.spacing_m > area.spacing_m:
            yield f"sentinel1.spacing_m: found {self.sentinel1.spacing_m:g} m; expected at most area.spacing_m, {area.spacing_m:g} m"
        if self.regrid.posting_m < area.spacing_m:
            yield f"regrid.posting_m: found {self.regrid.posting_m:g} m; expected at least area.spacing_m, {area.spacing_m:g} m"
        if self.training.crop % multiple:
            yield f"training.crop: found {self.training.crop}; expected a multiple of {multiple}, 2 to the power of model.depth"
        if self.training.crop > min(area.rows, area.columns):
            yield f"training.crop: found {self.training.crop}; expected at most the area's shorter side, {min(area.rows, area.columns)}"
        if self.map.tile is not None and (self.map.tile % multiple or self.map.tile <= 2 * self.map.halo):
            yield f"map.tile: found {self.map.tile}; expected a multiple of {multiple} above twice map.halo, {2 * self.map.halo}, or null"
        if self.split.file is None and set(self.seasons.years) <= set(self.split.training_only_years):
            yield f"split.training_only_years: found every year of seasons.years, {list(self.seasons.years)}; expected one left to test on"
        if self.report.day.year not in self.seasons.years or self.report.day.month not in self.seasons.months:
            yield f"report.day: found {self.report.day}; expected a day in the configured seasons.years and seasons.months"
        yield from self._systems()
        for trial in self.trials():
            if not trial.seasons:
                yield f"benchmark.protocols: {trial.protocol} has no year to score; expected a year that neither trains nor validates"


def without_grid_file(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """`values`; ConfigError where the area's grid would have to be read from a raster, which this room cannot do."""
    area = values.get("area")
    if isinstance(area, Mapping) and area.get("grid_file") is not None:
        raise ConfigError("area.grid_file: its raster is not read here; expected none, or steps.settings.load_settings")
    return values


def load(source: Path | str | Mapping[str, Any], complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] = without_grid_file) -> Config:
    """The configuration from a YAML file or a mapping; what is absent has its default.

    `complete` sees the values before they are checked; `steps.settings.load_settings` has one that reads the grid from `area.grid_file`.

    Raises
    ------
    ConfigError
        In one line: the key, what was found, what is allowed and, for a misspelt key, the nearest one.
    """
    if isinstance(source, Mapping):
        return _validate(Config, complete(source), "configuration", "")
    values = _read_yaml(Path(source))
    return _validate(Config, complete(values) if isinstance(values, Mapping) else values, str(source), "")


def load_section(path: Path, name: str) -> Any:
    """One section of a YAML file, whatever stands in the others; errors as `load`."""
    values = _read_yaml(path)
    if not isinstance(values, Mapping):
        return load(path)  # which says what is wrong
    return _validate(SECTIONS[name], values.get(name, {}), str(path), f"{name}.")


def merge(settings: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with those of `more` in their place, mapping by mapping; lists are replaced, as Snakemake joins its files."""
    merged = dict(settings)
    for key, value in more.items():
        under = merged.get(key, {})
        if isinstance(value, Mapping):  # an empty one changes nothing, not even what is no mapping
            merged[key] = merge(under if isinstance(under, Mapping) else {}, value) if value else under
        else:
            merged[key] = value
    return merged


def load_all(
    paths: Sequence[Path], base: Path = Path("config.yaml"), complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] = without_grid_file
) -> Config:
    """The configuration from `base`, where there is such a file, and further files, the later before the earlier.

    `complete` and errors as `load`.
    """
    values: dict[str, Any] = {}
    for path in [*([base] if base.is_file() else []), *paths]:
        content = _read_yaml(path)
        if not isinstance(content, Mapping):
            raise ConfigError(f"{path}: found {str(content)[:40]!r}; expected sections of settings")
        values = merge(values, content)
    source = ", ".join(map(str, [base, *paths] if base.is_file() else paths)) or "configuration"
    return _validate(Config, complete(values), source, "")


def section(name: str, values: Mapping[str, Any]) -> Any:
    """One section, such as `area`, from its values; errors as `load`."""
    if name not in SECTIONS:
        raise ConfigError(f"options: unknown section {name!r}{nearest(name, SECTIONS)}; expected {', '.join(SECTIONS)}")
    return _validate(SECTIONS[name], values, "options", f"{name}.")


def _validate(kind: type[Kind], values: Any, source: str, prefix: str) -> Kind:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{source}: {explain(error, kind, prefix)}") from None


def _read_yaml(path: Path) -> Any:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: not readable ({error.strerror}); expected a YAML file of settings") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: no valid YAML: {' '.join(str(error).split())}") from None
    return {} if content is None else content


WRITTEN: tuple[str, ...] = tuple(Config.model_fields)  # those that a person writes; `system` is made from several
SECTIONS: Mapping[str, type[Section]] = {name: type(field.default) for name, field in Config.model_fields.items()} | {"system": System}
