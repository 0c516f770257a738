"""What comes out of the chain of steps."""

import csv
import datetime as dt
import json

import numpy as np
import pytest

from daymelt import cube
from daymelt.dates import season_days
from daymelt.encoding import PERCENT, SAR_AGE
from daymelt.grid import Grid
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
    with cube.open_stream(prepared / "microwave.nc") as brightness, cube.open_stream(prepared / "mar.nc") as water:
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
            window = [other for other in training if other < day][-3:] + [other for other in training if other > day][:3]
            fields = np.stack([stack[other] for other in window])
            count = np.isfinite(fields).sum(0)
            expected = np.where(count > 0, np.nansum(fields, 0) / np.maximum(count, 1), np.nan)
            np.testing.assert_allclose(interpolated.read(day), expected, atol=0.0051)  # percent are stored


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
    card = json.loads((trained / "models/unet/model.json").read_text())
    with cube.open_stream(trained / "microwave.nc") as brightness:
        filled = brightness.filled
    assert filled
    for day in DAYS:
        tags = cog.read_tags(trained / f"maps/melt_{day}.tif")
        assert (tags["date"], tags["area"], tags["model_checksum"]) == (day.isoformat(), "tiny", card["checksum"])
        assert ("passive microwave" in tags["filled"]) == (day in filled)


def test_mapping_again_writes_only_what_is_missing_or_damaged_and_ends_in_the_same_bytes(trained, mapping, step, tmp_path):
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


def test_scores_cover_every_system_and_both_references(trained, step, tmp_path):
    coarse = ("--mar", trained / "mar.nc", "--microwave", trained / "microwave.nc", "--terrain", trained / "terrain.nc")
    split = ("--split", trained / "split.csv")
    curve = tmp_path / "curve.json"
    assert step("fit-mar-curve", "--sar", *trained.months(), "--interpolated", trained / "train.nc", *coarse, *split, "--out", curve) == 0
    daily, extent = tmp_path / "2019.csv", tmp_path / "2019_extent.csv"
    sar = ("--sar", *trained.months(), "--interpolated-train", trained / "train.nc", "--interpolated-all", trained / "all.nc")
    model = ("--model-card", trained / "models/unet/model.json", "--maps", trained / "maps/index.json", "--winter", trained / "winter.nc")
    ends = ("--curve", curve, "--world", trained / "world.nc", "--out", daily, "--extent", extent)
    assert step("evaluate", "--season", 2019, *model, *sar, *coarse, *split, *ends) == 0
    table, text = tmp_path / "scores.csv", tmp_path / "scores.txt"
    assert step("score", "--daily", daily, "--out", table, "--text", text) == 0
    with open(table, newline="") as file:
        rows = {(row["system"], row["against"]): row for row in csv.DictReader(file)}
    systems = {"unet", "time-interpolated-sar", "interpolate-mar", "threshold-pmw"}
    assert {system for system, _ in rows} == systems
    assert all(int(rows[system, "held-out SAR"]["days"]) == 4 for system in systems)  # two a month
    acquired = sum(len(stream_dates(path)) for path in trained.months())
    assert all(int(rows[system, "truth, unobserved days"]["days"]) == len(DAYS) - acquired for system in systems)
    assert "UNet" in text.read_text()
    check_against_plain_mean(trained, rows["time-interpolated-sar", "held-out SAR"])

    panel, figures = tmp_path / "panel.png", [tmp_path / f"{name}.png" for name in ("curves", "loss", "scores")]
    drawn = ("--scores", table, "--extent", extent, "--maps", tmp_path / "2019/index.json", "--sar", *trained.months())
    (tmp_path / "2019").symlink_to(trained / "maps")
    outputs = ("--panel", panel, "--curves", figures[0], "--loss-figure", figures[1], "--score-figure", figures[2])
    loss = ("--loss", trained / "models/unet/loss.csv", "--interpolated", trained / "all.nc", "--worlds", trained / "world.nc")
    assert step("report", *drawn, *coarse, *loss, *outputs) == 0
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (panel, *figures))


def stream_dates(path):
    with cube.open_stream(path) as stream:
        return stream.dates


def check_against_plain_mean(tree, row):
    """The table's error of time-interpolated SAR, computed the obvious way."""
    with open(tree / "split.csv", newline="") as file:
        held_out = [dt.date.fromisoformat(line["date"]) for line in csv.DictReader(file) if line["split"] == "test"]
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
