"""Stripes and bands of a grid that is too large to be held: the same numbers as in one piece."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daymelt.core import cube
from daymelt.core.grid import Grid
from daymelt.settings.inputs import Area, Sentinel1
from daymelt.settings.processing import Sar
from daymelt.steps.prepare import melt_fraction, scenes, winter_reference

SMALLEST_TILE = 32  # whose half holds a cell of 10 pixels and the reach of the smoothing
ORBIT, DAY = 39, dt.date(2019, 7, 1)


@pytest.fixture
def in_bands(monkeypatch):
    """The grids of the tests count as too large, and their stripes and bands are narrow."""
    monkeypatch.setattr(scenes, "WHOLE_PIXELS", 0)
    monkeypatch.setattr(scenes, "BAND_PIXELS", 1)
    monkeypatch.setattr(scenes, "TILE", 37)


def test_a_winter_in_stripes_and_bands_is_the_winter_in_one_piece(
    prepared, step, tmp_path, in_bands
):
    winter = [prepared.manifest(f"sentinel1/2019-{month:02d}") for month in (1, 2, 3)]
    out = tmp_path / "winter.nc"
    assert (
        step(
            "winter-reference",
            "--manifests",
            *winter,
            "--terrain",
            prepared / "terrain.nc",
            "--out",
            out,
        )
        == 0
    )
    found, expected = cube.read_layers(out), cube.read_layers(prepared / "sar/winter.nc")
    assert found.values.keys() == expected.values.keys()
    for name, field in expected.values.items():
        np.testing.assert_array_equal(found[name], field)


def test_a_month_in_stripes_and_bands_is_the_month_in_one_piece(prepared, step, tmp_path, in_bands):
    whole, out = prepared.months()[0], tmp_path / "month.nc"
    manifest = prepared.manifest(f"sentinel1/{whole.stem}")
    inputs = (
        "--manifest",
        manifest,
        "--winters",
        prepared / "sar/winter.nc",
        "--terrain",
        prepared / "terrain.nc",
    )
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
    spans = [
        (start, np.concatenate(parts)) for start, (parts,) in (rolling.parts() for _ in range(3))
    ]
    assert rows == list(range(30))
    assert [(start, field[:, 0].tolist()) for start, field in spans] == [
        (0, list(range(10))),
        (7, list(range(7, 20))),
        (12, list(range(12, 30))),
    ]


@dataclass(frozen=True)
class World:
    """Two passes of one orbit over an area and the reference of their winter, as the files of both
    would give them.
    """

    area: Area
    spacing_m: int
    window: int
    seed: int

    @property
    def fine(self):
        return self.area.grid.refine(self.spacing_m)

    def field(self, name):
        random = np.random.default_rng([self.seed, *name.encode()])
        gamma0 = random.gamma(4, 0.05, self.fine.shape).astype(np.float32)
        return np.where(random.random(self.fine.shape) < 0.2, np.float32(np.nan), gamma0)

    def land(self):
        return np.random.default_rng(self.seed).random(self.area.grid.shape) < 0.8

    def scenes(self, patch, tile, band_pixels):
        """The scenes of this world where files and bands have such sizes, and how often a tile of a
        file is read.
        """
        reads, fields = Counter(), {name: self.field(name) for name in ("first", "second")}

        def read_pass(bursts, grid: Grid):
            row, column = self.fine.window_of(grid)
            touched = [
                range(start // tile, (start + size - 1) // tile + 1)
                for start, size in ((row, grid.rows), (column, grid.columns))
            ]
            reads.update((bursts[0].platform, y, x) for y in touched[0] for x in touched[1])
            gamma0 = fields[bursts[0].platform][
                row : row + grid.rows, column : column + grid.columns
            ].copy()
            return gamma0, np.where(np.isnan(gamma0), 255, 0).astype(np.uint8)

        for name, value in (("TILE", tile), ("BAND_PIXELS", band_pixels), ("WHOLE_PIXELS", 0)):
            patch.setattr(scenes, name, value)
        days = zip((DAY, DAY + dt.timedelta(1)), fields, strict=True)
        patch.setattr(
            scenes,
            "find_passes",
            lambda *_: {(day, ORBIT): [SimpleNamespace(platform=name)] for day, name in days},
        )
        patch.setattr(scenes, "land_cells", lambda *_: self.land())
        patch.setattr(scenes.reader, "read_pass", read_pass)
        return scenes.Scenes(
            [], "", self.area, Sentinel1(spacing_m=self.spacing_m), self.sar
        ), reads

    @property
    def sar(self):
        return Sar(smoothing_window=self.window)

    def winter(self, *sizes):
        """Mean and count of the winter of these passes, (y, x) each, and how often a tile is
        read.
        """
        found = {
            name: np.full(self.fine.shape, -1, np.float32) for name in scenes.layer_names(ORBIT)
        }
        with pytest.MonkeyPatch.context() as patch:
            read, reads = self.scenes(patch, *sizes)
            for row, column, fields in winter_reference._reference(read, ORBIT):
                for name, field in fields.items():
                    found[name][row : row + field.shape[0], column : column + field.shape[1]] = (
                        field
                    )
        return *found.values(), reads

    def month(self, *sizes):
        """Melt fraction of every day in percent, (y, x), and how often a tile is read."""
        layers = {name: self.field("winter") for name in scenes.layer_names(ORBIT)}
        layers[scenes.layer_names(ORBIT)[1]] = np.full(self.fine.shape, 12, np.uint8)
        files = [
            SimpleNamespace(
                names=tuple(layers), read=lambda name, rows, columns: layers[name][rows, columns]
            )
        ]
        with pytest.MonkeyPatch.context() as patch:
            read, reads = self.scenes(patch, *sizes)
            references = melt_fraction.References([], read, 3)
            references._files = files
            days = dict(melt_fraction.Month(read, references, self.area, self.sar).days())
        return days, reads


worlds = st.builds(
    World,
    st.builds(
        Area,
        name=st.just("any"),
        rows=st.integers(1, 24),
        columns=st.integers(1, 24),
        left=st.just(228900.0),
        top=st.just(-2445900.0),
    ),
    st.sampled_from([10, 30, 35]),
    st.sampled_from([1, 3, 5]),
    st.integers(0, 1000),
)
tiles, band_pixels = st.integers(SMALLEST_TILE, 80), st.integers(1, 20000)


def check_reads(reads, columns, tile, pixels):
    """Every tile is read once, but twice where its column is the one in which a stripe ends and the
    next begins.
    """
    twice = {column for (_, _, column), count in reads.items() if count == 2}
    assert all(count == (2 if column in twice else 1) for (_, _, column), count in reads.items())
    assert len(twice) < -(-columns // max(pixels // tile, tile))


@settings(max_examples=60, deadline=None)
@given(worlds, tiles, band_pixels)
def test_a_reference_is_the_same_however_the_grid_is_cut(world, tile, pixels):
    *whole, _ = world.winter(tile, world.fine.rows * world.fine.columns)
    *parts, reads = world.winter(tile, pixels)
    for part, field in zip(parts, whole, strict=True):
        assert part.tobytes() == field.tobytes()
    check_reads(reads, world.fine.columns, tile, pixels)


@settings(max_examples=60, deadline=None)
@given(worlds, tiles, band_pixels)
def test_melt_fractions_are_the_same_however_the_grid_is_cut(world, tile, pixels):
    whole, _ = world.month(tile, world.fine.rows * world.fine.columns)
    parts, reads = world.month(tile, pixels)
    assert parts.keys() == whole.keys()
    for day, field in whole.items():
        assert parts[day].tobytes() == field.tobytes()
    check_reads(reads, world.fine.columns, tile, pixels)


@pytest.mark.parametrize(
    ("band_pixels", "whole_pixels", "own_tiles", "pieces"),
    [(1, 10**6, True, 2), (1, 10**6, False, 1), (10**6, 0, True, 1)],
)
def test_a_grid_of_middle_size_is_cut_where_the_tiles_of_its_files_are(
    band_pixels, whole_pixels, own_tiles, pieces, monkeypatch
):
    world = World(Area(name="any", rows=5, columns=5), 10, 3, 0)
    read, _ = world.scenes(monkeypatch, SMALLEST_TILE, band_pixels)
    monkeypatch.setattr(scenes, "WHOLE_PIXELS", whole_pixels)
    monkeypatch.setattr(scenes.reader, "has_tiles_of", lambda *_: own_tiles)
    passes = read.passes
    monkeypatch.setattr(scenes, "find_passes", lambda *_: passes)
    read = scenes.Scenes([], "", world.area, Sentinel1(spacing_m=10), world.sar)
    assert len(read.stripes()) == len(read.bands()) == pieces
