"""Bands of a grid that is too large to be held: the same numbers as in one piece."""

import numpy as np
import pytest

from daymelt import cube
from daymelt.steps import scenes


@pytest.fixture
def in_bands(monkeypatch):
    """The grids of the tests count as too large, and their bands are narrow."""
    monkeypatch.setattr(scenes, "WHOLE_PIXELS", 0)
    monkeypatch.setattr(scenes, "BAND_PIXELS", 1)
    monkeypatch.setattr(scenes, "TILE", 37)


def test_a_winter_in_bands_is_the_winter_in_one_piece(prepared, step, tmp_path, in_bands):
    winter = [prepared.manifest(f"sentinel1/2019-{month:02d}") for month in (1, 2, 3)]
    out = tmp_path / "winter.nc"
    assert step("winter-reference", "--manifests", *winter, "--terrain", prepared / "terrain.nc", "--out", out) == 0
    found, expected = cube.read_layers(out), cube.read_layers(prepared / "sar/winter.nc")
    assert found.values.keys() == expected.values.keys()
    for name, field in expected.values.items():
        np.testing.assert_array_equal(found[name], field)


def test_a_month_in_bands_is_the_month_in_one_piece(prepared, step, tmp_path, in_bands):
    whole, out = prepared.months()[0], tmp_path / "month.nc"
    manifest = prepared.manifest(f"sentinel1/{whole.stem}")
    inputs = ("--manifest", manifest, "--winters", prepared / "sar/winter.nc", "--terrain", prepared / "terrain.nc")
    assert step("melt-fraction", *inputs, "--out", out) == 0
    with cube.open_stream(out) as found, cube.open_stream(whole) as expected:
        assert found.dates == expected.dates
        assert found.attributes == expected.attributes
        np.testing.assert_array_equal(found.raw(), expected.raw())


def test_every_row_is_read_once(prepared, options):
    rows = []

    def read(first, last):
        rows.extend(range(first, last))
        return (np.arange(first, last)[:, None],)

    rolling = scenes.Rolling(read, [0, 7, 12], [10, 20, 30])
    spans = [(start, np.concatenate(parts)) for start, (parts,) in (rolling.parts() for _ in range(3))]
    assert rows == list(range(30))
    assert [(start, field[:, 0].tolist()) for start, field in spans] == [
        (0, list(range(10))),
        (7, list(range(7, 20))),
        (12, list(range(12, 30))),
    ]
