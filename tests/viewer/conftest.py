"""Shared by the tests of the viewer: a published area, and a browser that shows it."""

import shutil
from contextlib import suppress

import pytest
from servers.folder import FolderServer
from viewer.published import MODULES, publish

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def area(tmp_path_factory):
    """A published area without a viewer, which no test changes."""
    return publish(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def published(area, tmp_path_factory):
    """The same with its viewer and the libraries beside it, which no test changes."""
    if not MODULES.is_dir():
        pytest.skip("the libraries of the viewer are not installed: npm ci --prefix viewer")
    found = area.copy(tmp_path_factory.mktemp("offline"))
    assert found.viewer() == 0
    return found


@pytest.fixture(scope="session")
def server(published):
    with FolderServer(published.folder) as server:
        yield server


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, which draws without a graphics card."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        with suppress(Exception):
            browser.close()
