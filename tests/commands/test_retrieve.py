"""`daymelt retrieve` for a person: the files of the steps, in the places of the workflow."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import netCDF4
import pytest
from runs.small_run import SETTINGS
from servers.listing import Listing

from daymelt.commands.retrieve import periods_of
from daymelt.core.errors import ConfigError
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


@pytest.mark.parametrize(
    ("source", "period", "told"),
    [
        ("sentinel1", "--season 2018", "--season 2018: expected a year of seasons.years, 2019"),
        ("mar", "--season 2018", "--season 2018: expected a year of seasons.years, 2019"),
        ("microwave", "--season 2099", "--season 2099: expected a year of seasons.years, 2019"),
        ("sentinel1", "--month 2018-07", "--month 2018-07: expected a month that the settings"),
        ("sentinel1", "--month 2019-11", "1, 2, 3, 7, 8 of the seasons 2019"),
        ("mar", "--month 2019-01", "retrieve, 7, 8 of the seasons 2019"),
        ("microwave", "--month 2099-07", "--month 2099-07: expected a month that the settings"),
    ],
)
def test_a_period_that_the_settings_do_not_retrieve_is_refused(
    person, capsys, source, period, told
):
    assert person("retrieve", source, *period.split(), "--dry-run") == 2
    (line,) = said(capsys)
    assert told in line
    assert not Path("resources").exists()


LATER = {"seasons": {"years": [2019, 2020], "months": [7, 8]}, "sentinel1": {"provider": "opera"}}


@pytest.mark.parametrize("source", ["sentinel1", "microwave", "mar"])
def test_a_period_that_has_not_begun_is_refused_for_every_source(source, one_line):
    config, today = load({**SETTINGS, **LATER}), dt.date(2020, 7, 20)
    with pytest.raises(ConfigError) as refusal:
        periods_of(source, config, "2020-08", None, today)
    one_line(refusal, "--month 2020-08: has not begun")
    assert periods_of(source, config, "2020-07", None, today)
    with pytest.raises(ConfigError) as refusal:
        periods_of(source, config, None, 2020, dt.date(2019, 6, 1))
    one_line(refusal, "--season 2020: has not begun")


def test_a_running_season_is_its_months_that_have_begun():
    config = load({**SETTINGS, **LATER})
    found = periods_of("sentinel1", config, None, 2020, dt.date(2020, 7, 20))
    assert found == ["2020-01", "2020-02", "2020-03", "2020-07"]
    assert periods_of("mar", config, None, 2020, dt.date(2020, 7, 20)) == ["2020"]


def test_a_winter_month_before_new_year_belongs_to_the_season_after_it():
    winter = {"provider": "nsidc-0630", "winter_months": [12, 1]}
    config = load({**SETTINGS, "microwave": winter})
    assert periods_of("microwave", config, "2018-12", None) == ["2019"]


def test_published_melt_fractions_are_retrieved_without_a_winter():
    config = load({**SETTINGS, "sentinel1": {"provider": "meltwaterbench"}})
    assert periods_of("sentinel1", config, None, 2019) == ["2019-07", "2019-08"]


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
