import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from daymelt.core.errors import ConfigError, MissingInputError
from daymelt.learn.channels import CHANNELS, Statistics, check_channels, check_names, statistics

fields = arrays(np.float32, (3, 4, 5), elements=st.floats(-400, 4000, width=32))


@given(fields, st.lists(st.integers(0, 59), max_size=30))
def test_statistics_are_those_of_the_values_that_are_there(field, holes):
    field.ravel()[holes] = np.nan
    known = field[~np.isnan(field)].astype(np.float64)
    found = statistics({"height": field})["height"]
    assert found.mean == pytest.approx(known.mean(), abs=1e-9)
    if known.std() > 1e-3:
        assert found.sd == pytest.approx(known.std(), rel=1e-9)


def test_a_normalised_training_split_has_mean_zero_and_spread_one():
    field = np.random.default_rng(1).normal(206, 27, (20, 30, 30)).astype(np.float32)
    normal = statistics({"microwave": field})["microwave"].normalise(field)
    assert normal.dtype == np.float32
    assert normal.mean() == pytest.approx(0, abs=1e-4)
    assert normal.std() == pytest.approx(1, abs=1e-4)


def test_a_missing_value_becomes_the_mean():
    assert Statistics(206, 27).normalise(np.float32([np.nan, 206, 233])).tolist() == [0, 0, 1]


@pytest.mark.parametrize("value", [0.0, 0.1, 1175.094])
def test_a_channel_without_spread_stays_finite_and_small(value):
    flat = np.full((2, 3), value, np.float32)
    assert np.abs(statistics({"height": flat})["height"].normalise(flat)).max() < 1e-3


def test_a_channel_without_any_value_is_refused_by_name():
    with pytest.raises(MissingInputError, match="microwave"):
        statistics({"microwave": np.full((2, 2), np.nan, np.float32)})


@pytest.mark.parametrize("names", [(), ("sar", "sar"), ("sar", "snow")])
def test_impossible_channels_are_refused(names):
    with pytest.raises(ConfigError, match=r"model\.channels"):
        check_names(names)


@given(st.permutations(CHANNELS))
def test_every_order_of_the_channels_is_allowed_and_kept(names):
    assert check_names(names) == tuple(names)


def test_a_model_fits_only_its_own_channels_in_their_order():
    check_channels(("sar", "height"), ["sar", "height"])
    for configured in (("height", "sar"), ("sar",), ("sar", "height", "microwave")):
        with pytest.raises(ConfigError, match=r"sar, height.*model\.channels") as caught:
            check_channels(("sar", "height"), configured, "results/a/models/unet/model.json")
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith("results/a/models/unet/model.json")
