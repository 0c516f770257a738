"""Which files and jobs belong to a target: seasons and months, trials, evaluations, figures.

Methods that take `wildcards` are input functions of rules: they are given the wildcards of a job as
attributes (`wildcards.season`), a text each.
"""

import glob
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from daymelt.core.dates import month_name, parse_month, winter_months
from daymelt.plan import places
from daymelt.plan.resources import system_needs
from daymelt.settings.config import Config
from daymelt.settings.learning import LEFT_OUT_YEARS, VALIDATION_DAYS
from daymelt.settings.protocols import LEAVE_OUT, PUBLISHED, TRUTH, Pool, Trial, trials
from daymelt.systems import interface

Wildcards = Any
Paths = Callable[[Wildcards], list[str]]


class Evaluation(NamedTuple):
    """A system through one season, on the terms of a trial."""

    trial: str
    model: str
    season: int


def season_of(wildcards: Wildcards) -> int | None:
    """Year of a job of one season or month, else None."""
    if hasattr(wildcards, "month"):
        return parse_month(wildcards.month)[0]
    return int(wildcards.season) if hasattr(wildcards, "season") else None


@dataclass(frozen=True)
class Jobs:
    """The files and jobs of a configuration."""

    config: Config

    @property
    def area(self) -> str:
        """Name of the area."""
        return self.config.area.name

    @property
    def model(self) -> str:
        """Name of the model whose maps are the product."""
        return self.config.model.name

    @property
    def seasons(self) -> tuple[int, ...]:
        """Years, rising."""
        return self.config.seasons.years

    @property
    def map_pool(self) -> str:
        """Pool of the acquisitions that enter the maps: all, or those of the published split."""
        return places.ALL if self.config.map.sar_pool == "all" else PUBLISHED

    @cached_property
    def trials(self) -> dict[str, Trial]:
        """Every trial by its name: the configured ones, and those that a run needs in any case."""
        needed = trials("published", self.seasons, (), ())
        if self.config.intervals.calibration == LEFT_OUT_YEARS:
            needed += trials("leave-one-year-out", self.seasons, (), ())
        found = {trial.name: trial for trial in self.config.trials()}
        return found | {trial.name: trial for trial in needed if trial.name not in found}

    def wildcard_constraints(self) -> dict[str, str]:
        """What each wildcard can be, as a regular expression."""
        return {
            "area": self.area,
            "model": "|".join(map(re.escape, [*self.config.system_names(), *self.config.subsets])),
            "trial": "|".join(self.trials),
            "split": "|".join({trial.split: None for trial in self.trials.values()}),
            "season": "|".join(map(str, self.seasons)),
            "month": r"\d{4}-\d{2}",
        }

    def at(self, place: str, **wildcards: object) -> str:
        """A place in the area."""
        return places.at(place, area=self.area, **wildcards)

    def each_season(self, place: str, **wildcards: object) -> list[str]:
        """A place of every season."""
        return [self.at(place, season=season, **wildcards) for season in self.seasons]

    # twin and retrieval

    @property
    def has_truth(self) -> bool:
        """True where Sentinel-1 comes from the twin, whose true melt is given."""
        return self.config.sentinel1.provider == "twin"

    def world(self, wildcards: Wildcards) -> list[str]:
        """The twin's truth of the season of a job; none where there is no truth."""
        season = season_of(wildcards)
        return [self.at(places.WORLD, season=season)] if self.has_truth else []

    def worlds(self) -> list[str]:
        """The twin's truth of every season; none where there is no truth."""
        return self.each_season(places.WORLD) if self.has_truth else []

    # preparation

    def winter_months(self, place: str) -> Paths:
        """Function that gives a place of each month of the winter before a season."""

        def paths(wildcards: Wildcards) -> list[str]:
            months = winter_months(int(wildcards.season), self.config.sar.winter_months)
            return [self.at(place, month=month_name(*month)) for month in months]

        return paths

    def winter_references(self, wildcards: Wildcards) -> list[str]:
        """Winter references for a month: of its own season, then of earlier ones, latest first.

        None for published melt fractions.
        """
        if self.config.sentinel1.provider == "meltwaterbench":
            return []
        own, back = parse_month(wildcards.month)[0], self.config.sar.reference_years_back
        earlier = [year for year in reversed(self.seasons) if 0 < own - year <= back]
        return [self.at(places.WINTER_REFERENCE, season=year) for year in [own, *earlier]]

    def months_of(self, season: int) -> list[str]:
        """Melt fractions of the months of one season."""
        names = (month_name(season, number) for number in self.config.seasons.months)
        return [self.at(places.SAR, month=name) for name in names]

    def sar_of_season(self, wildcards: Wildcards) -> list[str]:
        """Melt fractions of the months of a job's season."""
        return self.months_of(int(wildcards.season))

    def sar_streams(self) -> list[str]:
        """Melt fractions of every month."""
        return [path for season in self.seasons for path in self.months_of(season)]

    def split_files(self) -> list[str]:
        """The split files that the settings name; a change in them is a change of the split."""
        given = self.config.split.file
        if given is None:
            return []
        names = [given / f"{name}.csv" for name in ("train", "val", "test")]
        return [str(path) for path in (names if given.is_dir() else [given])]

    def aligned_inputs(self) -> list[str]:
        """Everything that training and mapping read."""
        return [
            self.at(places.TERRAIN),
            *self.sar_streams(),
            *self.each_season(places.MAR),
            *self.each_season(places.MICROWAVE),
            *self.each_season(places.INTERPOLATED, split=PUBLISHED),
            *self.each_season(places.INTERPOLATED, split=places.ALL),
            *self.each_season(places.SAR_AGE, split=places.ALL),
        ]

    # training and maps

    def map_indices(self) -> list[str]:
        """The list of maps of each season, written after its last map."""
        return self.each_season(places.MAP_INDEX, model=self.model)

    def is_slow(self, model: str) -> bool:
        """True where a system maps so slowly that scores and figures take its written maps."""
        return system_needs(self.config, model).slow

    def model_of_maps(self, wildcards: Wildcards) -> str:
        """The system that maps, as trained on the published split."""
        return self.trained(PUBLISHED, wildcards.model)

    def trained(self, split: str, name: str) -> str:
        """A system as trained on a split; for a subset of sensors that is the model itself."""
        model = self.model if name in self.config.subsets else name
        return self.at(places.MODEL, split=split, model=model)

    def calibration_of(self, wildcards: Wildcards) -> str:
        """On which days the interval of a system is calibrated; networks for every left-out year
        are trained for the published split alone.
        """
        is_published = wildcards.split == PUBLISHED
        return self.config.intervals.calibration if is_published else VALIDATION_DAYS

    def calibrating_years(self, wildcards: Wildcards) -> list[int]:
        """The years that are left out for a calibration; none on validation days."""
        return list(self.seasons) if self.calibration_of(wildcards) == LEFT_OUT_YEARS else []

    def calibrating_models(self, wildcards: Wildcards) -> list[str]:
        """The models of a calibration: one for each left-out year, or the model itself."""
        years = self.calibrating_years(wildcards)
        splits = [f"{LEAVE_OUT}{year}" for year in years] or [wildcards.split]
        return [self.trained(split, wildcards.model) for split in splits]

    def interval_of(self, split: str, name: str) -> list[str]:
        """The bounds of the interval of a system; none of one without an interval."""
        model = self.model if name in self.config.subsets else name
        found = self.at(places.CALIBRATION, split=split, model=model)
        return [found] if self.gives_interval(name) else []

    def interval_of_maps(self, wildcards: Wildcards) -> list[str]:
        """The bounds of the interval of the system that maps."""
        return self.interval_of(PUBLISHED, wildcards.model)

    def interval_of_trial(self, wildcards: Wildcards) -> list[str]:
        """The bounds of the interval of a system as trained for a trial."""
        return self.interval_of(self.trials[wildcards.trial].split, wildcards.model)

    def split_of_maps(self, wildcards: Wildcards) -> list[str]:
        """The split whose training days alone are inputs of the maps; none for all acquisitions."""
        if self.map_pool == places.ALL:
            return []
        return [self.at(places.SPLIT, split=PUBLISHED, season=wildcards.season)]

    def gives_interval(self, model: str) -> bool:
        """True where the maps of a system come with an interval."""
        return interface.gives_interval(self.config.resolve(model).kind)

    # trials

    def split_of_trial(self, wildcards: Wildcards) -> str:
        """The split of a trial, of the season of a job."""
        split = self.trials[wildcards.trial].split
        return self.at(places.SPLIT, split=split, season=wildcards.season)

    def model_of_trial(self, wildcards: Wildcards) -> str:
        """The system as trained for a trial."""
        return self.trained(self.trials[wildcards.trial].split, wildcards.model)

    def held_out_inputs(self, place: str) -> Callable[[Wildcards], str]:
        """Function that gives a stream of the acquisitions that may be inputs on held-out days.

        A trial without any has no system with Sentinel-1 among its channels.
        """

        def path(wildcards: Wildcards) -> str:
            trial = self.trials[wildcards.trial]
            pool = trial.split if self.pool_of(trial) == "train" else places.ALL
            return self.at(place, split=pool, season=wildcards.season)

        return path

    def pool_of(self, trial: Trial) -> Pool:
        """Acquisitions that may be inputs of a trial: against the truth those of the maps."""
        return self.config.map.sar_pool if trial.name == TRUTH else trial.pool

    def other_inputs(self, place: str) -> Callable[[Wildcards], str]:
        """The same for days without an acquisition: as in the maps on the published trial."""

        def path(wildcards: Wildcards) -> str:
            if wildcards.trial != PUBLISHED:
                return self.held_out_inputs(place)(wildcards)
            return self.at(place, split=self.map_pool, season=wildcards.season)

        return path

    def maps_of_trial(self, wildcards: Wildcards) -> list[str]:
        """The written maps of a slow system where they are what the trial would predict.

        A subset of the model's sensors has none. Against the truth of every day a system with an
        interval is predicted: the maps do not hold its distribution.
        """
        name = wildcards.model
        with_maps = (PUBLISHED,) if self.gives_interval(name) else (PUBLISHED, TRUTH)
        is_mapped = self.is_slow(name) and name not in self.config.subsets
        if not is_mapped or wildcards.trial not in with_maps:
            return []
        return [self.at(places.MAP_INDEX, model=wildcards.model, season=wildcards.season)]

    # benchmark

    def main_evaluations(self, place: str = places.DAILY) -> list[str]:
        """Daily scores (or another table) of the systems that every run compares."""
        return [
            self.at(place, trial=PUBLISHED, model=model, season=season)
            for model in dict.fromkeys([self.model, *self.config.benchmark.always])
            for season in self.seasons
        ]

    def systems_of(self, trial: Trial) -> list[str]:
        """The systems that are compared on a trial: those of its protocol, the time interpolation
        of Sentinel-1 where there is Sentinel-1.
        """
        every = [*self.config.system_names(), *self.config.subsets]
        names = [name for name in every if self.config.stands_on(name, trial.protocol)]
        if trial.pool == "none":
            kinds = {name: self.config.resolve(name).kind for name in names}
            names = [name for name in names if kinds[name] != "time-interpolated-sar"]
        return names

    def evaluations(self) -> list[Evaluation]:
        """Every configured trial, system and season; those of the truth where there is one."""
        return [
            Evaluation(trial.name, model, season)
            for trial in self.config.trials()
            if trial.name != TRUTH or self.has_truth
            for model in self.systems_of(trial)
            for season in trial.seasons
        ]

    def evaluated(self, *tables: str) -> list[str]:
        """The tables of every evaluation."""
        return [
            self.at(table, **evaluation._asdict())
            for evaluation in self.evaluations()
            for table in tables
        ]

    def each_system(self, place: str, **wildcards: object) -> list[str]:
        """A place of every system."""
        return [self.at(place, model=name, **wildcards) for name in self.config.system_names()]

    def splits_to_draw(self) -> list[tuple[str, int]]:
        """Split and season of each split file of the figure of leakage.

        Of the splits that leave out one year after the other there is only the first.
        """
        names = dict.fromkeys(trial.split for trial in self.config.trials())
        left_out = [name for name in names if name.startswith(LEAVE_OUT)]
        shown = [name for name in names if name not in left_out[1:]]
        return [(name, season) for name in shown for season in self.seasons]

    def split_files_to_draw(self) -> list[str]:
        """The files of `splits_to_draw`."""
        pairs = self.splits_to_draw()
        return [self.at(places.SPLIT, split=name, season=season) for name, season in pairs]

    def systems_to_draw(self) -> list[str]:
        """The systems of the figures: all but the ablations."""
        names = self.config.system_names()
        return [name for name in names if name not in self.config.ablations]

    def interval_to_draw(self) -> str:
        """The system whose interval the figures show: the first with one; empty: none has."""
        return next(filter(self.gives_interval, self.systems_to_draw()), "")

    def models_to_draw(self) -> list[str]:
        """The cards of the systems of the figures."""
        names = self.systems_to_draw()
        return [self.at(places.MODEL, split=PUBLISHED, model=name) for name in names]

    def mapped_to_draw(self) -> list[str]:
        """The systems of the figures whose written maps are drawn."""
        return [name for name in self.systems_to_draw() if self.is_slow(name)]

    def maps_to_draw(self) -> list[str]:
        """The maps of `mapped_to_draw`, of the season of the day that the figures show."""
        season = self.config.report.day.year
        names = self.mapped_to_draw()
        return [self.at(places.MAP_INDEX, model=name, season=season) for name in names]

    # targets

    def score_tables(self) -> list[str]:
        """The scores as csv and as text, and on the twin its calibration and those of the model's
        interval.
        """
        tables = [places.SCORES, places.SCORES_TEXT]
        tables += [places.TWIN_STATISTICS] if self.has_truth else []
        return [*(self.at(table) for table in tables), *self.interval_tables([self.model])]

    def interval_tables(self, names: Iterable[str]) -> list[str]:
        """Scores of the intervals of those systems that give one, where there is a truth."""
        return [
            self.at(places.INTERVALS, model=name)
            for name in names
            if self.has_truth and self.gives_interval(name)
        ]

    def benchmark_tables(self) -> list[str]:
        """What `snakemake benchmark` leaves beside the scores."""
        tables = [*places.COMPARISON.values(), *places.COMPARISON_FIGURES.values()]
        tables += places.INTERVAL_FIGURES.values() if self.interval_to_draw() else ()
        paths = [self.at(table) for table in [*tables, *places.STATIONS.values()]]
        return [*paths, *self.interval_tables(self.config.system_names()[1:])]

    def season_products(self) -> list[str]:
        """What a bare run publishes: season maps with their climatology, extents of regions and
        their figure, QGIS projects.
        """
        seasons = self.each_season(places.SEASON_MAPS, model=self.model)
        extents = [
            path
            for place in places.REGION_EXTENTS.values()
            for path in self.each_season(place, model=self.model)
        ]
        return [
            *seasons,
            *self.climatology(),
            *extents,
            self.at(places.REGIONS),
            self.at(places.EXTENT_FIGURE, model=self.model),
            *self.each_season(places.QGIS_SEASON),
            self.at(places.QGIS_PROJECT),
        ]

    def climatology(self) -> list[str]:
        """The mean of the seasons; none of fewer seasons than a mean needs."""
        return self._climatology(self.model)

    def _climatology(self, model: str) -> list[str]:
        enough = len(self.seasons) >= self.config.season_maps.least_seasons
        return [self.at(places.CLIMATOLOGY, model=model)] if enough else []

    def climatology_of(self, wildcards: Wildcards) -> list[str]:
        """The mean of the seasons of a job's model."""
        return self._climatology(wildcards.model)

    def season_maps_of(self, wildcards: Wildcards) -> list[str]:
        """The list of the maps of each season as a whole, of a job's model."""
        return self.each_season(places.SEASON_MAPS, model=wildcards.model)

    def region_files(self) -> list[str]:
        """The files of the user's regions: a shapefile is several."""
        given = self.config.regions.file
        if given is None:
            return []
        return [str(path) for path in sorted(given.parent.glob(f"{glob.escape(given.stem)}.*"))]

    def publications(self) -> list[str]:
        """What `snakemake publish` makes."""
        return [
            *self.season_products(),
            *self.season_pictures(),
            self.at(places.CUBE, model=self.model),
            *self.each_season(places.SEASON_FILE, model=self.model),
            self.at(places.STAC),
            self.at(places.VIEWER),
        ]

    def season_pictures(self) -> list[str]:
        """Animation and contact sheet of every season."""
        return [
            path
            for place in places.SEASON_PICTURES.values()
            for path in self.each_season(place, model=self.model)
        ]

    def map_indices_of(self, wildcards: Wildcards) -> list[str]:
        """The list of maps of each season of a job's model."""
        return self.each_season(places.MAP_INDEX, model=wildcards.model)

    def inputs_of_cube(self, place: str, **wildcards: object) -> list[str]:
        """A stream of every season, where the cube holds the inputs."""
        return self.each_season(place, **wildcards) if self.config.publish.cube_inputs else []

    def sar_of_cube(self) -> list[str]:
        """Melt fractions of every month, where the cube holds the inputs."""
        return self.sar_streams() if self.config.publish.cube_inputs else []

    def stac_seasons(self) -> list[str]:
        """The STAC collection of every season of the model."""
        return self.each_season(places.STAC_SEASON, model=self.model)

    def viewer_libraries(self, page: Path) -> list[str]:
        """The folder of the installed libraries of the viewer's `page`, where they lie beside the
        published page; none where they come from the network.
        """
        return [str(page / "node_modules")] if self.config.publish.viewer_offline else []

    def station_records(self, compares: bool, folder: Path) -> list[str]:
        """The manifest of the weather stations that the report shows.

        None without a station in the area, and none where the records are neither in the working
        `folder` nor retrieved in the same run, one that `compares`: the report alone retrieves no
        station.
        """
        grid, manifest = self.config.area.grid, self.at(places.MANIFESTS["stations"])
        inside = any(grid.cell_at(site.lon, site.lat) for site in self.config.stations.sites)
        return [manifest] if inside and (compares or (folder / manifest).is_file()) else []

    def report_figures(self) -> dict[str, str]:
        """The figures of the report, by their names."""
        return {name: self.at(place) for name, place in places.REPORT_FIGURES.items()}
