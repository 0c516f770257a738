"""All settings of a run, and the contradictions that no section can see alone.

The JSON schema and the commented `config.yaml` are written from these modules (see `schema.py`).
Sections are frozen and refuse unknown keys.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError, model_validator

from daymelt.core.dates import winter_months
from daymelt.core.errors import nearest
from daymelt.settings.base import (
    KINDS,
    MULTI_SENSOR,
    NETWORKS,
    SENSORS,
    Section,
    Withheld,
    memory_of,
)
from daymelt.settings.comparison import SUBSETS, Benchmark, Report, Scores
from daymelt.settings.contradictions import contradictions, memory
from daymelt.settings.errors import contradiction, dotted, refusal
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
from daymelt.settings.learning import Intervals, Map, Model, System, SystemEntry, Training
from daymelt.settings.networks import Contradiction, coarsest, network_contradictions
from daymelt.settings.processing import Regrid, Sar, Split, Temporal
from daymelt.settings.protocols import PUBLISHED, TRUTH, Protocol, Trial, trials
from daymelt.settings.publishing import Publish, Regions, SeasonMaps

Kind = TypeVar("Kind", bound=Section)
RESERVED = {"sar": "observations of Sentinel-1", "truth": "twin's truth"}  # in tables
OF_SENSORS = ("neighbours", "neighbours_as", "coarse_days", "same_day")  # `inputs: sensors` alone
OF_ABLATIONS: Mapping[str, Mapping[str, Any]] = {
    "one-day": {"coarse_days": 0},
    "mean": {"neighbours_as": "mean"},
}
MOST_PIXELS = 1e11  # of Sentinel-1 in a pass over the area; Greenland at 10 m has 4e10


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
    intervals: Intervals = Intervals()
    map: Map = Map()
    scores: Scores = Scores()
    benchmark: Benchmark = Benchmark()
    stations: Stations = Stations()
    report: Report = Report()
    season_maps: SeasonMaps = SeasonMaps()
    regions: Regions = Regions()
    publish: Publish = Publish()

    @model_validator(mode="after")
    def _agree(self) -> "Config":
        for key, text in self._contradictions():
            raise contradiction(key, text)
        return self

    @property
    def system(self) -> System:
        """The model, as a system."""
        return self.resolve(self.model.name)

    @property
    def ablations(self) -> Mapping[str, Mapping[str, Any]]:
        """Name of each ablation to the settings of the model that it changes."""
        return {
            f"{self.model.name}-{ablation}": self._changes(ablation)
            for ablation in self.benchmark.ablations
        }

    def _changes(self, ablation: str) -> Mapping[str, Any]:
        """The settings of the model that an ablation changes."""
        if ablation in OF_ABLATIONS:
            return OF_ABLATIONS[ablation]
        word, channel = ablation.split("-", 1)
        only, named = word == "only", channel.replace("-", "_")
        return {"channels": [name for name in self.model.channels if (name == named) == only]}

    @property
    def entries(self) -> Mapping[str, SystemEntry]:
        """The systems of `benchmark.systems` that a protocol or every run compares, without one
        that the model takes the place of.
        """
        return {
            name: entry
            for name, entry in self.benchmark.systems.items()
            if name != self.model.name
            and (name in self.benchmark.always or self._protocols_of(entry))
        }

    def _protocols_of(self, entry: SystemEntry) -> list[Protocol]:
        """The configured protocols that a system is part of."""
        configured = self.benchmark.protocols
        wanted = configured if entry.protocols is None else entry.protocols
        return [protocol for protocol in configured if protocol in wanted]

    def stands_on(self, name: str, protocol: Protocol) -> bool:
        """True where a system is part of a protocol.

        Ablations and subsets of the model are compared on the published split alone, against
        acquisitions and the truth.
        """
        if name in self.ablations or name in self.subsets:
            return protocol in (PUBLISHED, TRUTH)
        return name not in self.entries or protocol in self._protocols_of(self.entries[name])

    def repeats(self, name: str) -> list[str]:
        """The networks whose settings differ from those of `name` in the seed alone."""
        own = self._without_seed(name)
        return [
            other for other in self.entries if other != name and self._without_seed(other) == own
        ]

    def _without_seed(self, name: str) -> Mapping[str, Any]:
        """The settings of a system without name and seed."""
        system = self.resolve(name).model_dump(mode="json")
        system["options"].get("model", {}).pop("name", None)
        system["options"].get("training", {}).pop("seed", None)
        return system

    @property
    def subsets(self) -> Mapping[str, tuple[Withheld, ...]]:
        """Name of each subset of the model's sensors to what is withheld from the network."""
        return {f"{self.model.name}.{name}": SUBSETS[name] for name in self.benchmark.subsets}

    def system_names(self) -> list[str]:
        """Every system that can be trained and scored: the model, its ablations, those of the
        benchmark.
        """
        return [self.model.name, *self.ablations, *self.entries]

    def trials(self) -> list[Trial]:
        """The trials of every configured protocol."""
        years = (self.split.hindcast_training_years, self.split.hindcast_validation_years)
        return [
            trial
            for protocol in self.benchmark.protocols
            for trial in trials(protocol, self.seasons.years, *years)
        ]

    def map_of(self, name: str) -> Map:
        """How a system maps: sources are withheld from the model alone, from a subset its own."""
        without = self.map.without if name == self.model.name else self.subsets.get(name, ())
        return self.map.model_copy(update={"without": without})

    def resolve(self, name: str, sar: bool = True) -> System:
        """A system with all of its settings; without `sar`, Sentinel-1 is not among its inputs.

        A subset is the model itself, a network of the published inputs has no settings of sensors.
        """
        if name in self.subsets:
            return self.resolve(self.model.name, sar)
        if name == self.model.name:
            entry = SystemEntry(kind=KINDS[self.model.inputs])
        elif name in self.ablations:
            entry = SystemEntry(kind=KINDS[self.model.inputs], model=dict(self.ablations[name]))
        else:
            entry = self.benchmark.systems[name]
        options = dict(entry.options)
        if entry.kind in NETWORKS:
            model = changed(self.model, entry.model)
            training = changed(self.training, entry.training)
            unused = {"inputs"} if entry.kind == MULTI_SENSOR else {"inputs", *OF_SENSORS}
            options |= {
                "model": {**model.model_dump(mode="json", exclude=unused), "name": name},
                "training": training.model_dump(mode="json"),
            }
        for part in (options, options.get("model", {})):
            if "channels" in part and not sar:
                part["channels"] = [channel for channel in part["channels"] if channel != "sar"]
        return System(kind=entry.kind, options=options)

    def entry_contradictions(self, name: str) -> Iterator[Contradiction]:
        """Settings with which a network of `benchmark.systems` cannot be trained.

        They do not make the settings invalid: only a run that compares systems trains it.
        """
        entry = self.benchmark.systems[name]
        if entry.kind in NETWORKS:
            model = changed(self.model, entry.model)
            training = changed(self.training, entry.training)
            for key, text in (
                *self._crop(training),
                *network_contradictions(model, training, self.area),
                *memory(training, self.map, self.area),
                *self._tiles(model),
            ):
                entry_key = key if key.startswith("map.") else f"benchmark.systems.{name}.{key}"
                yield entry_key, text

    def _contradictions(self) -> Iterator[Contradiction]:
        """All that no section can see alone."""
        yield from self._place()
        yield from self._spacings()
        yield from self._days()
        yield from self._winters()
        yield from self._twin_months()
        yield from self._withheld()
        yield from self._main_network()
        yield from self._names()
        yield from self._entries()
        yield from contradictions(self)

    def _place(self) -> Iterator[Contradiction]:
        if (latitude := self.area.latitude) < 0:
            yield (
                "area",
                f"found its centre at {-latitude:.1f} degrees south ({self.area.crs}); expected an "
                "area north of the equator, as southern grids are not supported yet",
            )

    def _spacings(self) -> Iterator[Contradiction]:
        area, spacing_m = self.area, self.sentinel1.spacing_m
        pixels = area.rows * area.columns * (area.spacing_m / spacing_m) ** 2
        if spacing_m > area.spacing_m:
            yield (
                "sentinel1.spacing_m",
                f"found {spacing_m:g} m; expected at most area.spacing_m, {area.spacing_m:g} m",
            )
        if pixels > MOST_PIXELS:
            yield (
                "sentinel1.spacing_m",
                f"found {spacing_m:g} m; a pass over the area has {pixels:.3g} pixels, "
                f"{memory_of(pixels)}; expected at most {MOST_PIXELS:.3g} pixels",
            )
        if self.regrid.posting_m < area.spacing_m:
            yield (
                "regrid.posting_m",
                f"found {self.regrid.posting_m:g} m; expected at least area.spacing_m, "
                f"{area.spacing_m:g} m",
            )

    def _days(self) -> Iterator[Contradiction]:
        years, split, day = self.seasons.years, self.split, self.report.day
        if split.file is None and set(years) <= set(split.training_only_years):
            yield (
                "split.training_only_years",
                f"found every year of seasons.years, {list(years)}; expected one left to test on",
            )
        if day.year not in years or day.month not in self.seasons.months:
            yield (
                "report.day",
                f"found {day}; expected a day in the configured seasons.years and seasons.months",
            )
        for trial in self.trials():
            if not trial.seasons:
                yield (
                    "benchmark.protocols",
                    f"{trial.protocol} has no year to score; expected a year that neither trains "
                    "nor validates",
                )

    def _winters(self) -> Iterator[Contradiction]:
        season = self.seasons.months
        for section in ("sar", "microwave"):
            months = getattr(self, section).winter_months
            place = {month: year for year, month in winter_months(0, months)}
            late = [
                month
                for month, year in place.items()
                if (month in season if year < 0 else month > season[-1])
            ]
            if late:
                yield (
                    f"{section}.winter_months",
                    f"found {list(months)}, of which {late} are of the melt season or after it, "
                    f"{list(season)}; expected months of the winter before",
                )
            elif min(year for year in place.values()) == 0 and months[0] > season[0]:
                yield (
                    f"{section}.winter_months",
                    f"found {list(months)}, all within the melt season, {list(season)}; expected "
                    "months of the winter before",
                )

    def _twin_months(self) -> Iterator[Contradiction]:
        of_twin = [
            name
            for name in ("sentinel1", "microwave", "mar", "stations")
            if getattr(self, name).provider == "twin"
            and (name != "stations" or self.stations.sites)
        ]
        wanted = {"seasons": self.seasons.months} if of_twin else {}
        if "sentinel1" in of_twin:
            wanted["sar"] = self.sar.winter_months
        if "microwave" in of_twin:
            wanted["microwave"] = self.microwave.winter_months
        for section, months in wanted.items():
            if not set(months) <= set(TWIN_MONTHS):
                yield (
                    f"{section}.{'months' if section == 'seasons' else 'winter_months'}",
                    f"found {list(months)}; expected months {TWIN_MONTHS[0]} to {TWIN_MONTHS[-1]} "
                    f"of the season's year, the world of the provider twin of {', '.join(of_twin)}",
                )

    def _tiles(self, model: Model) -> Iterator[Contradiction]:
        """Tiles that a network cannot map."""
        tile, halo, multiple = self.map.tile, self.map.halo, coarsest(model)
        if tile is not None and (tile % multiple or tile <= 2 * halo):
            yield (
                "map.tile",
                f"found {tile}; expected a multiple of {multiple} above twice map.halo, "
                f"{2 * halo}, or null",
            )

    def _withheld(self) -> Iterator[Contradiction]:
        """Sources that are withheld from the model: it takes single sensors, and one is left."""
        given = {name.replace("_", "-") for name in self.model.channels} - {"height"}
        subsets = [("benchmark.subsets", name, SUBSETS[name]) for name in self.benchmark.subsets]
        mapped = self.map.without
        asked = [("map.without", ", ".join(mapped), mapped)] if mapped else []
        for key, found, withheld in [*asked, *subsets]:
            lacking = {name.removeprefix("later-") for name in withheld} - given
            if self.model.inputs != SENSORS:
                yield (
                    key,
                    f"found {found}; the published inputs cannot be withheld; expected [], or "
                    f"model.inputs: {SENSORS}",
                )
            elif lacking:
                yield (
                    key,
                    f"found {found}; model.channels has no {', '.join(sorted(lacking))}; expected "
                    "sensors of the model",
                )
            elif not given - set(withheld):
                yield key, f"found {found}, every sensor of the model; expected one left"

    def _crop(self, training: Training) -> Iterator[Contradiction]:
        """Crops beyond the area."""
        shorter = min(self.area.rows, self.area.columns)
        if training.crop > shorter:
            yield (
                "training.crop",
                f"found {training.crop}; expected at most the area's shorter side, {shorter}",
            )

    def _main_network(self) -> Iterator[Contradiction]:
        yield from self._crop(self.training)
        yield from self._tiles(self.model)
        yield from network_contradictions(self.model, self.training, self.area)

    def _names(self) -> Iterator[Contradiction]:
        systems = self.benchmark.systems
        for name in (self.model.name, *self.ablations):
            if name in systems and (name in self.ablations or systems[name].kind not in NETWORKS):
                yield (
                    "benchmark.systems",
                    f"found {name!r}, which is the name of the model; expected another",
                )
        for name in (self.model.name, *systems):
            if name in RESERVED:
                key = "benchmark.systems" if name in systems else "model.name"
                yield (
                    key,
                    f"found {name!r}, which stands for the {RESERVED[name]}; expected another",
                )
        for name in self.benchmark.always:
            if name not in systems:
                yield (
                    "benchmark.always",
                    f"found {name!r}{nearest(name, systems)}; expected names of "
                    f"benchmark.systems, {', '.join(systems)}",
                )
            elif (on := systems[name].protocols) is not None and PUBLISHED not in on:
                yield (
                    f"benchmark.systems.{name}.protocols",
                    f"found {list(on)}; expected {PUBLISHED} among them, or a system that "
                    "benchmark.always does not name",
                )
        for name, changes in self.ablations.items():
            left = changes.get("channels", ())
            if "channels" in changes and (not left or left == list(self.model.channels)):
                yield (
                    "benchmark.ablations",
                    f"{name} leaves {list(left)} of {list(self.model.channels)}; expected some, "
                    "not all",
                )
            for key in set(changes) & set(OF_SENSORS):
                value = changes[key]
                if self.model.inputs != SENSORS or getattr(self.model, key) == value:
                    yield (
                        "benchmark.ablations",
                        f"{name} has the inputs of the model; expected model.inputs: {SENSORS} "
                        f"with another {key} than {value}, or another ablation",
                    )

    def _entries(self) -> Iterator[Contradiction]:
        for name, entry in self.benchmark.systems.items():
            for part, section in (("model", self.model), ("training", self.training)):
                try:
                    changed(section, getattr(entry, part))
                except ValidationError as error:
                    refused = refusal(error, type(section), ("benchmark", "systems", name, part))
                    yield dotted(refused.key), refused.text.partition(": ")[2]


def changed(section: Kind, values: Mapping[str, Any]) -> Kind:
    """A section with some of its values replaced; ValidationError where that is impossible."""
    return type(section).model_validate({**section.model_dump(mode="json"), **values})


WRITTEN: tuple[str, ...] = tuple(Config.model_fields)  # `system` is derived from several
SECTIONS: Mapping[str, type[Section]] = {
    name: type(field.default) for name, field in Config.model_fields.items()
} | {"system": System}
