"""The base of the sections of settings, and the types of values that several of them share."""

import datetime as dt
import itertools
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from daymelt.core.dates import winter_months
from daymelt.core.errors import one_line


def read_number(value: Any) -> Any:
    """A number from text, such as `1e-4`, which YAML reads as text; anything else unchanged."""
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
Repeats = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(read_number)]
Text = Annotated[str, Field(min_length=1)]
Batch = Annotated[int, Field(ge=1, le=4096), BeforeValidator(read_number)]
Tile = Annotated[int, Field(ge=32), BeforeValidator(read_number)]
Channel = Literal["microwave", "liquid_water", "sar", "height"]
Withheld = Literal["microwave", "liquid-water", "sar", "later-sar"]
Platform = Literal["F16", "F17", "F18", "F19"]
Device = Literal["auto", "cpu", "cuda"]
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
Name = Annotated[str, Field(pattern=NAME, max_length=60)]
Day = Annotated[dt.date, Field(strict=False)]
NETWORK, MULTI_SENSOR = "network", "multi-sensor"
NETWORKS = (NETWORK, MULTI_SENSOR)  # kinds of systems with the sections model and training
SENSORS, PUBLISHED_INPUTS = "sensors", "published"
KINDS = {SENSORS: MULTI_SENSOR, PUBLISHED_INPUTS: NETWORK}  # of the model, by `model.inputs`


def rising(value: tuple[int, ...]) -> tuple[int, ...]:
    """`value`; ValueError unless each number is above the one before."""
    for one, following in itertools.pairwise(value):
        if following == one:
            raise ValueError(f"found {one} twice in {list(value)}; expected each once")
        if following < one:
            raise ValueError(f"found {list(value)}; expected rising order, {sorted(set(value))}")
    return value


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """`values`; ValueError where JSON, as which settings reach a job, has no such value."""
    for name, value in values.items():
        try:
            json.dumps(value)
        except TypeError:
            raise ValueError(
                f"found {name}: {one_line(repr(value), 80)}; expected numbers, texts, true, false, "
                "null, lists and mappings"
            ) from None
    return values


def each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    """`value`; ValueError where it has an entry twice."""
    if len(set(value)) < len(value):
        raise ValueError(f"found {list(value)}; expected each once")
    return value


def memory_of(values: float) -> str:
    """Memory of so many float32 values, for a message."""
    needed = 4 * values
    return f"{needed / 1e12:.3g} TB" if needed >= 1e12 else f"{needed / 1e9:.3g} GB"


def winter(value: tuple[int, ...]) -> tuple[int, ...]:
    """`value`; ValueError unless its months are those of one winter in order of time, each once:
    July to December are of the year before the season.
    """
    in_time = tuple(month for _, month in winter_months(0, set(value)))
    if value != in_time:
        raise ValueError(
            f"found {list(value)}; expected each month once, in order of time, {list(in_time)}: "
            "7 to 12 are of the year before the season"
        )
    return value


class Section(BaseModel):
    """Base of the sections: immutable, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True
    )
