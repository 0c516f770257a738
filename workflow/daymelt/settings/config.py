"""All settings of a run, and the contradictions that no section can see alone.

The JSON schema and the commented `config.yaml` are written from these modules (see `schema.py`).
Sections are frozen and refuse unknown keys. Only the workflow, the command line and the steps
import them.
"""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError, model_validator

from daymelt.core.dates import winter_months
from daymelt.settings.base import NETWORK, Section
from daymelt.settings.comparison import Benchmark, Report, Scores
from daymelt.settings.errors import explain, nearest
from daymelt.settings.inputs import (
    TWIN_MONTHS,
    Archives,
    Area,
    Mar,
    MeltwaterBench,
    Microwave,
    Seasons,
    Sentinel1,
    Stations,
    Terrain,
    Twin,
)
from daymelt.settings.learning import Map, Model, System, SystemEntry, Training
from daymelt.settings.processing import Regrid, Sar, Split, Temporal
from daymelt.settings.protocols import Trial, trials

_TWIN_COVERS = (
    f"expected months {TWIN_MONTHS[0]} to {TWIN_MONTHS[-1]} of the season's year, which the world "
    "of the provider twin covers"
)


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
            left = tuple(
                name for name in self.model.channels if (name == channel.replace("-", "_")) == only
            )
            names[f"{self.model.name}-{ablation}"] = left
        return names

    def system_names(self) -> list[str]:
        """Every system that can be trained and scored: the model, its ablations, those of the
        benchmark.
        """
        return [self.model.name, *self.ablations, *self.benchmark.systems]

    def trials(self) -> list[Trial]:
        """The trials of every configured protocol."""
        years = (self.split.hindcast_training_years, self.split.hindcast_validation_years)
        return [
            trial
            for protocol in self.benchmark.protocols
            for trial in trials(protocol, self.seasons.years, *years)
        ]

    def resolve(self, name: str, sar: bool = True) -> System:
        """A system with all of its settings; without `sar`, one that has no Sentinel-1 among its
        inputs.
        """
        if name == self.model.name:
            entry = SystemEntry(kind=NETWORK)
        elif name in self.ablations:
            entry = SystemEntry(kind=NETWORK, model={"channels": list(self.ablations[name])})
        else:
            entry = self.benchmark.systems[name]
        options = dict(entry.options)
        if entry.kind == NETWORK:
            model = {**self.model.model_dump(mode="json"), **entry.model, "name": name}
            options = {
                "model": model,
                "training": {**self.training.model_dump(mode="json"), **entry.training},
            }
        for part in (options, options.get("model", {})):
            if "channels" in part and not sar:
                part["channels"] = [channel for channel in part["channels"] if channel != "sar"]
        return System(kind=entry.kind, options=options)

    def _months(self) -> Iterator[str]:
        """What is wrong with the months of the winter and of the season."""
        season = self.seasons.months
        for source, provider, months in (
            ("sar", self.sentinel1.provider, self.sar.winter_months),
            ("microwave", self.microwave.provider, self.microwave.winter_months),
        ):
            key = f"{source}.winter_months: found {list(months)}"
            place = {month: year for year, month in winter_months(0, months)}
            if late := [
                month
                for month in months
                if (place[month] < 0 and month in season)
                or (place[month] == 0 and month > season[-1])
            ]:
                yield (
                    f"{key}, of which {late} are of the melt season or after it, "
                    f"{list(season)}; expected months of the winter before"
                )
            if provider == "twin" and not set(months) <= set(TWIN_MONTHS):
                yield f"{key}; {_TWIN_COVERS}"
        providers = (self.sentinel1, self.microwave, self.mar, self.stations)
        if "twin" in {section.provider for section in providers} and season[-1] not in TWIN_MONTHS:
            yield f"seasons.months: found {list(season)}; {_TWIN_COVERS}"

    def _systems(self) -> Iterator[str]:
        """What is wrong with the systems."""
        for name in (self.model.name, *self.ablations):
            if name in self.benchmark.systems:
                yield (
                    f"benchmark.systems: found {name!r}, which is the name of the model; "
                    "expected another"
                )
        for name in self.benchmark.always:
            if name not in self.benchmark.systems:
                near = nearest(name, self.benchmark.systems)
                yield (
                    f"benchmark.always: found {name!r}{near}; expected names of "
                    f"benchmark.systems, {', '.join(self.benchmark.systems)}"
                )
        for name, left in self.ablations.items():
            if not left or left == self.model.channels:
                yield (
                    f"benchmark.ablations: {name} leaves {list(left)} of "
                    f"{list(self.model.channels)}; expected some, not all"
                )
        for name, entry in self.benchmark.systems.items():
            for part, section in (("model", self.model), ("training", self.training)):
                try:
                    type(section).model_validate(
                        {**section.model_dump(mode="json"), **getattr(entry, part)}
                    )
                except ValidationError as error:
                    yield explain(error, type(section), f"benchmark.systems.{name}.{part}.")

    def _contradictions(self) -> Iterator[str]:
        """What no section can see alone, each as `key: found; expected`."""
        area, multiple = self.area, 2**self.model.depth
        if area.latitude < 0:
            yield (
                f"area: found its centre at {-area.latitude:.1f} degrees south ({area.crs}); "
                "expected an area north of the equator, as southern grids are not supported yet"
            )
        if self.sentinel1.spacing_m > area.spacing_m:
            yield (
                f"sentinel1.spacing_m: found {self.sentinel1.spacing_m:g} m; expected at most "
                f"area.spacing_m, {area.spacing_m:g} m"
            )
        if self.regrid.posting_m < area.spacing_m:
            yield (
                f"regrid.posting_m: found {self.regrid.posting_m:g} m; expected at least "
                f"area.spacing_m, {area.spacing_m:g} m"
            )
        if self.training.crop % multiple:
            yield (
                f"training.crop: found {self.training.crop}; expected a multiple of "
                f"{multiple}, 2 to the power of model.depth"
            )
        if self.training.crop > min(area.rows, area.columns):
            yield (
                f"training.crop: found {self.training.crop}; expected at most the area's "
                f"shorter side, {min(area.rows, area.columns)}"
            )
        if self.map.tile is not None and (
            self.map.tile % multiple or self.map.tile <= 2 * self.map.halo
        ):
            yield (
                f"map.tile: found {self.map.tile}; expected a multiple of {multiple} above "
                f"twice map.halo, {2 * self.map.halo}, or null"
            )
        if self.split.file is None and set(self.seasons.years) <= set(
            self.split.training_only_years
        ):
            yield (
                "split.training_only_years: found every year of seasons.years, "
                f"{list(self.seasons.years)}; expected one left to test on"
            )
        if (
            self.report.day.year not in self.seasons.years
            or self.report.day.month not in self.seasons.months
        ):
            yield (
                f"report.day: found {self.report.day}; expected a day in the configured "
                "seasons.years and seasons.months"
            )
        yield from self._months()
        yield from self._systems()
        for trial in self.trials():
            if not trial.seasons:
                yield (
                    f"benchmark.protocols: {trial.protocol} has no year to score; expected a "
                    "year that neither trains nor validates"
                )


WRITTEN: tuple[str, ...] = tuple(
    Config.model_fields
)  # those that a person writes; `system` is made from several
SECTIONS: Mapping[str, type[Section]] = {
    name: type(field.default) for name, field in Config.model_fields.items()
} | {"system": System}
