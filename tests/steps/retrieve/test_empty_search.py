"""A search that finds nothing, and one of which the archive holds nothing."""

import datetime as dt
from urllib.parse import parse_qs

import pytest
from servers.earthdata import Earthdata

from daymelt.core.errors import ConfigError
from daymelt.core.manifest import read_manifest
from daymelt.settings import inputs
from daymelt.steps.retrieve.provider import Request
from daymelt.steps.retrieve.retrieval import retrieve

JULY = [dt.date(2019, 7, day) for day in range(1, 32)]
CROSSING = {"left": -1_455_400, "top": 1_455_400}
ANTARCTICA = {"crs": "EPSG:3031", "left": 0, "top": 2_000_000}


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "archive").mkdir()
    with Earthdata(tmp_path / "archive") as served:
        yield served


@pytest.fixture
def asking(archive, tmp_path):
    """Function of days and changes of the area that gives a request of OPERA."""

    def request(days=JULY, **area):
        return Request(
            "sentinel1",
            {"month": f"{days[0]:%Y-%m}"},
            tmp_path / "out/manifest.json",
            inputs.Area(**area).grid,
            inputs.Sentinel1(provider="opera"),
            days,
            archives=inputs.Archives(cmr=archive.cmr, attempts=1),
        )

    return request


def test_a_month_without_a_file_is_a_warning_and_in_the_manifest(asking, caplog):
    request = asking()
    retrieve(request)
    manifest = read_manifest(request.out)
    assert manifest["files"] == []
    told = manifest["nothing_found"]
    assert told.startswith("OPERA_L2_RTC-S1_V1 hh, 2019-07-01 to 2019-07-31, (-38.")
    assert f"sentinel1: nothing found of {told}" in caplog.text


def test_a_dry_run_without_a_file_is_a_warning_too(asking, caplog, capsys):
    retrieve(asking(), dry_run=True)
    assert "nothing found of OPERA_L2_RTC-S1_V1" in caplog.text
    assert "in 0 files" in capsys.readouterr().out


def test_an_area_across_the_antimeridian_is_searched_on_both_sides(asking, archive, caplog):
    retrieve(asking(**CROSSING), dry_run=True)
    asked = [parse_qs(seen.query)["bounding_box"][0].split(",") for seen in archive.seen]
    edges = {(box[0], box[2]) for box in asked}
    assert len(edges) == 2
    assert {(float(west) > 0, float(east) > 0) for west, east in edges} == {
        (True, True),
        (False, False),
    }
    assert {abs(float(edge)) for pair in edges for edge in pair} >= {180.0}


@pytest.mark.parametrize(
    ("days", "area", "told"),
    [
        ([dt.date(2016, 3, 1), dt.date(2016, 4, 13)], {}, "from 2016-04-14 on"),
        (JULY, ANTARCTICA, "leaves out Antarctica"),
    ],
)
@pytest.mark.parametrize("way", [{}, {"dry_run": True}, {"adopt": True}])
def test_what_the_archive_does_not_hold_is_refused_before_any_search(
    asking, archive, one_line, days, area, told, way
):
    request = asking(days, **area)
    with pytest.raises(ConfigError) as raised:
        retrieve(request, **way)
    one_line(raised, "sentinel1.provider opera", told)
    assert archive.seen == [] and not request.out.parent.exists()


def test_a_month_that_begins_before_the_archive_is_searched_with_a_word(asking, caplog):
    retrieve(asking([dt.date(2016, 4, 1), dt.date(2016, 4, 30)]), dry_run=True)
    assert "nothing before 2016-04-14, the first day of the archive" in caplog.text
