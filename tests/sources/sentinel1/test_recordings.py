"""Items and bursts of Sentinel-1 as the archives serve them, as recorded beside the project."""

import datetime as dt
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from rasterio.windows import Window

from daymelt.core.errors import FormatError
from daymelt.core.grid import Grid
from daymelt.sources.formats.raster import open_raster, read_values
from daymelt.sources.sentinel1 import planetary_computer
from daymelt.sources.sentinel1.bursts import find_bursts, parse_burst, read_rtc
from daymelt.sources.sentinel1.stac_items import parse_item

STORAGE = "https://sentinel1euwestrtc.blob.core.windows.net/sentinel1-grd-rtc/GRD/2020"


def served(real):
    return [
        *json.loads(real("stac/served/hanna_2020__event.json").read_text()),
        *json.loads(real("stac/served/hanna_2020__pre_event__first2.json").read_text()),
    ]


def test_a_served_item_is_read_in_full(real):
    item = parse_item(served(real)[0])
    assert item.id == "S1A_IW_GRDH_1SDV_20200727T122412_20200727T122441_033640_03E61B_rtc"
    assert item.acquired_at == dt.datetime(2020, 7, 27, 12, 24, 26, 862631, tzinfo=dt.UTC)
    assert (item.platform, item.relative_orbit, item.orbit_pass) == ("S1A", 143, "descending")
    vh = item.assets["vh"]
    assert vh.href.startswith(STORAGE) and vh.href.endswith("iw-vh.rtc.tiff")
    assert (vh.size, vh.checksum) == (2038868993, "md5:c11cbe54559fb9bdba453ea5646aa89f")
    assert item.assets["vv"].checksum == "md5:ded0d2b8b46bc4480f338353b166dbdd"


def test_served_items_make_scenes_with_a_version_though_they_tell_no_instant(real, monkeypatch):
    items = served(real)
    assert not any({"created", "updated"} & set(item["properties"]) for item in items)
    monkeypatch.setattr("daymelt.archives.stac_search.items", lambda *_: iter(items))
    options = planetary_computer.PlanetaryOptions(polarisation="vv")
    box, days = (-99, 24, -95, 28), (dt.date(2020, 6, 1), dt.date(2020, 7, 31))
    scenes = planetary_computer.search(box, *days, options)
    assert [scene.relative_orbit for scene in scenes][-1] == 143
    assert len(scenes) == len(items) == 3
    for scene in scenes:
        assert scene.version == scene.whole.checksum and scene.version.startswith("md5:")
        assert scene.size is None and scene.whole.size > 1_000_000_000 and scene.updated == ""
    assert [scene.acquired_at for scene in scenes] == sorted(s.acquired_at for s in scenes)


@pytest.mark.parametrize(("name", "orbit"), [("mspc-s1-rtc.json", 37), ("mspc-s1-grd.json", 37)])
def test_items_of_the_catalogues_template_are_read(real, name, orbit):
    item = parse_item(json.loads(real(f"stac/{name}").read_text()))
    assert (item.platform, item.relative_orbit, set(item.assets)) == ("S1A", orbit, {"vv", "vh"})
    assert all(asset.size is None or asset.size > 0 for asset in item.assets.values())


@pytest.mark.parametrize("subswath", [1, 2])
@pytest.mark.parametrize("polarisation", ["VV", "VH"])
def test_cuts_of_real_bursts_are_read(real, subswath, polarisation):
    stem = (
        f"OPERA_L2_RTC-S1_T137-292318-IW{subswath}_20250102T01585{6 + subswath}Z"
        f"_20250102T190143Z_S1A_30_v1.0_{polarisation}.tif"
    )
    path = real(f"opera/{stem}")
    burst = parse_burst(path)
    assert (burst.relative_orbit, burst.platform) == (137, "S1A")
    assert burst.polarisation == polarisation.lower()
    assert burst.acquired_at == dt.datetime(2025, 1, 2, 1, 58, 56 + subswath, tzinfo=dt.UTC)
    assert burst.processed_at == dt.datetime(2025, 1, 2, 19, 1, 43, tzinfo=dt.UTC)
    assert burst.mask_path.name == stem.replace(f"_{polarisation}.tif", "_mask.tif")
    with open_raster(path, "burst") as raster:
        assert raster.res == (30, 30) and raster.dtypes == ("float32",)
        assert np.isnan(raster.nodata)
        assert raster.transform.c % 30 == raster.transform.f % 30 == 0
        values = read_values(raster, Window(0, 0, raster.width, raster.height), "burst")
    valid = values[np.isfinite(values)]
    assert valid.size and valid.min() >= 0 and valid.max() < 100  # linear power


def test_names_of_a_products_files_are_bursts_masks_or_neither(real):
    products = json.loads(real("opera/hyp3_rtc_output_files.json").read_text())
    names = [name for files in products.values() for name in files]
    images = [name for name in names if name.endswith(("_VV.tif", "_VH.tif"))]
    bursts = [parse_burst(Path(name)) for name in images]
    assert len(images) > 20 and {burst.relative_orbit for burst in bursts} == {115}
    assert {burst.mask_path.name for burst in bursts} <= set(names)
    others = [name for name in names if name not in images and not name.endswith("_mask.tif")]
    assert others
    for name in others:
        with pytest.raises(FormatError):
            parse_burst(Path(name))


def test_a_product_outside_the_arctic_is_in_utm_so_the_crs_is_read_from_each_file(real):
    name = "OPERA_L2_RTC-S1_T102-217155-IW1_20240703T162341Z_20240703T220516Z_S1A_30_v1.0"
    text = real(f"opera/{name}.h5.ncdump.txt").read_text()
    burst = parse_burst(Path(f"{name}_VV.tif"))
    assert burst.burst_id == "T102-217155-IW1"
    assert "projection:epsg_code = 32634LL" in text and "JPL D-108758" in text


ATTRIBUTE = "{http://earthdata.nasa.gov/schema/eos}"


def test_the_metadata_of_a_product_say_what_is_assumed_of_it_and_are_not_read(real):
    path = real("opera/opera_v1.0.iso.xml")
    told = {
        "".join(item.find(f".//{ATTRIBUTE}name").itertext()).strip(): "".join(
            item.find(f"{ATTRIBUTE}value").itertext()
        ).strip()
        for item in ElementTree.parse(path).iter(f"{ATTRIBUTE}AdditionalAttribute")
    }
    assert told["OutputBackscatterNormalizationConvention"] == "gamma0"
    assert told["OutputBackscatterExpressionConvention"] == "linear backscatter intensity"
    assert (told["XCoordinateSpacing"], told["YCoordinateSpacing"]) == ("30.0", "-30.0")
    assert (told["BurstID"], told["TrackNumber"]) == ("t075_159159_iw1", "75")
    assert find_bursts([path]) == []


@pytest.mark.parametrize(
    ("polarisation", "pixel", "highest"),
    [("VV", 0.30975604, 609.2885), ("VH", 0.030861782, 11.102226)],
)
def test_a_cut_across_the_edge_of_a_burst_reads_as_its_own_pixels(
    real, one_line, polarisation, pixel, highest
):
    path = real(f"opera/browse_test_{polarisation}.tif")
    gamma0 = read_rtc(path, Grid("EPSG:32610", 30, 552420, 4180980, 100, 100))
    assert np.isnan(gamma0).sum() == 959
    assert gamma0[50, 50] == pytest.approx(pixel, rel=1e-6)
    assert np.nanmax(gamma0) == pytest.approx(highest, rel=1e-6)
    with pytest.raises(FormatError) as raised:
        parse_burst(path)
    one_line(raised, path.name, "not the name of an OPERA RTC-S1 backscatter file")
