"""Files come whole or not at all: every fault that a network, an archive or a disk has, and what
stands afterwards.
"""

import hashlib
import json
import logging
import random
import signal
import ssl
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from servers.files import Fault, FileServer, cut, login_page, redirect, stall, status, wait_until

from daymelt.archives.access import anonymous, earthdata
from daymelt.archives.download import Policy, Remote, fetch_all, fetch_text
from daymelt.archives.retry import Pace
from daymelt.core import manifest
from daymelt.core.errors import (
    DaymeltError,
    FormatError,
    MissingCredentialError,
    RetrievalError,
    StorageError,
)

PATIENT = Policy(timeout_s=5, stall_s=5, attempts=5, backoff_s=0.01, longest_wait_s=5)
HASTY = Policy(timeout_s=0.3, stall_s=0.3, attempts=5, backoff_s=0.01, longest_wait_s=5)
ONCE = Policy(timeout_s=5, stall_s=5, attempts=1, backoff_s=0.01)
TOKEN = "token-that-nobody-may-see"
SIZE = 1_000_000


def tiff(seed, size=SIZE):
    return b"II*\0" + random.Random(seed).randbytes(size - 4)


CONTENT = tiff(0)


def offered(server, name="a.tif", **changed):
    known = {
        "size": len(server.files.get(name, b"12345")),
        "checksum": None,
        "kind": "tiff",
        "version": "1",
    }
    return Remote(**{"id": name, "url": server.url(name), "path": name} | known | changed)


def token_for(server, *others):
    return earthdata([server.host, *others], "login.invalid", {"EARTHDATA_TOKEN": TOKEN})


def md5(content):
    return "md5:" + hashlib.md5(content).hexdigest()


def visible(folder):
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")
    }


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def flip_last(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def refused(expected, *arguments, **named):
    """The message of the error of a retrieval: one line."""
    with pytest.raises(expected) as raised:
        fetch_all(*arguments, **named)
    assert isinstance(raised.value, DaymeltError) and "\n" not in str(raised.value)
    return str(raised.value)


@pytest.fixture
def server():
    with FileServer({"a.tif": CONTENT}) as running:
        yield running


@pytest.fixture
def many():
    with FileServer({f"{number}.tif": tiff(number, 50_000) for number in range(8)}) as running:
        yield running


# --- as it should be
# ------------------------------------------------------------------------------------------


def test_files_come_whole_in_the_order_asked_and_leave_nothing_else(many, tmp_path):
    names = sorted(many.files, reverse=True)
    fetched = fetch_all(
        [offered(many, name, checksum=md5(many.files[name])) for name in names],
        tmp_path / "new",
        anonymous(),
        PATIENT,
    )
    assert [item.path for item in fetched] == [tmp_path / "new" / name for name in names]
    assert visible(tmp_path / "new") == many.files
    assert hidden(tmp_path / "new") == [".verified.jsonl"]
    for item in fetched:
        content = many.files[item.remote.path]
        assert (item.size, item.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert abs(item.retrieved_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert many.sent == sum(map(len, many.files.values()))


def test_nothing_to_fetch_needs_no_server(tmp_path):
    assert fetch_all([], tmp_path, anonymous(), PATIENT) == []


def test_one_file_named_twice_is_fetched_once(server, tmp_path):
    assert len(fetch_all([offered(server), offered(server)], tmp_path, anonymous(), PATIENT)) == 1
    assert len(server.seen) == 1


def test_two_files_of_one_name_are_refused_before_any_request(server, tmp_path):
    message = refused(
        FormatError, [offered(server), offered(server, version="2")], tmp_path, anonymous(), PATIENT
    )
    assert "two different files" in message and server.seen == []


def test_an_address_of_another_protocol_is_refused(server, tmp_path):
    assert "expected http" in refused(
        FormatError, [offered(server, url="file:///etc/passwd")], tmp_path, anonymous(), PATIENT
    )


@pytest.mark.parametrize("connections", [1, 3])
def test_a_host_never_has_more_connections_than_allowed(many, tmp_path, connections):
    many.faults = [Fault(pause_s=0.01).lasting()]
    policy = Policy(connections_per_host=connections, backoff_s=0.01)
    fetch_all([offered(many, name) for name in many.files], tmp_path, anonymous(), policy)
    assert many.most_at_once == connections


def test_the_progress_adds_up_to_the_bytes_of_all_files(many, tmp_path):
    many.faults = [cut(20_000), cut(30_000), Fault(change=flip_last)]
    remotes = [offered(many, name, checksum=md5(many.files[name])) for name in many.files]
    for _ in range(2):  # the second time all are there
        told = []
        fetch_all(remotes, tmp_path, anonymous(), PATIENT, told.append)
        assert sum(told) == sum(map(len, many.files.values()))


def test_the_progress_counts_what_an_earlier_run_left(server, tmp_path):
    server.faults = [cut(600_000)]
    refused(RetrievalError, [offered(server)], tmp_path, anonymous(), ONCE)
    told = []
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT, told.append)
    assert told[0] == 600_000 and sum(told) == SIZE


def test_files_come_over_tls_from_a_host_whose_certificate_is_trusted(tmp_path, monkeypatch):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    with FileServer({"a.tif": CONTENT}, token=TOKEN, tls=context) as server:
        message = refused(
            RetrievalError, [offered(server)], tmp_path / "got", token_for(server), PATIENT
        )
        assert "certificate is not trusted" in message and "REQUESTS_CA_BUNDLE" in message
        assert server.seen == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
        fetch_all([offered(server)], tmp_path / "got", token_for(server), PATIENT)
        server.faults = [redirect("http://192.0.2.1/a.tif")]
        message = refused(
            RetrievalError, [offered(server)], tmp_path / "other", token_for(server), PATIENT
        )
        assert "unprotected" in message
    assert visible(tmp_path / "got") == {"a.tif": CONTENT}


# --- nothing verified is fetched again
# ------------------------------------------------------------------------------------------


def test_a_file_that_stands_verified_is_not_asked_for(many, tmp_path):
    remotes = [offered(many, name) for name in many.files]
    first = fetch_all(remotes, tmp_path, anonymous(), PATIENT)
    many.seen.clear()
    assert fetch_all(remotes, tmp_path, anonymous(), PATIENT) == first
    assert many.seen == []


@pytest.mark.parametrize(
    ("told", "requests"), [({}, 0), ({"version": "1"}, 0), ({"version": "2"}, 1)]
)
def test_a_file_that_an_earlier_manifest_lists_is_not_asked_for(server, tmp_path, told, requests):
    (fetched,) = fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    entry = manifest.entry(tmp_path, fetched.path, server.url("a.tif"))
    manifest.write_manifest(tmp_path / "manifest.json", [replace(entry, **told)], {})
    (tmp_path / ".verified.jsonl").unlink()
    server.seen.clear()
    (again,) = fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert again.sha256 == fetched.sha256 and len(server.seen) == requests


@pytest.mark.parametrize("size", [None, SIZE])
def test_a_file_that_was_brought_otherwise_is_kept_where_its_checksum_agrees(
    server, tmp_path, size
):
    (tmp_path / "a.tif").write_bytes(CONTENT)
    fetch_all([offered(server, checksum=md5(CONTENT), size=size)], tmp_path, anonymous(), PATIENT)
    assert server.seen == []


def harm_bytes(folder):
    (folder / "a.tif").write_bytes(flip_last(CONTENT))


def harm_length(folder):
    (folder / "a.tif").write_bytes(CONTENT[:-1])


def harm_record(folder):
    (folder / ".verified.jsonl").write_text('{"path": "a.tif"')


def harm_link(folder):
    (folder / "b").write_bytes(CONTENT)
    (folder / "a.tif").unlink()
    (folder / "a.tif").symlink_to(folder / "b")


@pytest.mark.parametrize("harm", [harm_bytes, harm_length, harm_record, harm_link])
@pytest.mark.parametrize("checksum", [None, md5(flip_last(CONTENT))])
def test_a_file_that_is_not_as_it_was_verified_is_fetched_again(server, tmp_path, harm, checksum):
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    harm(tmp_path)
    if checksum and harm is harm_bytes:
        return  # then it is the file that is wanted
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert (tmp_path / "a.tif").read_bytes() == CONTENT and not (tmp_path / "a.tif").is_symlink()
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "2"},
        {"size": None, "version": "2"},
        {"checksum": md5(tiff(1))},
        {"url": "b.tif"},
    ],
)
def test_another_version_of_a_file_is_fetched(server, tmp_path, changed):
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    server.files["a.tif"] = server.files["b.tif"] = tiff(1)
    changed = {
        name: server.url(value) if name == "url" else value for name, value in changed.items()
    }
    fetch_all([offered(server, **changed)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": tiff(1)}


def test_a_record_with_a_torn_last_line_loses_that_line_only(many, tmp_path):
    remotes = [offered(many, name) for name in many.files]
    fetch_all(remotes[:4], tmp_path, anonymous(), PATIENT)
    with open(tmp_path / ".verified.jsonl", "ab") as file:
        file.write(b'{"path": "4.tif", "url": "http')
    fetch_all(remotes, tmp_path, anonymous(), PATIENT)
    many.seen.clear()
    fetch_all(remotes, tmp_path, anonymous(), PATIENT)
    assert many.seen == []


# --- cuts, stalls and busy servers
# ------------------------------------------------------------------------------------------


def test_a_file_cut_at_every_tenth_arrives_and_no_byte_is_sent_twice(server, tmp_path):
    server.faults = [cut(SIZE * tenth // 10) for tenth in range(1, 10)]
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}
    assert len(server.seen) == 10 and server.sent == SIZE


@pytest.mark.parametrize("tenth", range(10))
def test_a_later_run_goes_on_where_the_connection_was_cut(server, tmp_path, tenth):
    server.faults = [cut(SIZE * tenth // 10)]
    message = refused(RetrievalError, [offered(server, size=None)], tmp_path, anonymous(), ONCE)
    assert "run again" in message and visible(tmp_path) == {}
    fetch_all([offered(server, size=None)], tmp_path, anonymous(), ONCE)
    assert visible(tmp_path) == {"a.tif": CONTENT}
    assert server.sent == SIZE


def test_a_server_that_cuts_at_the_same_byte_for_ever_is_given_up(server, tmp_path):
    server.faults = [cut(500_000).lasting()]
    message = refused(RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT)
    assert "at byte 500000 of 1000000" in message
    assert len(server.seen) == PATIENT.attempts and server.sent == 500_000


def test_a_server_without_ranges_that_cuts_for_ever_is_given_up(server, tmp_path):
    server.faults = [Fault(cut_at=500_000, ignore_range=True).lasting()]
    refused(RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT)
    assert len(server.seen) == PATIENT.attempts


def test_a_server_without_ranges_starts_again_and_ends_in_the_same_bytes(server, tmp_path):
    server.faults = [cut(500_000), Fault(ignore_range=True)]
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT} and server.sent == 500_000 + SIZE


@pytest.mark.parametrize(("checksum", "sent"), [(None, 1_500_000), (md5(CONTENT), SIZE)])
def test_without_etag_and_date_only_a_checksum_allows_to_go_on(tmp_path, checksum, sent):
    with FileServer({"a.tif": CONTENT}, validators=False) as server:
        server.faults = [cut(500_000)]
        fetch_all([offered(server, checksum=checksum)], tmp_path, anonymous(), PATIENT)
        assert visible(tmp_path) == {"a.tif": CONTENT} and server.sent == sent


@pytest.mark.parametrize("at", [0, 300_000, SIZE - 1])
def test_a_stall_is_a_timeout(server, tmp_path, at):
    server.faults = [stall(at)]
    fetch_all([offered(server)], tmp_path, anonymous(), HASTY)
    assert visible(tmp_path) == {"a.tif": CONTENT} and len(server.seen) >= 2
    assert not any(seen.held_out for seen in server.seen)


def test_a_stall_for_ever_is_given_up_with_the_byte(server, tmp_path):
    server.faults = [stall(SIZE - 1).lasting()]
    message = refused(
        RetrievalError,
        [offered(server)],
        tmp_path,
        anonymous(),
        Policy(timeout_s=0.1, attempts=2, backoff_s=0.01),
    )
    assert "no answer in time at byte 999999 of 1000000" in message


def test_a_trickle_is_a_stall(server, tmp_path):
    server.faults = [Fault(piece=10, pause_s=0.02)]
    fetch_all([offered(server)], tmp_path, anonymous(), HASTY)
    assert visible(tmp_path) == {"a.tif": CONTENT} and len(server.seen) >= 2


def test_a_server_that_is_gone_is_named(tmp_path):
    with FileServer({}) as server:
        pass
    assert server.base in refused(RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT)


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 599])
def test_a_busy_server_is_asked_again(server, tmp_path, code):
    server.faults = [status(code), status(code)]
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert [seen.status for seen in server.seen] == [code, code, 200]


@pytest.fixture
def waits(monkeypatch):
    """The waits of a retrieval, s; they pass at once, on a clock of their own."""
    waited = []
    clock = SimpleNamespace(monotonic=lambda: sum(waited))
    monkeypatch.setattr("daymelt.archives.retry.time", clock)
    monkeypatch.setattr(Pace, "wait", lambda self, seconds: waited.append(max(seconds, 0)))
    return waited


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_is_left_alone_as_long_as_it_asks(many, tmp_path, waits, form):
    wait = (
        "7200"
        if form == "seconds"
        else format_datetime(datetime.now(UTC) + timedelta(seconds=7200), usegmt=True)
    )
    many.faults = [status(429, {"Retry-After": wait})]
    fetch_all(
        [offered(many, "0.tif")], tmp_path, anonymous(), replace(PATIENT, longest_wait_s=7200)
    )
    assert [seen.status for seen in many.seen] == [429, 200]
    # all together as long, the backoff included; a date comes nearer while the machine is at work
    assert sum(waits) == pytest.approx(7200, abs=1e-6 if form == "seconds" else 600)


def test_between_two_attempts_the_wait_doubles_up_to_the_longest(server, tmp_path, waits):
    server.faults = [status(503).lasting()]
    refused(
        RetrievalError,
        [offered(server)],
        tmp_path,
        anonymous(),
        Policy(attempts=6, backoff_s=1, longest_wait_s=5),
    )
    backoffs = [wait for wait in waits if wait]
    assert all(
        most / 2 <= wait <= most for wait, most in zip(backoffs, [1, 2, 4, 5, 5], strict=True)
    )


def test_all_threads_leave_a_host_alone_that_asks_for_it(many, tmp_path):
    many.faults = [status(503, {"Retry-After": "1"})]
    fetch_all(
        [offered(many, name) for name in many.files],
        tmp_path,
        anonymous(),
        Policy(connections_per_host=2, backoff_s=0.01),
    )
    later = [seen.at - many.seen[0].at for seen in many.seen]
    # what was under way when the word came is over by 0.4 s
    assert not [moment for moment in later if 0.4 < moment < 0.95]
    assert len([moment for moment in later if moment >= 0.95]) > 0


@pytest.mark.parametrize("wait", ["soon", "", "-3", "Wed, 99 Foo 2019"])
def test_a_wait_that_cannot_be_read_is_ours_to_choose(server, tmp_path, wait):
    server.faults = [status(429, {"Retry-After": wait})]
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}


def test_a_wait_longer_than_allowed_ends_the_run_with_a_word(server, tmp_path):
    server.faults = [status(429, {"Retry-After": "86400"})]
    message = refused(RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT)
    assert "429" in message and "86400 s" in message and len(server.seen) == 1


def test_a_server_that_is_broken_for_ever_is_given_up_with_its_status(server, tmp_path):
    server.faults = [status(500).lasting()]
    message = refused(RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT)
    assert server.url("a.tif") in message and "500" in message and "5 attempts" in message
    assert len(server.seen) == 5 and visible(tmp_path) == {}


def test_one_file_that_does_not_come_leaves_the_others(many, tmp_path):
    many.faults = [
        Fault(path=r"3\.tif", times=None, status=404),
        Fault(path=r"5\.tif", times=None, status=500),
    ]
    message = refused(
        RetrievalError, [offered(many, name) for name in many.files], tmp_path, anonymous(), PATIENT
    )
    assert "2 of 8 files" in message and "3.tif" in message
    assert visible(tmp_path) == {
        name: content for name, content in many.files.items() if name not in {"3.tif", "5.tif"}
    }


# --- wrong bytes
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [-10, 10])
def test_a_wrong_length_once_is_mended(server, tmp_path, length):
    server.faults = [Fault(length=length)]
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}


@pytest.mark.parametrize("length", [-10, 10])
def test_a_wrong_length_for_ever_is_refused_with_both_sizes(server, tmp_path, length):
    server.faults = [Fault(length=length).lasting()]
    message = refused(RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT)
    assert f"{SIZE + length} bytes" in message and f"expected {SIZE}" in message
    assert visible(tmp_path) == {}


def test_a_length_that_never_comes_is_refused_where_the_catalogue_tells_none(server, tmp_path):
    server.faults = [Fault(length=10).lasting()]
    message = refused(RetrievalError, [offered(server, size=None)], tmp_path, anonymous(), PATIENT)
    assert "at byte" in message and visible(tmp_path) == {}


def with_checksum(server, way):
    if way == "sidecar":
        server.files["a.tif.md5"] = f"{md5(CONTENT)[4:].upper()}  a.tif\n".encode()
        return offered(server, checksum_url=server.url("a.tif.md5"))
    return offered(
        server,
        checksum=md5(CONTENT) if way == "md5" else f"sha256:{hashlib.sha256(CONTENT).hexdigest()}",
    )


@pytest.mark.parametrize("way", ["md5", "sha256", "sidecar"])
def test_a_wrong_checksum_once_is_mended(server, tmp_path, way):
    server.faults = [Fault(path=r"\.tif$", change=flip_last)]
    fetch_all([with_checksum(server, way)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}


@pytest.mark.parametrize("way", ["md5", "sha256", "sidecar"])
def test_a_wrong_checksum_for_ever_is_refused_with_both_sums(server, tmp_path, way):
    server.faults = [Fault(path=r"\.tif$", change=flip_last).lasting()]
    message = refused(RetrievalError, [with_checksum(server, way)], tmp_path, anonymous(), PATIENT)
    assert (
        hashlib.new("sha256" if way == "sha256" else "md5", flip_last(CONTENT)).hexdigest()
        in message
        and "expected" in message
    )
    assert visible(tmp_path) == {} and hidden(tmp_path) == []
    assert server.sent <= 2 * SIZE + 200


@pytest.mark.parametrize("text", [b"", b"no sum here", b"0123", b"g" * 32, b"0" * 40])
def test_a_checksum_file_without_a_checksum_is_refused(server, tmp_path, text):
    server.files["a.tif.md5"] = text
    message = refused(
        RetrievalError,
        [offered(server, checksum_url=server.url("a.tif.md5"))],
        tmp_path,
        anonymous(),
        PATIENT,
    )
    assert "a.tif.md5: no MD5" in message and visible(tmp_path) == {}


def test_a_file_of_another_format_is_refused(server, tmp_path):
    message = refused(
        RetrievalError, [offered(server, kind="netcdf")], tmp_path, anonymous(), PATIENT
    )
    assert "expected the first bytes of netcdf" in message and visible(tmp_path) == {}


def test_a_file_that_changed_behind_its_name_starts_from_zero(server, tmp_path):
    server.faults = [cut(700_000)]
    refused(RetrievalError, [offered(server)], tmp_path, anonymous(), ONCE)
    server.files["a.tif"] = tiff(1)
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": tiff(1)}


def test_a_file_that_changed_is_noticed_where_the_server_ignores_the_condition(server, tmp_path):
    server.faults = [cut(700_000)]
    refused(RetrievalError, [offered(server)], tmp_path, anonymous(), ONCE)
    server.files["a.tif"] = tiff(1)
    server.faults = [Fault(ignore_condition=True)]
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": tiff(1)} and [seen.status for seen in server.seen] == [
        200,
        206,
        200,
    ]


def test_a_change_that_only_the_checksum_shows_starts_from_zero(server, tmp_path):
    server.faults = [cut(700_000)]
    refused(RetrievalError, [offered(server)], tmp_path, anonymous(), ONCE)
    server.files["a.tif"] = tiff(1)
    note = tmp_path / ".a.tif.part.json"
    # then the date is asked for, and it is the same
    note.write_text(json.dumps(json.loads(note.read_text()) | {"etag": None}))
    fetch_all([offered(server, checksum=md5(tiff(1)))], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": tiff(1)} and [seen.status for seen in server.seen] == [
        200,
        206,
        200,
    ]


@pytest.mark.parametrize(
    "told",
    [
        "bytes 5-9/1000000",
        f"bytes 700000-{SIZE}/{SIZE + 1}",
        "bytes x",
        "",
        "items 700000-999999/1000000",
    ],
)
def test_a_server_that_mixes_up_ranges_starts_again(server, tmp_path, told):
    server.faults = [
        cut(700_000),
        Fault(status=206, headers={"Content-Range": told}, body=CONTENT[700_000:]),
    ]
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}
    assert len(server.seen) == 3 and "range" not in server.seen[2].headers


def test_a_server_that_has_no_such_range_starts_again(server, tmp_path):
    server.faults = [cut(700_000), status(416)]
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}


@pytest.mark.parametrize("changed", [{"version": "2"}, {"url": "b.tif"}])
def test_bytes_of_another_file_are_not_gone_on_from(server, tmp_path, changed):
    server.faults = [cut(700_000)]
    refused(RetrievalError, [offered(server)], tmp_path, anonymous(), ONCE)
    server.files["b.tif"] = CONTENT
    changed = {
        name: server.url(value) if name == "url" else value for name, value in changed.items()
    }
    fetch_all([offered(server, **changed)], tmp_path, anonymous(), PATIENT)
    assert "range" not in server.seen[-1].headers and visible(tmp_path) == {"a.tif": CONTENT}


@pytest.mark.parametrize("harm", ["{", "[]", '{"url": 3}', ""])
def test_bytes_without_a_readable_note_are_not_gone_on_from(server, tmp_path, harm):
    server.faults = [cut(700_000)]
    refused(RetrievalError, [offered(server)], tmp_path, anonymous(), ONCE)
    (tmp_path / ".a.tif.part.json").write_text(harm)
    (tmp_path / ".a.tif.part").write_bytes(b"\0" * 700_000)
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}


CHUNKED = {"Transfer-Encoding": "chunked", "Content-Length": ""}


def chunks(content, end=b"0\r\n\r\n"):
    return b"%x\r\n%s\r\n%s" % (len(content), content, end)


def test_a_file_in_chunks_comes_whole_without_a_size(server, tmp_path):
    server.faults = [
        Fault(status=200, headers=CHUNKED | {"Connection": "close"}, body=chunks(CONTENT, b"")),
        Fault(status=200, headers=CHUNKED, body=chunks(CONTENT)),
    ]
    fetch_all([offered(server, size=None)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}


def test_a_file_in_chunks_that_is_longer_than_announced_is_refused(server, tmp_path):
    server.faults = [Fault(times=None, status=200, headers=CHUNKED, body=chunks(CONTENT + b"more"))]
    assert "more than" in refused(RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT)


def test_a_file_whose_end_cannot_be_told_from_a_cut_is_refused(server, tmp_path):
    server.faults = [Fault(times=None, status=200, headers={"Content-Length": ""}, body=CONTENT)]
    message = refused(RetrievalError, [offered(server, size=None)], tmp_path, anonymous(), PATIENT)
    assert "tells no size" in message and visible(tmp_path) == {}
    # with a size it is a file like any other
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}


# --- refusals
# ------------------------------------------------------------------------------------------


def test_a_token_refused_midway_stops_all_and_keeps_what_came(many, tmp_path):
    many.token = TOKEN
    many.faults = [status(401, after=3).lasting()]
    remotes, policy = [offered(many, name) for name in many.files], Policy(connections_per_host=1)
    message = refused(MissingCredentialError, remotes, tmp_path, token_for(many), policy)
    assert "401" in message and "EARTHDATA_TOKEN" in message and "expired" in message
    assert [seen.status for seen in many.seen] == [200, 200, 200, 401]
    many.faults, kept = [], visible(tmp_path)
    assert len(kept) == 3
    fetch_all(remotes, tmp_path, token_for(many), policy)
    assert visible(tmp_path) == many.files and len(many.seen) == 9


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (401, ["EARTHDATA_TOKEN", "EARTHDATA_USERNAME", "netrc", "login.invalid"]),
        (403, ["EARTHDATA_TOKEN"]),
    ],
)
def test_a_refusal_without_credentials_says_which_to_set(server, tmp_path, code, words):
    server.faults = [status(code).lasting()]
    access = earthdata([server.host], "login.invalid", {}, tmp_path / "netrc")
    message = refused(MissingCredentialError, [offered(server)], tmp_path, access, PATIENT)
    assert (
        all(word in message for word in [*words, str(code), server.url("a.tif")])
        and len(server.seen) == 1
    )


def test_a_forbidden_file_asks_for_the_licence(server, tmp_path):
    server.faults = [status(403).lasting()]
    message = refused(
        MissingCredentialError, [offered(server)], tmp_path, token_for(server), PATIENT
    )
    assert (
        "licence" in message
        and "https://login.invalid/profile" in message
        and len(server.seen) == 1
    )


def test_a_refusal_ends_the_other_threads_too(many, tmp_path):
    # a file in some 10 s
    many.faults = [status(403, after=1), Fault(times=None, piece=1000, pause_s=0.2)]
    refused(
        MissingCredentialError,
        [offered(many, name) for name in many.files],
        tmp_path,
        token_for(many),
        Policy(connections_per_host=2),
    )
    assert visible(tmp_path) == {} and len(many.seen) <= 3


@pytest.mark.parametrize("kind", ["tiff", "any"])
@pytest.mark.parametrize("begun", [False, True])
def test_a_login_page_is_no_file_whatever_its_status_says(server, tmp_path, kind, begun):
    remote = offered(server, kind=kind, size=None)
    if begun:
        server.faults = [cut(500_000)]
        refused(RetrievalError, [remote], tmp_path, token_for(server), ONCE)
    server.faults = [login_page()]
    message = refused(MissingCredentialError, [remote], tmp_path, token_for(server), PATIENT)
    assert (
        "a page came instead of the file" in message
        and "EARTHDATA_TOKEN" in message
        and "licence" in message
    )
    assert visible(tmp_path) == {}
    server.seen.clear()
    fetch_all([remote], tmp_path, token_for(server), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT} and server.sent == (500_000 if begun else SIZE)


def test_a_login_page_for_a_checksum_is_a_refusal(server, tmp_path):
    server.faults = [Fault(path=r"\.md5", times=None, status=200, body=b"<html>")]
    remote = offered(server, checksum_url=server.url("a.tif.md5"))
    assert "a.tif.md5: a page came" in refused(
        MissingCredentialError, [remote], tmp_path, token_for(server), PATIENT
    )


# --- redirects
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_does_not_carry_the_bearer(server, tmp_path, host, code):
    server.token = TOKEN
    with FileServer({"b": CONTENT}, host=host) as store:
        server.faults = [redirect(store.url("b?X-Amz-Signature=1"), code)]
        fetch_all([offered(server)], tmp_path, token_for(server), PATIENT)
        assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert [(seen.query, "authorization" in seen.headers) for seen in store.seen] == [
            ("X-Amz-Signature=1", False)
        ]
    assert visible(tmp_path) == {"a.tif": CONTENT}


def test_a_redirect_to_a_host_the_token_is_meant_for_carries_it(server, tmp_path):
    with FileServer({"b": CONTENT}, token=TOKEN) as other:
        server.faults = [redirect(other.url("b"))]
        fetch_all([offered(server)], tmp_path, token_for(server, other.host), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT}


def test_a_cut_after_a_redirect_goes_on_from_the_first_address(server, tmp_path):
    with FileServer({"b": CONTENT}) as store:
        server.faults = [redirect(store.url("b")).lasting()]
        store.faults = [cut(300_000)]
        fetch_all([offered(server)], tmp_path, token_for(server), PATIENT)
        assert len(server.seen) == 2 and store.sent == SIZE


@pytest.mark.parametrize(
    "to", ["ftp://example.org/a", "file:///etc/passwd", "http://[::1", "javascript:1", "https://"]
)
def test_a_redirect_to_nowhere_is_refused(server, tmp_path, to):
    server.faults = [redirect(to).lasting()]
    assert "not followed" in refused(
        RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT
    )


def test_redirects_without_end_are_refused(server, tmp_path):
    server.faults = [redirect("/a.tif").lasting()]
    assert "redirects" in refused(RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT)
    assert len(server.seen) == 10


# --- secrets
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        None,
        cut(500_000),
        status(500),
        status(403),
        status(404),
        login_page(),
        stall(10),
        redirect("ftp://x"),
    ],
)
def test_no_secret_is_ever_shown(server, tmp_path, caplog, fault):
    secret_query = "X-Amz-Signature=signature-that-nobody-may-see"
    caplog.set_level(logging.DEBUG)
    server.token = TOKEN
    access, shown = token_for(server), []
    with FileServer({"b": CONTENT}) as store:
        server.faults = [redirect(store.url(f"b?{secret_query}")).lasting()]
        store.faults = [fault.lasting()] if fault else []
        if fault and fault.headers.get("Location"):
            store.faults = [
                redirect(f"ftp://me:password-that-nobody-may-see@x/?{secret_query}").lasting()
            ]
        try:
            shown.append(
                repr(
                    fetch_all(
                        [offered(server)],
                        tmp_path,
                        access,
                        Policy(timeout_s=0.2, attempts=2, backoff_s=0.01),
                    )
                )
            )
        except DaymeltError as error:
            raised = error
            while raised:
                shown += [repr(raised), *traceback.format_exception(raised)]
                raised = raised.__cause__ or raised.__context__
        assert any(seen.query == secret_query for seen in store.seen)
    shown += [
        caplog.text,
        repr(access),
        str(access),
        repr(vars(access)),
        repr(access.session().auth),
    ]
    shown += [
        path.read_text(errors="replace") for path in tmp_path.iterdir() if path.name != "a.tif"
    ]
    assert "nobody-may-see" not in "".join(shown)
    assert "?…" in caplog.text  # the library's own log was on


# --- the disk
# ------------------------------------------------------------------------------------------


def test_too_little_room_is_said_before_the_first_request(server, tmp_path):
    message = refused(StorageError, [offered(server, size=10**18)], tmp_path, anonymous(), PATIENT)
    assert "GB free" in message and "1e+09 GB needed" in message and server.seen == []


def test_too_little_room_is_said_where_only_the_server_knows_the_size(server, tmp_path):
    server.faults = [Fault(length=10**17)]
    assert "needed" in refused(
        StorageError, [offered(server, size=None)], tmp_path, anonymous(), PATIENT
    )


@pytest.fixture
def small_disk(mount_small_disk):
    return mount_small_disk("1536k")


def test_a_disk_that_fills_midway_is_one_clear_error_and_a_rerun_ends_in_the_same_bytes(small_disk):
    with FileServer({"a.tif": CONTENT, "b.tif": tiff(1)}) as server:
        server.faults = [Fault(times=None, pause_s=0.001)]  # each alone has room when it begins
        remotes = [offered(server, name, size=None) for name in server.files]
        message = refused(StorageError, remotes, small_disk, anonymous(), PATIENT)
        assert str(small_disk) in message and "no space left" in message
        assert all(content == server.files[name] for name, content in visible(small_disk).items())
        subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
        server.seen.clear()
        fetch_all(remotes, small_disk, anonymous(), PATIENT)
        assert visible(small_disk) == server.files
        assert server.sent < 1_000_000  # what came before the disk was full was kept


def test_two_retrievals_of_one_folder_do_not_meet(server, tmp_path):
    server.faults = [Fault(pause_s=0.01)]
    first = threading.Thread(
        target=fetch_all, args=([offered(server)], tmp_path, anonymous(), PATIENT)
    )
    first.start()
    wait_until(lambda: server.seen)
    assert "another retrieval" in refused(
        RetrievalError, [offered(server)], tmp_path, anonymous(), PATIENT
    )
    first.join()
    assert visible(tmp_path) == {"a.tif": CONTENT}


def test_a_link_in_the_place_of_the_unfinished_file_is_not_followed(server, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".a.tif.part").symlink_to(outside)
    fetch_all([offered(server)], folder, anonymous(), PATIENT)
    assert outside.read_bytes() == b"precious" and visible(folder) == {"a.tif": CONTENT}


# --- kill -9
# ------------------------------------------------------------------------------------------

CHILD = """
import json, sys
from pathlib import Path
from daymelt.archives.access import anonymous
from daymelt.archives.download import Policy, Remote, fetch_all
remotes = [Remote(**item) for item in json.loads(sys.argv[1])]
fetch_all(remotes, Path(sys.argv[2]), anonymous(), Policy(connections_per_host=2))
"""


def run_killed(remotes, folder, server, moment):
    """Retrieve in a process of its own and kill it so many seconds after its first request."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps([vars(remote) for remote in remotes]), str(folder)]
    )
    wait_until(lambda: server.seen or child.poll() is not None, 30)
    time.sleep(moment)
    child.send_signal(signal.SIGKILL)
    child.wait()


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 50))]
)
def test_a_killed_run_leaves_only_whole_files_and_the_next_ends_in_the_same_bytes(tmp_path, seed):
    contents = {f"{number}.tif": tiff(number, 100_000) for number in range(6)}
    with FileServer(contents) as server:
        server.faults = [Fault(times=None, pause_s=0.01)]  # 6 files in some 0.4 s
        remotes = [offered(server, name, size=None) for name in contents]
        run_killed(remotes, tmp_path, server, random.Random(seed).uniform(0, 0.5))
        assert all(content == contents[name] for name, content in visible(tmp_path).items())
        whole, kept = (
            len(visible(tmp_path)),
            sum(path.stat().st_size for path in Path(tmp_path).glob(".*.part")),
        )
        server.faults, told = [], []
        fetch_all(remotes, tmp_path, anonymous(), PATIENT, told.append)
        assert visible(tmp_path) == contents and hidden(tmp_path) == [".verified.jsonl"]
        # not by the server's count: a request of the killed run may reach it late
        assert sum(told[:1]) == whole * 100_000 + kept or not whole + kept
        # nothing starts again; the last byte of a file is asked for twice
        assert min(told[1:], default=0) >= -1 and sum(told) == 600_000


@pytest.mark.parametrize("finished", [False, True])
def test_what_a_killed_run_was_writing_beside_the_files_is_cleared_away(server, tmp_path, finished):
    if finished:
        fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    for name in ("..a.tif.part.0123abcd.part.json", ".a.tif.part.json", ".a.tif.part"):
        (tmp_path / name).write_bytes(b"{")
    fetch_all([offered(server)], tmp_path, anonymous(), PATIENT)
    assert visible(tmp_path) == {"a.tif": CONTENT} and hidden(tmp_path) == [".verified.jsonl"]
    assert len(server.seen) == 1


# --- small texts
# ------------------------------------------------------------------------------------------


def test_a_listing_is_asked_for_as_patiently_as_a_file(server):
    server.files["listing"] = "<html>MARv3.14 é</html>".encode()
    server.faults = [status(503), cut(3), stall(0)]
    assert fetch_text(server.url("listing"), anonymous(), HASTY) == "<html>MARv3.14 é</html>"


def test_a_text_without_end_is_refused(server):
    server.files["listing"] = bytes((1 << 24) + 1)
    server.faults = [Fault(piece=1 << 20)]
    with pytest.raises(RetrievalError, match="expected a short text"):
        fetch_text(server.url("listing"), anonymous(), PATIENT)
