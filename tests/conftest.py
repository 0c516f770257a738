"""Tests may import the servers that stand in for the archives: `from servers.files import FileServer`."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("unhurried", deadline=None)  # how long an example takes is a matter of what else the machine does
settings.load_profile("unhurried")
