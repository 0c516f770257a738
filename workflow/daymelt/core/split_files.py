"""Files that list acquisition days with their split."""

import csv
import datetime as dt
from pathlib import Path

from daymelt.core.dates import parse_date
from daymelt.core.errors import ConfigError, DaymeltError, MissingInputError, cause_of, printable

HEADER = ["date", "split"]
SPLITS = ("train", "val", "test")


def read_rows(path: Path) -> list[tuple[dt.date, str]]:
    """Rows of a split file: `date,split` with a header, or a folder with train.csv, val.csv and
    test.csv of one day a line.

    A day may be written as `2019-07-31` or, as in the published split files, `2019_07_31.tif`.

    Raises
    ------
    MissingInputError
        There is no such file.
    ConfigError
        It cannot be read, has no such header, or a line is not a day with a split.
    """
    try:
        if path.is_dir():
            return [row for name in SPLITS for row in _days_of(path, name)]
        return _table(path)
    except DaymeltError:
        raise
    except FileNotFoundError as error:
        raise MissingInputError(
            f"split file {error.filename or path}: not found; set split.file to an existing one or "
            "to null"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"split file {path}: not readable ({error.strerror}); set split.file to a file that "
            "is, or to null"
        ) from None
    except ValueError as error:  # a name that no file can have
        raise ConfigError(
            f"split file {printable(str(path))}: not readable ({error}); set split.file to a file "
            "that is, or to null"
        ) from None


def _days_of(folder: Path, name: str) -> list[tuple[dt.date, str]]:
    path = folder / f"{name}.csv"
    return [(_day(row[0], path, line), name) for line, row in _rows(path)]


def _table(path: Path) -> list[tuple[dt.date, str]]:
    rows = _rows(path)
    first = rows[0][1] if rows else []
    if first != HEADER:
        raise ConfigError(
            f"split file {path}: first line is {','.join(first)!r}; expected {','.join(HEADER)}"
        )
    for line, row in rows:
        if len(row) != len(HEADER):
            raise ConfigError(
                f"split file {path}, line {line}: found {','.join(row)!r}; expected a day and its "
                "split, such as 2019-07-31,train"
            )
    return [(_day(day, path, line), name) for line, (day, name) in rows[1:]]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Number and fields of every line that is not empty."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            return [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"split file {path}: not a csv in UTF-8 ({cause_of(error)}); save it as one"
        ) from None


def _day(text: str, path: Path, line: int) -> dt.date:
    try:
        return parse_date(text.removesuffix(".tif").replace("_", "-"))
    except ConfigError as error:
        raise ConfigError(f"split file {path}, line {line}: {error}") from None
