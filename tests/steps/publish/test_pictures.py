"""Animation and contact sheet of a season, as a reader decodes them, against the maps."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from steps.publish.finished_maps import GRID, Maps, days_of, stored_of

from daymelt.core import cube
from daymelt.core.encoding import FLAG
from daymelt.products.colours import MELT_RAMP, VERMILION
from daymelt.products.season_animation import HEAD, LEFT

OCEAN, MISSING, NEVER = "#c9ced3", "#b3ab9c", "#e69f00"
ZOOM = 4  # pixels a cell of the small maps
YEAR, DAYS = 2019, days_of(2019)
BARE = (slice(100, 110), slice(90, 100))  # land without data on some days


class Season:
    """A season whose pictures are drawn."""

    def __init__(self, maps):
        self.maps = maps
        self.terrain = maps.root / "terrain.nc"
        self.extents = maps.root / "2019.csv"
        self.animation, self.sheet = maps.root / "out/2019.webp", maps.root / "out/2019.png"

    def write_terrain(self, grid=GRID):
        ocean, ice = (np.zeros(grid.shape, np.float32) for _ in range(2))
        ocean[:, :20], ice[:70, 20:] = 1, 1
        layers = {"ocean": (ocean, FLAG), "ice": (ice, FLAG)}
        cube.write_layers(self.terrain, layers, grid=grid)

    def write_extents(self, days=DAYS):
        rows = [
            f"{day},whole area,{10 + 3 * n}.5,{5 + n},{20 + 4 * n}" for n, day in enumerate(days)
        ]
        head = "date,region,melt_extent_km2,melt_extent_low_km2,melt_extent_high_km2"
        self.extents.write_text("\n".join([head, *rows]) + "\n")

    def draw(self, **terms):
        return self.maps.run(
            *("season-pictures", "--maps", self.maps.index(YEAR), "--extents", self.extents),
            *("--terrain", self.terrain, "--animation", self.animation, "--sheet", self.sheet),
            **terms,
        )


def prepared(maps):
    season = Season(maps)
    season.write_terrain()
    season.write_extents()
    return season


@pytest.fixture(scope="module")
def made(written, tmp_path_factory):
    """A drawn season; no test changes it."""
    maps = Maps(tmp_path_factory.mktemp("pictures"))
    shutil.copytree(written.root, maps.root, dirs_exist_ok=True, copy_function=shutil.copy2)
    bare = stored_of("melt", DAYS[9])
    bare[BARE] = 255
    maps.write_map("melt", DAYS[9], bare)
    gap = {"first": str(DAYS[2]), "last": str(DAYS[3])}
    maps.list(YEAR, filled={str(DAYS[6]): "MAR: linear in time"}, sar_gaps=[gap])
    season = prepared(maps)
    assert season.draw() == 0
    return season


def frame(season, place):
    with Image.open(season.animation) as film:
        film.seek(place)
        return np.asarray(film.convert("RGB")).astype(int)


def colour_of(percent):
    """Colour of a percent, mixed from the stops of the style, each channel to the nearest 1."""
    values, colours, _ = zip(*MELT_RAMP, strict=True)
    channels = np.array([to_rgb(colour) for colour in colours]).T * 255
    return [np.interp(percent / 100, values, channel) for channel in channels]


def pixel_of(row, column):
    return HEAD + ZOOM * row + ZOOM // 2, LEFT + ZOOM * column + ZOOM // 2


def duration(film, place):
    """Milliseconds of a frame, which Pillow reads with it."""
    film.seek(place)
    film.load()
    return film.info["duration"]


def test_an_animation_has_a_frame_a_day_and_repeats(made):
    with Image.open(made.animation) as film:
        assert film.n_frames == len(DAYS) and film.info["loop"] == 0
        assert film.width == 900
        times = [duration(film, place) for place in range(film.n_frames)]
    assert times[-1] > 5 * times[0] and set(times[:-1]) == {times[0]}


@pytest.mark.parametrize("place", [0, 13, 29])
def test_the_pixels_of_a_cell_have_the_colour_of_its_percent(made, place):
    image, stored = frame(made, place), stored_of("melt", DAYS[place])
    for row, column in ((3, 21), (44, 130), (90, 80), (149, 139)):
        found = image[pixel_of(row, column)]
        assert np.abs(found - colour_of(stored[row, column])).max() <= 0.51, (row, column)


def test_all_pixels_of_the_maps_are_in_the_legend(made):
    image = frame(made, 9)
    shown = image[HEAD : HEAD + 150 * ZOOM, LEFT : LEFT + 140 * ZOOM].reshape(-1, 3)
    beside = image[HEAD : HEAD + 600, LEFT + 140 * ZOOM + 2 :].reshape(-1, 3)
    assert set(map(tuple, shown)) <= set(map(tuple, beside))


def rgb(name):
    return list(np.rint(255 * np.array(to_rgb(name))).astype(int))


def test_ocean_land_without_data_and_cells_never_seen_can_be_told_apart(made):
    image = frame(made, 9)
    assert list(image[pixel_of(70, 5)]) == rgb(OCEAN)
    assert list(image[pixel_of(105, 95)]) == rgb(MISSING)
    part = image[HEAD + 50 * ZOOM : HEAD + 60 * ZOOM, LEFT + 20 * ZOOM : LEFT + 140 * ZOOM]
    never = (part == rgb(NEVER)).all(axis=2)
    assert 0.15 < never.mean() < 0.35
    elsewhere = image[HEAD + 62 * ZOOM : HEAD + 149 * ZOOM, LEFT : LEFT + 140 * ZOOM]
    assert not (elsewhere == rgb(NEVER)).all(axis=2).any()


def test_a_marker_moves_along_the_curve_a_day_at_a_time(made):
    places = []
    for number in range(0, 30, 7):
        below = frame(made, number)[HEAD + 150 * ZOOM + 40 :]
        marker = (below == rgb(VERMILION)).all(axis=2)
        columns = np.flatnonzero(marker.sum(axis=0) > 100)
        assert columns.size == 2  # px of the line
        places.append(float(columns.mean()))
    steps = np.diff(places)
    assert (steps > 100).all() and np.ptp(steps) <= 1


def test_the_words_of_a_frame_change_with_the_day(made):
    words = [
        frame(made, number)[HEAD : HEAD + 200, LEFT + 140 * ZOOM + 10 :] for number in (1, 2, 6)
    ]
    assert not np.array_equal(words[0], words[1])
    colours = [(part == rgb(VERMILION)).all(axis=2).any() for part in words]
    assert colours == [False, True, True]  # a note in a long gap, and of a filled input


def test_a_sheet_has_a_map_of_every_day(made):
    with Image.open(made.sheet) as file:
        image = np.asarray(file).astype(int)
        assert "every day from 2019-06-01 to 2019-06-30" in file.text["Description"]
    lines = (image == rgb(VERMILION)).all(axis=2).sum(axis=1)
    assert lines.max() == 3 * 56  # below the days with a note
    row = int(np.flatnonzero(lines == lines.max())[0]) - 10
    left = np.flatnonzero((image[row] == rgb(OCEAN)).all(axis=1))
    starts = left[np.diff(left, prepend=-9) > 1]
    assert len(starts) == 30 and set(np.diff(starts)) == {62}


def test_equal_maps_give_equal_bytes(made, tmp_path):
    again = Season(made.maps)
    again.animation, again.sheet = tmp_path / "again.webp", tmp_path / "again.png"
    assert again.draw() == 0
    for one, other in ((made.animation, again.animation), (made.sheet, again.sheet)):
        assert one.read_bytes() == other.read_bytes()


def test_an_animation_says_in_words_what_it_shows(made):
    with Image.open(made.animation) as film:
        assert "small from 2019-06-01 to 2019-06-30" in film.getexif()[270]


def test_maps_without_an_interval_are_drawn(maps):
    season = prepared(maps)
    maps.list(YEAR, layers=("melt", "sar_age"))
    text = season.extents.read_text().splitlines()
    season.extents.write_text("\n".join(line.rsplit(",", 2)[0] for line in text) + "\n")
    assert season.draw() == 0 and season.sheet.is_file()


def check_refused(season, stopped, *parts, **terms):
    stopped(season.draw(**terms), *parts)
    assert not season.animation.exists() and not season.sheet.exists()


def test_a_map_of_another_run_is_refused(maps, stopped):
    season = prepared(maps)
    maps.write_map("melt", DAYS[8], stored_of("melt", DAYS[8], seed=1))
    check_refused(season, stopped, maps.path("melt", DAYS[8]), "map the season again")


def test_a_day_without_a_map_or_an_extent_is_refused(maps, stopped):
    season = prepared(maps)
    season.write_extents(DAYS[:-1])
    check_refused(season, stopped, season.extents, DAYS[-1])
    season.extents.unlink()
    check_refused(season, stopped, season.extents, "not found")
    season.write_extents()
    content = json.loads(maps.index(YEAR).read_text())
    content["files"] = [file for file in content["files"] if str(DAYS[4]) not in file["path"]]
    maps.index(YEAR).write_text(json.dumps(content))
    check_refused(season, stopped, maps.index(YEAR), DAYS[4])


def test_terrain_of_another_grid_is_refused(maps, stopped):
    season = prepared(maps)
    season.write_terrain(replace(GRID, left=GRID.left + 50))
    check_refused(season, stopped, season.terrain, "expected")


def test_a_full_disk_ends_in_one_line(maps, stopped, mount_small_disk):
    season, disk = prepared(maps), mount_small_disk("64k")
    season.animation = disk / "2019.webp"
    check_refused(season, stopped, disk, "no space left")
    assert not [path for path in disk.rglob("*") if ".part" in path.name]


# the figure of all seasons


def test_seasons_are_drawn_in_order_whatever_the_order_of_the_tables(maps, step):
    season, other = prepared(maps), maps.root / "2020.csv"
    text = season.extents.read_text()
    other.write_text(text.replace("2019-", "2020-"))
    options = json.dumps({"area": {"name": "small"}, "season_maps": {"least_seasons": 2}})
    digests = []
    for order in ((season.extents, other), (other, season.extents)):
        out = maps.root / "melt_extent.png"
        words = ("--extents", *order, "--out", out)
        assert step("extent-figure", "--options", options, *words) == 0
        digests.append(hashlib.sha256(out.read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_a_table_that_is_none_is_refused(tmp_path, step, refused):
    table = tmp_path / "2019.csv"
    table.write_text("nothing\n")
    out = tmp_path / "out.png"
    options = json.dumps({"area": {"name": "small"}, "season_maps": {}})
    status = step("extent-figure", "--options", options, "--extents", table, "--out", out)
    refused(status, out, table, "delete it")
