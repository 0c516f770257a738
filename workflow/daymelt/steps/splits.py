"""The file of acquisition days with their split, `date,split`."""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from daymelt.core.atomic import write_text
from daymelt.core.dates import describe
from daymelt.core.split_files import read_rows
from daymelt.science.split import check_split

log = logging.getLogger(__name__)


def write_split(path: Path, split: Mapping[dt.date, str]) -> None:
    """Write `date,split` rows in order of date."""
    write_text(
        path, "date,split\n" + "".join(f"{day},{name}\n" for day, name in sorted(split.items()))
    )


def read_split(path: Path) -> dict[dt.date, str]:
    """The split of every acquisition day."""
    return dict(read_rows(path))


def days_of(path: Path, part: str) -> list[dt.date] | None:
    """Days of one part of a split, such as `train`; None, no restriction, for `all`."""
    if part == "all":
        return None
    return [day for day, name in read_split(path).items() if name == part]


def read_splits(paths: Sequence[Path]) -> dict[dt.date, str]:
    """The split of every acquisition day, from the files of several seasons."""
    return {day: name for path in sorted(paths) for day, name in read_rows(path)}


def fit_without_strays(
    rows: Sequence[tuple[dt.date, str]], acquired: Iterable[dt.date], source: str = "split"
) -> dict[dt.date, str]:
    """As `check_split`, but with a warning, not an error, for days that only the list or only the
    acquisitions have; the former are left out, the latter are in the split `none`.
    """
    days, listed = set(acquired), {day for day, _ in rows}
    for strays, what in (
        (listed - days, "without an acquisition"),
        (days - listed, "acquired, but not listed"),
    ):
        if strays:
            log.warning("%s: %d days %s, left out: %s", source, len(strays), what, describe(strays))
    chosen = check_split([row for row in rows if row[0] in days], days & listed, source)
    return {**chosen, **dict.fromkeys(days - listed, "none")}
