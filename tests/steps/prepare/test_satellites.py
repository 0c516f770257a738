"""Several satellites of one relative orbit in a winter, as in 2026; passes that lie elsewhere."""

import datetime as dt
import logging

import numpy as np
import pytest

from daymelt.core import cube
from daymelt.core.encoding import FLAG
from daymelt.core.errors import MissingInputError
from daymelt.core.manifest import entry, write_manifest
from daymelt.settings.inputs import Area, Seasons, Sentinel1
from daymelt.settings.processing import Sar, Split
from daymelt.steps.prepare.melt_fraction import melt_fraction
from daymelt.steps.prepare.split import split
from daymelt.steps.prepare.winter_reference import winter_reference
from daymelt.twin import files

AREA = Area(name="small", rows=6, columns=6)
FINE = AREA.grid.refine(30)
ORBIT = 39
# day of 2026, satellite, backscatter (linear) of dry snow as that satellite sees it
WINTER = [
    ((1, 3), "S1A", 0.10),
    ((1, 9), "S1C", 0.20),
    ((1, 15), "S1A", 0.10),
    ((1, 21), "S1C", 0.20),
    ((1, 27), "S1A", 0.10),
    ((2, 2), "S1D", 0.40),
]
SUMMER = [((7, 2), "S1C", 0.09), ((7, 8), "S1D", 0.19), ((7, 14), "S1A", 0.09)]


@pytest.fixture
def archive(tmp_path):
    """Function that writes passes of the orbit and gives their manifest; and the terrain."""
    cube.write_layers(
        tmp_path / "terrain.nc",
        {"ocean": (np.zeros(AREA.grid.shape, np.float32), FLAG)},
        grid=AREA.grid,
        attributes={"inputs": ""},
    )

    def write(name, passes, grids=None, month="2026-01"):
        folder, paths = tmp_path / name, []
        folder.mkdir()
        for index, ((number, day), platform, gamma0) in enumerate(passes):
            acquired = dt.datetime(2026, number, day, 9, 3, 5, tzinfo=dt.UTC)
            granule = files.burst_name(ORBIT, 81234, 2, acquired, acquired, platform)
            field = np.full(FINE.shape, gamma0, np.float32)
            grid = (grids or {}).get(index, FINE)
            mask = np.zeros(FINE.shape, np.uint8)
            paths += files.write_burst(folder, granule, field, mask, grid, acquired)
        manifest = folder / "manifest.json"
        write_manifest(manifest, [entry(folder, path, "") for path in paths], {"month": month})
        return manifest

    return write


def sar(**changed):
    return Sar(smoothing_window=1, min_winter_scenes=1, **changed)


def reference(archive, tmp_path, settings):
    out = tmp_path / "winter.nc"
    manifest = archive("winter", WINTER)
    winter_reference([manifest], tmp_path / "terrain.nc", out, AREA, Sentinel1(), settings)
    return out


def test_satellites_of_one_orbit_share_a_reference_and_are_counted(archive, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    found = cube.read_layers(reference(archive, tmp_path, sar()))
    assert set(found.values) == {"gamma0_039", "scene_count_039"}
    np.testing.assert_allclose(found["gamma0_039"], (3 * 0.1 + 2 * 0.2 + 0.4) / 6, rtol=4e-3)
    assert (found["scene_count_039"] == 6).all()
    assert found.attributes["satellites"] == {"T039": {"S1A": 3, "S1C": 2, "S1D": 1}}
    assert (
        "T039: passes of several satellites share a reference: S1A 3, S1C 2, S1D 1" in caplog.text
    )


def test_satellites_that_are_kept_apart_have_a_reference_each(archive, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    found = cube.read_layers(reference(archive, tmp_path, sar(pool_satellites=False)))
    for platform, gamma0, count in (("S1A", 0.1, 3), ("S1C", 0.2, 2), ("S1D", 0.4, 1)):
        np.testing.assert_allclose(found[f"gamma0_039_{platform}"], gamma0, rtol=4e-3)
        assert (found[f"scene_count_039_{platform}"] == count).all()
    assert len(found.values) == 6
    assert found.attributes["satellites"] == {"T039": {"S1A": 3, "S1C": 2, "S1D": 1}}
    assert "have a reference each" in caplog.text


@pytest.mark.parametrize(("pool", "melting"), [(True, [1, 0, 1]), (False, [1, 1, 0])])
def test_a_pass_is_held_against_the_reference_of_its_satellite(archive, tmp_path, pool, melting):
    """Against 0.1, 0.2 and 0.4 of its own satellite, or 0.183 of all; melt is half of it."""
    settings = sar(pool_satellites=pool)
    winter = reference(archive, tmp_path, settings)
    month, out = archive("july", SUMMER, month="2026-07"), tmp_path / "july.nc"
    melt_fraction(month, [winter], tmp_path / "terrain.nc", out, AREA, Sentinel1(), settings)
    with cube.open_stream(out) as stream:
        assert [day.day for day in stream.dates] == [2, 8, 14]
        for day, expected in zip(stream.dates, melting, strict=True):
            assert (stream.read(day) == expected).all()
        assert stream.attributes["scenes"] == {
            "2026-07-02": ["T039 S1C"],
            "2026-07-08": ["T039 S1D"],
            "2026-07-14": ["T039 S1A"],
        }


def test_a_satellite_without_a_winter_is_left_out_where_they_are_kept_apart(
    archive, tmp_path, caplog
):
    settings = sar(pool_satellites=False)
    out = tmp_path / "winter.nc"
    manifest = archive("winter", [item for item in WINTER if item[1] != "S1D"])
    winter_reference([manifest], tmp_path / "terrain.nc", out, AREA, Sentinel1(), settings)
    month, july = archive("july", SUMMER, month="2026-07"), tmp_path / "july.nc"
    melt_fraction(month, [out], tmp_path / "terrain.nc", july, AREA, Sentinel1(), settings)
    with cube.open_stream(july) as stream:
        assert [day.day for day in stream.dates] == [2, 14]
    assert "2026-07-08 T039 S1D: no winter reference, the pass is left out" in caplog.text


def test_a_season_without_a_winter_reference_is_told_as_such(archive, tmp_path, one_line):
    settings = sar(pool_satellites=False)
    out = tmp_path / "winter.nc"
    manifest = archive("winter", [item for item in WINTER if item[1] == "S1D"])
    winter_reference([manifest], tmp_path / "terrain.nc", out, AREA, Sentinel1(), settings)
    month, july = archive("july", SUMMER[::2], month="2026-07"), tmp_path / "july.nc"
    melt_fraction(month, [out], tmp_path / "terrain.nc", july, AREA, Sentinel1(), settings)
    with pytest.raises(MissingInputError) as raised:
        split("published", 2026, [july], tmp_path / "s.csv", Split(), Seasons(years=(2026,)))
    one_line(raised, "none of 2 Sentinel-1 passes", "winter reference", "sar.winter_months")


# gaps


@pytest.mark.parametrize(
    ("passes", "gap"),
    [
        (SUMMER, None),
        ([], "2026-07: no Sentinel-1 acquisition in 2026-07-01 to 2026-07-31 (31 days)"),
        (
            [((7, 5), "S1A", 0.09)],
            "2026-07: no Sentinel-1 acquisition in 2026-07-06 to 2026-07-31 (26 days)",
        ),
    ],
)
def test_a_month_without_acquisitions_for_long_is_warned_of(archive, tmp_path, caplog, passes, gap):
    winter = reference(archive, tmp_path, sar())
    month, out = archive("july", passes, month="2026-07"), tmp_path / "july.nc"
    melt_fraction(month, [winter], tmp_path / "terrain.nc", out, AREA, Sentinel1(), sar())
    told = [record.message for record in caplog.records if "no Sentinel-1" in record.message]
    assert told == ([gap] if gap else [])


# misplaced bursts


def moved(cells):
    return type(FINE)(FINE.crs, 30, FINE.left + 30 * cells, FINE.top, *FINE.shape)


def warned(caplog):
    return [record.message for record in caplog.records if "misplaced" in record.message]


def test_a_burst_four_kilometres_from_the_others_of_its_id_is_warned_of(archive, tmp_path, caplog):
    manifest = archive("winter", WINTER, {2: moved(133)})
    out = tmp_path / "winter.nc"
    winter_reference([manifest], tmp_path / "terrain.nc", out, AREA, Sentinel1(), sar())
    (told,) = warned(caplog)
    assert "20260115T090305Z" in told and "T039-081234-IW2" in told and "lies 4.0 km" in told


def test_of_two_passes_that_lie_apart_both_are_named(archive, tmp_path, caplog):
    manifest = archive("winter", WINTER[:2], {1: moved(133)})
    out = tmp_path / "winter.nc"
    winter_reference([manifest], tmp_path / "terrain.nc", out, AREA, Sentinel1(), sar())
    assert ["20260103" in told or "20260109" in told for told in warned(caplog)] == [True, True]


def test_passes_that_lie_on_each_other_are_not_warned_of(archive, tmp_path, caplog):
    manifest = archive("winter", WINTER, {2: moved(1)})
    out = tmp_path / "winter.nc"
    winter_reference([manifest], tmp_path / "terrain.nc", out, AREA, Sentinel1(), sar())
    assert warned(caplog) == []
