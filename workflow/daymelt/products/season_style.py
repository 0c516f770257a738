"""QGIS styles of the maps of a season, of their climatology and their anomalies."""

import datetime as dt
from pathlib import Path
from xml.etree import ElementTree as ET

from daymelt.core.atomic import write_text
from daymelt.core.encoding import NO_MELT, Encoding
from daymelt.products.colours import (
    ANOMALY_RAMP,
    DATE_RAMP,
    GAP_RAMP,
    MELT_RAMP,
    NO_LASTING_MELT,
    OBSERVED_RAMP,
)
from daymelt.products.season_files import COUNT, END, GAP, OBSERVED, ONSET
from daymelt.products.style import Stop, document, pipe

LONGEST_GAP = 30  # days, the darkest colour
ANOMALY_DAYS = 20  # days, the strongest colour
Ramp = tuple[tuple[float, str, float], ...]
COMMON_YEAR = dt.date(2019, 1, 1)


def write_season_qml(path: Path, encoding: Encoding, span: tuple[int, int]) -> None:
    """Write the style of a layer.

    Parameters
    ----------
    span : first and last day of the season, days of the year
    """
    write_text(path, document(season_pipe(encoding, span)))


def season_pipe(encoding: Encoding, span: tuple[int, int]) -> ET.Element:
    """How a layer is drawn; `span` as for `write_season_qml`."""
    return pipe("INTERPOLATED", season_stops(encoding, span))


def season_stops(encoding: Encoding, span: tuple[int, int]) -> list[Stop]:
    """The points of the ramp of a layer, and the class of cells in which melt never lasted."""
    none = [Stop(NO_MELT, NO_LASTING_MELT, "no lasting melt")] if encoding.aside else []
    return [*ramp_of(encoding, span), *none]


def ramp_of(encoding: Encoding, span: tuple[int, int]) -> list[Stop]:
    """The points of the ramp of a layer."""
    kind, length = kind_of(encoding), span[1] - span[0] + 1
    if encoding.dtype == "int16":
        less_is_more = kind in (ONSET.name, GAP.name)  # of melt
        return _ramp(ANOMALY_RAMP, -ANOMALY_DAYS, ANOMALY_DAYS, "{:+.0f} days", less_is_more)
    if kind in (ONSET.name, END.name):
        scaled = _scaled(DATE_RAMP, *span)
        return [Stop(day, colour, day_name(day), opacity) for day, colour, opacity in scaled]
    if kind == GAP.name:
        return _ramp(GAP_RAMP, 0, LONGEST_GAP, "{:.0f} days")
    if kind == OBSERVED.name:
        return [Stop(part, colour, f"{100 * part:.0f} %") for part, colour, _ in OBSERVED_RAMP]
    if kind == COUNT.name:
        return _ramp(OBSERVED_RAMP, 0, 10, "{:.0f} seasons")
    return _ramp(MELT_RAMP, 0, length, "{:.0f} days")


def kind_of(encoding: Encoding) -> str:
    """The layer that an encoding, its mean or its anomaly is of."""
    return encoding.name.removesuffix("_anomaly").removesuffix("_mean")


def day_name(day: float) -> str:
    """A day of the year as a date of a common year, `1 May`."""
    date = COMMON_YEAR + dt.timedelta(round(day) - 1)
    return f"{date.day} {date:%b}"


def _ramp(ramp: Ramp, least: float, most: float, label: str, turned: bool = False) -> list[Stop]:
    """A ramp from 0 to 1 between two values; turned, its colours run the other way."""
    colours = [(colour, opacity) for _, colour, opacity in (ramp[::-1] if turned else ramp)]
    values = [value for value, _, _ in _scaled(ramp, least, most)]
    return [
        Stop(value, colour, label.format(value), opacity)
        for value, (colour, opacity) in zip(values, colours, strict=True)
    ]


def _scaled(ramp: Ramp, least: float, most: float) -> Ramp:
    return tuple(
        (least + share * (most - least), colour, opacity) for share, colour, opacity in ramp
    )
