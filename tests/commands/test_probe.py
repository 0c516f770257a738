"""`daymelt probe` against archives of this machine."""

import netCDF4
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from servers.listing import Listing

from daymelt.commands.probe import longest_gap

ALBERS = "+proj=aea +lat_1=60 +lat_2=85 +lat_0=0 +lon_0=-40 +datum=WGS84"
MASK = "raw/Helheim_data/reprojected_100m/GIMP_Mask/landMask_100m.tif"


@pytest.fixture
def web(prepared, tmp_path):
    """A web server with the benchmark's mask and MAR's folders; and the addresses that lead to
    it.
    """
    shelf = tmp_path / "shelf"
    write_mask(shelf, ALBERS)
    (shelf / "5km").mkdir()
    for path in prepared.manifest("mar").parent.glob("MAR*.nc"):
        (shelf / "5km" / path.name).write_bytes(path.read_bytes())
    with Listing(shelf) as server:
        server.shelf = shelf
        yield server


def write_mask(shelf, crs):
    path = shelf / MASK
    path.parent.mkdir(parents=True, exist_ok=True)
    place = Affine(100, 0, 0, 0, -100, -2_500_000)
    with rasterio.open(path, "w", "GTiff", 20, 30, 1, crs, place, "int8") as file:
        file.write(np.ones((30, 20), np.int8), 1)


def addresses(server):
    return {
        "benchmark": f"{server.base}/",
        "mar_5km": f"{server.base}/5km/",
        "mar_10km": f"{server.base}/none/",
    }


def verdicts(text):
    return {
        line.split(":")[0]: line.split(": ")[1]
        for line in text.splitlines()
        if line[:1] not in (" ", "")
    }


def test_every_question_is_answered_by_its_own_archive(person, web, capsys):
    person("probe", archives=addresses(web), microwave={"longest_gap_days": 30})
    said = capsys.readouterr().out
    assert len(verdicts(said)) == 6
    assert verdicts(said)["grid of the published benchmark"] == "as assumed"
    assert verdicts(said)["MAR at 5 km"] == "as assumed"
    assert "WA1 in kg/kg" in said and "30 x 20 cells of 100 m" in said
    assert "EPSG:3413, the area's; 30 m" in said
    assert "F17 M" in said and "GimpOceanMask_90m_2015_v1.2.tif" in said


def test_a_wrong_assumption_names_the_setting_and_exits_with_1(person, web, capsys):
    write_mask(web.shelf, "EPSG:3413")
    assert person("probe", archives=addresses(web)) == 1
    said = capsys.readouterr().out
    assert verdicts(said)["grid of the published benchmark"] == "WRONG"
    assert "expected Albers 60/85/-40" in said and "area.crs" in said


def test_a_mar_file_without_the_variable_is_a_wrong_assumption(person, web, capsys):
    for path in (web.shelf / "5km").iterdir():
        with netCDF4.Dataset(path, "a") as file:
            file.renameVariable("WA1", "ME")
    assert person("probe", archives=addresses(web)) == 1
    assert "no WA1" in capsys.readouterr().out


def test_an_archive_out_of_reach_does_not_hide_the_others(person, web, capsys):
    person("probe", archives={**addresses(web), "benchmark": "http://127.0.0.1:9/", "timeout_s": 1})
    told = verdicts(capsys.readouterr().out)
    assert told["grid of the published benchmark"] == "not asked"
    assert told["MAR at 5 km"] == "as assumed"


def test_where_nobody_can_be_asked_it_exits_with_2(person, capsys):
    nowhere = "http://127.0.0.1:9/"
    gone = {
        "benchmark": nowhere,
        "mar_5km": nowhere,
        "mar_10km": nowhere,
        "cmr": f"{nowhere}search/",
        "timeout_s": 1,
    }
    assert person("probe", archives=gone) == 2
    assert set(verdicts(capsys.readouterr().out).values()) == {"not asked"}


@pytest.mark.parametrize(("held", "gap"), [("", 5), ("ab", 3), ("ae", 3), ("ace", 1), ("abcde", 0)])
def test_the_longest_gap_is_of_days_in_a_row(held, gap):
    assert longest_gap("abcde", set(held)) == gap
