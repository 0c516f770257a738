"""The file of acquisition days with their split, `date,split`."""

import csv
import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from daymelt.core.atomic import write_text
from daymelt.core.dates import describe, parse_date
from daymelt.core.errors import ConfigError, MissingInputError
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


def read_splits(paths: Sequence[Path]) -> dict[dt.date, str]:
    """The split of every acquisition day, from the files of several seasons."""
    return {day: name for path in sorted(paths) for day, name in read_rows(path)}


def read_rows(path: Path) -> list[tuple[dt.date, str]]:
    """Rows of a split file: `date,split` with a header, or a folder with train.csv, val.csv and
    test.csv of one day a line.

    A day is written as `2019-07-31` or, as in the files of MeltwaterBench, `2019_07_31.tif`.
    """
    if path.is_dir():
        return [
            (_day(row[0]), name)
            for name in ("train", "val", "test")
            for row in _rows(path / f"{name}.csv")
        ]
    rows = _rows(path)
    if not rows or rows[0] != ["date", "split"]:
        raise ConfigError(
            f"split file {path}: first line is {','.join(rows[0]) if rows else ''!r}; expected "
            "date,split"
        )
    return [(_day(row[0]), row[1]) for row in rows[1:]]


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


def _rows(path: Path) -> list[list[str]]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return [row for row in csv.reader(file) if row]
    except FileNotFoundError:
        raise MissingInputError(
            f"split file {path}: not found; set split.file to an existing one or to null"
        ) from None


def _day(text: str) -> dt.date:
    return parse_date(text.removesuffix(".tif").replace("_", "-"))
