"""Tests may import the servers that stand in for the archives: `from servers.files import FileServer`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
