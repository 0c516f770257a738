import numpy as np
import pytest

from daymelt.core.grid import Grid
from daymelt.twin import radar, schedule

EMBEDDED = Grid("EPSG:3413", 100, 294900, -2566500, 256, 256)
SHARES = {39: 0.99, 141: 0.86, 112: 0.59, 68: 0.32, 10: 0.16}


def one_pass(number, season, seed):
    return next(item for item in schedule.passes(season, seed) if item.orbit.number == number)


def mosaic(overflight, melt, area, seed):
    fine = area.refine(radar.SPACING_M)
    power, mask, seen = (
        np.full(fine.shape, np.nan, np.float32),
        np.full(fine.shape, 255, np.uint8),
        np.zeros(fine.shape, int),
    )
    for image in radar.observe(overflight, melt, area, seed):
        row, column = fine.window_of(image.grid)
        place = np.s_[row : row + image.grid.rows, column : column + image.grid.columns]
        inside = image.mask != radar.FILL
        power[place][inside], mask[place][inside] = image.gamma0[inside], image.mask[inside]
        seen[place] += inside
    return power, mask, seen


@pytest.mark.parametrize(("number", "share"), SHARES.items())
def test_each_orbit_sees_its_published_share_of_the_area_without_a_gap_between_bursts(
    number, share, seed
):
    _, _, seen = mosaic(
        one_pass(number, 2021, seed), np.zeros(EMBEDDED.shape, np.float32), EMBEDDED, seed
    )
    assert abs((seen > 0).mean() - share) < 0.01
    assert 1 <= seen.max() <= 2  # neighbours overlap, no third does
    for row in seen:
        strip = np.flatnonzero(row)
        assert strip.size == 0 or (np.diff(strip) == 1).all()


def test_a_pass_is_the_same_whatever_was_observed_before_it(area, seed):
    overflight, melt = one_pass(141, 2019, seed), np.full(area.shape, 0.4, np.float32)
    first = list(radar.observe(overflight, melt, area, seed))
    list(radar.observe(one_pass(112, 2019, seed), melt, area, seed))
    for one, other in zip(first, radar.observe(overflight, melt, area, seed), strict=True):
        np.testing.assert_array_equal(one.gamma0, other.gamma0)
        np.testing.assert_array_equal(one.mask, other.mask)


def test_melting_takes_four_to_ten_decibels_away_and_leaves_the_sea_alone(area, seed):
    overflight = one_pass(39, 2021, seed)
    for number, swath, grid in radar.bursts(overflight.orbit, area):
        static = radar.static_burst(number, swath, grid, overflight.orbit, area, seed)
        land = ~static.ocean
        drop = 10 * np.log10(static.dry[land] / static.wet[land])
        assert drop.min() >= 4 - 1e-3
        assert drop.max() <= 10 + 1e-3


def test_half_of_the_patches_of_half_wet_cells_are_wet(seed):
    patch = radar.static_burst(
        *radar.bursts(schedule.ORBITS[39], EMBEDDED)[0], schedule.ORBITS[39], EMBEDDED, seed
    ).patch
    for share in (0.2, 0.5, 0.8):
        assert abs((patch < share).mean() - share) < 0.08


def test_speckle_has_the_mean_and_the_spread_of_its_looks(area, seed):
    number, swath, grid = radar.bursts(schedule.ORBITS[39], area)[0]
    static = radar.static_burst(number, swath, grid, schedule.ORBITS[39], area, seed)
    flat = radar.StaticBurst(
        np.ones_like(static.dry),
        static.wet,
        static.patch,
        np.zeros_like(static.mask),
        static.ocean & False,
        static.border & False,
    )
    power = radar.backscatter(flat, np.zeros(grid.shape, np.float32), np.random.default_rng(0))
    assert power.mean() == pytest.approx(1, abs=0.02)
    assert power.var() == pytest.approx(1 / radar.LOOKS, rel=0.05)


def test_the_edge_of_a_swath_that_cuts_the_area_is_zeros_and_beyond_it_is_nothing(seed):
    power, mask, seen = mosaic(
        one_pass(112, 2021, seed), np.zeros(EMBEDDED.shape, np.float32), EMBEDDED, seed
    )
    zeros = power == 0
    assert zeros.any()
    assert (mask[zeros] == 0).any()  # the provider's mask does not mark them
    assert np.isnan(power[seen == 0]).all()
    assert (power[(seen > 0) & ~zeros] > 0).all()


def test_masked_terrain_is_marked(seed):
    _, mask, seen = mosaic(
        one_pass(39, 2021, seed), np.zeros(EMBEDDED.shape, np.float32), EMBEDDED, seed
    )
    assert set(np.unique(mask[seen > 0])) <= {0, 1, 2, 3}
    assert 0 < np.isin(mask, (1, 2, 3)).mean() < 0.05
