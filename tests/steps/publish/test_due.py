"""What the new map of a day touches among all published files, when every step that it makes due
has run; `tests/test_workflow.py` says which these are.
"""

import hashlib
import re
import shutil

import pytest
from steps.publish.finished_maps import LAYERS, YEARS, Maps, days_of, stored_of

from daymelt.products.conventions import CHUNK

DAY = days_of(2020)[20]
EVERY = [day for year in YEARS for day in days_of(year)]
BLOCK = EVERY.index(DAY) // CHUNK[0]
# what is of the day, of its season, of all seasons together, and what lists them
OF_DAY = {f"maps/2020/melt_{DAY}.tif", f"maps/2020/{DAY}.json"}
OF_SEASON = {
    "netcdf/small_2020.nc",
    "maps/2020/collection.json",
    "seasons/2020/index.json",
    "seasons/2020/item.json",
    "seasons/2020/melt_days_2020.tif",
}
OF_ALL = {
    "items.parquet",
    "collection.json",
    "climatology/index.json",
    "climatology/item.json",
    "climatology/melt_sum_mean.tif",
}
SHARDS = {f"small.zarr/{layer}/c/{BLOCK}/0/0" for layer in LAYERS}
RECORDS = {"small.zarr/zarr.json", "small.zarr/map_digest/c/0"}
REST = re.compile(
    r"seasons/2020/\w+_2020\.(tif|qml)|climatology/[^/]+|cube\.json"
    r"|small\.zarr/seasons/(\w+/c/1/0/0|map_digest/c/0|zarr\.json)"
    r"|small\.zarr/climatology/.+"
)


def state(maps):
    """Identity, time and content of every file that is published, by its name."""
    return {
        str(path.relative_to(maps.published)): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in maps.published.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def published(written, tmp_path):
    maps = Maps(tmp_path)
    shutil.copytree(written.root, maps.root, dirs_exist_ok=True, copy_function=shutil.copy2)
    for year in YEARS:
        maps.write_dry_ends(year)
    maps.season_maps()
    done = [maps.stac_season_maps(), maps.cube(seasons=True)]
    for year in YEARS:
        done += [maps.season_file(year), maps.stac_season(year)]
    assert not any([*done, maps.stac_area()])
    return maps


def test_a_new_map_of_a_day_touches_its_own_products_and_nothing_else(published):
    before = state(published)
    catalogue = published.root / "publish/catalog.json"
    written_at = catalogue.stat().st_mtime_ns
    published.write_map("melt", DAY, stored_of("melt", DAY, seed=40))
    published.list(2020)
    lists = [published.season_list(year) for year in YEARS]
    done = [
        published.run("season-maps", "--maps", published.index(2020), "--out", lists[1]),
        published.run("climatology", "--maps", *lists, "--out", published.climatology_list),
        published.stac_season_maps(),
        published.cube(seasons=True),
        published.season_file(2020),
        published.stac_season(2020),
        published.stac_area(),
    ]
    assert not any(done)
    after = state(published)
    assert after.keys() == before.keys()
    changed = {name for name, file in after.items() if before[name] != file}
    named = OF_DAY | OF_SEASON | OF_ALL | SHARDS | RECORDS
    assert named - changed == set()
    assert {name for name in changed - named if not REST.fullmatch(name)} == set()
    assert catalogue.stat().st_mtime_ns == written_at
