"""Stripes and bands: they cover a grid without gap or overlap, and every row is read once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.science.backscatter import smooth
from daymelt.science.bands import RollingRows, Sizes, SmoothedBands, bands, whole_cells

lengths, tiles = st.integers(1, 500), st.integers(1, 64)


def test_every_row_is_read_once():
    rows = []

    def read(first, last):
        rows.extend(range(first, last))
        return (np.arange(first, last)[:, None],)

    rolling = RollingRows(read, [0, 7, 12], [10, 20, 30])
    spans = [
        (start, np.concatenate(parts)) for start, (parts,) in (rolling.parts() for _ in range(3))
    ]
    assert rows == list(range(30))
    assert [(start, field[:, 0].tolist()) for start, field in spans] == [
        (0, list(range(10))),
        (7, list(range(7, 20))),
        (12, list(range(12, 30))),
    ]


@given(rows=lengths, columns=lengths, tile=tiles, pixels=st.integers(1, 20_000))
def test_readings_end_with_rows_of_tiles_and_cover_the_grid(rows, columns, tile, pixels):
    ends = Sizes(tile, pixels).read_ends(rows, columns)
    assert ends[-1] == rows and ends == sorted(set(ends))
    assert all(end % tile == 0 for end in ends[:-1])


@given(columns=lengths, tile=tiles, pixels=st.integers(1, 20_000))
def test_stripes_meet_in_the_middle_of_tiles_and_cover_the_grid(columns, tile, pixels):
    first, *inner, last = Sizes(tile, pixels).stripe_edges(columns)
    assert (first, last) == (0, columns)
    assert all(edge % tile == tile // 2 for edge in inner)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.lists(st.integers(1, 200)))
def test_pieces_of_whole_cells_cover_every_cell_once(sizes, ends):
    last_pixels = np.cumsum(sizes).tolist()
    pieces = whole_cells(last_pixels, [*sorted(ends), last_pixels[-1]])
    assert [cell for piece in pieces for cell in range(piece.start, piece.stop)] == list(
        range(len(sizes))
    )
    for piece, end in zip(pieces[:-1], sorted(ends), strict=True):
        assert piece.stop == 0 or last_pixels[piece.stop - 1] <= end


@pytest.mark.parametrize("window", [1, 3, 5])
def test_a_pass_smoothed_in_bands_is_the_pass_smoothed_whole(window):
    random = np.random.default_rng(0)
    gamma0 = random.gamma(4, 0.05, (40, 17)).astype(np.float32)
    valid = random.random(gamma0.shape) < 0.8
    cut = bands(Sizes(tile=8, band_pixels=1).read_ends(*gamma0.shape), window // 2)
    smoothed = SmoothedBands(
        lambda first, last: (gamma0[first:last], valid[first:last]), cut, window
    )
    parts = [smoothed.next() for _ in cut]
    assert len(cut) == 5
    np.testing.assert_array_equal(
        np.concatenate([field for field, _ in parts]), smooth(gamma0, valid, window)
    )
    np.testing.assert_array_equal(np.concatenate([seen for _, seen in parts]), valid)


@pytest.mark.parametrize(
    ("pixels", "on_grid", "whole"),
    [(100, False, True), (101, True, False), (101, False, True), (1001, False, False)],
)
def test_a_grid_of_middle_size_is_cut_where_tiles_of_files_lie_on_it(pixels, on_grid, whole):
    assert Sizes(band_pixels=100, whole_pixels=1000).whole(pixels, lambda: on_grid) is whole
