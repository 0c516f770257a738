import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import correlate1d, gaussian_filter

from daymelt.science.windows import gaussian_kernel, inner_mean


@given(
    rows=st.integers(9, 300),
    columns=st.integers(9, 40),
    reach=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_means_are_those_of_a_correlation_along_both_axes(rows, columns, reach, seed):
    field, kernel = np.random.default_rng(seed).random((rows, columns)), gaussian_kernel(2.0, reach)
    whole = correlate1d(correlate1d(field, kernel, axis=0), kernel, axis=1)
    np.testing.assert_allclose(
        inner_mean(field, kernel), whole[reach : rows - reach, reach : columns - reach], rtol=1e-12
    )


@pytest.mark.parametrize("sigma", [1.0, 10.0])
def test_the_gaussian_is_scipys(sigma):
    reach = int(3.5 * sigma + 0.5)
    field = np.random.default_rng(0).random((260, 120))
    expected = gaussian_filter(field, sigma, radius=reach)[reach:-reach, reach:-reach]
    np.testing.assert_allclose(
        inner_mean(field, gaussian_kernel(sigma, reach)), expected, rtol=1e-12
    )


def test_precision_is_that_of_the_field():
    assert inner_mean(np.ones((30, 30), np.float32), gaussian_kernel(1.0, 3)).dtype == np.float32
    np.testing.assert_allclose(
        inner_mean(np.full((30, 30), 0.7), gaussian_kernel(1.0, 3)), 0.7, rtol=1e-14
    )
