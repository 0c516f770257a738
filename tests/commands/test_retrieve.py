"""`daymelt retrieve` for a person: the files of the steps, in the places of the workflow."""

from dataclasses import replace
from pathlib import Path

import netCDF4
import pytest
from runs.small_run import SETTINGS
from servers.listing import Listing

from daymelt.commands.retrieve import periods_of
from daymelt.core.manifest import RAW, manifest_digest, read_manifest
from daymelt.settings.loading import load

MONTH = "resources/tiny/sentinel1/2019-07/manifest.json"


def said(capsys):
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("daymelt: ")]


def test_a_month_comes_to_the_place_of_the_workflow(prepared, person):
    assert person("retrieve", "sentinel1", "--month", "2019-07") == 0
    assert manifest_digest([Path(MONTH)]) == manifest_digest(
        [prepared.manifest("sentinel1/2019-07")]
    )
    assert Path(MONTH).with_name(RAW).is_dir()  # else the workflow would retrieve the month again


def test_a_dry_run_of_a_season_lists_every_month_and_the_total(person, capsys):
    assert person("retrieve", "sentinel1", "--season", 2019, "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    months = [line.split()[1] for line in lines if line.startswith("sentinel1 ")]
    assert months == [f"2019-{number:02d}" for number in (1, 2, 3, 7, 8)]
    counts = [
        int(line.split()[3])
        for line in lines
        if line.split()[2:3] == ["in"] and not line.endswith("months")
    ]
    assert lines[-1].endswith(f"in {sum(counts)} files, 5 months")
    assert not Path("resources").exists()


@pytest.mark.parametrize(
    ("winter", "expected"),
    [
        ([1, 2, 3], ["2019-01", "2019-02", "2019-03", "2019-07", "2019-08"]),
        ([12, 1], ["2018-12", "2019-01", "2019-07", "2019-08"]),
    ],
)
def test_a_season_begins_with_the_winter_before_it(winter, expected):
    changed = {"sentinel1": {"provider": "opera"}, "sar": {"winter_months": winter}}
    assert periods_of("sentinel1", load({**SETTINGS, **changed}), None, 2019) == expected


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("sentinel1",), "--month"),
        (("sentinel1", "--month", "2019-07", "--season", "2019"), "expected one of them"),
        (("sentinel1", "--month", "2019-13"), "2019-13"),
        (("mar",), "--season"),
        (("mar", "--season", "19"), "expected a year"),
        (("terrain", "--season", "2019"), "leave them out"),
        (("mar", "--season", "2019"), "live provider"),
        (("radar",), "sentinel1, microwave, mar, terrain, stations"),
        (("stations", "--adopt"), "archives.promice"),
        (("sentinel1", "--month", "2019-07", "--dry-run", "--adopt"), "leave one of them out"),
    ],
)
def test_what_cannot_be_is_told_in_one_line_with_the_remedy(person, capsys, words, remedy):
    assert person("retrieve", *words) == 2
    (line,) = said(capsys)
    assert remedy in line


def test_a_month_stands_for_its_season_where_files_come_by_the_season(person, capsys):
    assert person("retrieve", "microwave", "--month", "2019-07", "--dry-run") == 0
    of_month = capsys.readouterr().out
    assert person("retrieve", "microwave", "--season", "2019", "--dry-run") == 0
    assert of_month == capsys.readouterr().out and "20190801" in of_month


@pytest.fixture
def untidy(archive):
    """The archive with older processings beside the newest, and granules of another polarisation
    instead.
    """
    plain, archive.listing, archive._catalogue = (
        archive.listing,
        replace(archive.listing, older=3, replaced=5),
        (-1e9, []),
    )
    yield archive
    archive.listing, archive._catalogue = plain, (-1e9, [])


def test_granules_that_were_passed_over_are_in_the_manifest_with_the_reason(untidy, person):
    assert person("retrieve", "sentinel1", "--month", "2019-07") == 0
    manifest = read_manifest(Path(MONTH))
    taken = {item.id for item in manifest["files"]}
    assert {item["reason"].split(" by ")[0] for item in manifest["passed_over"]} == {
        "superseded",
        "without hh",
    }
    assert not taken & {item["id"] for item in manifest["passed_over"]}
    assert {
        item["reason"].split(" by ")[1]
        for item in manifest["passed_over"]
        if " by " in item["reason"]
    } <= taken


def test_a_5_km_file_without_the_variable_is_named_in_the_manifest_and_not_fetched_again(
    prepared, person, tmp_path
):
    shelf = tmp_path / "shelf"
    for km in (5, 10):
        (shelf / f"{km}km").mkdir(parents=True)
        source = next(prepared.manifest("mar").parent.glob("MAR*.nc"))
        (shelf / f"{km}km" / source.name.replace("-5km-", f"-{km}km-")).write_bytes(
            source.read_bytes()
        )
    (lacking,) = (shelf / "5km").iterdir()
    with netCDF4.Dataset(lacking, "a") as file:
        file.renameVariable("WA1", "ME")
    with Listing(shelf) as server:
        addresses = {"mar_5km": f"{server.base}/5km/", "mar_10km": f"{server.base}/10km/"}
        for _ in range(2):
            assert (
                person(
                    "retrieve",
                    "mar",
                    "--season",
                    2019,
                    mar={"provider": "mar-http"},
                    archives=addresses,
                )
                == 0
            )
            manifest = read_manifest(Path("resources/tiny/mar/2019/manifest.json"))
            assert [item["path"] for item in manifest["lacking"]] == [lacking.name]
            assert [item.path for item in manifest["files"]] == [
                lacking.name.replace("-5km-", "-10km-")
            ]
        assert server.paths("GET").count(f"/5km/{lacking.name}") == 1
