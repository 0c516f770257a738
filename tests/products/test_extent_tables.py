"""Melt extents as they are read back from the table of the regions."""

import datetime as dt
import math

import pytest

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.products.extent_tables import read_extents
from daymelt.products.region_files import write_extents_csv

DAYS = [dt.date(2019, 6, 1), dt.date(2019, 6, 2)]


def write(path, **changes):
    columns = {
        "date": [day for day in DAYS for _ in range(2)],
        "region": ["whole area", "north"] * 2,
        "melt_extent_km2": [10.5, 1.0, math.nan, 2.0],
        "melt_extent_low_km2": [8.0, 0.5, 3.0, 1.0],
        "melt_extent_high_km2": [12.0, 2.0, 30.0, 3.0],
    } | changes
    write_extents_csv(path, {name: values for name, values in columns.items() if values})
    return path


def test_the_whole_area_is_read_with_its_bounds(tmp_path):
    found = read_extents(write(tmp_path / "a.csv"))
    assert (list(found.days), found.season, found.highest) == (DAYS, 2019, 30)
    assert found.melt[0] == 10.5 and math.isnan(found.melt[1])
    assert (list(found.low), list(found.high)) == ([8, 3], [12, 30])


def test_maps_without_an_interval_have_no_bounds(tmp_path):
    none = {"melt_extent_low_km2": None, "melt_extent_high_km2": None}
    found = read_extents(write(tmp_path / "a.csv", **none))
    assert found.low is None and found.high is None and found.highest == 10.5


def test_days_are_chosen(tmp_path):
    found = read_extents(write(tmp_path / "a.csv"), DAYS[1:])
    assert (found.days, list(found.low)) == ((DAYS[1],), [3])


def test_what_is_no_table_is_refused_in_one_line(tmp_path, one_line):
    path = tmp_path / "a.csv"
    with pytest.raises(MissingInputError) as raised:
        read_extents(path)
    one_line(raised, path, "not found", "region-extents")
    for text in ("", "date,region\n2019-06-01,whole area\n", "\xff"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(FormatError) as raised:
            read_extents(path)
        one_line(raised, path, "delete it")
    write(path, region=["south", "north"] * 2)
    with pytest.raises(FormatError) as raised:
        read_extents(path)
    one_line(raised, path, "whole area")
    with pytest.raises(MissingInputError) as raised:
        read_extents(write(path), [dt.date(2019, 6, 3)])
    one_line(raised, path, "2019-06-03")
