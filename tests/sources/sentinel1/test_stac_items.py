import datetime as dt
import json

import pytest

from daymelt.core.errors import FormatError
from daymelt.sources.sentinel1.stac_items import parse_item


@pytest.fixture
def genuine(real):
    return lambda name: json.loads(real(f"stac/{name}").read_text())


def made(**changes):
    properties = {
        "datetime": "2023-07-08T08:28:53Z",
        "platform": "SENTINEL-1A",
        "sat:relative_orbit": 39,
        "sat:orbit_state": "descending",
    }
    item = {
        "type": "Feature",
        "id": "scene",
        "bbox": [-40, 65, -36, 67],
        "properties": properties,
        "assets": {},
    }
    properties |= changes.pop("properties", {})
    return item | changes


def test_the_genuine_terrain_corrected_item_reads_in_full(genuine):
    item = parse_item(genuine("mspc-s1-rtc.json"))
    assert item.id == "S1A_IW_GRDH_1SDV_20240325T055038_20240325T055103_053134_066FC4_rtc"
    assert item.acquired_at == dt.datetime(2024, 3, 25, 5, 50, 50, 645981, tzinfo=dt.UTC)
    assert (item.platform, item.orbit_pass, item.crs) == ("S1A", "descending", "EPSG:32632")
    # by the mission's rule, relative orbit = (absolute - 73) mod 175 + 1 for S1A, and the name
    # carries the absolute one
    assert item.relative_orbit == (53134 - 73) % 175 + 1
    assert set(item.assets) == {"vv", "vh"}
    assert item.assets["vh"].endswith("iw-vh.rtc.tiff")
    assert item.bounds == (
        3.837071367362559,
        50.71652556926065,
        7.841528612377948,
        52.60310964768673,
    )


def test_the_genuine_ground_range_items_have_no_crs(genuine):
    for name, absolute in (
        ("mspc-s1-grd.json", 53134),
        ("planetary-computer-tasks_sentinel-1-grd-item-raw.json", 49191),
    ):
        item = parse_item(genuine(name))
        assert item.crs is None
        assert item.relative_orbit == (absolute - 73) % 175 + 1
        assert set(item.assets) == {"vv", "vh"}


def test_the_genuine_collection_is_refused(genuine, one_line):
    with pytest.raises(FormatError) as raised:
        parse_item(genuine("pc-sentinel-1-rtc-collection.json"))
    one_line(raised, "sentinel-1-rtc", "'Collection'", "'Feature'")


def test_times_without_zone_are_utc_and_a_missing_instant_is_the_start():
    assert (
        parse_item(made(properties={"datetime": "2023-07-08 08:28:53"})).acquired_at.tzinfo
        == dt.UTC
    )
    start = {"datetime": None, "start_datetime": "2023-07-08 10:28:53+02:00"}
    assert parse_item(made(properties=start)).acquired_at == dt.datetime(
        2023, 7, 8, 8, 28, 53, tzinfo=dt.UTC
    )


def test_a_crs_is_found_under_its_old_and_its_new_name():
    assert parse_item(made(properties={"proj:code": "EPSG:3413"})).crs == "EPSG:3413"
    assert parse_item(made(properties={"proj:epsg": 3413})).crs == "EPSG:3413"
    assert parse_item(made(properties={"proj:epsg": None})).crs is None


def test_a_box_with_heights_loses_them():
    assert parse_item(made(bbox=[-40, 65, 0, -36, 67, 3000])).bounds == (-40, 65, -36, 67)


@pytest.mark.parametrize("gone", ["sat:relative_orbit", "platform", "sat:orbit_state"])
def test_an_item_without_a_field_is_refused_by_the_field(gone, one_line):
    item = made()
    del item["properties"][gone]
    with pytest.raises(FormatError) as raised:
        parse_item(item)
    one_line(raised, "scene", gone)


@pytest.mark.parametrize(
    "item", [made(bbox=None), made(properties={"datetime": "yesterday"}), made(bbox=[1, 2])]
)
def test_an_item_of_wrong_values_is_refused(item, one_line):
    with pytest.raises(FormatError) as raised:
        parse_item(item)
    one_line(raised, "scene")
