"""Settings of the systems: the network, its training, the maps, and all other systems."""

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from daymelt.settings.base import (
    MULTI_SENSOR,
    NAME,
    NETWORK,
    NETWORKS,
    Batch,
    Channel,
    Device,
    Integer,
    Number,
    Positive,
    Repeats,
    Section,
    Tile,
    Withheld,
    memory_of,
    plain,
    read_number,
)
from daymelt.settings.protocols import Protocol

WIDEST = 4096  # channels of a level of a network
PRECISIONS = Literal["auto", "32", "bf16-mixed", "16-mixed"]
# YAML reads 32 as a number
Precision = Annotated[
    PRECISIONS,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    WithJsonSchema({"enum": [32, *get_args(PRECISIONS)]}),
]
Dilation = Annotated[int, Field(ge=1, le=512), BeforeValidator(read_number)]
Plain = Annotated[dict[str, Any], AfterValidator(plain)]
Calibration = Literal["validation-days", "left-out-years"]
VALIDATION_DAYS: Calibration = "validation-days"
LEFT_OUT_YEARS: Calibration = "left-out-years"
Stride = Annotated[Literal[8, 16], BeforeValidator(read_number)]


def check_width(widest: int, found: object) -> None:
    """ValueError where a level of a network would be too wide."""
    if widest > WIDEST:
        raise ValueError(
            f"found {found}; a level of {widest} channels takes {memory_of(9 * widest**2)} for "
            f"the weights of one convolution; expected levels of at most {WIDEST} channels"
        )


class Model(Section):
    """The network: a U-Net with an encoder of segmentation-models-pytorch, and its inputs."""

    name: str = Field(
        MULTI_SENSOR,
        pattern=NAME,
        max_length=60,
        description="folder name of the model: small letters, digits and hyphens; it takes the "
        "place of a network of that name in benchmark.systems",
    )
    inputs: Literal["sensors", "published"] = Field(
        "sensors",
        description="what the model is given: single acquisitions, MAR and microwave on several "
        "days, each with its validity, or the four channels of MeltwaterBench",
    )
    neighbours: Integer = Field(
        3, ge=1, le=10, description="inputs sensors: acquisitions a cell on either side of the day"
    )
    neighbours_as: Literal["each", "mean"] = Field(
        "each",
        description="inputs sensors: what is given of these acquisitions, each with its days away, "
        "or the mean of a side",
    )
    coarse_days: Integer = Field(
        2,
        ge=0,
        le=10,
        description="inputs sensors: days before and after the day on which MAR and passive "
        "microwave are inputs",
    )
    same_day: bool = Field(
        True, description="inputs sensors: whether the day's own acquisition is an input"
    )
    architecture: Literal["unet", "vanilla-unet", "deeplabv3plus"] = Field(
        "unet", description="kind of network"
    )
    encoder: str = Field(
        "tu-mobilenetv3_small_100",
        min_length=1,
        description="encoder by its name in segmentation-models-pytorch",
    )
    encoder_weights: Literal["imagenet"] | None = Field(
        None,
        description="initial weights of the encoder: null (random) or imagenet (downloaded once)",
    )
    depth: Integer = Field(4, ge=1, le=5, description="halvings of the resolution in the encoder")
    decoder_channels: tuple[Positive, ...] = Field(
        (64, 32, 16, 16),
        min_length=1,
        strict=False,
        description="unet: width of each level of the decoder, coarsest first",
    )
    decoder_norm: Literal["batchnorm", "none"] = Field(
        "batchnorm", description="unet: normalisation in the decoder"
    )
    features: Integer = Field(
        64,
        ge=1,
        description="vanilla-unet: width of the finest level, twice that for each level below",
    )
    decoder_width: Integer = Field(256, ge=1, description="deeplabv3plus: width of the decoder")
    atrous_rates: tuple[Dilation, ...] = Field(
        (6, 12, 18),
        min_length=3,
        max_length=3,
        strict=False,
        description="deeplabv3plus: its three dilations, cells of the coarsest level",
    )
    output_stride: Stride = Field(
        8, description="deeplabv3plus: cells of the input to one of the coarsest level"
    )
    channels: tuple[Channel, ...] = Field(
        ("microwave", "liquid_water", "sar", "height"),
        min_length=1,
        strict=False,
        description="sensors of the network; with inputs published its channels, in this order",
    )

    @field_validator("decoder_channels")
    @classmethod
    def _levels(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        depth = info.data.get("depth", len(value))
        if info.data.get("architecture") == "unet" and len(value) != depth:
            raise ValueError(
                f"found {len(value)} numbers {list(value)}; expected {depth}, one for each level "
                "of model.depth"
            )
        check_width(max(value), list(value))
        return value

    @field_validator("features")
    @classmethod
    def _features(cls, value: int, info: ValidationInfo) -> int:
        check_width(value * 2 ** info.data.get("depth", 0), value)
        return value

    @field_validator("decoder_width")
    @classmethod
    def _decoder(cls, value: int) -> int:
        check_width(value, value)
        return value

    @field_validator("channels")
    @classmethod
    def _channels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"found {list(value)}; expected each channel once")
        return value


class Training(Section):
    """How the network learns: L1 or pinball loss, Adam, cosine annealing with warm restarts."""

    crop: Integer = Field(
        128,
        ge=8,
        description="side of a training crop, cells; a multiple of 2 to the power of model.depth",
    )
    batch: Batch = Field(8, description="crops a step")
    epochs: Repeats = Field(40, description="length of the training, epochs")
    steps_per_epoch: Repeats = Field(40, description="batches an epoch")
    learning_rate: Number = Field(2e-3, gt=0, lt=1, description="largest step size of Adam")
    restart_epochs: Repeats = Field(40, description="length of the first cosine cycle, epochs")
    restart_factor: Integer = Field(
        2, ge=1, le=100, description="ratio of the length of each cycle to the one before"
    )
    clip_norm: Number = Field(1.0, gt=0, description="largest norm of the gradient")
    augment: bool = Field(
        True, description="apply one of the eight symmetries of a square to each crop"
    )
    validate_every: Repeats = Field(
        5, description="epochs between two validations; at most `epochs`"
    )
    seed: Integer = Field(
        42, ge=0, le=2**32 - 1, description="seed of the initial weights and of the crops"
    )
    precision: Precision = Field(
        "auto",
        description="floating-point precision; auto is mixed where the device supports it and 32 "
        "elsewhere",
    )
    recompute: bool | None = Field(
        None,
        description="recompute layers in the backward pass to save memory; null: on a CPU where "
        "they would take over 4 GiB",
    )
    device: Device = Field("auto", description="device; auto is a CUDA device if there is one")
    devices: Integer = Field(
        1,
        ge=1,
        le=64,
        description="CUDA devices of a node (on a CPU: processes) that share the crops of a step",
    )
    nodes: Integer = Field(
        1,
        ge=1,
        le=1024,
        description="nodes of a cluster; several are started with srun or torchrun, see "
        "docs/cluster.md",
    )
    threads: Literal["auto"] | Positive = Field(
        "auto",
        description="threads on a CPU, at most those of the job; auto chooses by measuring steps, "
        "a number makes weights repeatable to the last bit",
    )

    @field_validator("device")
    @classmethod
    def _half(cls, value: str, info: ValidationInfo) -> str:
        if value == "cpu" and info.data.get("precision") == "16-mixed":
            raise ValueError(
                "found cpu with training.precision 16-mixed, which needs a CUDA device; expected "
                "auto or cuda, or another precision"
            )
        return value

    @field_validator("nodes")
    @classmethod
    def _shares(cls, value: int, info: ValidationInfo) -> int:
        batch, devices = info.data.get("batch", 1), info.data.get("devices", 1)
        if {"batch", "devices"} <= set(info.data) and batch % (devices * value):
            raise ValueError(
                f"found {value}, with devices {devices}; expected both to divide batch, {batch}, "
                "into equal shares"
            )
        return value


class Intervals(Section):
    """The interval of the maps."""

    calibration: Calibration = Field(
        VALIDATION_DAYS,
        description="days on which the bounds are found: validation-days, or left-out-years, each "
        "by a further network that never saw that year (trains one a year)",
    )


class Map(Section):
    """The daily maps."""

    sar_pool: Literal["all", "train"] = Field(
        "all",
        description="acquisitions that are inputs of the maps, single or time-interpolated",
    )
    tile: Tile | None = Field(
        None, description="side of a tile, cells; null predicts a day in one pass"
    )
    halo: Integer = Field(
        64, ge=0, le=4096, description="overlap of neighbouring tiles on each side, cells"
    )
    batch: Batch = Field(8, description="days (or tiles) predicted at once")
    without: tuple[Withheld, ...] = Field(
        (),
        strict=False,
        description="model.inputs sensors: what the network is not given while mapping; later-sar "
        "leaves acquisitions up to the day, as in a running season",
    )
    device: Device = Field("auto", description="device; auto is a CUDA device if there is one")


class SystemEntry(Section):
    """A system of the benchmark: its kind, and the settings that differ from the defaults.

    For the kinds `network` and `multi-sensor` these are settings of the sections `model` and
    `training`, for the others options of the kind.
    """

    kind: str = Field(pattern=NAME, description="a module of workflow/daymelt/systems")
    model: Plain = Field(
        {},
        description="settings that differ from the section model; kinds of networks only",
    )
    training: Plain = Field(
        {},
        description="settings that differ from the section training; kinds of networks only",
    )
    options: Plain = Field({}, description="settings of its kind; not for kinds of networks")
    protocols: tuple[Protocol, ...] | None = Field(
        None,
        strict=False,
        description="protocols of the comparison that it is part of; null: all that are "
        "configured, []: none",
    )

    @model_validator(mode="after")
    def _own(self) -> "SystemEntry":
        if self.kind not in NETWORKS and (self.model or self.training):
            raise ValueError(
                f"found model and training settings for the kind {self.kind}; expected options"
            )
        if "inputs" in self.model:
            raise ValueError(
                f"found model.inputs; the kind of an entry says its inputs: {NETWORK} (published) "
                f"or {MULTI_SENSOR}"
            )
        return self


# training of the networks with the published inputs
OF_PUBLISHED = {"epochs": 35, "restart_epochs": 35, "learning_rate": 1e-3}
SYSTEMS = {
    "unet-smp": SystemEntry(kind=NETWORK, training=OF_PUBLISHED),
    "unet": SystemEntry(
        kind=NETWORK, model={"architecture": "vanilla-unet", "features": 16}, training=OF_PUBLISHED
    ),
    "deeplabv3plus": SystemEntry(
        kind=NETWORK,
        model={"architecture": "deeplabv3plus", "decoder_width": 64},
        training={"batch": 16, **OF_PUBLISHED},
    ),
    "linear-dem": SystemEntry(kind="linear-dem"),
    # its channels are stated since `Config.resolve` leaves Sentinel-1 out of stated ones alone
    "random-forest": SystemEntry(
        kind="random-forest",
        options={"channels": ["microwave", "liquid_water", "sar", "height"], "trees": 50},
    ),
    "time-interpolated-sar": SystemEntry(kind="time-interpolated-sar"),
    "interpolate-mar": SystemEntry(kind="interpolate-mar"),
    "threshold-pmw": SystemEntry(kind="threshold-pmw"),
    "threshold-pmw-fixed": SystemEntry(kind="threshold-pmw", options={"rule": "fixed"}),
    "threshold-pmw-winter": SystemEntry(kind="threshold-pmw", options={"rule": "above-winter"}),
}


class System(Section):
    """A system with all of its settings, as a step receives it."""

    kind: str = Field(NETWORK, pattern=NAME, description="a module of workflow/daymelt/systems")
    options: dict[str, Any] = Field({}, description="all settings of the system")
