"""Write a GeoTIFF for every day of a season."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core.atomic import write_json
from daymelt.core.cube import check_same_grid, open_stream
from daymelt.core.dates import parse_date, season_days
from daymelt.core.digests import combine
from daymelt.core.encoding import MAP_LAYERS, PERCENT, SAR_AGE, Encoding, encode
from daymelt.core.errors import ConfigError, DaymeltError
from daymelt.core.manifest import listed
from daymelt.core.provenance import code_digest, software_version
from daymelt.products import cog
from daymelt.products.map_files import AGE, AGE_STYLE, LAYERS, MELT_STYLE
from daymelt.products.style import write_age_qml, write_qml
from daymelt.science.temporal import describe_gaps
from daymelt.settings.inputs import Area, Seasons
from daymelt.settings.learning import Map, System
from daymelt.steps.map.behind import Behind
from daymelt.steps.running import load_system, running, with_observations
from daymelt.steps.splits import days_of
from daymelt.systems import interface
from daymelt.systems.aligned import Aligned, open_aligned
from daymelt.systems.streams import StreamSeries, open_series

Gap = tuple[dt.date, dt.date]
Files = dict[str, NDArray[np.uint8]]  # (y, x), by the pattern of the file's name


def map(
    season: int,
    model_card: Path,
    interpolated: Path,
    age: Path,
    mar: Path,
    microwave: Path,
    winter: Path,
    terrain: Path,
    out: Path,
    area: Area,
    seasons: Seasons,
    system: System,
    map: Map,
    sar: list[Path] = [],  # noqa: B006 - empty: the system uses no single acquisitions
    split: Path | None = None,
    threads: int = 0,
) -> None:
    """Map every day of a season; days that an interrupted run has finished are kept.

    Parameters
    ----------
    season : year
    model_card : `model.json` of the trained system
    interpolated, mar, microwave, winter, terrain : inputs of the season
    age : days to the nearest acquisition
    sar : melt fractions of the season's acquisitions, for a system that uses them one by one
    split : with `map.sar_pool` train, which of these are training days; the others are no inputs
    out : list of the maps, written last, beside them

    Raises
    ------
    ConfigError
        Only training days are to be inputs, and no split says which these are.
    """
    days = season_days(season, seasons.months)
    if sar and split is None and map.sar_pool != "all":
        raise ConfigError(
            f"map.sar_pool: found {map.sar_pool}; expected the season's split with it; give the "
            "file with --split, or choose all"
        )
    usable = None if split is None else days_of(split, map.sar_pool)
    with (
        open_aligned(terrain, [interpolated], [mar], [microwave], [winter]) as streams,
        open_series([age]) as ages,
        with_observations(streams, sar, usable) as aligned,
    ):
        check_same_grid(aligned.terrain.grid, area.grid, terrain)
        ready = load_system(system, model_card.parent, aligned, running(map, threads))
        writer = Writer(out.parent, area, ready, aligned, ages, read_gaps(age), map)
        missing = [day for day in days if not writer.is_done(day)]
        with Behind() as behind:
            for day, layers in layers_of(ready, missing):
                behind.do(writer.write, day, writer.files(day, layers))
        write_qml(out.parent / MELT_STYLE)
        write_age_qml(out.parent / AGE_STYLE)
        write_json(out, writer.index(season, days))


def layers_of(
    ready: interface.Ready, days: list[dt.date]
) -> Iterator[tuple[dt.date, interface.Layers]]:
    """The layers of every day: melt alone, or with its mean and interval."""
    if ready.layers is not None:
        return ready.layers(days)
    return ((day, {"melt": fraction}) for day, fraction in ready.predict(days))


def read_gaps(age: Path) -> list[Gap]:
    """First and last day of each long gap between the acquisitions of a season."""
    with open_stream(age) as stream:
        return [
            (parse_date(first), parse_date(last))
            for first, last in stream.attributes.get("gaps", [])
        ]


class Writer:
    """Writes the layers of each day into one folder, with tags of their origin."""

    def __init__(
        self,
        folder: Path,
        area: Area,
        ready: interface.Ready,
        aligned: Aligned,
        ages: StreamSeries,
        gaps: Sequence[Gap],
        options: Map,
    ) -> None:
        self._folder, self._area, self._ready = folder, area, ready
        self._ocean, self._ages, self._gaps = aligned.ocean, ages, gaps
        self._layers = tuple(MAP_LAYERS) if ready.layers is not None else ("melt",)
        self._files = {LAYERS["melt"]: PERCENT, AGE: SAR_AGE} | {
            LAYERS[name]: MAP_LAYERS[name] for name in self._layers[1:]
        }
        self._filled = {
            "passive microwave": aligned.coarse["microwave"].filled,
            "MAR": aligned.coarse["liquid_water"].filled,
        }
        self._without = options.without
        self._inputs = combine([*aligned.digests, *ages.digests])
        self._making = combine(
            [code_digest("map"), options.model_dump_json(exclude={"batch", "device"})]
        )

    def tags(self, day: dt.date) -> dict[str, str]:
        """Tags of the files of a day; `interval` only of a system with one, `without` only where
        sources were withheld, `sar_gap` only within a long gap of Sentinel-1.
        """
        gaps = [gap for gap in self._gaps if gap[0] <= day <= gap[1]]
        return {
            "date": day.isoformat(),
            "area": self._area.name,
            "model": self._ready.title,
            "model_checksum": self._ready.checksum,
            "software": software_version(),
            "inputs": self._inputs,
            "making": self._making,
            "filled": self.filled(day),
            **({"interval": self._ready.interval} if self._ready.interval else {}),
            **({"without": ", ".join(self._without)} if self._without else {}),
            **({"sar_gap": describe_gaps(gaps)} if gaps else {}),
        }

    def filled(self, day: dt.date) -> str:
        """Inputs of a day that were missing and how they were filled; `none` without any."""
        return (
            "; ".join(
                f"{source}: {days[day]}" for source, days in self._filled.items() if day in days
            )
            or "none"
        )

    def files(self, day: dt.date, layers: interface.Layers) -> Files:
        """What the files of a day hold, in stored form, melt last; the ocean is nodata in all."""
        age = np.where(self._ocean, SAR_AGE.nodata, self._ages.raw(day)).astype(np.uint8)
        return {AGE: age} | {
            LAYERS[name]: self._stored(layers[name], MAP_LAYERS[name])
            for name in reversed(self._layers)
        }

    def write(self, day: dt.date, files: Files) -> None:
        """Write the files of a day in the order given."""
        for name, stored in files.items():
            self._write(self._path(name, day), stored, self._files[name], day)

    def is_done(self, day: dt.date) -> bool:
        """True where all layers of a day are whole, and of the same inputs, model and code."""
        return all(
            self._is_done(self._path(name, day), encoding, day)
            for name, encoding in self._files.items()
        )

    def index(self, season: int, days: list[dt.date]) -> Mapping[str, object]:
        """The list of the season's maps, with size and checksum of each."""
        names = [name.format(day=day.isoformat()) for day in days for name in self._files]
        filled = {day.isoformat(): self.filled(day) for day in days if self.filled(day) != "none"}
        about = {
            "season": season,
            "area": self._area.name,
            "model_checksum": self._ready.checksum,
            "inputs": self._inputs,
            **({"without": list(self._without)} if self._without else {}),
        }
        gaps = [{"first": str(first), "last": str(last)} for first, last in self._gaps]
        return {**about, "filled": filled, "sar_gaps": gaps, "files": listed(self._folder, names)}

    def _stored(self, layer: NDArray[np.float32], encoding: Encoding) -> NDArray[np.uint8]:
        share = np.where(self._ocean, np.float32(np.nan), np.clip(layer, 0, 1))
        return encode(share, encoding).astype(np.uint8)

    def _path(self, name: str, day: dt.date) -> Path:
        return self._folder / name.format(day=day.isoformat())

    def _write(
        self, path: Path, stored: NDArray[np.uint8], encoding: Encoding, day: dt.date
    ) -> None:
        cog.write_day(
            path, stored, self._area.grid, encoding, self.tags(day), f"{encoding.long_name}, {day}"
        )

    def _is_done(self, path: Path, encoding: Encoding, day: dt.date) -> bool:
        if not path.is_file():
            return False
        try:
            cog.read_day(path, self._area.grid, encoding)
            return cog.read_tags(path) == self.tags(day)
        except DaymeltError:  # damaged, or of another grid: it is written again
            return False
