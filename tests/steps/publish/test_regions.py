"""Cells and daily extents of regions: against sums over cells one by one, and what is refused."""

import csv

import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from steps.publish.written import GRID, MONTHS, OCEAN, options, stored_days

from daymelt.core.cube import write_layers
from daymelt.core.dates import season_days
from daymelt.core.encoding import FLAG, HEIGHT, PERCENT, decode
from daymelt.products.region_files import read_cells

HEIGHTS = np.linspace(20, 1400, GRID.rows * GRID.columns).reshape(GRID.shape).astype(np.float32)
# from the middle of a column to the middle of another, over whole rows
TRIANGLE = shapely.box(GRID.left + 250, GRID.top - 900, GRID.left + 850, GRID.top - 200)


@pytest.fixture(scope="module")
def terrain(tmp_path_factory):
    path = tmp_path_factory.mktemp("terrain") / "terrain.nc"
    masks = {"ocean": (OCEAN.astype("f4"), FLAG), "ice": (np.ones(GRID.shape, "f4"), FLAG)}
    write_layers(path, {"height": (HEIGHTS, HEIGHT), **masks}, grid=GRID)
    return path


LEFT, RIGHT, BOTTOM, TOP = GRID.left, GRID.left + 900, GRID.top - 900, GRID.top
BOW_TIE = shapely.Polygon([(LEFT, BOTTOM), (RIGHT, TOP), (RIGHT, BOTTOM), (LEFT, TOP)])


def region_file(path, polygons, names, kind="Polygon", crs="EPSG:3413"):
    fields = [np.array(names, object)]
    geometry = shapely.to_wkb(np.array(polygons, object))
    written = {"fields": ["name"], "geometry_type": kind, "crs": crs}
    pyogrio.raw.write(path, geometry, fields, driver="GPKG", **written)
    return path


@pytest.fixture(scope="module")
def cells(terrain, tmp_path_factory):
    from daymelt import cli

    folder = tmp_path_factory.mktemp("regions")
    mine = region_file(folder / "mine.gpkg", [TRIANGLE], ["mine"])
    given = options(regions={"file": str(mine)})
    out = ("--cells", str(folder / "cells.parquet"), "--outlines", str(folder / "outlines.fgb"))
    assert cli.main(["regions", "--options", given, "--terrain", str(terrain), *out]) == 0
    return folder / "cells.parquet"


def shares_by_hand():
    """Share of each cell in each region, (y, x)."""
    mine = np.zeros(GRID.shape)
    mine[2:9, 3:8] = 1
    mine[2:9, 2] = mine[2:9, 8] = 0.5
    bands = {
        f"{low} to {low + 500} m": (low <= HEIGHTS) & (low + 500 > HEIGHTS)
        for low in (0, 500, 1000)
    }
    return {"whole area": np.ones(GRID.shape), **bands, "mine": mine}


def test_regions_have_the_area_on_the_ground_of_their_cells(cells):
    names, region, cell, area = read_cells(cells)
    ground = np.where(OCEAN, 0, GRID.true_area_km2())
    expected = shares_by_hand()
    assert names == list(expected)
    for number, name in enumerate(names):
        found = np.zeros(GRID.rows * GRID.columns)
        found[cell[region == number]] = area[region == number]
        np.testing.assert_allclose(found.reshape(GRID.shape), expected[name] * ground, rtol=1e-6)
    assert abs(ground.sum() / (GRID.cell_km2 * (~OCEAN).sum()) - 1) > 0.01  # not counted cells


def test_the_outlines_are_the_area_and_the_regions_of_the_user(cells):
    meta, _, geometry, fields = pyogrio.raw.read(cells.with_name("outlines.fgb"))
    shapes = dict(zip(fields[0], shapely.from_wkb(geometry), strict=True))
    assert meta["crs"] == "EPSG:3413"
    assert shapely.equals(shapes["mine"], TRIANGLE)
    assert shapely.equals(shapes["whole area"], shapely.box(*GRID.bounds))


@pytest.fixture(scope="module")
def extents(cells, daily, tmp_path_factory):
    from daymelt import cli

    folder = tmp_path_factory.mktemp("extents")
    files = ("--out", str(folder / "2019.csv"), "--parquet", str(folder / "2019.parquet"))
    given = ("--maps", str(daily[2019]), "--cells", str(cells))
    assert cli.main(["region-extents", "--options", options(), *given, *files]) == 0
    return folder


def test_every_day_and_region_has_the_sums_of_its_cells(extents):
    table = pq.read_table(extents / "2019.parquet").to_pylist()
    stored, ground = stored_days(2019), GRID.true_area_km2()
    days, shares = season_days(2019, MONTHS), shares_by_hand()
    assert [(row["date"], row["region"]) for row in table] == [
        (day, name) for day in days for name in shares
    ]
    for row in table:
        day = days.index(row["date"])
        fields = {
            name: decode(stored[name][day], PERCENT)
            for name in ("melt_mean", "melt_low", "melt_high")
        }
        sums = dict.fromkeys([*fields, "area", "seen"], 0.0)
        for place in np.ndindex(GRID.shape):
            if OCEAN[place]:
                continue
            km2 = float(shares[row["region"]][place] * ground[place])
            sums["area"] += km2
            sums["seen"] += km2 * (stored["age"][day][place] <= 6)
            for name, field in fields.items():
                sums[name] += km2 * float(field[place])
        assert row["area_km2"] == pytest.approx(sums["area"], rel=1e-6)
        assert row["melt_extent_km2"] == pytest.approx(sums["melt_mean"], rel=1e-5)
        assert row["melt_extent_low_km2"] == pytest.approx(sums["melt_low"], rel=1e-5)
        assert row["melt_extent_high_km2"] == pytest.approx(sums["melt_high"], rel=1e-5)
        assert row["mean_fraction"] == pytest.approx(sums["melt_mean"] / sums["area"], rel=1e-5)
        assert row["observed_share"] == pytest.approx(sums["seen"] / sums["area"], rel=1e-5)


def test_csv_and_parquet_are_one_table(extents):
    with open(extents / "2019.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(extents / "2019.parquet")
    assert list(rows[0]) == table.column_names
    for row, other in zip(rows, table.to_pylist(), strict=True):
        assert (row["date"], row["region"]) == (other["date"].isoformat(), other["region"])
        for name in table.column_names[2:]:
            assert float(row[name]) == pytest.approx(other[name], abs=6e-5)
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert (metadata["model"], metadata["area"]) == ("net", "small")


def test_the_bands_make_up_the_area(extents):
    for rows in by_day(extents / "2019.parquet").values():
        bands = sum(row["melt_extent_km2"] for name, row in rows.items() if name.endswith(" m"))
        assert bands == pytest.approx(rows["whole area"]["melt_extent_km2"])


def by_day(path):
    days = {}
    for row in pq.read_table(path).to_pylist():
        days.setdefault(row["date"], {})[row["region"]] = row
    return days


def test_without_bands_and_file_there_is_the_area_alone(terrain, tmp_path, step):
    given = options(regions={"elevation_band_m": None})
    out = ("--cells", tmp_path / "cells.parquet", "--outlines", tmp_path / "outlines.fgb")
    assert step("regions", "--options", given, "--terrain", terrain, *out) == 0
    assert read_cells(tmp_path / "cells.parquet")[0] == ["whole area"]


@pytest.mark.parametrize(
    ("polygons", "names", "said"),
    [
        ([TRIANGLE], ["whole area"], "a region has the name 'whole area'"),
        ([TRIANGLE], ["0 to 500 m"], "a region has the name '0 to 500 m'"),
        ([TRIANGLE, TRIANGLE], ["a", "a"], "2 regions with the name 'a'"),
        ([shapely.box(0, 0, 1, 1)], ["a"], "lies outside the area"),
    ],
)
def test_regions_that_cannot_be_are_refused_and_nothing_is_written(
    terrain, tmp_path, step, refused, polygons, names, said
):
    mine, out = region_file(tmp_path / "mine.gpkg", polygons, names), tmp_path / "out"
    words = ("--cells", out / "cells.parquet", "--outlines", out / "outlines.fgb")
    given = options(regions={"file": str(mine)})
    refused(step("regions", "--options", given, "--terrain", terrain, *words), out, said)


@pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning")
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({"crs": None}, "states no crs; set regions.crs to its crs"),
        ({"polygons": [], "names": []}, "no features; expected polygons"),
        ({"polygons": [BOW_TIE]}, "'a' crosses itself"),
        ({"polygons": [BOW_TIE.centroid], "kind": "Point"}, "'a' is Point; expected a polygon"),
        ({"polygons": [TRIANGLE.exterior], "kind": "LineString"}, "'a' is LineString"),
    ],
)
def test_a_file_of_regions_that_is_not_usable_is_refused_and_nothing_is_written(
    terrain, tmp_path, step, refused, file, said
):
    content = {"polygons": [TRIANGLE], "names": ["a"], **file}
    mine, out = region_file(tmp_path / "mine.gpkg", **content), tmp_path / "out"
    words = ("--cells", out / "cells.parquet", "--outlines", out / "outlines.fgb")
    given = options(regions={"file": str(mine)})
    refused(step("regions", "--options", given, "--terrain", terrain, *words), out, mine, said)


def test_a_region_that_the_area_cuts_is_told(terrain, tmp_path, step, caplog):
    half = shapely.box(GRID.left - 500, GRID.top - 900, GRID.left + 500, GRID.top - 200)
    mine = region_file(tmp_path / "mine.gpkg", [half], ["half"])
    out = ("--cells", tmp_path / "cells.parquet", "--outlines", tmp_path / "outlines.fgb")
    given = options(regions={"file": str(mine)})
    assert step("regions", "--options", given, "--terrain", terrain, *out) == 0
    assert "region half: 50.0 % of it lies in the area" in caplog.text


def test_a_list_of_cells_that_is_none_is_refused(tmp_path, daily, step, refused):
    cells, out = tmp_path / "cells.parquet", tmp_path / "out"
    words = ("--maps", daily[2019], "--cells", cells, "--out", out / "a.csv")
    words += ("--parquet", out / "a.parquet")
    refused(step("region-extents", "--options", options(), *words), out, "not found")
    cells.write_text("no parquet")
    refused(step("region-extents", "--options", options(), *words), out, "no list of cells")
