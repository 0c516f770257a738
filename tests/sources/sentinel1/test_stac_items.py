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
    assert (item.platform, item.orbit_pass) == ("S1A", "descending")
    # by the mission's rule, relative orbit = (absolute - 73) mod 175 + 1 for S1A, and the name
    # carries the absolute one
    assert item.relative_orbit == (53134 - 73) % 175 + 1
    assert set(item.assets) == {"vv", "vh"}
    assert item.assets["vh"].href.endswith("iw-vh.rtc.tiff")


def test_the_genuine_ground_range_items_read_in_full(genuine):
    for name, absolute in (
        ("mspc-s1-grd.json", 53134),
        ("planetary-computer-tasks_sentinel-1-grd-item-raw.json", 49191),
    ):
        item = parse_item(genuine(name))
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


@pytest.mark.parametrize(
    "unused",
    [
        {"bbox": None},
        {"bbox": [1, 2]},
        {"bbox": [181, 65, -40, 67]},
        {"geometry": 3},
        {"properties": {"proj:epsg": "none", "proj:code": 4, "proj:transform": [10.0] * 9}},
    ],
)
def test_what_is_used_nowhere_refuses_nothing(unused):
    assert parse_item(made(**unused)).relative_orbit == 39


@pytest.mark.parametrize(
    ("told", "checksum"),
    [
        ("d50110" + "ab" * 16, "md5:" + "ab" * 16),
        ("1220" + "AB" * 32, "sha256:" + "ab" * 32),
        ("ab" * 16, "md5:" + "ab" * 16),  # as the Planetary Computer writes it
        ("1114" + "ab" * 20, None),  # SHA-1
        ("d50110" + "ab" * 15, None),
        (7, None),
        (None, None),
    ],
)
def test_a_checksum_is_a_multihash_or_the_digits_of_an_md5(told, checksum):
    asset = {"href": "https://a/b", "file:checksum": told, "file:size": 9}
    found = parse_item(made(assets={"HH": asset})).assets["hh"]
    assert (found.size, found.checksum) == (9, checksum)


@pytest.mark.parametrize("gone", ["sat:relative_orbit", "platform", "sat:orbit_state"])
def test_an_item_without_a_field_is_refused_by_the_field(gone, one_line):
    item = made()
    del item["properties"][gone]
    with pytest.raises(FormatError) as raised:
        parse_item(item)
    one_line(raised, "scene", gone)


@pytest.mark.parametrize(
    "item",
    [
        made(properties={"datetime": "yesterday"}),
        made(assets={"hh": {"href": "https://a/b", "file:size": -1}}),
        made(assets={"hh": {"href": "https://a/b", "file:size": "9"}}),
    ],
)
def test_an_item_of_wrong_values_is_refused(item, one_line):
    with pytest.raises(FormatError) as raised:
        parse_item(item)
    one_line(raised, "scene")


@pytest.mark.parametrize("name", ["datetime", "platform", "sat:orbit_state"])
def test_a_field_that_is_null_is_told_as_null(name, one_line):
    with pytest.raises(FormatError) as raised:
        parse_item(made(properties={name: None, "start_datetime": None}))
    one_line(raised, "scene", f"{name} is null")
