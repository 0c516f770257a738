"""`daymelt view` over real HTTP on the loopback address."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from daymelt import cli
from daymelt.commands import view

CONTENT = bytes(range(256)) * 1000
TYPES = {
    "map.tif": "image/tiff",
    "a/zarr.json": "application/json",
    "a/c/0/0": "application/octet-stream",
    "items.parquet": "application/vnd.apache.parquet",
    "page.js": "text/javascript; charset=utf-8",
    "day.nc": "application/netcdf",
    "day.webp": "image/webp",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    root = tmp_path_factory.mktemp("view") / "results"
    folder = root / "small/publish"
    for name in TYPES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(CONTENT)
    (root / "small/secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(root / "small/secret.txt")
    (folder / "up").symlink_to(root / "small")
    os.link(root / "small/secret.txt", folder / "second_name.txt")
    return root


@contextmanager
def running(results, *words, **environment):
    """The command as a process of its own, and the first line that it prints."""
    kept = {name: value for name, value in os.environ.items() if name != "SSH_CONNECTION"}
    command = [sys.executable, "-m", "daymelt", "view", "small", "--results", str(results)]
    process = subprocess.Popen(
        [*command, "--no-browser", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=results.parent,
        env={**kept, **environment},
    )
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def port_of(line):
    return int(line.split("http://127.0.0.1:")[1].split("/")[0])


@pytest.fixture(scope="module")
def port(results):
    with running(results, "--port", "0") as (_, line):
        yield port_of(line)


@pytest.fixture
def ask(port):
    """Function that sends a request exactly as it is given."""

    def ask(path, method="GET", host=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection._validate_path = lambda url: None  # paths that clients do not send
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host or f"127.0.0.1:{port}")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    return ask


@pytest.mark.parametrize("name", TYPES)
def test_files_are_served_whole_with_their_type(ask, name):
    answer, content = ask(f"/{name}")
    assert (answer.status, content) == (200, CONTENT)
    assert answer.headers["Content-Type"] == TYPES[name]
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert not answer.headers["Access-Control-Allow-Origin"]


def test_a_second_name_of_a_file_is_served(ask):
    assert ask("/second_name.txt")[1] == b"secret"


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=100-299", slice(100, 300)),
        ("bytes=255990-", slice(255990, None)),
        ("bytes=-10", slice(-10, None)),
        ("bytes=-999999999", slice(None)),
        ("bytes=255999-99999999999", slice(255999, None)),
    ],
)
def test_a_range_gives_its_bytes(ask, asked, part):
    answer, content = ask("/map.tif", Range=asked)
    assert (answer.status, content) == (206, CONTENT[part])
    first, last, _ = part.indices(len(CONTENT))
    assert answer.headers["Content-Range"] == f"bytes {first}-{last - 1}/{len(CONTENT)}"


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=999999-1000000", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(ask, asked):
    answer, content = ask("/map.tif", Range=asked)
    assert answer.status == 416 and not content
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    "asked", ["bytes=9-3", "bytes=x-y", "bytes=", "bytes=--5", "rows=0-5", "x", "bytes=1-2=3"]
)
def test_odd_ranges_give_no_part_that_was_not_asked_for(ask, asked):
    answer, content = ask("/map.tif", Range=asked)
    assert answer.status in (400, 416) or (answer.status, content) == (200, CONTENT)


def test_several_ranges_come_in_one_answer(ask):
    answer, content = ask("/map.tif", Range="bytes=0-3,1000-1003")
    assert answer.status == 206 and CONTENT[1000:1004] in content
    assert answer.headers["Content-Type"].startswith("multipart/byteranges")


def test_head_gives_the_headers_alone(ask):
    answer, content = ask("/map.tif", "HEAD")
    assert (answer.status, content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))


def test_what_the_browser_has_is_not_sent_again(ask):
    tag = ask("/map.tif")[0].headers["ETag"]
    answer, content = ask("/map.tif", **{"If-None-Match": tag})
    assert (answer.status, content) == (304, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_other_methods_are_refused(ask, method):
    answer, _ = ask("/map.tif", method, **{"Content-Length": "0"})
    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/a/../../secret.txt",
        "/a/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "/a\\..\\map.tif",
        "//map.tif",
        "///etc/passwd",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/a//zarr.json",
        "/./map.tif",
        "/map.tif%00.json",
        "/%00",
        "/link.txt",
        "/up/secret.txt",
        "/up/",
        "/a",
        "/a/",
        "/absent",
        "/" + "x" * 5000,
        "/%ff%fe",
    ],
)
def test_paths_that_name_no_published_file_are_not_found(ask, path):
    answer, content = ask(path)
    assert answer.status in (400, 404)
    assert b"secret" not in content and b"root:" not in content


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "x"])
def test_another_host_is_refused(ask, host):
    answer, content = ask("/map.tif", host=host)
    assert answer.status == 400 and CONTENT[:9] not in content


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1:1"])
def test_the_loopback_address_under_other_ports_is_served(ask, host):
    assert ask("/map.tif", host=host)[0].status == 200


def test_a_folder_without_a_viewer_says_so_and_one_with_it_shows_it(ask, results):
    answer, content = ask("/")
    assert answer.status == 200 and b"snakemake publish" in content
    page = results / "small/publish/index.html"
    page.write_text("<p>viewer")
    try:
        answer, content = ask("/?day=2019-07-31")
        assert (content, answer.headers["Content-Type"]) == (
            b"<p>viewer",
            "text/html; charset=utf-8",
        )
    finally:
        page.unlink()


def test_it_listens_on_the_loopback_address_alone():
    with view.listening(0) as sock:
        assert sock.getsockname()[0] == "127.0.0.1"


def test_ctrl_c_ends_it_quietly(results):
    with running(results, "--port", "0") as (process, line):
        connection = http.client.HTTPConnection("127.0.0.1", port_of(line), timeout=20)
        connection.request("HEAD", "/")
        assert connection.getresponse().status == 200
        process.send_signal(signal.SIGINT)  # the connection stays open
        _, err = process.communicate(timeout=60)
        connection.close()
    assert process.returncode == 0 and "Traceback" not in err, err


def test_on_a_remote_machine_it_says_how_to_forward_the_port(results):
    with running(results, "--port", "0", SSH_CONNECTION="1.2.3.4 5 10.0.0.9 2222") as (
        process,
        line,
    ):
        found = port_of(line)
        process.stdout.readline()
        told = process.stdout.readline()
    assert f"-L {found}:127.0.0.1:{found} -p 2222 " in told and told.endswith("@10.0.0.9\n")


def test_a_port_that_is_taken_is_one_line(results, monkeypatch, capsys):
    monkeypatch.chdir(results.parent)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        assert cli.main(["view", "small", "--port", number, "--no-browser"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and number in said[0] and "--port" in said[0]


def test_the_usual_port_gives_way_where_it_is_taken(monkeypatch):
    with view.listening(0) as taken:
        monkeypatch.setattr(view, "USUAL_PORT", taken.getsockname()[1])
        with view.listening(None) as other:
            assert other.getsockname()[1] != taken.getsockname()[1]


@pytest.mark.parametrize("number", ["-1", "65536"])
def test_a_port_that_cannot_be_is_one_line(results, monkeypatch, capsys, number):
    monkeypatch.chdir(results.parent)
    assert cli.main(["view", "small", f"--port={number}", "--no-browser"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("area", ["other", "../small", "small/publish/.."])
def test_an_area_that_has_published_nothing_is_told_with_those_that_have(
    results, monkeypatch, capsys, area
):
    monkeypatch.chdir(results.parent)
    assert cli.main(["view", area]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and "has published small" in said[0]


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_display(environment, platform, expected):
    assert view.has_display(environment, platform) is expected
