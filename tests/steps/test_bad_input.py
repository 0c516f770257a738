"""Bad input ends a step with one line and exit 2, leaves nothing half written and loses nothing; a
missing day is data.
"""

import contextlib
import json
import math
import shutil
import subprocess
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject, transform_bounds

from daymelt.core import cube
from daymelt.core.manifest import entry, read_manifest, write_manifest

JULY = "sentinel1/2019-07"


@pytest.fixture
def broken(prepared, tmp_path):
    """A copy of the retrievals that a test may spoil."""
    shutil.copytree(prepared / "resources", tmp_path / "resources")
    for name in ("terrain.nc", "world.nc"):
        (tmp_path / name).symlink_to(prepared / name)
    return tmp_path


def list_again(manifest: Path) -> None:
    """Rewrite a manifest over the files as they now are: the fault is in the provider's file, not
    in the retrieval.
    """
    folder = manifest.parent
    files = [
        entry(folder, path, "spoilt") for path in folder.iterdir() if path.name != manifest.name
    ]
    write_manifest(manifest, files, {"source": read_manifest(manifest)["source"]})


def refused(capsys, status: int, out: Path, *parts: str) -> None:
    """One line that holds `parts`, exit 2, and nothing under the output's name or beside it."""
    lines = capsys.readouterr().err.strip().splitlines()
    said = [line for line in lines if line.startswith("daymelt: ")]
    assert status == 2
    assert len(said) == 1, lines
    assert all(part in said[0] for part in parts), said[0]
    assert not out.exists()
    assert not list(out.parent.glob(".*.part*")) if out.parent.exists() else True


def thresholding(tree, prepared, out):
    manifest = tree / f"resources/{JULY}/manifest.json"
    return (
        "melt-fraction",
        "--manifest",
        manifest,
        "--winters",
        prepared / "sar/winter.nc",
        "--terrain",
        tree / "terrain.nc",
        "--out",
        out,
    )


def bursts(tree):
    return sorted((tree / f"resources/{JULY}").glob("*_HH.tif"))


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[: len(data) // 2], lambda data: b"<html>Please log in</html>" * 50],
    ids=["cut", "html"],
)
def test_a_burst_that_is_cut_short_or_no_tiff_is_refused(broken, prepared, step, capsys, spoil):
    burst = bursts(broken)[3]
    burst.write_bytes(spoil(burst.read_bytes()))
    list_again(broken / f"resources/{JULY}/manifest.json")
    out = broken / "out/2019-07.nc"
    refused(capsys, step(*thresholding(broken, prepared, out)), out, burst.name)


def test_a_burst_that_changed_behind_its_name_is_refused(broken, prepared, step, capsys):
    burst = bursts(broken)[0]
    burst.write_bytes(burst.read_bytes()[:-100])
    out = broken / "out/2019-07.nc"
    refused(capsys, step(*thresholding(broken, prepared, out)), out, burst.name, "bytes")


def test_a_burst_without_crs_is_refused(broken, prepared, step, capsys):
    burst = bursts(broken)[0]
    with rasterio.open(burst) as source:
        profile, field = {**source.profile, "crs": None, "driver": "GTiff"}, source.read(1)
    with rasterio.open(burst, "w", **profile) as target:
        target.write(field, 1)
    list_again(broken / f"resources/{JULY}/manifest.json")
    out = broken / "out/2019-07.nc"
    refused(capsys, step(*thresholding(broken, prepared, out)), out, burst.name, "crs")


def test_bursts_in_another_crs_are_warped_and_give_nearly_the_same_melt(broken, prepared, step):
    for path in (broken / f"resources/{JULY}").glob("*.tif"):
        into_utm(path)
    list_again(broken / f"resources/{JULY}/manifest.json")
    out = broken / "out/2019-07.nc"
    assert step(*thresholding(broken, prepared, out)) == 0
    with cube.open_stream(out) as warped, cube.open_stream(prepared / "sar/2019-07.nc") as plain:
        assert warped.dates == plain.dates
        one, other = warped.values(), plain.values()
    both = np.isfinite(one) & np.isfinite(other)
    assert both.sum() > 0.9 * np.isfinite(other).sum()
    assert np.abs(one - other)[both].mean() < 0.03


def into_utm(path: Path) -> None:
    with rasterio.open(path) as source:
        left, bottom, right, top = transform_bounds(source.crs, "EPSG:32624", *source.bounds)
        place = {"crs": "EPSG:32624", "transform": Affine(30, 0, left, 0, -30, top)}
        shape = math.ceil((top - bottom) / 30), math.ceil((right - left) / 30)
        profile = {
            **source.profile,
            **place,
            "height": shape[0],
            "width": shape[1],
            "driver": "GTiff",
        }
        field = np.full(shape, source.nodata, source.dtypes[0])
        origin = {
            "src_transform": source.transform,
            "src_crs": source.crs,
            "src_nodata": source.nodata,
        }
        target = {f"dst_{name}": value for name, value in place.items()}
        reproject(
            source.read(1),
            field,
            **origin,
            **target,
            dst_nodata=source.nodata,
            resampling=Resampling.nearest,
        )
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(field, 1)


def mar_step(tree, out):
    return (
        "align-mar",
        "--season",
        2019,
        "--manifest",
        tree / "resources/mar/manifest.json",
        "--out",
        out,
    )


def mar_file(tree):
    return next((tree / "resources/mar").glob("*.nc"))


def test_a_mar_file_without_liquid_water_is_refused_and_its_variables_named(broken, step, capsys):
    with netCDF4.Dataset(mar_file(broken), "a") as file:
        file.renameVariable("WA1", "ME")
    list_again(broken / "resources/mar/manifest.json")
    out = broken / "out/mar.nc"
    refused(capsys, step(*mar_step(broken, out)), out, mar_file(broken).name, "WA1", "ME")


def test_a_mar_file_in_other_units_is_refused(broken, step, capsys):
    with netCDF4.Dataset(mar_file(broken), "a") as file:
        file["WA1"].units = "mmWE/day"
    list_again(broken / "resources/mar/manifest.json")
    out = broken / "out/mar.nc"
    refused(capsys, step(*mar_step(broken, out)), out, "mmWE/day", "kg/kg")


def test_a_mar_file_without_a_day_is_refused_and_the_day_named(broken, step, capsys):
    path = mar_file(broken)
    with netCDF4.Dataset(path, "a") as file:
        file["TIME"][211:] = (
            file["TIME"][211:] + 1
        )  # 31 July, the 212th day of the year, becomes 1 August
    list_again(broken / "resources/mar/manifest.json")
    out = broken / "out/mar.nc"
    refused(capsys, step(*mar_step(broken, out)), out, "2019-07-31")


def microwave_step(tree, out):
    manifest = tree / "resources/microwave/manifest.json"
    return (
        "align-microwave",
        "--season",
        2019,
        "--manifest",
        manifest,
        "--out",
        out,
        "--winter",
        out.with_name("winter.nc"),
    )


def microwave_files(tree):
    return sorted(
        (tree / "resources/microwave").glob("*.nc"), key=lambda path: path.name.split("_")[8]
    )


def test_a_microwave_file_of_another_channel_under_the_right_name_is_refused(broken, step, capsys):
    path = next(path for path in microwave_files(broken) if "20190715" in path.name)
    with netCDF4.Dataset(path, "a") as file:
        file["TB"].frequency_and_polarization = "19V"
        file["TB"].long_name = "SIR TB 19V"
    list_again(broken / "resources/microwave/manifest.json")
    out = broken / "out/microwave.nc"
    refused(capsys, step(*microwave_step(broken, out)), out, path.name)


def test_a_microwave_file_of_another_grid_is_refused(broken, step, capsys):
    path = next(path for path in microwave_files(broken) if "20190720" in path.name)
    with netCDF4.Dataset(path, "a") as file:
        file["x"][:] = file["x"][0] + 25000.0 * np.arange(file["x"].size)
    list_again(broken / "resources/microwave/manifest.json")
    out = broken / "out/microwave.nc"
    refused(capsys, step(*microwave_step(broken, out)), out, path.name)


def test_an_all_fill_microwave_day_is_filled_in_time_and_flagged(broken, prepared, step):
    path = next(path for path in microwave_files(broken) if "20190720" in path.name)
    with netCDF4.Dataset(path, "a") as file:
        file.set_auto_maskandscale(False)
        file["TB"][:] = 0
    list_again(broken / "resources/microwave/manifest.json")
    out = broken / "out/microwave.nc"
    assert step(*microwave_step(broken, out)) == 0
    with cube.open_stream(out) as stream, cube.open_stream(prepared / "microwave.nc") as whole:
        day = stream.dates[19]
        assert day.isoformat() in {filled.isoformat() for filled in stream.filled}
        between = (stream.read(stream.dates[18]) + stream.read(stream.dates[20])) / 2
        np.testing.assert_allclose(stream.read(day), between, atol=1e-3)
        np.testing.assert_array_equal(stream.read(stream.dates[0]), whole.read(stream.dates[0]))


def test_a_gap_beyond_the_rule_stops_and_names_the_days(broken, step, capsys):
    for path in microwave_files(broken):
        if "20190710" <= path.name.split("_")[8] <= "20190716":
            path.unlink()
    list_again(broken / "resources/microwave/manifest.json")
    out = broken / "out/microwave.nc"
    refused(capsys, step(*microwave_step(broken, out)), out, "2019-07-10", "5")


def test_a_dem_that_does_not_cover_the_area_is_refused_with_both_bounds(broken, step, capsys):
    path = next((broken / "resources/terrain").glob("*dem.tif"))
    with rasterio.open(path) as source:
        profile, field = (
            {**source.profile, "width": source.width // 2, "driver": "GTiff"},
            source.read(1)[:, : source.width // 2],
        )
    with rasterio.open(path, "w", **profile) as target:
        target.write(field, 1)
    list_again(broken / "resources/terrain/manifest.json")
    out = broken / "out/terrain.nc"
    status = step(
        "align-terrain", "--manifest", broken / "resources/terrain/manifest.json", "--out", out
    )
    refused(capsys, status, out, path.name, "294900")


def test_a_season_without_sar_is_refused_by_name(broken, prepared, step, capsys):
    manifest = broken / f"resources/{JULY}/manifest.json"
    for path in manifest.parent.glob("*.tif"):
        path.unlink()
    list_again(manifest)
    empty = broken / "out/2019-07.nc"
    assert step(*thresholding(broken, prepared, empty)) == 0  # a month without a pass is data
    with cube.open_stream(empty) as stream:
        assert stream.dates == ()
    capsys.readouterr()
    out = broken / "out/split.csv"
    refused(
        capsys,
        step("split", "--name", "published", "--season", 2019, "--sar", empty, "--out", out),
        out,
        "2019",
    )


def test_a_model_of_other_channels_is_refused(trained, mapping, step, options, capsys, tmp_path):
    other = json.loads(options)
    other["system"]["options"]["model"]["channels"] = ["microwave", "sar", "height"]
    out = tmp_path / "maps/index.json"
    refused(
        capsys,
        step(*mapping(trained, out.parent), options=json.dumps(other)),
        out,
        "liquid_water",
        "the section model",
    )


def test_a_retrieved_file_that_is_gone_is_named(broken, prepared, step, capsys):
    lost = bursts(broken)[2]
    lost.unlink()
    out = broken / "out/2019-07.nc"
    refused(capsys, step(*thresholding(broken, prepared, out)), out, lost.name, "retrieve")


def test_an_unknown_option_is_refused_with_the_nearest(step, capsys, tmp_path):
    out = tmp_path / "manifest.json"
    status = step("retrieve-terrain", "--out", out, options='{"area": {"spacng_m": 100}}')
    refused(capsys, status, out, "area.spacng_m", "spacing_m")


def test_an_archive_out_of_reach_is_told_in_one_line(step, options, capsys, tmp_path):
    live = json.loads(options)
    live["mar"]["provider"] = "mar-http"
    live["archives"] |= {
        "mar_5km": "http://127.0.0.1:9/",
        "mar_10km": "http://127.0.0.1:9/",
        "attempts": 1,
    }  # nobody listens there
    out = tmp_path / "folder/manifest.json"
    refused(
        capsys,
        step("retrieve-mar", "--season", 2019, "--out", out, options=json.dumps(live)),
        out,
        "127.0.0.1:9",
    )


@pytest.fixture
def small_disk(mount_small_disk):
    return mount_small_disk("300k")


def commands(tree, mapping, training, folder):
    """Every step that writes, into a folder."""
    yield (
        "retrieve-sentinel1",
        "--month",
        "2019-07",
        "--world",
        tree / "world.nc",
        "--out",
        folder / "manifest.json",
    )
    yield "retrieve-microwave", "--season", 2019, "--out", folder / "manifest.json"
    yield "retrieve-terrain", "--out", folder / "manifest.json"
    yield "twin-world", "--season", 2019, "--world", folder / "world.nc"
    yield (*thresholding(tree, tree, folder / "2019-07.nc"),)
    yield mar_step(tree, folder / "mar.nc")
    yield tuple(mapping(tree, folder))
    yield "align-terrain", "--manifest", tree.manifest("terrain"), "--out", folder / "terrain.nc"
    winter = [tree.manifest(f"sentinel1/2019-{month:02d}") for month in (1, 2, 3)]
    yield (
        "winter-reference",
        "--manifests",
        *winter,
        "--terrain",
        tree / "terrain.nc",
        "--out",
        folder / "winter.nc",
    )
    coarse = ("--season", 2019, "--manifest", tree.manifest("microwave"))
    yield (
        "align-microwave",
        *coarse,
        "--out",
        folder / "microwave.nc",
        "--winter",
        folder / "2019_winter.nc",
    )
    of_season = ("--season", 2019, "--sar", *tree.months())
    yield "split", "--name", "published", *of_season, "--out", folder / "split.csv"
    yield "time-interpolate", *of_season, "--out", folder / "all.nc", "--age", folder / "age.nc"
    yield (
        "training-pool",
        *of_season,
        "--split",
        tree / "split.csv",
        "--out",
        folder / "train.nc",
        "--age",
        folder / "train_age.nc",
    )
    yield (*training(tree)[:-1], folder / "model.json")


NAMES = [
    "retrieve-sentinel1",
    "retrieve-microwave",
    "retrieve-terrain",
    "twin-world",
    "melt-fraction",
    "align-mar",
    "map",
]
NAMES += [
    "align-terrain",
    "winter-reference",
    "align-microwave",
    "split",
    "time-interpolate",
    "training-pool",
    "train",
]


@pytest.mark.parametrize("index", range(len(NAMES)), ids=NAMES)
def test_a_full_disk_is_told_in_one_line_and_leaves_no_partial_file(
    trained, mapping, training, step, capsys, small_disk, index
):
    with contextlib.suppress(OSError), open(small_disk / "ballast", "wb", buffering=0) as ballast:
        room = 10_000 if index < 7 else 0  # the first write fits, or none does
        ballast.write(bytes(300 * 1024 - room))
    command = list(commands(trained, mapping, training, small_disk))[index]
    status = step(*command)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("daymelt: ")]
    assert status == 2
    assert len(lines) == 1
    assert "no space left" in lines[0]
    left = {path.name for path in small_disk.iterdir()} - {"ballast"}
    assert not {name for name in left if ".part" in name or name in ("manifest.json", "index.json")}
    for name in left:  # what stands is whole
        if name.endswith(".tif"):
            with rasterio.open(small_disk / name) as raster:
                raster.read(1)
        else:
            netCDF4.Dataset(small_disk / name).close()


@pytest.mark.parametrize("index", range(len(NAMES)), ids=NAMES)
def test_a_folder_that_cannot_be_written_is_told_in_one_line(
    trained, mapping, training, step, capsys, small_disk, index
):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    command = list(commands(trained, mapping, training, small_disk))[index]
    assert step(*command) == 2
    (said,) = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("daymelt: ")
    ]
    assert "read-only" in said and str(small_disk) in said
    assert list(small_disk.iterdir()) == []
