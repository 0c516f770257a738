import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from daymelt.core.grid import Grid
from daymelt.twin.noise import fractal, stream, uniform

WAVELENGTHS = (3200.0, 800.0, 200.0)
WIDE = Grid("EPSG:3413", 100, 0, 0, 60, 80)


@given(
    row=st.integers(0, 40),
    column=st.integers(0, 50),
    rows=st.integers(1, 20),
    columns=st.integers(1, 30),
)
def test_a_field_is_the_same_through_any_window(row, column, rows, columns):
    window = Grid(WIDE.crs, 100, WIDE.left + 100 * column, WIDE.top - 100 * row, rows, columns)
    place = np.s_[row : row + rows, column : column + columns]
    np.testing.assert_allclose(
        fractal(window, 7, "a", WAVELENGTHS), fractal(WIDE, 7, "a", WAVELENGTHS)[place], atol=2e-6
    )
    np.testing.assert_array_equal(uniform(window, 7, "a"), uniform(WIDE, 7, "a")[place])


def test_a_finer_grid_adds_detail_to_the_same_field():
    # every fifth centre is shared
    coarse = Grid("EPSG:3413", 100, 0, 0, 50, 50)
    fine = Grid("EPSG:3413", 20, 40, -40, 250, 250)
    shared = fractal(fine, 3, "b", (3200.0, 1600.0))[::5, ::5]
    np.testing.assert_allclose(shared, fractal(coarse, 3, "b", (3200.0, 1600.0)), atol=2e-6)


def test_names_and_seeds_give_unrelated_fields():
    one, other, reseeded = (
        fractal(WIDE, seed, name, WAVELENGTHS).ravel()
        for seed, name in ((1, "a"), (1, "b"), (2, "a"))
    )
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.5
    assert abs(np.corrcoef(one, reseeded)[0, 1]) < 0.5


def test_a_field_has_about_zero_mean_and_unit_deviation():
    field = fractal(Grid("EPSG:3413", 100, 0, 0, 800, 800), 5, "c", WAVELENGTHS)
    assert abs(field.mean()) < 0.1
    assert abs(field.std() - 1) < 0.15


def test_wavelengths_that_a_grid_cannot_carry_are_left_out():
    grid = Grid("EPSG:3413", 1000, 0, 0, 30, 30)
    power = np.sqrt(1 + 0.25)
    alone = fractal(grid, 5, "d", (8000.0,))
    np.testing.assert_allclose(
        fractal(grid, 5, "d", (8000.0, 500.0)) * power, alone, rtol=1e-5, atol=1e-6
    )


def test_uniform_numbers_are_uniform():
    numbers = uniform(Grid("EPSG:3413", 30, 3000, -3000, 200, 200), 9, "u").ravel()
    assert stats.kstest(numbers, "uniform").pvalue > 1e-3
    assert numbers.min() >= 0
    assert numbers.max() < 1


def test_a_stream_belongs_to_its_name_alone():
    first = stream(1, "speckle", 737000, 39).random(4)
    stream(1, "speckle", 737000, 68).random(1000)
    np.testing.assert_array_equal(stream(1, "speckle", 737000, 39).random(4), first)
    assert not np.array_equal(stream(1, "speckle", 737000, 68).random(4), first)
