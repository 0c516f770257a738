"""Stripes and bands of a grid that is too large to be held: the same numbers as in one piece."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from runs.small_run import CONFIG

from daymelt.core import cube
from daymelt.core.grid import Grid
from daymelt.core.manifest import manifest_digest
from daymelt.science.bands import Sizes
from daymelt.settings.inputs import Area
from daymelt.settings.processing import Sar
from daymelt.steps.prepare.melt_fraction import Month, References, write_month
from daymelt.steps.prepare.passes import Passes, Track, layer_names, open_passes
from daymelt.steps.prepare.winter_reference import reference_blocks, write_reference

SMALLEST_TILE = 32  # whose half holds a cell of 10 pixels and the reach of the smoothing
TRACK, DAY = Track(39), dt.date(2019, 7, 1)


NARROW = Sizes(tile=61, band_pixels=1, whole_pixels=0)  # narrow stripes and bands on any grid


def passes_in_bands(prepared, manifests):
    return open_passes(
        manifests, prepared / "terrain.nc", CONFIG.area, CONFIG.sentinel1, CONFIG.sar, NARROW
    )


def test_a_winter_in_stripes_and_bands_is_the_winter_in_one_piece(prepared, tmp_path):
    winter = [prepared.manifest(f"sentinel1/2019-{month:02d}") for month in (1, 2, 3)]
    out = tmp_path / "winter.nc"
    passes = passes_in_bands(prepared, winter)
    assert len(passes.stripes()) > 1 and len(passes.bands()) > 1
    write_reference(out, passes, {"inputs": manifest_digest(winter)})
    found, expected = cube.read_layers(out), cube.read_layers(prepared / "sar/winter.nc")
    assert found.values.keys() == expected.values.keys()
    for name, field in expected.values.items():
        np.testing.assert_array_equal(found[name], field)


def test_a_month_in_stripes_and_bands_is_the_month_in_one_piece(prepared, tmp_path):
    whole, out = prepared.months()[0], tmp_path / "month.nc"
    manifest = prepared.manifest(f"sentinel1/{whole.stem}")
    passes = passes_in_bands(prepared, [manifest])
    winters, digest = [prepared / "sar/winter.nc"], manifest_digest([manifest])
    write_month(out, passes, winters, CONFIG.area.grid, CONFIG.sar, digest)
    with cube.open_stream(out) as found, cube.open_stream(whole) as expected:
        assert found.dates == expected.dates
        assert found.attributes == expected.attributes
        np.testing.assert_array_equal(found.raw(), expected.raw())


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

    def passes(self, sizes):
        """The passes of this world where files and bands have such sizes, and how often a tile of a
        file is read.
        """
        reads, fields = Counter(), {name: self.field(name) for name in ("first", "second")}

        def read_pass(bursts, grid: Grid):
            row, column = self.fine.window_of(grid)
            touched = [
                range(start // sizes.tile, (start + size - 1) // sizes.tile + 1)
                for start, size in ((row, grid.rows), (column, grid.columns))
            ]
            reads.update((bursts[0].platform, y, x) for y in touched[0] for x in touched[1])
            gamma0 = fields[bursts[0].platform][
                row : row + grid.rows, column : column + grid.columns
            ].copy()
            return gamma0, np.where(np.isnan(gamma0), 255, 0).astype(np.uint8)

        days = zip((DAY, DAY + dt.timedelta(1)), fields, strict=True)
        bursts = {(day, TRACK): [SimpleNamespace(platform=name)] for day, name in days}
        grids = self.area.grid, self.fine
        return Passes(bursts, self.land(), *grids, self.sar, sizes, read_pass), reads

    @property
    def sar(self):
        return Sar(smoothing_window=self.window)

    def winter(self, *sizes):
        """Mean and count of the winter of these passes, (y, x) each, and how often a tile is
        read.
        """
        found = {name: np.full(self.fine.shape, -1, np.float32) for name in layer_names(TRACK)}
        passes, reads = self.passes(Sizes(*sizes, whole_pixels=0))
        for row, column, fields in reference_blocks(passes, TRACK):
            for name, field in fields.items():
                found[name][row : row + field.shape[0], column : column + field.shape[1]] = field
        return *found.values(), reads

    def month(self, *sizes):
        """Melt fraction of every day in percent, (y, x), and how often a tile is read."""
        layers = {name: self.field("winter") for name in layer_names(TRACK)}
        layers[layer_names(TRACK)[1]] = np.full(self.fine.shape, 12, np.uint8)
        winter = SimpleNamespace(
            names=tuple(layers), read=lambda name, rows, columns: layers[name][rows, columns]
        )
        passes, reads = self.passes(Sizes(*sizes, whole_pixels=0))
        month = Month(passes, References([winter], 3), self.area.grid, self.sar)
        return dict(month.days()), reads


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
    band_pixels, whole_pixels, own_tiles, pieces, tmp_path
):
    world = World(Area(name="any", rows=5, columns=5), 10, 3, 0)
    fine, side = world.fine, SMALLEST_TILE
    path = write_tiles(tmp_path / "burst.tif", fine if own_tiles else fine.expand(7), side)
    sizes = Sizes(side, band_pixels, whole_pixels)
    bursts = {(DAY, TRACK): [SimpleNamespace(path=path)]}
    passes = Passes(bursts, world.land(), world.area.grid, fine, world.sar, sizes)
    assert len(passes.stripes()) == len(passes.bands()) == pieces


def write_tiles(path, grid, side):
    """An empty raster on a grid in tiles of `side` pixels."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        dtype="float32",
        crs=grid.crs,
        transform=rasterio.Affine.from_gdal(*grid.geotransform),
        width=grid.columns,
        height=grid.rows,
        tiled=True,
        blockxsize=side,
        blockysize=side,
    ):
        return path
