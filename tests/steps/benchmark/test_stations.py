"""Weather stations, from their retrieval to the table."""

import csv
import json
import math
import shutil

import numpy as np
import pytest
import rasterio
from servers.listing import Listing

from daymelt.core import cube
from daymelt.core.dates import season_days
from daymelt.core.encoding import PERCENT, encode
from daymelt.core.grid import Grid
from daymelt.core.manifest import (
    entry,
    manifest_digest,
    manifest_files,
    read_manifest,
    write_manifest,
)
from daymelt.products import cog
from daymelt.science.stations import melt_season
from daymelt.settings.loading import section
from daymelt.sources.stations.promice import read_hourly
from daymelt.steps.benchmark.available import of_stations
from daymelt.steps.station_records import read_places
from daymelt.twin import files
from daymelt.twin.nature import true_melt

GRID = Grid("EPSG:3413", 100, 294900, -2566500, 48, 48)
DAYS = season_days(2019, [7, 8])
CELLS = {"LOW": (20, 22), "HIGH": (30, 5)}
THRESHOLD = -1.0


@pytest.fixture(scope="module")
def observed(tmp_path_factory):
    """The truth of the season, and what a sensor without error sees of it every fourth day."""
    world, sar = (tmp_path_factory.mktemp("observed") / name for name in ("world.nc", "sar.nc"))
    cube.write_stream(
        world, true_melt(GRID, 2019, 42), grid=GRID, encoding=PERCENT, attributes={"inputs": ""}
    )
    with cube.open_stream(world) as truth:
        cube.write_stream(
            sar,
            ((day, truth.read(day)) for day in DAYS[::4]),
            grid=GRID,
            encoding=PERCENT,
            attributes={"inputs": ""},
        )
    return world, sar


@pytest.fixture
def settings(options):
    """The run's options with two stations in the area and one outside it."""
    lon, lat = GRID.lonlat()
    sites = [
        {"name": name, "lat": float(lat[cell]), "lon": float(lon[cell])}
        for name, cell in CELLS.items()
    ]
    changed = json.loads(options)
    changed["stations"]["sites"] = [*sites, {"name": "FAR", "lat": 70.0, "lon": -30.0}]
    return changed


@pytest.fixture
def retrieved(step, settings, tmp_path):
    out = tmp_path / "stations/manifest.json"
    assert step("retrieve-stations", "--out", out, options=json.dumps(settings)) == 0
    return out


@pytest.fixture(scope="module")
def maps(observed, tmp_path_factory):
    """Maps that are the truth of the day before."""
    folder = tmp_path_factory.mktemp("maps")
    with cube.open_stream(observed[0]) as truth:
        for day, before in zip(DAYS[1:], DAYS, strict=False):
            write_map(folder, day, truth.read(before))
        write_map(folder, DAYS[0], truth.read(DAYS[0]))
    about = {"season": 2019, "model_checksum": "a", "inputs": "b", "filled": {}, "sar_gaps": []}
    (folder / "index.json").write_text(json.dumps({**about, "files": []}))
    return folder / "index.json"


def write_map(folder, day, fraction):
    stored = encode(fraction, PERCENT).astype(np.uint8)
    cog.write_day(folder / f"melt_{day}.tif", stored, GRID, PERCENT, {"date": str(day)}, "melt")


@pytest.fixture
def compare(step, observed, maps, tmp_path):
    """Run the comparison; its exit status and its table."""

    def run(manifest, settings):
        out = tmp_path / "stations.csv"
        streams = ("--name", "mine", "--maps", maps, "--sar", observed[1], "--worlds", observed[0])
        status = step(
            "station-scores",
            "--manifest",
            manifest,
            *streams,
            "--out",
            out,
            "--figure",
            tmp_path / "s.png",
            options=json.dumps(settings),
        )
        with open(out, newline="", encoding="utf-8") if out.exists() else open("/dev/null") as file:
            return status, list(csv.DictReader(file))

    return run


def test_the_table_is_what_a_slow_count_over_files_read_another_way_gives(
    retrieved, compare, settings, maps, caplog
):
    status, rows = compare(retrieved, settings)
    assert status == 0
    assert [(row["station"], row["system"]) for row in rows] == [
        (name, system) for name in CELLS for system in ("mine", "sar", "truth")
    ]
    assert "1 of 3 stations" in caplog.text and "FAR" in caplog.text
    for name, cell in CELLS.items():
        row = next(row for row in rows if (row["station"], row["system"]) == (name, "mine"))
        record = read_hourly(retrieved.parent / f"{name}_hour.nc", "t_surf")
        at_seven = {
            str(hour)[:10]: value
            for hour, value in zip(record.hours, record.values, strict=True)
            if str(hour).endswith("T07")
        }
        counts = dict.fromkeys(("hits", "misses", "false_alarms", "correct_negatives"), 0)
        both = []
        for day in DAYS:
            with rasterio.open(maps.parent / f"melt_{day}.tif") as file:
                percent = int(file.read(1)[cell])
            station = at_seven[day.isoformat()]
            known = percent != 255 and not math.isnan(station)
            both.append(float(percent > 10) if known else math.nan)
            if known:
                wet, melts = percent > 10, station > THRESHOLD
                counts[
                    "hits"
                    if wet and melts
                    else "misses"
                    if melts
                    else "false_alarms"
                    if wet
                    else "correct_negatives"
                ] += 1
        assert {key: int(row[key]) for key in counts} == counts
        assert int(row["days"]) == sum(counts.values()) > 40
        season = melt_season(np.array(both))
        assert row["onset_system"] == (
            "" if np.isnan(season.onset) else DAYS[int(season.onset)].isoformat()
        )
        assert (row["length_station_days"] == "") == (
            "" in (row["onset_station"], row["end_station"])
        )
    assert any(int(row["hits"]) for row in rows) and any(
        int(row["correct_negatives"]) for row in rows
    )


def test_sentinel_1_is_compared_on_its_own_days_and_has_no_season(retrieved, compare, settings):
    rows = [row for row in compare(retrieved, settings)[1] if row["system"] == "sar"]
    assert all(
        len(DAYS[::4]) - 3 <= int(row["days"]) <= len(DAYS[::4]) and row["onset_system"] == ""
        for row in rows
    )


def test_without_a_station_in_the_area_the_table_is_empty_and_the_log_says_so(
    step, compare, settings, tmp_path, caplog
):
    settings["stations"]["sites"] = settings["stations"]["sites"][2:]
    out = tmp_path / "none/manifest.json"
    assert step("retrieve-stations", "--out", out, options=json.dumps(settings)) == 0
    assert compare(out, settings) == (0, [])
    assert (tmp_path / "stations.csv").read_text().startswith("station,season,system,")
    assert (tmp_path / "s.png").exists()
    assert "no station stands in the area" in caplog.text


def test_a_file_of_another_place_is_refused(retrieved, compare, settings, capsys):
    settings["stations"]["sites"][0]["lon"] += 0.03  # still in the area, by another cell
    settings["stations"]["sites"][0]["lat"] -= 0.001
    assert compare(retrieved, settings)[0] == 0  # 1.3 km: a station that has travelled
    path = manifest_files(retrieved)[0]
    files.write_station(path.parent, path.stem.removesuffix("_hour"), *faraway(path))
    write_manifest(
        retrieved,
        [entry(retrieved.parent, found, "") for found in retrieved.parent.glob("*.nc")],
        {},
    )
    capsys.readouterr()
    assert compare(retrieved, settings)[0] == 2
    (said,) = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("daymelt: ")
    ]
    assert path.name in said and "stations.sites" in said and "km from" in said


def faraway(path):
    """A record under a longitude that is told west as a positive number."""
    record = read_hourly(path, "t_surf")
    return record.hours, {"t_surf": record.values}, record.lat, -record.lon, record.alt


def test_a_file_that_is_not_what_was_retrieved_is_refused(retrieved, compare, settings, capsys):
    path = manifest_files(retrieved)[0]
    damaged = bytearray(path.read_bytes())
    damaged[5051] ^= 8
    path.write_bytes(damaged)
    assert compare(retrieved, settings)[0] == 2
    assert "checksum" in capsys.readouterr().err


def test_a_station_without_a_file_is_told(retrieved, compare, settings, capsys):
    write_manifest(retrieved, [], {})
    assert compare(retrieved, settings)[0] == 2
    assert "no file of station LOW" in capsys.readouterr().err


def test_the_rule_of_the_highest_value_melts_no_fewer_days_than_that_of_one_hour(
    retrieved, compare, settings
):
    by_hour = compare(retrieved, settings)[1]
    settings["stations"]["rule"] = "daily-maximum"
    by_maximum = compare(retrieved, settings)[1]
    melting = [
        sum(int(row["hits"]) + int(row["misses"]) for row in rows if row["system"] == "mine")
        for rows in (by_hour, by_maximum)
    ]
    assert melting[1] > melting[0]


def test_live_files_are_the_twins_byte_for_byte_and_only_of_stations_in_the_area(
    step, retrieved, settings, tmp_path, capsys
):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for path in manifest_files(retrieved):
        shutil.copy(path, shelf)
    with Listing(shelf) as server:
        settings["stations"]["provider"] = "promice"
        settings["archives"]["promice"] = f"{server.base}/{{station}}_hour.nc"
        out = tmp_path / "live/manifest.json"
        assert (
            step("retrieve-stations", "--out", out, "--dry-run", options=json.dumps(settings)) == 0
        )
        assert not out.parent.exists() and "in 2 files" in capsys.readouterr().out
        assert step("retrieve-stations", "--out", out, options=json.dumps(settings)) == 0
        assert not [path for path in server.paths() if "FAR" in path]
    assert manifest_digest([out]) == manifest_digest([retrieved])
    assert all(
        item.url.startswith("http://127.0.0.1") and item.retrieved_at
        for item in read_manifest(out)["files"]
    )


def rewrite(manifest, hole):
    """Records of both stations that melt from 20 July to 20 August; LOW with a hole in it."""
    for path in manifest_files(manifest):
        record = read_hourly(path, "t_surf")
        day = record.hours.astype("datetime64[D]")
        melts = (day >= np.datetime64("2019-07-20")) & (day <= np.datetime64("2019-08-20"))
        values = np.where(melts, 0.0, -10.0)
        if path.name.startswith("LOW") and hole:
            values[(day >= np.datetime64(hole[0])) & (day <= np.datetime64(hole[1]))] = np.nan
        name = path.name.removesuffix("_hour.nc")
        place = (record.lat, record.lon, record.alt)
        files.write_station(path.parent, name, record.hours, {"t_surf": values}, *place)
    folder = manifest.parent
    write_manifest(manifest, [entry(folder, path, "") for path in folder.glob("*.nc")], {})


def test_a_hole_of_a_record_is_in_the_calendar_of_the_inputs(retrieved, settings):
    rewrite(retrieved, ("2019-07-12", "2019-07-25"))
    stations = section("stations", settings["stations"])
    places = read_places(retrieved, stations, section("area", settings["area"]))
    low, high = of_stations(places, stations, DAYS)
    absent = [
        day.isoformat() for day, state in zip(DAYS, low.states, strict=True) if state != "observed"
    ]
    assert (low.source, high.source) == ("LOW", "HIGH")
    assert absent == [f"2019-07-{day}" for day in range(12, 26)]
    assert low.is_daily and sum(low.share) == len(DAYS) - 14


def test_a_hole_of_a_record_is_in_the_manifest_and_in_the_log(
    step, settings, retrieved, tmp_path, caplog
):
    rewrite(retrieved, ("2019-07-12", "2019-07-25"))
    with Listing(retrieved.parent) as server:
        settings["stations"]["provider"] = "promice"
        settings["archives"]["promice"] = f"{server.base}/{{station}}_hour.nc"
        out = tmp_path / "live/manifest.json"
        assert step("retrieve-stations", "--out", out, options=json.dumps(settings)) == 0
    assert read_manifest(out)["holes"]["LOW"] == [["2019-07-12", "2019-07-25"]]
    assert "station LOW: no value in 2019-07-12 to 2019-07-25 (14 days)" in caplog.text


def test_an_onset_in_a_hole_of_the_record_is_unknown_with_the_reason(
    retrieved, compare, settings, caplog
):
    rewrite(retrieved, None)
    before = compare(retrieved, settings)[1]
    assert "are unknown" not in caplog.text
    rewrite(retrieved, ("2019-07-12", "2019-07-25"))
    seasons = 0
    for row, was in zip(compare(retrieved, settings)[1], before, strict=True):
        if row["system"] == "sar":
            continue
        assert (was["onset_station"], was["end_station"]) == ("2019-07-20", "2019-08-20")
        assert was["onset_unknown"] == was["end_unknown"] == ""
        if row["station"] == "HIGH":
            assert row == was
            continue
        seasons += 1
        assert row["onset_station"] == row["onset_difference_days"] == ""
        gap = "station: may lie in the gap from 2019-07-12 to 2019-07-25"
        assert row["onset_unknown"].startswith(gap)
        assert (row["end_station"], row["end_unknown"]) == ("2019-08-20", "")
        assert row["length_station_days"] == row["length_difference_days"] == ""
    assert seasons == 2
    assert "2 onsets and 0 ends of 4 seasons are unknown" in caplog.text
