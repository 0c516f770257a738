"""Settings of the stage benchmark: the systems compared, the scores and the figures."""

import datetime as dt
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from daymelt.settings.base import Day, Name, Section, each_once
from daymelt.settings.learning import SYSTEMS, SystemEntry
from daymelt.settings.protocols import Protocol

Ablation = Annotated[str, Field(pattern=r"^(only|without)-(microwave|liquid-water|sar|height)$")]

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
        description="the model trained on fewer inputs: only-sar, without-height and so on",
    )

    @field_validator("always", "protocols", "ablations")
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
