"""Storage of fields: what is written is what is read."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from daymelt.core.encoding import (
    BACKSCATTER,
    BRIGHTNESS,
    FLAG,
    NEVER_SEEN,
    PERCENT,
    SAR_AGE,
    decode,
    encode,
)

fractions = arrays.arrays(
    np.float32,
    arrays.array_shapes(max_dims=3),
    elements=st.one_of(st.just(math.nan), st.floats(0, 1, width=32)),
)


@given(fractions)
def test_a_fraction_comes_back_within_half_a_percent(values):
    back = decode(encode(values, PERCENT), PERCENT)
    assert back.dtype == np.float32 and back.shape == values.shape
    np.testing.assert_array_equal(np.isnan(back), np.isnan(values))
    np.testing.assert_allclose(back, values, atol=0.005 + 1e-7)


@given(arrays.arrays(np.uint8, (4, 5), elements=st.sampled_from([*range(101), 255])))
def test_every_stored_percent_survives_reading_and_writing(stored):
    np.testing.assert_array_equal(encode(decode(stored, PERCENT), PERCENT), stored)


@pytest.mark.parametrize("encoding", [SAR_AGE, FLAG])
def test_every_stored_byte_survives_reading_and_writing(encoding):
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(encode(decode(stored, encoding), encoding), stored)


def test_never_seen_is_not_nodata():
    assert decode(np.uint8([NEVER_SEEN]), SAR_AGE)[0] == NEVER_SEEN


@given(arrays.arrays(np.float32, (3, 4), elements=st.floats(width=32)))
def test_an_unpacked_field_is_stored_as_it_is(values):
    for encoding in (BRIGHTNESS, BACKSCATTER):
        np.testing.assert_array_equal(decode(encode(values, encoding), encoding), values)


@pytest.mark.parametrize("value", [-0.02, 2.56, 1e9, -np.inf, np.inf])
def test_a_value_that_does_not_fit_is_refused(value):
    with pytest.raises(ValueError, match="melt_fraction"):
        encode(np.float32([0.5, value, np.nan]), PERCENT)


def test_a_value_that_would_read_back_as_nodata_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        encode(np.float32([2.55]), PERCENT)


@pytest.mark.parametrize("shape", [(0,), (0, 4)])
def test_an_empty_field_stays_empty(shape):
    assert encode(np.zeros(shape, np.float32), PERCENT).shape == shape


def test_a_field_without_data_is_all_nodata():
    assert np.all(encode(np.full((2, 2), np.nan, np.float32), PERCENT) == 255)


@given(st.floats(-30, 30, width=32), st.sampled_from([0.1, 0.5, 2.0]))
def test_a_signed_type_holds_negative_values(value, scale):
    encoding = replace(PERCENT, dtype="int16", scale=scale, nodata=-32768)
    assert decode(encode(np.float32([value]), encoding), encoding)[0] == pytest.approx(
        value, abs=scale / 2 + 1e-5
    )
