"""Finished maps of a small area, where a run leaves them, for Python code that opens them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from steps.publish.written import GRID, OCEAN, options, stored_days, write_maps

from daymelt import cli
from daymelt.core.cube import write_layers
from daymelt.core.encoding import FLAG, HEIGHT
from daymelt.plan import places

YEARS, MODEL = (2019, 2020), "net"


@dataclass(frozen=True)
class Finished:
    """A folder with `results/small/`."""

    root: Path

    @property
    def area(self):
        return self.root / "results/small"

    def place(self, place, season=None):
        return self.root / places.at(place, area="small", model=MODEL, season=season)

    def stored(self, layer, day):
        """The stored numbers of a layer on a day of June, as they were written."""
        return stored_days(day.year)["age" if layer == "sar_age" else layer][day.day - 1]


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Maps of two seasons with what a bare run makes of them; not to be written to."""
    made = Finished(tmp_path_factory.mktemp("finished"))
    terrain = made.root / "terrain.nc"
    height = np.full(GRID.shape, 100, "f4")
    masks = {"ocean": (OCEAN.astype("f4"), FLAG), "ice": (np.ones(GRID.shape, "f4"), FLAG)}
    write_layers(terrain, {"height": (height, HEIGHT), **masks}, grid=GRID)
    cells, outlines = made.place(places.REGION_CELLS), made.place(places.REGIONS)
    run("regions", "--terrain", terrain, "--cells", cells, "--outlines", outlines)
    for year in YEARS:
        maps = write_maps(made.place(places.MAP_INDEX, year).parent, year)
        run("season-maps", "--maps", maps, "--out", made.place(places.SEASON_MAPS, year))
        out = {kind: made.place(place, year) for kind, place in places.REGION_EXTENTS.items()}
        tables = ("--out", out["csv"], "--parquet", out["parquet"])
        run("region-extents", "--maps", maps, "--cells", cells, *tables)
    return made


def run(step, *words):
    assert cli.main([step, "--options", options(), *map(str, words)]) == 0, step
