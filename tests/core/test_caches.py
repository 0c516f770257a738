"""Caches where the usual folder cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daymelt.core.caches import OWN, use_writable

FOLDERS = """
import os
from pathlib import Path
from daymelt.core.caches import use_writable
use_writable(os.environ, Path.cwd())
import huggingface_hub.constants, matplotlib, numpy, torch
from daymelt.core.compiled import compiled
print(matplotlib.get_cachedir(), torch.hub.get_dir(), huggingface_hub.constants.HF_HUB_CACHE)
print(compiled(lambda x: x + 1)(2))
"""


def test_a_home_that_cannot_be_written_leaves_the_caches_in_the_working_folder(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    for name in ("TORCH_HOME", "HF_HOME", "HF_HUB_CACHE", "MPLCONFIGDIR", "NUMBA_CACHE_DIR"):
        kept.pop(name, None)
    environment = {**kept, "HOME": "/proc/no-home"}
    done = subprocess.run(
        [sys.executable, "-c", FOLDERS],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    *folders, result = done.stdout.split()
    assert len(folders) == 3 and result == "3"
    assert all(Path(folder).is_relative_to(tmp_path / OWN) for folder in folders)
    assert "cache" not in done.stderr


def test_a_folder_of_caches_that_can_be_written_is_left_as_it_is(tmp_path):
    environment = {"XDG_CACHE_HOME": str(tmp_path / "caches")}
    use_writable(environment, tmp_path)
    assert environment == {"XDG_CACHE_HOME": str(tmp_path / "caches")}


@pytest.mark.parametrize("name", ["x" * 300, "file/caches"])
def test_a_folder_of_caches_that_cannot_be_reached_is_not_used(tmp_path, name):
    (tmp_path / "file").write_text("")
    environment = {"XDG_CACHE_HOME": str(tmp_path / name)}
    use_writable(environment, tmp_path)
    assert environment["XDG_CACHE_HOME"] == str(tmp_path / OWN)


def test_the_caches_of_a_home_that_may_not_be_entered_are_not_used(tmp_path, monkeypatch):
    def closed(path, **_options):
        raise PermissionError(13, "Permission denied")

    environment = {}
    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", closed)
        use_writable(environment, tmp_path)
    assert environment["XDG_CACHE_HOME"] == str(tmp_path / OWN)
