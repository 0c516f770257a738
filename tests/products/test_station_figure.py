import datetime as dt

import numpy as np
import pytest
from matplotlib.dates import date2num

from daymelt.core.dates import season_days
from daymelt.products.station_figure import Timeline, station_timelines

RULE = "t_surf above -1 °C at 07 UTC"


def timeline(station, year, melting=None):
    days = season_days(year, [6, 7])
    sar = np.full(len(days), np.nan)
    sar[::6] = 0.5
    return Timeline(
        station,
        days,
        np.linspace(0, 1, len(days)),
        sar,
        np.zeros(len(days)) if melting is None else np.asarray(melting, float),
    )


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_every_station_and_season_has_a_frame_with_its_own_days(tmp_path, drawn):
    chosen = [timeline(station, year) for year in (2018, 2019) for station in ("MIT", "TAS_A")]
    station_timelines(tmp_path / "stations.png", chosen, RULE, "unet")
    titles = [axes.get_title(loc="left") for axes in drawn[0].axes]
    assert titles == ["MIT, 2018", "TAS_A, 2018", "MIT, 2019", "TAS_A, 2019"]
    for axes, line in zip(drawn[0].axes, chosen, strict=True):
        curves = list(axes.get_lines())
        np.testing.assert_array_equal(date2num(curves[0].get_xdata()), date2num(line.days))
        np.testing.assert_array_equal(curves[0].get_ydata(), line.mapped)
        np.testing.assert_array_equal(lines(axes)["Sentinel-1"].get_ydata(), line.sar)
    assert any(RULE in text.get_text() for text in drawn[0].texts)


def test_melting_and_missing_days_are_marked_and_told_apart(tmp_path, drawn):
    melting = np.zeros(61)
    melting[10:13], melting[20] = 1, np.nan
    station_timelines(tmp_path / "stations.png", [timeline("MIT", 2019, melting)], RULE, "unet")
    (axes,) = drawn[0].axes
    strips = {
        found.get_label(): found
        for found in axes.collections
        if not found.get_label().startswith("_")
    }
    first = date2num(dt.date(2019, 6, 1))
    for name, start, stop in (("station melts", 10, 13), ("no record of the station", 20, 21)):
        (path,) = strips[name].get_paths()
        assert (path.vertices[:, 0].min() - first, path.vertices[:, 0].max() - first) == (
            start,
            stop,
        )
        assert path.vertices[:, 1].max() < 0
    (hole,) = (found for found in axes.collections if found.get_label() == "_hole")
    (path,) = hole.get_paths()
    assert (path.vertices[:, 0].min() - first, path.vertices[:, 0].max() - first) == (20, 21)
    assert path.vertices[:, 1].max() > 1  # over the whole height
    colours = [tuple(strip.get_facecolor()[0]) for strip in strips.values()]
    assert len(set(colours)) == 2


def test_more_stations_than_fit_side_by_side_go_below(tmp_path, drawn):
    station_timelines(
        tmp_path / "stations.png", [timeline(name, 2019) for name in "ABCDE"], RULE, "unet"
    )
    assert [axes.get_title(loc="left")[0] for axes in drawn[0].axes] == list("ABCDE")
    assert len({round(axes.get_position().x0, 3) for axes in drawn[0].axes}) == 3


@pytest.mark.parametrize("chosen", [[], [timeline("MIT", 2019, np.full(61, np.nan))]])
def test_without_a_station_or_without_a_record_there_is_a_picture(tmp_path, chosen, drawn):
    station_timelines(tmp_path / "stations.png", chosen, RULE, "unet")
    assert (tmp_path / "stations.png").stat().st_size > 1000
    if not chosen:
        assert any("No weather station" in text.get_text() for text in drawn[0].texts)
