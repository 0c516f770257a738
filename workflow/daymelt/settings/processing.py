"""Settings of what is made of the inputs: melt fractions, regridding, time interpolation, the
split.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from daymelt.settings.base import Integer, Month, Number, Section, Year, rising, winter


class Sar(Section):
    """From backscatter to the melting share of a cell."""

    threshold_db: Number = Field(
        3.0,
        gt=0,
        le=20,
        description="a pixel melts this far below its winter reference, dB, a positive number",
    )
    smoothing_window: Integer = Field(
        3, ge=1, le=31, description="side of the box mean against speckle, pixels, odd; 1 for none"
    )
    noise_floor_db: Number = Field(
        -25.0, lt=0, ge=-60, description="backscatter below it is no data, dB, a negative number"
    )
    winter_months: tuple[Month, ...] = Field(
        (1, 2, 3),
        min_length=1,
        strict=False,
        description="months of the dry-snow reference, in order of time: 7 to 12 are of the year "
        "before the season",
    )
    pool_satellites: bool = Field(
        True,
        description="whether the satellites of one relative orbit share a reference; false keeps "
        "them apart",
    )
    min_winter_scenes: Integer = Field(
        4,
        ge=1,
        le=255,
        description="scenes a pixel and orbit need; with fewer, earlier years are pooled in",
    )
    reference_years_back: Integer = Field(
        2, ge=0, le=50, description="how many earlier configured years may be pooled in, years"
    )
    min_valid_share: Number = Field(
        0.5,
        gt=0,
        le=1,
        description="share of a cell that must be valid for it to carry data, 0 to 1",
    )

    @field_validator("smoothing_window")
    @classmethod
    def _window(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(
                f"found {value}; expected an odd number of pixels, such as {value + 1}"
            )
        return value

    @field_validator("winter_months")
    @classmethod
    def _winter(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return winter(value)


class Regrid(Section):
    """The coarse inputs (MAR, passive microwave) on the study grid."""

    posting_m: Number = Field(
        1000,
        gt=0,
        description="spacing at which coarse fields are stored, m; upsampled linearly where they "
        "are used",
    )


class Temporal(Section):
    """Time-interpolated Sentinel-1: the mean of neighbouring acquisitions, the day itself
    excluded.
    """

    acquisitions_before: Integer = Field(
        3, ge=0, le=60, description="acquisitions before the day, valid at a pixel or not"
    )
    acquisitions_after: Integer = Field(
        3, ge=0, le=60, description="acquisitions after the day, valid at a pixel or not"
    )

    @field_validator("acquisitions_after")
    @classmethod
    def _some(cls, value: int, info: ValidationInfo) -> int:
        if value + info.data.get("acquisitions_before", 1) == 0:
            raise ValueError(
                "found 0 acquisitions before and 0 after; expected at least one on either side"
            )
        return value


class Split(Section):
    """Which acquisition days train, validate and test."""

    seed: Integer = Field(42, ge=0, le=2**32 - 1, description="seed of the draw")
    test_days_per_month: Integer = Field(
        2, ge=1, le=15, description="days drawn for the test in each month and year"
    )
    validation_days_per_month: Integer = Field(
        2,
        ge=1,
        le=15,
        description="days drawn for validation in each month and year, after the test days",
    )
    training_only_years: tuple[Year, ...] = Field(
        (2017,), strict=False, description="years without test and validation days"
    )
    file: Path | None = Field(
        None,
        strict=False,
        description="a csv of date,split, or a folder with train.csv, val.csv, test.csv; null "
        "draws from the seed",
    )
    strays: Literal["refuse", "leave-out"] = Field(
        "refuse",
        description="days that only the file or only Sentinel-1 has: refuse stops, leave-out "
        "says so and does without them",
    )
    block_days: Integer = Field(
        14, ge=2, le=92, description="protocol blocked: length of the held-out blocks, days"
    )
    hindcast_training_years: tuple[Year, ...] = Field(
        (2019, 2020, 2021, 2022, 2023),
        min_length=1,
        strict=False,
        description="protocol hindcast: years to learn from",
    )
    hindcast_validation_years: tuple[Year, ...] = Field(
        (2018,),
        strict=False,
        description="protocol hindcast: years to watch on; the rest is scored",
    )

    @field_validator("training_only_years", "hindcast_training_years", "hindcast_validation_years")
    @classmethod
    def _years(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return rising(value)
