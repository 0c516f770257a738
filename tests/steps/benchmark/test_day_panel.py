"""Which maps the report shows of a day."""

import datetime as dt

import numpy as np
import pytest
from runs.small_run import CONFIG

from daymelt.core import cube
from daymelt.core.encoding import PERCENT, SAR_AGE
from daymelt.products import cog
from daymelt.products.map_files import AGE, LAYERS
from daymelt.steps.benchmark import report
from daymelt.steps.benchmark.report import draw_day, interval_panels, plain_panels
from daymelt.systems.aligned import open_aligned
from daymelt.systems.streams import open_series

AREA = CONFIG.area


@pytest.fixture
def open_run(prepared):
    """The streams of the small run: aligned ones, acquisitions and truth."""
    coarse = [prepared / "mar.nc"], [prepared / "microwave.nc"]
    with (
        open_aligned(prepared / "terrain.nc", [prepared / "all.nc"], *coarse) as aligned,
        open_series(prepared.months()) as observed,
        open_series([prepared / "world.nc"]) as truth,
    ):
        yield aligned, observed, truth


@pytest.fixture
def maps(tmp_path):
    """Function of a day and its layers, percent, that writes them; the folder."""

    def write(day, **layers):
        for name, percent in layers.items():
            stored = np.full(AREA.grid.shape, percent, np.uint8)
            path = tmp_path / LAYERS[name].format(day=day)
            cog.write_day(path, stored, AREA.grid, PERCENT, {"date": str(day)}, name)
        age = np.full(AREA.grid.shape, 3, np.uint8)
        path = tmp_path / AGE.format(day=day)
        cog.write_day(path, age, AREA.grid, SAR_AGE, {"date": str(day)}, "age")
        return tmp_path

    return write


def titled(panels):
    return {panel.title: panel for panel in panels}


def test_of_an_interval_the_bounds_and_their_distance_are_shown(open_run, maps):
    aligned, observed, truth = open_run
    day = observed.days[0]
    folder = maps(day, melt=40, melt_low=10, melt_high=90)
    shown = titled(interval_panels(day, aligned, observed, truth, folder, AREA))
    fields = {
        title: float(np.unique(panel.field).item())
        for title, panel in shown.items()
        if title in ("Lower bound", "Map (median)", "Upper bound") or panel.kind == "width"
    }
    assert fields == {
        "Lower bound": pytest.approx(0.1),
        "Map (median)": pytest.approx(0.4),
        "Upper bound": pytest.approx(0.9),
        "Width of the 90 % interval": pytest.approx(0.8),
    }
    np.testing.assert_array_equal(shown["Truth"].field, truth.read(day))


@pytest.mark.parametrize("arrange", [interval_panels, plain_panels])
def test_the_observation_is_that_of_the_very_day_and_nothing_where_there_is_none(
    open_run, maps, prepared, arrange
):
    aligned, observed, truth = open_run
    day = observed.days[0]
    later = [day + dt.timedelta(n) for n in range(1, 9)]
    without = next(other for other in later if other not in observed.days)
    for chosen in (day, without):
        folder = maps(chosen, melt=40, melt_low=10, melt_high=90)
        shown = titled(arrange(chosen, aligned, observed, truth, folder, AREA))
        (panel,) = (panel for title, panel in shown.items() if title.startswith("Sentinel-1"))
        if chosen == day:
            with cube.open_stream(prepared.months()[0]) as stream:
                np.testing.assert_array_equal(panel.field, stream.read(day))
            assert panel.title == "Sentinel-1 that day"
        else:
            assert np.isnan(panel.field).all() and "no pass" in panel.title


def test_without_a_truth_the_height_takes_its_place(open_run, maps):
    aligned, observed, truth = open_run
    day = observed.days[0]
    folder = maps(day, melt=40, melt_low=10, melt_high=90)
    with_truth, without = (
        [panel.title for panel in interval_panels(day, aligned, observed, known, folder, AREA)]
        for known in (truth, None)
    )
    assert without == ["Height" if title == "Truth" else title for title in with_truth]


@pytest.mark.parametrize("layers", [{"melt": 40}, {"melt": 40, "melt_low": 10, "melt_high": 90}])
def test_a_system_without_an_interval_keeps_its_panel(
    open_run, maps, tmp_path, monkeypatch, layers
):
    aligned, observed, truth = open_run
    day, given = observed.days[0], []
    monkeypatch.setattr(report, "day_panel", lambda path, **values: given.append(values))
    draw_day(tmp_path / "panel.png", day, aligned, observed, truth, maps(day, **layers), AREA)
    kinds = [panel.kind for panel in given[0]["panels"]]
    assert ("width" in kinds) == ("melt_low" in layers)
    assert len(kinds) % given[0]["columns"] == 0  # full rows
