"""The viewer in a browser: what it shows against the files that it reads."""

import csv
import datetime as dt
import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from PIL import Image
from scipy.ndimage import gaussian_filter
from servers.folder import FolderServer
from viewer.published import GRID, days_of

from daymelt.core.encoding import PERCENT
from daymelt.products import cog, viewer_files
from daymelt.products.colours import MELT_RAMP

pytestmark = pytest.mark.browser
DAY = dt.date(2019, 6, 14)
CELLS = [(0, 20), (70, 80), (148, 139), (149, 139)]


class Shown:
    """The page in a browser, and what went wrong on it."""

    def __init__(self, page, base):
        self.page, self.base, self.wrong = page, base, []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _note(self, kind, text):
        if kind in ("error", "warning"):
            self.wrong.append(text)

    def open(self, state=f"date={DAY}"):
        self.page.goto("about:blank")
        self.page.goto(f"{self.base}/#{state}")
        self.page.wait_for_selector("html[data-ready]", timeout=60_000)
        return self.drawn()

    def drawn(self):
        self.page.evaluate("page.drawn()")
        return self

    def look(self, x, y, resolution):
        self.page.evaluate("view => page.view.look(view)", [x, y, resolution])
        return self.drawn()

    def pixel(self, x, y):
        """Pixel of the window at a place."""
        inner = self.page.evaluate("place => page.view.map.getPixelFromCoordinate(place)", [x, y])
        box = self.page.locator("#map").bounding_box()
        return box["x"] + inner[0], box["y"] + inner[1]

    def click(self, row, column):
        """Click the middle of a cell."""
        self.page.mouse.click(*self.pixel(GRID.x[column], GRID.y[row]))
        self.page.wait_for_selector(f'#cell-chart[data-shows^="{row},{column}/"]')

    def state(self, name):
        return self.page.evaluate(f"page.state.{name}")

    def image(self):
        """The window as red, green, blue, (y, x, 3)."""
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"), int)


@pytest.fixture
def shown(browser, server, request):
    """The page in a window of its own; a test fails where the page logs an error."""
    context = browser.new_context(viewport=getattr(request, "param", None) or SIZE)
    found = Shown(context.new_page(), server.base)
    yield found
    context.close()
    assert found.wrong == []


SIZE = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}


def colours_of(stored):
    """Opaque colours of melt, as QGIS draws them, (…, 3)."""
    values = [value for value, _, _ in MELT_RAMP]
    bands = [[int(colour[at : at + 2], 16) for _, colour, _ in MELT_RAMP] for at in (1, 3, 5)]
    return np.stack([np.interp(stored / 100, values, band) for band in bands], -1)


def test_a_clicked_cell_has_the_value_of_the_file(shown, published):
    shown.open()
    stored = published.stored("melt", DAY)
    for row, column in CELLS:
        shown.click(row, column)
        shown.page.wait_for_function(
            "wanted => document.getElementById('cell-place').dataset.stored === wanted",
            arg=str(stored[row, column]),
        )
        assert shown.page.inner_text("#cell-place").endswith(f"{stored[row, column]} %")


@pytest.mark.parametrize("resolution", [10, 25, 50])
def test_cells_lie_where_they_are_to_a_tenth_of_their_side(shown, published, resolution):
    shown.open().look(GRID.x[90], GRID.y[70], resolution)
    stored, image = published.stored("melt", DAY), shown.image()
    checked = 0
    for row in range(50, 90, 3):
        for column in range(60, 120, 3):
            if not 25 <= stored[row, column] <= 100:  # lighter colours let the ground through
                continue
            for east, north in ((0, 0), (-40, -40), (40, 40)):
                x, y = shown.pixel(GRID.x[column] + east, GRID.y[row] + north)
                if 60 < x < 700 and 120 < y < 700:  # beside the buttons and the legend
                    found = image[int(y), int(x)]
                    np.testing.assert_allclose(found, colours_of(stored[row, column]), atol=1.01)
                    checked += 1
    assert checked > 100


def cube_curve(published, row, column, name, year):
    cube = xr.open_zarr(published.maps.store)
    days = [np.datetime64(day) for day in days_of(year)]
    return cube[name].sel(time=days).isel(y=row, x=column).values


def test_a_curve_is_that_of_the_cube(shown, published):
    shown.open()
    for row, column in CELLS[1:3]:
        shown.click(row, column)
        data = shown.page.evaluate("page.cellChart.plot.data.map((column) => Array.from(column))")
        for at, name in ((1, "melt"), (2, "melt_low"), (3, "melt_high")):
            expected = cube_curve(published, row, column, name, 2019)
            np.testing.assert_allclose(np.array(data[at], float), expected, atol=1e-6)
        seen = cube_curve(published, row, column, "sar_age", 2019).astype("timedelta64[D]")
        seen = seen.astype(int) == 0 if seen.dtype.kind == "m" else seen == 0
        assert [value is not None for value in data[4]] == list(seen)


def test_all_seasons_of_a_cell_lie_over_one_another(shown, published):
    shown.open()
    shown.click(70, 80)
    shown.page.click("#cell-seasons")
    shown.page.wait_for_selector('#cell-chart[data-shows$="true"]')
    data = shown.page.evaluate("page.cellChart.plot.data.map((column) => Array.from(column))")
    for at, year in ((1, 2019), (2, 2020)):
        found = [value for value in data[at] if value is not None]
        np.testing.assert_allclose(found, cube_curve(published, 70, 80, "melt", year), atol=1e-6)


def test_the_curve_can_be_saved_as_csv(shown, published):
    shown.open()
    shown.click(70, 80)
    with shown.page.expect_download() as download:
        shown.page.click("#cell-csv")
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert download.value.suggested_filename == "melt_small_70_80_2019.csv"
    assert [row["date"] for row in rows] == [str(day) for day in days_of(2019)]
    assert {(float(row["x"]), float(row["y"])) for row in rows} == {(GRID.x[80], GRID.y[70])}
    lon, lat = (np.asarray(field)[70, 80] for field in GRID.lonlat())
    assert abs(float(rows[0]["lon"]) - lon) < 1e-5 and abs(float(rows[0]["lat"]) - lat) < 1e-5
    for name in ("melt", "melt_low", "melt_high"):
        found = [float(row[name]) for row in rows]
        np.testing.assert_allclose(found, cube_curve(published, 70, 80, name, 2019), atol=1e-6)


def test_the_slider_and_the_keys_choose_the_day(shown, published):
    shown.open("date=2019-06-01")
    shown.click(70, 80)
    shown.page.fill("#slider", "13")
    assert shown.state("date") == str(DAY)
    shown.drawn().page.wait_for_function(
        "wanted => document.getElementById('cell-place').dataset.stored === wanted",
        arg=str(published.stored("melt", DAY)[70, 80]),
    )
    shown.page.locator("#map").focus()
    for key, expected in (("ArrowRight", 15), ("ArrowLeft", 14), ("PageUp", 7), ("PageDown", 14)):
        shown.page.keyboard.press(key)
        assert shown.state("date") == f"2019-06-{expected:02d}"


def test_a_season_plays_to_its_end(shown):
    shown.open("date=2019-06-28")
    shown.page.click("#play")
    shown.page.wait_for_function("page.state.date === '2019-06-30' && !page.timeline.playing")
    assert shown.page.get_attribute("#play", "aria-pressed") == "false"


def test_a_link_gives_back_what_was_shown(shown):
    shown.open().look(GRID.x[60], GRID.y[70], 30)
    shown.click(70, 80)
    shown.page.select_option("#layer", "melt_high")
    for box in ("#swipe", "#outlines"):
        shown.page.check(box)
    shown.page.select_option("#region", index=1)
    shown.page.fill("#beside-date", "2020-06-03")
    shown.drawn().page.wait_for_timeout(500)
    link, state, image = shown.page.url, shown.state("valueOf()"), shown.image()
    shown.open(link.partition("#")[2])
    shown.page.wait_for_selector('#cell-chart[data-shows^="70,80/"]')
    shown.drawn().page.wait_for_timeout(500)
    assert shown.state("valueOf()") == state and shown.page.url == link
    maps = (slice(160, 700), slice(0, 900))  # without the fields above, one of which had the focus
    np.testing.assert_array_equal(shown.image()[maps], image[maps])


def test_two_days_lie_side_by_side(shown, published):
    other = dt.date(2019, 6, 20)
    shown.open(f"date={DAY}&beside=melt,{other}&split=0.5").look(GRID.x[90], GRID.y[70], 25)
    image = shown.image()
    box = shown.page.locator("#map").bounding_box()
    checked = {DAY: 0, other: 0}
    for column in range(76, 105):
        x, y = shown.pixel(GRID.x[column], GRID.y[60])
        middle = box["x"] + box["width"] / 2
        day = DAY if x < middle else other
        stored = published.stored("melt", day)[60, column]
        if 25 <= stored <= 100 and abs(x - middle) > 20:
            found = image[int(y), int(x)]
            np.testing.assert_allclose(found, colours_of(stored), atol=1.01)
            checked[day] += 1
    assert min(checked.values()) > 5


def test_every_layer_is_drawn_with_its_legend(shown):
    shown.open()
    for layer in shown.page.evaluate("page.catalogue.layers"):
        shown.page.select_option("#layer", layer["name"])
        shown.drawn()
        assert shown.page.inner_text("#legend strong") == layer["title"]
        assert shown.page.is_hidden("#problem")


def test_the_page_says_in_words_what_it_shows(shown, published):
    rows = (published.maps.published / "regions/2019.csv").read_text().splitlines()
    for day in (DAY, DAY + dt.timedelta(1), DAY + dt.timedelta(2)):
        row = next(
            r for r in csv.DictReader(rows) if r["date"] == f"{day}" and "whole" in r["region"]
        )
        share = shown.open(f"date={day}").page.inner_text("#words")
        assert f"{day.day} June 2019" in share
        assert f"{100 * float(row['mean_fraction']):.0f} % of the surface melts" in share
        said = ["the rest is inferred", "Observed by Sentinel-1", "the map is inferred"]
        assert said[day.toordinal() % 3] in share


@pytest.mark.parametrize("shown", [PHONE], indirect=True)
def test_a_phone_shows_it_without_scrolling_sideways(shown):
    shown.open()
    shown.click(70, 80)
    width = shown.page.evaluate("document.documentElement.scrollWidth")
    assert width == PHONE["width"]
    assert shown.page.is_visible("#slider") and shown.page.is_visible("#legend")


def test_a_damaged_library_is_not_run(browser, published, tmp_path):
    shutil.copytree(published.folder, tmp_path / "publish")
    library = next((tmp_path / "publish/viewer/vendor").glob("ol@*/dist/ol.js"))
    library.write_text(library.read_text() + "//")
    with FolderServer(tmp_path / "publish") as server:
        page = browser.new_page()
        page.goto(server.base)
        page.wait_for_selector("#problem:not([hidden])")
        assert "libraries" in page.inner_text("#problem")
        page.close()


@pytest.fixture(scope="module")
def full_size(published, tmp_path_factory):
    """A day of a full-size area, patches of wet snow with frayed edges, beside a page of it: a file
    half as large again as one put together from summer days of the embedded area.
    """
    grid = replace(GRID, rows=2863, columns=1633)
    rng = np.random.default_rng(3)
    noise = sum(
        weight * gaussian_filter(rng.standard_normal(grid.shape).astype("f4"), cells) * cells
        for cells, weight in ((40, 1.0), (2, 0.2))
    )
    stored = np.clip(50 + 900 * noise, 0, 100).astype(np.uint8)
    folder = tmp_path_factory.mktemp("full-size")
    shutil.copytree(published.folder / "viewer", folder / "viewer")
    shutil.copy(published.folder / "index.html", folder)
    document = json.loads((published.folder / "viewer.json").read_text())
    document["grid"] = viewer_files.grid_document(grid)
    document["layers"] = [{**document["layers"][0], "path": "melt_{date}.tif"}]
    (folder / "viewer.json").write_text(json.dumps(document))
    for day in ("2020-06-19", str(DAY)):
        cog.write_day(folder / f"melt_{day}.tif", stored, grid, PERCENT, {"date": day}, "melt")
    (folder / "melt_2019-06-01.tif").hardlink_to(folder / f"melt_{DAY}.tif")
    return folder, grid


def test_a_day_at_full_size_costs_less_than_two_megabytes(browser, full_size):
    folder, grid = full_size
    with FolderServer(folder) as server:
        context = browser.new_context(viewport={"width": 2100, "height": 3100})
        shown = Shown(context.new_page(), server.base)
        shown.open()
        middle = [(grid.left + grid.right) / 2, (grid.bottom + grid.top) / 2]
        shown.look(*middle, grid.spacing_m)  # a pixel a cell, every cell
        sent = sum(seen.sent for seen in server.seen if seen.path == f"/melt_{DAY}.tif")
        context.close()
    whole = (folder / f"melt_{DAY}.tif").stat().st_size
    assert whole / 2 < sent < 2e6
