"""A network that maps with whatever sensors there are, and says how sure it is.

Its inputs are those of `learn.sensor_inputs`: of each cell the nearest valid acquisitions on either
side of the day, the day's own observation, MAR and passive microwave on the days around, height and
season, each with its validity. It is trained by hiding (`learn.hiding`) and predicts quantiles
(`learn.quantiles`). One trained network maps with any subset of its sensors.

`model.channels` names the sensors: microwave, liquid_water (MAR), sar (Sentinel-1), height.
`model.neighbours`, `neighbours_as`, `coarse_days` and `same_day` say what is given of them.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from daymelt.core.digests import combine
from daymelt.core.encoding import PERCENT
from daymelt.core.errors import ConfigError, FormatError, MissingInputError
from daymelt.core.manifest import checksum
from daymelt.core.memory import make_stack
from daymelt.learn.channels import COARSE, HEIGHT, SAR
from daymelt.learn.planes import Planes, check_inputs
from daymelt.systems import network
from daymelt.systems.aligned import Aligned, Observations
from daymelt.systems.interface import (
    STRICT,
    Fold,
    Layers,
    Maps,
    Quantiles,
    Ready,
    Running,
    TrainingData,
)
from daymelt.systems.resources import LABELLED_DAYS, Needs, Size, memory_mb

if TYPE_CHECKING:  # torch is imported by what runs a network, not by what reads its options
    from daymelt.learn.sensor_inputs import Acquisitions, Coarse

KIND = "multi-sensor"
NODATA = int(PERCENT.nodata)
GIVES_INTERVAL = True
MAPS_SUBSETS = True
# settings of `model` that say what the inputs are; the others are the network's
OF_INPUTS = ("neighbours", "neighbours_as", "coarse_days", "same_day")
WITHHELD_LATER = "later-sar"
SOURCES = {SAR: "Sentinel-1", "microwave": "passive microwave", "liquid_water": "MAR"}
ONE_PASS_CELLS = 1 << 21  # of a validation day that is predicted in one pass
STORE_MB = 256  # acquisitions beyond it lie in a file (`core.memory`)
QUANTILES_BYTES = 36  # of a cell and day: `learn.quantiles.LEVELS` in single precision


@dataclass(frozen=True, config=STRICT)
class Options:
    """The sections `model` and `training` of the configuration, which states their defaults."""

    model: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)


def check(options: Options) -> None:
    """ConfigError where no such network can be built, see `network.check`."""
    network.check(network.Options(network_settings(options), options.training))


def fit(data: TrainingData, options: Options, folder: Path) -> None:
    """Train on the training days, validate on the validation days with training acquisitions alone;
    weights, losses and the last checkpoint are written beside the card.
    """
    from daymelt.learn.devices import choose_device
    from daymelt.learn.hiding import Rates
    from daymelt.learn.processes import local_rank
    from daymelt.learn.quantiles import LEVELS
    from daymelt.learn.sensor_inputs import SensorTrainingSet, choose_gather
    from daymelt.learn.training import train
    from daymelt.systems.inputs import frame_of, training_statistics

    planes, channels = planes_of(options), static_channels(options)
    aligned, days, validation = data.aligned, data.days("train"), data.days("val")
    device = str(choose_device(options.training["device"], local_rank(options.training["devices"])))
    frame = frame_of(aligned, channels, training_statistics(aligned, channels, days), device)
    observations = Observations(data.observed, frozenset(days))
    acquired = acquisitions_of(observations, data.observed.days, frame.shape, folder)
    coarse = coarse_of(aligned, planes, frame.statistics)
    gather = choose_gather(frame, planes, acquired, coarse)  # one copy on the device for both
    labelled = partial(
        SensorTrainingSet, frame, planes, acquisitions=acquired, coarse=coarse, gather=gather
    )
    watched = labelled(days=validation) if validation else None
    train(
        labelled(days=days, seed=options.training["seed"], rates=Rates()),
        watched,
        replace(
            network.network_options(network_settings(options)),
            channel_count=len(planes.names()),
            quantiles=LEVELS,
        ),
        network.training_options(options.training, data.threads),
        folder,
        dict(data.about),
    )


def calibrate(
    data: TrainingData, options: Options, folds: Sequence[Fold], calibration: str, out: Path
) -> None:
    """Find the bounds of the interval on days that the models of `folds` never saw, and write them
    to `out`; `calibration` says in the file which days these are.
    """
    from daymelt.learn.calibration import KEPT, Coverage, Intervals, SecondLooks, write_intervals
    from daymelt.learn.devices import use_threads

    use_threads(data.threads)
    cells, days = data.aligned.ocean.size, sum(len(fold.scored) for fold in folds)
    coverage = Coverage(every=max(1, days * cells // KEPT))
    for fold in folds:
        for day, quantiles in predicted(data, options, fold, out.parent):
            report = data.observed.read(day)
            coverage.add(quantiles, report, np.isfinite(report) & ~data.aligned.ocean)
    looks = SecondLooks()
    for first, second in pairs_of_days(folds):
        reports = (data.observed.raw(day) for day in (first, second))
        looks.add(*(np.where(data.aligned.ocean, NODATA, report) for report in reports))
    write_intervals(out, Intervals(coverage.levels(), looks.bounds(), calibration), days)


def predicted(
    data: TrainingData, options: Options, fold: Fold, scratch: Path
) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
    """The quantiles (level, y, x) of the scored days of a fold, in their order."""
    from daymelt.learn.devices import choose_device
    from daymelt.learn.inference import predict_days
    from daymelt.learn.networks import load_model
    from daymelt.learn.sensor_inputs import SensorInputs
    from daymelt.systems.inputs import frame_of

    trained, card = load_model(fold.model)
    planes = planes_of(options)
    check_inputs(card.channels, planes.names(), str(fold.model))
    device = str(choose_device(options.training["device"]))
    frame = frame_of(data.aligned, static_channels(options), card.statistics, device)
    coarse = coarse_of(data.aligned, planes, card.statistics)
    tile = None if data.aligned.ocean.size <= ONE_PASS_CELLS else card.training["crop"]
    observations = Observations(data.observed, fold.usable, same_day=False)
    for season in sorted({day.year for day in fold.scored}):
        own = [day for day in fold.scored if day.year == season]
        given = observations.of_season(season)
        acquired = acquisitions_of(given, given.days, frame.shape, scratch)
        every = SensorInputs(frame, planes, own, acquired, coarse, same_day=False)
        batches = (every.of_days([day]) for day in own)
        yield from predict_days(trained, batches, tile, halo=tile // 8 if tile else 0)


def pairs_of_days(folds: Sequence[Fold]) -> Iterator[tuple[dt.date, dt.date]]:
    """Pairs of usable acquisitions a day apart."""
    usable = {day for fold in folds for day in fold.usable}
    for day in sorted(usable):
        if (after := day + dt.timedelta(days=1)) in usable:
            yield day, after


def load(folder: Path, options: Options, aligned: Aligned, running: Running) -> Ready:
    """The trained network in `folder`, given what `running.without` leaves of the sources.

    Raises
    ------
    ConfigError
        It was trained on other inputs than those of the options, or the aligned streams come
        without observations.
    FormatError
        It is of an earlier version.
    MissingInputError
        A season that is mapped has no source at all.
    """
    from daymelt.learn import calibration
    from daymelt.learn.devices import choose_device, use_threads
    from daymelt.learn.inference import predict_days
    from daymelt.learn.networks import load_model
    from daymelt.learn.quantiles import LEVELS, MEDIAN, weights_of_mean
    from daymelt.learn.sensor_inputs import SensorInputs
    from daymelt.systems.inputs import frame_of

    trained, card = load_model(folder)
    planes = planes_of(options)
    check_inputs(card.channels, planes.names(), str(folder))
    if card.network.quantiles != LEVELS:
        raise FormatError(
            f"model {folder}: quantiles {card.network.quantiles}; expected {LEVELS}; train it again"
        )
    intervals = calibration.read_intervals(folder / calibration.FILE)
    fitted = combine([card.checksum, checksum(folder / calibration.FILE)])
    aligned = replace(aligned, observations=given_observations(aligned, planes, running))
    later = WITHHELD_LATER not in running.without
    use_threads(running.threads)
    device = str(choose_device(running.device))

    def quantiles(days: Sequence[dt.date]) -> Iterator[tuple[dt.date, NDArray[np.float32]]]:
        frame = frame_of(aligned, static_channels(options), card.statistics, device)
        for season in sorted({day.year for day in days}):
            own = [day for day in days if day.year == season]
            observations = of_season(aligned.observations, season)
            acquired = acquisitions_of(observations, observations.days, frame.shape, folder)
            coarse = coarse_of(aligned, planes, card.statistics, running.without)
            check_sources(season, acquired, coarse, planes)
            given = observations.same_day
            every = SensorInputs(frame, planes, own, acquired, coarse, given, later)
            batches = (every.of_days(part) for part in in_batches(own, running.batch))
            yield from predict_days(trained, batches, running.tile, running.halo)

    def distributions(
        days: Sequence[dt.date],
    ) -> Iterator[tuple[dt.date, Layers, NDArray[np.float32]]]:
        weights = weights_of_mean()
        for day, found in quantiles(days):
            make_rising(found)
            seen = own_observation(aligned.observations, day, found[MEDIAN])
            low, high = intervals.with_report(*intervals.bounds(found), seen)
            made = {
                "melt": with_report(found[MEDIAN], seen),
                "melt_mean": with_report(np.tensordot(weights, found, 1), seen),
                "melt_low": low,
                "melt_high": high,
            }
            yield day, made, np.where(np.isfinite(seen), np.float32(np.nan), found)

    def layers(days: Sequence[dt.date]) -> Iterator[tuple[dt.date, Layers]]:
        return ((day, made) for day, made, _ in distributions(days))

    def predict(days: Sequence[dt.date]) -> Maps:
        return ((day, np.nan_to_num(made["melt"])) for day, made in layers(days))

    count = sum(weight.numel() for weight in trained.parameters())
    given = Quantiles(LEVELS, weights_of_mean().tolist(), distributions)
    return Ready(KIND, fitted, count, predict, layers, given, intervals.title)


def needs(options: Options, size: Size) -> Needs:
    """Memory of the layers, of the acquisitions, and of the libraries, as of a network; in mapping
    that of the planes and of the quantiles too: the weighted sums of all days at once, their
    quotients, and what is made of one day.

    Measured at full size with Xception71, see benchmarks/RESULTS.md ("Memory of the production
    systems on a CPU").
    """
    base = network.needs(network.Options(options.model, options.training), size)
    stored = min(size.cells * size.labelled_days / 1e6, STORE_MB)
    planes = 4 * len(planes_of(options).names()) * size.cells_at_once / 1e6
    quantiles = QUANTILES_BYTES * size.cells * (2 * size.batch + 1) / 1e6
    return Needs(
        training_mb=base.training_mb + memory_mb(0, 0, stored),
        mapping_mb=base.mapping_mb
        + 2 * planes
        + quantiles
        + min(size.cells * LABELLED_DAYS / 1e6, STORE_MB),
        training_threads=base.training_threads,
        mapping_threads=base.mapping_threads,
        slow=True,
    )


def planes_of(options: Options) -> Planes:
    """The planes of the network's input, by the sensors in `model.channels`."""
    model, sensors = options.model, options.model["channels"]
    return Planes(
        neighbours=model["neighbours"] if SAR in sensors else 0,
        same_day=model["same_day"] and SAR in sensors,
        coarse=tuple(name for name in COARSE if name in sensors),
        coarse_days=model["coarse_days"],
        height=HEIGHT in sensors,
        each=model["neighbours_as"] == "each",
    )


def network_settings(options: Options) -> dict[str, Any]:
    """The settings of the section `model` that are of the network and not of its inputs."""
    return {name: value for name, value in options.model.items() if name not in OF_INPUTS}


def given_observations(aligned: Aligned, planes: Planes, running: Running) -> Observations | None:
    """The observations that the network is given: none of a radar that is withheld or that it was
    not trained on; those of the mapped day where it takes them.
    """
    found = aligned.observations
    if found is None:
        return None
    if SAR in running.without or not planes.neighbours:
        return Observations(replace(found.series, days=()), same_day=False)
    return replace(found, same_day=found.same_day and planes.same_day)


def check_sources(season: int, acquired: "Acquisitions", coarse: "Coarse", planes: Planes) -> None:
    """MissingInputError where none of the sensors that a network takes has a day in a season."""
    own = [place for day, place in coarse.days.items() if day.year == season]
    given = {name: coarse.flags[own, index].any() for index, name in enumerate(planes.coarse)}
    given |= {SAR: acquired.usable.any()} if planes.neighbours else {}
    if given and not any(given.values()):
        missing = ", ".join(SOURCES[name] for name in given)
        raise MissingInputError(
            f"season {season}: no day of {missing}; expected at least one source to map from; "
            "retrieve one, or leave the year out of seasons.years"
        )


def static_channels(options: Options) -> tuple[str, ...]:
    """The channels that have statistics; a frame has one at least, height where none is taken."""
    found = tuple(name for name in (*COARSE, HEIGHT) if name in options.model["channels"])
    return found or (HEIGHT,)


def of_season(observations: Observations | None, season: int) -> Observations:
    """The observations of one season.

    Raises
    ------
    ConfigError
        There are none: the streams were opened without Sentinel-1's melt fractions.
    """
    if observations is None:
        raise ConfigError(
            f"system {KIND}: no melt fractions of Sentinel-1 given; give the files of the season "
            "with --sar"
        )
    return observations.of_season(season)


def acquisitions_of(
    observations: Observations, days: Sequence[dt.date], shape: tuple[int, int], folder: Path
) -> "Acquisitions":
    """Some acquisitions as they are stored; many large ones are held in a file in `folder`."""
    from daymelt.learn.sensor_inputs import Acquisitions

    stack = make_stack((len(days), *shape), folder)
    observations.series.fill(stack, days)
    usable = np.array([observations.is_usable(day) for day in days], bool)
    return Acquisitions(tuple(days), stack.fields, usable, stack.release)


def coarse_of(
    aligned: Aligned,
    planes: Planes,
    statistics: Mapping[str, Any],
    without: Sequence[str] = (),
) -> "Coarse":
    """The coarse fields of all days, normalised, with their flags.

    Absent are the sources in `without`, days that a stream lacks and fields without any value.
    """
    from daymelt.learn.sensor_inputs import ABSENT, FILLED, MEASURED, Coarse

    posting = aligned.coarse[COARSE[0]]
    shape = (len(posting.days), len(planes.coarse))
    fields = np.zeros((*shape, *posting.grid.shape), np.float32)
    flags = np.full(shape, ABSENT, np.float32)
    for source, name in enumerate(planes.coarse):
        series = aligned.coarse[name]
        held = set() if name.replace("_", "-") in without else set(series.days)
        for place, day in enumerate(posting.days):
            field = series.read(day) if day in held else None
            if field is not None and np.isfinite(field).any():
                fields[place, source] = statistics[name].normalise(field)
                flags[place, source] = FILLED if day in series.filled else MEASURED
    return Coarse({day: place for place, day in enumerate(posting.days)}, fields, flags)


def own_observation(
    observations: Observations | None, day: dt.date, like: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The day's own observation where it is an input, (y, x); NaN elsewhere, and where `like` is,
    the ocean.
    """
    nowhere = np.full_like(like, np.nan)
    if observations is None or not observations.same_day or not observations.is_usable(day):
        return nowhere
    if day not in observations.series.days:
        return nowhere
    return np.where(np.isfinite(like), observations.series.read(day), np.float32(np.nan))


def make_rising(quantiles: NDArray[np.float32]) -> None:
    """Mend quantiles (level, y, x) in place where rounding of the network's sigmoid let one fall
    below the one before; level by level, in a twentieth of the time of `np.maximum.accumulate`.
    """
    for lower, upper in pairwise(quantiles):
        np.maximum(lower, upper, out=upper)


def with_report(field: NDArray[np.float32], report: NDArray[np.float32]) -> NDArray[np.float32]:
    """A field with the reported melt fraction in its place where a cell was seen."""
    return np.where(np.isfinite(report), report, field)


def in_batches(days: Sequence[dt.date], size: int) -> Iterator[Sequence[dt.date]]:
    """The days in groups of `size`."""
    return (days[first : first + size] for first in range(0, len(days), size))
