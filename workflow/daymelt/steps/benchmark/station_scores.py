"""Compare the maps with the weather stations: daily melt, onset and end of each season."""

import datetime as dt
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from daymelt.core import cube
from daymelt.core.dates import season_days
from daymelt.core.encoding import PERCENT, decode
from daymelt.products import cog, tables
from daymelt.products.map_files import MELT
from daymelt.products.station_figure import Timeline, station_timelines
from daymelt.science import stations as science
from daymelt.science.onset import WET
from daymelt.settings.inputs import Area, Seasons, Stations
from daymelt.steps.station_days import melting_days
from daymelt.steps.station_records import read_places
from daymelt.steps.written_maps import season_folders

log = logging.getLogger(__name__)

COLUMNS = (
    *("station", "season", "system", "days", "hits", "misses", "false_alarms", "correct_negatives"),
    *(
        "hit_rate",
        "false_alarm_ratio",
        "accuracy",
        "onset_station",
        "onset_system",
        "onset_difference_days",
        "onset_unknown",
    ),
    *(
        "end_station",
        "end_system",
        "end_difference_days",
        "end_unknown",
        "length_station_days",
        "length_system_days",
        "length_difference_days",
    ),
)
Row = Mapping[str, object]
Days = Sequence[dt.date]


def station_scores(
    manifest: Path,
    name: str,
    maps: list[Path],
    sar: list[Path],
    out: Path,
    figure: Path,
    area: Area,
    seasons: Seasons,
    stations: Stations,
    worlds: list[Path] = [],  # noqa: B006 - empty: no ground truth (only the twin has one)
) -> None:
    """Compare every station with the cell it stands in.

    Compared are the maps, Sentinel-1 on the days that it saw the cell and, on the twin, the truth.

    Parameters
    ----------
    manifest : of the files of the stations
    name : system that made the maps
    maps : its lists of maps, one a season
    sar, worlds : streams of all seasons
    out : table of one row a station, season and system
    figure : time line of each station and season
    """
    places = read_places(manifest, stations, area)
    cells = [place.cell for place in places]
    rows: list[Row] = []
    lines = []
    folders = season_folders(maps)
    for season in seasons.years:
        days = season_days(season, seasons.months)
        systems = {name: mapped(folders[season], days, area, cells)} if season in folders else {}
        systems["sar"] = streamed(sar, days, cells)
        if worlds:
            systems["truth"] = streamed(worlds, days, cells)
        for index, place in enumerate(places):
            melts = melting_days(place.record, days, stations)
            series = {system: values[:, index] for system, values in systems.items()}
            rows += [
                {"station": place.site.name, "season": season, **row}
                for row in compared(series, melts, days)
            ]
            fraction = series.get(name, np.full(len(days), np.nan))
            lines.append(Timeline(place.site.name, days, fraction, series["sar"], melts))
    tables.rows_csv(out, COLUMNS, rows)
    tell_unknown(rows)
    station_timelines(figure, lines, rule_in_words(stations), name)


def tell_unknown(rows: Sequence[Row]) -> None:
    """Warn of the onsets and ends that are not scored because they may lie in a gap."""
    seasons = [row for row in rows if "onset_unknown" in row]
    unknown = {
        name: sum(bool(row[f"{name}_unknown"]) for row in seasons) for name in ("onset", "end")
    }
    if any(unknown.values()):
        log.warning(
            "stations: %d onsets and %d ends of %d seasons are unknown, as they may lie in gaps of "
            "the records; see onset_unknown and end_unknown in the table",
            unknown["onset"],
            unknown["end"],
            len(seasons),
        )


def rule_in_words(stations: Stations) -> str:
    """When a day of a station melts."""
    when = f"at {stations.hour:02d} UTC" if stations.rule == "hour" else "at its highest"
    return (
        f"{stations.variable} above {stations.threshold:g} "
        f"{stations.units.replace('degC', '°C')} {when}"
    )


def mapped(
    folder: Path, days: Days, area: Area, cells: Sequence[tuple[int, int]]
) -> NDArray[np.float32]:
    """Melt fraction of the maps at some cells, (date, cell)."""
    if not cells:
        return np.empty((len(days), 0), np.float32)
    stored = [
        cog.read_cells(folder / MELT.format(day=day), area.grid, PERCENT, cells) for day in days
    ]
    return decode(np.stack(stored), PERCENT)


def streamed(
    paths: Sequence[Path], days: Days, cells: Sequence[tuple[int, int]]
) -> NDArray[np.float32]:
    """Values of streams at some cells, (date, cell), NaN on days that they lack."""
    found = np.full((len(days), len(cells)), np.nan, np.float32)
    place = {day: index for index, day in enumerate(days)}
    for path in paths if cells else []:
        with cube.open_stream(path) as stream:
            if place.keys() & set(stream.dates):
                known = [
                    (place[day], index) for index, day in enumerate(stream.dates) if day in place
                ]
                found[[to for to, _ in known]] = stream.cells(cells)[[index for _, index in known]]
    return found


def compared(
    series: Mapping[str, NDArray[np.float32]], melts: NDArray[np.float64], days: Days
) -> Iterator[Row]:
    """One row a system: counts, rates, and both seasons over the days that both have."""
    for name, fraction in series.items():
        wet, station = science.in_common(science.melting(fraction, WET), melts)
        counts = science.contingency(wet, station)
        yield {
            **{"system": name, "days": counts.days, "hits": counts.hits, "misses": counts.misses},
            **{"false_alarms": counts.false_alarms, "correct_negatives": counts.correct_negatives},
            **{
                "hit_rate": counts.hit_rate,
                "false_alarm_ratio": counts.false_alarm_ratio,
                "accuracy": counts.accuracy,
            },
            **(
                both_seasons(wet, station, days) if name != "sar" else {}
            ),  # single days make no season
        }


def both_seasons(wet: NDArray[np.float64], station: NDArray[np.float64], days: Days) -> Row:
    """Dates and length of the season of system and station, and system minus station in days.

    A date that may lie in a gap of the record is empty, with the gap as the reason.
    """
    system, seen = science.melt_season(wet), science.melt_season(station)
    row: dict[str, object] = {}
    for name in ("onset", "end"):
        one, other = getattr(seen, name), getattr(system, name)
        gaps = {
            "station": getattr(seen, f"{name}_gap"),
            "system": getattr(system, f"{name}_gap"),
        }
        row |= {
            f"{name}_station": date_at(days, one),
            f"{name}_system": date_at(days, other),
            f"{name}_difference_days": other - one,
            f"{name}_unknown": "; ".join(
                f"{which}: may lie in the gap from {days[gap[0]]} to {days[gap[1]]}"
                for which, gap in gaps.items()
                if gap is not None
            ),
        }
    lengths = {"length_station_days": seen.length, "length_system_days": system.length}
    return {**row, **lengths, "length_difference_days": system.length - seen.length}


def date_at(days: Days, place: float) -> str:
    """Day at a position, empty where there is none."""
    return "" if math.isnan(place) else days[int(place)].isoformat()
