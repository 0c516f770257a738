"""Layers of a season: stored in two bytes, averaged without what is no measurement, and styled."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from products.layout import check_day

from daymelt.core.encoding import NO_MELT, decode, encode
from daymelt.core.grid import Grid
from daymelt.products import cog
from daymelt.products.pyramid import Codes, pyramid
from daymelt.products.season_files import BOUNDS, COUNT, LAYERS, QUALITY, anomaly_of, mean_of
from daymelt.products.season_style import day_name, season_stops, write_season_qml

OF_SEASON = {**LAYERS, **BOUNDS, **QUALITY}
ENCODINGS = [
    *OF_SEASON.values(),
    *(mean_of(encoding) for encoding in LAYERS.values()),
    *(anomaly_of(encoding) for encoding in LAYERS.values()),
    COUNT,
]
SPAN = (91, 273)


def codes(stored):
    """Stored numbers of a random layer."""
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=19)
    return hnp.arrays(stored.dtype, shapes, elements=st.sampled_from(stored.tolist()))


@pytest.mark.parametrize(
    "numbers",
    [
        np.array([0, 1, 91, 366, NO_MELT, 65535], np.uint16),
        np.array([0, 36600, 36599, 65535], np.uint16),
        np.array([-3660, -1, 0, 5, 3660, -32768], np.int16),
    ],
    ids=["dates", "sums", "anomalies"],
)
@given(data=st.data())
def test_a_coarse_cell_is_the_mean_of_the_measurements_below_it(data, numbers):
    stored = data.draw(codes(numbers))
    nodata, aside = int(numbers[-1]), NO_MELT if NO_MELT in numbers else None
    for level, field in enumerate(pyramid(stored, Codes(nodata, aside), 3), start=1):
        assert field.dtype == stored.dtype
        step = 2**level
        for row, column in np.ndindex(field.shape):
            square = stored[row * step : (row + 1) * step, column * step : (column + 1) * step]
            known = [int(value) for value in square.flat if value not in (nodata, aside)]
            left = aside if aside is not None and aside in square else nodata
            expected = round(sum(known) / len(known)) if known else left
            assert field[row, column] == expected


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding.name)
def test_a_layer_of_a_season_is_a_cloud_optimized_geotiff_and_reads_back(tmp_path, encoding):
    rng = np.random.default_rng(1)
    grid = Grid("EPSG:3413", 100, 294900, -2566500, 700, 530)
    most = min(encoding.highest * encoding.scale, 366)
    field = rng.uniform(-most if encoding.dtype == "int16" else 0, most, grid.shape).astype("f4")
    field[:, :50] = np.nan
    path = tmp_path / "layer.tif"
    stored = encode(field, encoding)
    cog.write_day(path, stored, grid, encoding, {"season": "2019"}, encoding.long_name)
    check_day(path, grid, encoding)
    found = decode(cog.read_day(path, grid, encoding), encoding)
    np.testing.assert_allclose(found, field, atol=0.5001 * encoding.scale)
    with rasterio.open(path) as file:
        assert file.dtypes == (encoding.dtype,) and file.nodata == encoding.nodata


def test_a_number_beyond_the_highest_is_refused(tmp_path):
    grid = Grid("EPSG:3413", 100, 294900, -2566500, 2, 2)
    stored = np.full((2, 2), NO_MELT + 1, np.uint16)
    with pytest.raises(ValueError, match="holds 1000, expected at most 999"):
        cog.write_day(tmp_path / "a.tif", stored, grid, LAYERS["onset"], {}, "onset")


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda encoding: encoding.name)
def test_the_style_of_a_layer_rises_over_its_values(tmp_path, encoding):
    path = tmp_path / "layer.qml"
    write_season_qml(path, encoding, SPAN)
    items = list(ET.parse(path).getroot().iter("item"))
    values = [float(item.get("value")) for item in items]
    assert values == sorted(set(values))
    assert all(item.get("label") for item in items)
    is_date = encoding.aside is not None
    assert (values[-1] == NO_MELT) == is_date
    if is_date:
        assert items[-1].get("label") == "no lasting melt"


def test_dates_are_coloured_over_the_season_and_named_by_their_day():
    stops = season_stops(LAYERS["onset"], SPAN)
    assert (stops[0].value, stops[0].label) == (91, "1 Apr")
    assert (stops[-2].value, stops[-2].label) == (273, "30 Sep")
    assert day_name(152) == "1 Jun"


def test_more_melt_is_red_in_every_anomaly():
    """An early onset and a short gap are more melt, a late end and more days too."""
    for name, encoding in LAYERS.items():
        stops = season_stops(anomaly_of(encoding), SPAN)
        more = stops[0] if name in ("onset", "longest_gap") else stops[-1]
        red, blue = int(more.colour[1:3], 16), int(more.colour[5:], 16)
        assert red > 2 * blue, name
        assert stops[0].value == -stops[-1].value < 0
