"""Settings of the stage benchmark: the systems compared, the scores and the figures."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from daymelt.settings.base import Day, Name, Section, Withheld, each_once
from daymelt.settings.learning import SYSTEMS, SystemEntry
from daymelt.settings.protocols import Protocol

Ablation = Annotated[
    str, Field(pattern=r"^((only|without)-(microwave|liquid-water|sar|height)|one-day|mean)$")
]
Subset = Literal[
    "without-microwave",
    "without-liquid-water",
    "without-microwave-liquid-water",
    "without-sar",
    "past-sar",
    "past-sar-without-microwave",
    "past-sar-without-liquid-water",
]
SUBSETS: Mapping[Subset, tuple[Withheld, ...]] = {
    "without-microwave": ("microwave",),
    "without-liquid-water": ("liquid-water",),
    "without-microwave-liquid-water": ("microwave", "liquid-water"),
    "without-sar": ("sar",),
    "past-sar": ("later-sar",),
    "past-sar-without-microwave": ("later-sar", "microwave"),
    "past-sar-without-liquid-water": ("later-sar", "liquid-water"),
}  # name to what is withheld

EventName = Annotated[str, Field(min_length=1, max_length=80)]


class Benchmark(Section):
    """The systems that `snakemake benchmark` compares with the model, and the protocols."""

    systems: dict[Name, SystemEntry] = Field(
        SYSTEMS, description="systems by name; a kind is a module of daymelt/systems"
    )
    always: tuple[Name, ...] = Field(
        ("time-interpolated-sar", "interpolate-mar", "threshold-pmw"),
        strict=False,
        description="systems that every run scores, beside the model",
    )
    protocols: tuple[Protocol, ...] = Field(
        ("published", "truth"),
        min_length=1,
        strict=False,
        description="protocols of the comparison",
    )
    ablations: tuple[Ablation, ...] = Field(
        (),
        strict=False,
        description="the model trained on fewer inputs: only-sar, without-height and so on; "
        "one-day has MAR and passive microwave on the day alone, mean the mean of the neighbours",
    )
    subsets: tuple[Subset, ...] = Field(
        (),
        strict=False,
        description="the model, trained once, with sensors withheld while it maps "
        "(model.inputs sensors)",
    )

    @field_validator("always", "protocols", "ablations", "subsets")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(value)


class Event(Section):
    """A period of days."""

    first: Day = Field(description="first day, YYYY-MM-DD")
    last: Day = Field(description="last day, included")

    @model_validator(mode="after")
    def _order(self) -> "Event":
        if self.last < self.first:
            raise ValueError(
                f"found {self.first} to {self.last}; expected the first day before the last"
            )
        return self


class Report(Section):
    """Figures of the maps."""

    day: dt.date = Field(
        dt.date(2019, 7, 31),
        strict=False,
        description="day shown side by side, YYYY-MM-DD within a season",
    )


class Scores(Section):
    """How maps are scored."""

    events: dict[EventName, Event] = Field(
        {
            "late July 2019": Event(first=dt.date(2019, 7, 28), last=dt.date(2019, 8, 2)),
            "mid-August 2021": Event(first=dt.date(2021, 8, 13), last=dt.date(2021, 8, 17)),
        },
        description="periods of extreme melt that are scored separately, by name",
    )
