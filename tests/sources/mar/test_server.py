import datetime as dt
import json
import logging
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.listing import Listing
from servers.serving import Fault

from daymelt.archives.retry import Policy
from daymelt.core.errors import ConfigError, FormatError, MissingInputError, RetrievalError
from daymelt.sources.mar import server
from daymelt.sources.mar.files import open_mar
from daymelt.twin import files

QUICK = Policy(timeout_s=5, stall_s=5, attempts=3, backoff_s=0.01, longest_wait_s=1)
FIRST, LAST = dt.date(2019, 5, 1), dt.date(2019, 9, 30)
X, Y = np.arange(0, 40, 5.0), np.arange(0, -30, -5.0)
LON, LAT = np.meshgrid(np.linspace(-40, -38, X.size), np.linspace(67, 65, Y.size))


def write(folder, name, variable="WA1"):
    """A yearly file under some name, with some variable."""
    folder.mkdir(parents=True, exist_ok=True)
    fixed = (LON, LAT, np.full(LON.shape, 800.0), np.full(LON.shape, 100.0))
    made = files.write_mar(
        folder / "made", 2019, [FIRST], np.full((1, *LON.shape), 0.02, np.float32), X, Y, *fixed
    )
    if variable != "WA1":
        with netCDF4.Dataset(made, "a") as file:
            file.renameVariable("WA1", variable)
    shutil.move(made, folder / name)
    made.parent.rmdir()
    return folder / name


@pytest.fixture
def shelf(tmp_path):
    for km in (5, 10):
        (tmp_path / "shelf" / f"{km}km").mkdir(parents=True)
    return tmp_path / "shelf"


@pytest.fixture(params=["apache", "nginx"])
def listing(request, shelf):
    with Listing(shelf, request.param) as listing:
        yield listing


def options(listing, **changes):
    return server.MarOptions(
        f"{listing.base}/5km/", f"{listing.base}/10km/", policy=QUICK, **changes
    )


def retrieve(folder, wanted):
    """Search the year and fetch what is found."""
    return server.retrieve(server.search(FIRST, LAST, wanted, folder), folder, wanted)


def test_the_newest_minor_version_of_a_year_is_found(shelf, listing):
    for name in (
        "MARv3.14.3-5km-daily-ERA5-2019.nc",
        "MARv3.14.10-5km-daily-ERA5-2019.nc",
        "MARv3.14-5km-daily-ERA5-2019.nc",
    ):
        (shelf / "5km" / name).write_bytes(b"x" * 7)
    for name in (
        "MARv3.15.1-5km-daily-ERA5-2019.nc",
        "MARv3.14.99-5km-daily-ERA5-2018.nc",
        "MARv3.14.99-5km-daily-ERA5-2019.nc.part",
    ):
        (shelf / "5km" / name).write_bytes(b"x")
    (remote,) = server.search(FIRST, LAST, options(listing))
    assert remote.path == "MARv3.14.10-5km-daily-ERA5-2019.nc"
    assert remote.url == f"{listing.base}/5km/{remote.path}"
    assert (remote.size, remote.kind, remote.version) == (7, "netcdf", "3.14.10")
    assert (listing.paths("HEAD"), "GET") == ([f"/5km/{remote.path}"], "GET")


@given(minors=st.lists(st.integers(0, 30), min_size=1, max_size=6, unique=True), seed=st.randoms())
def test_versions_are_numbers_not_letters(minors, seed):
    names = [f"MARv3.14.{minor}-5km-daily-ERA5-2019.nc" for minor in minors] + [
        "MARv3.140.99-5km-daily-ERA5-2019.nc",
        "index.html",
    ]
    seed.shuffle(names)
    assert server.newest(names, "3.14", 5) == {
        2019: f"MARv3.14.{max(minors)}-5km-daily-ERA5-2019.nc"
    }
    assert server.newest(names, "3.14", 10) == {}


def test_every_year_is_listed_in_order_at_the_finest_spacing_there_is(shelf, listing, caplog):
    for km, year in ((5, 2018), (10, 2018), (10, 2019), (5, 2020)):
        (shelf / f"{km}km" / f"MARv3.14.3-{km}km-daily-ERA5-{year}.nc").write_bytes(b"x")
    with caplog.at_level(logging.INFO):
        found = server.search(dt.date(2018, 1, 1), dt.date(2020, 1, 1), options(listing))
    assert [(remote.path[9:13], remote.path[-7:-3]) for remote in found] == [
        ("3-5k", "2018"),
        ("3-10", "2019"),
        ("3-5k", "2020"),
    ]
    assert "2019: no 5 km file" in caplog.text


def test_without_a_5_km_folder_the_10_km_one_serves(shelf, listing):
    (shelf / "5km").rmdir()
    (shelf / "10km" / "MARv3.14.3-10km-daily-ERA5-2019.nc").write_bytes(b"x")
    assert [remote.path for remote in server.search(FIRST, LAST, options(listing))] == [
        "MARv3.14.3-10km-daily-ERA5-2019.nc"
    ]


def test_a_year_that_nobody_has_is_told_with_the_settings(shelf, listing, one_line):
    (shelf / "10km" / "MARv3.14.3-10km-daily-ERA5-2017.nc").write_bytes(b"x")
    with pytest.raises(RetrievalError) as raised:
        server.search(FIRST, LAST, options(listing))
    one_line(
        raised, "2019", f"{listing.base}/5km/", f"{listing.base}/10km/", "2017", "archives.mar_5km"
    )


ELSEWHERE = [
    "../10km/MARv3.14.99-5km-daily-ERA5-2019.nc",
    "http://example.org/5km/MARv3.14.99-5km-daily-ERA5-2019.nc",
    "//example.org/MARv3.14.99-5km-daily-ERA5-2019.nc",
    "/MARv3.14.99-5km-daily-ERA5-2019.nc",
    "below/MARv3.14.99-5km-daily-ERA5-2019.nc",
    "file:///MARv3.14.99-5km-daily-ERA5-2019.nc",
    "MARv3.14.99-5km-daily-ERA5-2019.nc?token=1",
]


@pytest.mark.parametrize("link", ELSEWHERE)
def test_a_name_that_leads_elsewhere_is_refused(shelf, listing, one_line, link):
    (shelf / "5km" / "MARv3.14.3-5km-daily-ERA5-2019.nc").write_bytes(b"x")
    listing.extra = [(link, "MARv3.14.99")]
    with pytest.raises(FormatError) as raised:
        server.search(FIRST, LAST, options(listing))
    one_line(raised, f"{listing.base}/5km/", "leads to")


@pytest.mark.parametrize(
    "link",
    [
        "..%2F..%2FMARv3.14.99-5km-daily-ERA5-2019.nc",
        "javascript:void(0)",
        "http://[",
        "mailto:a@b",
        "",
        "?C=N;O=D",
    ],
)
def test_other_links_of_a_page_are_passed_over(shelf, listing, link):
    (shelf / "5km" / "MARv3.14.3-5km-daily-ERA5-2019.nc").write_bytes(b"x")
    listing.extra = [(link, "something")]
    assert [remote.version for remote in server.search(FIRST, LAST, options(listing))] == ["3.14.3"]


@given(
    page=st.text(
        alphabet=st.sampled_from(list('<>a href="/.&;#x-?=!MAR\n')) | st.characters(), max_size=200
    )
)
def test_no_page_breaks_the_parser(page):
    for name in server.file_names(page, "http://example.org/mar/"):
        assert "/" not in name


def test_a_link_from_the_root_and_an_encoded_name_are_of_this_folder():
    folder = "http://example.org/mar/"
    page = '<a href="/mar/MARv3.14.3-5km-daily-ERA5-2019.nc">x</a><A HREF=a%20b.nc>y</A>'
    assert server.file_names(page, folder) == ["MARv3.14.3-5km-daily-ERA5-2019.nc", "a b.nc"]


def test_a_size_that_is_not_told_is_unknown(shelf, listing):
    (shelf / "5km" / "MARv3.14.3-5km-daily-ERA5-2019.nc").write_bytes(b"x")
    listing.head = False
    assert server.search(FIRST, LAST, options(listing))[0].size is None


def test_a_busy_server_is_asked_again_and_one_that_stays_so_is_told(shelf, listing, one_line):
    (shelf / "5km" / "MARv3.14.3-5km-daily-ERA5-2019.nc").write_bytes(b"xy")
    listing.faults = [Fault("/5km/", status=503), Fault(".nc", status=500)]
    assert server.search(FIRST, LAST, options(listing))[0].size == 2
    listing.faults = [Fault("/5km/", None, status=503)]
    with pytest.raises(RetrievalError) as raised:
        server.search(FIRST, LAST, options(listing))
    one_line(raised, f"{listing.base}/5km/", "503")


def test_the_5_km_file_is_fetched_where_it_holds_the_variable(shelf, listing, tmp_path):
    source = write(shelf / "5km", "MARv3.14.3-5km-daily-ERA5-2019.nc")
    write(shelf / "10km", "MARv3.14.3-10km-daily-ERA5-2019.nc")
    (came,) = retrieve(tmp_path / "out", options(listing))
    assert came.path.read_bytes() == source.read_bytes()
    with open_mar(came.path) as mar:
        assert mar.dates == (FIRST,)


def test_a_5_km_file_without_the_variable_gives_way_to_10_km_with_a_word(
    shelf, listing, tmp_path, caplog
):
    write(shelf / "5km", "MARv3.14.3-5km-daily-ERA5-2019.nc", "ME")
    source = write(shelf / "10km", "MARv3.14.3-10km-daily-ERA5-2019.nc")
    with caplog.at_level(logging.INFO):
        (came,) = retrieve(tmp_path / "out", options(listing))
    assert came.path.name == source.name and came.path.read_bytes() == source.read_bytes()
    assert "MARv3.14.3-5km-daily-ERA5-2019.nc has no WA1; taking 10 km" in caplog.text
    assert [path.name for path in (tmp_path / "out").glob("*.nc")] == [source.name]
    (came,) = retrieve(tmp_path / "me", options(listing, variable="ME"))
    assert "5km" in came.path.name


def test_where_no_file_holds_the_variable_the_user_is_told(shelf, listing, tmp_path, one_line):
    write(shelf / "5km", "MARv3.14.3-5km-daily-ERA5-2019.nc", "ME")
    for _ in range(2):
        with pytest.raises(MissingInputError) as raised:
            retrieve(tmp_path / "out", options(listing))
        one_line(raised, "no variable WA1", "found ME", "daily one of 10 km")
        write(shelf / "10km", "MARv3.14.3-10km-daily-ERA5-2019.nc", "ME")


def test_a_page_instead_of_a_file_does_not_get_its_name(shelf, listing, tmp_path):
    write(shelf / "5km", "MARv3.14.3-5km-daily-ERA5-2019.nc")
    remotes = server.search(FIRST, LAST, options(listing))
    listing.faults = [
        Fault(".nc", None, after=1, status=200, body=b"<html><body>moved</body></html>")
    ]
    with pytest.raises(Exception, match=r"page came instead|bytes, expected"):
        retrieve(tmp_path / "out", options(listing))
    assert not (tmp_path / "out" / remotes[0].path).exists()


@pytest.mark.parametrize(
    "folder",
    [
        "ftp://example.org/",
        "/data/mar/",
        "http://me:secret@example.org/",
        "http://example.org/?sig=secret",
    ],
)
def test_a_folder_that_is_no_plain_address_is_refused(one_line, folder):
    with pytest.raises(ConfigError) as raised:
        server.MarOptions(folder_10km=folder)
    one_line(raised, "MAR folder")
    assert "secret" not in str(raised.value)


def test_a_folder_is_one_with_and_without_its_last_slash(shelf, listing):
    (shelf / "5km" / "MARv3.14.3-5km-daily-ERA5-2019.nc").write_bytes(b"x")
    plain = options(listing)
    assert server.search(
        FIRST, LAST, replace(plain, folder_5km=plain.folder_5km[:-1])
    ) == server.search(FIRST, LAST, plain)


def test_the_listing_serves_from_the_command_line(shelf):
    (shelf / "5km" / "MARv3.14.3-5km-daily-ERA5-2019.nc").write_bytes(b"x")
    command = [
        sys.executable,
        "-m",
        "servers.listing",
        str(shelf),
        "--style",
        "nginx",
        "--seconds",
        "20",
    ]
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        base = json.loads(process.stdout.readline())["base"]
        found = server.search(
            FIRST, LAST, server.MarOptions(f"{base}5km/", f"{base}10km/", policy=QUICK)
        )
        assert [remote.size for remote in found] == [1]
        process.stdin.close()
        assert process.wait(10) == 0


def test_one_day_of_a_remote_file_is_read_by_ranges_as_from_the_whole_file(shelf, tmp_path):
    days = [FIRST + dt.timedelta(n) for n in range(200)]
    rng = np.random.default_rng(0)
    water = rng.random((len(days), *LON.shape), np.float32) / 50
    fixed = (LON, LAT, np.full(LON.shape, 800.0), np.full(LON.shape, 100.0))
    made = files.write_mar(shelf / "5km", 2019, days, water, X, Y, *fixed)
    with netCDF4.Dataset(made, "a") as file:  # what a rehearsal has no use for
        time, _, *place = file["WA1"].dimensions
        file.createVariable("SMB", "f8", (time, *place))[:] = rng.random((200, *LON.shape))
    with Listing(shelf) as listing:
        (remote,) = server.search(days[0], days[0], options(listing))
        path = server.fetch_day(remote, days[40], "WA1", tmp_path / "here", 30)
    with open_mar(path) as part, open_mar(made) as whole:
        assert part.dates == (days[40],)
        np.testing.assert_array_equal(part.read(days[40]), whole.read(days[40]))
        for name in ("lon", "lat", "x", "y", "height", "mask"):
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name))
    assert path.stat().st_size < made.stat().st_size / 4


@pytest.mark.parametrize(
    ("day", "variable", "told"),
    [(LAST, "WA1", "no day 2019-09-30"), (FIRST, "ME", "no variable ME")],
)
def test_a_day_or_a_variable_that_a_remote_file_lacks_is_told(
    shelf, tmp_path, one_line, day, variable, told
):
    name = write(shelf / "5km", "MARv3.14.3-5km-daily-ERA5-2019.nc").name
    with Listing(shelf) as listing:
        (remote,) = server.search(FIRST, FIRST, options(listing))
        with pytest.raises(MissingInputError) as raised:
            server.fetch_day(remote, day, variable, tmp_path / "here", 30)
    one_line(raised, name, told)
    assert not list((tmp_path / "here").glob("*"))
