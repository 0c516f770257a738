"""Region files: read in any format and crs, or refused in one line."""

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from daymelt.core.errors import DaymeltError, FormatError, MissingInputError
from daymelt.core.grid import Grid
from daymelt.science.regions import polygon_shares
from daymelt.sources.formats.vector import read_regions

GRID = Grid("EPSG:3413", 100, 294900, -2566500, 256, 256)
BOX = shapely.box(300000, -2580000, 310000, -2570000)
OTHER = shapely.box(312000, -2580000, 315000, -2570000)
CATCHMENT = (
    Path(__file__).parents[4] / "shared" / "real" / "area" / "helheim_ice_catchment_mankoff.shp"
)


def write(path, polygons, names, crs="EPSG:3413", kind="Polygon", field="name", **more):
    drivers = {
        ".gpkg": "GPKG",
        ".shp": "ESRI Shapefile",
        ".geojson": "GeoJSON",
        ".fgb": "FlatGeobuf",
    }
    pyogrio.raw.write(
        path,
        np.array([None if shape is None else shapely.to_wkb(shape) for shape in polygons], object),
        [np.array(names)],
        fields=[field],
        geometry_type=kind,
        crs=crs,
        driver=drivers[path.suffix],
        **more,
    )
    return path


def moved(polygon, crs):
    """A polygon of the grid's crs in another one, followed closely."""
    transform = Transformer.from_crs("EPSG:3413", crs, always_xy=True).transform
    return shapely.transform(shapely.segmentize(polygon, 50), transform, interleaved=False)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".fgb"])
@pytest.mark.parametrize("crs", ["EPSG:3413", "EPSG:4326", "EPSG:32624", "EPSG:3857"])
def test_a_polygon_of_any_format_and_crs_is_where_it_was(tmp_path, suffix, crs):
    shapes = [BOX, OTHER] if crs == "EPSG:3413" else [moved(BOX, crs), moved(OTHER, crs)]
    if suffix == ".geojson" and crs != "EPSG:4326":
        pytest.skip("GeoJSON is in degrees")
    path = write(tmp_path / f"regions{suffix}", shapes, ["one", "two"], crs)
    found = read_regions(path, "name", None, GRID)
    assert sorted(region.name for region in found) == ["one", "two"]  # FlatGeobuf sorts by place
    for region in found:
        expected = {"one": BOX, "two": OTHER}[region.name]
        apart = shapely.symmetric_difference(region.polygon, expected).area
        assert apart < 1e-4 * expected.area
        assert region.inside == pytest.approx(1)


def test_a_straight_edge_of_another_crs_is_followed_to_a_cell(tmp_path):
    """Against points of each cell that are asked in the crs of the file."""
    lon, lat = (-39.0, -38.2), (66.30, 66.45)
    box = shapely.box(lon[0], lat[0], lon[1], lat[1])
    path = write(tmp_path / "degrees.gpkg", [box], ["box"], "EPSG:4326")
    (region,) = read_regions(path, "name", None, GRID)
    shares = polygon_shares(region.polygon, GRID)
    expected = np.zeros(GRID.shape)
    for step_y in range(10):
        for step_x in range(10):
            x = GRID.x + (step_x - 4.5) * GRID.spacing_m / 10
            y = GRID.y + (step_y - 4.5) * GRID.spacing_m / 10
            there = GRID.points_in(*(axis.ravel() for axis in np.meshgrid(x, y)), "EPSG:4326")
            inside = shapely.contains_xy(box, *there)
            expected += inside.reshape(GRID.shape) / 100
    assert expected.sum() > 1000
    np.testing.assert_allclose(shares, expected, atol=0.16)
    assert shares.sum() == pytest.approx(expected.sum(), rel=1e-3)


def test_heights_and_parts_of_a_polygon_are_read(tmp_path):
    both = shapely.force_3d(shapely.multipolygons([BOX, OTHER]), 12.0)
    path = write(tmp_path / "parts.gpkg", [both], ["both"], kind="MultiPolygon Z")
    (region,) = read_regions(path, "name", None, GRID)
    assert region.polygon.area == pytest.approx(BOX.area + OTHER.area)
    assert not region.polygon.has_z


def test_a_region_is_cut_at_the_edge_of_the_area_and_says_so(tmp_path):
    west = GRID.left
    half = shapely.box(west - 1000, -2580000, west + 1000, -2570000)
    path = write(tmp_path / "half.gpkg", [half], ["half"])
    (region,) = read_regions(path, "name", None, GRID)
    assert region.inside == pytest.approx(0.5)
    assert region.polygon.bounds[0] == west


def test_an_outline_that_touches_itself_in_a_point_is_taken_apart(tmp_path):
    x, y = 300000, -2580000
    corners = [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (1, 2), (1, 1), (0, 1)]
    shape = shapely.polygons([(x + 1000 * a, y + 1000 * b) for a, b in corners])
    assert not shapely.is_valid(shape)
    path = write(tmp_path / "touch.gpkg", [shape], ["touch"])
    (region,) = read_regions(path, "name", None, GRID)
    assert region.polygon.area == pytest.approx(2e6)


def test_numbers_are_names_too(tmp_path):
    path = write(tmp_path / "numbers.gpkg", [BOX, OTHER], [7, 12], field="glacier")
    found = read_regions(path, "glacier", None, GRID)
    assert [region.name for region in found] == ["7", "12"]


BOW_TIE = shapely.polygons(
    [(300000, -2580000), (310000, -2570000), (310000, -2580000), (300000, -2570000)]
)
FAR = shapely.box(0, -2580000, 1000, -2570000)
REFUSED = {
    "crs": (lambda path: write(path, [BOX], ["a"], None), "states no crs; set regions.crs"),
    "empty": (lambda path: write(path, [], []), "no features"),
    "outside": (lambda path: write(path, [FAR], ["a"]), "'a' lies outside the area"),
    "crossing": (lambda path: write(path, [BOW_TIE], ["a"]), "'a' crosses itself"),
    "points": (
        lambda path: write(path, [shapely.points(300000, -2570000)], ["a"], kind="Point"),
        "'a' is Point; expected a polygon",
    ),
    "lines": (
        lambda path: write(path, [BOX.exterior], ["a"], kind="LineString"),
        "'a' is LineString; expected a polygon",
    ),
    "none": (lambda path: write(path, [BOX, None], ["a", "b"]), "'b' is no geometry"),
    "hollow": (lambda path: write(path, [shapely.Polygon()], ["a"]), "'a' is"),
    "field": (
        lambda path: write(path, [BOX], ["a"], field="title"),
        "no field 'name' (found title); set regions.name_field",
    ),
    "unnamed": (lambda path: write(path, [BOX, OTHER], ["a", ""]), "a feature without name"),
    "twice": (
        lambda path: write(path, [BOX, OTHER], ["a", "a"]),
        "2 regions with the name 'a'; expected each name once",
    ),
    "text": (lambda path: path.write_text("not a vector file"), "not readable"),
    "layers": (
        lambda path: write(
            write(path, [BOX], ["a"], layer="one"), [OTHER], ["b"], layer="two", append=True
        ),
        "layers with geometries one, two; expected one",
    ),
}


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(tmp_path, case):
    make, said = REFUSED[case]
    path = tmp_path / "regions.gpkg"
    make(path)
    with pytest.raises(FormatError) as caught:
        read_regions(path, "name", None, GRID)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"region file {path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(MissingInputError, match="not found; expected a vector file"):
        read_regions(tmp_path / "none.gpkg", "name", None, GRID)


def test_a_crs_that_is_none_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="crs"):
        path = write(tmp_path / "regions.gpkg", [BOX], ["a"], None)
    with pytest.raises(FormatError, match="crs 'EPSG:99999' unknown to PROJ"):
        read_regions(path, "name", "EPSG:99999", GRID)
    assert read_regions(path, "name", "EPSG:3413", GRID)[0].polygon.area == pytest.approx(BOX.area)


def test_a_damaged_file_is_refused_wherever_it_is_cut(tmp_path):
    whole = write(tmp_path / "whole.geojson", [moved(BOX, "EPSG:4326")], ["a"], "EPSG:4326")
    content = whole.read_bytes()
    for length in range(0, len(content) - 3, 97):
        path = tmp_path / "cut.geojson"
        path.write_bytes(content[:length])
        with pytest.raises(DaymeltError):
            read_regions(path, "name", None, GRID)


def test_the_genuine_catchment_of_helheim_has_its_area_within_the_production_grid():
    if not CATCHMENT.is_file():
        pytest.skip("../shared/real/area is not here")
    grid = Grid("EPSG:3413", 100, 228900, -2445900, 2863, 1633)
    with pytest.raises(FormatError, match="states no crs"):
        read_regions(CATCHMENT, "id", None, grid)
    (region,) = read_regions(CATCHMENT, "id", "EPSG:3413", grid)
    assert region.name == "-9999"
    assert 0.1 < region.inside < 0.5  # the area holds the lower part of the catchment
    cells = polygon_shares(region.polygon, grid).sum(dtype=np.float64)
    assert cells * grid.cell_km2 == pytest.approx(region.polygon.area / 1e6, rel=1e-9)
