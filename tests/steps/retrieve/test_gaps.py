"""Days that a retrieval lacks, in its manifest and its log."""

import datetime as dt

from daymelt.core.dates import month_days
from daymelt.core.manifest import Entry, read_manifest
from daymelt.settings import inputs
from daymelt.steps.retrieve.gaps import acquisition_gaps_of, missing_days_of
from daymelt.steps.retrieve.provider import Request, provider_class
from daymelt.steps.retrieve.retrieval import retrieve

AUGUST = month_days(2019, 8)
BURST = "OPERA_L2_RTC-S1_T039-081234-IW2_201908{:02d}T090305Z_20190903T120000Z_S1A_30_v1.0_{}.tif"


def entries(*names):
    return [Entry(name, "", 1, "") for name in names]


def provider(source, settings, days=AUGUST, **more):
    request = Request(source, {}, more.pop("out"), inputs.Area().grid, settings, days, **more)
    return provider_class(source, settings.provider)(request)


def test_sentinel_1_that_stopped_within_a_month_is_in_its_manifest(tmp_path, caplog):
    settings = inputs.Sentinel1(provider="opera")
    asked = provider("sentinel1", settings, out=tmp_path / "manifest.json")
    found = entries(
        *(BURST.format(day, layer) for day in (1, 5) for layer in ("HH", "mask")),
    )
    assert asked.gaps(found) == {"gaps": [["2019-08-06", "2019-08-31"]]}
    assert "Sentinel-1: no acquisition in 2019-08-06 to 2019-08-31 (26 days)" in caplog.text


def test_the_usual_revisit_is_no_gap(caplog):
    assert acquisition_gaps_of(AUGUST, AUGUST[3::12]) == {"gaps": []}
    assert not caplog.text


def test_a_month_without_melt_fractions_is_in_its_manifest(tmp_path):
    settings = inputs.Sentinel1(provider="meltwaterbench")
    asked = provider("sentinel1", settings, out=tmp_path / "manifest.json")
    assert asked.gaps([]) == {"gaps": [["2019-08-01", "2019-08-31"]]}
    every = entries(*(f"a/{day:%Y_%m_%d}.tif" for day in AUGUST[::6]))
    assert asked.gaps(every) == {"gaps": []}


def test_days_without_a_raster_are_in_the_manifest_of_a_daily_source(tmp_path, caplog):
    settings = inputs.Mar(provider="meltwaterbench")
    asked = provider("mar", settings, out=tmp_path / "manifest.json")
    held = entries(*(f"{day:%Y_%m_%d}.tif" for day in AUGUST if day.day not in (9, 10)))
    assert asked.gaps(held) == {"missing_days": ["2019-08-09", "2019-08-10"]}
    assert "MAR: no file of 2 days: 2019-08-09, 2019-08-10" in caplog.text


def test_the_winter_counts_where_its_mean_is_absent(tmp_path):
    settings = inputs.Microwave(provider="meltwaterbench", winter_months=(2,))
    seasons = inputs.Seasons(years=(2019,), months=(8,))
    asked = provider("microwave", settings, out=tmp_path / "manifest.json", seasons=seasons)
    season = [f"{day:%Y_%m_%d}.tif" for day in AUGUST]
    mean = "interim/Helheim_data/reprojected_100m/PMWv1.0_winter_means/2019_jan_feb.tif"
    assert asked.gaps(entries(*season, mean)) == {"missing_days": []}
    assert len(asked.gaps(entries(*season))["missing_days"]) == 28


def test_a_source_that_lacks_no_day_says_so(caplog):
    assert missing_days_of("MAR", AUGUST, AUGUST) == {"missing_days": []}
    assert not caplog.text


def test_the_twins_radiometer_lists_the_days_that_it_lacks(tmp_path, caplog):
    out = tmp_path / "manifest.json"
    days = month_days(2019, 8)
    area = inputs.Area(rows=8, columns=8)
    retrieve(Request("microwave", {"season": 2019}, out, area.grid, inputs.Microwave(), days))
    missing = read_manifest(out)["missing_days"]
    assert missing == ["2019-08-09"]
    assert dt.date.fromisoformat(missing[0]) in days and "passive microwave: no file" in caplog.text
