"""What comes out of the chain of steps."""

import csv
import datetime as dt
import json

import netCDF4
import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.dates import season_days
from daymelt.core.encoding import PERCENT, SAR_AGE
from daymelt.core.grid import Grid
from daymelt.products import cog

DAYS = season_days(2019, [7, 8])
GRID = Grid("EPSG:3413", 100, 294900, -2566500, 48, 48)


def test_observed_melt_follows_the_truth(prepared):
    errors = []
    with cube.open_stream(prepared / "world.nc") as truth:
        for path in prepared.months():
            with cube.open_stream(path) as seen:
                for day in seen.dates:
                    observed, true = seen.read(day), truth.read(day)
                    both = np.isfinite(observed) & np.isfinite(true)
                    errors.append(np.abs(observed - true)[both].mean())
    assert len(errors) > 15
    assert np.mean(errors) < 0.1


def test_coarse_streams_have_every_day_and_say_which_were_filled(prepared):
    manifest = json.loads(prepared.manifest("microwave").read_text())
    retrieved = {item["path"].split("_")[8] for item in manifest["files"]}
    missing = [day for day in DAYS if f"{day:%Y%m%d}" not in retrieved]
    with (
        cube.open_stream(prepared / "microwave.nc") as brightness,
        cube.open_stream(prepared / "mar.nc") as water,
    ):
        assert list(brightness.dates) == list(water.dates) == DAYS
        assert np.isfinite(brightness.values()).all() and np.isfinite(water.values()).all()
        assert set(missing) <= set(brightness.filled)
        assert not water.filled


def test_the_training_pool_never_sees_a_held_out_day(prepared):
    with open(prepared / "split.csv", newline="") as file:
        splits = {dt.date.fromisoformat(row["date"]): row["split"] for row in csv.DictReader(file)}
    stack = {}
    for path in prepared.months():
        with cube.open_stream(path) as seen:
            stack |= {day: seen.read(day) for day in seen.dates}
    with cube.open_stream(prepared / "train.nc") as interpolated:
        for day in DAYS[::7]:
            training = sorted(other for other in stack if splits[other] == "train")
            window = [other for other in training if other < day][-3:] + [
                other for other in training if other > day
            ][:3]
            fields = np.stack([stack[other] for other in window])
            count = np.isfinite(fields).sum(0)
            expected = np.where(count > 0, np.nansum(fields, 0) / np.maximum(count, 1), np.nan)
            np.testing.assert_allclose(
                interpolated.read(day), expected, atol=0.0051
            )  # percent are stored


def test_every_day_has_both_layers_and_water_is_nodata_in_both(trained):
    ocean = cube.read_layers(trained / "terrain.nc")["ocean"] == 1
    index = json.loads((trained / "maps/index.json").read_text())
    assert len(index["files"]) == 2 * len(DAYS)
    for day in DAYS:
        melt = cog.read_day(trained / f"maps/melt_{day}.tif", GRID, PERCENT)
        age = cog.read_day(trained / f"maps/sar_age_{day}.tif", GRID, SAR_AGE)
        assert (melt[ocean] == 255).all() and (age[ocean] == 255).all()
        assert (melt[~ocean] <= 100).all() and (age[~ocean] <= 254).all()


def test_tags_tell_the_day_the_model_and_every_gap_that_was_filled(trained):
    card = json.loads((trained / "models/unet-smp/model.json").read_text())
    with cube.open_stream(trained / "microwave.nc") as brightness:
        filled = brightness.filled
    assert filled
    for day in DAYS:
        tags = cog.read_tags(trained / f"maps/melt_{day}.tif")
        assert (tags["date"], tags["area"], tags["model_checksum"]) == (
            day.isoformat(),
            "tiny",
            card["checksum"],
        )
        assert ("passive microwave" in tags["filled"]) == (day in filled)


def test_mapping_again_writes_only_what_is_missing_or_damaged_and_ends_in_the_same_bytes(
    trained, mapping, step, tmp_path
):
    tree = trained.copy(tmp_path / "copy")
    folder = tree / "maps"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    lost, damaged, kept = (folder / f"melt_2019-07-{day}.tif" for day in ("04", "09", "20"))
    stamp = kept.stat().st_mtime_ns
    lost.unlink()
    damaged.write_bytes(before[damaged.name][:200])
    assert step(*mapping(tree, folder)) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert kept.stat().st_mtime_ns == stamp


def test_sentinel_1_that_stops_is_told_by_the_log_the_streams_and_the_maps(
    trained, mapping, step, tmp_path, caplog
):
    """The acquisitions end on 5 August; the maps of the days after say so, their pixels too."""
    tree = trained.copy(tmp_path / "copy")
    july, august = tree.months()
    with cube.open_stream(trained.months()[1]) as stream:
        days = [(day, stream.raw(day)) for day in stream.dates if day.day <= 5]
        notes = {"inputs": stream.attributes["inputs"]}
        cube.write_stream(august, days, grid=GRID, encoding=PERCENT, attributes=notes)
    last = days[-1][0]
    of_season = ("--season", 2019, "--sar", july, august)
    streams = ("--out", tree / "all.nc", "--age", tree / "age.nc")
    assert step("split", "--name", "published", *of_season, "--out", tree / "cut.csv") == 0
    assert step("time-interpolate", *of_season, *streams) == 0
    first = last + dt.timedelta(1)
    gap = f"{first} to 2019-08-31 ({(DAYS[-1] - last).days} days)"
    assert f"season 2019: no Sentinel-1 acquisition in {gap}" in caplog.text
    for path in (tree / "all.nc", tree / "age.nc"):
        with cube.open_stream(path) as stream:
            assert stream.attributes["gaps"] == [[str(first), "2019-08-31"]]
    assert step(*mapping(tree, tree / "maps")) == 0
    index = json.loads((tree / "maps/index.json").read_text())
    assert index["sar_gaps"] == [{"first": str(first), "last": "2019-08-31"}]
    for day in DAYS:
        for name in ("melt", "sar_age"):
            told = cog.read_tags(tree / f"maps/{name}_{day}.tif").get("sar_gap")
            assert told == (gap if day > last else None)


def test_a_gap_is_told_beside_the_pixels_and_changes_none(trained, mapping, step, tmp_path):
    tree = trained.copy(tmp_path / "copy")
    before = {path.name: path.read_bytes() for path in (tree / "maps").glob("*.tif")}
    with netCDF4.Dataset(tree / "age.nc", "a") as file:
        notes = json.loads(file.daymelt)
        assert notes["gaps"] == []
        file.daymelt = json.dumps({**notes, "gaps": [["2019-07-20", "2019-08-19"]]})
    assert step(*mapping(tree, tree / "maps")) == 0
    for day in DAYS:
        name = f"melt_{day}.tif"
        within = dt.date(2019, 7, 20) <= day <= dt.date(2019, 8, 19)
        assert ((tree / "maps" / name).read_bytes() == before[name]) == (not within)
        now = cog.read_day(tree / "maps" / name, GRID, PERCENT)
        np.testing.assert_array_equal(now, cog.read_day(trained / "maps" / name, GRID, PERCENT))


SYSTEMS = (
    *(
        "unet-smp",
        "time-interpolated-sar",
        "interpolate-mar",
        "threshold-pmw",
        "threshold-pmw-fixed",
        "threshold-pmw-winter",
    ),
    *("linear-dem", "random-forest"),
)


@pytest.fixture(scope="module")
def scored(trained, tmp_path_factory):
    """Tree of the run with every system trained, and the folder with their scores."""
    tree = trained.copy(tmp_path_factory.mktemp("systems") / "copy")
    return tree, tmp_path_factory.mktemp("scored")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_learns_and_is_scored_against_both_references(
    scored, training, step, options_of, system
):
    tree, folder = scored
    options = options_of(system)
    assert step(*training(tree, system), options=options) == 0
    sar = (
        "--sar",
        *tree.months(),
        "--pool",
        tree / "train.nc",
        "--pool-age",
        tree / "train_age.nc",
    )
    everything = ("--everything", tree / "all.nc", "--everything-age", tree / "age.nc")
    coarse = (
        "--mar",
        tree / "mar.nc",
        "--microwave",
        tree / "microwave.nc",
        "--winter",
        tree / "2019_winter.nc",
    )
    maps = ("--maps", tree / "maps/index.json") if system == "unet-smp" else ()
    ends = (
        "--terrain",
        tree / "terrain.nc",
        "--split",
        tree / "split.csv",
        "--world",
        tree / "world.nc",
    )
    out = folder / system / "2019.csv"
    card = (
        *("--season", 2019, "--name", system),
        *("--model-card", tree / f"models/{system}/model.json"),
    )
    assert (
        step(
            "evaluate",
            *card,
            *sar,
            *everything,
            *coarse,
            *maps,
            *ends,
            "--out",
            out,
            options=options,
        )
        == 0
    )
    rows = read_rows(out)
    assert [row["against"] for row in rows].count("held-out SAR") == 4  # two a month
    acquired = sum(len(stream_dates(path)) for path in tree.months())
    assert [row["against"] for row in rows].count("truth, unobserved days") == len(DAYS) - acquired
    for table in ("extent", "gaps", "strata", "reliability", "onset", "edges"):
        assert {row["system"] for row in read_rows(folder / system / f"2019_{table}.csv")} & {
            system,
            "truth",
        }
    strata = read_rows(folder / system / "2019_strata.csv")
    for against in {row["against"] for row in rows}:
        cells = sum(int(row["valid_cells"]) for row in rows if row["against"] == against)
        for kind in ("gap", "height", "border", "month"):
            assert (
                sum(
                    float(row["cells"])
                    for row in strata
                    if (row["against"], row["kind"]) == (against, kind)
                )
                == cells
            )
    every_day = folder / system / "every_day.csv"
    assert (
        step(
            "evaluate",
            *card,
            *sar,
            *everything,
            *coarse,
            *maps,
            *ends,
            "--every-day",
            "--out",
            every_day,
            options=options,
        )
        == 0
    )
    assert {row["against"] for row in read_rows(every_day)} == {"truth, every day"}
    assert len(read_rows(every_day)) == len(DAYS)


def with_station(options):
    """The options with one weather station, in the middle of the area."""
    changed = json.loads(options)
    lon, lat = (float(field[24, 24]) for field in GRID.lonlat())
    changed["stations"]["sites"] = [{"name": "MID", "lat": lat, "lon": lon}]
    return json.dumps(changed)


def test_the_table_and_the_figures_come_from_all_systems(scored, step, options, tmp_path):
    tree, folder = scored
    table, text = tmp_path / "scores.csv", tmp_path / "scores.txt"
    daily = [folder / system / "2019.csv" for system in SYSTEMS]
    assert step("score", "--daily", *daily, "--out", table, "--text", text) == 0
    rows = {(row["system"], row["against"]): row for row in read_rows(table)}
    assert [system for system, against in rows if against == "held-out SAR"] == list(SYSTEMS)
    assert "UNet" in text.read_text()
    check_against_plain_mean(tree, rows["time-interpolated-sar", "held-out SAR"])

    panel, figures = (
        tmp_path / "panel.png",
        [tmp_path / f"{name}.png" for name in ("curves", "loss", "scores", "availability")],
    )
    extents = [folder / system / "2019_extent.csv" for system in SYSTEMS]
    drawn = (
        "--scores",
        table,
        "--extent",
        *extents,
        "--maps",
        tree / "maps/index.json",
        "--sar",
        *tree.months(),
    )
    outputs = (
        "--panel",
        panel,
        "--curves",
        figures[0],
        "--loss-figure",
        figures[1],
        "--score-figure",
        figures[2],
        "--availability",
        tmp_path / "availability.csv",
        "--availability-figure",
        figures[3],
    )
    coarse = (
        "--mar",
        tree / "mar.nc",
        "--microwave",
        tree / "microwave.nc",
        "--terrain",
        tree / "terrain.nc",
    )
    inputs = (
        "--model-card",
        tree / "models/unet-smp/model.json",
        "--interpolated",
        tree / "all.nc",
        "--worlds",
        tree / "world.nc",
    )
    chosen, records = with_station(options), tmp_path / "stations/manifest.json"
    assert step("retrieve-stations", "--out", records, options=chosen) == 0
    shown = ("--records", records)
    assert step("report", *drawn, *coarse, *inputs, *outputs, *shown, options=chosen) == 0
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (panel, *figures))
    check_availability(tree, read_rows(tmp_path / "availability.csv"))


def check_availability(tree, rows):
    """Every source and day once; Sentinel-1 on its acquisition days alone, with a share of land."""
    acquired = set()
    for path in tree.months():
        with cube.open_stream(path) as stream:
            acquired |= {day.isoformat() for day in stream.dates}
    assert len(rows) == 4 * len(DAYS)
    assert {row["state"] for row in rows if row["source"] == "MID"} <= {"observed", "absent"}
    assert sum(row["source"] == "MID" for row in rows) == len(DAYS)
    seen = {row["date"]: float(row["share"]) for row in rows if row["source"] == "sar"}
    assert {day for day, share in seen.items() if share} == acquired
    assert 0 < max(seen.values()) <= 1
    filled = {row["date"]: row["rule"] for row in rows if row["state"] == "filled"}
    assert list(filled) == ["2019-08-09"]  # the day that the twin's radiometer lacks
    assert "linear" in filled["2019-08-09"]


def test_the_benchmark_compares_and_draws_what_was_found(
    scored, step, options, options_of, tmp_path
):
    tree, folder = scored
    daily = [folder / system / "2019.csv" for system in SYSTEMS]
    speeds = [tmp_path / f"speed/{system}.json" for system in SYSTEMS]
    streams = (
        "--mar",
        tree / "mar.nc",
        "--microwave",
        tree / "microwave.nc",
        "--terrain",
        tree / "terrain.nc",
    )
    timed = (
        "--interpolated",
        tree / "all.nc",
        "--winter",
        tree / "2019_winter.nc",
        "--season",
        2019,
        "--threads",
        1,
    )
    for system, out in zip(SYSTEMS, speeds, strict=True):
        card = ("--model-card", tree / f"models/{system}/model.json")
        assert (
            step("measure", *card, *streams, *timed, "--out", out, options=options_of(system)) == 0
        )
        assert json.loads(out.read_text())["days_per_s"] > 0
    record = tmp_path / "unet-smp.tsv"
    record.write_text("s\th:m:s\tmax_rss\n12.5\t0:00:12\t900\n")
    records = [record if system == "unet-smp" else tmp_path / "gone.tsv" for system in SYSTEMS]
    written = {
        name: tmp_path / f"table.{ending}"
        for name, ending in (("out", "csv"), ("markdown", "md"), ("html", "html"))
    }
    tables = ("strata", "reliability", "distribution", "gaps", "edges")
    written |= {name: tmp_path / f"{name}.csv" for name in tables}
    outputs = [word for name, path in written.items() for word in (f"--{name}", path)]
    assert (
        step(
            "compare",
            "--daily",
            *daily,
            "--trials",
            *["published"] * len(daily),
            "--systems",
            *SYSTEMS,
            "--speeds",
            *speeds,
            "--trainings",
            *records,
            "--measured",
            *SYSTEMS,
            *outputs,
        )
        == 0
    )
    rows = {(row["system"], row["against"]): row for row in read_rows(written["out"])}
    assert list(dict.fromkeys(system for system, _ in rows)) == list(SYSTEMS)
    assert rows["unet-smp", "held-out SAR"]["training_s"] == "12.5"
    assert int(rows["linear-dem", "held-out SAR"]["parameters"]) == 24
    onsets = [row for row in rows.values() if row["onset_common_cells"]]
    assert len(onsets) > 1 and len({row["onset_common_cells"] for row in onsets}) == 1
    assert all(int(row["onset_common_cells"]) <= int(row["onset_cells"]) for row in onsets)
    held_out = [row for (_, against), row in rows.items() if against == "held-out SAR"]
    assert all(-1 <= float(row["r2_clipped"]) <= 1 >= float(row["pooled_r2"]) for row in held_out)
    cells = sum(
        float(row["valid_cells"])
        for row in read_rows(folder / "random-forest/2019.csv")
        if row["against"] == "held-out SAR"
    )
    strata = [
        row
        for row in read_rows(written["strata"])
        if (row["system"], row["against"]) == ("random-forest", "held-out SAR")
    ]
    assert sum(float(row["valid_cells"]) for row in strata if row["kind"] == "gap") == cells

    cards = [tree / f"models/{system}/model.json" for system in SYSTEMS]
    systems = json.dumps({system: json.loads(options_of(system))["system"] for system in SYSTEMS})
    inputs = (
        "--strata",
        written["strata"],
        "--reliability",
        written["reliability"],
        "--gaps",
        written["gaps"],
        "--splits",
        tree / "split.csv",
        "--split-names",
        "published",
    )
    models = (
        "--models",
        *cards,
        "--systems",
        systems,
        "--maps",
        tree / "maps/index.json",
        "--mapped",
        "unet-smp",
    )
    fields = (
        "--sar",
        *tree.months(),
        "--interpolated",
        tree / "all.nc",
        "--winters",
        tree / "2019_winter.nc",
        "--worlds",
        tree / "world.nc",
    )
    names = ("maps", "reliability", "error", "gap", "leakage")
    figures = {name: tmp_path / f"{name}.png" for name in names}
    drawn = [word for name, path in figures.items() for word in (f"--{name}-figure", path)]
    assert step("draw-benchmark", *inputs, *models, *fields, *streams, *drawn, options=options) == 0
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in figures.values())


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def stream_dates(path):
    with cube.open_stream(path) as stream:
        return stream.dates


def check_against_plain_mean(tree, row):
    """The table's error of time-interpolated SAR, computed the obvious way."""
    with open(tree / "split.csv", newline="") as file:
        held_out = [
            dt.date.fromisoformat(line["date"])
            for line in csv.DictReader(file)
            if line["split"] == "test"
        ]
    ocean = cube.read_layers(tree / "terrain.nc")["ocean"] == 1
    errors = []
    with cube.open_stream(tree / "train.nc") as interpolated:
        for path in tree.months():
            with cube.open_stream(path) as seen:
                for day in set(seen.dates) & set(held_out):
                    target, guess = seen.read(day), np.nan_to_num(interpolated.read(day))
                    valid = np.isfinite(target) & ~ocean
                    errors.append(np.abs(target - guess)[valid].mean())
    assert float(row["mae"]) == pytest.approx(np.mean(errors), abs=1e-5)
