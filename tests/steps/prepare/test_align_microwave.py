"""Days of another platform in the aligned brightness temperature."""

import datetime as dt
import json
import shutil

import netCDF4
import numpy as np

from daymelt.core import cube
from daymelt.core.manifest import entry, write_manifest

WANTED, OTHER = "_F17_", "_F18_"


def test_a_day_of_a_fallback_platform_is_used_recorded_and_counted(
    prepared, step, options, tmp_path
):
    source = prepared.manifest("microwave").parent
    folder = tmp_path / "files"
    folder.mkdir()
    for path in source.glob("*.nc"):
        day = path.name.split("_")[8]
        shutil.copy(
            path,
            folder
            / (path.name.replace(WANTED, OTHER) if day in ("20190102", "20190710") else path.name),
        )
    both = next(folder.glob("*_20190711_*"))
    colder = folder / both.name.replace(WANTED, OTHER)
    shutil.copy(both, colder)
    with netCDF4.Dataset(colder, "a") as file:  # of no use, for the wanted platform has the day
        file["TB"].set_auto_maskandscale(False)
        file["TB"][:] = 20000
    write_manifest(
        folder / "manifest.json", [entry(folder, path, "") for path in folder.glob("*.nc")], {}
    )
    changed = json.loads(options)
    changed["microwave"]["fallback_platforms"] = ["F18"]
    out, winter = tmp_path / "microwave.nc", tmp_path / "winter.nc"
    arguments = (
        "--season",
        2019,
        "--manifest",
        folder / "manifest.json",
        "--out",
        out,
        "--winter",
        winter,
    )
    assert step("align-microwave", *arguments, options=json.dumps(changed)) == 0
    with cube.open_stream(out) as stream, cube.open_stream(prepared / "microwave.nc") as twin:
        assert (stream.values() == twin.values()).all()
        told = {day.isoformat(): rule for day, rule in stream.filled.items() if "platform" in rule}
        assert told == {"2019-07-10": "platform F18 in place of F17"}
        assert stream.attributes["platforms"]["F18"] == 1
    assert cube.read_layers(winter).attributes["platforms"]["F18"] == 1


def test_a_winter_over_new_year_takes_december_of_the_year_before(
    prepared, step, options, tmp_path
):
    """The files of February, given out for those of the December before."""
    folder = tmp_path / "files"
    folder.mkdir()
    for path in prepared.manifest("microwave").parent.glob("*.nc"):
        day = path.name.split("_")[8]
        if not day.startswith("201902"):
            shutil.copy(path, folder)
            continue
        december = dt.date(2018, 12, int(day[6:]))
        copied = folder / path.name.replace(f"_{day}_", f"_{december:%Y%m%d}_")
        shutil.copy(path, copied)
        with netCDF4.Dataset(copied, "a") as file:
            file["time"][:] = (december - dt.date(1972, 1, 1)).days
            file.comment = f"Epoch date for data in this file: {december} 00:00:00Z"
    write_manifest(
        folder / "manifest.json", [entry(folder, path, "") for path in folder.glob("*.nc")], {}
    )
    changed = json.loads(options)
    changed["microwave"]["winter_months"] = [12, 1]
    out, winter = tmp_path / "microwave.nc", tmp_path / "winter.nc"
    arguments = ("--season", 2019, "--manifest", folder / "manifest.json", "--out", out)
    options = json.dumps(changed)
    assert step("align-microwave", *arguments, "--winter", winter, options=options) == 0
    found, expected = (cube.read_layers(path) for path in (winter, prepared / "2019_winter.nc"))
    np.testing.assert_allclose(found["winter_mean"], expected["winter_mean"], rtol=1e-6)
    assert found.attributes["platforms"] == expected.attributes["platforms"]
