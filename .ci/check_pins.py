"""Check that the environment holds exactly the versions that envs/constraints.txt names, and
nothing that it leaves open.
"""

import re
import sys
from importlib.metadata import distributions
from pathlib import Path

# What PyTorch pins itself for one platform, what every virtual environment brings, and the project.
APART = re.compile(r"(nvidia|cuda)-.*|triton|pip|setuptools|wheel|daymelt")


def main() -> int:
    """0 where all agree."""
    lines = [
        line
        for line in Path("envs/constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    tested = dict(line.split("==") for line in lines)
    wrong = []
    for installed in distributions():
        name, version = (
            re.sub(r"[-_.]+", "-", installed.name).lower(),
            installed.version.split("+")[0],
        )
        if not APART.fullmatch(name) and tested.get(name) != version:
            wrong.append(f"{name} {version}: constraints.txt says {tested.get(name, 'nothing')}")
    print("\n".join(sorted(wrong)) or f"{len(tested)} versions as in envs/constraints.txt")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
