"""Maps of a season: against a search through the days of each cell, one by one."""

import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daymelt.core.dates import season_days
from daymelt.core.encoding import NEVER_SEEN, NO_MELT
from daymelt.science.seasons import Climatology, Season, anomaly
from daymelt.science.stations import melt_season

DAYS = season_days(2019, [5])
SHAPE = (3, 4)


def drawn(seed, with_interval=True):
    """Layers (date, y, x) of a season, bounds around the melt, and ages."""
    rng = np.random.default_rng(seed)
    size = (len(DAYS), *SHAPE)
    melt = np.where(rng.random(size) < rng.random(SHAPE), rng.choice([0.1, 0.11, 1.0], size), 0.0)
    layers = {"melt": melt}
    if with_interval:
        layers["melt_mean"] = np.clip(melt + rng.normal(0, 0.05, size), 0, 1)
        layers["melt_low"] = melt * rng.choice([0, 0.5, 1], size)
        layers["melt_high"] = np.maximum(melt, rng.choice([0, 0, 0.4], size))
    age = rng.choice(
        [0, 1, 3, 6, 7, 12, NEVER_SEEN], size, p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02]
    )
    return {name: field.astype(np.float32) for name, field in layers.items()}, age.astype("f4")


def maps_of(layers, age, within=6, least=0.5, days=DAYS):
    season = Season(age.shape[1:], days[0], days[-1], within, least)
    for index, day in enumerate(days):
        season.add(day, {name: field[index] for name, field in layers.items()}, age[index])
    return season.maps()


def lasting_slowly(wet):
    """Onset, end and longest gap of one cell as positions in its days; None where melt never
    lasts.
    """
    found = [day for day, melts in enumerate(wet) if melts]
    windows = [[day for day in found if first <= day < first + 5] for first in range(len(wet))]
    lasting = [window for window in windows if len(window) >= 3]
    if not lasting:
        return None
    onset, end = lasting[0][0], lasting[-1][-1]
    within = [day for day in found if onset <= day <= end]
    return onset, end, max(after - day - 1 for day, after in itertools.pairwise(within))


def cell_slowly(series, age, within, least):
    """The numbers of one cell, from its series of days."""
    first = DAYS[0].timetuple().tm_yday
    seen = [value <= within for value in age]
    wet = [value > np.float32(0.1) for value in series["melt"]]
    low = [value > np.float32(0.1) for value in series.get("melt_low", np.zeros(len(wet)))]
    high = [value > np.float32(0.1) for value in series.get("melt_high", np.ones(len(wet)))]
    certain = lasting_slowly([w if s else c for w, s, c in zip(wet, seen, low, strict=True)])
    possible = lasting_slowly([w if s else c for w, s, c in zip(wet, seen, high, strict=True)])
    estimate = lasting_slowly(wet)
    told = {}
    for place, name, edge in ((0, "onset", 0), (1, "end", len(wet) - 1)):
        one, other = (case[place] if case else None for case in (certain, possible))
        same = one == other and one != edge
        told[name] = np.nan if not same else NO_MELT if one is None else first + one
    enough = np.float32(sum(seen)) / np.float32(len(seen)) >= least
    told["longest_gap"] = (estimate[2] if estimate else NO_MELT) if enough else np.nan
    told["melt_days"] = sum(wet) if enough else np.nan
    told["melt_sum"] = (
        sum(map(float, series.get("melt_mean", series["melt"]))) if enough else np.nan
    )
    told["observed"] = sum(seen) / len(seen)
    if "melt_low" in series:
        bounds = {"low": lasting_slowly(low), "high": lasting_slowly(high)}
        dates = {
            name: [NO_MELT, NO_MELT] if case is None else [first + case[0], first + case[1]]
            for name, case in bounds.items()
        }
        told |= {"onset_earliest": dates["high"][0], "onset_latest": dates["low"][0]}
        told |= {"end_earliest": dates["low"][1], "end_latest": dates["high"][1]}
        told |= {"melt_days_low": sum(low), "melt_days_high": sum(high)}
        told |= {f"melt_sum_{name}": sum(map(float, series[f"melt_{name}"])) for name in bounds}
    return told


@given(st.integers(0, 10**6), st.booleans(), st.integers(0, 12), st.sampled_from([0, 0.5, 0.9]))
def test_the_maps_are_what_a_search_through_the_days_of_each_cell_finds(
    seed, with_interval, within, least
):
    layers, age = drawn(seed, with_interval)
    maps = maps_of(layers, age, within, least)
    for row, column in np.ndindex(SHAPE):
        series = {name: field[:, row, column] for name, field in layers.items()}
        expected = cell_slowly(series, age[:, row, column], within, least)
        assert maps.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(maps[name][row, column], value, rtol=1e-5, err_msg=name)


@given(st.integers(0, 10**6))
def test_dates_and_counts_lie_within_their_bounds(seed):
    layers, age = drawn(seed)
    maps = maps_of(layers, age, least=0)
    for name, lower, upper in (
        ("onset", "onset_earliest", "onset_latest"),
        ("end", "end_earliest", "end_latest"),
        ("melt_days", "melt_days_low", "melt_days_high"),
    ):
        told = np.isfinite(maps[name]) & (maps[name] != NO_MELT) & (maps[lower] != NO_MELT)
        assert (maps[lower] <= maps[name])[told].all()
        assert (maps[name] <= maps[upper])[told].all()


@given(st.integers(0, 10**6))
def test_a_date_without_interval_is_told_where_a_station_with_the_same_gaps_tells_it(seed):
    layers, age = drawn(seed, with_interval=False)
    maps = maps_of(layers, age)
    first = DAYS[0].timetuple().tm_yday
    for row, column in np.ndindex(SHAPE):
        wet = (layers["melt"][:, row, column] > np.float32(0.1)).astype(float)
        wet[age[:, row, column] > 6] = np.nan
        found = melt_season(wet)
        if found.onset > 0:
            assert maps["onset"][row, column] == first + found.onset
        if found.end < len(DAYS) - 1:
            assert maps["end"][row, column] == first + found.end
        if found.onset_gap is not None:
            assert np.isnan(maps["onset"][row, column])


def one_cell(text, age="0", **bounds):
    """Maps of a single cell from its days: `1` melts, `.` does not; ages as digits, 9 is far."""
    days = DAYS[: len(text)]
    fields = {"melt": text, **bounds}
    layers = {
        name: np.array([[[1.0 if day == "1" else 0.0]] for day in course], np.float32)
        for name, course in fields.items()
    }
    ages = np.array([[[float(day)]] for day in age.ljust(len(text), "0")], np.float32)
    maps = maps_of(layers, ages, days=days)
    return {name: float(field[0, 0]) for name, field in maps.items()}


def test_a_season_that_may_have_begun_within_a_gap_has_no_onset():
    maps = one_cell("........1111.......", age="0009999000000000000")
    assert np.isnan(maps["onset"])
    assert maps["end"] == 121 + 11
    assert maps["melt_days"] == 4


def test_an_interval_that_is_dry_throughout_the_gap_tells_the_onset():
    course, dry = "........1111.......", "........1111......."
    maps = one_cell(
        course, age="0009999000000000000", melt_low=dry, melt_high=dry, melt_mean=course
    )
    assert maps["onset"] == 121 + 8


def test_melt_on_the_first_or_last_day_may_have_begun_before_or_end_after():
    maps = one_cell("111....111")
    assert np.isnan(maps["onset"]) and np.isnan(maps["end"])
    assert maps["longest_gap"] == 4


def test_a_season_without_lasting_melt_has_days_but_no_dates():
    maps = one_cell("..1....1...")
    assert maps["onset"] == maps["end"] == maps["longest_gap"] == NO_MELT
    assert maps["melt_days"] == 2


def test_single_days_before_onset_and_after_end_are_no_part_of_the_longest_gap():
    maps = one_cell("1.......111..11.1.......1....")
    assert (maps["onset"], maps["end"], maps["longest_gap"]) == (129, 137, 2)


def test_a_cell_without_data_on_a_day_has_none():
    layers, age = drawn(0)
    layers["melt"][3, 1, 2] = np.nan
    maps = maps_of(layers, age)
    assert all(np.isnan(field[1, 2]) for field in maps.values())


def test_a_leap_year_has_its_own_days_of_the_year():
    season = Season((1, 1), dt.date(2020, 4, 1), dt.date(2020, 4, 30), 6, 0)
    for day in season_days(2020, [4]):
        wet = np.full((1, 1), float(day.day in (10, 11, 12)), np.float32)
        season.add(day, {"melt": wet}, np.zeros((1, 1), np.float32))
    assert season.maps()["onset"][0, 0] == dt.date(2020, 4, 10).timetuple().tm_yday == 101


values = st.sampled_from([100.0, 120.0, 150.5, float(NO_MELT), float("nan")])


@given(
    st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=6), st.integers(1, 4)
)
def test_the_mean_is_that_of_the_seasons_that_are_told(seasons, least):
    climatology = Climatology((1, 3), least)
    for season in seasons:
        climatology.add(np.array([season], np.float32))
    for cell in range(3):
        known = [season[cell] for season in seasons if season[cell] not in (NO_MELT,)]
        known = [value for value in known if value == value]
        expected = sum(known) / len(known) if len(known) >= least else np.nan
        assert climatology.count[0, cell] == len(known)
        np.testing.assert_allclose(climatology.mean()[0, cell], expected)
        for season in seasons:
            value = season[cell] - expected if season[cell] != NO_MELT else np.nan
            found = anomaly(np.float32([[season[cell]]]), np.float32([[expected]]))
            np.testing.assert_allclose(found[0, 0], value, atol=1e-4)


def test_days_must_rise():
    season = Season((1, 1), DAYS[0], DAYS[-1], 6, 0)
    field = np.zeros((1, 1), np.float32)
    season.add(DAYS[1], {"melt": field}, field)
    with pytest.raises(ValueError, match="expected rising days"):
        season.add(DAYS[0], {"melt": field}, field)
