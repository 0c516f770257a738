"""Settings of the stage prepare: melt fractions, regridding, time interpolation and the split."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from daymelt.settings.base import Integer, Month, Number, Section, Year, rising, winter


class Sar(Section):
    """Melt fraction of a cell from backscatter."""

    threshold_db: Number = Field(
        3.0,
        gt=0,
        le=20,
        description="a pixel melts where it is this much below its winter reference, dB, positive",
    )
    smoothing_window: Integer = Field(
        3, ge=1, le=31, description="side of the box mean against speckle, pixels, odd; 1 for none"
    )
    noise_floor_db: Number = Field(
        -25.0, lt=0, ge=-60, description="backscatter below it is no data, dB, negative"
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
        description="fewest scenes of a pixel and orbit; with fewer, earlier years are pooled",
    )
    reference_years_back: Integer = Field(
        2, ge=0, le=50, description="earlier configured years that may be pooled, years"
    )
    min_valid_share: Number = Field(
        0.5,
        gt=0,
        le=1,
        description="smallest valid share of a cell; below it the cell is no data, 0 to 1",
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
        le=50_000,
        description="spacing at which coarse fields are stored, m; upsampled linearly where they "
        "are used",
    )


class Temporal(Section):
    """Time-interpolated Sentinel-1: the mean of neighbouring acquisitions, the day itself
    excluded.
    """

    acquisitions_before: Integer = Field(
        3, ge=0, le=60, description="acquisitions before the day, valid at the cell or not"
    )
    acquisitions_after: Integer = Field(
        3, ge=0, le=60, description="acquisitions after the day, valid at the cell or not"
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
        "draws days by the seed",
    )
    strays: Literal["refuse", "leave-out"] = Field(
        "refuse",
        description="days that only the file or only Sentinel-1 has: refuse stops, leave-out "
        "warns and leaves them out",
    )
    block_days: Integer = Field(
        14, ge=2, le=92, description="protocol blocked: length of the held-out blocks, days"
    )
    hindcast_training_years: tuple[Year, ...] = Field(
        (2019, 2020, 2021, 2022, 2023),
        min_length=1,
        strict=False,
        description="protocol hindcast: training years",
    )
    hindcast_validation_years: tuple[Year, ...] = Field(
        (2018,),
        strict=False,
        description="protocol hindcast: validation years; the others are scored",
    )

    @field_validator("training_only_years", "hindcast_training_years", "hindcast_validation_years")
    @classmethod
    def _years(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return rising(value)

    @field_validator("hindcast_validation_years")
    @classmethod
    def _apart(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        both = sorted({*value} & {*info.data.get("hindcast_training_years", ())})
        if both:
            raise ValueError(
                f"found {both}, which split.hindcast_training_years has too; expected others"
            )
        return value
