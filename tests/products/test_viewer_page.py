"""The libraries of the viewer's page: every file with the hash of its bytes, from either place."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from daymelt.core.errors import FormatError, MissingInputError
from daymelt.products.viewer_page import MARK, NETWORK, installed, page, read_libraries

VIEWER = Path(__file__).parents[2] / "viewer"
LIBRARIES = VIEWER / "src/libraries.json"


def test_the_list_names_the_versions_that_npm_installs():
    locked = json.loads((VIEWER / "package-lock.json").read_text())["packages"]
    for path in read_libraries(LIBRARIES).integrity:
        name, _, rest = path.rpartition("@")
        assert locked[f"node_modules/{name}"]["version"] == rest.partition("/")[0]


def test_the_package_asks_for_exact_versions():
    wanted = json.loads((VIEWER / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())


@pytest.mark.parametrize("base", [NETWORK, "./viewer/vendor/"])
def test_every_file_comes_from_one_place_with_its_hash(base):
    libraries = read_libraries(LIBRARIES)
    text = page(f"<head>{MARK}</head>", libraries, base)
    imports = json.loads(re.search(r'<script type="importmap">(.*?)</script>', text, re.S)[1])
    found = {
        **dict(re.findall(r'(?:src|href)="([^"]+)" integrity="([^"]+)"', text)),
        **imports["integrity"],
    }
    assert found == {base + path: digest for path, digest in libraries.integrity.items()}
    assert set(imports["imports"].values()) <= imports["integrity"].keys()


def test_the_hashes_are_those_of_the_installed_files():
    modules = VIEWER / "node_modules"
    if not modules.is_dir():
        pytest.skip("the libraries of the viewer are not installed: npm ci --prefix viewer")
    for path, expected in read_libraries(LIBRARIES).integrity.items():
        digest = hashlib.sha384(installed(path, modules).read_bytes()).digest()
        assert expected == f"sha384-{base64.b64encode(digest).decode()}", path


def test_a_library_that_is_absent_or_of_another_version_is_refused(tmp_path):
    with pytest.raises(MissingInputError, match="npm ci --prefix viewer"):
        installed("@a/b@1.2.3/dist/b.js", tmp_path)
    (tmp_path / "@a/b/dist").mkdir(parents=True)
    (tmp_path / "@a/b/dist/b.js").write_text("")
    (tmp_path / "@a/b/package.json").write_text('{"version": "1.2.4"}')
    with pytest.raises(MissingInputError, match=r"version 1\.2\.4, expected 1\.2\.3"):
        installed("@a/b@1.2.3/dist/b.js", tmp_path)


def test_a_damaged_list_is_refused(tmp_path):
    (tmp_path / "libraries.json").write_text("{}")
    with pytest.raises(FormatError, match="restore it"):
        read_libraries(tmp_path / "libraries.json")
