"""Credentials are in no file, log or message, however a retrieval ends."""

import base64
import json
import logging
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from urllib.parse import quote, quote_plus

import numpy as np
import pytest
from runs.small_run import CONFIG
from servers.earthdata import Earthdata, Login
from servers.files import FileServer
from servers.hub import Hub
from servers.serving import Fault
from servers.stac import Stac

from daymelt.products.geotiff import write_field
from daymelt.sources.meltwaterbench import layout

TOKEN, KEY = "canary+token/of=earthdata", "canary+key/of=planetary"
USERNAME, PASSWORD = "canary-user", "canary&pass+word/ü"
HUB_TOKEN = "hf_canary+token/of=hub"
VALUES = (TOKEN, KEY, PASSWORD, HUB_TOKEN, USERNAME, f"{USERNAME}:{PASSWORD}")
NETRC = "netrc"
WAYS = ("succeeds", "401", "403", "500", "late", "elsewhere", "elsewhere, 403")


def shapes(value):
    """A value as an answer, a log or a file may spell it."""
    raw = value.encode()
    coded = [base64.b64encode(raw), base64.urlsafe_b64encode(raw)]
    return {
        *(value, quote(value), quote(value, safe=""), quote_plus(value)),
        *(text.decode().rstrip("=") for text in coded),
        *(json.dumps(value)[1:-1], repr(value)[1:-1]),
    }


SHAPES = {shape for value in VALUES for shape in shapes(value)}


def body(values):
    """An answer that quotes what it may have been asked with."""
    words = " ".join(sorted({shape for value in values for shape in shapes(value)}))
    return json.dumps(dict.fromkeys(("error", "error_description", "message"), words)).encode()


@dataclass
class Place:
    """An archive to retrieve from: the words of the command, the settings, the server that fails
    and the paths of its requests that do, and the headers of its redirects.
    """

    words: tuple[str, ...]
    settings: dict
    server: object
    path: str = ""
    headers: dict = field(default_factory=dict)
    values: tuple[str, ...] = VALUES


def set_credentials(monkeypatch, tmp_path):
    """Set every credential to a value that can be found again."""
    login = f'login {USERNAME} password "{PASSWORD}"'
    (tmp_path / NETRC).write_text(f"machine localhost {login}\ndefault {login}\n")
    (tmp_path / NETRC).chmod(0o600)
    for name, value in {
        "EARTHDATA_TOKEN": TOKEN,
        "HF_TOKEN": HUB_TOKEN,
        "PC_SDK_SUBSCRIPTION_KEY": KEY,
        "NETRC": str(tmp_path / NETRC),
    }.items():
        monkeypatch.setenv(name, value)


def by_token(stack, prepared, tmp_path):
    """A month of OPERA's bursts, from an archive with an account of its own."""
    folder = prepared.manifest("sentinel1/2019-08").parent
    login = Login(token=TOKEN, username=USERNAME, password=PASSWORD)
    archive = stack.enter_context(Earthdata(folder, login=login))
    about = archive.about()
    addresses = {
        "cmr": about["cmr"],
        "earthdata_login": about["login_host"],
        "earthdata_hosts": [about["data_host"]],
    }
    settings = {"sentinel1": {"provider": "opera"}, "archives": addresses}
    words = ("sentinel1", "--month", "2019-08")
    return Place(words, settings, archive.hosts["data"], r"\.tif")


def by_netrc(stack, prepared, tmp_path):
    place = by_token(stack, prepared, tmp_path)
    values = tuple(value for value in VALUES if value != TOKEN)
    return replace(place, values=values)


def by_key(stack, prepared, tmp_path):
    folder = tmp_path / "scenes"
    folder.mkdir()
    for path in list(prepared.manifest("sentinel1/2019-08").parent.glob("*_HH.tif"))[:3]:
        (folder / path.name).write_bytes(path.read_bytes())
    server = stack.enter_context(Stac(folder, key=KEY))
    addresses = {"stac": server.stac, "sas": server.tokens, "sas_hosts": [server.host]}
    settings = {"sentinel1": {"provider": "planetary-computer"}, "archives": addresses}
    words = ("sentinel1", "--month", "2019-08")
    return Place(words, settings, server, "/sas/")


def by_signature(stack, prepared, tmp_path):
    return replace(by_key(stack, prepared, tmp_path), path=r"\.tif")


def of_hub(stack, prepared, tmp_path):
    folder, grid = tmp_path / "data", CONFIG.area.grid
    for path in (layout.MASK, layout.HEIGHT):
        write_field(folder / path, np.full(grid.shape, 500.0, np.float32), grid)
        if path == layout.MASK:
            write_field(folder / path, np.ones(grid.shape, np.float32), grid)
    server = stack.enter_context(Hub(folder))
    settings = {
        "terrain": {"provider": "meltwaterbench"},
        "meltwaterbench": {"repo": server.repo, "endpoint": server.base},
    }
    # as the hub redirects to its storage
    headers = {"X-Repo-Commit": Hub.commit, "X-Linked-Etag": '"1"', "X-Linked-Size": "6"}
    return Place(("terrain",), settings, server, "/resolve/", headers)


def fault_of(way, place, other):
    """What goes wrong, on the server of the place and on the host that a redirect leads to."""
    match way:
        case "succeeds":
            return []
        case "late":
            return [Fault(place.path, stall_at=0, times=None)]
        case "elsewhere" | "elsewhere, 403":
            if way != "elsewhere":
                other.faults = [Fault(status=403, body=body(place.values), times=None)]
            headers = {"Location": other.url("file.tif?sig=canary-signature"), **place.headers}
            return [Fault(place.path, status=302, headers=headers, times=None)]
        case code:
            return [Fault(place.path, status=int(code), body=body(place.values), times=None)]


def texts(folder, capsys, caplog):
    """Everything that was written or said, but for the files of settings and of netrc."""
    out = capsys.readouterr()
    found = {"stdout": out.out, "stderr": out.err, "log": caplog.text}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in (NETRC, "mine.yaml"):
            name = str(path.relative_to(folder))
            found[name] = name + path.read_bytes().decode("latin-1")
    return found


@pytest.mark.parametrize(
    ("command", "way"),
    [*(("retrieve", way) for way in WAYS), ("rehearse", "succeeds"), ("rehearse", "403")],
)
@pytest.mark.parametrize("place_of", [by_token, by_netrc, by_key, by_signature, of_hub])
def test_no_credential_is_written_or_said_however_a_retrieval_ends(
    prepared, person, tmp_path, monkeypatch, capsys, caplog, place_of, way, command
):
    caplog.set_level(logging.DEBUG)
    set_credentials(monkeypatch, tmp_path)
    if place_of == by_netrc:
        monkeypatch.delenv("EARTHDATA_TOKEN")
    with ExitStack() as stack:
        place = place_of(stack, prepared, tmp_path)
        other = stack.enter_context(FileServer({"file.tif": b"<html>"}, host="127.0.0.2"))
        place.server.faults = fault_of(way, place, other)
        quick = {"timeout_s": 0.5, "attempts": 2} if way != "succeeds" else {}
        settings = {**place.settings, "archives": {**place.settings.get("archives", {}), **quick}}
        twin = {name: {"provider": "twin"} for name in ("sentinel1", "microwave")}
        words = place.words if command == "retrieve" else ()
        settings = settings if command == "retrieve" else {**twin, **settings}
        code = person(command, *words, **settings)
        assert (code == 0) == (way == "succeeds")
        found = texts(tmp_path, capsys, caplog)
        shown = {(name, word) for name, text in found.items() for word in SHAPES if word in text}
        assert shown == set()
        sent = " ".join(f"{seen.path}?{seen.query} {seen.headers}" for seen in other.seen)
        assert not [word for word in SHAPES if word in sent]
        if way.startswith("elsewhere"):
            assert other.seen
            assert not [name for name, text in found.items() if "canary-signature" in text]
