import numpy as np
import pytest
from servers.listing import Listing
from servers.serving import Fault

from daymelt.archives.access import anonymous
from daymelt.archives.download import fetch_all
from daymelt.archives.retry import Policy
from daymelt.core.errors import ConfigError, RetrievalError
from daymelt.sources.stations.server import search
from daymelt.twin import files

QUICK = Policy(timeout_s=5, stall_s=5, attempts=3, backoff_s=0.01, longest_wait_s=1)
NAMES = ["MIT", "TAS_L"]


def write(folder, name, days):
    hours = np.datetime64("2019-05-30T00", "h") + np.arange(24 * days)
    return files.write_station(
        folder, name, hours, {"t_surf": np.linspace(-20, 0, hours.size)}, 65.7, -38.0, 400.0
    )


@pytest.fixture
def server(tmp_path):
    for name in NAMES:
        write(tmp_path / "aws/hour", name, 200)
    with Listing(tmp_path / "aws") as listing:
        yield listing


def fetch(server, folder):
    remotes = search(NAMES, f"{server.base}/hour/{{station}}_hour.nc", QUICK)
    return fetch_all(remotes, folder, anonymous("stations"), QUICK)


def test_the_files_of_the_stations_come_as_they_are(server, tmp_path):
    found = fetch(server, tmp_path / "here")
    assert [item.path.name for item in found] == ["MIT_hour.nc", "TAS_L_hour.nc"]
    for item in found:
        assert item.path.read_bytes() == (tmp_path / "aws/hour" / item.path.name).read_bytes()


def test_a_cut_file_is_resumed(server, tmp_path):
    server.faults = [Fault("MIT", cut_at=9000, after=1)]  # the first request asks for the size
    fetch(server, tmp_path / "here")
    ranges = [
        seen.headers.get("range")
        for seen in server.seen
        if seen.method == "GET" and "MIT" in seen.path
    ]
    assert ranges[0] is None and ranges[1].startswith("bytes=")


def test_what_is_there_is_not_fetched_again_unless_the_archive_has_added_to_it(server, tmp_path):
    fetch(server, tmp_path / "here")
    write(tmp_path / "aws/hour", "TAS_L", 300)
    server.seen.clear()
    again = fetch(server, tmp_path / "here")
    assert server.paths("GET") == ["/hour/TAS_L_hour.nc"]
    assert again[1].path.read_bytes() == (tmp_path / "aws/hour/TAS_L_hour.nc").read_bytes()


def test_a_station_that_the_archive_does_not_have_is_named(server, tmp_path, one_line):
    remotes = search(["NONE"], f"{server.base}/hour/{{station}}_hour.nc", QUICK)
    with pytest.raises(RetrievalError) as raised:
        fetch_all(remotes, tmp_path / "here", anonymous("stations"), QUICK)
    one_line(raised, "NONE_hour.nc", "404")


@pytest.mark.parametrize(
    "pattern",
    [
        "https://example.org/hour.nc",
        "ftp://a/{station}.nc",
        "https://a/{station}?k=1",
        "https://a:b@c/{station}",
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_asked(pattern, one_line):
    with pytest.raises(ConfigError) as raised:
        search(["MIT"], pattern, QUICK)
    one_line(raised, "archives.promice", "{station}")
    assert "k=1" not in str(raised.value) and "a:b" not in str(raised.value)
