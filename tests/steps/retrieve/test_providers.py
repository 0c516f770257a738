"""A further provider is one module; every provider that the settings allow has one."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Literal, get_args

import pytest
from pydantic import Field
from servers.files import FileServer

from daymelt.core import provenance
from daymelt.core.errors import ConfigError
from daymelt.core.manifest import manifest_files, read_manifest
from daymelt.settings import inputs
from daymelt.steps.retrieve.provider import ProviderBase, Request, provider_class
from daymelt.steps.retrieve.providers import sentinel1
from daymelt.steps.retrieve.retrieval import retrieve

SECTIONS = {
    "sentinel1": inputs.Sentinel1,
    "microwave": inputs.Microwave,
    "mar": inputs.Mar,
    "terrain": inputs.Terrain,
    "stations": inputs.Stations,
}
NAMED = [
    (source, name)
    for source, section in SECTIONS.items()
    for name in get_args(section.model_fields["provider"].annotation)
]
MODULE = '''
"""Bursts of an archive that this test adds."""

from pathlib import Path

from daymelt.archives.access import anonymous
from daymelt.archives.remote import Remote
from daymelt.steps.retrieve.adoption import Adoptable
from daymelt.steps.retrieve.provider import Offer


class Provider(Adoptable):
    """One file a day."""

    def access(self):
        return anonymous()

    def offer(self):
        base = self.request.archives.benchmark
        names = [f"{day}.tif" for day in self.request.days]
        return Offer([Remote(name, base + name, name, None, None, "tiff", "1") for name in names])

    def belongs(self, name):
        return name.removesuffix(".tif") in map(str, self.request.days)

    def check(self, path):
        Path(path).read_bytes()
'''
DAYS = [dt.date(2019, 7, day) for day in (1, 2)]
CONTENT = {f"{day}.tif": b"II*\0" + str(day).encode() for day in DAYS}


class Section(inputs.Sentinel1):
    """The settings with one more entry."""

    provider: Literal["new-archive"] = Field("new-archive")


@pytest.fixture
def added(tmp_path, monkeypatch):
    """The module of a provider in its folder."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room/new_archive.py").write_text(MODULE)
    monkeypatch.setattr(sentinel1, "__path__", [*sentinel1.__path__, str(tmp_path / "room")])


@pytest.mark.parametrize(("source", "name"), NAMED)
def test_every_provider_of_the_settings_is_a_module(source, name):
    assert issubclass(provider_class(source, name), ProviderBase)


def test_no_module_is_without_a_setting():
    folder = Path(sentinel1.__file__).parents[1]
    modules = {(path.parent.name, path.stem) for path in folder.glob("*/[!_]*.py")}
    assert modules == {(source, name.replace("-", "_")) for source, name in NAMED}


def test_a_provider_that_is_no_module_is_told_with_its_setting(one_line):
    with pytest.raises(ConfigError) as raised:
        provider_class("mar", "abacus")
    one_line(raised, "mar.provider", "'abacus'", "providers.mar")


def request_of(out, base):
    archives = inputs.Archives(benchmark=base)
    area = inputs.Area().grid
    return Request("sentinel1", {"month": "2019-07"}, out, area, Section(), DAYS, archives=archives)


def test_a_further_provider_is_one_module_and_one_entry(added, tmp_path, capsys):
    out = tmp_path / "out/manifest.json"
    with FileServer(CONTENT) as server:
        request = request_of(out, f"{server.base}/")
        assert retrieve(request, dry_run=True).files == len(DAYS)
        assert not out.parent.exists()
        retrieve(request)
    manifest = read_manifest(out)
    assert (manifest["provider"], manifest["month"]) == ("new-archive", "2019-07")
    digests = {item.path: item.sha256 for item in manifest["files"]}
    assert digests == {name: hashlib.sha256(data).hexdigest() for name, data in CONTENT.items()}


def test_a_further_provider_is_sampled_by_its_first_file(added, tmp_path):
    with FileServer(CONTENT) as server:
        request = request_of(tmp_path / "out/manifest.json", f"{server.base}/")
        provider = provider_class("sentinel1", "new-archive")(request)
        sampled = provider.sample(provider.offer())
        assert set(server.paths("GET")) == {f"/{DAYS[0]}.tif"}
    assert [item.path for item in sampled.entries] == [f"{DAYS[0]}.tif"]
    provider.check(tmp_path / "out" / sampled.entries[0].path)


def test_files_of_a_further_provider_are_adopted(added, tmp_path):
    out = tmp_path / "out/manifest.json"
    out.parent.mkdir()
    for name, data in CONTENT.items():
        out.parent.joinpath(name).write_bytes(data)
    with FileServer(CONTENT) as server:
        retrieve(request_of(out, f"{server.base}/"), adopt=True)
    assert len(manifest_files(out)) == len(DAYS)
    assert set(read_manifest(out)["adopted"].values()) == {"first bytes, opened"}


@pytest.mark.parametrize("source", SECTIONS)
def test_the_code_of_a_step_follows_the_twin_alone_and_only_where_it_is_named(source):
    folder = "daymelt.steps.retrieve.providers."
    reached = provenance.reached(provenance.step_module(f"retrieve-{source}"))
    assert not [name for name in reached if name.startswith(f"{folder}{source}.")]
    twin = provenance.reached(f"{folder}{source}.twin")
    assert "daymelt.twin.files" in twin and not [n for n in twin if n.startswith("daymelt.sources")]
