"""Files of the regions: read back, equal bytes, and a full disk told in one line."""

import datetime as dt

import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from daymelt.core.errors import StorageError
from daymelt.products.region_files import (
    read_cells,
    write_cells,
    write_extents_csv,
    write_extents_parquet,
    write_outlines,
)

BOX = shapely.box(300000, -2580000, 310000, -2570000)
COLUMNS = {
    "date": [dt.date(2019, 7, 1), dt.date(2019, 7, 2)],
    "region": ["a, b", "é"],
    "melt_extent_km2": [1.23456, float("nan")],
    "mean_fraction": [0.5, float("nan")],
}


def cells(path, count=5):
    region = (np.arange(count) % 2).astype(np.int32)
    place = np.random.default_rng(0).integers(0, 10**9, count).astype(np.int32)
    write_cells(path, ["a", "é"], region, place, np.random.default_rng(1).random(count))


def test_cells_read_back(tmp_path):
    cells(tmp_path / "cells.parquet")
    names, region, cell, area = read_cells(tmp_path / "cells.parquet")
    assert names == ["a", "é"]
    np.testing.assert_array_equal(region, [0, 1, 0, 1, 0])
    np.testing.assert_array_equal(area, np.random.default_rng(1).random(5))
    assert cell.dtype == np.int32 and cell.size == 5


def test_outlines_are_multipolygons_without_what_has_no_area(tmp_path):
    mixed = shapely.geometrycollections([BOX, shapely.linestrings([(0, 0), (1, 1)])])
    write_outlines(tmp_path / "outlines.fgb", ["a", "b"], [BOX, mixed], "EPSG:3413")
    _, _, stored, (names,) = pyogrio.raw.read(tmp_path / "outlines.fgb")
    shapes = dict(zip(names, shapely.from_wkb(stored), strict=True))
    assert all(shape.geom_type == "MultiPolygon" for shape in shapes.values())
    assert shapely.equals(shapes["a"], BOX) and shapely.equals(shapes["b"], BOX)
    assert [path.name for path in tmp_path.iterdir()] == ["outlines.fgb"]


def test_missing_numbers_are_empty_in_csv_and_null_in_parquet(tmp_path):
    write_extents_csv(tmp_path / "a.csv", COLUMNS)
    assert (tmp_path / "a.csv").read_text() == (
        "date,region,melt_extent_km2,mean_fraction\n"
        '2019-07-01,"a, b",1.2346,0.50000\n'
        "2019-07-02,é,,\n"
    )
    write_extents_parquet(tmp_path / "a.parquet", COLUMNS, {"model": "net"})
    table = pq.read_table(tmp_path / "a.parquet")
    assert table["melt_extent_km2"].to_pylist() == [1.23456, None]
    assert table["date"].to_pylist() == COLUMNS["date"]
    assert table.schema.metadata == {b"model": b"net"}


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        cells(tmp_path / f"{name}.parquet")
        write_outlines(tmp_path / f"{name}.fgb", ["x"], [BOX], "EPSG:3413")
        write_extents_parquet(tmp_path / f"{name}2.parquet", COLUMNS, {"model": "net"})
    for one, other in (
        ("a.parquet", "b.parquet"),
        ("a.fgb", "b.fgb"),
        ("a2.parquet", "b2.parquet"),
    ):
        assert (tmp_path / one).read_bytes() == (tmp_path / other).read_bytes()


def test_a_full_disk_is_told_and_leaves_nothing(mount_small_disk):
    disk = mount_small_disk("2m")
    with pytest.raises(StorageError, match="no space left on the device"):
        cells(disk / "cells.parquet", 400_000)
    many = shapely.segmentize(BOX, 0.1)
    with pytest.raises(StorageError, match="no space left on the device"):
        write_outlines(disk / "outlines.fgb", ["a"], [many], "EPSG:3413")
    assert not [path for path in disk.iterdir() if path.is_file()]
