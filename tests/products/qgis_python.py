"""Runs scripts in the Python that QGIS belongs to: it comes with the system's Python and cannot be
installed into another.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

SYSTEM_PYTHON = Path("/usr/bin/python3")


def environment(home: Path, **further: str) -> dict[str, str]:
    """Environment in which QGIS needs no display and no settings of a person."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "QT_QPA_PLATFORM": "offscreen",
        **further,
    }


def skip_without_qgis(home: Path) -> None:
    """Skip the test where QGIS is not installed."""
    asked = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    if (
        not SYSTEM_PYTHON.exists()
        or subprocess.run(asked, env=environment(home), capture_output=True).returncode
    ):
        pytest.skip("QGIS is not installed (python3-qgis of the system)")


def said_by(script: Path, home: Path, *words: object, **variables: str) -> dict:
    """What a script prints in its last line, as JSON."""
    said = subprocess.run(
        [SYSTEM_PYTHON, script, *map(str, words)],
        env=environment(home, **variables),
        check=True,
        capture_output=True,
    )
    return json.loads(said.stdout.splitlines()[-1])
